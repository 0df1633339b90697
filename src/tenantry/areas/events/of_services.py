"""How many events of services there are: of each service, the newest number less the oldest."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, bindparam, case, func, select

from tenantry.areas.events.spans import E, Span, axis
from tenantry.core import schema
from tenantry.core.context import Reading
from tenantry.core.statements import Row, Statement, is_one_of

_PLACE, _S = axis("service_id"), schema.services.c


def _end(order: ColumnElement[int]) -> ScalarSelect[int]:
    """The number of a service's oldest or newest event."""
    of = E.customer_id == _S.customer_id, E.service_id == _S.id, _PLACE > 0
    found = select(_PLACE).where(*of).order_by(order).limit(1)
    return found.correlate(schema.services).scalar_subquery()


_OLDEST, _NEWEST = _end(_PLACE), _end(_PLACE.desc())


def _whose(*, is_any: bool) -> list[ColumnElement[bool]]:
    """All services that there have ever been, or those in a list."""
    whose = [_S.customer_id == bindparam("customer_id")]
    return whose if is_any else [*whose, is_one_of(_S.id, "services")]


def _all(*, is_any: bool) -> Statement[Row]:
    counted = func.coalesce(func.sum(_NEWEST - _OLDEST + 1), 0)
    return Statement(select(counted).where(*_whose(is_any=is_any)))


def _before(*, is_any: bool) -> Statement[Row]:
    """How many there are before a sequence: its place is looked for by halves, in each list."""
    search: Any = (
        select(
            _S.id.label("value"),
            _OLDEST.label("oldest"),
            _OLDEST.label("low"),
            (_NEWEST + 1).label("high"),
        )
        .where(*_whose(is_any=is_any))
        .cte("search", recursive=True)
    )
    middle = (search.c.low + search.c.high) // 2
    lies_before = (
        select(E.sequence < bindparam("sequence"))
        .where(
            E.customer_id == bindparam("customer_id"),
            E.service_id == search.c.value,
            axis("service_id") == middle,
        )
        .scalar_subquery()
    )
    search = search.union_all(
        select(
            search.c.value,
            search.c.oldest,
            case((lies_before, middle + 1), else_=search.c.low),
            case((lies_before, search.c.high), else_=middle),
        ).where(search.c.low < search.c.high)
    )
    counted = func.coalesce(func.sum(search.c.low - search.c.oldest), 0)
    return Statement(select(counted).where(search.c.low == search.c.high))


_ALL = {flag: _all(is_any=flag) for flag in (False, True)}
_BEFORE = {flag: _before(is_any=flag) for flag in (False, True)}


async def count(call: Reading, services: Collection[str] | None, among: Span | None) -> int:
    """Of all services or some; in the whole log, or in a span of its sequences."""
    given: dict[str, Any] = {"customer_id": call.customer_id}
    if services is not None:
        given["services"] = sorted(services)
    if among is None:
        return await _one(call, _ALL[services is None], **given)
    before = _BEFORE[services is None]
    behind = await _one(call, before, sequence=among.high + 1, **given)
    return behind - await _one(call, before, sequence=among.low, **given)


async def _one(call: Reading, statement: Statement[Row], **given: Any) -> int:
    found = await call.one(statement, **given)
    return 0 if found is None else int(found[0])
