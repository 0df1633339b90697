"""Where in the log events stand: a list is a span of numbers, and so is any time in it.

An event's place among all is its sequence, which has no gaps, and among those with the same value
of a field its number there (`core/numbering.py`). Time never goes back along either, so the place
where an instant begins is found by halves, in the database.
"""

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, and_, bindparam, case, select
from sqlalchemy.types import BigInteger

from tenantry.areas.events.model import Selection
from tenantry.core import schema
from tenantry.core.clock import Instant
from tenantry.core.context import Reading
from tenantry.core.numbering import NUMBERS
from tenantry.core.statements import Row, Statement, point

E, _H = schema.events.c, schema.chains.c

WHOLE = ""
"""The axis of a whole log, beside those of its fields."""


class Span(msgspec.Struct, frozen=True):
    """Places from `low` to `high`, both included; none if `high` is less."""

    low: int
    high: int

    @property
    def length(self) -> int:
        """How many places."""
        return max(self.high - self.low + 1, 0)

    def part(self, size: int, skipped: int, *, ascending: bool) -> "Span":
        """A page of it, counted from its beginning or from its end."""
        if ascending:
            low = self.low + skipped
            return Span(low, min(low + size - 1, self.high))
        high = self.high - skipped
        return Span(max(high - size + 1, self.low), high)


NOTHING = Span(1, 0)


def axis(field: str) -> ColumnElement[int]:
    """The column with the places."""
    return E[NUMBERS[field]] if field else E.sequence


def on_axis(field: str) -> ColumnElement[bool]:
    """Which events have a place there."""
    whose = E.customer_id == bindparam("customer_id")
    return and_(whose, E[field] == bindparam(field)) if field else whose


def _searched(field: str, is_before: ColumnElement[bool], place: ColumnElement[int]) -> Any:
    """The first place from `low` on that is not before something; `high` is behind the last."""
    search = select(
        bindparam("low", type_=BigInteger).label("low"),
        bindparam("high", type_=BigInteger).label("high"),
    ).cte("search", recursive=True)
    middle = (search.c.low + search.c.high) // 2
    lies_before = select(is_before).where(on_axis(field), place == middle).scalar_subquery()
    search = search.union_all(
        select(
            case((lies_before, middle + 1), else_=search.c.low),
            case((lies_before, search.c.high), else_=middle),
        ).where(search.c.low < search.c.high)
    )
    return select(search.c.low).where(search.c.low == search.c.high)


_BEGINS = {
    field: Statement(_searched(field, E.created_at < bindparam("instant"), axis(field)))
    for field in (WHOLE, *NUMBERS)
}
_NUMBERED = Statement(_searched(WHOLE, E.number < bindparam("number"), E.sequence))


def _ends(field: str) -> Statement[Row]:
    place = axis(field)
    numbered = select(place).where(on_axis(field), place > 0).limit(1)
    oldest, newest = numbered.order_by(place), numbered.order_by(place.desc())
    return Statement(select(oldest.scalar_subquery(), newest.scalar_subquery()))


_ENDS = {field: _ends(field) for field in NUMBERS}
_WHOLE = Statement(
    select(E.sequence, E.number, E.event_type, _H.sequence, _H.number)
    .select_from(schema.chains.join(schema.events, E.customer_id == _H.customer_id))
    .where(_H.customer_id == bindparam("customer_id"))
    .order_by(E.sequence)
    .limit(1)
)
_NUMBER = point(
    [E.number, E.event_type], schema.events, customer_id=E.customer_id, sequence=E.sequence
)


async def span_of(call: Reading, field: str, value: str) -> Span:
    """Where the events with a value of a field stand among each other."""
    ends = await call.one(_ENDS[field], customer_id=call.customer_id, **{field: value})
    return NOTHING if ends is None or ends[0] is None else Span(ends[0], ends[1])


async def whole(call: Reading) -> tuple[Span, Span]:
    """The sequences of a log, and the numbers of those of its events that the wire shows."""
    ends = await call.one(_WHOLE, customer_id=call.customer_id)
    if ends is None:
        return NOTHING, NOTHING
    oldest, number, event_type, newest, newest_number = ends
    return Span(oldest, newest), _shown_between(number, event_type, newest_number)


def _shown_between(number: int | None, event_type: str | None, newest: int) -> Span:
    """Of a hidden event, the number is that of the last shown one before."""
    before = number or 0
    return Span(before if event_type is not None else before + 1, newest)


async def between(call: Reading, span: Span, among: dict[str, str], selection: Selection) -> Span:
    """The part of a span in a selection's time; `among` is the field and value of its axis."""
    since, until = selection.since, selection.until
    low = span.low if since is None else await _begin(call, span, among, since)
    high = span.high if until is None else await _begin(call, span, among, until) - 1
    return Span(low, high)


async def _begin(call: Reading, span: Span, among: dict[str, str], instant: Instant) -> int:
    """The place of the first event at or after an instant; behind the span if there is none."""
    (field,) = among or (WHOLE,)
    found = await call.one(
        _BEGINS[field],
        customer_id=call.customer_id,
        low=span.low,
        high=span.high + 1,
        instant=instant,
        **among,
    )
    return span.low if found is None else int(found[0])


async def numbers(call: Reading, span: Span) -> Span:
    """The numbers, among the events that the wire shows, of those in a span of sequences."""
    if not span.length:
        return NOTHING
    low = await call.one(_NUMBER, customer_id=call.customer_id, sequence=span.low)
    high = await call.one(_NUMBER, customer_id=call.customer_id, sequence=span.high)
    if low is None or high is None:
        return NOTHING
    return _shown_between(low[0], low[1], high[0] or 0)


async def sequence_of(call: Reading, number: int, span: Span, numbered: Span) -> int:
    """The sequence of a number; `numbered` are the numbers of the events in the span.

    It lies at least as far from both ends of the span as the number from those of the numbers: so
    where nothing is hidden, nothing has to be looked for.
    """
    low = span.low + number - numbered.low
    high = span.high - (numbered.high - number)
    if low == high:
        return low
    found = await call.one(
        _NUMBERED, customer_id=call.customer_id, low=low, high=high, number=number
    )
    return low if found is None else int(found[0])
