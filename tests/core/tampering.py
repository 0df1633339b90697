"""Ways to tamper with a log, by somebody who may write to its database."""

from typing import Any

import msgspec
from sqlalchemy import and_, bindparam, delete, insert, select, update

from tenantry.core import chain, schema
from tenantry.core.database import Database
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tests.world import WIDGETS

_E, _H = schema.events.c, schema.chains.c
_COLUMNS = list(schema.events.c)
_AT = and_(_E.customer_id == WIDGETS, _E.sequence == bindparam("at"))
_ALL = Statement(select(*_COLUMNS).where(_E.customer_id == WIDGETS).order_by(_E.sequence))
_CLEAR = Statement(delete(schema.events).where(_E.customer_id == WIDGETS))
_ADD = Statement(insert(schema.events))
_MOVE_HEAD = Statement(
    update(schema.chains)
    .where(_H.customer_id == WIDGETS)
    .values(
        sequence=bindparam("at"),
        hash=bindparam("digest"),
        created_at=bindparam("since"),
        number=bindparam("shown"),
    )
)

Row = dict[str, Any]


async def rows_of(database: Database) -> list[Row]:
    """The whole log, as the database has it."""
    names = [column.name for column in _COLUMNS]
    return [dict(zip(names, row, strict=True)) for row in await database.all(_ALL)]


async def put(database: Database, rows: list[Row], *, with_head: bool = False) -> None:
    """Replace the log by another; the head too, if it is to fit."""

    async def work(unit: Unit) -> None:
        await unit.run(_CLEAR)
        await unit.run_many(_ADD, rows)
        if with_head:
            end = rows[-1]
            told = {"digest": end["hash"], "since": end["created_at"], "shown": end["number"]}
            await unit.run(_MOVE_HEAD, at=end["sequence"], **told)

    await database.write(work)


def changed(row: Row, **facts: Any) -> Row:
    """An event whose body says something else; its hash stays."""
    return row | {"body": chain.canonical(msgspec.json.decode(row["body"]) | facts).decode()}


def computed_anew(rows: list[Row], since: int) -> list[Row]:
    """The same events with hashes that fit, from an index on: nothing in the log shows it."""
    digest = rows[since - 1]["hash"] if since else bytes(32)
    made = rows[:since]
    for row in rows[since:]:
        digest = chain.chained(digest, row["body"].encode())
        made.append(row | {"hash": digest})
    return made
