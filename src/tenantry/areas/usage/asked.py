"""Which months, or days, a query string asks for (contract: billing §4)."""

import re
from datetime import UTC, datetime, timedelta

from tenantry.areas.pricing.months import Month
from tenantry.core.clock import DAY, Instant
from tenantry.core.errors import bad_request
from tenantry.http.message import Query
from tenantry.http.operation import QueryParameter

MOST_MONTHS = 3
_MOST_DAYS = 92
"""As many as three months have at most."""
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

MONTHS = (
    QueryParameter("start_month", description="The first month, such as 2024-05"),
    QueryParameter("end_month", description="The last month, at most the third"),
)
DAYS = (
    QueryParameter("time_granularity", description="month, or day for a span of days"),
    QueryParameter("start_date", description="With day: the first day, such as 2024-05-01"),
    QueryParameter("end_date", description="With day: the last day, at most the 92nd"),
)


def months(query: Query) -> tuple[Month | None, Month | None]:
    """The first and the last month, as far as they are given. Raises Problem 400."""
    first, last = (_month(query, name) for name in ("start_month", "end_month"))
    if first is not None and last is not None:
        if last < first:
            raise bad_request("start_month is later than end_month")
        if last > first.plus(MOST_MONTHS - 1):
            raise bad_request("At most three months can be asked for at once")
    return first, last


def _month(query: Query, name: str) -> Month | None:
    text = query.get(name)
    if not text:
        return None
    try:
        return Month.parse(text)
    except ValueError as problem:
        detail = f"{name} must be a month such as 2024-05"
        raise bad_request(detail) from problem


def span_of_months(query: Query, now: Instant) -> tuple[Instant, Instant]:
    """Some whole months; one that is not named is as the other, or this one. Raises Problem 400."""
    first, last = months(query)
    first = first or last or Month.of(now)
    return first.first, (last or first).end


def span_of_days(query: Query, now: Instant) -> tuple[Instant, Instant]:
    """Whole months, or whole days where these are asked for. Raises Problem 400.

    One day that is not named is as the other; none is this month up to today.
    """
    granularity = query.get("time_granularity") or "month"
    if granularity not in {"month", "day"}:
        raise bad_request("time_granularity must be month or day")
    others = ("start_date", "end_date") if granularity == "month" else ("start_month", "end_month")
    if given := next((name for name in others if query.get(name)), None):
        detail = f"{given} does not go with time_granularity={granularity}"
        raise bad_request(detail)
    if granularity == "month":
        return span_of_months(query, now)
    return _span_of_days(query, now)


def _span_of_days(query: Query, now: Instant) -> tuple[Instant, Instant]:
    first, last = (_day(query, name) for name in ("start_date", "end_date"))
    if first is None and last is None:
        first, last = Month.of(now).first, now - now % DAY
    first, last = (last if first is None else first), (first if last is None else last)
    if first is None or last is None or last < first:
        raise bad_request("start_date is later than end_date")
    if last - first >= _MOST_DAYS * DAY:
        detail = f"At most {_MOST_DAYS} days can be asked for at once"
        raise bad_request(detail)
    return first, last + DAY


def _day(query: Query, name: str) -> Instant | None:
    text = query.get(name)
    if not text:
        return None
    try:
        if _DATE.fullmatch(text) and (day := _midnight(text)) >= 0:
            return day
    except ValueError as problem:
        detail = f"{name}: there is no such day"
        raise bad_request(detail) from problem
    detail = f"{name} must be a day such as 2024-05-01"
    raise bad_request(detail)


def _midnight(text: str) -> Instant:
    then = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return (then - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
