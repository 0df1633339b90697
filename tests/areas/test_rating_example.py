"""The worked example of billing §7.3, to the cent and to the byte."""

import json

import msgspec

from tenantry.areas.invoices.lines import Line, wire
from tenantry.areas.invoices.rating import rate_month, rate_usage, readjust, total
from tenantry.areas.pricing.terms import Terms
from tests.areas.rating_example import (
    COUPON,
    LATE,
    LINES,
    MAY,
    MONTH_TO_DATE,
    TERMS,
    TOTAL,
    USAGE,
)

JUNE = MAY.plus(1)


def _shown(lines: list[Line]) -> list[tuple[str, str, str, str]]:
    return [(each.description, str(each.units), str(each.rate), str(each.amount)) for each in lines]


def test_the_month_to_date_is_the_sum_of_what_was_used() -> None:
    lines = rate_usage(TERMS, MAY, USAGE)
    assert _shown(lines) == LINES[:7]
    assert total(lines, "USD") == MONTH_TO_DATE


def test_the_invoice_of_the_example() -> None:
    rated = rate_month(TERMS, MAY, USAGE, [COUPON])
    assert _shown(rated.lines) == LINES
    assert rated.total == TOTAL
    assert [(each.code, str(each.remaining)) for each in rated.coupons_after] == [
        ("WELCOME100", "0")
    ]


def test_a_line_on_the_wire_is_the_contracts_byte_for_byte() -> None:
    lines = rate_month(TERMS, MAY, USAGE, [COUPON]).lines
    assert msgspec.json.encode(wire(lines[1])) == (
        b'{"description":"North America Bandwidth - Tier 2","amount":187.65,"rate":0.08,'
        b'"units":2345.678901234,"product_name":"Full-Site Delivery",'
        b'"product_group":"Full-Site Delivery","product_line":"Network Services",'
        b'"region":"North America","usage_type":"bandwidth"}'
    )
    assert msgspec.json.encode(wire(lines[8])) == (
        b'{"description":"Credit WELCOME100","amount":-100.00,"credit_coupon_code":"WELCOME100",'
        b'"rate":-100.00,"units":1,"product_name":"Credit","product_group":"Credits",'
        b'"product_line":"Account","region":"","usage_type":"credit"}'
    )
    assert json.loads(msgspec.json.encode(wire(lines[9])))["usage_type"] == "tax"


def test_late_usage_is_adjusted_and_cancels_out() -> None:
    posted = rate_month(TERMS, MAY, USAGE, [COUPON])
    adjustments = readjust(TERMS, MAY, LATE, posted.lines)
    assert _shown(adjustments) == [
        ("Adjustment 2024-05: North America Bandwidth - Tier 2", "1000", "0.08", "80.00"),
        ("Adjustment 2024-05: Commit shortfall", "1", "-80.00", "-80.00"),
    ]
    assert [each.region for each in adjustments] == ["North America", ""]
    assert {each.month for each in adjustments} == {MAY.number}
    # June itself has no usage: its commit is due in full, and taxed; the adjustments cancel out.
    june = rate_month(TERMS, JUNE, {}, [], adjustments)
    assert _shown(june.lines[:2]) == _shown(adjustments)
    assert _shown(june.lines[2:]) == [
        ("Commit shortfall", "1", "2000", "2000.00"),
        ("Example State sales tax", "2000.00", "0.0825", "165.00"),
    ]
    # And once billed, they are not billed again.
    assert readjust(TERMS, MAY, LATE, [*posted.lines, *adjustments]) == []


def test_what_was_added_and_voided_again_is_adjusted_back() -> None:
    posted = rate_month(TERMS, MAY, USAGE, [COUPON]).lines
    late = readjust(TERMS, MAY, LATE, posted)
    back = readjust(TERMS, MAY, USAGE, [*posted, *late])
    assert _shown(back) == [
        ("Adjustment 2024-05: North America Bandwidth - Tier 2", "-1000", "0.08", "-80.00"),
        ("Adjustment 2024-05: Commit shortfall", "1", "80.00", "80.00"),
    ]
    assert readjust(TERMS, MAY, USAGE, [*posted, *late, *back]) == []


def test_terms_survive_their_text_and_lines_theirs() -> None:
    again = Terms.from_json(TERMS.to_json())
    assert again == TERMS
    lines = rate_month(again, MAY, USAGE, [COUPON]).lines
    encoded = msgspec.json.encode(lines)
    assert msgspec.json.decode(encoded, type=list[Line]) == lines
    assert msgspec.json.encode(msgspec.json.decode(encoded, type=list[Line])) == encoded
