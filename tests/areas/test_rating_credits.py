"""What coupons take off: in which order, from what, how much, and what is left of them (R13)."""

from collections.abc import Mapping
from typing import Any

import pytest

from tenantry.areas.invoices.rating import rate_month, rate_usage, readjust
from tenantry.areas.pricing.months import Month
from tenantry.areas.pricing.reading import BadTerms
from tenantry.areas.pricing.terms import Coupon, parse_coupon
from tests.areas.rating_examples import MAY, amounts, charge, shown, terms, used

ONE_EACH = terms(charge("per_unit", unit_price="1"))


def coupon(code: str, kind: str, value: str, **more: Any) -> Coupon:
    return parse_coupon({"code": code, "kind": kind, "value": value, **more})


def taken(units: str, *coupons: Coupon, month: Month = MAY) -> list[tuple[str, str]]:
    """Which coupons took what off so many dollars."""
    lines = rate_month(ONE_EACH, month, used(units), list(coupons)).lines
    return [(line.coupon, str(line.amount)) for line in lines if line.kind == "credit"]


def test_a_credit_is_one_negative_unit_with_its_code() -> None:
    lines = rate_month(ONE_EACH, MAY, used("10"), [coupon("TEN", "percent", "10")]).lines
    assert shown(lines)[1:] == [("Credit TEN", "1", "-1.00", "-1.00")]
    assert lines[1].coupon == "TEN"


def test_a_fixed_coupon_runs_out_over_months() -> None:
    left = coupon("C", "fixed", "25")
    told = []
    for _ in range(4):
        rated = rate_month(ONE_EACH, MAY, used("10"), [left])
        told.append(amounts(rated.lines)[1:])
        left = (*rated.coupons_after, left)[0]
    assert told == [["-10.00"], ["-10.00"], ["-5.00"], []]
    assert (str(left.remaining), str(left.value)) == ("0", "25")


def test_a_percentage_counts_for_so_many_periods() -> None:
    left = coupon("P", "percent", "50", periods_left=2)
    told = []
    for _ in range(3):
        rated = rate_month(ONE_EACH, MAY, used("10"), [left])
        told.append(amounts(rated.lines)[1:])
        left = (*rated.coupons_after, left)[0]
    assert (told, left.periods_left) == ([["-5.00"], ["-5.00"], []], 0)


def test_a_coupon_is_untouched_where_there_is_nothing_to_take_it_from() -> None:
    some = [coupon("F", "fixed", "5", periods_left=1), coupon("P", "percent", "50", periods_left=1)]
    rated = rate_month(terms(), MAY, used("10"), some)
    assert (amounts(rated.lines), rated.coupons_after) == (["0.00"], [])


def test_each_takes_from_what_those_before_it_left() -> None:
    assert taken("100", coupon("A", "percent", "50"), coupon("B", "percent", "50")) == [
        ("A", "-50.00"),
        ("B", "-25.00"),
    ]
    assert taken("10", coupon("A", "fixed", "7"), coupon("B", "fixed", "7")) == [
        ("A", "-7.00"),
        ("B", "-3.00"),
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"scope": "compute_usage"}, {"valid_until": "2024-06-01"}),
        ({"scope": "Compute", "created_at": "2024-02-01"}, {"created_at": "2024-01-01"}),
        ({"valid_until": "2024-06-01"}, {"valid_until": "2024-07-01"}),
        ({"valid_until": "2034-06-01", "created_at": "2024-02-01"}, {"created_at": "2024-01-01"}),
        ({"created_at": "2024-01-01"}, {"created_at": "2024-01-02"}),
        ({}, {}),
    ],
)
def test_who_comes_first(first: Mapping[str, Any], second: Mapping[str, Any]) -> None:
    a, z = ("A", "Z") if not first else ("Z", "A")
    coupons = [coupon(a, "fixed", "1", **first), coupon(z, "fixed", "1", **second)]
    for given in (coupons, coupons[::-1]):
        assert [code for code, _ in taken("10", *given)] == [a, z]


@pytest.mark.parametrize(
    ("more", "counts"),
    [
        ({"valid_from": "2024-05-31T23:59:59Z"}, True),
        ({"valid_from": "2024-06-01T00:00:00Z"}, False),
        ({"valid_until": "2024-05-01T00:00:01Z"}, True),
        ({"valid_until": "2024-05-01T00:00:00Z"}, False),
        # A date is meant with all its day, in UTC.
        ({"valid_until": "2024-05-01"}, True),
        ({"valid_until": "2024-04-30"}, False),
        ({"valid_until": "2024-05-01T01:00:00+02:00"}, False),
        ({"periods_left": 0}, False),
        ({"remaining": "0"}, False),
    ],
)
def test_a_coupon_counts_in_a_month_that_its_validity_touches(
    more: Mapping[str, Any], *, counts: bool
) -> None:
    assert bool(taken("10", coupon("C", "fixed", "1", **more))) == counts


