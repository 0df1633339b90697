"""How long programs stay signed in: as their customer has it when they come, not when they came."""

from sqlalchemy import func, select

from tenantry.core.clock import HOUR, MINUTE, SECOND
from tenantry.core.security_tables import refresh_tokens
from tenantry.core.statements import Statement
from tests.areas.realm_calls import Program, program
from tests.console.test_sessions import flush
from tests.console.test_sign_in_policy import put
from tests.world import BEN, World

_COUNT = Statement(select(func.count()).select_from(refresh_tokens), int)


async def is_in(world: World, key: str) -> bool:
    return (await world.ask(key, "GET", "/tokens/self")).status_code == 200


async def is_refused(cli: Program, refresh_token: str) -> bool:
    answer = await cli.refresh(refresh_token)
    return (answer.status_code, answer.json().get("error")) == (400, "invalid_grant")


async def test_a_stricter_end_holds_for_who_is_signed_in(world: World) -> None:
    cli = await program(world, BEN)
    issued, session = await cli.session()
    assert session["expires_at"] == "2026-03-01T22:00:00Z"
    await put(world, session_seconds=1800, idle_seconds=1800)
    world.clock.turn(20 * MINUTE)
    assert await is_in(world, session["access_token"])
    fresh = (await cli.refresh(issued["refresh_token"])).json()
    assert fresh["refresh_expires_in"] == 10 * 60
    told = (await cli.exchange(fresh["access_token"])).json()
    assert told == session | {"expires_at": "2026-03-01T10:30:00Z"}
    await flush(world)
    world.clock.turn(10 * MINUTE - SECOND)
    assert await is_in(world, session["access_token"])
    world.clock.turn(SECOND)
    assert not await is_in(world, session["access_token"])
    assert await is_refused(cli, fresh["refresh_token"])


async def test_an_access_token_ends_no_later_than_all_of_it(world: World) -> None:
    cli = await program(world, BEN)
    issued, _ = await cli.session()
    await put(world, session_seconds=900, idle_seconds=900)
    world.clock.turn(14 * MINUTE)
    fresh = (await cli.refresh(issued["refresh_token"])).json()
    assert (fresh["expires_in"], fresh["refresh_expires_in"]) == (60, 60)
    world.clock.turn(MINUTE)
    assert (await cli.exchange(fresh["access_token"])).status_code == 401


async def test_a_laxer_end_is_for_the_next_sign_in(world: World) -> None:
    cli = await program(world, BEN)
    issued, session = await cli.session()
    await put(world, session_seconds=86_400, idle_seconds=86_400)
    world.clock.turn(12 * HOUR)
    assert not await is_in(world, session["access_token"])
    assert await is_refused(cli, issued["refresh_token"])


async def test_unless_its_customer_says_so_a_program_may_lie_idle(world: World) -> None:
    cli = await program(world, BEN)
    issued, session = await cli.session()
    world.clock.turn(11 * HOUR)
    assert await is_in(world, session["access_token"])
    assert (await cli.refresh(issued["refresh_token"])).status_code == 200


async def test_an_idle_end_that_a_customer_set_holds_for_programs(world: World) -> None:
    cli = await program(world, BEN)
    issued, session = await cli.session()
    await put(world, idle_seconds=300)
    for _ in range(3):
        world.clock.turn(5 * MINUTE - SECOND)
        assert await is_in(world, session["access_token"])
        await flush(world)
    world.clock.turn(5 * MINUTE)
    assert not await is_in(world, session["access_token"])
    assert await is_refused(cli, issued["refresh_token"])


async def test_what_rests_on_a_browser_ends_when_that_lies_idle(world: World) -> None:
    cli = await program(world, BEN)
    issued = await cli.tokens()
    world.clock.turn(HOUR)
    assert await is_refused(cli, issued["refresh_token"])


async def test_the_worker_forgets_what_nobody_can_use_any_more(world: World) -> None:
    cli = await program(world, BEN)
    issued, _ = await cli.session()
    await cli.refresh(issued["refresh_token"])
    (chore, *_) = world.app.worker().chores
    for pause, left in ((12 * HOUR, 2), (HOUR, 0)):
        world.clock.turn(pause)
        await chore.do(world.clock())
        assert await world.app.database.one(_COUNT) == left
