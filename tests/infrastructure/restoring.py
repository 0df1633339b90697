"""What a database of PostgreSQL's holds, to find out what a test changed, and to put that back."""

import io
from dataclasses import dataclass
from typing import Self, TypeAlias

import asyncpg

_MOST_ROWS = 2000
"""With more than these, another copy is made sooner than this one is put back."""
_RELATIONS = """SELECT relname FROM pg_class
    WHERE relkind = $1 AND relnamespace = 'public'::regnamespace"""
_CATALOGUES = (
    *("pg_attrdef", "pg_attribute", "pg_class", "pg_constraint", "pg_index", "pg_namespace"),
    *("pg_proc", "pg_statistic", "pg_trigger", "pg_type"),
)
_SHAPE = " UNION ALL ".join(
    f"SELECT '{name}', count(*), max(xmin::text::bigint) FROM {name}"  # noqa: S608 - as above
    for name in _CATALOGUES
)
_IN_A_TABLE = """SELECT '{0}' AS name, count(*) AS rows,
    md5(string_agg(md5(it::text), '' ORDER BY md5(it::text))) AS state FROM {0} AS it"""
_IN_A_SEQUENCE = "SELECT '{0}', 0, last_value || ' ' || is_called FROM {0}"
_SET = "SELECT setval($1::text::regclass, $2, $3)"

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@dataclass(frozen=True)
class Snapshot:
    """The rows of a database, the state of its sequences, and the versions of its catalogues."""

    query: str
    state: dict[str, tuple[int, str]]
    """Of each table and sequence by its name: how many rows, and what they add up to."""
    rows: dict[str, bytes]
    """Of each table that is not empty."""
    shape: list[asyncpg.Record]

    @classmethod
    async def of(cls, connection: Connection) -> Self:
        """Take it."""
        tables = [name for (name,) in await connection.fetch(_RELATIONS, b"r")]
        sequences = [name for (name,) in await connection.fetch(_RELATIONS, b"S")]
        looks = [_IN_A_TABLE.format(name) for name in tables]
        looks += [_IN_A_SEQUENCE.format(name) for name in sequences]
        query = " UNION ALL ".join(looks)
        state = await _state(connection, query)
        rows = {}
        for name in tables:
            if state[name][0]:
                rows[name] = await _copied(connection, name)
        return cls(query, state, rows, await connection.fetch(_SHAPE))

    async def put_back(self, connection: Connection) -> bool:
        """Make a database like this again; False if something other than rows was changed."""
        if await connection.fetch(_SHAPE) != self.shape:
            return False
        found = await _state(connection, self.query)
        if sum(rows for rows, _ in found.values()) > _MOST_ROWS:
            return False
        changed = [name for name, state in self.state.items() if found[name] != state]
        if changed:
            async with connection.transaction():
                # Neither foreign keys nor what keeps events from being deleted.
                await connection.execute("SET LOCAL session_replication_role = replica")
                for name in changed:
                    await self._put_back(connection, name)
        return True

    async def _put_back(self, connection: Connection, name: str) -> None:
        if name.endswith("_seq"):
            last, called = self.state[name][1].split()
            await connection.execute(_SET, name, int(last), called == "true")
            return
        await connection.execute(f"DELETE FROM {name}")  # noqa: S608 - the schema's own
        if name in self.rows:
            source = io.BytesIO(self.rows[name])
            await connection.copy_to_table(name, source=source, format="binary")


async def _state(connection: Connection, query: str) -> dict[str, tuple[int, str]]:
    return {name: (rows, state) for name, rows, state in await connection.fetch(query)}


async def _copied(connection: Connection, table: str) -> bytes:
    output = io.BytesIO()
    await connection.copy_from_table(table, output=output, format="binary")
    return output.getvalue()
