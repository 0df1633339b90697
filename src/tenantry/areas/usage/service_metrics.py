"""What services used in a span of days, in billable units, the largest use first (billing §4.2).

What was used without naming a service stands under an empty id, so that all rows of one thing come
to what the customer used of it.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import BigInteger, ColumnElement, Text, bindparam, cast, func, or_, select

from tenantry.areas.pricing.catalogue import Catalogue, Metric
from tenantry.areas.pricing.documents import catalogue
from tenantry.areas.pricing.money import units_of
from tenantry.areas.pricing.months import Month, day_number
from tenantry.areas.pricing.regions import REGIONS
from tenantry.areas.usage.metrics import UsageType
from tenantry.areas.usage.statistics import names_of
from tenantry.areas.usage.sums import micro_units
from tenantry.core.billing_tables import usage_days, usage_months
from tenantry.core.clock import DAY, Instant
from tenantry.core.session import Reads
from tenantry.core.statements import Row, Statement

_D, _M = usage_days.c, usage_months.c
_FINEST = 10**18
"""The largest divisor: in its parts, units of all metrics are whole numbers."""
MOST_MONTHS = 4
"""Months that three months' worth of days can touch."""

Metered = tuple[Metric, str] | None
"""A metric and a region's key."""

Place = tuple[int, str, str, str, str]
"""A row as it stands in the list: less than nothing by its units, counted in parts of `_FINEST`,
then service, product, metric and region."""


class Wanted(msgspec.Struct, frozen=True):
    """Which use is asked for: whole days, `[begin, end)`."""

    begin: Instant
    end: Instant
    type: UsageType | None = None
    service_id: str = ""
    """One service alone, if not empty."""


class ServiceUse(msgspec.Struct, frozen=True):
    """What a service used of one thing."""

    service_id: str
    metric: Metric
    region: str
    units: Decimal
    """In billable units, exact."""

    @property
    def name(self) -> str:
        """Of the usage type."""
        return self.metric.label(self.region)


class Page(msgspec.Struct, frozen=True):
    """A part of the list."""

    uses: list[ServiceUse]
    names: dict[str, str]
    """Of the services in it."""
    total: int
    """Rows on all pages."""
    last: Place | None
    """Where it ends, unless it is the last."""
    unit: str = "unit"
    """Of the usage type that was asked for."""


_KEY: tuple[ColumnElement[Any], ...] = (_D.product_id, _D.metric, _D.region, _D.service_id)


def _uses(*conditions: ColumnElement[bool]) -> Statement[Row]:
    """Summed in the order of the key, so that nothing is sorted."""
    months = [bindparam(f"month_{at}", type_=BigInteger()) for at in range(MOST_MONTHS)]
    service = bindparam("service_id", type_=Text())
    return Statement(
        select(
            *_KEY,
            cast(func.sum(_D.millions), BigInteger),
            cast(func.sum(_D.micros), BigInteger),
        )
        .where(
            _D.customer_id == bindparam("customer_id"),
            _D.month.in_(months),
            _D.day.between(bindparam("first_day"), bindparam("last_day")),
            or_(service == "", _D.service_id == service),
            *conditions,
        )
        .group_by(_D.month, *_KEY)
    )


_OF_ALL = _uses()
_OF_ONE = _uses(
    _D.product_id == bindparam("product_id"),
    _D.metric == bindparam("metric"),
    _D.region == bindparam("region"),
)
_METERED = Statement(
    select(_M.metric, _M.region)
    .where(
        _M.customer_id == bindparam("customer_id"),
        _M.month.between(bindparam("first"), bindparam("last")),
        _M.product_id == bindparam("product_id"),
    )
    .distinct()
    .order_by(_M.metric, _M.region)
)


async def page_of(
    reads: Reads, customer_id: str, wanted: Wanted, size: int, after: Place | None
) -> Page:
    """A page of what services used, after a place in the list."""
    names, metered = await catalogue(reads), None
    if wanted.type is not None:
        metered = await _metered(reads, customer_id, wanted, names)
        if metered is None:
            return Page([], {}, 0, None, unit=_unit(wanted.type, names))
    # There may be tens of thousands of rows.
    rows = await _rows(reads, customer_id, wanted, metered)
    places = await asyncio.to_thread(_ranked, rows, names)
    begin = 0 if after is None else bisect_right(places, after)
    page = places[begin : begin + size]
    services = sorted({place[1] for place in page if place[1]})
    return Page(
        [_use(place, names) for place in page],
        await names_of(reads, customer_id, services),
        len(places),
        page[-1] if begin + size < len(places) else None,
        unit="unit" if metered is None else metered[0].unit,
    )


def _unit(unused: UsageType, names: Catalogue) -> str:
    """What something would be counted in that was not used; what nobody knows, in pieces."""
    metrics = (each for each in names.listed if each.product_id == unused.product_id)
    called = (
        each.unit
        for each in metrics
        for region in (REGIONS if each.is_regional else ("",))
        if each.label(region) == unused.name
    )
    return next(called, "unit")


async def _rows(reads: Reads, customer_id: str, wanted: Wanted, metered: Metered) -> list[Row]:
    given = _given(customer_id, wanted)
    if metered is None:
        return await reads.all(_OF_ALL, **given)
    metric, region = metered
    given |= {"product_id": metric.product_id, "metric": metric.metric, "region": region}
    return await reads.all(_OF_ONE, **given)


def _given(customer_id: str, wanted: Wanted) -> dict[str, Any]:
    first, last = Month.of(wanted.begin), Month.of(wanted.end - DAY)
    months = [min(first.plus(at), last).number for at in range(MOST_MONTHS)]
    return {
        "customer_id": customer_id,
        "service_id": wanted.service_id,
        "first_day": day_number(wanted.begin),
        "last_day": day_number(wanted.end - DAY),
        **{f"month_{at}": month for at, month in enumerate(months)},
    }


async def _metered(reads: Reads, customer_id: str, wanted: Wanted, names: Catalogue) -> Metered:
    """The metric and the region of a usage type, if the customer used any of it."""
    asked = wanted.type or UsageType("", "")
    rows = await reads.all(
        _METERED,
        customer_id=customer_id,
        first=Month.of(wanted.begin).number,
        last=Month.of(wanted.end - DAY).number,
        product_id=asked.product_id,
    )
    for name, region in rows:
        metric = names.find(asked.product_id, name)
        if metric.label(region) == asked.name:
            return metric, region
    return None


def _ranked(rows: Iterable[Row], names: Catalogue) -> list[Place]:
    """Each service's use of each thing, summed over months; none that comes to nothing."""
    sums: dict[tuple[str, str, str, str], int] = {}
    for *key, millions, micros in rows:
        place = tuple(key)
        sums[place] = sums.get(place, 0) + micro_units(millions, micros)
    scales = {
        (product_id, metric): _FINEST // names.find(product_id, metric).divisor
        for product_id, metric, _, _ in sums
    }
    return sorted(
        (-micros * scales[product_id, metric], service_id, product_id, metric, region)
        for (product_id, metric, region, service_id), micros in sums.items()
        if micros
    )


def _use(place: Place, names: Catalogue) -> ServiceUse:
    less_than_nothing, service_id, product_id, metric, region = place
    return ServiceUse(
        service_id, names.find(product_id, metric), region, units_of(-less_than_nothing, _FINEST)
    )
