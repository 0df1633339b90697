"""What a database holds, to see what a call left in it, and what it must not leave."""

from typing import Any

from sqlalchemy import literal, select, union_all

from tenantry.core.columns import metadata
from tenantry.core.statements import Statement
from tests.world import World

NOBODYS = frozenset({"failed_guesses", "write_counts"})
"""What a call leaves whatever becomes of it: it is no change of anything."""
LOG = frozenset({"chains", "events", "revisions"})
"""What an event itself leaves."""
_USES = {"tokens": ("last_used_at", "ip", "user_agent")}
"""That a token was used is noted after the answer, and is no change either."""

Rows = dict[str, list[dict[str, Any]]]

_NAMES = {
    table.name: [one.name for one in table.columns if one.name not in _USES.get(table.name, ())]
    for table in metadata.sorted_tables
    if table.name not in NOBODYS
}
_ALL = {
    name: Statement(select(*(metadata.tables[name].c[one] for one in columns)))
    for name, columns in _NAMES.items()
}
_FILLED = Statement(
    union_all(
        *(select(literal(name)).where(metadata.tables[name].select().exists()) for name in _ALL)
    )
)
"""Most are empty with most tests."""


async def stored(world: World) -> Rows:
    """Every row of every table, in some order."""
    filled = {name for (name,) in await world.app.database.all(_FILLED)}
    empty: Rows = {name: [] for name in _ALL.keys() - filled}
    return empty | {
        name: [
            dict(zip(_NAMES[name], row, strict=True))
            for row in sorted(await world.app.database.all(statement), key=repr)
        ]
        for name, statement in _ALL.items()
        if name in filled
    }


def changed(before: Rows, after: Rows) -> set[str]:
    """The tables that are not as they were."""
    return {name for name in before if before[name] != after[name]}


def row_of(rows: Rows, table: str, **key: Any) -> dict[str, Any]:
    """The one row of a table with these values."""
    (found,) = (row for row in rows[table] if key.items() <= row.items())
    return found
