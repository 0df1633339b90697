"""What every endpoint shares on the wire (contract: protocol §17, its acceptance tests)."""

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from tenantry.core.clock import HOUR
from tenantry.http.operation import Operation
from tests.http.go_client import shown_errors
from tests.table import FOREIGN, OWN, TABLE, path_of
from tests.world import (
    ADA,
    BEN,
    EVE,
    EXPIRED,
    NED,
    NOW,
    PASSWORD,
    READ_ONLY,
    SUE,
    UMA,
    WIDGETS,
    World,
)

TYPES = {"application/json", "application/vnd.api+json", "application/problem+json"}
CLIENT_ROWS = [
    row
    for row in TABLE.values()
    if row.wire.name not in {"oauth", "page"} and "/_" not in row.path and row.path != "/robots.txt"
]
"""What official clients call: not the pages for people, not the installation's own paths, nothing
for crawlers.

Refusals of OAuth have a shape of their own, of which the CLI looks at nothing but the status.
"""


async def refusals(world: World, row: Operation) -> AsyncIterator[httpx.Response]:
    """The ways in which an operation refuses; none of them changes anything."""
    own, foreign = path_of(row, OWN), path_of(row, FOREIGN)
    garbage = {"content": b"{", "headers": {"Content-Type": "application/json"}}
    if row.allow.who != "public":
        yield await world.ask(None, row.method, own)
        yield await world.ask(EXPIRED, row.method, own)
    if row.allow.who not in {"public", "any key"} and row.writes:
        yield await world.ask(READ_ONLY, row.method, own)
    if "{" in row.path:
        yield await world.ask(SUE, row.method, foreign)
    if row.takes is not None:
        yield await world.ask(SUE, row.method, own, **garbage)
        yield await world.ask(SUE, row.method, own, content=b"x", headers={"Content-Type": "a/b"})
        yield await world.ask(SUE, row.method, own, content=bytes((1 << 20) + 1))
    yield await world.ask(SUE, "PROPFIND", own)
    yield await world.ask(SUE, row.method, own + "/no/such/path")
    yield await world.ask(SUE, row.method, f"{own}?{'x' * 8192}")


async def test_go_reads_every_refusal(world: World) -> None:
    for row in CLIENT_ROWS:
        async for answer in refusals(world, row):
            where = f"{row.method} {row.path} {answer.status_code} {answer.text[:200]}"
            assert answer.is_client_error, where
            assert answer.headers["content-type"] in TYPES, where
            errors = shown_errors(answer)
            assert errors, where
            assert all(one.title for one in errors), where


async def test_no_refusal_carries_what_misleads_clients(world: World) -> None:
    """`Retry-After` makes Python sleep, `WWW-Authenticate` makes browsers ask."""
    for row in CLIENT_ROWS:
        async for answer in refusals(world, row):
            unwanted = {"retry-after", "www-authenticate", "set-cookie", "location", "etag"}
            assert not unwanted & set(answer.headers), row.path
            assert answer.headers["status"].startswith(str(answer.status_code))
            assert answer.headers["cache-control"] == "no-store"


