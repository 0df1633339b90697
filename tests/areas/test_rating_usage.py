"""What usage costs: allowances, tiers, packages, rounding, and what has no price (R3 to R10)."""

from decimal import Decimal

import pytest

from tenantry.areas.invoices.rating import rate_month, rate_usage
from tenantry.areas.pricing.money import plain, round_money
from tests.areas.rating_examples import MAY, amounts, charge, shown, terms, tier, used

TIERS = [tier("10", "1"), tier("20.5", "0.5", "7"), tier(None, "0.1", "3")]


@pytest.mark.parametrize(
    ("currency", "value", "rounded"),
    [
        ("USD", "0.005", "0.01"),
        ("USD", "-0.005", "-0.01"),
        ("USD", "1.005", "1.01"),
        ("USD", "2.675", "2.68"),
        ("USD", "-2.675", "-2.68"),
        ("USD", "0.0049999999999999999999999999999999999999", "0.00"),
        ("USD", "-0.0049", "0.00"),
        ("USD", "-0", "0.00"),
        ("USD", "1E+3", "1000.00"),
        ("JPY", "0.5", "1"),
        ("KRW", "-2.5", "-3"),
        ("JPY", "1234.4999", "1234"),
        ("BHD", "0.0005", "0.001"),
        ("CLF", "0.00005", "0.0001"),
    ],
)
def test_money_is_rounded_half_away_from_zero(currency: str, value: str, rounded: str) -> None:
    assert plain(round_money(Decimal(value), currency)) == rounded


def test_what_is_not_in_the_plan_is_shown_and_costs_nothing() -> None:
    assert shown(rate_usage(terms(), MAY, used("2.5"))) == [
        ("Compute Requests", "2.5", "0", "0.00")
    ]


def test_what_the_catalogue_lost_is_shown_too() -> None:
    lines = rate_usage(terms(), MAY, {("fax", "pages", "usa"): 3_000_000})
    assert shown(lines) == [("North America fax pages", "3", "0", "0.00")]


@pytest.mark.parametrize(
    ("units", "lines"),
    [
        ("99.999999", [("Compute Requests - Included", "99.999999", "0", "0.00")]),
        ("100", [("Compute Requests - Included", "100", "0", "0.00")]),
        (
            "100.000001",
            [
                ("Compute Requests - Included", "100", "0", "0.00"),
                ("Compute Requests", "0.000001", "5000", "0.01"),
            ],
        ),
    ],
)
def test_an_allowance_is_used_up_first(units: str, lines: list[tuple[str, ...]]) -> None:
    one = charge("per_unit", free_units="100", unit_price="5000")
    assert shown(rate_usage(terms(one), MAY, used(units))) == lines


@pytest.mark.parametrize(
    ("units", "expected"),
    [
        ("10", [("1", "10", "10.00")]),
        ("10.000001", [("1", "10", "10.00"), ("2", "0.000001", "0.00"), ("2 fee", "1", "7.00")]),
        ("20.5", [("1", "10", "10.00"), ("2", "10.5", "5.25"), ("2 fee", "1", "7.00")]),
        (
            "30.5",
            [
                *(("1", "10", "10.00"), ("2", "10.5", "5.25"), ("3", "10", "1.00")),
                *(("2 fee", "1", "7.00"), ("3 fee", "1", "3.00")),
            ],
        ),
    ],
)
def test_a_bound_belongs_to_the_lower_tier(
    units: str, expected: list[tuple[str, str, str]]
) -> None:
    lines = shown(rate_usage(terms(charge("graduated", tiers=TIERS)), MAY, used(units)))
    assert lines == [
        (f"Compute Requests - Tier {name}", *rest[:1], rate, *rest[1:])
        for name, *rest in expected
        for rate in [{"1": "1", "2": "0.5", "3": "0.1", "2 fee": "7", "3 fee": "3"}[name]]
    ]


def test_tiers_begin_behind_the_allowance() -> None:
    lines = rate_usage(terms(charge("graduated", free_units="5", tiers=TIERS)), MAY, used("15.5"))
    assert [(line.description, str(line.units)) for line in lines] == [
        ("Compute Requests - Included", "5"),
        ("Compute Requests - Tier 1", "10"),
        ("Compute Requests - Tier 2", "0.5"),
        ("Compute Requests - Tier 2 fee", "1"),
    ]


def test_the_only_tier_is_not_numbered_and_its_fee_is() -> None:
    lines = rate_usage(terms(charge("graduated", tiers=[tier(None, "1", "2")])), MAY, used("3"))
    assert shown(lines) == [
        ("Compute Requests", "3", "1", "3.00"),
        ("Compute Requests - Tier 1 fee", "1", "2", "2.00"),
    ]


@pytest.mark.parametrize(
    ("units", "packages"),
    [("0.000001", "1"), ("2.5", "1"), ("2.500001", "2"), ("5", "2"), ("5000000", "2000000")],
)
def test_packages_are_sold_whole(units: str, packages: str) -> None:
    one = charge("package", package_size="2.5", package_price="0.30")
    (line,) = rate_usage(terms(one), MAY, used(units))
    assert (str(line.units), str(line.rate)) == (packages, "0.3")


def test_a_regions_own_charge_comes_before_the_one_for_all_and_each_region_has_its_allowance() -> (
    None
):
    prices = [("*", "1", "10"), ("europe", "2", "0")]
    charges = [
        {
            **charge("per_unit", unit_price=price, free_units=free, region=region),
            "product_id": "cdn_usage",
        }
        for region, price, free in prices
    ]
    usage = {
        ("cdn_usage", "requests", region): 15 * 10**10 for region in ("mexico", "usa", "europe")
    }
    assert shown(rate_usage(terms(*charges), MAY, usage)) == [
        ("North America Requests - Included", "10", "0", "0.00"),
        ("North America Requests", "5", "1", "5.00"),
        ("Europe Requests", "15", "2", "30.00"),
        ("Mexico Requests - Included", "10", "0", "0.00"),
        ("Mexico Requests", "5", "1", "5.00"),
    ]


def test_lines_stand_in_the_order_of_the_contract() -> None:
    usage = {
        ("ngwaf", "requests", ""): 1,
        ("image_optimizer", "requests", ""): 1,
        ("object_storage", "storage", ""): 1,
        ("cdn_usage", "requests", "mexico"): 1,
        ("cdn_usage", "requests", "usa"): 1,
        ("cdn_usage", "bandwidth", "mexico"): 1,
        ("cdn_usage", "bandwidth", "usa"): 1,
        ("compute_usage", "requests", ""): 1,
    }
    assert [line.description for line in rate_usage(terms(), MAY, usage)] == [
        "Compute Requests",
        "Object Storage Capacity",
        "North America Bandwidth",
        "North America Requests",
        "Mexico Bandwidth",
        "Mexico Requests",
        "Image Optimizer Requests",
        "Next-Gen WAF Requests",
    ]


def test_a_currency_without_minor_units_has_whole_amounts() -> None:
    plan = terms(charge("per_unit", unit_price="0.5"), currency="JPY", commit="10")
    rated = rate_month(plan, MAY, used("3"), [])
    assert amounts(rated.lines) == ["2", "8"]
    assert plain(rated.total) == "10"


@pytest.mark.parametrize("usage", [{}, used("0")])
def test_a_month_without_usage_and_commit_has_no_line(
    usage: dict[tuple[str, str, str], int],
) -> None:
    rated = rate_month(terms(charge("graduated", tiers=TIERS)), MAY, usage, [])
    assert (rated.lines, plain(rated.total)) == ([], "0.00")
