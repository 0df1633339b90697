"""What holds for every operation, over the table: a new one is covered when it is declared."""

import httpx
import pytest

from tenantry.http.operation import Operation
from tests.table import (
    FOREIGN,
    GUARDED,
    OWN,
    UNAUTHENTICATED,
    WITH_BODY,
    every,
    gateway_refusal,
    is_legacy,
    path_of,
)
from tests.world import (
    ADA,
    BEN,
    BILL,
    BOT,
    EXPIRED,
    EXPIRED_ID,
    OTHER,
    PURGING,
    READ_ONLY,
    SUE,
    TESS,
    UMA,
    WIDGETS,
    Person,
    World,
)
from tests.writes import EXAMPLES, prepare


@pytest.mark.changes_nothing
@every(GUARDED)
async def test_it_refuses_strangers_and_dead_keys(world: World, row: Operation) -> None:
    path = path_of(row, OWN)
    for key in (None, "", "garbage", "x" * 5000, "\x01\x02", BOT.token_id):
        answer = await world.ask(key, row.method, path)
        expected = gateway_refusal(row, 401, UNAUTHENTICATED)
        assert (answer.status_code, answer.json()) == (401, expected), key
        assert is_legacy(answer)
    answer = await world.ask(EXPIRED, row.method, path)
    assert answer.status_code == 401
    title = f"Token {EXPIRED_ID} expired at 2026-02-28T10:00:00Z"
    assert answer.json() == gateway_refusal(row, 401, title)
    assert "www-authenticate" not in answer.headers


@pytest.mark.changes_nothing
@every({name: row for name, row in GUARDED.items() if row.writes and row.allow.who != "any key"})
async def test_a_write_refuses_read_only_tokens(world: World, row: Operation) -> None:
    before = len(await world.events())
    answer = await world.ask(READ_ONLY, row.method, path_of(row, OWN))
    assert answer.status_code == 403
    title = "Read only tokens are not allowed to access this endpoint"
    assert answer.json() == gateway_refusal(row, 403, title)
    assert len(await world.events()) == before


@pytest.mark.changes_nothing
@every({name: row for name, row in GUARDED.items() if row.allow.who != "any key"})
async def test_it_refuses_a_scope_that_is_for_purging(world: World, row: Operation) -> None:
    answer = await world.ask(PURGING, row.method, path_of(row, OWN))
    assert answer.status_code == 403
    title = "You are not authorized to perform this action"
    assert answer.json() == gateway_refusal(row, 403, title)


EVERYBODYS = {"contact.read", "customer.read", "role.read", "user.read"}
"""Permissions that every role confers."""
EVERYBODYS_OWN = {"event.read", "service_authorization.read", "user_group.read"}
"""Permissions that every role confers on what is one's own."""
BILLS_TOO = {
    "billing_address.manage",
    "billing_address.read",
    "contact.manage",
    "invoice.read",
    "usage.read",
}
"""Permissions that the role billing confers, and engineers' does not."""


@pytest.mark.changes_nothing
@every({n: row for n, row in GUARDED.items() if row.allow.permission and not row.allow.service})
async def test_it_refuses_who_lacks_the_permission(world: World, row: Operation) -> None:
    if row.allow.permission in EVERYBODYS or (
        row.allow.own_form and row.allow.permission in EVERYBODYS_OWN
    ):
        powerless = []
    elif row.allow.own_form or row.allow.permission == "service.create":
        powerless = [BILL, UMA, TESS]
    elif row.allow.permission in BILLS_TOO:
        powerless = [BEN, UMA, TESS]
    else:
        powerless = [BILL, UMA, TESS, BOT]
    before = len(await world.events())
    for person in powerless:
        answer = await world.ask(person, row.method, path_of(row, OWN, user_id=SUE.id))
        assert (answer.status_code, is_legacy(answer)) == (403, True), person.name
    assert len(await world.events()) == before


