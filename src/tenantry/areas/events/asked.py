"""Which events a query string asks for (contract: billing §8.2)."""

import re
from collections.abc import Callable
from typing import Literal

from tenantry.areas.events.model import Wanted
from tenantry.core.clock import DAY, SECOND, Instant, moment_of
from tenantry.core.errors import bad_request
from tenantry.core.numbering import NUMBERS
from tenantry.http.message import Query
from tenantry.http.operation import JSON_API_PAGED, QueryParameter

_TIME = "filter[created_at]"
_TIMES = {f"{_TIME}[{word}]": word for word in ("gt", "gte", "lt", "lte")}
_EQUAL = {f"filter[{field}]": field for field in NUMBERS}
_CUSTOMER = "filter[customer_id]"
_KNOWN = frozenset({_CUSTOMER, _TIME, *_TIMES, *_EQUAL})
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LONGEST = 40

Sort = Literal["created_at", "-created_at"]

PARAMETERS = (
    *JSON_API_PAGED,
    QueryParameter("sort", description="created_at, or -created_at: newest first, as without it"),
    *(QueryParameter(name, description=f"This {field} alone") for name, field in _EQUAL.items()),
    QueryParameter(_CUSTOMER, description="One's own customer; no other has events here"),
    QueryParameter(_TIME, description="A day, or a time to the second (ISO 8601)"),
    *(QueryParameter(name, description=f"A day or a time: {_TIMES[name]}") for name in _TIMES),
)


def wanted(query: Query) -> Wanted:
    """The events that are asked for; an empty filter is none. Raises Problem 400."""
    named = [name for name in query if name.startswith("filter[")]
    for name in named:
        if name not in _KNOWN:
            detail = f"{name[:100]} is not a filter of events"
            raise bad_request(detail)
    given = {name: text for name in named if (text := query.get(name))}
    equal = {field: given[name] for name, field in _EQUAL.items() if name in given}
    since, until = _time(given)
    return Wanted(customer_id=given.get(_CUSTOMER), equal=equal, since=since, until=until)


def is_ascending(query: Query) -> bool:
    """Whether the oldest come first. Raises Problem 400."""
    sort = query.get("sort") or "-created_at"
    if sort not in {"created_at", "-created_at"}:
        raise bad_request("sort must be created_at or -created_at")
    return sort == "created_at"


_BOUNDS: dict[str, tuple[Callable[[Instant, Instant], Instant], bool]] = {
    "gt": (lambda _, end: end, True),
    "gte": (lambda begin, _: begin, True),
    "lt": (lambda begin, _: begin, False),
    "lte": (lambda _, end: end, False),
}
"""Whether the begin or the end of what is named bounds the time, and whether from below."""


def _time(given: dict[str, str]) -> tuple[Instant | None, Instant | None]:
    """From when on, and until before when."""
    lowest: list[Instant] = []
    highest: list[Instant] = []
    if _TIME in given:
        begin, end = _named(_TIME, given[_TIME])
        lowest.append(begin)
        highest.append(end)
    for name, word in _TIMES.items():
        if name in given:
            bound, is_lowest = _BOUNDS[word]
            (lowest if is_lowest else highest).append(bound(*_named(name, given[name])))
    return max(lowest, default=None), min(highest, default=None)


def _named(name: str, text: str) -> tuple[Instant, Instant]:
    """Where a day or a second begins, and where the next does. Raises Problem 400."""
    text = text.strip()[:_LONGEST]
    try:
        if _DATE.fullmatch(text):
            day = _second(f"{text}T00:00:00Z")
            return day, day + DAY
        second = _second(text)
    except ValueError as problem:
        detail = f"{name} must be a date or a time such as 2026-03-01T10:00:00Z"
        raise bad_request(detail) from problem
    return second, second + SECOND


def _second(text: str) -> Instant:
    """A time, of any year, without its sub-seconds; one that names no offset is UTC."""
    moment = moment_of(text)
    if moment.tzinfo is None:
        moment = moment_of(f"{text}Z")
    return int(moment.replace(microsecond=0).timestamp()) * SECOND
