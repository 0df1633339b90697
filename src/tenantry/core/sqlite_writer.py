"""The connection that writes to an SQLite file.

Statements run on the event loop (microseconds), commits away from it. What is committed stands in a
log beside the file, and is carried over into the file from time to time. That takes tens of
milliseconds, so nobody waits for it: a second connection carries over while commits go on, and only
the little that came meanwhile is carried by the writer, between two commits; with nothing left to
carry, the log begins anew.
"""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from typing import Any

import apsw

from tenantry.core.session import Retryable, Unavailable, UniqueViolation
from tenantry.core.sqlite_connection import BUSY_MILLISECONDS, bound, connect, with_booleans
from tenantry.core.statements import Compiled, Dialect, Row

_REFUSED = (apsw.FullError, apsw.IOError, apsw.ReadOnlyError, apsw.CantOpenError)
"""By the disk, which is nobody's mistake and may pass."""
_NOT_UNIQUE = {apsw.SQLITE_CONSTRAINT_UNIQUE, apsw.SQLITE_CONSTRAINT_PRIMARYKEY}
_LOG_PAGES = 16_000
"""62 MiB of log before it is carried over: pages that changed often go once."""
_REST_PAGES = 400
"""What is left to the writer where others pause: a few milliseconds' worth."""
_MOST_ROUNDS = 5
_CACHE_KIBIBYTES = 16 << 10
"""Of the file, for the writer: an index's pages are changed at random, and read before."""


@cache
def _descriptor(path: str) -> int:
    """The file, opened for good: to close it would lose the locks that SQLite has on it."""
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


class Writer:
    """A session of SQLite's: one at a time, as there is one connection."""

    dialect: Dialect = "sqlite"

    def __init__(self, path: str, connection: apsw.Connection) -> None:
        """Write through a connection, which has turned the file to WAL."""
        self.is_changed = False
        self._connection = connection
        self._connection.execute(f"PRAGMA cache_size=-{_CACHE_KIBIBYTES}")
        # Instead of SQLite's own, which carries over before it returns from a commit.
        self._connection.set_wal_hook(self._note_log)
        self._log_pages = 0
        self._commits = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sqlite-commit")
        self._path = path
        self._carrier = connect(path)
        self._carriers = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sqlite-carry")
        self._carrying: Future[None] | None = None

    def close(self) -> None:
        """Finish, and close."""
        self._carriers.shutdown()
        self._commits.shutdown()
        self._carrier.close()
        self._connection.close()

    def _command(self, sql: str) -> None:
        try:
            self._connection.execute(sql)
        except (apsw.BusyError, *_REFUSED) as error:
            raise Unavailable(str(error)) from error

    async def _away(self, call: Callable[[], Any]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._commits, call)

    async def begin(self) -> None:
        """Open the transaction, for writing. Raises Unavailable."""
        if self._carrying is not None and self._carrying.done():
            carried, self._carrying = self._carrying, None
            try:
                carried.result()
                await self._away(self._carry_rest)
            except (OSError, *_REFUSED) as error:
                # No write has failed: the log goes on, and is carried over another time.
                told = {"message": "SQLite's log can't be carried over", "exception": error}
                asyncio.get_running_loop().call_exception_handler(told)
        self._connection.set_busy_timeout(0)
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except (apsw.BusyError, *_REFUSED):
            self._connection.set_busy_timeout(BUSY_MILLISECONDS)
            await self._away(lambda: self._command("BEGIN IMMEDIATE"))

    async def commit(self) -> None:
        """Make it durable. Raises Unavailable."""
        await self._away(lambda: self._command("COMMIT"))
        if self._log_pages >= _LOG_PAGES and self._carrying is None:
            self._carrying = self._carriers.submit(self._carry)

    def _note_log(self, _connection: apsw.Connection, _file: str, pages: int) -> int:
        self._log_pages = pages
        return apsw.SQLITE_OK

    def _carry(self) -> None:
        with suppress(apsw.BusyError):  # another process carries over just now
            carried = 0
            for _ in range(_MOST_ROUNDS):
                before = carried
                _, carried = self._carrier.wal_checkpoint()
                # SQLite leaves that to whoever carries the rest, and everybody would wait for it.
                os.fsync(_descriptor(self._path))
                left = self._log_pages - carried
                # Where half as much comes meanwhile, going on would let the log grow and grow.
                if left <= _REST_PAGES or left > (carried - before) // 2:
                    return

    def _carry_rest(self) -> None:
        with suppress(apsw.BusyError):  # likewise
            self._connection.wal_checkpoint()

    async def rollback(self) -> None:
        """Leave no trace of it."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    async def savepoint(self) -> None:
        """Begin what may be undone alone."""
        self._connection.execute("SAVEPOINT unit")

    async def release(self) -> None:
        """Keep what was done since the savepoint."""
        self._connection.execute("RELEASE unit")

    async def undo(self) -> None:
        """Undo what was done since the savepoint."""
        self._connection.execute("ROLLBACK TO unit")
        self._connection.execute("RELEASE unit")

    def _execute(self, compiled: Compiled, arguments: list[Row]) -> list[Row]:
        if compiled.lists:
            arguments = [bound(compiled, one) for one in arguments]
        try:
            return self._connection.executemany(compiled.sql, arguments).fetchall()
        except apsw.ConstraintError as error:
            self.is_changed = True
            if getattr(error, "extendedresult", 0) in _NOT_UNIQUE:
                raise UniqueViolation(str(error)) from error
            raise
        except apsw.BusyError as error:
            raise Retryable(str(error)) from error
        except _REFUSED as error:
            raise Unavailable(str(error)) from error

    async def rows(self, statement: Compiled, arguments: Row) -> list[Row]:
        """What a statement returns."""
        rows = self._execute(statement, [arguments])
        return [with_booleans(row, statement.flags) for row in rows] if statement.flags else rows

    async def run(self, statement: Compiled, arguments: Row) -> int:
        """Change rows; how many were. Raises UniqueViolation."""
        self.is_changed = True
        self._execute(statement, [arguments])
        return self._connection.changes()

    async def rows_many(self, statement: Compiled, arguments: list[Row]) -> list[Row]:
        """Run a statement once for each set of arguments; everything it returns."""
        return self._execute(statement, arguments)

    async def run_many(self, statement: Compiled, arguments: list[Row]) -> None:
        """Run a statement once for each set of arguments. Raises UniqueViolation."""
        self.is_changed = True
        self._execute(statement, arguments)

    async def add_all(self, added: list[tuple[Compiled, list[Row]]]) -> None:
        """Insert rows into several tables."""
        for statement, rows in added:
            await self.run_many(statement, rows)
