"""A world that tests have one after the other, because each of them leaves it as it was.

To open a world takes several times as long as the calls of most tests of reads and refusals. That
nothing was changed is seen, not promised: every row of every table is compared, and who changed one
fails by his name. The next test has another world.
"""

import os
from collections.abc import Awaitable, Callable
from typing import Self

from sqlalchemy import delete

from tenantry.core.columns import metadata
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tests import secrecy
from tests.stored import NOBODYS, Rows, changed, stored
from tests.world import ADA, NOW, World

_FORGOTTEN = [Statement(delete(metadata.tables[name])) for name in sorted(NOBODYS)]


class SharedWorld:
    """Opened when the first test asks for it, and Ada put into sudo mode: that is a change."""

    def __init__(self, make: Callable[[], Awaitable[World]]) -> None:
        """`make` opens another one."""
        self._make = make
        self._world: World | None = None
        self._rows: Rows = {}
        self._secrets: frozenset[str] = frozenset()

    async def lent(self) -> World:
        """The world, as it was when it was opened."""
        if self._world is None:
            self._world = await self._make()
            await self._world.sudo(ADA)
            self._rows = await stored(self._world)
            self._secrets = frozenset(self._world.secrets)
        return self._world

    async def returned(self) -> None:
        """Look at what a test left. Raises AssertionError unless it is what the test was lent."""
        world, self._world = await self.lent(), None
        touched = changed(self._rows, await stored(world))
        if touched or world.clock.now != NOW or await secrecy.leaks(world):
            await world.stop()  # which tells of leaks
        assert not touched, "these tables were changed in a world that is shared"
        assert world.clock.now == NOW, "the clock was turned in a world that is shared"
        await world.app.database.write(_forget)
        os.truncate(world.log_path, 0)
        world.secrets = set(self._secrets)
        self._world = world

    async def __aenter__(self) -> Self:
        """Begin."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the one that is open."""
        if self._world is not None:
            await self._world.stop()


async def _forget(unit: Unit) -> None:
    """What was counted and guessed, or some test would be the thousandth write of an hour."""
    for statement in _FORGOTTEN:
        await unit.run(statement)
