"""`tenantry rate`: the invoice of a month from a file, as a person and as a script meet it."""

import copy
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.areas.rating_example import LINES, PLAN
from tests.test_cli import is_one_line, tenantry

pytestmark = pytest.mark.live


def event(number: int, product: str, metric: str, quantity: Any, **more: Any) -> dict[str, Any]:
    return {
        "source": "edge-01",
        "id": str(number),
        "product_id": product,
        "metric": metric,
        "quantity": quantity,
        "timestamp": "2024-05-31T23:59:59.999999Z",
        **more,
    }


EXAMPLE: dict[str, Any] = {
    "month": "2024-05",
    "plan": PLAN,
    "events": [
        event(1, "cdn_usage", "bandwidth", "12345678901234", region="usa"),
        event(2, "cdn_usage", "requests", 123456789, region="usa"),
        event(3, "cdn_usage", "bandwidth", "3500000000.000000", region="europe"),
        event(4, "cdn_usage", "requests", "5000", region="europe", service_id="a service"),
        event(5, "image_optimizer", "requests", "1250000", timestamp="2024-05-01T02:00:00+02:00"),
    ],
    "coupons": [{"code": "WELCOME100", "kind": "fixed", "value": "100", "remaining": "100"}],
    "tax_rules": [
        {"country": "US", "state": "DE", "name": "Example State sales tax", "rate": "0.0825"}
    ],
    "address": {
        "country": "US",
        "region": "DE",
        "postal_code": "00000",
        "locality": "Exampleville",
    },
}


def write(folder: Path, name: str = "may.json", **changed: Any) -> str:
    """A file of the example, parts of it changed, or left out where None."""
    whole = {part: value for part, value in {**EXAMPLE, **changed}.items() if value is not None}
    (folder / name).write_text(json.dumps(whole), "utf-8")
    return name


def test_the_worked_example_is_the_invoice_of_the_contract(tmp_path: Path) -> None:
    ended = tenantry(tmp_path, "rate", write(tmp_path, customer_id="4aExample"), "--json")
    assert (ended.returncode, ended.stderr, ended.stdout.count("\n")) == (0, "", 1)
    invoice = json.loads(ended.stdout, parse_float=Decimal)
    lines = invoice.pop("transaction_line_items")
    assert invoice == {
        "customer_id": "4aExample",
        "invoice_id": "1000001",
        "invoice_posted_on": "2024-06-04T00:00:00Z",
        "billing_start_date": "2024-05-01T00:00:00Z",
        "billing_end_date": "2024-05-31T23:59:59Z",
        "statement_number": "S202405-1000001",
        "currency_code": "USD",
        "monthly_transaction_amount": Decimal("2056.75"),
    }
    assert [
        (each["description"], *(str(each[name]) for name in ("units", "rate", "amount")))
        for each in lines
    ] == LINES
    assert '"amount":-100.00,"credit_coupon_code":"WELCOME100","rate":-100.00' in ended.stdout


def test_a_person_reads_the_arithmetic(tmp_path: Path) -> None:
    """His editor may have marked the file as UTF-8."""
    file = tmp_path / write(tmp_path)
    file.write_text(file.read_text("utf-8"), "utf-8-sig")
    ended = tenantry(tmp_path, "rate", file.name)
    assert ended.returncode == 0, ended.stderr
    head, *rows, total = ended.stdout.splitlines()
    assert head.startswith("Invoice 1000001 (S202405-1000001), 2024-05-01T00:00:00Z to ")
    assert re.split(" {2,}", rows[1].strip()) == [
        "North America Bandwidth - Tier 2",
        "2345.678901234 x 0.08",
        "187.65",
    ]
    assert total.split() == ["Total", "2056.75"]
    # The amounts stand under each other.
    assert {len(row) for row in [*rows, total]} == {len(total)}


def test_either_names_of_an_address_will_do(tmp_path: Path) -> None:
    address = {"address_1": "1 Example Way", "city": "Exampleville", "state": "DE", "country": "us"}
    told = [
        tenantry(tmp_path, "rate", "--json", write(tmp_path, address=each)).stdout
        for each in (EXAMPLE["address"], {**address, "locality": None, "postal_code": "00000"})
    ]
    assert told[0] == told[1]
    elsewhere = tenantry(tmp_path, "rate", "--json", write(tmp_path, address=None))
    assert json.loads(elsewhere.stdout)["monthly_transaction_amount"] == 1900


