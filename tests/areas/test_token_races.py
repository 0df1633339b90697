"""Tokens made, revoked and lifted at the same instant (contract: identity §6)."""

import asyncio

from tests.areas.test_tokens import make, post
from tests.world import ADA, BEN, PASSWORD, SUE, World


async def test_of_many_at_once_no_more_are_made_than_may_live(world: World) -> None:
    await world.sudo(BEN)
    made = [await post(world, BEN) for _ in range(98)]
    assert {one.status_code for one in made} == {200}
    form = {"username": BEN.login, "password": PASSWORD}
    ways = [post(world, BEN), post(world, **form), post(world, BEN), post(world, **form)]
    answers = await asyncio.gather(*ways)
    assert sorted(one.status_code for one in answers) == [200, 400, 400, 400]
    assert len((await world.ask(BEN, "GET", "/tokens")).json()) == 100


async def test_of_two_lists_at_once_with_one_in_both_one_counts_whole(world: World) -> None:
    first, both, last = [(await make(world, BEN))["id"] for _ in range(3)]
    since = len(await world.events())
    answers = await asyncio.gather(*(_revoke(world, both, one) for one in (first, last)))
    assert sorted(answers) == [204, 404]
    assert await world.actions(since) == ["token.destroy"] * 2
    assert len((await world.ask(BEN, "GET", "/tokens")).json()) == 2


async def _revoke(world: World, *ids: str) -> int:
    body = {"data": [{"type": "token", "id": one} for one in ids]}
    return (await world.ask(BEN, "DELETE", "/tokens", json=body)).status_code


async def test_two_that_revoke_each_other_leave_one_or_none(world: World) -> None:
    """Who was revoked first does nothing any more."""
    since = len(await world.events())
    answers = await asyncio.gather(
        world.ask(ADA, "DELETE", f"/tokens/{SUE.token_id}"),
        world.ask(SUE, "DELETE", f"/tokens/{ADA.token_id}"),
    )
    assert sorted(one.status_code for one in answers) == [204, 401]
    assert await world.actions(since) == ["token.destroy"]


async def test_who_is_revoked_while_he_makes_one_makes_none(world: World) -> None:
    await world.sudo(BEN)
    since = len(await world.events())
    answers = await asyncio.gather(
        world.ask(ADA, "DELETE", f"/tokens/{BEN.token_id}"), post(world, BEN), post(world, BEN)
    )
    made = [one for one in answers[1:] if one.status_code == 200]
    actions = await world.actions(since)
    assert answers[0].status_code == 204
    assert {one.status_code for one in answers[1:]} <= {200, 401}
    # Whatever came before stands, and nothing came after.
    assert actions == ["token.create"] * len(made) + ["token.destroy"]
