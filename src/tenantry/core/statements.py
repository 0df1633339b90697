"""SQL composed once, at import, and kept as text for each database.

Composing a statement costs about 180 µs, running a composed one 20 µs: so a model composes its
statements as module constants with SQLAlchemy Core, and what runs on the drivers is text.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, Literal, TypeVar, cast, overload

import msgspec
from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    TableValuedAlias,
    and_,
    bindparam,
    func,
    literal_column,
    null,
    select,
    true,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import ClauseElement, FromClause
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import NullType, Text

from tenantry.core import schema

Dialect = Literal["sqlite", "postgresql"]
Row = tuple[Any, ...]
Composed = ClauseElement | Callable[[Any], ClauseElement]
R = TypeVar("R")


class _SqliteCompiler(sqlite.base.SQLiteCompiler):
    """Writes hints such as `INDEXED BY`, for the few reads that SQLite misjudges."""

    def get_from_hint_text(self, table: FromClause, text: str | None) -> str | None:  # noqa: ARG002 - a hook of SQLAlchemy's
        return text


class _Sqlite(sqlite.dialect):  # type: ignore[misc,valid-type] # SQLAlchemy makes the class as it is imported
    statement_compiler = _SqliteCompiler
    supports_statement_cache = True


_DIALECTS: dict[str, Any] = {
    "sqlite": _Sqlite(paramstyle="qmark"),
    "postgresql": asyncpg.dialect(),  # type: ignore[no-untyped-call] # SQLAlchemy's own gap
}
_UPSERTS = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


class Compiled(msgspec.Struct, frozen=True):
    """A statement as one database reads it."""

    sql: str
    names: tuple[str, ...]
    """The parameters, in the order of their places."""
    constants: dict[str, Any]
    """Parameters that the statement itself gives a value."""
    flags: tuple[int, ...]
    """Places in a row that hold a boolean (SQLite returns numbers)."""
    lists: bool
    """Whether a parameter is a list (SQLite takes JSON)."""

    def arguments(self, given: dict[str, Any]) -> tuple[Any, ...]:
        """The values in the order of their places."""
        if self.constants:
            given = {**self.constants, **given}
        return tuple([given[name] for name in self.names])


class Statement(Generic[R]):
    """One composed statement; `row` makes what a caller gets of each row (default: the tuple).

    `statement` may be a function that takes the database's own `insert`, for upserts.
    """

    @overload
    def __init__(
        self: "Statement[Row]",
        statement: Composed,
        row: None = None,
        *,
        together: ClauseElement | None = None,
        owner: str = "",
    ) -> None: ...
    @overload
    def __init__(
        self,
        statement: Composed,
        row: Callable[..., R],
        *,
        together: ClauseElement | None = None,
        owner: str = "",
    ) -> None: ...
    def __init__(
        self,
        statement: Composed,
        row: Callable[..., R] | None = None,
        *,
        together: ClauseElement | None = None,
        owner: str = "",
    ) -> None:
        """Keep it; it is compiled when a database first runs it."""
        self._statement = statement
        self._together = together
        self._compiled: dict[str, Compiled] = {}
        self.row = row
        self.joins = together is not None
        self.owner = owner
        """Which parameter of a joined statement names the customer that the row belongs to."""

    def on(self, dialect: Dialect) -> Compiled:
        """Its text on that database."""
        compiled = self._compiled.get(dialect)
        if compiled is None:
            statement = self._statement
            if not isinstance(statement, ClauseElement):
                statement = statement(_UPSERTS[dialect])
            compiled = self._compiled[dialect] = _compile(statement, dialect)
        return compiled

    def joined(self) -> Compiled:
        """The form that answers many callers at once, on PostgreSQL."""
        compiled = self._compiled.get("joined")
        if compiled is None:
            assert self._together is not None  # noqa: S101 - `joins` was asked first
            compiled = self._compiled["joined"] = _compile(self._together, "postgresql")
        return compiled

    def made(self, row: Row) -> R:
        """What a caller gets of a row."""
        return cast("R", row) if self.row is None else self.row(*row)


def _compile(statement: ClauseElement, dialect: Dialect) -> Compiled:
    compiled = cast("SQLCompiler", statement.compile(dialect=_DIALECTS[dialect]))
    columns: Sequence[Any] = getattr(statement, "exported_columns", None) or (
        getattr(statement, "_returning", None) or ()
    )
    return Compiled(
        sql=compiled.string,
        names=tuple(compiled.positiontup or ()),
        constants={
            name: bind.value for bind, name in compiled.bind_names.items() if not bind.required
        },
        lists=any(isinstance(bind.type, ARRAY | _JsonList) for bind in compiled.bind_names),
        flags=tuple(at for at, column in enumerate(columns) if isinstance(column.type, Boolean)),
    )


@overload
def point(
    columns: Sequence[ColumnElement[Any]],
    source: FromClause,
    row: None = None,
    *,
    where: ColumnElement[bool] = ...,
    **keys: ColumnElement[Any],
) -> Statement[Row]: ...
@overload
def point(
    columns: Sequence[ColumnElement[Any]],
    source: FromClause,
    row: Callable[..., R],
    *,
    where: ColumnElement[bool] = ...,
    **keys: ColumnElement[Any],
) -> Statement[R]: ...
def point(
    columns: Sequence[ColumnElement[Any]],
    source: FromClause,
    row: Callable[..., Any] | None = None,
    *,
    where: ColumnElement[bool] = true(),  # noqa: B008 - composed once, never changed
    **keys: ColumnElement[Any],
) -> Statement[Any]:
    """A read by key, of one row or of all, made so that reads which meet become one query.

    Where the key names a customer, the joined query brings the number of its newest event along:
    what was read, and whether who reads it is still who he was, are then seen at one moment.
    """
    single = select(*columns).select_from(source)
    single = single.where(
        and_(where, *(column == bindparam(name) for name, column in keys.items()))
    )
    owner = next((name for name, column in keys.items() if _names_customer(column)), "")
    asked = _asked(keys)
    matches = and_(where, *(column == asked.c[name] for name, column in keys.items()))
    found: FromClause = asked.join(source, matches)
    newest = schema.chains.alias("newest")
    if owner:
        found = found.outerjoin(newest, newest.c.customer_id == asked.c[owner])
    version = newest.c.sequence if owner else null()
    together = select(asked.c.place, version, *columns).select_from(found)
    return Statement(single, row, together=together, owner=owner)


def exact(
    columns: Sequence[ColumnElement[Any]], source: FromClause, **keys: ColumnElement[Any]
) -> Statement[Row]:
    """A read by unique key, made for very many at once: see `Unit.find_all`.

    Each key is looked up by itself, because PostgreSQL would go through the whole of a table that
    was small when it planned the query.
    """
    single = select(*columns).select_from(source)
    single = single.where(*(column == bindparam(name) for name, column in keys.items()))
    asked = _asked(keys)
    one = select(*columns).where(*(column == asked.c[name] for name, column in keys.items()))
    found = one.limit(literal_column("1")).lateral("found")
    together = select(asked.c.place, null(), *found.c).select_from(asked.join(found, true()))
    return Statement(single, together=together)


def _asked(keys: Mapping[str, ColumnElement[Any]]) -> TableValuedAlias:
    """The keys that are asked for, each with its place among them."""
    lists = (bindparam(name, type_=postgresql.ARRAY(one.type)) for name, one in keys.items())
    asked = func.unnest(*lists).table_valued(*keys, with_ordinality="place", name="asked")
    return asked.render_derived()


def _names_customer(column: ColumnElement[Any]) -> bool:
    return column is schema.customers.c.id or getattr(column, "name", "") == "customer_id"


class _JsonList(Text):
    """A list as SQLite takes it: JSON text."""


class _IsOneOf(ColumnElement[Any]):
    """`column IN (a list given as one parameter)`, however long the list is."""

    inherit_cache = False
    # Not Boolean: SQLAlchemy would write `= 1` behind it for SQLite, and no index would serve.
    type = NullType()

    def __init__(self, column: ColumnElement[Any], name: str) -> None:
        self.column = column
        self.values = bindparam(name, type_=postgresql.ARRAY(Text()))
        self.json = bindparam(name, type_=_JsonList())


def is_one_of(column: ColumnElement[Any], name: str) -> ColumnElement[Any]:
    """The condition that a column's value is in the list given as the parameter `name`."""
    return _IsOneOf(column, name)


class _Unindexed(ColumnElement[Any]):
    """A column that keeps SQLite from choosing an index for its sake."""

    inherit_cache = False

    def __init__(self, column: ColumnElement[Any]) -> None:
        self.column = column
        self.type = column.type


def unindexed(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The column, where rows are found by others.

    SQLite takes a customer to have ten rows: it would rather go through all that a customer has,
    in an index that sorts them or finds the living, than look the rows of a list up by their keys.
    """
    return _Unindexed(column)


@compiles(_Unindexed)
def _as_it_is(element: _Unindexed, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.column, **options)


@compiles(_Unindexed, "sqlite")
def _with_plus(element: _Unindexed, compiler: SQLCompiler, **options: Any) -> str:
    return "+" + compiler.process(element.column, **options)


@compiles(_IsOneOf, "postgresql")
def _any(element: _IsOneOf, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (
        compiler.process(part, **options) for part in (element.column, element.values)
    )
    return f"{column} = ANY ({values})"


@compiles(_IsOneOf, "sqlite")
def _in_json(element: _IsOneOf, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(part, **options) for part in (element.column, element.json))
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - compiled SQL only
