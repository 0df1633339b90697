"""SQLite, through apsw: reads on the event loop, commits away from it.

WAL with `synchronous=FULL`: a commit is on the disk when it returns. A hazard: never open the
file with the standard library's sqlite3 while this process has it open. POSIX locks belong to
the process and are lost when the other library closes its copy. Migrations, which use that
library, therefore run before this is started, and have closed the file by then.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from itertools import islice
from typing import Any, TypeVar

import apsw

from tenantry.core.clock import Clock
from tenantry.core.commit import Lane
from tenantry.core.database import Database
from tenantry.core.session import Retryable, Session, Unavailable, UniqueViolation
from tenantry.core.statements import Compiled, Dialect, Row, Statement

R = TypeVar("R")

_BUSY_MILLISECONDS = 15_000
_NOT_UNIQUE = {apsw.SQLITE_CONSTRAINT_UNIQUE, apsw.SQLITE_CONSTRAINT_PRIMARYKEY}
_MAPPED_BYTES = 32 << 20
"""Of the file, for reads on the event loop: what is mapped counts as this process's memory."""
_CHECKPOINT_PAGES = 8000
"""32 MiB of log before it is carried over to the file; the log grows to about that."""
_SHORT = 500
"""Rows that are read on the event loop; a longer answer goes to a thread."""


def connect(path: str, *, flags: int = apsw.SQLITE_OPEN_READWRITE) -> apsw.Connection:
    """A connection as the server uses them. Raises apsw.CantOpenError."""
    connection = apsw.Connection(path, flags=flags, statementcachesize=500)
    connection.set_busy_timeout(_BUSY_MILLISECONDS)
    # Plans must not depend on the values that are bound: this library is built so (STAT4) that
    # a statement would be compiled anew for each, which costs more than running it.
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    for pragma in ("synchronous=FULL", "temp_store=MEMORY", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def connect_read_only(path: str) -> apsw.Connection:
    """A connection that cannot write (WAL needs the file opened for writing all the same)."""
    connection = connect(path)
    connection.execute("PRAGMA query_only=ON")
    return connection


async def _turn_to_wal(connection: apsw.Connection) -> None:
    """Have the file log ahead, which it remembers.

    SQLite does not wait for another process that does the same just now; so we do. Raises
    Unavailable.
    """
    for _ in range(_BUSY_MILLISECONDS // 50):
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
        self._write_session: _Session
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="sqlite-read")
        self._of_thread = threading.local()

    async def start(self) -> None:
        """Open the connections."""
        writer = connect(self._path)
        await _turn_to_wal(writer)
        # Carried over to the file in larger portions: pages that changed often go once.
        writer.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}")
        self._reads = connect_read_only(self._path)
        self._reads.execute(f"PRAGMA mmap_size={_MAPPED_BYTES}")
        self._write_session = _Session(writer)
        self.lanes = [Lane(self.session, self.clock, self.committed)]

    async def stop(self) -> None:
        """Finish the commits under way, then close."""
        await super().stop()
        self._threads.shutdown()
        self._reads.close()
        self._write_session.close()

    async def one(self, statement: Statement[R], **given: Any) -> R | None:
        """Read one row, on the event loop: microseconds."""
        compiled = statement.on("sqlite")
        row = self._reads.execute(
            compiled.sql, _bound(compiled, compiled.arguments(given))
        ).fetchone()
        if row is None:
            return None
        return statement.made(_with_booleans(row, compiled.flags) if compiled.flags else row)

    async def all(self, statement: Statement[R], **given: Any) -> list[R]:
        """Read every row."""
        compiled = statement.on("sqlite")
        arguments = compiled.arguments(given)
        cursor = self._reads.execute(compiled.sql, _bound(compiled, arguments))
        rows = list(islice(cursor, _SHORT))
        if len(rows) < _SHORT:
            return _made(statement, compiled, rows)
        cursor.close()
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, self._read_long, statement, compiled, arguments
        )

    def _read_long(self, statement: Statement[R], compiled: Compiled, arguments: Row) -> list[R]:
        connection = getattr(self._of_thread, "connection", None)
        if connection is None:
            connection = self._of_thread.connection = connect_read_only(self._path)
        rows = connection.execute(compiled.sql, _bound(compiled, arguments)).fetchall()
        return _made(statement, compiled, rows)

    def changes(self) -> int | None:
        """Count the commits of every other connection, the writer's included."""
        return int(self._reads.execute("PRAGMA data_version").get)  # it always answers

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        """Lend the connection that a lane writes through."""
        yield self._write_session


def _made(statement: Statement[R], compiled: Compiled, rows: list[Row]) -> list[R]:
    if compiled.flags:
        rows = [_with_booleans(row, compiled.flags) for row in rows]
    return [statement.made(row) for row in rows]


_BOOLEANS = {0: False, 1: True, None: None}


def _with_booleans(row: Row, flags: tuple[int, ...]) -> Row:
    changed = list(row)
    for at in flags:
        changed[at] = _BOOLEANS[changed[at]]
    return tuple(changed)


def _bound(compiled: Compiled, arguments: Row) -> Row:
    """Lists go in as JSON, for `json_each`. Only identifiers and words are ever put in lists."""
    if not compiled.lists:
        return arguments
    return tuple(
        "[" + ",".join(f'"{one}"' for one in value) + "]" if isinstance(value, list) else value
        for value in arguments
    )


class _Session:
    """The connection that writes. Statements run on the loop (microseconds), commits do not."""

    dialect: Dialect = "sqlite"

    def __init__(self, connection: apsw.Connection) -> None:
        self.is_changed = False
        self._connection = connection
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sqlite-commit")

    def close(self) -> None:
        self._thread.shutdown()
        self._connection.close()

    async def _away(self, call: Callable[[], Any]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, call)

    async def begin(self) -> None:
        self._connection.set_busy_timeout(0)
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except apsw.BusyError:
            self._connection.set_busy_timeout(_BUSY_MILLISECONDS)
            await self._away(self._begin_patiently)

    def _begin_patiently(self) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except apsw.BusyError as error:
            raise Unavailable(str(error)) from error

    async def commit(self) -> None:
        await self._away(lambda: self._connection.execute("COMMIT"))

    async def rollback(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    async def savepoint(self) -> None:
        self._connection.execute("SAVEPOINT unit")

    async def release(self) -> None:
        self._connection.execute("RELEASE unit")

    async def undo(self) -> None:
        self._connection.execute("ROLLBACK TO unit")
        self._connection.execute("RELEASE unit")

    def _execute(self, compiled: Compiled, arguments: list[Row]) -> list[Row]:
        try:
            return self._connection.executemany(
                compiled.sql, [_bound(compiled, one) for one in arguments]
            ).fetchall()
        except apsw.ConstraintError as error:
            self.is_changed = True
            if getattr(error, "extendedresult", 0) in _NOT_UNIQUE:
                raise UniqueViolation(str(error)) from error
            raise
        except apsw.BusyError as error:
            raise Retryable(str(error)) from error

    async def rows(self, statement: Compiled, arguments: Row) -> list[Row]:
        rows = self._execute(statement, [arguments])
        return [_with_booleans(row, statement.flags) for row in rows] if statement.flags else rows

    async def run(self, statement: Compiled, arguments: Row) -> int:
        self.is_changed = True
        self._execute(statement, [arguments])
        return self._connection.changes()

    async def rows_many(self, statement: Compiled, arguments: list[Row]) -> list[Row]:
        return self._execute(statement, arguments)

    async def run_many(self, statement: Compiled, arguments: list[Row]) -> None:
        self.is_changed = True
        self._execute(statement, arguments)
