"""Events for which several things must hold: the shortest list that has them all is gone through.

What somebody sees who sees his own events and those of services is two lists, put together: for a
few services by their numbers, for all of them by going along the log, where they stand close.
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

from tenantry.areas.events import spans
from tenantry.areas.events.model import COLUMNS, EventRow, Selection, Sight
from tenantry.areas.events.spans import WHOLE, E, Span, axis, on_axis
from tenantry.core import schema
from tenantry.core.context import Reading
from tenantry.core.statements import Row, Statement, is_one_of

_C = schema.event_counts.c


class Shape(msgspec.Struct, frozen=True):
    """What a statement asks for, but for the values: there is one for each shape."""

    along: str = WHOLE
    """The field whose list is gone through."""
    equal: tuple[str, ...] = ()
    own: str | None = None
    services: bool | None = None
    """True: of any service; False: of some; None: it does not matter."""
    extended: bool = False

    @property
    def is_sparse(self) -> bool:
        """Whether it is better not to go along the whole log."""
        return not self.along and self.services is False and not self.extended


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


def _seen(shape: Shape) -> list[ColumnElement[bool]]:
    """Each of what makes an event be seen."""
    if shape.services is None:
        return []
    own = [] if shape.own is None else [E[shape.own] == bindparam("own")]
    return [*own, _of_services(shape)]


def _rows_of(shape: Shape) -> ColumnElement[bool]:
    """The events of a shape, in a span of the list that is gone through."""
    place = axis(shape.along)
    if shape.is_sparse or (not shape.along and shape.equal):
        # Not to be found by: another index is shorter.
        place = place + 0
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
    seen = _seen(shape)
    return select(*columns).where(_rows_of(shape), *([or_(*seen)] if seen else []))


def _merged(shape: Shape) -> Any:
    """The sequences of what is seen for one reason or the other, each found by its own index."""
    rows = _rows_of(shape)
    first, *others = (select(E.sequence).where(rows, one) for one in _seen(shape))
    return first.union(*others).subquery("found")


@cache
def _count(shape: Shape) -> Statement[Row]:
    if shape.is_sparse:
        return Statement(select(func.count()).select_from(_merged(shape)))
    return Statement(_sifted(shape, func.count()))


@cache
def _page(shape: Shape, *, ascending: bool) -> Statement[EventRow]:
    size, skipped = bindparam("size", type_=Integer), bindparam("skipped", type_=BigInteger)
    if shape.is_sparse:
        place = _merged(shape).c.sequence
        part = select(place).order_by(place if ascending else place.desc())
        part = part.limit(size).offset(skipped)
        page = select(*COLUMNS).where(on_axis(WHOLE), E.sequence.in_(part))
        return Statement(page.order_by(E.sequence if ascending else E.sequence.desc()), EventRow)
    place = axis(shape.along)
    page = _sifted(shape, *COLUMNS).order_by(place if ascending else place.desc())
    return Statement(page.limit(size).offset(skipped), EventRow)


async def page_of(
    call: Reading, selection: Selection, size: int, skipped: int, *, ascending: bool
) -> tuple[list[EventRow], int]:
    """A page of a selection, and how many events are on all of them."""
    along, span = await _shortest(call, selection)
    among = {along: selection.equal[along]} if along else {}
    span = await spans.between(call, span, among, selection.since, selection.until)
    shape = _shape(call, selection, along)
    records = await _counted(call, selection, shape, span)
    if skipped >= records:
        return [], records
    rows = await call.all(
        _page(shape, ascending=ascending),
        customer_id=call.customer_id,
        low=span.low,
        high=span.high,
        size=size,
        skipped=skipped,
        **_values(selection),
    )
    return rows, records


async def _shortest(call: Reading, selection: Selection) -> tuple[str, Span]:
    """The list that is gone through: events that the wire does not show stand in the log alone."""
    if call.extended_events or not selection.equal:
        return WHOLE, await spans.span_of(call, WHOLE)
    known = [
        (field, await spans.span_of(call, field, value))
        for field, value in sorted(selection.equal.items())
    ]
    return min(known, key=lambda one: one[1].length)


async def _counted(call: Reading, selection: Selection, shape: Shape, span: Span) -> int:
    if not span.length:
        return 0
    is_timed = selection.since is not None or selection.until is not None
    if selection.sight is not None and not (shape.along or shape.extended or is_timed):
        return await _counted_apart(call, selection.sight)
    found = await call.one(
        _count(shape),
        customer_id=call.customer_id,
        low=span.low,
        high=span.high,
        **_values(selection),
    )
    return 0 if found is None else int(found[0])


def _services_counted(*, any_service: bool) -> Statement[Row]:
    place = axis("service_id")
    oldest = (
        select(place)
        .where(E.customer_id == _C.customer_id, E.service_id == _C.value, place > 0)
        .order_by(place)
        .limit(1)
        .correlate(schema.event_counts)
        .scalar_subquery()
    )
    counted = select(func.coalesce(func.sum(_C["count"] - oldest + 1), 0)).where(
        _C.customer_id == bindparam("customer_id"), _C.field == "service_id"
    )
    return Statement(counted if any_service else counted.where(is_one_of(_C.value, "services")))


_OF_SERVICES = {flag: _services_counted(any_service=flag) for flag in (False, True)}


async def _counted_apart(call: Reading, sight: Sight) -> int:
    """His own events, and those of services, but for what is both: of the whole log."""
    given = {} if sight.services is None else {"services": sorted(sight.services)}
    found = await call.one(
        _OF_SERVICES[sight.services is None], customer_id=call.customer_id, **given
    )
    of_services = 0 if found is None else int(found[0])
    if sight.own is None:
        return of_services
    field, value = sight.own
    span = await spans.span_of(call, field, value)
    both = Selection(equal={field: value}, sight=Sight(None, sight.services))
    return of_services + span.length - await _counted(call, both, _shape(call, both, field), span)
