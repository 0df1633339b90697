"""The numbers that events get in the log, by what they are looked for by.

Of the events with one value of a field, the n-th has the number n there. So a page of a list is a
range of numbers, and the length of the list is the newest less the oldest. Events that the wire has
no name for are not numbered: no list shows them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, func, select

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

Newest = dict[tuple[str, str], int]
"""The newest number of the events of one customer with a value of a field, by both."""

MAX_KNOWN = 8
"""Numbers of a customer that are remembered; each takes about 200 bytes."""

_E = log_tables.events.c
_ORDINALS = tuple(NUMBERS.items())
_NEWEST = {
    field: Statement(
        select(func.coalesce(func.max(_E[ordinal]), 0)).where(
            _E.customer_id == bindparam("customer_id"), _E[field] == bindparam("value")
        )
    )
    for field, ordinal in _ORDINALS
}


async def number(
    session: Session, events: Sequence[dict[str, Any]], known: Mapping[str, Newest]
) -> dict[str, Newest]:
    """Give events, which are in the order of the log, their numbers.

    `known` are the newest numbers as far as they are remembered, by customer; returns them as they
    are then.
    """
    newest = {customer_id: dict(known[customer_id]) for customer_id in known}
    lacking: dict[tuple[str, str, str], None] = {}
    for event in events:
        customer_id, is_shown = event["customer_id"], event["event_type"] is not None
        for field, ordinal in _ORDINALS:
            value = event[field]
            event[ordinal] = None
            if is_shown and value is not None and (field, value) not in newest[customer_id]:
                lacking[field, customer_id, value] = None
    if lacking:
        await _look_up(session, sorted(lacking), newest)
    for event in events:
        if event["event_type"] is not None:
            _number(event, newest[event["customer_id"]])
    for numbers in newest.values():
        while len(numbers) > MAX_KNOWN:
            del numbers[next(iter(numbers))]
    return newest


def _number(event: dict[str, Any], newest: Newest) -> None:
    for field, ordinal in _ORDINALS:
        value = event[field]
        if value is not None:
            # Behind the others, so that what was not used for longest is forgotten first.
            event[ordinal] = newest[field, value] = newest.pop((field, value)) + 1


async def _look_up(
    session: Session, lacking: Sequence[tuple[str, str, str]], newest: Mapping[str, Newest]
) -> None:
    for field, statement in _NEWEST.items():
        keys = [(customer_id, value) for by, customer_id, value in lacking if by == field]
        if not keys:
            continue
        compiled = statement.on(session.dialect)
        given = [{"customer_id": customer_id, "value": value} for customer_id, value in keys]
        rows = await session.rows_many(compiled, [compiled.arguments(one) for one in given])
        for (customer_id, value), (found,) in zip(keys, rows, strict=True):
            newest[customer_id][field, value] = found