def test_an_event_counts_once_and_only_in_its_month(tmp_path: Path) -> None:
    other = [
        event(6, "cdn_usage", "requests", "9", region="usa", timestamp="2024-06-01T00:00:00Z"),
        event(7, "cdn_usage", "requests", "9", region="usa", timestamp="2024-04-30T23:59:59Z"),
        event(8, "cdn_usage", "requests", "9", region="usa", timestamp="2016-05-05T00:00:00Z"),
        event(9, "cdn_usage", "requests", "9", region="usa", timestamp="2036-05-05T00:00:00Z"),
    ]
    again = copy.deepcopy(EXAMPLE["events"])
    again[0] |= {"quantity": "12345678901234.0", "timestamp": "2024-06-01T01:59:59.999999+02:00"}
    alone = tenantry(tmp_path, "rate", "--json", write(tmp_path))
    events = [*EXAMPLE["events"], *other, *again[::-1]]
    more = tenantry(tmp_path, "rate", "--json", write(tmp_path, events=events))
    assert (more.returncode, more.stderr, more.stdout) == (0, "", alone.stdout)


def test_a_refused_event_is_told_and_all_others_are_rated(tmp_path: Path) -> None:
    refused = [
        event(1, "cdn_usage", "bandwidth", "1", region="usa"),
        event(6, "cdn_usage", "requests", "-1", region="usa"),
        event(7, "cdn_usage", "requests", "1e3", region="usa"),
        event(8, "cdn_usage", "requests", "1"),
        event(9, "ngwaf", "requests", "1", region="usa"),
        event(10, "fax", "pages", "1"),
        event(11, "ngwaf", "requests", "1", timestamp="2024-05-05"),
        event(12, "ngwaf", "requests", 0.1234567),
        {"source": "edge-01"},
        "event",
    ]
    ended = tenantry(
        tmp_path, "rate", "--json", write(tmp_path, events=[*EXAMPLE["events"], *refused])
    )
    assert ended.returncode == 0
    assert ended.stdout == tenantry(tmp_path, "rate", "--json", write(tmp_path)).stdout
    told = ended.stderr.splitlines()
    assert all(is_one_line(f"{line}\n") for line in told)
    assert [re.split(": ", line)[2:4] for line in told] == [
        ["event 6 (edge-01 / 1)", "payload_differs"],
        ["event 7 (edge-01 / 6)", "quantity_negative"],
        ["event 8 (edge-01 / 7)", "quantity_has_exponent"],
        ["event 9 (edge-01 / 8)", "region_missing"],
        ["event 10 (edge-01 / 9)", "region_not_allowed"],
        ["event 11 (edge-01 / 10)", "product_unknown"],
        ["event 12 (edge-01 / 11)", "timestamp_invalid"],
        ["event 13 (edge-01 / 12)", "quantity_too_long"],
        ["event 14 (edge-01 / )", "id_missing"],
        ["event 15", "malformed"],
    ]


def test_events_of_another_customer_are_not_his(tmp_path: Path) -> None:
    events = [
        event(1, "ngwaf", "requests", "1000000", customer_id="ada"),
        event(2, "ngwaf", "requests", "1000000"),
        event(3, "ngwaf", "requests", "1000000", customer_id="eve"),
    ]
    plan = {"plan_code": "free", "name": "Free"}
    ended = tenantry(tmp_path, "rate", "--json", write(tmp_path, events=events, plan=plan))
    invoice = json.loads(ended.stdout)
    assert invoice["customer_id"] == "ada"
    assert [line["units"] for line in invoice["transaction_line_items"]] == [2]
    assert ended.stderr.startswith("tenantry: may.json: event 3 (edge-01 / 3): customer_unknown: ")


