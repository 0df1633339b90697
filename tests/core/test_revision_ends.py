"""Where revisions end, in a log that is too long to be looked at in one query."""

from tenantry.core import chain
from tenantry.core.revision_ends import what_is_wrong
from tenantry.core.unit import Unit
from tests.core.test_tampering import HISTORY
from tests.world import WIDGETS, World


async def test_the_ends_of_a_long_history_are_looked_at_in_parts(world: World) -> None:
    async def work(unit: Unit) -> None:
        await unit.run(HISTORY["ended"][0])

    async def found() -> set[str | None]:
        database = world.app.database
        return {await what_is_wrong(database, WIDGETS, 10, most) for most in (1, 2, 5, 100)}

    assert await found() == {None}
    await world.app.database.write(work)
    assert await found() == {(await chain.verify(world.app.database, WIDGETS)).problem}
