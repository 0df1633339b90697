"""Time as the product counts it: whole microseconds since 1970, UTC.

An integer is the same on both databases, sorts, compares and travels without a time zone. What
a client sees is always whole seconds (contract: protocol §9).
"""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

Instant = int
"""Microseconds since the epoch."""

Clock = Callable[[], Instant]
"""Tells the present instant. Tests hand in one that they turn themselves."""

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_BLANK_FOR_PLUS = re.compile(r"([T:].*) (?=[0-9]{2}:?[0-9]{2}$)")
"""Behind a time: what is behind a date alone is the time."""
_LAST_SECOND = 253_402_300_799
"""9999-12-31T23:59:59Z: no later one can be shown."""
_LONGEST = 100
"""Characters of a text that is looked at: a time takes less, and a long text would take hours."""


def system_clock() -> Instant:
    """The machine's own time."""
    return time.time_ns() // 1000


@lru_cache(maxsize=4096)
def _shown_day(day: int) -> str:
    return datetime.fromtimestamp(day * (DAY // SECOND), UTC).strftime("%Y-%m-%d")


def _shown(instant: Instant) -> str:
    # Days are kept: to write a whole date takes twice as long, and few are the same in a list.
    minutes, second = divmod(instant // SECOND, 60)
    hours, minute = divmod(minutes, 60)
    day, hour = divmod(hours, 24)
    return f"{_shown_day(day)}T{hour:02}:{minute:02}:{second:02}Z"


shown: Callable[[Instant], str] = lru_cache(maxsize=65_536)(_shown)
"""`2026-03-01T10:00:00Z`: whole seconds, a literal Z (contract: protocol §9)."""


def shown_or_none(instant: Instant | None) -> str | None:
    """As `shown`; nothing stays nothing."""
    return None if instant is None else shown(instant)


def moment_of(text: str) -> datetime:
    """The moment that an ISO 8601 date-time names. Raises ValueError for anything else.

    RFC 3339 has the `z` in lower case, too; and in a form or a query string that nobody encoded,
    the plus of an offset has become a blank.
    """
    text = text.strip()
    if len(text) > _LONGEST:
        message = f"'{text[:_LONGEST]}…' is too long for a time"
        raise ValueError(message)
    return datetime.fromisoformat(_BLANK_FOR_PLUS.sub(r"\1+", text.upper()))


def read(text: str) -> Instant:
    """An ISO 8601 date-time, with `Z` or an offset, without its sub-seconds.

    Raises ValueError for anything else, also for a time that names no offset or is, in UTC, not
    in the years 1970 to 9999.
    """
    moment = moment_of(text)
    if moment.tzinfo is None:
        message = f"{text!r} names no time zone"
        raise ValueError(message)
    second = int(moment.replace(microsecond=0).timestamp())
    if not 0 <= second <= _LAST_SECOND:
        message = f"{text!r} is not in the years 1970 to 9999"
        raise ValueError(message)
    return second * SECOND
