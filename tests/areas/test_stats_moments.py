"""From when, until when: the words that statistics understand, and what they read for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.areas.pricing.months import Month
from tenantry.areas.usage.moments import moment, months_before
from tenantry.areas.usage.spans import Span, span
from tenantry.core.clock import DAY, HOUR, MINUTE, SECOND, Instant, read

NOW = read("2026-03-31T10:20:30Z") + 400_000

UNDERSTOOD = {
    "now": NOW,
    " NOW ": NOW,
    "today": read("2026-03-31T00:00:00Z"),
    "Yesterday": read("2026-03-30T00:00:00Z"),
    "1 minute ago": NOW - MINUTE,
    "90 minutes ago": NOW - 90 * MINUTE,
    "1  hour   ago": NOW - HOUR,
    "10 days ago": NOW - 10 * DAY,
    "2 weeks ago": NOW - 14 * DAY,
    "two weeks ago": NOW - 14 * DAY,
    "Twelve Hours Ago": NOW - 12 * HOUR,
    "a day ago": NOW - DAY,
    "an hour ago": NOW - HOUR,
    "one minute ago": NOW - MINUTE,
    "30 seconds ago": NOW - 30 * SECOND,
    "last hour": NOW - HOUR,
    "last day": NOW - DAY,
    "last year": read("2025-03-31T10:20:30Z") + 400_000,
    "1 year ago": read("2025-03-31T10:20:30Z") + 400_000,
    "two years ago": read("2024-03-31T10:20:30Z") + 400_000,
    "last week": NOW - 7 * DAY,
    "0 days ago": NOW,
    # February has no 31st.
    "last month": read("2026-02-28T10:20:30Z") + 400_000,
    "1 month ago": read("2026-02-28T10:20:30Z") + 400_000,
    "13 months ago": read("2025-02-28T10:20:30Z") + 400_000,
    "25 months ago": read("2024-02-29T10:20:30Z") + 400_000,
    "0": 0,
    "1717200000": read("2024-06-01T00:00:00Z"),
    "2024-06-01": read("2024-06-01T00:00:00Z"),
    "2024-06-01T12:30:00Z": read("2024-06-01T12:30:00Z"),
    "2024-06-01T12:30:00": read("2024-06-01T12:30:00Z"),
    "2024-06-01T12:30:00.000001Z": read("2024-06-01T12:30:00Z") + 1,
    "2024-06-01T12:30:00+02:00": read("2024-06-01T10:30:00Z"),
    "2024-06-01T12:30:00 02:00": read("2024-06-01T10:30:00Z"),
    "2024-06-01T12:30:00-02:00": read("2024-06-01T14:30:00Z"),
    "2024-06-01T12:30:00 0200": read("2024-06-01T10:30:00Z"),
    "2024-06-01t12:30:00z": read("2024-06-01T12:30:00Z"),
    "2024-06-01 12:30": read("2024-06-01T12:30:00Z"),
    "2024-06-01 12:30:00 utc": read("2024-06-01T12:30:00Z"),
    "2024-06-01 12:30:00 UTC": read("2024-06-01T12:30:00Z"),
    "9999-12-31T23:59:59Z": read("9999-12-31T23:59:59Z"),
}


@pytest.mark.parametrize("text", list(UNDERSTOOD))
def test_a_time_is_understood(text: str) -> None:
    assert moment(text, NOW) == UNDERSTOOD[text]


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "-1", "1.5", "1e9", "NaN", "tomorrow", "ago", "days ago", "-1 days ago"),
        *(
            "thirteen days ago",
            "a decade ago",
            "1.5 days ago",
            "last night",
            "in 2 days",
            "now now",
        ),
        *("last two days", "last day ago", "last days", "two", "week ago", "100000 years ago"),
        *("2024-13-01", "2024-02-30", "1969-12-31T23:59:59Z", "0001-01-01", "10000-01-01"),
        *("999999999999", "999999 months ago", "999999 weeks ago", "٣ days ago", "\0", "9" * 500),
        *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-01:00", "2024-06-01T12:00:00+2"),
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time such as"):
        moment(text, NOW)


@given(st.text(max_size=40))
def test_whatever_is_said_is_a_time_or_refused(text: str) -> None:
    try:
        found = moment(text, NOW)
    except ValueError:
        return
    assert 0 <= found < read("9999-12-31T23:59:59Z") + SECOND


def test_months_before_keep_the_time_of_the_day() -> None:
    assert months_before(read("2026-01-15T01:02:03Z") + 7, 1) == read("2025-12-15T01:02:03Z") + 7


def _covered(read_as: Span, at: Instant) -> int:
    """How often an instant is counted."""
    inside = sum(edge.sign for edge in read_as.edges if edge.since <= at < edge.until)
    return (read_as.begin <= at < read_as.end) + inside


_AT = st.integers(0, 5 * DAY)
_IN_MONTHS = st.integers(0, 70 * DAY)


@given(st.tuples(_IN_MONTHS, _IN_MONTHS).map(sorted), _IN_MONTHS, st.lists(_AT, max_size=5))
def test_every_instant_of_a_span_is_counted_once(
    bounds: list[int], now: Instant, some: list[int]
) -> None:
    since, until = bounds
    read_as = span(since, until, now)
    edges = [instant for edge in read_as.edges for instant in (edge.since, edge.until)]
    near = [at + by for at in (since, until, *edges, *some) for by in (-1, 0, 1)]
    for at in near:
        assert _covered(read_as, at) == (since <= at < until), at
    for edge in read_as.edges:
        last = max(edge.until - 1, edge.since)
        assert Month.of(edge.since) == Month.of(last), "one month of the ledger"


@given(st.tuples(_AT, _AT).map(sorted))
def test_no_more_than_half_a_day_is_looked_up_at_either_end(bounds: list[int]) -> None:
    since, until = bounds
    edges = span(since, until, 6 * DAY).edges
    assert sum(edge.until - edge.since for edge in edges) <= DAY
    if since // DAY != until // DAY:
        assert all(edge.until - edge.since <= DAY // 2 for edge in edges)


def test_nothing_but_what_is_ahead_of_time_is_looked_up_for_today() -> None:
    midnight = 3 * DAY
    now = midnight + 10 * HOUR
    assert span(midnight, now, now).edges[1].since == now
    assert span(midnight - DAY, now, now).edges[1].since == now
