"""Several lists put together: of each, no more is read than the page has places.

Wherever in the log their events stand, and however few they are: it is not gone along.
"""

from sqlalchemy import bindparam, select

from tenantry.areas.events import spans
from tenantry.areas.events.model import COLUMNS, EventRow, Selection, Sight
from tenantry.areas.events.spans import E, axis, on_axis
from tenantry.core.context import Reading
from tenantry.core.numbering import NUMBERS
from tenantry.core.statements import Statement

_MOST_LISTS, _MOST_EVENTS = 20, 2000

_PART = {
    field: Statement(
        select(E.sequence, *COLUMNS).where(
            on_axis(field), axis(field).between(bindparam("low"), bindparam("high"))
        )
    )
    for field in NUMBERS
}


def lists_of(sight: Sight, most: int) -> list[tuple[str, str]]:
    """The lists that somebody sees, by field and value; none where they are too many.

    `most` is how many events of each a page may take.
    """
    if sight.services is None:
        return []
    lists = [("service_id", one) for one in sorted(sight.services)]
    lists += [] if sight.own is None else [sight.own]
    is_short = len(lists) <= _MOST_LISTS and len(lists) * most <= _MOST_EVENTS
    return lists if is_short else []


async def page_of(  # noqa: PLR0913 - a page has that many sides
    call: Reading,
    lists: list[tuple[str, str]],
    selection: Selection,
    size: int,
    skipped: int,
    *,
    ascending: bool,
) -> list[EventRow]:
    """A page of the events in any of some lists, in the time of a selection."""
    found: dict[int, EventRow] = {}
    for field, value in lists:
        span = await spans.span_of(call, field, value)
        span = await spans.between(call, span, {field: value}, selection)
        part = span.part(skipped + size, 0, ascending=ascending)
        rows = await call.all(
            _PART[field],
            customer_id=call.customer_id,
            low=part.low,
            high=part.high,
            **{field: value},
        )
        found |= {sequence: EventRow(*event) for sequence, *event in rows}
    order = sorted(found, reverse=not ascending)
    return [found[sequence] for sequence in order[skipped : skipped + size]]
