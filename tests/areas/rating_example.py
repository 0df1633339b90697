"""The worked example of billing §7.3: a plan, a coupon, a tax, and the use of May 2024."""

from decimal import Decimal
from typing import Any

from tenantry.areas.invoices.lines import Usage
from tenantry.areas.pricing.catalogue import BUILT_IN
from tenantry.areas.pricing.months import Month
from tenantry.areas.pricing.terms import (
    TaxAddress,
    Terms,
    parse_coupon,
    parse_plan,
    parse_tax_rules,
)

MAY = Month(202405)
RAW = 1_000_000
"""Micro-units of one raw unit."""

PLAN: dict[str, Any] = {
    "plan_code": "growth",
    "name": "Example Growth",
    "currency": "USD",
    "commit": "2000.00",
    "charges": [
        {
            "product_id": "cdn_usage",
            "metric": "bandwidth",
            "region": "*",
            "model": "graduated",
            "tiers": [
                {"up_to": "10000", "unit_price": "0.12"},
                {"up_to": None, "unit_price": "0.08"},
            ],
        },
        {
            "product_id": "cdn_usage",
            "metric": "requests",
            "region": "usa",
            "model": "per_unit",
            "tiers": [{"up_to": None, "unit_price": "0.0075"}],
        },
        {
            "product_id": "cdn_usage",
            "metric": "requests",
            "region": "europe",
            "model": "per_unit",
            "tiers": [{"up_to": None, "unit_price": "0.009"}],
        },
        {
            "product_id": "image_optimizer",
            "metric": "requests",
            "model": "per_unit",
            "free_units": "100",
            "unit_price": "0.35",
        },
    ],
}

COUPON = parse_coupon({"code": "WELCOME100", "kind": "fixed", "value": "100"})

TERMS = Terms(
    plan=parse_plan(PLAN),
    catalogue=BUILT_IN,
    tax_rules=parse_tax_rules(
        [{"country": "US", "state": "DE", "name": "Example State sales tax", "rate": "0.0825"}]
    ),
    address=TaxAddress("US", "DE", "00000"),
)

USAGE: Usage = {
    ("cdn_usage", "bandwidth", "usa"): 12_345_678_901_234 * RAW,
    ("cdn_usage", "requests", "usa"): 123_456_789 * RAW,
    ("cdn_usage", "bandwidth", "europe"): 3_500_000_000 * RAW,
    ("cdn_usage", "requests", "europe"): 5_000 * RAW,
    ("image_optimizer", "requests", ""): 1_250_000 * RAW,
}

LINES = [
    ("North America Bandwidth - Tier 1", "10000", "0.12", "1200.00"),
    ("North America Bandwidth - Tier 2", "2345.678901234", "0.08", "187.65"),
    ("North America Requests", "12345.6789", "0.0075", "92.59"),
    ("Europe Bandwidth - Tier 1", "3.5", "0.12", "0.42"),
    ("Europe Requests", "0.5", "0.009", "0.00"),
    ("Image Optimizer Requests - Included", "100", "0", "0.00"),
    ("Image Optimizer Requests", "25", "0.35", "8.75"),
    ("Commit shortfall", "1", "510.59", "510.59"),
    ("Credit WELCOME100", "1", "-100.00", "-100.00"),
    ("Example State sales tax", "1900.00", "0.0825", "156.75"),
]
"""Description, units, rate and amount."""

MONTH_TO_DATE = Decimal("1489.41")
TOTAL = Decimal("2056.75")
LATE: Usage = {**USAGE, ("cdn_usage", "bandwidth", "usa"): 13_345_678_901_234 * RAW}