@pytest.mark.changes_nothing
@every({name: row for name, row in GUARDED.items() if "{" in row.path})
async def test_another_customers_ids_are_as_if_absent(world: World, row: Operation) -> None:
    here, there = len(await world.events()), len(await world.events(OTHER))
    answer = await world.ask(ADA, row.method, path_of(row, FOREIGN))
    unknown = await world.ask(ADA, row.method, path_of(row, FOREIGN, **UNKNOWN))
    assert (answer.status_code, unknown.status_code) == (404, 404), answer.text
    assert _without_ids(answer.text, FOREIGN) == _without_ids(unknown.text, UNKNOWN)
    assert (len(await world.events()), len(await world.events(OTHER))) == (here, there)


UNKNOWN = {
    "customer_id": "0Unknown00000000000000",
    "address_type": "unknown",
    "user_id": "0Unknown00000000000000",
    "user_login": "nobody@example.com",
    "service_id": "0Unknown00000000000000",
    "token_id": "0Unknown00000000000000",
    "star_id": "0Unknown00000000000000",
    "service_authorization_id": "0Unknown00000000000000",
    "contact_id": "0Unknown00000000000000",
    "invitation_id": "0Unknown00000000000000",
    "role_id": "0Unknown00000000000000",
    "service_group_id": "0Unknown00000000000000",
    "user_group_id": "0Unknown00000000000000",
    "decision_id": "0Unknown00000000000000",
    "event_id": "0Unknown00000000000000",
    "invoice_id": "3999999",
    "source": "edge",
    "usage_event_id": "no-such-event",
    "spend_alert_id": "0Unknown00000000000000",
    "identity_provider_id": "0Unknown00000000000000",
    "domain": "nowhere.example.com",
}


def _without_ids(text: str, parts: dict[str, str]) -> str:
    for value in parts.values():
        text = text.replace(value, "…")
    return text


@pytest.mark.changes_nothing
@every({name: row for name, row in GUARDED.items() if "{" in row.path})
async def test_hostile_paths_are_only_not_found(world: World, row: Operation) -> None:
    for hostile in ("a%00b", "%ff%fe", "..%2f..", "'%3B--", "é", "0" * 3000, "%F0%9F%98%80"):
        parts = dict.fromkeys(OWN, hostile)
        if row.path.count("{") > 1 and "customer_id" in row.path:
            parts["customer_id"] = WIDGETS
        answer = await world.ask(ADA, row.method, row.path.format(**parts))
        assert answer.status_code in {400, 404, 414}, (hostile, answer.status_code, answer.text)
        assert isinstance(answer.json(), dict)


HOSTILE_JSON = {
    "malformed": b'{"name": ',
    "not UTF-8": b'{"name": "\xff\xfe"}',
    "a lone surrogate": b'{"name": "\\ud800"}',
    "a list": b"[1, 2]",
    "a word": b'"text"',
    "null": b"null",
    "bottomless": b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep": b'{"name": ' + b'{"a":' * 40 + b"1" + b"}" * 40 + b"}",
    "empty": b"",
}


_AS_JSON = {"Content-Type": "application/json"}


def who_may(row: Operation) -> Person | str:
    """Somebody who may call it."""
    return EXAMPLES[f"{row.method} {row.path}"].who


async def ready_path(world: World, row: Operation) -> str:
    """Where the operation finds what it is to change, so that it goes on to read the body."""
    return path_of(row, OWN, **await prepare(world, f"{row.method} {row.path}"))


@every({name: row for name, row in WITH_BODY.items() if row.allow.who != "public"})
async def test_it_refuses_malformed_bodies_in_its_own_dialect(world: World, row: Operation) -> None:
    await world.sudo(ADA)
    path = await ready_path(world, row)
    before = len(await world.events())
    for what, body in HOSTILE_JSON.items():
        if what == "empty" and row.wire.takes_forms:
            continue
        answer = await world.ask(who_may(row), row.method, path, content=body, headers=_AS_JSON)
        expected = 403 if row.name == "request_sudo_access" and what == "empty" else 400
        assert answer.status_code == expected, (what, answer.status_code, answer.text)
        check_dialect(row, answer)
    assert len(await world.events()) == before


