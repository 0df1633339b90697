"""PostgreSQL, through asyncpg: reads that meet in one tick become one query."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from itertools import count
from typing import Any, TypeVar

import asyncpg
from asyncpg.connect_utils import SessionAttribute

from tenantry.core.clock import Clock
from tenantry.core.commit import Lane
from tenantry.core.database import Database
from tenantry.core.gathering import Found, Gathering
from tenantry.core.postgresql_connections import Connection, Connections
from tenantry.core.session import Retryable, Session, Unavailable, UniqueViolation
from tenantry.core.statements import Compiled, Dialect, Row, Statement

R = TypeVar("R")

_LANES = 4
CONNECTIONS = 12
_PATIENCE = 15
"""Seconds that it may take to connect."""
_CHOSEN = "target_session_attrs="
"""In a URL that says itself which servers will do."""


class PostgresDatabase(Database):
    """One database of a PostgreSQL server."""

    dialect: Dialect = "postgresql"
    patience: float = _PATIENCE
    """Seconds that a query which reads may take: a request asks one, and may wait for another."""

    def __init__(self, url: str, clock: Clock) -> None:
        """Name the database; it must have been migrated."""
        super().__init__(clock)
        self._url = url
        self._connections: Connections
        self._gatherings: dict[Statement[Any], Gathering] = {}

    async def start(self) -> None:
        """Connect. Raises Unavailable."""
        self._connections = Connections(self._connect, CONNECTIONS)
        self._connections.give_back(await _translated(self._connections.take()))
        self.lanes = [Lane(self.session, self.clock, self.committed) for _ in range(_LANES)]

    async def stop(self) -> None:
        """Finish the commits under way, then disconnect."""
        await super().stop()
        await self._connections.close()

    async def _connect(self) -> Connection:
        return await asyncpg.connect(
            self._url,
            # After a failover a name may lead to a standby, which lets in who was revoked just now.
            target_session_attrs=None if _CHOSEN in self._url else SessionAttribute.read_write,
            statement_cache_size=1000,
            max_cached_statement_lifetime=0,
            timeout=_PATIENCE,
            command_timeout=30,
            server_settings={
                "application_name": "tenantry",
                "client_encoding": "UTF8",
                # All that is asked is asked by key. A plan that went through a small table for
                # many keys takes longer than looking each up, and it is kept when the table grows.
                "enable_seqscan": "off",
                "jit": "off",
                "lock_timeout": "5s",
                "plan_cache_mode": "force_generic_plan",
            },
        )

    async def one(self, statement: Statement[R], **given: Any) -> R | None:
        """Read one row, together with others where the statement can be joined."""
        if statement.joins:
            found = await self._ask(statement, given)
            return found.rows[0] if found.rows else None
        compiled = statement.on("postgresql")
        rows = await self._fetch(compiled.sql, *compiled.arguments(given))
        return statement.made(tuple(rows[0])) if rows else None

    async def all(self, statement: Statement[R], **given: Any) -> list[R]:
        """Read every row, likewise."""
        if statement.joins:
            return list((await self._ask(statement, given)).rows)
        compiled = statement.on("postgresql")
        rows = await self._fetch(compiled.sql, *compiled.arguments(given))
        return [statement.made(tuple(row)) for row in rows]

    async def found(self, statement: Statement[R], **given: Any) -> Found[R]:
        """Read every row, and their customer's version in the same query."""
        return await self._ask(statement, given)

    def _ask(self, statement: Statement[R], given: dict[str, Any]) -> asyncio.Future[Found[R]]:
        gathering = self._gatherings.get(statement)
        if gathering is None:
            gathering = self._gatherings[statement] = Gathering(statement, self._fetch)
        return gathering.ask(given)

    def changes(self) -> int | None:
        """PostgreSQL has no cheap answer to that."""
        return None

    async def _fetch(self, sql: str, *arguments: Any) -> list[Any]:
        connection = self._connections.free() or await _translated(self._take())
        try:
            rows: list[Any] = await _translated(
                connection.fetch(sql, *arguments, timeout=self.patience)
            )
        except BaseException:
            self._connections.give_back(connection, is_ready=False)
            raise
        self._connections.give_back(connection)
        return rows

    async def _take(self) -> Connection:
        async with asyncio.timeout(self.patience):
            return await self._connections.take()

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        """Lend the connection that a lane writes through."""
        connection: Connection = await _translated(self._connections.take())
        try:
            yield _Session(connection)
        finally:
            # The driver itself ends one whose query it could not cancel; asked then, it raises.
            if not connection.is_closed() and connection.is_in_transaction():
                # It could not be undone: that is left to the server.
                connection.terminate()
            self._connections.give_back(connection)


