"""Events for which several things must hold: the shortest list that has them all is gone through.

What somebody sees who sees his own events and those of services is two lists, put together. Where
these are of a few services, each of them gives as much as the page may take (`joining.py`). Where
they are of many, and long, their events stand close in the log, and a page is found by going along
it; where they are short, or shorter than what else is asked for, both are read whole.
"""

from functools import cache
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    and_,
    bindparam,
    func,
    or_,
    select,
)

from tenantry.areas.events import joining, of_services, spans
from tenantry.areas.events.model import COLUMNS, EventRow, Selection, Sight
from tenantry.areas.events.spans import WHOLE, E, Span, axis, on_axis
from tenantry.core import schema
from tenantry.core.context import Reading
from tenantry.core.log_tables import index_of
from tenantry.core.statements import Row, Statement, is_one_of, unindexed


class Shape(msgspec.Struct, frozen=True):
    """What a statement asks for, but for the values: there is one for each shape."""

    along: str = WHOLE
    """The field whose list is gone through."""
    equal: tuple[str, ...] = ()
    own: str | None = None
    services: bool | None = None
    """True: of any service; False: of some; None: it does not matter."""
    extended: bool = False


def _shape(call: Reading, selection: Selection, along: str) -> Shape:
    sight = selection.sight
    return Shape(
        along,
        tuple(sorted(field for field in selection.equal if field != along)),
        None if sight is None or sight.own is None else sight.own[0],
        None if sight is None else sight.services is None,
        call.extended_events,
    )


def _values(selection: Selection) -> dict[str, Any]:
    values: dict[str, Any] = dict(selection.equal)
    if selection.sight is not None:
        if selection.sight.own is not None:
            values["own"] = selection.sight.own[1]
        if selection.sight.services is not None:
            values["services"] = sorted(selection.sight.services)
    return values


def _of_services(shape: Shape) -> ColumnElement[bool]:
    return E.service_id.is_not(None) if shape.services else is_one_of(E.service_id, "services")


def _rows_of(shape: Shape) -> ColumnElement[bool]:
    """The events of a shape, in a span of the list that is gone through."""
    place = axis(shape.along)
    if not shape.along and shape.equal:
        place = unindexed(place)
    conditions = [on_axis(shape.along), place.between(bindparam("low"), bindparam("high"))]
    if not shape.along and not shape.extended:
        conditions.append(E.event_type.is_not(None))
    for field in shape.equal:
        column: ColumnElement[Any] = E[field]
        if shape.extended and field == "event_type":
            column = func.coalesce(E.event_type, E.action)
        conditions.append(column == bindparam(field))
    return and_(*conditions)


def _sifted(shape: Shape, *columns: ColumnElement[Any]) -> Select[Any]:
    sifted = select(*columns).where(_rows_of(shape))
    if shape.services is None:
        return sifted
    own = [] if shape.own is None else [E[shape.own] == bindparam("own")]
    return sifted.where(or_(*own, _of_services(shape)))


@cache
def _count(shape: Shape) -> Statement[Row]:
    return Statement(_sifted(shape, func.count()))


_LIMITS = bindparam("size", type_=Integer), bindparam("skipped", type_=BigInteger)


@cache
def _page(shape: Shape, *, ascending: bool) -> Statement[EventRow]:
    place = axis(shape.along)
    page = _sifted(shape, *COLUMNS).order_by(place if ascending else place.desc())
    return Statement(page.limit(_LIMITS[0]).offset(_LIMITS[1]), EventRow)


def _merged(shape: Shape) -> ColumnElement[int]:
    """The sequences of two short lists, each read by its own index."""
    whose = E.customer_id == bindparam("customer_id")
    # Of a sum or a joined text no index tells: PostgreSQL takes any span of a list to be short.
    inside = [whose, (E.sequence + 0).between(bindparam("low"), bindparam("high"))]
    inside += [E[field].concat("") == bindparam(field) for field in shape.equal]
    lists = {"service_id": _of_services(shape)}
    if shape.own is not None:
        lists[shape.own] = E[shape.own] == bindparam("own")
    each = [
        select(E.sequence)
        .where(*inside, axis(field) > 0, among)
        .with_hint(schema.events, f"INDEXED BY {index_of(field)}", "sqlite")
        for field, among in lists.items()
    ]
    return each[0].union(*each[1:]).subquery("found").c.sequence


