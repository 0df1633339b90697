"""What bills look like to clients older than billing v3 (contract: billing §5)."""

from typing import Generic, Literal, TypeVar

import msgspec

from tenantry.areas.invoices.document import Number


class Status(msgspec.Struct, frozen=True):
    """How the bill stands."""

    invoice_id: str
    status: Literal["Outstanding", "Paid", "MTD"]
    sent_at: str | None


class Extra(msgspec.Struct, frozen=True):
    """A recurring fee, or a product that is not delivery."""

    name: str
    recurring: Number | msgspec.UnsetType = msgspec.UNSET


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """What the month comes to."""

    bandwidth: Number
    bandwidth_cost: Number
    bandwidth_units: Literal["GB"] = "GB"
    cost: Number
    cost_before_discount: Number
    discount: Number
    extras: list[Extra]
    extras_cost: Number
    incurred_cost: Number
    overage: Number
    plan_code: str
    plan_minimum: Number
    plan_name: str
    requests: int
    requests_cost: Number
    terms: Literal["Net15"] = "Net15"


class OlderTier(msgspec.Struct, frozen=True):
    """A line of a region."""

    name: str
    units: Number
    price: Number
    discounted_price: Number
    total: Number


class Traffic(msgspec.Struct, frozen=True):
    """The lines of one metric in a region, and what they cost."""

    total: Number
    tiers: list[OlderTier]


class Region(msgspec.Struct, frozen=True):
    """What traffic in a region cost."""

    cost: Number
    bandwidth: Traffic
    requests: Traffic


class OlderLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a posted invoice; what there is not here is null."""

    created_at: None = None
    updated_at: None = None
    deleted_at: None = None
    amount: Number
    aria_invoice_id: None = None
    client_service_id: None = None
    credit_coupon_code: str | None
    description: str
    id: str
    line_number: int
    plan_name: str
    plan_no: None = None
    rate_per_unit: Number
    rate_schedule_no: None = None
    rate_schedule_tier_no: int | None
    service_name: str
    service_no: None = None
    units: Number
    usage_type_cd: str
    usage_type_no: None = None


class OlderEstimateLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the running month."""

    plan_no: None = None
    description: str
    units: Number
    per_unit_cost: Number
    service_no: None = None
    service_type: str
    amount: Number
    client_service_id: str | None
    client_plan_id: str


L = TypeVar("L")


class OlderBill(msgspec.Struct, Generic[L], frozen=True, kw_only=True):
    """The month's bill."""

    end_time: str
    start_time: str
    invoice_id: int | str
    """A number; of the running month, a text."""
    customer_id: str
    vendor_state: Literal["up"] = "up"
    status: Status
    total: Total
    regions: dict[str, Region]
    line_items: list[L]


Told = OlderBill[OlderLine] | OlderBill[OlderEstimateLine]
"""A posted month, or the running one."""
