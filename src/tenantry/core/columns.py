"""The kinds of columns that tables are made of: the same on both databases."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
)
from sqlalchemy import text as sql

metadata = MetaData(
    naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"}
)


def text(name: str) -> Column[str]:
    """Text that is always there."""
    return Column(name, Text, nullable=False)


def maybe_text(name: str) -> Column[str]:
    """Text or nothing."""
    return Column(name, Text)


def instant(name: str) -> Column[int]:
    """A `clock.Instant`."""
    return Column(name, BigInteger, nullable=False)


def maybe_instant(name: str) -> Column[int]:
    """A `clock.Instant` or nothing."""
    return Column(name, BigInteger)


def number(name: str) -> Column[int]:
    """A whole number."""
    return Column(name, BigInteger, nullable=False)


def maybe_number(name: str) -> Column[int]:
    """A whole number or nothing."""
    return Column(name, BigInteger)


def flag(name: str) -> Column[bool]:
    """Yes or no."""
    return Column(name, Boolean, nullable=False)


def maybe_flag(name: str) -> Column[bool]:
    """Yes, no or not known."""
    return Column(name, Boolean)


def digest(name: str) -> Column[bytes]:
    """A hash, as bytes."""
    return Column(name, LargeBinary, nullable=False)


def stamps() -> tuple[Column[int], ...]:
    """When a row was made, changed and deleted."""
    return instant("created_at"), instant("updated_at"), maybe_instant("deleted_at")


def table(name: str, *parts: Any, key: tuple[str, ...], **options: Any) -> Table:
    """A table that SQLite keeps as one tree by its key; `options` are SQLAlchemy's, of dialects."""
    options = {"sqlite_with_rowid": False, **options}
    return Table(name, metadata, *parts, PrimaryKeyConstraint(*key), **options)


def only(condition: str) -> dict[str, Any]:
    """Options of an index that covers only the rows for which a condition holds."""
    return {"sqlite_where": sql(condition), "postgresql_where": sql(condition)}