async def test_writes_tell_the_quota_and_reads_do_not(world: World) -> None:
    for row in CLIENT_ROWS:
        path = path_of(row, FOREIGN if "{" in row.path else OWN)
        if row.allow.who == "public" or row.name == "revoke_token_current":
            continue
        body = {"content": b"{", "headers": {"Content-Type": "application/json"}}
        answer = await world.ask(SUE, row.method, path, **(body if row.writes else {}))
        left, reset = (
            answer.headers.get(f"fastly-ratelimit-{name}") for name in ("remaining", "reset")
        )
        if not row.writes:
            assert (left, reset) == (None, None), row.path
            continue
        assert left is not None, (row.path, answer.status_code)
        assert 0 <= int(left) < 1000
        assert int(reset or 0) == (NOW // HOUR + 1) * 3600


async def test_the_thousand_and_first_write_of_an_hour_is_refused(world: World) -> None:
    async def write(who: Any = UMA) -> httpx.Response:
        return await world.ask(who, "DELETE", "/stars/7StarNobody00000000000")

    second = (await world.ask(UMA, "POST", "/tokens", data={"password": PASSWORD})).json()
    left = [int((await write()).headers["fastly-ratelimit-remaining"]) for _ in range(999)]
    assert left == list(range(998, -1, -1))
    for key in (UMA, second["access_token"]):
        refused = await write(key)
        assert refused.status_code == 429
        assert refused.json() == {"msg": "You have exceeded your hourly rate limit."}
        assert refused.headers["content-type"] == "application/json"
        assert refused.headers["fastly-ratelimit-remaining"] == "0"
        assert "retry-after" not in refused.headers
    assert (await world.ask(UMA, "GET", "/current_user")).status_code == 200
    assert (await write(BEN)).status_code == 404
    world.clock.turn(HOUR)
    assert (await write()).headers["fastly-ratelimit-remaining"] == "999"


async def test_a_refused_write_counts_but_is_not_done(world: World) -> None:
    before = len(await world.events())
    first = await world.ask(UMA, "POST", "/user", data={"login": "x@example.com"})
    assert (first.status_code, first.headers["fastly-ratelimit-remaining"]) == (403, "999")
    second = await world.ask(UMA, "DELETE", "/tokens/6TokenNobody0000000000")
    assert (second.status_code, second.headers["fastly-ratelimit-remaining"]) == (404, "998")
    assert len(await world.events()) == before


@pytest.mark.parametrize("accept", ["*/*", "text/html", "application/vnd.api+json", "gibberish"])
async def test_accept_is_ignored(world: World, accept: str) -> None:
    for path in (f"/user/{BEN.id}", "/stars", "/automation-tokens", "/user/nobody", "/nothing"):
        plain = await world.ask(SUE, "GET", path, headers={"Accept": ""})
        asked = await world.ask(SUE, "GET", path, headers={"Accept": accept})
        assert asked.content == plain.content
        assert asked.headers["content-type"] == plain.headers["content-type"]


async def test_content_types_have_no_parameters(world: World) -> None:
    for row in CLIENT_ROWS:
        if row.method == "GET":
            answer = await world.ask(ADA, "GET", path_of(row, OWN))
            assert answer.headers["content-type"] in TYPES, row.path


async def test_nothing_is_answered_as_nothing(world: World) -> None:
    token = (await world.ask(BEN, "POST", "/tokens", data={"password": PASSWORD})).json()
    gone = await world.ask(BEN, "DELETE", f"/tokens/{token['id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert not {"content-type", "content-length"} & set(gone.headers)
    user = (await world.ask(ADA, "POST", "/user", data={"login": "new@example.com"})).json()
    gone = await world.ask(ADA, "DELETE", f"/user/{user['id']}")
    assert (gone.status_code, gone.content) == (200, b'{"status":"ok"}')


async def test_a_lost_answer_leaves_one_event(world: World) -> None:
    """Python repeats a DELETE whose answer was lost (contract: protocol §15)."""
    token = (await world.ask(BEN, "POST", "/tokens", data={"password": PASSWORD})).json()
    before = len(await world.events())
    codes = [
        (await world.ask(BEN, "DELETE", f"/tokens/{token['id']}")).status_code for _ in range(3)
    ]
    assert codes == [204, 404, 404]
    assert await world.actions(before) == ["token.destroy"]


@pytest.mark.parametrize(
    ("text", "value"),
    [("True", True), ("1", True), ("on", True), ("False", False), ("0", False), ("no", False)],
)
async def test_booleans_are_read_as_every_client_writes_them(
    world: World, text: str, value: object
) -> None:
    form = {"has_openstack_logging": text}
    customer = await world.ask(ADA, "PUT", f"/customer/{WIDGETS}", data=form)
    assert customer.json()["has_openstack_logging"] is value


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"data": {"billing_ref": "None"}}, None),
        ({"data": {"billing_ref": ""}}, None),
        ({"data": {"billing_ref": "null"}}, None),
        ({"json": {"billing_ref": None}}, None),
        ({"json": {"billing_ref": ""}}, None),
        ({"json": {"billing_ref": "None"}}, "None"),
        ({"json": {"billing_ref": "null"}}, "null"),
    ],
)
async def test_null_is_read_as_every_client_writes_it(
    world: World, sent: dict[str, Any], told: str | None
) -> None:
    """Forms have no null, so the official clients write a word for it; JSON has its own."""
    path = f"/customer/{WIDGETS}"
    await world.ask(ADA, "PUT", path, data={"billing_ref": "PO 1"})
    assert (await world.ask(ADA, "PUT", path, **sent)).json()["billing_ref"] == told


