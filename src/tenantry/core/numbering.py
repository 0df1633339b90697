"""The numbers that events get in the log, by what they are looked for by.

Of the events with one value of a field, the n-th has the number n there; `event_counts` keeps how
many there are. So a page of a list is a range of numbers, and the length of the list is one row.
Events that the wire has no name for are not counted: no list shows them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, select, update

from tenantry.core import log_tables
from tenantry.core.session import Session
from tenantry.core.statements import Statement

NUMBERS: Mapping[str, str] = {
    "event_type": "type_number",
    "user_id": "user_number",
    "token_id": "token_number",
    "service_id": "service_number",
}
"""What events are looked for by, and the column that numbers those with the same value."""

_E, _C, _H = log_tables.events.c, log_tables.event_counts.c, log_tables.chains.c
_ORDINALS = tuple(NUMBERS.items())

_COUNT = Statement(
    lambda insert_: (
        insert_(log_tables.event_counts)
        .values(
            customer_id=bindparam("customer_id"),
            field=bindparam("field"),
            value=bindparam("value"),
            count=bindparam("more"),
        )
        .on_conflict_do_update(
            index_elements=["customer_id", "field", "value"],
            set_={"count": _C.count + bindparam("more")},
        )
        .returning(_C.customer_id, _C.field, _C.value, _C.count)
    )
)


async def number(session: Session, events: Sequence[dict[str, Any]]) -> None:
    """Count events, which are in the order of the log, and give each its numbers."""
    alike: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for event in events:
        customer_id, is_shown = event["customer_id"], event["event_type"] is not None
        for field, ordinal in _ORDINALS:
            value = event[field]
            event[ordinal] = None
            if is_shown and value is not None:
                alike.setdefault((customer_id, field, value), []).append(event)
    if not alike:
        return
    compiled = _COUNT.on(session.dialect)
    counted = await session.rows_many(
        compiled,
        [
            compiled.arguments(
                {"customer_id": of, "field": field, "value": value, "more": len(some)}
            )
            for (of, field, value), some in alike.items()
        ],
    )
    for customer_id, field, value, count in counted:
        some = alike[customer_id, field, value]
        for at, event in enumerate(some, count - len(some) + 1):
            event[NUMBERS[field]] = at


_UNNUMBERED = Statement(
    select(_E.sequence, *(_E[field] for field in NUMBERS))
    .where(_E.customer_id == bindparam("customer_id"), _E.sequence > bindparam("after"))
    .order_by(_E.sequence)
)
_NUMBER = Statement(
    update(log_tables.events)
    .where(_E.customer_id == bindparam("customer"), _E.sequence == bindparam("at"))
    .values({name: bindparam(name) for name in ("number", *NUMBERS.values())})
)
_NUMBERED = Statement(
    update(log_tables.chains)
    .where(_H.customer_id == bindparam("customer"))
    .values(number=bindparam("number"), numbered=_H.sequence)
)


async def catch_up(session: Session, customer_id: str, numbered: int, newest: int) -> int:
    """Number the events that a process of the version before has written since.

    `numbered` is the sequence of the last one that has numbers, `newest` its number among those
    that the wire shows; returns what that is now.
    """
    compiled = _UNNUMBERED.on(session.dialect)
    rows = await session.rows(
        compiled, compiled.arguments({"customer_id": customer_id, "after": numbered})
    )
    events: list[dict[str, Any]] = []
    for sequence, *values in rows:
        event = dict(zip(NUMBERS, values, strict=True))
        newest += event["event_type"] is not None
        keys = {"customer_id": customer_id, "customer": customer_id, "at": sequence}
        events.append({**event, **keys, "number": newest})
    await number(session, events)
    compiled = _NUMBER.on(session.dialect)
    await session.run_many(compiled, [compiled.arguments(event) for event in events])
    compiled = _NUMBERED.on(session.dialect)
    await session.run(compiled, compiled.arguments({"customer": customer_id, "number": newest}))
    return newest
