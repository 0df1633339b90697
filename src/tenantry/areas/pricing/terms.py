"""What is agreed with a customer: plan, coupons, taxes; and all of it together, as a snapshot."""

import re
from collections.abc import Iterable
from decimal import Decimal
from itertools import pairwise
from typing import Any, Literal

import msgspec

from tenantry.areas.pricing.catalogue import Catalogue
from tenantry.areas.pricing.coupon import Coupon, parse_coupon
from tenantry.areas.pricing.money import plain
from tenantry.areas.pricing.parties import Recipient, Seller
from tenantry.areas.pricing.reading import BadTerms, read, refuse_text, settle
from tenantry.areas.pricing.regions import REGIONS
from tenantry.areas.pricing.taxes import TaxAddress, TaxRule, parse_tax_rules
from tenantry.core.clock import Instant

__all__ = [
    "BadTerms",
    "Charge",
    "Coupon",
    "Fee",
    "Plan",
    "TaxAddress",
    "TaxRule",
    "Terms",
    "Tier",
    "parse_coupon",
    "parse_plan",
    "parse_tax_rules",
]

ACCOUNT = "Account"
"""The product line of what is of no product, such as what is missing to a commitment."""
ANY_REGION = "*"
ZERO = Decimal(0)
_CURRENCY = re.compile(r"[A-Za-z]{3}")


class Tier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A price up to a bound, which belongs to it."""

    unit_price: Decimal
    up_to: Decimal | None = None
    """In billable units behind the free ones; null: no bound."""
    flat_fee: Decimal = ZERO
    """Owed once, as soon as anything falls into the tier."""

    def __post_init__(self) -> None:
        settle(self, "unit_price", "up_to", "flat_fee")


class Charge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one metric costs in a region (contract: billing §7.1, R6 to R9)."""

    product_id: str
    metric: str
    model: Literal["per_unit", "graduated", "package"]
    region: str = ANY_REGION
    """`*`: any region without a charge of its own, and what has no region."""
    free_units: Decimal = ZERO
    tiers: tuple[Tier, ...] = ()
    unit_price: Decimal | None = None
    """The short way to write the only tier of `per_unit`."""
    package_size: Decimal | None = None
    package_price: Decimal | None = None

    def __post_init__(self) -> None:
        refuse_text(self, "product_id", "metric", longest=64)
        settle(self, "free_units", "unit_price", "package_size", "package_price")
        if self.region not in REGIONS and self.region != ANY_REGION:
            _refuse("region", f"{self.region!r} is not a region")
        if self.model == "package":
            self._refuse_package()
            return
        if self.package_size is not None or self.package_price is not None:
            _refuse("model", f"{self.model} has no packages")
        if self.model == "per_unit":
            self._refuse_per_unit()
            return
        if self.unit_price is not None:
            _refuse("unit_price", "stands in the tiers of a graduated charge")
        self._refuse_tiers()

    def _refuse_package(self) -> None:
        if not self.package_size:
            _refuse("package_size", "must be more than 0")
        if self.package_price is None:
            _refuse("package_price", "is required")
        if self.tiers or self.unit_price is not None:
            _refuse("model", "package has no tiers")

    def _refuse_per_unit(self) -> None:
        """Either way to write it becomes one tier."""
        if self.unit_price is not None and not self.tiers:
            msgspec.structs.force_setattr(self, "tiers", (Tier(self.unit_price),))
            msgspec.structs.force_setattr(self, "unit_price", None)
        if len(self.tiers) != 1 or self.unit_price is not None:
            _refuse("tiers", "must be one for per_unit")
        if self.tiers[0].up_to is not None:
            _refuse("tiers[0].up_to", "must be null for per_unit")
        if self.tiers[0].flat_fee:
            _refuse("tiers[0].flat_fee", "must be 0 for per_unit")

    def _refuse_tiers(self) -> None:
        if not self.tiers:
            _refuse("tiers", "must be at least one")
        if self.tiers[-1].up_to is not None:
            _refuse(f"tiers[{len(self.tiers) - 1}].up_to", "must be null for the last tier")
        bounds = [ZERO, *(tier.up_to for tier in self.tiers[:-1])]
        for place, (before, bound) in enumerate(pairwise(bounds)):
            if before is None or bound is None:
                _refuse(f"tiers[{place}].up_to", "may be null only for the last tier")
            elif bound <= before:
                _refuse(f"tiers[{place}].up_to", f"must be more than {plain(before)}")


class Fee(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is owed every month (contract: billing R11)."""

    name: str
    amount: Decimal
    product_id: str = ""
    """The product that is paid for, so that a coupon can be for it."""
    product_line: str = ACCOUNT

    def __post_init__(self) -> None:
        refuse_text(self, "name", "product_line")
        settle(self, "amount")


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A price list that customers are given (contract: billing §7.1)."""

    plan_code: str
    name: str
    currency: str = "USD"
    recurring_fees: tuple[Fee, ...] = ()
    charges: tuple[Charge, ...] = ()
    commit: Decimal = ZERO
    """The least that a month costs before credits and tax."""
    parent_pay: bool = False
    """Whether another account pays: then there is no estimate of the running month."""

    def __post_init__(self) -> None:
        refuse_text(self, "plan_code", longest=64)
        refuse_text(self, "name")
        settle(self, "commit")
        if not _CURRENCY.fullmatch(self.currency):
            _refuse("currency", "must be three letters")
        msgspec.structs.force_setattr(self, "currency", self.currency.upper())
        seen = set()
        for place, each in enumerate(self.charges):
            key = (each.product_id, each.metric, each.region)
            if key in seen:
                _refuse(f"charges[{place}]", "an earlier charge has this metric and region")
            seen.add(key)


def _refuse(field: str, reason: str) -> None:
    message = f"{field}: {reason}"
    raise ValueError(message)


def lines_sold(catalogue: Catalogue, plans: Iterable[Plan]) -> set[str]:
    """The product lines that lines of invoices can be of: metrics', fees', and the account's."""
    fees = {fee.product_line for plan in plans for fee in plan.recurring_fees}
    return {ACCOUNT} | {metric.product_line for metric in catalogue.listed} | fees


def parse_plan(given: Any) -> Plan:
    """Read a plan, decoded from JSON. Raises BadTerms, naming the place that is wrong."""
    return read(given, Plan)


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that rates a customer's month: what a posting keeps (contract: billing R17)."""

    plan: Plan
    catalogue: Catalogue
    tax_rules: tuple[TaxRule, ...] = ()
    address: TaxAddress | None = None
    """Where tax is owed; None: nowhere."""
    tax_id: str | None = None
    """A valid one, with the country's prefix."""
    is_tax_exempt: bool = False
    active_from: Instant | None = None
    """When the customer was created; None: before anything that is rated."""
    active_until: Instant | None = None
    """When the customer was closed; None: not yet."""
    customer: Recipient | None = None
    """Whom an invoice names; None where none is made."""
    seller: Seller | None = None
    """Who sends it; None if nobody said so far."""

    def to_json(self) -> str:
        """All of it as text, every digit kept."""
        return msgspec.json.encode(self).decode()

    @staticmethod
    def from_json(text: str) -> "Terms":
        """Read what `to_json` wrote. Raises msgspec.DecodeError."""
        return _TERMS.decode(text)


_TERMS = msgspec.json.Decoder(Terms)
