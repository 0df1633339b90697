"""Months, parts of months, fees and the commit (R1, R11, R12)."""

import msgspec
import pytest

from tenantry.areas.invoices.rating import rate_month, rate_usage
from tenantry.areas.pricing.months import Month, day_number
from tenantry.core import clock
from tests.areas.rating_examples import at, charge, shown, terms, used

FEE = {"name": "Support", "amount": "300.00"}


@pytest.mark.parametrize(
    ("text", "days", "first", "last"),
    [
        ("2024-02", 29, 20240201, 20240229),
        ("2023-02", 28, 20230201, 20230228),
        ("2000-02", 29, 20000201, 20000229),
        ("2100-02", 28, 21000201, 21000228),
        ("2024-12", 31, 20241201, 20241231),
        ("1970-01", 31, 19700101, 19700131),
    ],
)
def test_a_month_begins_and_ends_at_midnight(text: str, days: int, first: int, last: int) -> None:
    month = Month.parse(text)
    assert (month.text, month.days) == (text, days)
    assert clock.shown(month.first) == f"{text}-01T00:00:00Z"
    assert (day_number(month.first), day_number(month.end - 1)) == (first, last)
    assert Month.of(month.first) == Month.of(month.end - 1) == month
    assert Month.of(month.end) == month.plus(1)
    assert month.plus(1).first == month.end


def test_months_are_counted_over_years() -> None:
    assert Month(202401).plus(-1) == Month(202312)
    assert Month(202405).plus(-13) == Month(202304)
    assert Month(202412).plus(1) == Month(202501)
    assert Month(202312) < Month(202401)


@pytest.mark.parametrize(
    "text", ["2024-5", "2024-13", "2024-00", "1969-12", "9999-01", "202405", ""]
)
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a month such as 2024-05"):
        Month.parse(text)


@pytest.mark.parametrize(
    ("month", "came", "left", "fee"),
    [
        ("2024-04", None, None, "300.00"),
        ("2024-04", "2024-04-01T00:00:00Z", None, "300.00"),
        # 20 of 30 days: the contract's example.
        ("2024-04", "2024-04-11T00:00:00Z", None, "200.00"),
        ("2024-04", "2024-04-11T23:59:59Z", None, "200.00"),
        ("2024-04", None, "2024-04-20T00:00:00Z", "200.00"),
        ("2024-04", None, "2024-04-20T23:59:59Z", "200.00"),
        ("2024-04", "2024-04-30T23:59:59Z", None, "10.00"),
        ("2024-04", "2024-04-10T12:00:00Z", "2024-04-10T13:00:00Z", "10.00"),
        ("2024-02", None, "2024-02-28T00:00:00Z", "289.66"),
        ("2023-02", None, "2023-02-28T00:00:00Z", "300.00"),
        ("2024-04", "2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z", "300.00"),
    ],
)
def test_a_fee_is_owed_for_the_days_that_a_customer_was_there(
    month: str, came: str | None, left: str | None, fee: str
) -> None:
    agreed = msgspec.structs.replace(
        terms(recurring_fees=[FEE]),
        active_from=at(came) if came else None,
        active_until=at(left) if left else None,
    )
    (line,) = rate_usage(agreed, Month.parse(month), {})
    assert (line.description, str(line.amount), line.month) == (
        *("Support", fee),
        Month.parse(month).number,
    )


@pytest.mark.parametrize(
    ("came", "left"), [("2024-05-01T00:00:00Z", None), (None, "2024-03-31T23:59:59Z")]
)
def test_who_was_not_there_owes_neither_fee_nor_commit(came: str | None, left: str | None) -> None:
    agreed = msgspec.structs.replace(
        terms(recurring_fees=[FEE], commit="50"),
        active_from=at(came) if came else None,
        active_until=at(left) if left else None,
    )
    assert rate_month(agreed, Month.parse("2024-04"), {}, []).lines == []


def test_fees_stand_in_the_plans_order_before_usage() -> None:
    fees = [{"name": name, "amount": "1"} for name in ("Zebra", "Ant")]
    lines = rate_usage(terms(recurring_fees=fees), Month(202405), used("1"))
    assert [line.description for line in lines] == ["Zebra", "Ant", "Compute Requests"]


def test_the_commit_is_prorated_as_fees_are() -> None:
    agreed = msgspec.structs.replace(terms(commit="50.00"), active_from=at("2024-04-11T00:00:00Z"))
    rated = rate_month(agreed, Month.parse("2024-04"), {}, [])
    assert shown(rated.lines) == [("Commit shortfall", "1", "33.33", "33.33")]


@pytest.mark.parametrize(("units", "missing"), [("99.99", ["0.01"]), ("100", []), ("100.01", [])])
def test_only_what_is_missing_to_the_commit_is_owed(units: str, missing: list[str]) -> None:
    agreed = terms(charge("per_unit", unit_price="1"), commit="100")
    lines = rate_month(agreed, Month(202405), used(units), []).lines
    assert [str(line.amount) for line in lines if line.kind == "shortfall"] == missing
