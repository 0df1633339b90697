"""The moment that a question is about: an instant, or the number of an event of the log."""

from collections.abc import Iterable

import msgspec
from sqlalchemy import bindparam, func, select

from tenantry.access import history
from tenantry.access.history import State
from tenantry.core import schema
from tenantry.core.clock import SECOND, Instant, read, shown
from tenantry.core.context import Reading
from tenantry.core.errors import bad_request
from tenantry.core.statements import Statement, point

_E = schema.events.c
_HEAD = Statement(select(func.max(_E.sequence)).where(_E.customer_id == bindparam("customer_id")))
_HAPPENED = point([_E.created_at], schema.events, customer_id=_E.customer_id, sequence=_E.sequence)
_LONGEST = 40
_FURTHEST = 1 << 40
"""An event's number that no log has; a larger one would overflow the database's integers."""


class Moment(msgspec.Struct, frozen=True):
    """The end of the log at some instant."""

    sequence: int
    at: Instant


async def moment(call: Reading, text: str | None) -> Moment:
    """The moment that a text names; the present if there is none.

    A number is that of an event: the moment is when it had just happened. An instant has the
    precision of what is shown of events: its whole second is included. Raises Problem 400, 410.
    """
    head = await call.one(_HEAD, customer_id=call.customer_id)
    newest: int = head[0] if head is not None and head[0] is not None else 0
    if not text:
        return Moment(newest, call.now)
    if text.isascii() and text.isdigit():
        sequence = int(text[:_LONGEST])
        if not 1 <= sequence <= newest:
            detail = f"There is no event {sequence}: the log goes from 1 to {newest}"
            raise bad_request(detail)
        oldest, at = await _oldest(call)
        if sequence < oldest:
            raise history.forgotten(oldest, at)
        return Moment(sequence, await _happened(call, sequence))
    return await _at(call, _instant(text), newest)


def resumed(call: Reading, sequence: int, at: Instant) -> Moment:
    """The moment that a cursor keeps. Raises Problem 400."""
    if not (0 <= sequence <= _FURTHEST and 0 <= at <= call.now):
        raise bad_request("The cursor is not valid")
    return Moment(sequence, at)


def _instant(text: str) -> Instant:
    try:
        return read(text[:_LONGEST])
    except ValueError as problem:
        words = "neither the number of an event nor a time such as 2026-03-01T10:00:00Z"
        detail = f"'{text[:_LONGEST]}' is {words}"
        raise bad_request(detail) from problem


async def _at(call: Reading, instant: Instant, newest: int) -> Moment:
    if instant > call.now:
        detail = f"{shown(instant)} is in the future"
        raise bad_request(detail)
    oldest, first = await _oldest(call)
    end = min(instant + SECOND - 1, call.now)
    if end < first:
        if oldest > 1:
            raise history.forgotten(oldest, first)
        detail = f"{shown(instant)} is before the first event, at {shown(first)}"
        raise bad_request(detail)
    # Events are numbered as they happen, so their instants can be searched by halves.
    low, high = oldest, newest
    while low < high:
        middle = (low + high + 1) // 2
        if await _happened(call, middle) <= end:
            low = middle
        else:
            high = middle - 1
    return Moment(low, end)


async def _oldest(call: Reading) -> tuple[int, Instant]:
    """The number of the oldest event that is kept, and when it happened."""
    row = await call.one(history.OLDEST, customer_id=call.customer_id)
    return (1, 0) if row is None else (row[0], row[1])


async def _happened(call: Reading, sequence: int) -> Instant:
    row = await call.one(_HAPPENED, customer_id=call.customer_id, sequence=sequence)
    return 0 if row is None else int(row[0])


async def state_at(call: Reading, when: Moment, about: Iterable[str] | None = None) -> State:
    """The state of the call's customer at a moment; of everybody, or of some (history.load)."""
    return await history.load(call.rows, call.customer_id, when.sequence, when.at, about)