@every({name: row for name, row in WITH_BODY.items() if row.allow.who != "public"})
async def test_it_refuses_what_is_too_large_or_of_another_type(
    world: World, row: Operation
) -> None:
    await world.sudo(ADA)
    path = await ready_path(world, row)
    before = len(await world.events())
    who = who_may(row)
    large = await world.ask(who, row.method, path, content=b"x" * (1 << 20) + b"x")
    told = (large.json().get("errors") or [large.json()])[0]
    assert (large.status_code, told.get("msg") or told.get("title")) == (
        413,
        "Request entity too large",
    )
    xml = await world.ask(
        who, row.method, path, content=b"<a/>", headers={"Content-Type": "text/xml"}
    )
    assert xml.status_code == 415, xml.text
    if not row.wire.takes_forms:
        form = await world.ask(who, row.method, path, data={"name": "x"})
        assert form.status_code == 415
    for answer in (large, xml):
        check_dialect(row, answer)
    assert len(await world.events()) == before


def check_dialect(row: Operation, answer: httpx.Response) -> None:
    """A refusal has the shape that the operation's clients read."""
    media_type = answer.headers["content-type"]
    body = answer.json()
    if row.wire.name == "plain" and answer.status_code not in {401, 403, 415, 429}:
        assert media_type == "application/problem+json"
        assert body["status"] == answer.status_code
        assert isinstance(body["title"], str)
        assert "errors" in body
    elif row.wire.name == "resource" and answer.status_code not in {401, 403, 415, 429}:
        assert media_type == "application/vnd.api+json"
        (error,) = body["errors"]
        assert error["status"] == str(answer.status_code)
        assert {"title", "detail"} <= set(error)
    elif row.wire.name == "billing":
        assert media_type == "application/json"
        assert set(body) - {"msg"} == {"type", "title", "code", "status"}
        assert all(isinstance(value, str) for value in body.values())
        assert body["status"] == str(answer.status_code)
    else:
        assert media_type == "application/json"
        assert isinstance(body["msg"], str)
        assert "errors" not in body


@pytest.mark.changes_nothing
@every(GUARDED)
async def test_the_wrong_verb_is_told_which_are_right(world: World, row: Operation) -> None:
    path = path_of(row, OWN)
    answer = await world.ask(ADA, "PROPFIND", path)
    assert answer.status_code == 405
    assert row.method in answer.headers["allow"].split(", ")
    if row.wire.name not in {"oauth", "page"}:
        assert answer.json()["msg"] == "Method not allowed"
    options = await world.ask(None, "OPTIONS", path)
    assert (options.status_code, options.content) == (204, b"")
    assert options.headers["allow"] == answer.headers["allow"]


@pytest.mark.changes_nothing
@every({name: row for name, row in GUARDED.items() if row.method == "GET"})
async def test_head_is_get_without_its_body(world: World, row: Operation) -> None:
    path = path_of(row, OWN)
    got = await world.ask(ADA, "GET", path)
    head = await world.ask(ADA, "HEAD", path)
    assert (head.status_code, head.content) == (got.status_code, b"")
    ours = {name: got.headers.get(name) for name in ("content-type", "status", "cache-control")}
    assert {name: head.headers.get(name) for name in ours} == ours
    # The token's own last use is a matter of the second it is shown in, never of its length.
    assert head.headers["content-length"] == got.headers["content-length"]
    assert "fastly-ratelimit-remaining" not in got.headers


@pytest.mark.changes_nothing
@every({n: row for n, row in GUARDED.items() if row.allow.service})
async def test_a_permission_on_a_service_is_asked_for(world: World, row: Operation) -> None:
    """Who sees a service but may not: 403. Who does not see it: 404. Never anything done."""
    before = len(await world.events())
    for person in (UMA, TESS):
        answer = await world.ask(person, row.method, path_of(row, OWN))
        sees = person is UMA
        if row.method == "GET":
            assert answer.status_code == (200 if sees else 404), answer.text
        else:
            assert answer.status_code == (403 if sees else 404), answer.text
    assert len(await world.events()) == before
