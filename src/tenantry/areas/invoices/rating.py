"""Rating: from terms and usage to the lines of an invoice, as a pure function.

The same terms, usage and coupons give the same lines, byte for byte, whatever the order they come
in. Nothing here reads a clock or a database.
"""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from tenantry.areas.invoices.credits import credit
from tenantry.areas.invoices.lines import Line, Usage
from tenantry.areas.invoices.rating_usage import rate_usage
from tenantry.areas.invoices.readjusting import readjust
from tenantry.areas.invoices.shortfall import shortfall_lines
from tenantry.areas.invoices.taxation import tax_lines
from tenantry.areas.pricing.money import exactly, round_money
from tenantry.areas.pricing.months import Month
from tenantry.areas.pricing.terms import Coupon, Terms

__all__ = ["Rated", "rate_month", "rate_usage", "readjust", "total"]


class Rated(msgspec.Struct, frozen=True):
    """A month as posting it invoices it."""

    lines: list[Line]
    total: Decimal
    coupons_after: list[Coupon]
    """What is left of each coupon that was used."""


@exactly
def rate_month(
    terms: Terms,
    month: Month,
    usage: Usage,
    coupons: Sequence[Coupon],
    adjustments: Sequence[Line] = (),
) -> Rated:
    """Rate a month in full (contract: billing R1 to R16).

    `adjustments` are of earlier months, the oldest first, as `readjust` gives them.
    """
    own = rate_usage(terms, month, usage)
    lines = [*own, *adjustments, *shortfall_lines(terms, month, own)]
    credited = credit(lines, coupons, month, terms.plan.currency)
    lines += [*credited.lines, *tax_lines(terms, month, lines, credited.left)]
    return Rated(lines, total(lines, terms.plan.currency), credited.coupons_after)


@exactly
def total(lines: Sequence[Line], currency: str) -> Decimal:
    """The sum, with the currency's decimals; nothing is rounded again (contract: billing R15)."""
    return round_money(sum((line.amount for line in lines), Decimal(0)), currency)
