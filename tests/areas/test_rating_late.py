"""Usage that comes late, or is voided, after its month was invoiced (R18)."""

import pytest

from tenantry.areas.invoices.lines import Line
from tenantry.areas.invoices.rating import rate_month, rate_usage, readjust
from tenantry.areas.pricing.months import Month
from tenantry.areas.pricing.terms import Terms
from tests.areas.rating_examples import MAY, amounts, charge, shown, terms, tier, used

JUNE = Month(202406)


def billed(agreed: Terms, units: str) -> list[Line]:
    return rate_usage(agreed, MAY, used(units))


PER_UNIT = terms(charge("per_unit", unit_price="0.10"))


def test_what_changes_no_amount_is_no_line_and_is_not_forgotten() -> None:
    posted = billed(PER_UNIT, "1")
    first = readjust(PER_UNIT, MAY, used("1.01"), posted)
    assert first == []
    (line,) = readjust(PER_UNIT, MAY, used("1.20"), posted)
    assert shown([line]) == [("Adjustment 2024-05: Compute Requests", "0.2", "0.1", "0.02")]


def test_money_that_is_not_units_times_rate_is_one_unit_of_it() -> None:
    # 0.104 was rounded down and 0.105 is rounded up, but 0.01 units by themselves are 0.00.
    posted = billed(PER_UNIT, "1.04")
    assert amounts(posted) == ["0.10"]
    (line,) = readjust(PER_UNIT, MAY, used("1.05"), posted)
    assert shown([line]) == [("Adjustment 2024-05: Compute Requests", "1", "0.01", "0.01")]
    assert str(line.counted) == "0.01"
    # The next difference is from all that was billed, by the units behind that one.
    (then,) = readjust(PER_UNIT, MAY, used("2.05"), [*posted, line])
    assert shown([then]) == [("Adjustment 2024-05: Compute Requests", "1", "0.1", "0.10")]


def test_a_tier_that_is_reached_late_is_new_with_its_fee_and_goes_again() -> None:
    agreed = terms(charge("graduated", tiers=[tier("10", "1"), tier(None, "0.5", "7")]))
    posted = billed(agreed, "8")
    late = readjust(agreed, MAY, used("12"), posted)
    name = "Adjustment 2024-05: Compute Requests - Tier"
    assert shown(late) == [
        (f"{name} 1", "2", "1", "2.00"),
        (f"{name} 2", "2", "0.5", "1.00"),
        (f"{name} 2 fee", "1", "7", "7.00"),
    ]
    back = readjust(agreed, MAY, used("8"), [*posted, *late])
    assert shown(back) == [
        (f"{name} 1", "-2", "1", "-2.00"),
        (f"{name} 2", "-2", "0.5", "-1.00"),
        (f"{name} 2 fee", "-1", "7", "-7.00"),
    ]
    assert readjust(agreed, MAY, used("8"), [*posted, *late, *back]) == []


def test_adjustments_stand_as_the_lines_that_they_are_about() -> None:
    agreed = terms(
        charge("graduated", free_units="1", tiers=[tier("10", "1", "7"), tier(None, "0.5", "7")])
    )
    late = readjust(agreed, MAY, used("12"), [])
    assert [line.description.partition(": ")[2] for line in late] == [
        line.description for line in billed(agreed, "12") if line.amount
    ]


def test_voiding_everything_takes_everything_back() -> None:
    posted = billed(PER_UNIT, "100")
    assert shown(readjust(PER_UNIT, MAY, {}, posted)) == [
        ("Adjustment 2024-05: Compute Requests", "-100", "0.1", "-10.00")
    ]


def test_a_month_that_had_no_invoice_is_billed_whole() -> None:
    agreed = terms(charge("per_unit", unit_price="0.10"))
    assert shown(readjust(agreed, MAY, used("100"), [])) == [
        ("Adjustment 2024-05: Compute Requests", "100", "0.1", "10.00")
    ]


def test_packages_are_adjusted_whole() -> None:
    agreed = terms(charge("package", package_size="10", package_price="3"))
    posted = billed(agreed, "15")
    assert readjust(agreed, MAY, used("20"), posted) == []
    assert shown(readjust(agreed, MAY, used("21"), posted))[0][1:] == ("1", "3", "3.00")


def test_fees_credits_and_tax_of_the_month_stay() -> None:
    agreed = terms(
        charge("per_unit", unit_price="1"),
        recurring_fees=[{"name": "Support", "amount": "5"}],
        taxes=[{"country": "US", "name": "T", "rate": "0.1"}],
    )
    posted = rate_month(agreed, MAY, used("10"), []).lines
    assert amounts(readjust(agreed, MAY, used("11"), posted)) == ["1.00"]


def test_a_shortfall_may_come_and_go() -> None:
    agreed = terms(charge("per_unit", unit_price="1"), commit="100")
    posted = rate_month(agreed, MAY, used("40"), []).lines
    gone = readjust(agreed, MAY, used("150"), posted)
    assert shown(gone) == [
        ("Adjustment 2024-05: Compute Requests", "110", "1", "110.00"),
        ("Adjustment 2024-05: Commit shortfall", "-1", "60.00", "-60.00"),
    ]
    come = readjust(agreed, MAY, used("90"), [*posted, *gone])
    assert shown(come) == [
        ("Adjustment 2024-05: Compute Requests", "-60", "1", "-60.00"),
        ("Adjustment 2024-05: Commit shortfall", "1", "10.00", "10.00"),
    ]


def test_adjustments_stand_before_the_shortfall_and_do_not_count_toward_the_commit() -> None:
    agreed = terms(charge("per_unit", unit_price="1"), commit="100")
    late = readjust(PER_UNIT, MAY, used("500"), [])
    june = rate_month(agreed, JUNE, used("40"), [], late)
    assert [(line.kind, line.month, str(line.amount)) for line in june.lines] == [
        ("usage", 202406, "40.00"),
        ("adjustment", 202405, "50.00"),
        ("shortfall", 202406, "60.00"),
    ]


@pytest.mark.parametrize("units", ["1.05", "1.049", "7"])
def test_an_adjustment_keeps_what_leads_back_to_its_usage(units: str) -> None:
    posted = billed(PER_UNIT, "1.04")
    for line in readjust(PER_UNIT, MAY, used(units), posted):
        original = posted[0]
        for name in ("product_id", "metric", "region_key", "tier", "usage_type", "product_name"):
            assert getattr(line, name) == getattr(original, name)
        assert (line.kind, line.adjusts) == ("adjustment", "usage")
