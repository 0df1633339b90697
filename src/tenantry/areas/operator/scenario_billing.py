"""What a scenario file may say of billing: addresses, coupons, usage.

Prices are read as they are set: `areas/pricing/terms.py` and `catalogue.py` say what stands there.
"""

from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta

from tenantry.areas.operator.scenario_parts import Name, Row, ServiceRef
from tenantry.areas.pricing.coupon import EVERYTHING
from tenantry.areas.pricing.months import Month
from tenantry.areas.usage.event import LONGEST_ID, LONGEST_SOURCE
from tenantry.core.clock import Instant, read

Moment = Annotated[
    str,
    Meta(description="RFC 3339, or `last month` or `this month`: its first instant, in UTC"),
]
COUNTRY_PATTERN = r"^[A-Z]{2}$(?!\n)"
NO_BLANK_PATTERN = r"\S"
PlanCode = Annotated[str, Meta(min_length=1, max_length=64, description="The code of a plan")]
Part = Annotated[str, Meta(min_length=1, max_length=255)]


MONTHS = frozenset({"last month", "this month"})
"""Moments that move along with the clock."""


def read_moment(text: str, now: Instant) -> Instant:
    """What a moment means. Raises ValueError."""
    if text in MONTHS:
        return Month.of(now).plus(-1 if text == "last month" else 0).first
    return read(text)


class Address(Row, frozen=True, kw_only=True):
    """An address; it is not verified."""

    address_1: Annotated[str, Meta(min_length=1, max_length=255, pattern=NO_BLANK_PATTERN)]
    address_2: Part | None = None
    city: Part | None = None
    country: Annotated[
        str, Meta(pattern=COUNTRY_PATTERN, description="ISO 3166-1 alpha-2: two capitals")
    ]
    locality: Part | None = None
    postal_code: Annotated[str, Meta(max_length=32)] = ""
    state: Part | None = None


class Coupon(Row, frozen=True, kw_only=True):
    """A credit. Its natural key is the code."""

    code: Name
    kind: Literal["fixed", "percent"]
    value: Annotated[Decimal, Meta(description="Money, or percent")]
    periods_left: Annotated[
        int | None, Meta(description="For how many invoices it counts; any number if left out")
    ] = None
    scope: Annotated[Name, Meta(description="`all`, or a product line, or a product's id")] = (
        EVERYTHING
    )
    valid_from: Annotated[str | None, Meta(description="RFC 3339, or a date")] = None
    valid_until: Annotated[
        str | None, Meta(description="RFC 3339, or a date, which is its last day")
    ] = None


class UsageEvent(Row, frozen=True, kw_only=True):
    """Something that was used. Its natural key is source and id, one in the whole installation."""

    source: Annotated[str, Meta(min_length=1, max_length=LONGEST_SOURCE)] = "scenario"
    id: Annotated[str, Meta(min_length=1, max_length=LONGEST_ID)]
    service: ServiceRef | None = None
    product_id: Name
    metric: Name
    region: Annotated[Name | None, Meta(description="Where the metric is counted by region")] = None
    quantity: Annotated[Decimal, Meta(description="In raw units: bytes, requests")]
    timestamp: Moment
