"""What many customers' running month comes to, read at once (contract: billing R19)."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal

import msgspec
from sqlalchemy import bindparam, select

from tenantry.areas.invoices.rating import rate_usage, total
from tenantry.areas.pricing.months import Month
from tenantry.areas.pricing.plans import terms_of_many
from tenantry.areas.pricing.terms import Terms
from tenantry.areas.usage.sums import micro_units
from tenantry.core.billing_tables import usage_months
from tenantry.core.session import Reads
from tenantry.core.statements import Statement, is_one_of

_M = usage_months.c
_USAGE = Statement(
    select(_M.customer_id, _M.product_id, _M.metric, _M.region, _M.millions, _M.micros).where(
        is_one_of(_M.customer_id, "customers"), _M.month == bindparam("in_month")
    )
)


class Spent(msgspec.Struct, frozen=True):
    """What a customer's month comes to, before credits and tax."""

    terms: Terms
    total: Decimal


async def spent(reads: Reads, customer_ids: Sequence[str], month: Month) -> dict[str, Spent]:
    """By customer; none of who has no plan, or whose parent account pays."""
    terms = await terms_of_many(reads, month, customer_ids)
    usage: dict[str, dict[tuple[str, str, str], int]] = {}
    for customer_id, product_id, metric, region, millions, micros in await reads.all(
        _USAGE, customers=list(customer_ids), in_month=month.number
    ):
        of = usage.setdefault(customer_id, {})
        of[product_id, metric, region] = micro_units(millions, micros)
    found = {}
    for customer_id, his in terms.items():
        if not his.plan.parent_pay:
            lines = rate_usage(his, month, usage.get(customer_id, {}))
            found[customer_id] = Spent(his, total(lines, his.plan.currency))
            # Whoever else this process serves is not to wait for them all.
            await asyncio.sleep(0)
    return found
