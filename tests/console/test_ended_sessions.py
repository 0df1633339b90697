"""Sessions that have ended by themselves: out of sight at once, and put away by the worker."""

import asyncio

import pytest

from tenantry.areas.tokens import ended
from tenantry.core.clock import DAY, HOUR, MINUTE
from tests.areas.realm_calls import program
from tests.console.browser import Visitor
from tests.console.test_sign_in_policy import put
from tests.world import ADA, BEN, EVE, EXPIRED_ID, OTHER, Person, World


async def put_away(world: World) -> None:
    """What the worker does every hour."""
    await ended.put_away_ended(world.app.database, world.app.keyring)


async def listed(world: World, who: Person = ADA) -> set[str]:
    """The sessions that the API lists, by both of its lists."""
    own = (await world.ask(who, "GET", "/tokens")).json()
    all_of_them = (await world.ask(who, "GET", f"/customer/{who.customer_id}/tokens")).json()
    named = {one["id"] for one in own if "session" in one["name"]}
    assert named == {
        one["id"] for one in all_of_them if "session" in one["name"] and one["user_id"] == who.id
    }
    return named


@pytest.mark.parametrize("pause", [HOUR, 12 * HOUR])
async def test_an_ended_session_is_listed_nowhere(world: World, pause: int) -> None:
    await Visitor(world).sign_in(ADA)
    (session,) = await listed(world)
    world.clock.turn(pause - 1)
    if pause == HOUR:
        assert await listed(world) == {session}
    world.clock.turn(1)
    assert await listed(world) == set()


async def test_a_stricter_policy_takes_it_off_the_lists(world: World) -> None:
    await Visitor(world).sign_in(ADA)
    world.clock.turn(15 * MINUTE)
    assert len(await listed(world)) == 1
    assert await put(world, session_seconds=900, idle_seconds=900) == 200
    assert await listed(world) == set()


async def test_expired_tokens_stay_listed(world: World) -> None:
    world.clock.turn(DAY)
    assert EXPIRED_ID in {one["id"] for one in (await world.ask(ADA, "GET", "/tokens")).json()}


async def test_the_worker_puts_away_what_has_ended_and_nothing_else(world: World) -> None:
    cli = await program(world, BEN)
    await cli.session()
    for who in (ADA, EVE):
        await Visitor(world).sign_in(who)
    world.clock.turn(HOUR)
    await Visitor(world).sign_in(BEN)
    since, others = len(await world.events()), len(await world.events(OTHER))
    await put_away(world)
    # Ada's; Ben's first went when he came again, and his program goes on.
    assert await world.actions(since) == ["token.destroy", "user.logout"]
    assert await world.actions(others, OTHER) == ["token.destroy", "user.logout"]
    assert len(await listed_of_ben(world)) == 2
    await put_away(world)
    assert len(await world.actions(since)) == 2


async def listed_of_ben(world: World) -> list[str]:
    tokens = (await world.ask(BEN, "GET", "/tokens")).json()
    return [one["name"] for one in tokens if "session" in one["name"]]


async def test_of_two_workers_at_once_one_puts_it_away(world: World) -> None:
    for _ in range(3):
        await Visitor(world).sign_in(ADA)
    world.clock.turn(DAY)
    since = len(await world.events())
    await asyncio.gather(*(put_away(world) for _ in range(3)))
    assert sorted(await world.actions(since)) == ["token.destroy"] * 3 + ["user.logout"]


async def test_many_go_in_several_commits(world: World) -> None:
    for _ in range(3):
        await Visitor(world).sign_in(ADA)
    world.clock.turn(DAY)
    since = len(await world.events())
    await ended.put_away_ended(world.app.database, world.app.keyring, 2)
    assert (await world.actions(since)).count("token.destroy") == 3


async def test_it_is_a_chore_of_the_worker(world: World) -> None:
    await Visitor(world).sign_in(ADA)
    world.clock.turn(DAY)
    since = len(await world.events())
    for chore in world.app.worker().chores:
        await chore.do(world.clock())
    assert "token.destroy" in await world.actions(since)
