"""A line of an invoice: what was used or agreed, times its price, is an amount."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

import msgspec

from tenantry.areas.pricing.money import number

Kind = Literal[
    "recurring",
    "included",
    "usage",
    "fee",
    "uncharged",
    "adjustment",
    "shortfall",
    "credit",
    "tax",
]

Usage = Mapping[tuple[str, str, str], int]
"""What was used in a month, in micro-units: by product, metric and region ("" where none)."""


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line, and all that leads back to what is behind it (contract: billing §3.1, R16)."""

    kind: Kind
    description: str
    amount: Decimal
    rate: Decimal
    units: Decimal
    product_name: str
    product_group: str
    product_line: str
    region: str = ""
    """The region's name."""
    usage_type: str
    """The unit of measure."""
    product_id: str = ""
    metric: str = ""
    region_key: str = ""
    tier: int = 0
    """Counted from 1; 0 where the charge has no tiers."""
    month: int
    """The number of the month that the line is about."""
    coupon: str = ""
    adjusts: Kind | Literal[""] = ""
    """The kind of the line that an adjustment is about."""
    counted: Decimal | None = None
    """By how much the units changed, where an adjustment shows the difference in money as one
    unit; None: by the units it shows (contract: billing R18)."""


class WireLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line as official clients read it, its fields in their order (contract: billing §3.1)."""

    description: str
    amount: msgspec.Raw
    credit_coupon_code: str | msgspec.UnsetType = msgspec.UNSET
    rate: msgspec.Raw
    units: msgspec.Raw
    product_name: str
    product_group: str
    product_line: str
    region: str
    usage_type: str


def wire(line: Line) -> WireLine:
    """The line with its numbers as plain JSON numbers (contract: billing R25)."""
    return WireLine(
        description=line.description,
        amount=number(line.amount),
        credit_coupon_code=line.coupon if line.kind == "credit" else msgspec.UNSET,
        rate=number(line.rate),
        units=number(line.units),
        product_name=line.product_name,
        product_group=line.product_group,
        product_line=line.product_line,
        region=line.region,
        usage_type=line.usage_type,
    )
