"""A connection inside a transaction, as lanes and units of work use it, whichever the database."""

from typing import Any, Protocol, TypeVar

from tenantry.core.statements import Compiled, Dialect, Row, Statement

R = TypeVar("R")


class UniqueViolation(Exception):
    """A row with that key is already there."""


class Unavailable(Exception):
    """The database does not answer. What was being committed may be there or not."""


class SchemaChanged(Unavailable):
    """Another version of the program has migrated the database while this one runs on it."""

    advice = "another version has migrated the database: restart this server as that version"
    """For the log."""


class Retryable(Exception):
    """The database asks to run the transaction again (deadlock, lock time-out, serialization)."""


class Session(Protocol):
    """A connection inside one transaction at a time."""

    dialect: Dialect
    is_changed: bool
    """Whether a statement changed something, or failed, since this was set to False."""

    async def begin(self) -> None:
        """Open the transaction, for writing."""

    async def commit(self) -> None:
        """Make it durable."""

    async def rollback(self) -> None:
        """Leave no trace of it."""

    async def savepoint(self) -> None:
        """Begin what may be undone alone."""

    async def release(self) -> None:
        """Keep what was done since the savepoint."""

    async def undo(self) -> None:
        """Undo what was done since the savepoint."""

    async def rows(self, statement: Compiled, arguments: Row) -> list[Row]:
        """What a statement returns."""

    async def run(self, statement: Compiled, arguments: Row) -> int:
        """Change rows; how many were. Raises UniqueViolation."""

    async def rows_many(self, statement: Compiled, arguments: list[Row]) -> list[Row]:
        """Run a statement once for each set of arguments; everything it returns."""

    async def run_many(self, statement: Compiled, arguments: list[Row]) -> None:
        """Run a statement once for each set of arguments. Raises UniqueViolation."""

    async def add_all(self, added: list[tuple[Compiled, list[Row]]]) -> None:
        """Insert rows into several tables, by statements of `bulk.adding`, in any order."""


class Reads(Protocol):
    """Reads rows: the database, or a unit of work in it."""

    async def one(self, statement: Statement[R], **given: Any) -> R | None:
        """The first row, or None."""

    async def all(self, statement: Statement[R], **given: Any) -> list[R]:
        """Every row."""
