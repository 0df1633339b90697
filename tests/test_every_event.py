"""Each event tells who, from where, by which call and why he could, and what changed exactly."""

import json
from pathlib import Path
from typing import Any

import pytest

from tenantry.access import decision_id
from tenantry.areas.users import model as users
from tenantry.core.clock import shown
from tenantry.core.context import system_call
from tenantry.core.unit import Unit
from tests.account_walk import NEW, walk_with_passwords, walk_with_people
from tests.areas.account_calls import edit_customer, edit_user, session_of
from tests.areas.domain_calls import walk_with_domains
from tests.areas.realm_calls import walk_with_programs
from tests.console.company import Company, company
from tests.factor_walk import walk_with_factors
from tests.federation_writes import PROVIDERS
from tests.payment_writes import fail_to_pay
from tests.posting_writes import close_without_invoice
from tests.secrecy import leaks
from tests.spend_alert_writes import pass_an_amount
from tests.stored import LOG, changed, row_of, stored
from tests.table import TABLE
from tests.told import SAID, check_said, events_since
from tests.world import (
    ADA,
    BEN,
    BOT,
    EVE,
    LIM,
    NOW,
    OPERATOR,
    PASSWORD,
    SUE,
    UMA,
    WIDGETS,
    WWW,
    World,
    open_world,
)
from tests.writes import EXAMPLES, TOLD, ask, prepare

__all__ = ["company"]


@pytest.mark.parametrize("name", TOLD)
async def test_each_event_tells_who_from_where_and_why(world: World, name: str) -> None:
    parts = await prepare(world, name)
    since = len(await world.events())
    answer = await ask(world, name, parts)
    events, who = await events_since(world, since), EXAMPLES[name].who
    assert events
    for event in events:
        check_said(event)
        user_id = None if who is OPERATOR else ADA.id
        assert (event["user_id"], event["admin"]) == (user_id, who is OPERATOR)
        assert (event["ip"], event["request_id"]) == ("192.0.2.10", answer.headers["x-request-id"])
        assert (event["customer_id"], event["created_at"]) == (WIDGETS, shown(NOW))
        whose = "" if who is OPERATOR else WIDGETS
        why = decision_id.opened(world.app.keyring, whose, event["decision_id"])
        assert why is not None
        assert (why.operation, why.token_id) == (TABLE[name].name, event["token_id"])
        assert who is OPERATOR or event["token_id"] == ADA.token_id


@pytest.mark.parametrize("name", TOLD)
async def test_no_write_is_silent(world: World, name: str) -> None:
    """A call that changes anything leaves an event, and one that changes nothing leaves none."""
    parts = await prepare(world, name)
    for _ in range(2):
        before = await stored(world)
        since = len(await world.events())
        await ask(world, name, parts)
        is_changed = bool(changed(before, await stored(world)) - LOG)
        actions = await world.actions(since)
        assert is_changed == bool(actions) or actions == ["user.sudo"]


async def test_why_somebody_could_is_looked_up_by_the_event(world: World) -> None:
    await world.ask(BEN, "PUT", f"/service/{WWW}", data={"comment": "hello"})
    (event,) = await events_since(world, len(await world.events()) - 1)
    path = f"/_tenantry/v1/access/decisions/{event['decision_id']}"
    told = (await world.ask(ADA, "GET", path)).json()
    assert told["operation"]["name"] == "update_service"
    assert (told["token_id"], told["refusal"]) == (BEN.token_id, "")
    assert told["explanation"]["allowed"] is True
    assert (await world.ask(EVE, "GET", path)).status_code == 404


def _bulk(*rows: dict[str, Any]) -> dict[str, Any]:
    bulk = {"Content-Type": "application/vnd.api+json; ext=bulk"}
    return {"content": json.dumps({"data": rows}), "headers": bulk}


