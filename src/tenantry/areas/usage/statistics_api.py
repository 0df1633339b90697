"""How statistics of usage are reached (contract: billing §6)."""

import asyncio
import re

from tenantry.areas.pricing.months import Month
from tenantry.areas.pricing.regions import REGIONS
from tenantry.areas.usage import spans, statistics
from tenantry.areas.usage import statistics_shapes as shapes
from tenantry.areas.usage.moments import moment, months_before
from tenantry.areas.usage.statistics_shapes import Counts, MonthData, Statistics
from tenantry.core.clock import Instant
from tenantry.core.context import Reading
from tenantry.core.errors import bad_request
from tenantry.http.message import Query
from tenantry.http.operation import ANYWHERE, QueryParameter, operation
from tenantry.http.wire import STATS

_BYS = ("minute", "hour", "day")
_YEAR, _MONTH = re.compile(r"[0-9]{4}"), re.compile(r"[0-9]{1,2}")
_NO_MONTH = "year must be four digits from 1970 on, and month 01 to 12"
_TRUE, _FALSE = frozenset({"1", "true", "yes"}), frozenset({"", "0", "false", "no"})
_SPANNED = (
    QueryParameter("from", description="Unix seconds, ISO 8601, or words such as two weeks ago"),
    QueryParameter("to", description="Likewise; what was used from then on is not counted"),
    QueryParameter("by", description="minute, hour or day; it changes no sum"),
    QueryParameter("region", description="A region's key; all are told of none the less"),
)
_MONTHLY = (
    QueryParameter("year", description="Four digits; without it, this year"),
    QueryParameter("month", description="Two digits; without it, this month"),
    QueryParameter("billable_units", "boolean", "Gigabytes, and tens of thousands of requests"),
)


@operation("GET /stats/usage", allow=ANYWHERE, wire=STATS, query=_SPANNED)
async def get_usage(call: Reading, query: Query) -> Statistics[dict[str, Counts]]:
    """The traffic of every region in a span of time, of the services that the caller may see.

    What has no region stands below `global`.
    """
    since, until, meta = _asked(query, call.now)
    totals = await statistics.by_region(call, spans.span(since, until, call.now))
    return Statistics(shapes.of_regions(totals, shapes.counted), meta)


@operation("GET /stats/usage_by_service", allow=ANYWHERE, wire=STATS, query=_SPANNED)
async def get_usage_service(
    call: Reading, query: Query
) -> Statistics[dict[str, dict[str, Counts]]]:
    """The same by service. What was used without naming a service is not in it."""
    since, until, meta = _asked(query, call.now)
    traffics = await statistics.by_service(call, spans.span(since, until, call.now))
    return Statistics(await asyncio.to_thread(shapes.of_services, traffics), meta)


@operation("GET /stats/usage_by_month", allow=ANYWHERE, wire=STATS, query=_MONTHLY)
async def get_usage_month(call: Reading, query: Query) -> Statistics[MonthData]:
    """A month's traffic by service, and in all.

    All is what the caller may see; who sees every service also sees what names none.
    """
    month, shape = _month(query, call.now), _shape(query)
    traffics = await statistics.by_service(call, spans.whole(month.first, month.end))
    services = sorted({service_id for _, service_id in traffics if service_id})
    names = await statistics.names_of(call.rows, call.customer_id, services)
    data = await asyncio.to_thread(shapes.of_month, call.customer_id, traffics, names, shape)
    return Statistics(data, shapes.meta(month.first, month.end, by="month"))


@operation("GET /stats/regions", allow=ANYWHERE, wire=STATS)
async def get_regions(call: Reading) -> Statistics[list[str]]:
    """Every region's key, in the order of the alphabet."""
    return Statistics(sorted(REGIONS), shapes.meta(months_before(call.now, 1), call.now))


def _asked(query: Query, now: Instant) -> tuple[Instant, Instant, shapes.Meta]:
    """From when on, until before when, and what is told of it. Raises Problem 400."""
    until = _moment(query, "to", now, now)
    since = _moment(query, "from", max(months_before(until, 1), 0), now)
    if since > until:
        raise bad_request("from must not be after to")
    by, region = query.get("by") or "day", query.get("region") or "all"
    if by not in _BYS:
        raise bad_request("by must be minute, hour or day")
    if region not in REGIONS and region != "all":
        detail = f"region must be one of: {', '.join(sorted(REGIONS))}"
        raise bad_request(detail)
    return since, until, shapes.meta(since, until, by, region)


def _moment(query: Query, name: str, otherwise: Instant, now: Instant) -> Instant:
    text = query.get(name)
    if not text:
        return otherwise
    try:
        return moment(text, now)
    except ValueError as problem:
        detail = f"{name}: {problem}"
        raise bad_request(detail) from problem


def _month(query: Query, now: Instant) -> Month:
    """The month that is asked for; what is left out is as it is now. Raises Problem 400."""
    current = Month.of(now)
    year = query.get("year") or f"{current.year:04}"
    month = query.get("month") or current.text[-2:]
    if not (_YEAR.fullmatch(year) and _MONTH.fullmatch(month)):
        raise bad_request(_NO_MONTH)
    try:
        return Month.parse(f"{year}-{month:>02}")
    except ValueError as problem:
        raise bad_request(_NO_MONTH) from problem


def _shape(query: Query) -> shapes.Shape:
    wanted = (query.get("billable_units") or "").lower()
    if wanted in _TRUE:
        return shapes.billed
    if wanted in _FALSE:
        return shapes.counted
    raise bad_request("billable_units must be true or false")
