"""What coupons take off, and from which lines (contract: billing R13)."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from tenantry.areas.invoices.lines import Line
from tenantry.areas.pricing.coupon import EVERYTHING, Coupon
from tenantry.areas.pricing.money import round_money, round_ratio
from tenantry.areas.pricing.months import Month

ZERO = Decimal(0)


class Credited(msgspec.Struct, frozen=True):
    """What coupons did to some lines."""

    lines: list[Line]
    """The credits, a negative line each."""
    left: list[Decimal]
    """What they left of each line that they were taken from, or that was there."""
    coupons_after: list[Coupon]
    """What is left of each coupon that was used."""


def credit(
    lines: Sequence[Line], coupons: Sequence[Coupon], month: Month, currency: str
) -> Credited:
    """Apply every coupon that counts in the month, each to what those before it left.

    No line, and a coupon untouched, where nothing is left to take it from. What adjustments give
    back is not given twice: credits never make the sum negative.
    """
    done = Credited([], [line.amount for line in lines], [])
    for coupon in sorted((each for each in coupons if each.counts_in(month)), key=_order):
        base = {
            place: left
            for place, (line, left) in enumerate(zip(lines, done.left, strict=True))
            if left > 0 and _covers(coupon, line)
        }
        room = min(sum(base.values(), ZERO), sum(done.left, ZERO))
        amount = min(_offered(coupon, sum(base.values(), ZERO), currency), room)
        if amount > 0:
            for place, share in _spread(amount, base, currency).items():
                done.left[place] -= share
            done.lines.append(_line(coupon, -amount, month))
            done.coupons_after.append(_after(coupon, amount))
    return done


def _order(coupon: Coupon) -> tuple[bool, bool, int, int, str]:
    """Scoped first, then what expires first, then what was granted first."""
    return (
        coupon.scope == EVERYTHING,
        coupon.valid_until is None,
        coupon.valid_until or 0,
        coupon.created_at,
        coupon.code,
    )


def _covers(coupon: Coupon, line: Line) -> bool:
    """Whether a line is in its scope; a percentage is of this month's own prices only (R18)."""
    if coupon.kind == "percent" and line.kind == "adjustment":
        return False
    return coupon.scope in (EVERYTHING, line.product_line, line.product_id)


def _offered(coupon: Coupon, base: Decimal, currency: str) -> Decimal:
    if coupon.kind == "percent":
        return round_ratio(base * coupon.value, Decimal(100), currency)
    return round_money(min(coupon.remaining or ZERO, base), currency)


def _spread(amount: Decimal, over: dict[int, Decimal], currency: str) -> dict[int, Decimal]:
    """Share an amount out pro rata, the remainder to the largest: no share exceeds its line."""
    base = sum(over.values())
    shares = {
        place: round_ratio(amount * weight, Decimal(base), currency)
        for place, weight in over.items()
    }
    missing = amount - sum(shares.values())
    for place in sorted(over, key=lambda place: (-over[place], place)):
        mended = min(max(shares[place] + missing, ZERO), over[place])
        missing -= mended - shares[place]
        shares[place] = mended
    return shares


def _line(coupon: Coupon, amount: Decimal, month: Month) -> Line:
    return Line(
        kind="credit",
        description=f"Credit {coupon.code}",
        amount=amount,
        rate=amount,
        units=Decimal(1),
        product_name="Credit",
        product_group="Credits",
        product_line="Account",
        usage_type="credit",
        month=month.number,
        coupon=coupon.code,
    )


def _after(coupon: Coupon, amount: Decimal) -> Coupon:
    remaining, periods = coupon.remaining, coupon.periods_left
    return msgspec.structs.replace(
        coupon,
        remaining=None if remaining is None else max(remaining - amount, ZERO),
        periods_left=None if periods is None else periods - 1,
    )