@pytest.mark.parametrize(
    ("scope", "takes"),
    [("all", "-31.00"), ("Compute", "-21.00"), ("compute_usage", "-20.00"), ("Security", None)],
)
def test_a_scope_is_all_or_a_product_line_or_a_product(scope: str, takes: str | None) -> None:
    fees = [
        {"name": "Support", "amount": "10"},
        {"name": "Fanout", "amount": "1", "product_id": "fanout", "product_line": "Compute"},
    ]
    agreed = terms(charge("per_unit", unit_price="1"), recurring_fees=fees)
    lines = rate_month(agreed, MAY, used("20"), [coupon("C", "percent", "100", scope=scope)]).lines
    assert amounts(lines[3:]) == ([takes] if takes else [])


def test_the_shortfall_is_credited_too_and_credits_are_not_missing_to_the_commit() -> None:
    agreed = terms(charge("per_unit", unit_price="1"), commit="100")
    lines = rate_month(agreed, MAY, used("40"), [coupon("C", "percent", "10")]).lines
    assert amounts(lines) == ["40.00", "60.00", "-10.00"]


def test_a_share_of_a_cent_is_rounded_and_never_more_than_there_is() -> None:
    assert taken("0.05", coupon("C", "percent", "50")) == [("C", "-0.03")]
    assert taken("0.01", coupon("C", "percent", "100")) == [("C", "-0.01")]
    assert taken("0.01", coupon("C", "percent", "49")) == []
    assert taken("10", coupon("C", "fixed", "0.004")) == []


def test_a_credit_never_gives_back_what_an_adjustment_gives_back() -> None:
    april = Month(202404)
    refund = readjust(ONE_EACH, april, used("20"), rate_usage(ONE_EACH, april, used("100")))
    assert amounts(refund) == ["-80.00"]
    rated = rate_month(ONE_EACH, MAY, used("100"), [coupon("C", "fixed", "500")], refund)
    assert amounts(rated.lines) == ["100.00", "-80.00", "-20.00"]
    assert [str(each.remaining) for each in rated.coupons_after] == ["480"]
    # And nothing at all where the month comes to less than nothing.
    assert amounts(
        rate_month(ONE_EACH, MAY, used("70"), [coupon("C", "fixed", "5")], refund).lines
    ) == [
        *("70.00", "-80.00"),
    ]


def test_a_percentage_is_of_the_months_own_prices_and_a_fixed_sum_of_adjustments_too() -> None:
    april = Month(202404)
    late = readjust(ONE_EACH, april, used("30"), rate_usage(ONE_EACH, april, used("10")))
    for kind, value, takes in (("percent", "100", "-10.00"), ("fixed", "1000", "-30.00")):
        lines = rate_month(ONE_EACH, MAY, used("10"), [coupon("C", kind, value)], late).lines
        assert amounts(lines) == ["10.00", "20.00", takes]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"kind": "gift"}, "kind: Invalid enum value 'gift'"),
        ({"value": "0"}, "value: must be more than 0"),
        ({"value": "-1"}, "value: is negative"),
        ({"value": "NaN"}, "value: is not a number"),
        ({"value": 0.1}, "value: is a binary float: write it as text"),
        ({"kind": "percent", "value": "101"}, "value: must be at most 100 percent"),
        ({"kind": "percent", "remaining": "1"}, "remaining: only a fixed coupon has it"),
        ({"periods_left": -1}, "periods_left: is negative"),
        ({"valid_from": "soon"}, "valid_from: 'soon' is not an RFC 3339 time"),
        (
            {"valid_from": "2024-05-02", "valid_until": "2024-05-01"},
            "valid_until: must be later than valid_from",
        ),
        ({"code": ""}, "code: must have 1 to 255 characters"),
        ({"until": "2024-05-02"}, "until: is not known"),
    ],
)
def test_a_bad_coupon_is_refused_where_it_is_wrong(wrong: Mapping[str, Any], told: str) -> None:
    with pytest.raises(BadTerms) as refused:
        parse_coupon({"code": "C", "kind": "fixed", "value": "1", **wrong})
    assert str(refused.value) == told