_OF_CUSTOMER = {
    "name": "Renamed",
    "billing_ref": "42",
    "phone_number": "+41 44 000 00 00",
    "postal_address": "1 Example Street",
    "ip_whitelist": "192.0.2.0/24",
    "technical_contact_id": BEN.id,
    "has_pci": "true",
    "billing_network_type": "public",  # as it was
}
_OF_USER = {"name": "Benjamin", "role": "billing", "require_new_password": "1", "locked": "0"}
CHANGES: dict[str, tuple[str, str, str, dict[str, Any], str]] = {
    "customer": ("customers", "PUT", f"/customer/{WIDGETS}", {"data": _OF_CUSTOMER}, WIDGETS),
    "user": ("users", "PUT", f"/user/{BEN.id}", {"data": _OF_USER}, BEN.id),
    "user who is limited": (
        *("users", "PUT", f"/user/{BEN.id}"),
        {"data": {"limit_services": "true", "role": "engineer"}},
        BEN.id,
    ),
    "user who is locked": ("users", "PUT", f"/user/{BEN.id}", {"data": {"locked": "1"}}, BEN.id),
    "service": (
        *("services", "PUT", f"/service/{WWW}"),
        {"data": {"name": "shop", "comment": "hello"}},
        WWW,
    ),
}
UNTOLD = frozenset({"updated_at", "name_key", "password", "locked_by_superuser"})
"""What follows from the rest, or is told by other events."""


def _told_of(row: dict[str, Any]) -> dict[str, Any]:
    """A row's values as events have them: roles as a list of ids, whether one or several."""
    if "limit_services" not in row:
        return row
    roles = {"role": row["role"], "roles": row["roles"]}
    user = users.UserRow(customer_id="", id="", name="", login="", login_key="", **roles)
    return row | {"roles": users.role_ids(user)}


@pytest.mark.parametrize("what", list(CHANGES))
async def test_an_update_tells_exactly_what_changed(world: World, what: str) -> None:
    """Compared with the rows themselves: old and new values of every changed column, no other."""
    table, method, path, body, row_id = CHANGES[what]
    since = len(await world.events())
    old = _told_of(row_of(await stored(world), table, id=row_id))
    answer = await world.ask(ADA, method, path, **body)
    assert answer.status_code == 200, answer.text
    new = _told_of(row_of(await stored(world), table, id=row_id))
    differing = {name for name in old if old[name] != new[name]} - UNTOLD
    metadata = (await events_since(world, since))[0]["metadata"]
    assert metadata["old"] == {name: old[name] for name in differing}
    assert metadata["new"] == {name: new[name] for name in differing}


async def test_a_lock_that_only_hardens_is_told(world: World) -> None:
    """Ben locked himself out by guessing, then Ada locks him: the wire shows no difference."""
    await edit_user(world, BEN, locked=True, failed_sign_ins=6)
    since = len(await world.events())
    await world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"locked": "1"})
    first, second = await events_since(world, since)
    assert first["metadata"]["new"] == {"locked_by_superuser": True}
    assert second["action"] == "user.lock"


async def test_everything_else_that_can_happen_is_told(company: Company) -> None:
    """What no single call of the table leaves: a walk through the account's life."""
    since, world = 0, company.world
    await world.ask(ADA, "POST", f"{PROVIDERS}/{company.id}/check")
    await walk_with_factors(world)
    await walk_with_passwords(world)
    await walk_with_programs(world)
    await walk_with_people(world)
    await close_without_invoice(world)
    await pass_an_amount(world)
    await fail_to_pay(world)
    await walk_with_domains(world)
    events = await events_since(world, since)
    for event in events:
        check_said(event)
        assert NEW not in str(event)
        assert PASSWORD not in str(event)
    seen = {event["action"] for event in events}
    seen |= {action for example in EXAMPLES.values() for action in example.actions}
    assert seen == set(SAID)


async def test_who_signs_in_is_named_though_he_has_no_key_yet(world: World) -> None:
    since = len(await world.events())
    for password in ("wrong", PASSWORD):
        form = {"username": BEN.login, "password": password}
        await world.ask(None, "POST", "/tokens", data=form)
    failed, *signed_in = await events_since(world, since)
    assert (failed["action"], failed["user_id"]) == ("user.login_failure", BEN.id)
    assert [event["action"] for event in signed_in] == ["user.login", "token.create"]
    for event in (failed, *signed_in):
        assert (event["user_id"], event["token_id"], event["decision_id"]) == (BEN.id, None, None)
        assert event["ip"] == "192.0.2.10"


