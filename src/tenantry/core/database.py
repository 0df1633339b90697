"""The database as the rest of the house sees it: a reader, and units of work that commit.

SQLite and PostgreSQL stand behind the same small face (`sqlite.py`, `postgresql.py`). Reading and
writing are different types: a verb that was handed a `Reader` cannot write.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar
from urllib.parse import urlsplit

from sqlalchemy import select

from tenantry.core import schema
from tenantry.core.clock import Clock
from tenantry.core.commit import Job, Lane
from tenantry.core.gathering import Found
from tenantry.core.session import Session
from tenantry.core.statements import Dialect, Row, Statement
from tenantry.core.unit import Unit

R = TypeVar("R")
T = TypeVar("T")


ANYTHING = Statement(select(schema.installation.c.id))
"""Reads the one row that every database of ours has."""


class Database(ABC):
    """An open database. Start it inside the event loop that uses it."""

    dialect: Dialect
    lanes: Sequence[Lane]

    def __init__(self, clock: Clock) -> None:
        """Keep the clock that stamps units of work."""
        self.clock = clock
        self.committed: list[Callable[[], None]] = []
        """Called after commits that put something into the outbox."""

    @abstractmethod
    async def start(self) -> None:
        """Connect. Raises OSError or the driver's own error if that can't be done."""

    async def stop(self) -> None:
        """Finish the commits under way, then disconnect."""
        for lane in self.lanes:
            await lane.stop()

    @abstractmethod
    async def one(self, statement: Statement[R], **given: Any) -> R | None:
        """The first row, or None."""

    @abstractmethod
    async def all(self, statement: Statement[R], **given: Any) -> list[R]:
        """Every row. A long answer is read away from the event loop."""

    async def found(self, statement: Statement[R], **given: Any) -> Found[R]:
        """Every row, and with them the version, where `Statement.owner` names their customer.

        A database that can tell its `changes` leaves the version out.
        """
        found: Found[R] = Found()
        found.rows = await self.all(statement, **given)
        return found

    @abstractmethod
    def changes(self) -> int | None:
        """A number that is the same while nobody committed anything, where that is cheap to ask."""

    @abstractmethod
    def session(self) -> AbstractAsyncContextManager[Session]:
        """The connection that a lane writes through."""

    async def write(
        self,
        work: Callable[[Unit], Awaitable[T]],
        *,
        customer_id: str | None = None,
        meter: str | None = None,
    ) -> T:
        """Run one unit of work and commit it, durably, before returning.

        `customer_id` names whose log the unit appends to: nobody else writes in that customer
        meanwhile. `meter` names whose hourly writes it counts towards, even if `work` raises;
        everything else that `work` did is undone then.
        """
        lane = self.lanes[hash(customer_id) % len(self.lanes)]
        result: T = await lane.submit(Job(work, customer_id, meter))
        return result


class BadDatabaseUrl(ValueError):
    """A database URL that names none of ours."""


def open_database(url: str, clock: Clock) -> Database:
    """The database that a URL names; not yet started.

    `sqlite:///relative.db`, `sqlite:////absolute.db`, `postgresql://user@host/name`. Raises
    BadDatabaseUrl.
    """
    scheme = urlsplit(url).scheme
    if scheme == "sqlite":
        from tenantry.core.sqlite import SqliteDatabase  # noqa: PLC0415 - only the one that is used

        return SqliteDatabase(sqlite_path(url), clock)
    if scheme in {"postgresql", "postgres"}:
        from tenantry.core.postgresql import PostgresDatabase  # noqa: PLC0415 - likewise

        return PostgresDatabase(url, clock)
    message = f"{url!r} is not a database URL: use sqlite:///file.db or postgresql://user@host/name"
    raise BadDatabaseUrl(message)


def sqlite_path(url: str) -> str:
    """The file that a `sqlite:` URL names. Raises BadDatabaseUrl."""
    prefix = "sqlite:///"
    if not url.startswith(prefix) or len(url) == len(prefix):
        message = f"{url!r} names no file: use sqlite:///relative.db or sqlite:////absolute.db"
        raise BadDatabaseUrl(message)
    return url.removeprefix(prefix)


__all__ = ["BadDatabaseUrl", "Database", "Row", "Unit", "open_database", "sqlite_path"]
