"""Fees of every month, and what is owed of them for a part of one (contract: billing R11)."""

from decimal import Decimal

from tenantry.areas.invoices.lines import Line
from tenantry.areas.pricing.money import round_money, round_ratio
from tenantry.areas.pricing.months import Month
from tenantry.areas.pricing.terms import Terms
from tenantry.core.clock import DAY


def recurring_lines(terms: Terms, month: Month) -> list[Line]:
    """One line a fee, in the plan's order; none for a month in which the customer never was."""
    if not active_days(terms, month):
        return []
    return [
        Line(
            kind="recurring",
            description=fee.name,
            amount=round_money(rate, terms.plan.currency),
            rate=rate,
            units=Decimal(1),
            product_name=fee.name,
            product_group="Recurring fees",
            product_line=fee.product_line,
            usage_type="recurring",
            product_id=fee.product_id,
            month=month.number,
        )
        for fee in terms.plan.recurring_fees
        for rate in [prorated(fee.amount, terms, month)]
    ]


def prorated(amount: Decimal, terms: Terms, month: Month) -> Decimal:
    """What is owed of a month's amount; rounded, where it is a part."""
    days = active_days(terms, month)
    if days == month.days:
        return amount
    return round_ratio(amount * days, Decimal(month.days), terms.plan.currency)


def active_days(terms: Terms, month: Month) -> int:
    """On how many days of the month the customer was; those that he came and left on count."""
    first, last = month.first, month.end - 1
    if terms.active_from is not None:
        first = max(first, terms.active_from)
    if terms.active_until is not None:
        last = min(last, terms.active_until)
    return max(0, last // DAY - first // DAY + 1)
