"""Billing periods: calendar months in UTC (contract: billing R1)."""

import calendar
import re
from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from tenantry.core.clock import DAY, SECOND, Instant

_TEXT = re.compile(r"([0-9]{4})-([0-9]{2})")
_YEARS = range(1970, 9999)
"""Those whose ends can be shown."""
_MONTHS = 12


class Month(msgspec.Struct, frozen=True, order=True):
    """One month, by its number: 202405 is May 2024."""

    number: int

    @staticmethod
    def of(instant: Instant) -> "Month":
        """The month that an instant is in."""
        return Month(day_number(instant) // 100)

    @staticmethod
    def parse(text: str) -> "Month":
        """Read `2024-05`. Raises ValueError."""
        found = _TEXT.fullmatch(text)
        year, month = (int(part) for part in found.groups()) if found else (0, 0)
        if year not in _YEARS or not 1 <= month <= _MONTHS:
            message = f"{text!r} is not a month such as 2024-05"
            raise ValueError(message)
        return Month(year * 100 + month)

    @property
    def year(self) -> int:
        """The year it is in."""
        return self.number // 100

    @property
    def text(self) -> str:
        """`2024-05`."""
        return f"{self.year:04}-{self.number % 100:02}"

    @property
    def days(self) -> int:
        """How many days it has."""
        return calendar.monthrange(self.year, self.number % 100)[1]

    @property
    def first(self) -> Instant:
        """Its first instant."""
        return _first(self.number)

    @property
    def end(self) -> Instant:
        """The first instant after it."""
        return self.first + self.days * DAY

    def plus(self, months: int) -> "Month":
        """The month that many later, or earlier."""
        years, month = divmod(self.year * _MONTHS + self.number % 100 - 1 + months, _MONTHS)
        return Month(years * 100 + month + 1)


@lru_cache(maxsize=1024)
def _first(number: int) -> Instant:
    year, month = divmod(number, 100)
    return int(datetime(year, month, 1, tzinfo=UTC).timestamp()) * SECOND


def day_number(instant: Instant) -> int:
    """The day that an instant is in, such as 20240531."""
    return _day_number(instant // DAY)


@lru_cache(maxsize=4096)
def _day_number(day: int) -> int:
    date = datetime.fromtimestamp(day * DAY // SECOND, UTC)
    return date.year * 10_000 + date.month * 100 + date.day
