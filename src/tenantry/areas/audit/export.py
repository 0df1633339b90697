"""The export of a log: its lines in the form that the verifiers read (docs/audit.md)."""

import asyncio

import msgspec
from sqlalchemy import and_, bindparam, func, select

from tenantry.core import schema
from tenantry.core.chain import line
from tenantry.core.context import Reading
from tenantry.core.errors import Problem
from tenantry.core.statements import Statement

MOST = 10_000
"""Lines of one answer: about 10 MB."""
FURTHEST = 1 << 53
"""A number that no event has."""

_E = schema.events.c
_LINES = Statement(
    select(_E.sequence, _E.hash, _E.body, _E.personal)
    .where(
        and_(
            _E.customer_id == bindparam("customer_id"),
            _E.sequence >= bindparam("first"),
            _E.sequence <= bindparam("last"),
        )
    )
    .order_by(_E.sequence)
    .limit(bindparam("most"))
)
_OLDEST = Statement(select(func.min(_E.sequence)).where(_E.customer_id == bindparam("customer_id")))


class Exported(msgspec.Struct, frozen=True):
    """Some successive lines, and the number of the event that the next answer begins with."""

    lines: bytes
    following: int | None


async def export(call: Reading, first: int | None, last: int, limit: int) -> Exported:
    """The events from one number to another, as many as fit into one answer.

    The first is the oldest that is kept unless it is named. Raises Problem 410 if what is named
    begins before that, or ends there: an answer that begins later would leave a hole in what is
    fetched piece by piece.
    """
    span = {"customer_id": call.customer_id, "first": first or 1, "last": last}
    rows = await call.all(_LINES, **span, most=limit + 1)
    if not rows or (first is not None and rows[0][0] > first):
        await _check_kept(call, last if first is None else first)
    following = rows[limit][0] if len(rows) > limit else None
    lines = await asyncio.to_thread(lambda: b"".join(line(*row) for row in rows[:limit]))
    return Exported(lines, following)


async def _check_kept(call: Reading, asked: int) -> None:
    """Refuse an event before the oldest that is kept. Raises Problem 410."""
    (oldest,) = await call.one(_OLDEST, customer_id=call.customer_id) or (None,)
    if oldest is not None and asked < oldest:
        detail = f"The oldest event that is kept is {oldest}: those before were archived"
        raise Problem(410, "Gone", detail)
