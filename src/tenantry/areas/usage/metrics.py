"""What a customer used in whole months, in billable units (contract: billing §4.1, §4.3, R3).

Names, units and divisors are those of today's catalogue; what it lost keeps its keys as its name.
"""

from decimal import Decimal

import msgspec
from sqlalchemy import bindparam, or_, select

from tenantry.areas.pricing.catalogue import Metric
from tenantry.areas.pricing.documents import catalogue
from tenantry.areas.pricing.money import units_of
from tenantry.areas.pricing.months import Month
from tenantry.areas.pricing.regions import region_order
from tenantry.areas.usage.sums import micro_units
from tenantry.core.billing_tables import usage_months
from tenantry.core.clock import Instant
from tenantry.core.session import Reads
from tenantry.core.statements import Statement

_M = usage_months.c
_OF_CUSTOMER = _M.customer_id == bindparam("customer_id")
_ANY = or_(_M.millions > 0, _M.micros > 0)
_IN_MONTHS = Statement(
    select(
        *(_M.month, _M.product_id, _M.metric, _M.region),
        *(_M.millions, _M.micros, _M.updated_at),
    ).where(_OF_CUSTOMER, _M.month.between(bindparam("first"), bindparam("last")), _ANY)
)
_TYPES = Statement(select(_M.product_id, _M.metric, _M.region).where(_OF_CUSTOMER, _ANY).distinct())


class UsageType(msgspec.Struct, frozen=True, order=True):
    """Something that is metered, as the API names it: product, and name of the metric."""

    product_id: str
    name: str
    """With the region's, where it has regions: `North America Requests`."""


class Used(msgspec.Struct, frozen=True):
    """What was used of one thing in a month."""

    month: Month
    metric: Metric
    region: str
    micros: int
    updated_at: Instant

    @property
    def name(self) -> str:
        """What it is called."""
        return self.metric.label(self.region)

    @property
    def raw(self) -> Decimal:
        """In raw units, exact."""
        return units_of(self.micros, 1)

    @property
    def units(self) -> Decimal:
        """In billable units, exact (contract: billing R3)."""
        return units_of(self.micros, self.metric.divisor)


async def in_months(reads: Reads, customer_id: str, first: Month, last: Month) -> list[Used]:
    """What was used of anything in these months: by month, product, region and name."""
    names = await catalogue(reads)
    rows = await reads.all(
        _IN_MONTHS, customer_id=customer_id, first=first.number, last=last.number
    )
    found = [
        Used(
            Month(month),
            names.find(product_id, metric),
            region,
            micro_units(millions, micros),
            updated_at,
        )
        for month, product_id, metric, region, millions, micros, updated_at in rows
    ]
    return sorted(found, key=_place)


def _place(used: Used) -> tuple[Month, str, int, str]:
    return used.month, used.metric.product_id, region_order(used.region), used.name


async def types(reads: Reads, customer_id: str) -> list[UsageType]:
    """Everything that was ever used, by product and name."""
    names = await catalogue(reads)
    rows = await reads.all(_TYPES, customer_id=customer_id)
    labels = (names.find(product_id, metric).label(region) for product_id, metric, region in rows)
    return sorted({UsageType(row[0], label) for row, label in zip(rows, labels, strict=True)})