@cache
def _merged_count(shape: Shape) -> Statement[Row]:
    return Statement(select(func.count(_merged(shape))))


@cache
def _merged_page(shape: Shape, *, ascending: bool) -> Statement[EventRow]:
    """As `_page`, of two short lists."""
    found = _merged(shape)
    part = select(found).order_by(found if ascending else found.desc())
    part = part.limit(_LIMITS[0]).offset(_LIMITS[1])
    page = select(*COLUMNS).where(E.customer_id == bindparam("customer_id"), E.sequence.in_(part))
    return Statement(page.order_by(E.sequence if ascending else E.sequence.desc()), EventRow)


async def page_of(
    call: Reading, selection: Selection, size: int, skipped: int, *, ascending: bool
) -> tuple[list[EventRow], int]:
    """A page of a selection, and how many events are on all of them."""
    along, span = await _shortest(call, selection)
    among = {along: selection.equal[along]} if along else {}
    span = await spans.between(call, span, among, selection)
    shape = _shape(call, selection, along)
    sight = None if along or shape.extended else selection.sight
    if not span.length:
        return [], 0
    if along and await _is_shorter(call, selection, span):
        return await _page_of_merged(call, selection, size, skipped, ascending=ascending)
    if sight is None:
        records = await _counted(call, selection, along, span)
    else:
        records = await _counted_apart(call, selection, sight, span)
    if skipped >= records:
        return [], records
    lists = [] if sight is None else joining.lists_of(sight, skipped + size)
    if lists:
        rows = await joining.page_of(call, lists, selection, size, skipped, ascending=ascending)
        return rows, records
    # As many events as lie between as many as are wanted, or all that are seen.
    is_short = sight is not None and records * records < (skipped + size) * span.length
    rows = await call.all(
        (_merged_page if is_short else _page)(shape, ascending=ascending),
        customer_id=call.customer_id,
        low=span.low,
        high=span.high,
        size=size,
        skipped=skipped,
        **_values(selection),
    )
    return rows, records


async def _is_shorter(call: Reading, selection: Selection, span: Span) -> bool:
    """Whether what somebody sees is fewer than the events that would be gone through."""
    sight = selection.sight
    if sight is None:
        return False
    own = 0 if sight.own is None else (await spans.span_of(call, *sight.own)).length
    return own + await of_services.count(call, sight.services, None) < span.length


async def _page_of_merged(
    call: Reading, selection: Selection, size: int, skipped: int, *, ascending: bool
) -> tuple[list[EventRow], int]:
    """Go through the lists that somebody sees, and look for what is asked for there."""
    span = await spans.between(call, (await spans.whole(call))[0], {}, selection)
    shape = _shape(call, selection, WHOLE)
    given = {"customer_id": call.customer_id, "low": span.low, "high": span.high}
    given |= _values(selection)
    ((records,),) = await call.all(_merged_count(shape), **given)
    page = _merged_page(shape, ascending=ascending)
    return await call.all(page, **given, size=size, skipped=skipped), records


async def _shortest(call: Reading, selection: Selection) -> tuple[str, Span]:
    """The list that is gone through: events that the wire does not show stand in the log alone."""
    if call.extended_events or not selection.equal:
        return WHOLE, (await spans.whole(call))[0]
    known = [
        (field, await spans.span_of(call, field, value))
        for field, value in sorted(selection.equal.items())
    ]
    return min(known, key=lambda one: one[1].length)


async def _counted(call: Reading, selection: Selection, along: str, span: Span) -> int:
    found = await call.one(
        _count(_shape(call, selection, along)),
        customer_id=call.customer_id,
        low=span.low,
        high=span.high,
        **_values(selection),
    )
    return 0 if found is None else int(found[0])


async def _counted_apart(call: Reading, selection: Selection, sight: Sight, span: Span) -> int:
    """Somebody's own events, and those of services, but for what is both."""
    among = span if selection.is_timed else None
    count = await of_services.count(call, sight.services, among)
    if sight.own is None:
        return count
    field, value = sight.own
    own = await spans.span_of(call, field, value)
    own = await spans.between(call, own, {field: value}, selection)
    both = Selection(equal={field: value}, sight=Sight(None, sight.services))
    return count + own.length - await _counted(call, both, field, own)