class _Session:
    """A connection inside a transaction."""

    dialect: Dialect = "postgresql"

    def __init__(self, connection: Connection) -> None:
        self.is_changed = False
        self._connection = connection
        # Commands that need no answer of their own travel with the next one that does.
        self._ahead = ""

    async def begin(self) -> None:
        self._ahead = "BEGIN; "

    async def commit(self) -> None:
        await self._command("COMMIT")

    async def rollback(self) -> None:
        self._ahead = ""
        await _translated(self._connection.execute("ROLLBACK"))

    async def savepoint(self) -> None:
        await self._command("SAVEPOINT unit")

    async def release(self) -> None:
        self._ahead = "RELEASE unit; "

    async def undo(self) -> None:
        self._ahead = "ROLLBACK TO unit; RELEASE unit; "

    async def _command(self, sql: str) -> None:
        ahead, self._ahead = self._ahead, ""
        await _translated(self._connection.execute(ahead + sql))

    async def _catch_up(self) -> None:
        if self._ahead:
            ahead, self._ahead = self._ahead, ""
            await _translated(self._connection.execute(ahead))

    async def rows(self, statement: Compiled, arguments: Row) -> list[Row]:
        await self._catch_up()
        try:
            rows = await _translated(self._connection.fetch(statement.sql, *arguments))
        except Exception:
            # PostgreSQL gives a transaction up when a statement in it fails, even one that reads.
            self.is_changed = True
            raise
        return [tuple(row) for row in rows]

    async def run(self, statement: Compiled, arguments: Row) -> int:
        self.is_changed = True
        await self._catch_up()
        status = await _translated(self._connection.execute(statement.sql, *arguments))
        return int(status.rpartition(" ")[2])

    async def rows_many(self, statement: Compiled, arguments: list[Row]) -> list[Row]:
        self.is_changed = True
        await self._catch_up()
        rows = await _translated(self._connection.fetchmany(statement.sql, arguments))
        return [tuple(row) for row in rows]

    async def run_many(self, statement: Compiled, arguments: list[Row]) -> None:
        self.is_changed = True
        await self._catch_up()
        await _translated(self._connection.executemany(statement.sql, arguments))

    async def add_all(self, added: list[tuple[Compiled, list[Row]]]) -> None:
        self.is_changed = True
        await self._catch_up()
        sql = _in_one(tuple(statement.sql for statement, _ in added))
        columns = (list(column) for _, rows in added for column in zip(*rows, strict=True))
        await _translated(self._connection.execute(sql, *columns))


_PARAMETER = re.compile(r"\$\d+")


@cache
def _in_one(statements: tuple[str, ...]) -> str:
    """Several inserts as one statement, whose parameters are theirs one after the other.

    Each would take a round trip of its own. They have each parameter once, in its place.
    """
    places = count(1)
    *first, last = (_PARAMETER.sub(lambda _: f"${next(places)}", sql) for sql in statements)
    added = ", ".join(f"added_{place} AS ({sql})" for place, sql in enumerate(first))
    return f"WITH {added} {last}" if added else last


# SQLSTATE classes: connection, authorization, no such database, resources, state, operator.
_UNAVAILABLE = frozenset({"08", "28", "3D", "53", "55", "57"})


async def _translated(call: Any) -> Any:
    """What a call to the driver returns, or our own name for why it failed."""
    try:
        return await call
    except asyncpg.UniqueViolationError as error:
        raise UniqueViolation(str(error)) from error
    except (
        asyncpg.DeadlockDetectedError,
        asyncpg.SerializationError,
        asyncpg.LockNotAvailableError,
        # Somebody changed a table: the driver has prepared nothing any more when it is asked again.
        asyncpg.InvalidCachedStatementError,
    ) as error:
        raise Retryable(str(error)) from error
    except asyncpg.ReadOnlySQLTransactionError as error:
        # It became a standby, or ran out of room.
        raise Unavailable(str(error)) from error
    except (
        OSError,
        TimeoutError,
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
        asyncpg.InternalClientError,
    ) as error:
        if isinstance(error, ValueError) or (
            isinstance(error, asyncpg.PostgresError)
            and (error.sqlstate or "08")[:2] not in _UNAVAILABLE
        ):
            # A mistake of ours: a value of the wrong type, a statement that can't run.
            raise
        raise Unavailable(str(error)) from error
