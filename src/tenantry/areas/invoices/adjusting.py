"""Usage that came, or was voided, after its month was posted (contract: billing R18).

A posted invoice never changes. The month is rated again in full, by the terms it was posted with,
and what that makes different goes onto the next invoice. What is compared with is every line about
the month: those of its own invoice, and those that adjusted it since.
"""

from collections.abc import Sequence

import msgspec
from sqlalchemy import bindparam, select

from tenantry.areas.invoices.lines import Line
from tenantry.areas.invoices.rating import readjust
from tenantry.areas.pricing.months import Month
from tenantry.areas.pricing.terms import Terms
from tenantry.areas.usage.sums import month_usage
from tenantry.core.billing_tables import invoice_lines, postings, usage_changes
from tenantry.core.session import Reads
from tenantry.core.statements import Statement, is_one_of

MONTHS_BACK = 13
"""How old a month may be to be adjusted still."""

_P, _U, _L = postings.c, usage_changes.c, invoice_lines.c
_CHANGED = Statement(
    select(_P.customer_id, _P.month, _P.terms, _U.changes)
    .join(usage_changes, (_U.customer_id == _P.customer_id) & (_U.month == _P.month))
    .where(
        is_one_of(_U.customer_id, "customers"),
        _U.month >= bindparam("since"),
        _U.month < bindparam("before"),
        _U.changes != _U.invoiced,
    )
    .order_by(_P.customer_id, _P.month)
)
_BILLED = Statement(
    select(_L.body)
    .where(_L.customer_id == bindparam("customer"), _L.month == bindparam("of_month"))
    .order_by(_L.invoice_id, _L.number),
    msgspec.json.Decoder(Line).decode,
)


class Adjustment(msgspec.Struct, frozen=True):
    """What an earlier month owes beyond what was billed for it."""

    month: Month
    changes: int
    """How often its ledger had changed by now."""
    lines: Sequence[Line]
    """Empty where the difference is none in money or units."""


async def adjustments(
    reads: Reads, customer_ids: list[str], month: Month
) -> dict[str, list[Adjustment]]:
    """Of each customer, what is to be adjusted when that month is posted, the oldest first."""
    span = {"since": month.plus(-MONTHS_BACK).number, "before": month.number}
    found: dict[str, list[Adjustment]] = {}
    for customer_id, number, terms, changes in await reads.all(
        _CHANGED, customers=customer_ids, **span
    ):
        earlier = Month(number)
        lines = await _adjust(reads, customer_id, earlier, Terms.from_json(terms))
        found.setdefault(customer_id, []).append(Adjustment(earlier, changes, lines))
    return found


async def _adjust(reads: Reads, customer_id: str, month: Month, terms: Terms) -> Sequence[Line]:
    if terms.plan.parent_pay:
        # Nothing was billed for it, and nothing is: another account pays.
        return ()
    usage = await month_usage(reads, customer_id, month.number)
    billed = await reads.all(_BILLED, customer=customer_id, of_month=month.number)
    return readjust(terms, month, usage, billed)
