"""Plans, catalogues and quantities as they are written, and what is said of wrong ones."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tenantry.areas.pricing.catalogue import BUILT_IN, parse_catalogue
from tenantry.areas.pricing.money import decode_exactly, plain, to_micros, trimmed, units_of
from tenantry.areas.pricing.reading import BadTerms
from tenantry.areas.pricing.terms import Terms, parse_plan
from tests.areas.rating_examples import charge, tier


def plan(*charges: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"plan_code": "small", "name": "Small", "charges": list(charges), **more}


TIERS = [tier("10", "1"), tier(None, "0.5")]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (plan() | {"plan_code": None}, "plan_code: is required"),
        (plan(currency="dollars"), "currency: must be three letters"),
        (plan(commit="-1"), "commit: is negative"),
        (plan(commit="Infinity"), "commit: is not a number"),
        (plan(commit="1E+18"), "commit: has more than 18 digits before its point"),
        (plan(commit="1_000"), "commit: is not a number"),
        (plan(commit=" 1 "), "commit: is not a number"),
        (plan(commit="+1"), "commit: is not a number"),
        (
            plan(charge("per_unit", unit_price="\u0661")),
            "charges[0].unit_price: is not a number",
        ),
        (
            plan(charge("graduated", tiers=[tier("1_0", "1"), tier(None, "1")])),
            "charges[0].tiers[0].up_to: is not a number",
        ),
        (plan(commit=0.1), "commit: is a binary float: write it as text"),
        (plan(charges={}), "charges: Expected array, got object"),
        (plan(recurring_fees=[{"name": "A"}]), "recurring_fees[0].amount: is required"),
        (plan(charge("flat")), "charges[0].model: Invalid enum value 'flat'"),
        (plan(charge("per_unit")), "charges[0].tiers: must be one for per_unit"),
        (
            plan(charge("per_unit", tiers=[tier("1", "1")])),
            "charges[0].tiers[0].up_to: must be null for per_unit",
        ),
        (
            plan(charge("per_unit", tiers=[tier(None, "1", "5")])),
            "charges[0].tiers[0].flat_fee: must be 0 for per_unit",
        ),
        (
            plan(charge("per_unit", unit_price="0.0000000000001")),
            "charges[0].unit_price: has more than 12 digits after its point",
        ),
        (plan(charge("graduated")), "charges[0].tiers: must be at least one"),
        (
            plan(charge("graduated", unit_price="1", tiers=TIERS)),
            "charges[0].unit_price: stands in the tiers of a graduated charge",
        ),
        (
            plan(charge("graduated", tiers=[tier("10", "1")])),
            "charges[0].tiers[0].up_to: must be null for the last tier",
        ),
        (
            plan(charge("graduated", tiers=[tier(None, "1"), tier(None, "1")])),
            "charges[0].tiers[0].up_to: may be null only for the last tier",
        ),
        (
            plan(charge("graduated", tiers=[tier("10", "1"), tier("10.0", "1"), tier(None, "1")])),
            "charges[0].tiers[1].up_to: must be more than 10",
        ),
        (
            plan(charge("package", package_size="0", package_price="1")),
            "charges[0].package_size: must be more than 0",
        ),
        (
            plan(charge("package", package_size="1")),
            "charges[0].package_price: is required",
        ),
        (
            plan(charge("graduated", package_size="1", tiers=TIERS)),
            "charges[0].model: graduated has no packages",
        ),
        (
            plan(charge("package", package_size="1", package_price="1", tiers=TIERS)),
            "charges[0].model: package has no tiers",
        ),
        (
            plan(charge("graduated", region="mars", tiers=TIERS)),
            "charges[0].region: 'mars' is not a region",
        ),
        (
            plan(*[charge("graduated", tiers=TIERS)] * 2),
            "charges[1]: an earlier charge has this metric and region",
        ),
        (plan(charge("graduated", tier=TIERS)), "charges[0].tier: is not known"),
        ([], "Expected object, got array"),
    ],
)
def test_a_bad_plan_is_refused_where_it_is_wrong(given: Any, told: str) -> None:
    with pytest.raises(BadTerms) as refused:
        parse_plan(given)
    assert str(refused.value) == told


def test_null_says_as_much_as_nothing() -> None:
    written = charge("per_unit", unit_price="1", tiers=None, package_size=None, free_units=None)
    assert parse_plan(plan(written)) == parse_plan(
        plan(charge("per_unit", tiers=[tier(None, "1")]))
    )


def test_numbers_may_be_text_or_json_numbers_and_are_never_floats() -> None:
    text = b'{"plan_code":"small","name":"Small","commit":0.1000000000000000055}'
    with pytest.raises(BadTerms, match="commit: has more than 12 digits after its point"):
        parse_plan(decode_exactly(text))
    for written in (b"0.10", b'"0.10"', b"1e-1"):
        given = decode_exactly(b'{"plan_code":"small","name":"Small","commit":' + written + b"}")
        assert parse_plan(given).commit == Decimal("0.1")


def test_a_snapshot_keeps_every_digit() -> None:
    prices = [tier("999999999999999999.999999999999", "0.123456789012"), tier(None, "0")]
    agreed = Terms(plan=parse_plan(plan(charge("graduated", tiers=prices))), catalogue=BUILT_IN)
    again = Terms.from_json(agreed.to_json())
    assert again == agreed
    assert plain(again.plan.charges[0].tiers[0].up_to or Decimal(0)) == prices[0]["up_to"]


def _metric(**more: Any) -> dict[str, Any]:
    return {**msgspec.to_builtins(BUILT_IN.listed[0]), **more}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"metrics": [_metric(divisor=1024)]}, "metrics[0].divisor: must be a power of ten"),
        ({"metrics": [_metric(divisor=0)]}, "metrics[0].divisor: must be a power of ten"),
        ({"metrics": [_metric()] * 2}, "metrics: names a product and metric twice"),
        ({"metrics": [_metric(name=" ")]}, "metrics[0].name: must have 1 to 255 characters"),
        ({}, "metrics: is required"),
    ],
)
def test_a_bad_catalogue_is_refused_where_it_is_wrong(given: Any, told: str) -> None:
    with pytest.raises(BadTerms) as refused:
        parse_catalogue(given)
    assert str(refused.value) == told


def test_the_catalogue_reads_what_it_writes() -> None:
    assert parse_catalogue(msgspec.to_builtins(BUILT_IN)) == BUILT_IN
    assert BUILT_IN.find("cdn_usage", "requests").label("usa") == "North America Requests"
    assert BUILT_IN.find("ngwaf", "requests").label("") == "Next-Gen WAF Requests"


@pytest.mark.parametrize(
    ("given", "micros"),
    [("0", 0), ("0.000001", 1), ("1.0", 10**6), (7, 7 * 10**6), (Decimal("0.5"), 500_000)],
)
def test_a_quantity_is_counted_in_millionths(given: str | int | Decimal, micros: int) -> None:
    assert to_micros(given) == micros


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("-1", "is negative"),
        ("1e3", "has an exponent"),
        (Decimal("1E+3"), "has an exponent"),
        ("NaN", "is not a number"),
        ("", "is not a number"),
        (" 1", "is not a number"),
        ("1_000", "is not a number"),
        ("\u0661", "is not a number"),
        ("1.", "is not a number"),
        ("1" * 19, "has more than 18 digits before its point"),
        ("0.1234567", "has more than 6 digits after its point"),
    ],
)
def test_what_is_no_quantity_says_why(given: str | Decimal, why: str) -> None:
    with pytest.raises(ValueError, match=f"^{why}$"):
        to_micros(given)


def test_numbers_are_plain_and_never_minus_nothing() -> None:
    assert [plain(Decimal(text)) for text in ("-0.00", "1E+3", "1E-7")] == [
        "0.00",
        "1000",
        "0.0000001",
    ]
    assert [str(trimmed(Decimal(text))) for text in ("-0.0", "1.50", "1E+3")] == [
        "0",
        "1.5",
        "1000",
    ]
    assert str(units_of(12_345_678_901_234 * 10**6, 10**9)) == "12345.678901234"