async def test_a_login_that_nobody_has_is_nobodys_event(world: World) -> None:
    before = await stored(world)
    form = {"username": "nobody@example.com", "password": PASSWORD}
    assert (await world.ask(None, "POST", "/tokens", data=form)).status_code == 400
    assert changed(before, await stored(world)) == set()


async def test_a_program_is_named_by_its_token_alone(world: World) -> None:
    since = len(await world.events())
    await world.ask(BOT, "PUT", f"/service/{WWW}", data={"comment": "hello"})
    (event,) = await events_since(world, since)
    assert (event["user_id"], event["token_id"]) == (None, BOT.token_id)


async def test_what_an_operator_does_is_marked(world: World) -> None:
    since = len(await world.events())
    path = f"/service/{WWW}?customer_id={WIDGETS}"
    await world.ask(OPERATOR, "PUT", path, data={"comment": "hello"})

    async def work(unit: Unit) -> None:
        call = system_call(unit, world.app.keyring, WIDGETS)
        await users.add(call, users.NewUser(login="new@example.com", name="New", role="user"))

    await world.app.database.write(work, customer_id=WIDGETS)
    for event in await events_since(world, since):
        assert (event["admin"], event["user_id"]) == (True, None)


async def test_who_is_logged_out_by_another_is_named(world: World) -> None:
    await edit_user(world, ADA, two_factor_auth_enabled=True)
    await session_of(world, BEN)
    await edit_customer(world, WIDGETS, force_2fa=False)
    since = len(await world.events())
    await world.ask(ADA, "PUT", f"/customer/{WIDGETS}", data={"force_2fa": "true"})
    *_, event = await events_since(world, since)
    assert event["description"] == f"User '{BEN.login}' was logged out"
    assert event["metadata"] == {"user_id": BEN.id, "login": BEN.login}
    assert event["user_id"] == ADA.id


CONFLICTS: dict[str, tuple[str, str, dict[str, Any], int]] = {
    "taken login": ("POST", "/user", {"data": {"login": BEN.login}}, 409),
    "taken name": ("POST", "/service", {"data": {"name": "www"}}, 409),
    "no such user": ("DELETE", "/user/0Unknown00000000000000", {}, 404),
    "no such service": ("PUT", "/service/0Unknown00000000000000", {"data": {"name": "x"}}, 404),
    "owner": ("DELETE", f"/user/{ADA.id}", {}, 400),
    "live tokens": ("DELETE", f"/user/{BEN.id}", {}, 400),
    "services left": ("DELETE", f"/customer/{WIDGETS}", {}, 400),
    "bad value": ("PUT", f"/customer/{WIDGETS}", {"data": {"ip_whitelist": "nowhere"}}, 400),
    "somebody who is there": (
        *("POST", "/invitations"),
        {"json": {"data": {"type": "invitation", "attributes": {"email": UMA.login}}}},
        409,
    ),
    "one of two unknown": (
        *("DELETE", "/tokens"),
        _bulk({"type": "token", "id": BEN.token_id}, {"type": "token", "id": "0Unknown"}),
        404,
    ),
    "not limitable": ("PUT", f"/user/{SUE.id}", {"data": {"limit_services": "1"}}, 400),
    "role of who is limited": ("PUT", f"/user/{LIM.id}", {"data": {"role": "billing"}}, 400),
    "reserved name": ("POST", "/roles", {"json": {"name": "Engineer"}}, 409),
}


@pytest.mark.changes_nothing
@pytest.mark.parametrize("what", list(CONFLICTS))
async def test_a_conflict_leaves_nothing(world: World, what: str) -> None:
    method, path, body, status = CONFLICTS[what]
    before = await stored(world)
    answer = await world.ask(ADA, method, path, **body)
    assert answer.status_code == status, answer.text
    assert changed(before, await stored(world)) == set()


async def test_a_secret_that_is_told_is_found(database_url: str, tmp_path: Path) -> None:
    """What `secrecy.py` sees to after every test: here Ada calls Ben by her new token."""
    world = await open_world(database_url, tmp_path)
    form = {"password": PASSWORD, "name": "laptop"}
    token = (await world.ask(ADA, "POST", "/tokens", data=form)).json()["access_token"]
    assert await leaks(world) == []
    await world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"name": token})
    assert await leaks(world) == [token]
    with pytest.raises(AssertionError):
        await world.stop()
