"""A span of time as it is read: whole days from the sums of days, the rest from the ledger.

Little but the parts of its first and its last day is looked up in the ledger, and of each of
these the shorter way round: what is before the span's begin is taken from the day's sum, or what
is after it is added to the days behind. Either is exact to the microsecond. Of a month that runs
nothing is after now: it is read whole.
"""

import msgspec

from tenantry.areas.pricing.months import Month, day_number
from tenantry.core.clock import DAY, MINUTE, Instant

_AHEAD = 5 * MINUTE
"""How far ahead of time usage is taken in (contract: billing R22): the ledger ends there."""


class Edge(msgspec.Struct, frozen=True):
    """A part of a day, `[since, until)`, that is added (1) or taken away (-1)."""

    sign: int
    since: Instant
    until: Instant

    @property
    def month(self) -> int:
        """Which part of the ledger it is in: a number such as 202405."""
        return day_number(self.since) // 100


class Span(msgspec.Struct, frozen=True):
    """Whole days, `[begin, end)`, none if these are not in order; and what differs from them."""

    begin: Instant
    end: Instant
    edges: tuple[Edge, Edge]

    @property
    def days(self) -> tuple[int, int]:
        """The first and the last day, as numbers such as 20240531."""
        return day_number(self.begin), day_number(self.end - DAY)

    @property
    def months(self) -> tuple[Month, Month]:
        """The first and the last month that are in it whole; in the other order if none is."""
        first, last = Month.of(self.begin), Month.of(self.end - DAY)
        if first.first < self.begin:
            first = first.plus(1)
        return first, last.plus(-1) if last.end > self.end else last


def span(since: Instant, until: Instant, now: Instant) -> Span:
    """How to read `[since, until)`; exact whatever the clock says, and short where it is right."""
    first, last = since - since % DAY, until - until % DAY
    head, tail = Edge(-1, first, since), Edge(-1, until, last + DAY)
    if first == last:
        inside = Edge(1, since, until)
        if _length(inside, now) <= _length(head, now) + _length(tail, now):
            return Span(last, last, (inside, Edge(1, until, until)))
        return Span(first, last + DAY, (head, tail))
    begin, end = first, last + DAY
    if _length(Edge(1, since, first + DAY), now) < _length(head, now):
        begin, head = first + DAY, Edge(1, since, first + DAY)
    if _length(Edge(1, last, until), now) <= _length(tail, now):
        end, tail = last, Edge(1, last, until)
    month = Month.of(until)
    rest = Edge(-1, until, month.end)
    if until > month.first and _length(rest, now) <= max(_length(tail, now), _AHEAD):
        end, tail = month.end, rest
    return Span(begin, end, (head, tail))


def whole(begin: Instant, end: Instant) -> Span:
    """Some whole days."""
    return Span(begin, end, (Edge(1, begin, begin), Edge(1, begin, begin)))


def _length(edge: Edge, now: Instant) -> int:
    """How much of the ledger it can hold."""
    return max(min(edge.until, now + _AHEAD) - min(edge.since, now + _AHEAD), 0)
