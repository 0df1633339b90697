"""SQLite, through apsw: reads on the event loop, commits away from it.

WAL with `synchronous=FULL`: a commit is on the disk when it returns. A hazard: never open the
file with the standard library's sqlite3 while this process has it open. POSIX locks belong to
the process and are lost when the other library closes its copy. Migrations, which use that
library, therefore run before this is started, and have closed the file by then.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from itertools import islice
from typing import Any, TypeVar, cast

import apsw

from tenantry.core.clock import Clock
from tenantry.core.commit import Lane
from tenantry.core.database import Database
from tenantry.core.session import SchemaChanged, Session, Unavailable
from tenantry.core.sqlite_connection import (
    BUSY_MILLISECONDS,
    bound,
    connect,
    connect_read_only,
    with_booleans,
)
from tenantry.core.sqlite_writer import Writer
from tenantry.core.statements import Compiled, Dialect, Row, Statement
from tenantry.core.unit import Unit

R = TypeVar("R")

_SCHEMA = "SELECT version_num FROM alembic_version"

_MAPPED_BYTES = 32 << 20
"""Of the file, for reads on the event loop: what is mapped counts as this process's memory."""
_SHORT = 500
"""Rows that are read on the event loop; a longer answer goes to a thread."""
_LOOK_STEPS = 5_000
"""Of SQLite's virtual machine, between two looks at how long a read takes."""
_MOST_LOOKS = 4
"""A millisecond or two; whatever takes longer on the event loop goes to a thread as well."""


async def _turn_to_wal(connection: apsw.Connection) -> None:
    """Have the file log ahead, which it remembers.

    SQLite does not wait for another process that does the same just now; so we do. Raises
    Unavailable.
    """
    for _ in range(BUSY_MILLISECONDS // 50):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except apsw.BusyError:
            await asyncio.sleep(0.05)
        else:
            return
    raise Unavailable("database is locked")


class SqliteDatabase(Database):
    """One file."""

    dialect: Dialect = "sqlite"

    def __init__(self, path: str, clock: Clock) -> None:
        """Name the file; it must have been migrated."""
        super().__init__(clock)
        self._path = path
        self._reads: apsw.Connection
        self._cursor: apsw.Cursor
        self._view: int | None = None
        """While a tick's reads share a view: how many commits it has seen."""
        self._loop: asyncio.AbstractEventLoop
        self._writer: Writer
        self._threads: ThreadPoolExecutor
        self._of_thread = threading.local()
        self._looks = 0

    async def start(self) -> None:
        """Open the connections."""
        writer = connect(self._path)
        await _turn_to_wal(writer)
        self._reads = connect_read_only(self._path)
        self._reads.execute(f"PRAGMA mmap_size={_MAPPED_BYTES}")
        self._reads.set_progress_handler(self._takes_long, _LOOK_STEPS)
        self._cursor = self._reads.cursor()
        self._schema = self._reads.execute(_SCHEMA).get
        self._loop = asyncio.get_running_loop()
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="sqlite-read")
        self._writer = Writer(self._path, writer)
        self.lanes = [Lane(self.session, self.clock, self.committed)]

    async def stop(self) -> None:
        """Finish the commits under way, then close."""
        await super().stop()
        self._threads.shutdown()
        self._view = None
        self._reads.close()
        self._writer.close()

    async def one(self, statement: Statement[R], **given: Any) -> R | None:
        """Read one row, on the event loop: microseconds, or else in a thread."""
        compiled = statement.on("sqlite")
        arguments = compiled.arguments(given)
        self._look()
        try:
            row = self._cursor.execute(compiled.sql, bound(compiled, arguments)).fetchone()
        except apsw.InterruptError:
            rows = await self._read_away(statement, compiled, arguments)
            return rows[0] if rows else None
        except apsw.SQLError:
            self._check_schema()
            raise
        if row is None:
            return None
        return statement.made(with_booleans(row, compiled.flags) if compiled.flags else row)

    async def all(self, statement: Statement[R], **given: Any) -> list[R]:
        """Read every row."""
        compiled = statement.on("sqlite")
        arguments = compiled.arguments(given)
        self._look()
        try:
            cursor = self._cursor.execute(compiled.sql, bound(compiled, arguments))
            rows = list(islice(cursor, _SHORT))
        except apsw.InterruptError:
            return await self._read_away(statement, compiled, arguments)
        except apsw.SQLError:
            self._check_schema()
            raise
        if len(rows) < _SHORT:
            return _made(statement, compiled, rows)
        return await self._read_away(statement, compiled, arguments)

    async def write(
        self,
        work: Callable[[Unit], Awaitable[R]],
        *,
        customer_id: str | None = None,
        meter: str | None = None,
    ) -> R:
        """Run one unit of work and commit it: see `Database.write`. Raises SchemaChanged."""
        try:
            return await super().write(work, customer_id=customer_id, meter=meter)
        except apsw.SQLError:
            self._check_schema()
            raise

    def _check_schema(self) -> None:
        """Raise SchemaChanged where that is why a statement does not fit."""
        if self._reads.execute(_SCHEMA).get != self._schema:
            raise SchemaChanged

    def _look(self) -> int:
        """See the database as of now: the reads of one tick of the loop share a view of it.

        To open and close one costs as much as to read a row. Nobody sees less than he may expect:
        who comes after the view was opened comes after its end in the loop's queue too.
        """
        self._looks = 0
        if self._view is None:
            self._loop.call_soon(self._look_away)
            self._view = 0
            self._cursor.execute("BEGIN")
            self._view = int(self._cursor.execute("PRAGMA data_version").get)
        return self._view

    def _look_away(self) -> None:
        """End the view; on the same cursor, because what it has not read to the end goes on."""
        if self._view is not None:
            self._view = None
            self._cursor.execute("COMMIT")

    def _takes_long(self) -> bool:
        """Whether to break the read on the event loop off: nobody else is served meanwhile."""
        self._looks += 1
        return self._looks > _MOST_LOOKS

    async def _read_away(
        self, statement: Statement[R], compiled: Compiled, arguments: Row
    ) -> list[R]:
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, self._read_long, statement, compiled, arguments
        )

    def _read_long(self, statement: Statement[R], compiled: Compiled, arguments: Row) -> list[R]:
        connection = getattr(self._of_thread, "connection", None)
        if connection is None:
            connection = self._of_thread.connection = connect_read_only(self._path)
        rows = connection.execute(compiled.sql, bound(compiled, arguments)).fetchall()
        return _made(statement, compiled, rows)

    def changes(self) -> int | None:
        """Count the commits of every other connection, the writer's included."""
        return self._look()

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        """Lend the connection that a lane writes through."""
        yield self._writer


def _made(statement: Statement[R], compiled: Compiled, rows: list[Row]) -> list[R]:
    if compiled.flags:
        rows = [with_booleans(row, compiled.flags) for row in rows]
    if statement.row is None:
        return cast("list[R]", rows)
    return [statement.made(row) for row in rows]
