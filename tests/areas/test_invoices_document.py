"""The exact bytes of a posted invoice: the worked example (contract: billing §3.1, §7.3)."""

from decimal import Decimal
from typing import Any

import msgspec

from tenantry.areas.invoices.document import Closed, document
from tenantry.areas.invoices.lines import Kind, Line
from tenantry.areas.invoices.rating import total
from tenantry.areas.pricing.money import decode_exactly
from tenantry.areas.pricing.months import Month
from tenantry.core.clock import read

CUSTOMER = "4aExampleCustomer0001A"


def line(kind: Kind, description: str, numbers: str, product: str, **more: Any) -> Line:
    """A line of May 2024: its amount, rate and units, then its product, group and line."""
    amount, rate, units = map(Decimal, numbers.split())
    name, group, product_line, usage_type = product.split("/")
    return Line(
        kind=kind,
        description=description,
        amount=amount,
        rate=rate,
        units=units,
        product_name=name,
        product_group=group,
        product_line=product_line,
        usage_type=usage_type,
        month=202405,
        **more,
    )


_CDN = "Full-Site Delivery/Full-Site Delivery/Network Services/"
LINES = (
    line(
        *("usage", "North America Bandwidth - Tier 1", "1200.00 0.12 10000", f"{_CDN}bandwidth"),
        region="North America",
        tier=1,
    ),
    line(
        *("usage", "North America Bandwidth - Tier 2", "187.65 0.08 2345.678901234"),
        f"{_CDN}bandwidth",
        region="North America",
        tier=2,
    ),
    line("usage", "Europe Requests", "0.00 0.009 0.5", f"{_CDN}requests", region="Europe"),
    line(
        *("credit", "Credit WELCOME100", "-100.00 -100.00 1", "Credit/Credits/Account/credit"),
        coupon="WELCOME100",
    ),
    line("tax", "Example State sales tax", "156.75 0.0825 1900.00", "Tax/Tax/Tax/tax"),
)
SENT = (
    '{"customer_id":"4aExampleCustomer0001A","invoice_id":"1000042",'
    '"invoice_posted_on":"2024-06-04T00:00:00Z","billing_start_date":"2024-05-01T00:00:00Z",'
    '"billing_end_date":"2024-05-31T23:59:59Z","statement_number":"S202405-1000042",'
    '"currency_code":"USD","monthly_transaction_amount":1444.40,"transaction_line_items":['
    '{"description":"North America Bandwidth - Tier 1","amount":1200.00,"rate":0.12,'
    '"units":10000,"product_name":"Full-Site Delivery","product_group":"Full-Site Delivery",'
    '"product_line":"Network Services","region":"North America","usage_type":"bandwidth"},'
    '{"description":"North America Bandwidth - Tier 2","amount":187.65,"rate":0.08,'
    '"units":2345.678901234,"product_name":"Full-Site Delivery",'
    '"product_group":"Full-Site Delivery","product_line":"Network Services",'
    '"region":"North America","usage_type":"bandwidth"},'
    '{"description":"Europe Requests","amount":0.00,"rate":0.009,"units":0.5,'
    '"product_name":"Full-Site Delivery","product_group":"Full-Site Delivery",'
    '"product_line":"Network Services","region":"Europe","usage_type":"requests"},'
    '{"description":"Credit WELCOME100","amount":-100.00,"credit_coupon_code":"WELCOME100",'
    '"rate":-100.00,"units":1,"product_name":"Credit","product_group":"Credits",'
    '"product_line":"Account","region":"","usage_type":"credit"},'
    '{"description":"Example State sales tax","amount":156.75,"rate":0.0825,"units":1900.00,'
    '"product_name":"Tax","product_group":"Tax","product_line":"Tax","region":"",'
    '"usage_type":"tax"}]}'
)


def closed(lines: tuple[Line, ...], currency: str = "USD") -> Closed:
    """An invoice of these lines for May 2024."""
    return Closed(
        customer_id=CUSTOMER,
        id=1_000_042,
        month=Month(202405),
        posted_at=read("2024-06-04T00:00:00Z"),
        currency=currency,
        total=total(lines, currency),
        lines=lines,
    )


def test_the_worked_example_byte_for_byte() -> None:
    assert document(closed(LINES)) == SENT


def test_numbers_are_plain_and_never_minus_zero() -> None:
    odd = (
        line("usage", "a", "-0.00 1E-12 1E+30", f"{_CDN}requests"),
        line("usage", "b", "1E+2 -0 0E+3", f"{_CDN}requests"),
    )
    text = document(closed(odd))
    assert '"amount":0.00,"rate":0.000000000001,"units":1000000000000000000000000000000' in text
    assert '"amount":100,"rate":0,"units":0' in text
    assert "-0" not in text.split("transaction_line_items")[1]


def test_a_total_has_the_currencys_decimals() -> None:
    free = (line("usage", "free", "0 0 1", f"{_CDN}requests"),)
    for currency, shown in (("USD", "0.00"), ("JPY", "0"), ("KWD", "0.000")):
        assert f'"monthly_transaction_amount":{shown},' in document(closed(free, currency))
    assert '"monthly_transaction_amount":0.00,' in document(closed(()))


def test_names_may_hold_anything() -> None:
    odd = (line("usage", 'a "b"\\\n\u2028 é', "1.00 1 1", "x/y/z/requests"),)
    decoded = decode_exactly(document(closed(odd)))
    assert decoded["transaction_line_items"][0]["description"] == 'a "b"\\\n\u2028 é'
    assert decoded["monthly_transaction_amount"] == Decimal("1.00")
    assert msgspec.json.decode(document(closed(odd)))["invoice_id"] == "1000042"
