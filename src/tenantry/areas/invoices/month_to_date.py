"""The running month, as it would be billed if it ended now (contract: billing R19).

Fees and usage only: shortfall, credits, adjustments and tax are a posting's. Nothing is written.
"""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from tenantry.areas.invoices.document import period
from tenantry.areas.invoices.lines import Line, Usage, WireLine, wire
from tenantry.areas.invoices.rating import rate_usage, total
from tenantry.areas.pricing.money import plain
from tenantry.areas.pricing.months import Month
from tenantry.areas.pricing.plans import terms_of
from tenantry.areas.pricing.terms import Terms
from tenantry.areas.usage.sums import month_usage
from tenantry.core.context import Reading
from tenantry.core.errors import Problem


class Estimate(msgspec.Struct, frozen=True):
    """What the running month comes to so far."""

    customer_id: str
    month: Month
    terms: Terms
    usage: Usage
    lines: Sequence[Line]
    total: Decimal

    @property
    def id(self) -> str:
        """What stands where an invoice has its number: letters and digits, never such a number."""
        return f"MTD{self.month.number}{self.customer_id}"


class MonthToDate(msgspec.Struct, frozen=True, kw_only=True):
    """An estimate, its fields in their order; the amount is a string (contract: billing §3.4)."""

    customer_id: str
    invoice_id: str
    billing_start_date: str
    billing_end_date: str
    """The end of the running month."""
    monthly_transaction_amount: str
    transaction_line_items: list[WireLine]


async def estimate(call: Reading) -> Estimate:
    """The call's customer's running month.

    Raises Problem 404 if he has no plan, 422 if another account pays (contract: billing §3.4).
    """
    month = Month.of(call.now)
    terms = await terms_of(call.rows, call.customer_id, month)
    if terms is None:
        raise Problem(404, "The customer has no pricing plan")
    if terms.plan.parent_pay:
        title = "There is no month-to-date of an account that a parent account pays for"
        raise Problem(422, title)
    usage = await month_usage(call.rows, call.customer_id, month.number)
    lines = rate_usage(terms, month, usage)
    return Estimate(call.customer_id, month, terms, usage, lines, total(lines, terms.plan.currency))


def shown(made: Estimate) -> MonthToDate:
    """As clients read it."""
    start, end = period(made.month)
    return MonthToDate(
        customer_id=made.customer_id,
        invoice_id=made.id,
        billing_start_date=start,
        billing_end_date=end,
        monthly_transaction_amount=plain(made.total),
        transaction_line_items=[wire(line) for line in made.lines],
    )
