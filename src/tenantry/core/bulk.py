"""Many rows at once: composed as other statements are, and run in one round trip.

SQLite takes row after row, which costs nothing but the row. PostgreSQL takes a column as a list,
and makes rows of them: a tenth of what a statement for each row would cost.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Table, bindparam, func, select
from sqlalchemy.dialects import postgresql

from tenantry.core.statements import Statement

Insert = Any
"""A database's own insert, which knows `on_conflict_do_update` and `excluded`."""


def adding(
    table: Table, names: Sequence[str], beyond: Callable[[Insert], Insert] | None = None
) -> Statement[Any]:
    """Insert rows, each a tuple of these columns; for `Unit.add_all`.

    `beyond` says what is done about a row that is there already. Constants in it are written as
    `literal_column`, because a row holds nothing but its columns.
    """

    def compose(insert_: Any) -> Insert:
        if insert_ is postgresql.insert:
            insert = insert_(table).from_select(list(names), _rows(table, names))
        else:
            insert = insert_(table).values({name: bindparam(name) for name in names})
        return insert if beyond is None else beyond(insert)

    return Statement(compose)


def _rows(table: Table, names: Sequence[str]) -> Any:
    columns = (
        bindparam(name, type_=postgresql.ARRAY(table.c[name].type), unique=False) for name in names
    )
    rows = func.unnest(*columns).table_valued(*names, name="given").render_derived()
    return select(*(rows.c[name] for name in names))
