"""What traffic there was: bandwidth and requests by region and service (contract: billing §6).

One statement tells all of it, so that the sums of months and days and the parts of days that are
looked up in the ledger are of one moment. Whoever is limited to services is told of these alone, in
totals too.
"""

import asyncio
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    bindparam,
    cast,
    func,
    literal,
    select,
    union_all,
)

from tenantry.areas.pricing.regions import REGIONS
from tenantry.areas.usage.seeing import services_of
from tenantry.areas.usage.spans import Span
from tenantry.areas.usage.sums import micro_units
from tenantry.core import schema
from tenantry.core.billing_tables import usage_days, usage_events, usage_months
from tenantry.core.context import Reading
from tenantry.core.session import Reads
from tenantry.core.statements import Row, Statement, is_one_of

_D, _E, _M, _S = usage_days.c, usage_events.c, usage_months.c, schema.services.c

NOWHERE = "global"
"""The key of what has no region: the catalogue says which metrics have (contract: billing §7.1)."""

_COUNTS = {
    ("cdn_usage", "bandwidth"): 0,
    ("cdn_usage", "requests"): 1,
    ("compute_usage", "requests"): 2,
}
_PRODUCTS = [literal(one) for one in sorted({product_id for product_id, _ in _COUNTS})]
_METRICS = [literal(one) for one in sorted({metric for _, metric in _COUNTS})]
_REGIONS = [literal(one) for one in ("", *REGIONS)]


class Traffic(msgspec.Struct):
    """What was counted, in micro-units: of bytes, requests, and requests to Compute."""

    bandwidth: int = 0
    requests: int = 0
    compute_requests: int = 0

    def add(self, count: int, micros: int) -> None:
        """Add to one of the three."""
        match count:
            case 0:
                self.bandwidth += micros
            case 1:
                self.requests += micros
            case _:
                self.compute_requests += micros


Traffics = dict[tuple[str, str], Traffic]
"""By region key and service id; the service is empty where it was not asked for, or is none."""


def _total(column: ColumnElement[int]) -> ColumnElement[int]:
    # PostgreSQL would make it a decimal.
    return cast(func.sum(column), BigInteger)


def _whole_days(first: str, last: str, *, by_service: bool) -> Select[Any]:
    """Of some months. Summed in the order of the key, so that nothing is sorted.

    Of everything: to look at what each row is of would take longer than to leave out some sums.
    """
    keys = (_D.product_id, _D.metric, _D.region)
    service = (_D.service_id,) if by_service else ()
    return (
        select(
            *keys,
            _D.service_id if by_service else literal("").label("service_id"),
            _total(_D.millions),
            _total(_D.micros),
        )
        .where(
            _D.customer_id == bindparam("customer_id"),
            _D.month.between(bindparam(first), bindparam(last)),
            _D.day.between(bindparam("first_day"), bindparam("last_day")),
        )
        .group_by(_D.month, *keys, *service)
    )


def _part_of_day(name: str, *, by_service: bool) -> Select[Any]:
    """A part of the ledger: a range of the key of each thing that may have been metered."""
    sign = bindparam(f"{name}_sign", type_=BigInteger())
    keys = (_E.product_id, _E.metric, _E.region)
    service = (_E.service_id,) if by_service else ()
    return (
        select(
            *keys,
            _E.service_id if by_service else literal("").label("service_id"),
            sign * _total(_E.millions),
            sign * _total(_E.micros),
        )
        .where(
            _E.customer_id == bindparam("customer_id"),
            _E.month == bindparam(f"{name}_month"),
            _E.product_id.in_(_PRODUCTS),
            _E.metric.in_(_METRICS),
            _E.region.in_(_REGIONS),
            _E.at >= bindparam(f"{name}_since"),
            _E.at < bindparam(f"{name}_until"),
            _E.voided_at.is_(None),
        )
        .group_by(*keys, *service)
    )


