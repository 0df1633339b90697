"""Random months to rate: plans, usage, coupons, taxes, as the JSON that an operator would write.

The numbers are chosen to meet the edges: bounds of tiers, halves of a cent, a free allowance that
is just used up. Whoever draws hands in where the chance comes from.
"""

from collections.abc import Sequence
from random import Random
from typing import Any, TypedDict

from tenantry.areas.invoices.lines import Line
from tenantry.areas.invoices.rating import Rated, rate_month
from tenantry.areas.pricing.catalogue import BUILT_IN
from tenantry.areas.pricing.months import Month
from tenantry.areas.pricing.terms import (
    TaxAddress,
    Terms,
    parse_coupon,
    parse_plan,
    parse_tax_rules,
)
from tenantry.core import clock

METRICS = {
    ("cdn_usage", "bandwidth"): 9,
    ("cdn_usage", "requests"): 4,
    ("compute_usage", "requests"): 6,
    ("image_optimizer", "requests"): 4,
    ("ngwaf", "requests"): 6,
    ("object_storage", "storage"): 9,
}
"""The zeros of each one's divisor."""
REGIONS = ("usa", "europe", "asia_india", "mexico")
LINES = ("Network Services", "Compute", "Security", "Account")
MONTHS = ("2024-02", "2023-02", "2024-04", "2024-05", "2024-12")
PRICES = ("0", "0.005", "0.0075", "0.12", "0.08", "1", "1.005", "2.675", "0.000000000001", "37.5")
BOUNDS = ("0.5", "1", "2.000001", "10", "100", "10000")
AMOUNTS = ("0.01", "0.99", "5", "50.00", "99.995", "300", "2000.00")

Key = tuple[str, str, str]


class Case(TypedDict):
    """A month, as JSON would hold it; usage in micro-units."""

    month: str
    plan: dict[str, Any]
    usage: dict[Key, int]
    coupons: list[dict[str, Any]]
    tax_rules: list[dict[str, Any]]
    address: dict[str, str] | None
    active_from: str | None
    active_until: str | None


def draw_case(chance: Random) -> Case:
    """Any month."""
    month = chance.choice(MONTHS)
    days = _days(chance, month)
    return Case(
        month=month,
        plan=_plan(chance),
        usage=draw_usage(chance),
        coupons=[_coupon(chance, month, number) for number in range(chance.choice((0, 1, 2, 3)))],
        tax_rules=[_tax_rule(chance, number) for number in range(chance.choice((0, 1, 2, 4)))],
        address=chance.choice((None, _ADDRESS, _ADDRESS, _ELSEWHERE)),
        active_from=days[0],
        active_until=days[1],
    )


_ADDRESS = {"country": "US", "state": "DE", "postal_code": "19801"}
_ELSEWHERE = {"country": "FR", "state": "", "postal_code": "75001"}


def terms_of(case: Case) -> Terms:
    """A case as the product takes it."""
    address = case["address"]
    return Terms(
        plan=parse_plan(case["plan"]),
        catalogue=BUILT_IN,
        tax_rules=parse_tax_rules(case["tax_rules"]),
        address=None if address is None else TaxAddress(**address),
        active_from=None if case["active_from"] is None else clock.read(case["active_from"]),
        active_until=None if case["active_until"] is None else clock.read(case["active_until"]),
    )


def rate(case: Case, adjustments: Sequence[Line] = ()) -> Rated:
    """Rate a case in full."""
    coupons = [parse_coupon(coupon) for coupon in case["coupons"]]
    month = Month.parse(case["month"])
    return rate_month(terms_of(case), month, case["usage"], coupons, adjustments)


def _days(chance: Random, month: str) -> tuple[str | None, str | None]:
    """When the customer came and left, most often long before and not yet."""
    if chance.random() < 0.7:
        return None, None
    came, left = sorted((chance.randint(1, 28), chance.randint(1, 28)))
    return (
        chance.choice((None, f"{month}-{came:02}T23:59:59Z")),
        chance.choice((None, f"{month}-{left:02}T00:00:00Z")),
    )


def draw_usage(chance: Random) -> dict[Key, int]:
    """What was used in a month, of some metrics."""
    usage = {}
    for metric, zeros in METRICS.items():
        regions = REGIONS if metric[0] == "cdn_usage" else ("",)
        for region in regions:
            if chance.random() < 0.35:
                usage[(*metric, region)] = _quantity(chance, zeros)
    return usage


