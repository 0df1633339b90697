"""Who changes a world that is shared is told so, and nobody else sees it."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.sharing import SharedWorld
from tests.world import ADA, BEN, HOUR, World

_BEN = f"/user/{BEN.id}"


@pytest.fixture
async def shared(make_in_file: Callable[[], Awaitable[World]]) -> AsyncIterator[SharedWorld]:
    """One of the test's own."""
    async with SharedWorld(make_in_file) as shared:
        yield shared


async def changes_a_row(world: World) -> None:
    await world.ask(ADA, "PUT", _BEN, data={"name": "Benjamin"})


async def turns_the_clock(world: World) -> None:
    world.clock.turn(HOUR)


async def tells_a_secret(world: World) -> None:
    world.log_path.write_text(ADA.token)


@pytest.mark.parametrize(
    ("does", "told"),
    [
        (changes_a_row, "were changed"),
        (turns_the_clock, "clock was turned"),
        (tells_a_secret, "secrets stand in the log"),
    ],
)
async def test_a_change_is_told_and_the_next_has_another(
    shared: SharedWorld, does: Callable[[World], Awaitable[None]], told: str
) -> None:
    world = await shared.lent()
    await does(world)
    with pytest.raises(AssertionError, match=told):
        await shared.returned()
    another = await shared.lent()
    assert another is not world
    assert (await another.ask(ADA, "GET", _BEN)).json()["name"] == "Ben"
    await shared.returned()


async def test_who_changes_nothing_leaves_the_same_world_and_his_writes_uncounted(
    shared: SharedWorld,
) -> None:
    worlds = set()
    for _ in range(3):
        world = await shared.lent()
        worlds.add(id(world))
        for _ in range(400):
            answer = await world.ask(ADA, "PUT", "/user/nobody", data={"name": "x"})
            assert answer.status_code == 404
        await shared.returned()
    assert len(worlds) == 1