def test_where_nothing_is_owed_there_is_no_invoice(tmp_path: Path) -> None:
    free = write(tmp_path, plan={**PLAN, "commit": "0"}, events=None, coupons=None)
    assert tenantry(tmp_path, "rate", free, "--json").stdout == "null\n"
    said = tenantry(tmp_path, "rate", free).stdout
    assert said == "2024-05 has no lines, so no invoice would be posted.\n"
    parent = write(tmp_path, plan={**PLAN, "parent_pay": True})
    assert tenantry(tmp_path, "rate", parent, "--json").stdout == "null\n"
    # A commit is owed without any usage.
    committed = json.loads(tenantry(tmp_path, "rate", write(tmp_path, events=[]), "--json").stdout)
    assert committed["transaction_line_items"][0]["amount"] == 2000


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"plan": None}, "plan: is required"),
        ({"plan": {**PLAN, "commit": "-5"}}, "plan.commit: is negative"),
        ({"plan": []}, "plan: Expected object, got array"),
        ({"month": "2024-5"}, "month: '2024-5' is not a month such as 2024-05"),
        ({"month": 202405}, "month: Expected str, got int"),
        ({"events": {}}, "events: Expected array | null, got object"),
        (
            {"coupons": [{"code": "C", "kind": "fixed", "value": "x"}]},
            "coupons[0].value: Invalid decimal string",
        ),
        (
            {"coupons": [{"code": "C", "kind": "fixed", "value": "1"}] * 2},
            "coupons[1].code: an earlier coupon has it",
        ),
        (
            {"tax_rules": [{"country": "US", "name": "T", "rate": "8.25"}]},
            "tax_rules[0].rate: must be a fraction, at most 1",
        ),
        ({"address": {"country": "USA"}}, "address.country: must be two letters"),
        ({"plan": {**PLAN, "commit": "2_000"}}, "plan.commit: is not a number"),
        (
            {"plan": {**PLAN, "charges": [{**PLAN["charges"][0], "metric": "pages"}]}},
            "plan.charges[0].metric: the catalogue has no cdn_usage pages",
        ),
        ({"active_from": "yesterday"}, "active_from: 'yesterday' is not an RFC 3339 time"),
    ],
)
def test_a_bad_file_is_refused_where_it_is_wrong(
    tmp_path: Path, changed: dict[str, Any], told: str
) -> None:
    ended = tenantry(tmp_path, "rate", write(tmp_path, **changed))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == f"tenantry: may.json: {told}\n"


DEEP = "[" * 500 + "]" * 500
BROKEN = {
    "a member twice": ('"month": "2024-05"', '"month": "2024-05", "month": "2024-05"', "month"),
    "a member of a part twice": ('"commit": ', '"commit": "1", "commit": ', "plan.commit"),
    "a number beyond all": ('"commit": "2000.00"', '"commit": 1e99999999999999999999', "plan"),
    "bottomless": ('"commit": "2000.00"', f'"commit": {DEEP}', "plan"),
}


@pytest.mark.parametrize("what", list(BROKEN))
def test_json_that_means_nothing_is_refused_in_a_line(tmp_path: Path, what: str) -> None:
    part, broken, place = BROKEN[what]
    text = (tmp_path / write(tmp_path)).read_text()
    assert part in text
    (tmp_path / "may.json").write_text(text.replace(part, broken, 1))
    ended = tenantry(tmp_path, "rate", "may.json")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"tenantry: may.json: {place}: ")
    assert is_one_line(ended.stderr)


def test_a_bad_file_does_not_keep_the_others_from_being_rated(tmp_path: Path) -> None:
    (tmp_path / "none.json").write_text("{")
    good = write(tmp_path)
    ended = tenantry(tmp_path, "rate", good, "none.json", "missing.json", good, "--json")
    assert (ended.returncode, ended.stdout.count("\n")) == (1, 2)
    first, second = ended.stderr.splitlines()
    assert first.startswith("tenantry: none.json: is no JSON: ")
    assert second == "tenantry: missing.json: No such file or directory"


def test_a_part_of_a_month_and_what_else_a_file_may_say(tmp_path: Path) -> None:
    plan = {"plan_code": "s", "name": "S", "recurring_fees": [{"name": "Fee", "amount": 300}]}
    vat = {"country": "DE", "name": "VAT", "rate": "0.19", "reverse_charge": True}
    file = write(
        tmp_path,
        month="2024-04",
        plan=plan,
        events=None,
        coupons=None,
        tax_rules=[vat],
        address={"country": "DE"},
        tax_id="DE123456788",
        active_from="2024-04-11",
        active_until="2024-04-20T12:00:00Z",
        tax_rule=[],
    )
    ended = tenantry(tmp_path, "rate", file, "--json")
    assert ended.stderr == "tenantry: may.json: tax_rule: is not known, and has no effect\n"
    fee, tax = json.loads(ended.stdout)["transaction_line_items"]
    assert (fee["amount"], tax["description"], tax["amount"]) == (100, "VAT (reverse charge)", 0)


def test_what_is_for_nothing_that_is_sold_is_told(tmp_path: Path) -> None:
    coupon = {"code": "C", "kind": "percent", "value": "50", "scope": "letters"}
    vat = {"country": "US", "name": "VAT", "rate": "0.19", "applies_to": ["Compute", "Mail"]}
    file = write(tmp_path, coupons=[coupon], tax_rules=[vat])
    lines = tenantry(tmp_path, "rate", file, "--json").stderr.splitlines()
    assert [line.removeprefix("tenantry: may.json: ") for line in lines] == [
        f"{place}: nothing that is sold is {what}, and has no effect"
        for place, what in (
            ("tax_rules[0].applies_to[1]", "of the product line 'Mail'"),
            ("coupons[0].scope", "'letters'"),
        )
    ]
