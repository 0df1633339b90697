"""Pages of events, newest first or oldest first, and exactly how many there are.

The whole log, and the events with one value of one field, are spans: a page is read by its
numbers, and counting is a subtraction. Where more must hold, the shortest of the spans is gone
through (`sifting.py`).
"""

from sqlalchemy import bindparam, select

from tenantry.areas.events import sifting, spans
from tenantry.areas.events.model import COLUMNS, EventRow, Selection
from tenantry.areas.events.spans import WHOLE, E, axis, on_axis
from tenantry.core.context import Reading
from tenantry.core.numbering import NUMBERS
from tenantry.core.statements import Statement

Page = tuple[list[EventRow], int]
"""Rows, and how many there are on all pages."""


def _page(field: str, *, ascending: bool) -> Statement[EventRow]:
    place = axis(field)
    page = select(*COLUMNS).where(
        on_axis(field), place.between(bindparam("low"), bindparam("high"))
    )
    return Statement(page.order_by(place if ascending else place.desc()), EventRow)


def _shown(*, ascending: bool) -> Statement[EventRow]:
    page = select(*COLUMNS).where(
        on_axis(WHOLE),
        E.sequence.between(bindparam("low"), bindparam("high")),
        E.event_type.is_not(None),
    )
    order = E.sequence if ascending else E.sequence.desc()
    return Statement(page.order_by(order).limit(bindparam("size")), EventRow)


_PAGES = {
    (field, ascending): _page(field, ascending=ascending)
    for field in (WHOLE, *NUMBERS)
    for ascending in (False, True)
}
_SHOWN = {ascending: _shown(ascending=ascending) for ascending in (False, True)}


async def page_of(
    call: Reading, selection: Selection | None, size: int, skipped: int, *, ascending: bool
) -> Page:
    """A page of a selection."""
    if selection is None:
        return [], 0
    equal = dict(selection.equal)
    is_span = selection.sight is None and len(equal) <= (0 if call.extended_events else 1)
    if not is_span:
        return await sifting.page_of(call, selection, size, skipped, ascending=ascending)
    if not equal and not call.extended_events:
        return await _page_of_shown(call, selection, size, skipped, ascending=ascending)
    (field, value), *_ = *equal.items(), (WHOLE, "")
    span = await spans.span_of(call, field, value) if field else (await spans.whole(call))[0]
    span = await spans.between(call, span, equal, selection)
    part = span.part(size, skipped, ascending=ascending)
    if not part.length:
        return [], span.length
    rows = await call.all(
        _PAGES[field, ascending],
        customer_id=call.customer_id,
        low=part.low,
        high=part.high,
        **equal,
    )
    return rows, span.length


async def _page_of_shown(
    call: Reading, selection: Selection, size: int, skipped: int, *, ascending: bool
) -> Page:
    """A page of all that the wire shows of the whole log."""
    span, numbered = await spans.whole(call)
    if selection.is_timed:
        span = await spans.between(call, span, {}, selection)
        numbered = await spans.numbers(call, span)
    part = numbered.part(size, skipped, ascending=ascending)
    if not part.length:
        return [], numbered.length
    low, high = span.low, span.high
    # From one end on, as many as are wanted: where that end is the span's, it is known.
    if ascending and part.low > numbered.low:
        low = await spans.sequence_of(call, part.low, span, numbered)
    if not ascending and part.high < numbered.high:
        high = await spans.sequence_of(call, part.high, span, numbered)
    rows = await call.all(
        _SHOWN[ascending],
        customer_id=call.customer_id,
        low=low,
        high=high,
        size=part.length,
    )
    return rows, numbered.length