async def test_an_empty_json_body_is_refused_where_one_is_needed(world: World) -> None:
    await world.sudo(ADA)
    for path in ("/stars", "/automation-tokens"):
        answer = await world.ask(ADA, "POST", path, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400, path


def _stamps(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Every member that holds an instant, wherever it is."""
    if isinstance(value, dict):
        for inner_name, inner in value.items():
            yield from _stamps(inner, inner_name)
    elif isinstance(value, list):
        for inner in value:
            yield from _stamps(inner, name)
    elif name.endswith("_at") and value not in {None, ""}:
        yield name, value


async def test_instants_are_whole_seconds_of_utc(world: World) -> None:
    found = 0
    for row in CLIENT_ROWS:
        if row.method != "GET":
            continue
        answer = await world.ask(ADA, "GET", path_of(row, OWN))
        if answer.is_success and row.name != "get_openapi_document":
            for name, stamp in _stamps(answer.json()):
                assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", stamp), (row.path, name)
                found += 1
    assert found > 50
    lifted = await world.ask(BEN, "POST", "/sudo", data={"password": PASSWORD})
    assert lifted.json()["expiry_time"].endswith("+00:00")


async def test_keys_arrive_in_three_ways(world: World) -> None:
    for headers in (
        {"fastly-key": ADA.token},
        {"Fastly-Key": f"Bearer {ADA.token}"},
        {"Authorization": f"Bearer {ADA.token}"},
        {"Authorization": f"Bearer {EVE.token}", "Fastly-Key": ADA.token},
    ):
        answer = await world.ask(None, "GET", "/tokens/self", headers=headers)
        assert answer.json()["id"] == ADA.token_id, headers


async def test_empty_basic_credentials_are_none(world: World) -> None:
    """What the Python client sends when it has no name and no password."""
    empty = {"Authorization": "Basic Og=="}
    answer = await world.ask(BEN, "POST", "/tokens", headers=empty)
    assert answer.json() == {"msg": "You must POST /sudo to access this endpoint"}
    await world.sudo(BEN)
    assert (await world.ask(BEN, "POST", "/tokens", headers=empty)).status_code == 200


async def test_paths_are_taken_as_clients_write_them(world: World) -> None:
    new = {"login": "a+b@example.com"}
    await world.ask(ADA, "POST", "/user", data=new)
    for login in ("a+b@example.com", "a%2Bb%40example.com", "a+b%40example.com"):
        path = f"/user/{login}/password/request_reset"
        assert (await world.ask(ADA, "POST", path)).json() == {"status": "ok"}, login
    answer = await world.ask(ADA, "POST", "/user/a%20b@example.com/password/request_reset")
    assert answer.status_code == 404


@pytest.mark.changes_nothing
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/current_user/", 200),
        ("/current_user//", 404),
        ("//current_user", 404),
        ("/Current_User", 404),
        ("/current_user/x", 404),
        ("/api/current_user", 404),
    ],
)
async def test_one_slash_at_the_end_is_tolerated_and_nothing_else(
    world: World, path: str, status: int
) -> None:
    answer = await world.ask(ADA, "GET", f"http://api.example.com{path}")
    assert answer.status_code == status
    if status == 404:
        assert answer.json() == {"msg": "Not found"}


async def test_ones_own_customer_may_be_named_in_any_query(world: World) -> None:
    for named in (WIDGETS, ""):
        own = await world.ask(ADA, "GET", f"/user/{BEN.id}?customer_id={named}")
        assert own.json()["id"] == BEN.id
    other = await world.ask(ADA, "GET", f"/user/{NED.id}?customer_id={EVE.customer_id}")
    assert other.status_code == 403


async def test_ids_are_22_letters_and_digits(world: World) -> None:
    made = [
        (await world.ask(ADA, "POST", "/user", data={"login": f"n{n}@example.com"})).json()["id"]
        for n in range(5)
    ]
    made += [(await world.ask(ADA, "POST", "/service")).json()["id"] for _ in range(5)]
    assert all(re.fullmatch("[0-9A-Za-z]{22}", one) for one in made), made
    assert len(set(made)) == len(made)
