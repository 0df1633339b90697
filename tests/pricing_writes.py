"""Examples of what an operator writes about prices."""

from typing import Any

from tests.world import OPERATOR, WIDGETS, World
from tests.write import Write

PLAN: dict[str, Any] = {
    "name": "Example Growth",
    "currency": "USD",
    "commit": "2000.00",
    "recurring_fees": [{"name": "Support", "amount": "300.00"}],
    "charges": [
        {
            "product_id": "cdn_usage",
            "metric": "bandwidth",
            "model": "graduated",
            "tiers": [
                {"up_to": "10000", "unit_price": "0.12"},
                {"up_to": None, "unit_price": "0.08"},
            ],
        },
        {
            "product_id": "cdn_usage",
            "metric": "requests",
            "region": "europe",
            "model": "per_unit",
            "unit_price": "0.009",
        },
    ],
}
TAX = {"country": "US", "state": "DE", "name": "Example State sales tax", "rate": "0.0825"}
METRIC = {
    "product_id": "mail",
    "metric": "letters",
    "name": "Letters",
    "is_regional": False,
    "divisor": 1000,
    "unit": "unit",
    "product_name": "Mail",
    "product_group": "Mail",
    "product_line": "Mail",
    "usage_type": "letters",
    "raw_unit": "letter",
}
COUPON = {"code": "WELCOME100", "kind": "fixed", "value": "100.00"}
GROWTH, CATALOGUE = "/_operator/v1/plans/growth", "/_operator/v1/catalogue"
CUSTOMER = f"/_operator/v1/customers/{WIDGETS}"

_AT = {"customer": WIDGETS}
_OF_CUSTOMER = "/_operator/v1/customers/{customer}"


async def _plan(world: World) -> None:
    await world.ask(OPERATOR, "PUT", GROWTH, json=PLAN)


async def _coupon(world: World) -> None:
    await world.ask(OPERATOR, "POST", f"{CUSTOMER}/coupons", json=COUPON)


PRICING: dict[str, Write] = {
    f"PUT {CATALOGUE}": Write([], body={"metrics": [METRIC]}, who=OPERATOR),
    "PUT /_operator/v1/tax-rules": Write([], body={"tax_rules": [TAX]}, who=OPERATOR),
    "PUT /_operator/v1/plans/{code}": Write([], {"code": "growth"}, PLAN, who=OPERATOR),
    f"PUT {_OF_CUSTOMER}/plan": Write(
        ["customer.pricing"], _AT, {"plan_code": "growth"}, before=_plan, who=OPERATOR
    ),
    f"POST {_OF_CUSTOMER}/coupons": Write(["coupon.create"], _AT, COUPON, who=OPERATOR),
    f"DELETE {_OF_CUSTOMER}/coupons/{{code}}": Write(
        ["coupon.delete"], {**_AT, "code": "WELCOME100"}, before=_coupon, who=OPERATOR
    ),
}
