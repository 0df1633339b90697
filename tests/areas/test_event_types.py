"""The names of events: what is written, what is shown, and the catalogue (billing §8.3, §8.5)."""

import ast
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

import tenantry
from tenantry.app import Application
from tenantry.areas.events.catalogue import WRITTEN
from tenantry.core import audit
from tenantry.core.context import system_call
from tenantry.core.event_types import EVENT_TYPES
from tenantry.core.unit import Unit
from tenantry.http.log import RequestLog
from tests.areas.event_calls import busy, expected, ids, listed, told
from tests.world import ADA, BEN, BILL, BOT, UMA, WIDGETS, World

TYPES = "/notifications/v1/event-mappings/event-types"
SCOPES = "/notifications/v1/event-mappings/scope-types"


def _recordings() -> Iterator[tuple[str, ast.Call]]:
    """Every call in the product that writes an event: where, and the call."""
    for path in Path(tenantry.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "audit.record":
                yield f"{path.name}:{node.lineno}", node


def _could_be(node: ast.expr) -> list[str]:
    """The names of the wire that an expression can have as its value."""
    if isinstance(node, ast.Constant):
        return [name for name in EVENT_TYPES if name == node.value]
    if isinstance(node, ast.IfExp):
        return _could_be(node.body) + _could_be(node.orelse)
    if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
        return [name for name in EVENT_TYPES if name.startswith(str(node.values[0].value))]
    return []


def test_every_event_is_written_under_a_name_that_clients_know() -> None:
    """Or under none, on purpose."""
    found = list(_recordings())
    assert len(found) > 30
    for where, node in found:
        given = {word.arg: word.value for word in node.keywords}
        name = given.get("event_type", node.args[1])
        is_hidden = isinstance(name, ast.Constant) and name.value is None
        possible = _could_be(name)
        assert is_hidden or possible, f"{where}: {ast.unparse(name)}"
        assert not set(possible) - set(WRITTEN) or isinstance(name, ast.JoinedStr), where


async def test_a_name_that_no_client_knows_is_a_mistake_of_ours(world: World) -> None:
    before = await world.events()

    async def work(unit: Unit) -> None:
        call = system_call(unit, world.app.keyring, WIDGETS)
        await audit.record(call, "star.create", "A star was created")

    with pytest.raises(ValueError, match=r"star\.create"):
        await world.app.database.write(work, customer_id=WIDGETS)
    assert await world.events() == before


async def test_the_catalogue_tells_what_is_written(world: World) -> None:
    await busy(world)
    answer = await world.ask(ADA, "GET", TYPES)
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json()) == ["data"]
    types = answer.json()["data"]
    names = [one["event_type"] for one in types]
    assert names == sorted(WRITTEN)
    assert set(names) <= set(EVENT_TYPES)
    assert {one["event_type"] for one in await told(world)} - {None} <= set(names)
    shown = {one["event_type"]: one["display_name"] for one in types}
    assert shown["user.login"] == "User: Login"
    assert shown["two_factor_auth.enable"] == "Two Factor Auth: Enable"
    assert shown["billing.contact_update"] == "Billing: Contact Update"
    assert all(one["scope_types"] == ["account"] for one in types)
    backwards = (await world.ask(ADA, "GET", f"{TYPES}?sort=-event_type")).json()["data"]
    assert backwards == types[::-1]
    scoped = f"{TYPES}?scope_type=account&sort=event_type"
    assert (await world.ask(ADA, "GET", scoped)).json()["data"] == types
    for elsewhere in ("vcl", "nonsense"):
        other = await world.ask(ADA, "GET", f"{TYPES}?scope_type={elsewhere}")
        assert other.json() == {"data": []}
    wrong = await world.ask(ADA, "GET", f"{TYPES}?sort=name")
    assert (wrong.status_code, wrong.json()["title"]) == (400, "Bad request")
    for who in (BEN, BILL, BOT, UMA):
        assert (await world.ask(who, "GET", TYPES)).status_code == 403
        assert (await world.ask(who, "GET", SCOPES)).status_code == 403


async def test_the_scopes_are_those_that_clients_know(world: World) -> None:
    scopes = (await world.ask(ADA, "GET", SCOPES)).json()
    assert scopes == {"data": [{"scope_type": one} for one in ("account", "ngwaf", "vcl", "wasm")]}


async def test_extended_events_show_what_the_wire_has_no_name_for(world: World) -> None:
    await busy(world)
    settings = msgspec.structs.replace(world.app.settings, extended_events=True)
    app = Application(settings, world.clock, log=RequestLog(enabled=False))
    await app.start()
    extended = dataclasses.replace(world, app=app)
    events = await told(world)
    for who in (ADA, BEN, UMA):
        for filters in (
            {},
            {"event_type": "star.create"},
            {"event_type": "user.update"},
            {"user_id": who.id},
            {"event_type": "user.password_reset_request", "user_id": UMA.id},
        ):
            asked = "&".join(f"filter[{name}]={value}" for name, value in filters.items())
            shall = expected(events, who, extended=True, **filters)
            answer = await listed(extended, who, f"{asked}&page[size]=100")
            assert ids(answer) == shall, (who.name, filters)
            assert answer.json()["meta"]["record_count"] == len(shall)
            part = await listed(
                extended, who, f"{asked}&page[size]=2&page[number]=2&sort=created_at"
            )
            assert ids(part) == shall[::-1][2:4]
    (star,) = (await listed(extended, ADA, "filter[event_type]=star.create")).json()["data"]
    assert star["attributes"]["event_type"] == "star.create"
    found = await extended.ask(ADA, "GET", f"/events/{star['id']}")
    assert found.json() == {"data": star}
    assert (await world.ask(ADA, "GET", f"/events/{star['id']}")).status_code == 404
    await extended.stop()
