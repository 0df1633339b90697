"""Small months to rate, written in a line each."""

from collections.abc import Mapping
from typing import Any

from tenantry.areas.invoices.lines import Line, Usage
from tenantry.areas.pricing.catalogue import BUILT_IN
from tenantry.areas.pricing.months import Month
from tenantry.areas.pricing.terms import TaxAddress, Terms, parse_plan, parse_tax_rules
from tenantry.core import clock

MAY = Month(202405)
COMPUTE = ("compute_usage", "requests", "")
"""A million of its raw units is one billable unit."""


def charge(model: str, **how: Any) -> dict[str, Any]:
    """A charge for compute requests."""
    return {"product_id": "compute_usage", "metric": "requests", "model": model, **how}


def tier(up_to: str | None, unit_price: str, flat_fee: str = "0") -> dict[str, Any]:
    """One tier of a graduated charge."""
    return {"up_to": up_to, "unit_price": unit_price, "flat_fee": flat_fee}


def terms(*charges: Mapping[str, Any], taxes: Any = (), **plan: Any) -> Terms:
    """What a customer in Delaware agreed to."""
    written = {"plan_code": "small", "name": "Small", "charges": list(charges), **plan}
    return Terms(
        plan=parse_plan(written),
        catalogue=BUILT_IN,
        tax_rules=parse_tax_rules(list(taxes)),
        address=TaxAddress("US", "DE", "19801"),
    )


def used(units: str) -> Usage:
    """So many billable units of compute."""
    whole, _, fraction = units.partition(".")
    return {COMPUTE: int(whole + fraction.ljust(12, "0"))}


def at(text: str) -> clock.Instant:
    """An instant."""
    return clock.read(text)


def shown(lines: list[Line]) -> list[tuple[str, str, str, str]]:
    """Description, units, rate and amount of each."""
    return [(each.description, str(each.units), str(each.rate), str(each.amount)) for each in lines]


def amounts(lines: list[Line]) -> list[str]:
    """What each comes to."""
    return [str(each.amount) for each in lines]
