"""Points of time as statistics are asked for: Unix seconds, ISO 8601, a few words of English.

    1717200000 · 2024-06-01 · 2024-06-01T12:30:00.5+02:00 · 2024-06-01 00:00:00 UTC
    now · today · yesterday · 10 days ago · two weeks ago · an hour ago · last month

Days begin at midnight UTC, and a time that names no offset is UTC. A week or a month ago, or last,
is the same time of day then; where a month is too short for the day, it is its last
(contract: billing §6.1).
"""

import calendar
import re
from datetime import UTC, datetime, timedelta

from tenantry.core.clock import DAY, HOUR, MINUTE, SECOND, Instant, moment_of

_SECONDS = re.compile(r"[0-9]{1,12}")
_WORDS = "one two three four five six seven eight nine ten eleven twelve"
_COUNTS = {"last": 1, "a": 1, "an": 1, **{word: n for n, word in enumerate(_WORDS.split(), 1)}}
_UNIT = "(second|minute|hour|day|week|month|year)"
_AGO = re.compile(rf"([0-9]{{1,6}}|an?|{_WORDS.replace(' ', '|')}) {_UNIT}s? ago")
_LAST = re.compile(rf"(last) {_UNIT}")
_LENGTHS = {"second": SECOND, "minute": MINUTE, "hour": HOUR, "day": DAY, "week": 7 * DAY}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_END = 253_402_300_800 * SECOND
_LONGEST = 60
_MONTHS = 12
_IN_MONTHS = {"month": 1, "year": _MONTHS}


def moment(text: str, now: Instant) -> Instant:
    """What a text means at a moment. Raises ValueError."""
    words = " ".join(text[:_LONGEST].split())
    try:
        found = _english(words.lower(), now)
        if found is None:
            found = _number_or_date(words)
    except (ValueError, OverflowError) as problem:
        raise ValueError(_refusal(text)) from problem
    if not 0 <= found < _END:
        raise ValueError(_refusal(text))
    return found


def _refusal(text: str) -> str:
    return (
        f"'{text[:_LONGEST]}' is not a time such as 1717200000, 2024-06-01T00:00:00Z or 10 days ago"
    )


def _english(words: str, now: Instant) -> Instant | None:
    today = now - now % DAY
    named = {"now": now, "today": today, "yesterday": today - DAY}
    if words in named:
        return named[words]
    ago = _AGO.fullmatch(words) or _LAST.fullmatch(words)
    if ago is None:
        return None
    count = _COUNTS.get(ago[1]) or int(ago[1])
    months = _IN_MONTHS.get(ago[2])
    return months_before(now, count * months) if months else now - count * _LENGTHS[ago[2]]


def months_before(instant: Instant, count: int) -> Instant:
    """The same time of the day some calendar months earlier. Raises ValueError before year 1."""
    then = _EPOCH + timedelta(microseconds=instant)
    year, month = divmod(then.year * _MONTHS + then.month - 1 - count, _MONTHS)
    if year < 1:
        message = f"{count} months are too many"
        raise ValueError(message)
    longest = calendar.monthrange(year, month + 1)[1]
    return _instant(then.replace(year=year, month=month + 1, day=min(then.day, longest)))


def _number_or_date(words: str) -> Instant:
    if _SECONDS.fullmatch(words):
        return int(words) * SECOND
    then = moment_of(words.upper().removesuffix(" UTC"))
    return _instant(then if then.tzinfo else then.replace(tzinfo=UTC))


def _instant(then: datetime) -> Instant:
    return (then - _EPOCH) // timedelta(microseconds=1)