_WHOLE_MONTHS = select(
    *(_M.product_id, _M.metric, _M.region, literal("").label("service_id")),
    *(_M.millions, _M.micros),
).where(
    _M.customer_id == bindparam("customer_id"),
    _M.month.between(bindparam("first_whole"), bindparam("last_whole")),
)


def _all(*whole: Select[Any], by_service: bool) -> Statement[Row]:
    edges = [_part_of_day(name, by_service=by_service) for name in ("head", "tail")]
    return Statement(union_all(*whole, *edges))


_BY_REGION = _all(
    _whole_days("first_month", "last_before", by_service=False),
    _WHOLE_MONTHS,
    _whole_days("first_behind", "last_month", by_service=False),
    by_service=False,
)
_BY_SERVICE = _all(_whole_days("first_month", "last_month", by_service=True), by_service=True)
_NAMES = Statement(
    select(_S.id, _S.name).where(
        _S.customer_id == bindparam("customer_id"), is_one_of(_S.id, "ids")
    )
)


async def by_region(call: Reading, span: Span) -> dict[str, Traffic]:
    """The traffic of each region that had any; of the services that the caller may see."""
    seen = services_of(call.principal.grants)
    traffics = await _load(call, _BY_REGION if seen is None else _BY_SERVICE, span)
    return in_regions(traffics)


async def by_service(call: Reading, span: Span) -> Traffics:
    """The traffic of each service in each region, where the caller may see it.

    Who sees all is also told of what no service is named for.
    """
    return await _load(call, _BY_SERVICE, span)


def in_regions(traffics: Traffics) -> dict[str, Traffic]:
    """The sums over services."""
    totals: dict[str, Traffic] = {}
    for (region, _), traffic in traffics.items():
        total = totals.setdefault(region, Traffic())
        total.bandwidth += traffic.bandwidth
        total.requests += traffic.requests
        total.compute_requests += traffic.compute_requests
    return totals


async def _load(call: Reading, statement: Statement[Row], span: Span) -> Traffics:
    first, last = span.days
    given = {
        "customer_id": call.customer_id,
        "first_day": first,
        "last_day": last,
        "first_month": first // 100,
        "last_month": last // 100,
    }
    if statement is _BY_REGION:
        given |= _around(span)
    for name, edge in zip(("head", "tail"), span.edges, strict=True):
        given |= {
            f"{name}_sign": edge.sign,
            f"{name}_month": edge.month,
            f"{name}_since": edge.since,
            f"{name}_until": edge.until,
        }
    rows = await call.all(statement, **given)
    # There may be tens of thousands.
    return await asyncio.to_thread(_sorted_out, rows, services_of(call.principal.grants))


def _around(span: Span) -> dict[str, int]:
    """Which months are read whole, and which lie before and behind them; none twice."""
    first, last = span.months
    end = span.days[1] // 100
    if first > last:
        return {"last_before": end, "first_whole": 1, "last_whole": 0, "first_behind": end + 1}
    return {
        "last_before": first.plus(-1).number,
        "first_whole": first.number,
        "last_whole": last.number,
        "first_behind": last.plus(1).number,
    }


def _sorted_out(rows: list[Row], seen: frozenset[str] | None) -> Traffics:
    found: Traffics = {}
    for product_id, metric, region, service_id, millions, micros in rows:
        count = _COUNTS.get((product_id, metric))
        if count is None or (seen is not None and service_id not in seen):
            continue
        traffic = found.setdefault((region or NOWHERE, service_id), Traffic())
        traffic.add(count, micro_units(millions, micros))
    return {key: each for key, each in found.items() if each != _NO_TRAFFIC}


_NO_TRAFFIC = Traffic()


async def names_of(reads: Reads, customer_id: str, services: list[str]) -> dict[str, str]:
    """What services are called, or were when they were deleted; without those that are none."""
    return dict(await reads.all(_NAMES, customer_id=customer_id, ids=services))