def _quantity(chance: Random, zeros: int) -> int:
    """Now and then exactly on a bound, or one micro-unit beside it."""
    if chance.random() < 0.5:
        whole, _, fraction = chance.choice(BOUNDS).partition(".")
        bound: int = int(whole + fraction.ljust(6, "0")) * 10**zeros
        return bound * chance.choice((1, 2)) + chance.choice((-1, 0, 0, 1))
    largest: int = 10 ** chance.randint(1, zeros + 12)
    return chance.randint(0, largest)


def _plan(chance: Random) -> dict[str, Any]:
    charges = []
    for product_id, metric in METRICS:
        regions = ["*", "usa"] if product_id == "cdn_usage" else ["*"]
        charges += [
            {"product_id": product_id, "metric": metric, "region": region, **_model(chance)}
            for region in regions
            if chance.random() < 0.6
        ]
    return {
        "plan_code": "drawn",
        "name": "Drawn",
        "currency": chance.choice(("USD", "USD", "EUR", "JPY", "KRW", "BHD")),
        "commit": chance.choice(("0", "0", "33.333", *AMOUNTS)),
        "recurring_fees": [
            {"name": f"Fee {number}", "amount": chance.choice(AMOUNTS)}
            for number in range(chance.choice((0, 0, 1, 2)))
        ],
        "charges": charges,
    }


def _model(chance: Random) -> dict[str, Any]:
    free = chance.choice(("0", "0", *BOUNDS))
    model = chance.choice(("per_unit", "graduated", "graduated", "package"))
    if model == "package":
        size, price = chance.choice(BOUNDS), chance.choice(PRICES)
        packages = {"package_size": size, "package_price": price}
        return {"model": model, "free_units": free, **packages}
    if model == "per_unit":
        return {"model": model, "free_units": free, "tiers": [_tier(chance, None, ("0",))]}
    first = chance.randint(0, len(BOUNDS))
    bounds = [*BOUNDS[first : first + chance.randint(0, 3)], None]
    fees = ("0", "0", "1.5", "0.005")
    return {
        "model": model,
        "free_units": free,
        "tiers": [_tier(chance, bound, fees) for bound in bounds],
    }


def _tier(chance: Random, up_to: str | None, fees: tuple[str, ...]) -> dict[str, Any]:
    return {"up_to": up_to, "unit_price": chance.choice(PRICES), "flat_fee": chance.choice(fees)}


def _coupon(chance: Random, month: str, number: int) -> dict[str, Any]:
    scope = chance.choice(("all", "all", *LINES, "cdn_usage", "image_optimizer"))
    early, first = "2022-01-01T00:00:00Z", f"{month}-01T00:00:00Z"
    coupon: dict[str, Any] = {
        "code": f"C{number}",
        "scope": scope,
        "periods_left": chance.choice((None, None, 0, 1, 3)),
        "valid_from": chance.choice((None, early, f"{month}-28T00:00:00Z", "2031-01-01T00:00:00Z")),
        "valid_until": chance.choice((None, None, first, "2032-01-01T00:00:00Z")),
        "created_at": chance.choice((early, "2022-02-01T00:00:00Z")),
    }
    if (coupon["valid_from"] or "") >= (coupon["valid_until"] or "9"):
        coupon["valid_from"] = None
    if chance.random() < 0.5:
        return {**coupon, "kind": "percent", "value": chance.choice(("0.5", "10", "33.3", "100"))}
    remaining = chance.choice(("0", "0.01", "7", "100.00", "100000"))
    return {**coupon, "kind": "fixed", "value": "100000", "remaining": remaining}


def _tax_rule(chance: Random, number: int) -> dict[str, Any]:
    state = chance.choice((None, "DE", "CA"))
    return {
        "country": chance.choice(("US", "US", "FR")),
        "state": state,
        "postal_prefix": chance.choice((None, "1", "198", "199")),
        "name": f"Tax {number}",
        "rate": chance.choice(("0", "0.0825", "0.19", "0.005")),
        "applies_to": chance.choice((None, list(LINES[:1]), list(LINES[1:]))),
    }
