"""Each write leaves exactly its events, and none for anybody else's customer."""

import pytest

from tests.table import TABLE, WRITES
from tests.world import EVE, OPERATOR, OTHER, World
from tests.writes import ELSEWHERE_TESTED, EXAMPLES, ask, ask_as, prepare


def test_every_write_has_an_example() -> None:
    assert set(WRITES) == set(EXAMPLES) | (ELSEWHERE_TESTED & set(WRITES))


@pytest.mark.parametrize("name", list(EXAMPLES))
async def test_each_write_leaves_exactly_its_events(world: World, name: str) -> None:
    parts = await prepare(world, name)
    since = len(await world.events())
    elsewhere = len(await world.events(OTHER))
    answer = await ask(world, name, parts)
    assert answer.status_code == TABLE[name].status, answer.text
    assert await world.actions(since) == EXAMPLES[name].actions
    assert len(await world.events(OTHER)) == elsewhere
    if EXAMPLES[name].who is not OPERATOR:
        assert int(answer.headers["fastly-ratelimit-reset"]) % 3600 == 0
        assert int(answer.headers["fastly-ratelimit-remaining"]) < 1000


@pytest.mark.parametrize("name", list(EXAMPLES))
async def test_no_write_works_for_the_other_customer(world: World, name: str) -> None:
    """Eve may do everything, but at home: nothing of Ada's changes whatever she asks for."""
    parts = await prepare(world, name)
    since = len(await world.events())
    await world.sudo(EVE)
    await ask_as(EVE, world, name, parts)
    assert await world.actions(since) == []
