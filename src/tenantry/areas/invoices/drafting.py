"""What a customer's month comes to, before it is posted: read for many customers at once."""

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec
from sqlalchemy import bindparam, select

from tenantry.areas.invoices.adjusting import Adjustment, adjustments
from tenantry.areas.invoices.lines import Line
from tenantry.areas.invoices.rating import rate_month
from tenantry.areas.pricing.coupons import coupons_of
from tenantry.areas.pricing.money import EXACT
from tenantry.areas.pricing.months import Month
from tenantry.areas.pricing.plans import terms_of_many
from tenantry.areas.pricing.terms import Coupon, Terms
from tenantry.areas.usage.sums import micro_units
from tenantry.core.billing_tables import usage_changes, usage_months
from tenantry.core.session import Reads
from tenantry.core.statements import Statement, is_one_of

_M, _U = usage_months.c, usage_changes.c
_USAGE = Statement(
    select(_M.customer_id, _M.product_id, _M.metric, _M.region, _M.millions, _M.micros).where(
        is_one_of(_M.customer_id, "customers"), _M.month == bindparam("in_month")
    )
)
_CHANGES = Statement(
    select(_U.customer_id, _U.changes).where(
        is_one_of(_U.customer_id, "customers"), _U.month == bindparam("in_month")
    )
)


class Draft(msgspec.Struct, frozen=True):
    """A customer's month as it is to be posted."""

    customer_id: str
    month: Month
    terms: Terms
    settled: Mapping[int, int]
    """How often the ledger of each month that is in it had changed."""
    lines: Sequence[Line] = ()
    total: Decimal = Decimal(0)
    coupons_after: Sequence[Coupon] = ()

    @property
    def currency(self) -> str:
        """Of its amounts."""
        return self.terms.plan.currency

    def credits(self) -> dict[str, Decimal]:
        """What it takes from each coupon."""
        taken: dict[str, Decimal] = {}
        for line in self.lines:
            if line.kind == "credit":
                before = taken.get(line.coupon, Decimal(0))
                taken[line.coupon] = EXACT.subtract(before, line.amount)
        return taken


class _Read(msgspec.Struct):
    """What was read of some customers, by their ids."""

    terms: Mapping[str, Terms]
    usage: dict[str, dict[tuple[str, str, str], int]]
    changes: dict[str, int]
    coupons: Mapping[str, list[Coupon]]
    adjustments: dict[str, list[Adjustment]]


async def draft_all(reads: Reads, customer_ids: list[str], month: Month) -> list[Draft]:
    """The drafts of these customers, in their order; none of who has no plan."""
    read = await _read(reads, customer_ids, month)
    drafts = []
    for customer_id in customer_ids:
        if customer_id in read.terms:
            drafts.append(_draft(read, customer_id, month))
            # Whoever else this process serves is not to wait for them all.
            await asyncio.sleep(0)
    return drafts


async def _read(reads: Reads, customer_ids: list[str], month: Month) -> _Read:
    terms = await terms_of_many(reads, month, customer_ids)
    who = {"customers": customer_ids}
    coupons = await coupons_of(reads, customer_ids)
    read = _Read(terms, {}, {}, coupons, await adjustments(reads, customer_ids, month))
    for customer_id, *key, millions, micros in await reads.all(
        _USAGE, **who, in_month=month.number
    ):
        product_id, metric, region = key
        of = read.usage.setdefault(customer_id, {})
        of[product_id, metric, region] = micro_units(millions, micros)
    read.changes.update(await reads.all(_CHANGES, **who, in_month=month.number))
    return read


def _draft(read: _Read, customer_id: str, month: Month) -> Draft:
    terms = read.terms[customer_id]
    settled = {}
    if customer_id in read.changes:
        settled[month.number] = read.changes[customer_id]
    if terms.plan.parent_pay:
        # What is to be adjusted waits until he is billed himself again.
        return Draft(customer_id, month, terms, settled)
    adjusted = read.adjustments.get(customer_id, [])
    settled |= {one.month.number: one.changes for one in adjusted}
    rated = rate_month(
        terms,
        month,
        read.usage.get(customer_id, {}),
        read.coupons.get(customer_id, []),
        [line for one in adjusted for line in one.lines],
    )
    return Draft(customer_id, month, terms, settled, rated.lines, rated.total, rated.coupons_after)
