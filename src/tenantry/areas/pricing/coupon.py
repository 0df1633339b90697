"""A coupon: what it takes off, from what, and for how long (contract: billing §7.1, R13)."""

import re
from decimal import Decimal
from typing import Any, Literal

import msgspec

from tenantry.areas.pricing.money import decimals, round_money
from tenantry.areas.pricing.months import Month
from tenantry.areas.pricing.reading import BadTerms, read, refuse_text, settle
from tenantry.core.clock import DAY, Instant
from tenantry.core.clock import read as read_instant

EVERYTHING = "all"
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WHOLE = 100
_MOST_PERIODS = 100_000
_FOR_EVER = read_instant("9999-12-31T23:59:59Z")
"""No later time can be shown."""


class Coupon(msgspec.Struct, frozen=True, kw_only=True):
    """A credit that a customer was granted."""

    code: str
    kind: Literal["fixed", "percent"]
    value: Decimal
    """Money, or percent."""
    remaining: Decimal | None = None
    """What a fixed one has left, in money."""
    periods_left: int | None = None
    """For how many invoices more it counts; None: for any number."""
    scope: str = EVERYTHING
    """`all`, or a product line, or a product's id."""
    valid_from: Instant | None = None
    valid_until: Instant | None = None
    """The first instant at which it is no longer valid."""
    created_at: Instant = 0

    def __post_init__(self) -> None:
        refuse_text(self, "code", "scope")
        settle(self, "value", "remaining")
        if self.kind == "fixed" and self.remaining is None:
            msgspec.structs.force_setattr(self, "remaining", self.value)
        for field, why in self._wrong():
            message = f"{field}: {why}"
            raise ValueError(message)

    def _wrong(self) -> list[tuple[str, str]]:
        is_percent = self.kind == "percent"
        is_reversed = None not in (self.valid_from, self.valid_until) and (
            (self.valid_from or 0) >= (self.valid_until or 0)
        )
        checks = (
            ("value", "must be more than 0", self.value == 0),
            ("value", "must be at most 100 percent", is_percent and self.value > _WHOLE),
            ("remaining", "only a fixed coupon has it", is_percent and self.remaining is not None),
            ("periods_left", "is negative", (self.periods_left or 0) < 0),
            (
                *("periods_left", f"must be at most {_MOST_PERIODS}"),
                (self.periods_left or 0) > _MOST_PERIODS,
            ),
            ("valid_until", "must be later than valid_from", is_reversed),
        )
        return [(field, why) for field, why, is_wrong in checks if is_wrong]

    def counts_in(self, month: Month) -> bool:
        """Whether it is valid at any instant of the month, and something is left of it.

        What is rated is the month, so it doesn't matter when in it, nor when it is posted.
        """
        return (
            (self.valid_from is None or self.valid_from < month.end)
            and (self.valid_until is None or self.valid_until > month.first)
            and self.periods_left != 0
            and self.remaining != 0
        )


class NewCoupon(msgspec.Struct, kw_only=True):
    """A coupon to grant."""

    code: str
    kind: Literal["fixed", "percent"]
    value: Decimal
    """Money, or percent."""
    remaining: Decimal | None = None
    """What a fixed one has left, if not all of it."""
    periods_left: int | None = None
    """For how many invoices it counts; any number if left out."""
    scope: str = EVERYTHING
    """`all`, or a product line, or a product's id."""
    valid_from: str | None = None
    """RFC 3339; a date alone means its first instant."""
    valid_until: str | None = None
    """RFC 3339; a date alone means its last instant."""


class _Written(NewCoupon, kw_only=True, forbid_unknown_fields=True):
    """The same as a file says it, which also knows when it was granted."""

    created_at: str | None = None


def parse_coupon(given: Any) -> Coupon:
    """Read a coupon, decoded from JSON. Raises BadTerms, naming the place that is wrong.

    Times are RFC 3339; a date alone is its first instant, and as `valid_until` its last.
    """
    fields = msgspec.structs.asdict(read(given, _Written))
    for field, is_last in (("valid_from", False), ("valid_until", True), ("created_at", False)):
        fields[field] = read_time(field, fields[field], is_last=is_last)
    try:
        return Coupon(**fields | {"created_at": fields["created_at"] or 0})
    except ValueError as problem:
        raise BadTerms(*str(problem).split(": ", 1)) from problem


def refuse_parts_of_cents(coupon: Coupon, currency: str) -> None:
    """See that all of a fixed one can be taken off: the last part of a cent never. Raises BadTerms.

    The place that is wrong is `value` or `remaining`.
    """
    for name, amount in (("value", coupon.value), ("remaining", coupon.remaining)):
        if amount is not None and round_money(amount, currency) != amount:
            raise BadTerms(name, f"has more decimals than the {decimals(currency)} of {currency}")


def read_time(field: str, text: str | None, *, is_last: bool = False) -> Instant | None:
    """An RFC 3339 time, or a date: its first instant, or the first after it. Raises BadTerms."""
    if text is None:
        return None
    is_date = _DATE.fullmatch(text) is not None
    try:
        found = read_instant(f"{text}T00:00:00Z" if is_date else text)
    except (ValueError, OverflowError) as problem:
        raise BadTerms(field, f"{text!r} is not an RFC 3339 time") from problem
    return min(found + DAY, _FOR_EVER) if is_date and is_last else found
