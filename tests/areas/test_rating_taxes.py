"""Which tax is owed, and on what (R14)."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from tenantry.areas.invoices.rating import rate_month, rate_usage, readjust
from tenantry.areas.pricing.months import Month
from tenantry.areas.pricing.reading import BadTerms
from tenantry.areas.pricing.taxes import TaxAddress, TaxRule, parse_tax_rules, rules_of
from tenantry.areas.pricing.terms import Terms, parse_coupon
from tests.areas.rating_examples import MAY, amounts, charge, shown, terms, used


def rule(name: str, rate: str = "0.1", **more: Any) -> dict[str, Any]:
    return {"country": "US", "name": name, "rate": rate, **more}


def agreed(*taxes: Mapping[str, Any], **plan: Any) -> Terms:
    return terms(charge("per_unit", unit_price="1"), taxes=taxes, **plan)


TABLE = parse_tax_rules(
    [
        rule("country"),
        rule("country too"),
        rule("state", state="DE"),
        rule("state too", state="DE"),
        rule("prefix", state="DE", postal_prefix="198"),
        rule("longer", state="DE", postal_prefix="1980"),
        rule("longer too", state="DE", postal_prefix="1980"),
        rule("other state", state="CA"),
        {**rule("other country"), "country": "FR"},
    ]
)


@pytest.mark.parametrize(
    ("state", "postal_code", "names"),
    [
        ("DE", "19801", ["longer", "longer too"]),
        ("DE", "19899", ["prefix"]),
        ("DE", "10000", ["state", "state too"]),
        ("DE", "", ["state", "state too"]),
        ("de", "1980", ["longer", "longer too"]),
        ("NY", "19801", ["country", "country too"]),
        (None, "19801", ["country", "country too"]),
    ],
)
def test_every_rule_of_the_most_specific_level_counts(
    state: str | None, postal_code: str, names: list[str]
) -> None:
    found = rules_of(TABLE, TaxAddress("US", state, postal_code))
    assert [each.name for each in found] == names


def test_where_no_rule_is_nothing_is_owed() -> None:
    assert rules_of(TABLE, TaxAddress("DE")) == []
    assert rules_of(TABLE, None) == []
    without = msgspec.structs.replace(agreed(rule("T")), address=None)
    assert amounts(rate_month(without, MAY, used("10"), []).lines) == ["10.00"]


def test_each_rate_is_of_the_same_base() -> None:
    lines = rate_month(agreed(rule("A", "0.1"), rule("B", "0.05")), MAY, used("100"), []).lines
    assert shown(lines)[1:] == [("A", "100.00", "0.1", "10.00"), ("B", "100.00", "0.05", "5.00")]


def test_nothing_is_owed_by_the_exempt_or_on_nothing() -> None:
    exempt = msgspec.structs.replace(agreed(rule("A")), is_tax_exempt=True)
    assert amounts(rate_month(exempt, MAY, used("10"), []).lines) == ["10.00"]
    free = parse_coupon({"code": "C", "kind": "percent", "value": "100"})
    lines = rate_month(agreed(rule("A")), MAY, used("10"), [free]).lines
    assert amounts(lines) == ["10.00", "-10.00"]


def test_a_tax_is_rounded_half_away_from_zero() -> None:
    lines = rate_month(agreed(rule("A", "0.005")), MAY, used("1"), []).lines
    assert amounts(lines) == ["1.00", "0.01"]


def _three(*taxes: Mapping[str, Any]) -> Terms:
    """Three fees of three product lines: 10, 20 and 30."""
    fees = [
        {"name": line, "amount": amount, "product_line": line}
        for line, amount in (("A", "10"), ("B", "20"), ("C", "30"))
    ]
    return terms(recurring_fees=fees, taxes=taxes)


@pytest.mark.parametrize(
    ("applies_to", "base"),
    [
        # 10.00 off 60.00: 1.67, 3.33 and 5.00.
        (["A"], "8.33"),
        (["B"], "16.67"),
        (["C"], "25.00"),
        (["A", "C"], "33.33"),
        (None, "50.00"),
        ([], "50.00"),
    ],
)
def test_credits_lower_the_base_of_the_lines_that_they_are_for(
    applies_to: list[str] | None, base: str
) -> None:
    ten = parse_coupon({"code": "C", "kind": "fixed", "value": "10"})
    lines = rate_month(_three(rule("T", applies_to=applies_to)), MAY, {}, [ten]).lines
    assert (lines[-1].kind, str(lines[-1].units)) == ("tax", base)


@pytest.mark.parametrize(
    ("each", "line", "base"),
    [
        (("10", "10", "10"), "A", "9.99"),
        (("10", "10", "10"), "B", "10.00"),
        (("10", "11", "10"), "A", "10.00"),
        (("10", "11", "10"), "B", "10.99"),
    ],
)
def test_the_remainder_goes_to_the_largest_line_the_first_of_equals(
    each: tuple[str, ...], line: str, base: str
) -> None:
    fees = [
        {"name": name, "amount": amount, "product_line": name}
        for name, amount in zip("ABC", each, strict=True)
    ]
    plan = terms(recurring_fees=fees, taxes=[rule("T", applies_to=[line])])
    cent = parse_coupon({"code": "C", "kind": "fixed", "value": "0.01"})
    assert str(rate_month(plan, MAY, {}, [cent]).lines[-1].units) == base


def test_a_scoped_credit_lowers_only_its_own_lines() -> None:
    five = parse_coupon({"code": "C", "kind": "fixed", "value": "5", "scope": "B"})
    for name, base in (("A", "10.00"), ("B", "15.00")):
        lines = rate_month(_three(rule("T", applies_to=[name])), MAY, {}, [five]).lines
        assert str(lines[-1].units) == base


def test_what_is_given_back_is_given_back_with_its_tax() -> None:
    april = Month(202404)
    plan = agreed(rule("T"))
    refund = readjust(plan, april, used("20"), rate_usage(plan, april, used("100")))
    rated = rate_month(plan, MAY, used("30"), [], refund)
    assert shown(rated.lines)[2:] == [("T", "-50.00", "0.1", "-5.00")]
    assert str(rated.total) == "-55.00"


@pytest.mark.parametrize(
    ("country", "tax_id", "is_reversed"),
    [
        ("DE", "DE123456788", True),
        ("DE", "FR23334175221", False),
        ("DE", None, False),
        ("GR", "EL023456780", True),
        ("GB", "XI980780684", True),
    ],
)
def test_a_reverse_charge_is_said_and_costs_nothing(
    country: str, tax_id: str | None, *, is_reversed: bool
) -> None:
    vat = {"country": country, "name": "VAT", "rate": "0.19", "reverse_charge": True}
    plan = msgspec.structs.replace(agreed(vat), address=TaxAddress(country), tax_id=tax_id)
    (_, line) = rate_month(plan, MAY, used("100"), []).lines
    expected = ("VAT", "100.00", "0.19", "19.00")
    reversed_ = ("VAT (reverse charge)", "100.00", "0", "0.00")
    assert shown([line]) == [reversed_ if is_reversed else expected]


def test_without_the_flag_a_tax_id_changes_nothing() -> None:
    vat = {"country": "DE", "name": "VAT", "rate": "0.19"}
    plan = msgspec.structs.replace(agreed(vat), address=TaxAddress("DE"), tax_id="DE123456788")
    assert amounts(rate_month(plan, MAY, used("100"), []).lines) == ["100.00", "19.00"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([rule("A"), rule("B", country="USA")], "[1].country: must be two letters"),
        ([rule("A", "8.25")], "[0].rate: must be a fraction, at most 1"),
        ([rule("A", "-0.1")], "[0].rate: is negative"),
        ({"tax_rules": [rule("A", "x")]}, "[0].rate: Invalid decimal string"),
        ([{"country": "US", "rate": "0"}], "[0].name: is required"),
        ({"rules": []}, "must be the list of rules, alone or as tax_rules"),
        ("all", "Expected array, got str"),
    ],
)
def test_a_bad_table_is_refused_where_it_is_wrong(given: Any, told: str) -> None:
    with pytest.raises(BadTerms) as refused:
        parse_tax_rules(given)
    assert str(refused.value) == told


def test_a_table_may_stand_alone_or_be_named() -> None:
    table = [rule("A")]
    assert parse_tax_rules(table) == parse_tax_rules({"tax_rules": table})
    assert isinstance(parse_tax_rules(table)[0], TaxRule)
