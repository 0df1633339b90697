"""The least that a month costs (contract: billing R12)."""

from collections.abc import Iterable
from decimal import Decimal

from tenantry.areas.invoices.lines import Line
from tenantry.areas.invoices.recurring import prorated
from tenantry.areas.pricing.money import round_money
from tenantry.areas.pricing.months import Month
from tenantry.areas.pricing.terms import Terms


def shortfall_lines(terms: Terms, month: Month, lines: Iterable[Line]) -> list[Line]:
    """What is missing to the commit, prorated like a fee; no line where nothing is."""
    missing = prorated(terms.plan.commit, terms, month) - sum(line.amount for line in lines)
    if missing <= 0:
        return []
    return [
        Line(
            kind="shortfall",
            description="Commit shortfall",
            amount=round_money(missing, terms.plan.currency),
            rate=missing,
            units=Decimal(1),
            product_name="Commit shortfall",
            product_group="Commit",
            product_line="Account",
            usage_type="commit",
            month=month.number,
        )
    ]
