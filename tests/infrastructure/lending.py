"""A database for one test after the other, put back as it was between two of them.

That takes a small part of the time of dropping it and copying the template again. Rows and
sequences are put back. Where more was changed (a table, a trigger, the planner's statistics), or a
lot, or the database was lent often enough, another copy takes its place.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from tests.infrastructure.postgres import PostgresServer
from tests.infrastructure.restoring import Connection, Snapshot

_MOST_LOANS = 30
"""What is deleted leaves room behind in the files."""
_PAUSE = 0.001
# Nobody may write any more: who is still connected was killed, or is about to hang up.
_END_OTHERS = """SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""


class LentDatabase:
    """A copy of a template, lent to one test at a time."""

    def __init__(self, server: PostgresServer, template: str, name: str) -> None:
        """Nothing is made yet; what is made is named `name`, and a number."""
        self._server = server
        self._template = template
        self._name = name
        self._copies = 0
        self._loans = 0
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._connection: Connection | None = None
        self._snapshot: Snapshot | None = None

    @property
    def name(self) -> str:
        """What it is called just now."""
        return f"{self._name}_{self._copies}"

    @contextmanager
    def lent(self) -> Iterator[str]:
        """Where it is, with what the template has in it and nothing else."""
        self._runner.run(self._connected())
        try:
            yield self._server.url(self.name)
        finally:
            if not self._runner.run(self._is_as_before()):
                self._runner.run(self._drop())

    def close(self) -> None:
        """Drop it."""
        self._runner.run(self._drop())
        self._runner.close()

    async def _connected(self) -> Connection:
        if self._connection is None:
            await self._server.create_database(self.name, template=self._template)
            self._connection = await asyncpg.connect(self._server.url(self.name), ssl=False)
            if self._snapshot is None:
                self._snapshot = await Snapshot.of(self._connection)
        return self._connection

    async def _is_as_before(self) -> bool:
        connection = await self._connected()
        self._loans += 1
        while await connection.fetchval(_END_OTHERS):  # noqa: ASYNC110 - only the server sees them
            await asyncio.sleep(_PAUSE)
        if self._loans == _MOST_LOANS or self._snapshot is None:
            return False
        return await self._snapshot.put_back(connection)

    async def _drop(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            await self._server.drop_database(self.name)
        self._connection = None
        self._copies, self._loans = self._copies + 1, 0
