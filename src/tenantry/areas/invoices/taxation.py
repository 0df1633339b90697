"""The tax on what credits left of each line (contract: billing R14)."""

from collections.abc import Sequence
from decimal import Decimal

from tenantry.areas.invoices.lines import Line
from tenantry.areas.pricing.money import round_money
from tenantry.areas.pricing.months import Month
from tenantry.areas.pricing.taxes import rules_of
from tenantry.areas.pricing.terms import Terms

ZERO = Decimal(0)


def tax_lines(
    terms: Terms, month: Month, lines: Sequence[Line], left: Sequence[Decimal]
) -> list[Line]:
    """One line a rule, each on the same base, none on nothing; adjustments may make it negative."""
    if terms.is_tax_exempt:
        return []
    owed = []
    for rule in rules_of(terms.tax_rules, terms.address):
        taxable = zip(lines, left, strict=True)
        base = sum((kept for line, kept in taxable if rule.taxes(line.product_line)), ZERO)
        is_reversed = rule.is_reversed_for(terms.tax_id)
        rate = ZERO if is_reversed else rule.rate
        if base:
            owed.append(
                Line(
                    kind="tax",
                    description=f"{rule.name} (reverse charge)" if is_reversed else rule.name,
                    amount=round_money(base * rate, terms.plan.currency),
                    rate=rate,
                    units=base,
                    product_name="Tax",
                    product_group="Tax",
                    product_line="Tax",
                    usage_type="tax",
                    month=month.number,
                )
            )
    return owed
