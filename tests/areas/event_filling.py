"""A log of thousands of events in which some did much, some little, and some only long ago."""

import random
from collections.abc import Iterator
from typing import Any

from sqlalchemy import (
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
    text,
    union_all,
    update,
)

from tenantry.core import schema
from tenantry.core.chain import canonical
from tenantry.core.clock import SECOND, shown
from tenantry.core.ids import id_at
from tenantry.core.numbering import NUMBERS
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tests.world import ADA, API, BEN, BOT, LIM, NOW, UMA, WIDGETS, WWW, Person, World

EVENTS = 20_000
_E, _H = schema.events.c, schema.chains.c
_ADD = Statement(insert(schema.events))
_EMPTY = Statement(delete(schema.events).where(_E.customer_id == bindparam("customer")))
_MOVE = Statement(
    update(schema.chains)
    .where(_H.customer_id == bindparam("customer"))
    .values({name: bindparam(f"new_{name}") for name in ("sequence", "number")})
)
_TYPES = ("service.update", "user.update", "version.activate", "user.login")


def _done(sequence: int, chance: random.Random) -> tuple[Person, str | None, str | None]:
    """By whom, what and on which service: Uma did all of hers in the beginning, Lim in the end."""
    if sequence % 50 == 0:
        return ADA, None, None
    if sequence <= 400:
        return UMA, "user.update", None
    if sequence > EVENTS - 5:
        return LIM, "service.update", WWW
    who = chance.choices((ADA, BEN, BOT), (80, 5, 15))[0]
    event_type = chance.choices(_TYPES, (60, 20, 15, 5))[0]
    is_of_service = event_type.startswith(("service", "version"))
    # What was done to www was done long ago, but for what Lim did.
    service = WWW if sequence < EVENTS // 20 else API
    return who, event_type, service if is_of_service else None


def _rows() -> Iterator[dict[str, Any]]:
    chance, shown_ones = random.Random(7), 0  # noqa: S311 - the same log each time
    for sequence in range(1, EVENTS + 1):
        who, event_type, service_id = _done(sequence, chance)
        shown_ones += event_type is not None
        row: dict[str, Any] = {
            "customer_id": WIDGETS,
            "sequence": sequence,
            "id": id_at(sequence),
            "action": event_type or "star.create",
            "event_type": event_type,
            "user_id": None if who is BOT else who.id,
            "token_id": who.token_id,
            "service_id": service_id,
        }
        created_at = NOW - (EVENTS - sequence) * SECOND
        told = {"admin": False, "created_at": shown(created_at), "metadata": {}, "rows": {}}
        body = canonical({**row, **told, "ip": "", "description": ""}).decode()
        more = {"body": body, "personal": None, "hash": bytes(32), "number": shown_ones}
        yield {**row, **more, "created_at": created_at}


def _number(rows: list[dict[str, Any]]) -> None:
    """Number the events, each among those with the same value."""
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        for field, ordinal in NUMBERS.items():
            row[ordinal] = None
            if row["event_type"] is not None and row[field] is not None:
                key = field, row[field]
                row[ordinal] = counts[key] = counts.get(key, 0) + 1


async def fill(world: World) -> None:
    """Put it in the place of the log of Example Widgets, and let the database know its size."""
    rows = list(_rows())
    _number(rows)

    async def work(unit: Unit) -> None:
        await unit.run(_EMPTY, customer=WIDGETS)
        await unit.run_many(_ADD, rows)
        newest = {"new_sequence": EVENTS, "new_number": rows[-1]["number"]}
        await unit.run(_MOVE, customer=WIDGETS, **newest)
        await unit.run_many(Statement(text("ANALYZE")), [{}])

    await world.app.database.write(work)


COUNTS = Statement(
    union_all(
        *(
            select(literal_column(f"'{field}'"), _E[field], func.max(_E[ordinal]))
            .where(_E.customer_id == bindparam("customer_id"), _E[ordinal].is_not(None))
            .group_by(_E[field])
            for field, ordinal in NUMBERS.items()
        )
    )
)
"""Of each value of each field, how many events there are."""
