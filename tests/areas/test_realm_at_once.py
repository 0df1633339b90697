"""Commands that run at the same time, and answers that were lost on the way."""

import asyncio

from tenantry.areas.realm.grants import GRACE
from tests.areas.realm_calls import program
from tests.areas.test_realm_policy import is_in, is_refused
from tests.world import World


async def test_two_commands_at_once_go_on_with_one_token(world: World) -> None:
    """So does one whose answer was lost; there is one line of tokens, and no second for a thief."""
    cli = await program(world)
    issued, session = await cli.session()
    since = len(await world.events())
    old = issued["refresh_token"]
    answers = [one.json() for one in await asyncio.gather(cli.refresh(old), cli.refresh(old))]
    world.clock.turn(GRACE - 1)
    answers.append((await cli.refresh(old)).json())
    (following,) = {one["refresh_token"] for one in answers}
    world.clock.turn(GRACE)
    keys = await asyncio.gather(*(cli.exchange(one["access_token"]) for one in answers))
    assert [key.json() for key in keys] == [session] * 3
    assert await world.actions(since) == []
    assert (await cli.refresh(following)).status_code == 200
    world.clock.turn(GRACE)
    assert await is_refused(cli, following)
    assert not await is_in(world, session["access_token"])


async def test_who_has_used_the_next_token_has_lost_no_answer(world: World) -> None:
    cli = await program(world)
    issued, session = await cli.session()
    fresh = (await cli.refresh(issued["refresh_token"])).json()
    assert (await cli.refresh(fresh["refresh_token"])).status_code == 200
    assert await is_refused(cli, issued["refresh_token"])
    assert not await is_in(world, session["access_token"])
