"""A customer's sign-in policy: how long its people's sessions last."""

import json

import pytest

from tenantry.core.clock import MINUTE
from tests.console.browser import CONSOLE, Visitor
from tests.console.test_sessions import is_in
from tests.world import ADA, BEN, EVE, World

PATH = "/_tenantry/v1/sign-in-policy"
DEFAULT = {"idle_seconds": 3600, "session_seconds": 43_200, "allows_passkey_alone": False}


async def put(world: World, **change: object) -> int:
    await world.sudo(ADA)
    return (await world.ask(ADA, "PUT", PATH, json=change)).status_code


async def test_it_is_seen_and_changed_in_part(world: World) -> None:
    assert (await world.ask(ADA, "GET", PATH)).json() == DEFAULT
    await world.sudo(ADA)
    since = len(await world.events())
    answer = await world.ask(ADA, "PUT", PATH, json={"idle_seconds": 600})
    assert (answer.status_code, answer.json()) == (200, DEFAULT | {"idle_seconds": 600})
    answer = await world.ask(ADA, "PUT", PATH, json={"allows_passkey_alone": True})
    expected = DEFAULT | {"idle_seconds": 600, "allows_passkey_alone": True}
    assert (await world.ask(ADA, "GET", PATH)).json() == answer.json() == expected
    events = (await world.events())[since:]
    assert [(one[0], one[1]) for one in events] == [
        ("sign_in_policy.update", "customer.update")
    ] * 2
    assert json.loads(events[0][2])["metadata"] == {
        "action": "sign_in_policy.update",
        "old": {"idle_seconds": 3600},
        "new": {"idle_seconds": 600},
    }
    assert (await world.ask(EVE, "GET", PATH)).json() == DEFAULT


async def test_what_changes_nothing_is_not_logged(world: World) -> None:
    since = len(await world.events())
    assert await put(world, idle_seconds=3600) == 200
    assert await world.actions(since) == ["user.sudo"]


@pytest.mark.parametrize(
    "change",
    [
        {"idle_seconds": 299},
        {"idle_seconds": -1},
        {"idle_seconds": 43_201},
        {"session_seconds": 899},
        {"session_seconds": 30 * 86_400 + 1},
        {"session_seconds": 1800},
        {"idle_seconds": 2**63},
        {"idle_seconds": "soon"},
        {"idle_seconds": None},
        {"allows_passkey_alone": "perhaps"},
    ],
)
async def test_bounds_hold(world: World, change: dict[str, object]) -> None:
    assert await put(world, **change) == 400
    assert (await world.ask(ADA, "GET", PATH)).json() == DEFAULT


async def test_only_superusers_see_or_change_it(world: World) -> None:
    for method in ("GET", "PUT"):
        answer = await world.ask(BEN, method, PATH, json={"idle_seconds": 600})
        assert answer.status_code == 403


async def test_a_shorter_idle_end_holds_for_sessions_that_are_open(world: World) -> None:
    ada, eve = Visitor(world), Visitor(world)
    await ada.sign_in(ADA)
    await eve.sign_in(EVE)
    world.clock.turn(5 * MINUTE)
    assert await put(world, idle_seconds=300) == 200
    assert (await is_in(ada), await is_in(eve)) == (False, True)


async def test_a_shorter_session_holds_for_sessions_that_are_open(world: World) -> None:
    ada = Visitor(world)
    await ada.sign_in(ADA)
    world.clock.turn(15 * MINUTE)
    assert await put(world, session_seconds=900, idle_seconds=900) == 200
    assert not await is_in(ada)


async def test_a_longer_session_is_for_the_next_sign_in(world: World) -> None:
    ada = Visitor(world)
    await put(world, session_seconds=7 * 86_400, idle_seconds=7 * 86_400)
    await ada.sign_in(ADA)
    world.clock.turn(6 * 24 * 60 * MINUTE)
    assert await is_in(ada)
    assert (await ada.get(f"{CONSOLE}/sessions")).text.count("8 March 2026, 10:00 UTC") == 1
