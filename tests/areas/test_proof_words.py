"""An invoice in words, and as a spreadsheet."""

import csv
import io
from typing import Any

from tenantry.areas.pricing.months import Month
from tenantry.core.clock import DAY, HOUR
from tests.areas.invoice_calls import (
    ADDRESS,
    INVOICES,
    MARCH,
    TAX,
    USED,
    credited,
    done,
    event,
    give_plan,
    got,
    invoiced_example,
    post,
    use,
    void,
)
from tests.areas.proof_calls import OURS, check_lines
from tests.areas.rating_example import LINES, PLAN
from tests.world import ADA, BILL, WIDGETS, World


async def _explained(world: World, invoice_id: str) -> list[str]:
    body = await got(world, f"{OURS}/{invoice_id}/explain", BILL)
    assert body["invoice_id"] == invoice_id
    sentences: list[str] = body["explanation"]
    return sentences


async def test_the_worked_example_in_words(world: World) -> None:
    invoice_id = await invoiced_example(world)
    assert await _explained(world, invoice_id) == [
        (
            f"Invoice {invoice_id} bills 2026-03, from 2026-03-01T00:00:00Z to "
            "2026-04-01T00:00:00Z, "
            "all times in UTC. It was posted at 2026-04-04T00:00:00Z and never changes."
        ),
        (
            "The month was rated by the plan 'Example Growth' (growth), in USD, as it was when the "
            "invoice was posted."
        ),
        "Line 1: North America Bandwidth - Tier 1: 10000 units at 0.12 are 1200.00 USD.",
        "Line 2: North America Bandwidth - Tier 2: 2345.678901234 units at 0.08 are 187.65 USD.",
        "Line 3: North America Requests: 12345.6789 units at 0.0075 are 92.59 USD.",
        "Line 4: Europe Bandwidth - Tier 1: 3.5 units at 0.12 are 0.42 USD.",
        "Line 5: Europe Requests: 0.5 units at 0.009 are 0.00 USD.",
        "Line 6: Image Optimizer Requests - Included: 100 units are free.",
        "Line 7: Image Optimizer Requests: 25 units at 0.35 are 8.75 USD.",
        "Line 8: what is missing to the commit of 2000: 510.59 USD.",
        "Line 9: coupon WELCOME100 takes off 100.00 USD.",
        "Line 10: Example State sales tax: 0.0825 of 1900.00 is 156.75 USD.",
        "The commit is 2000; fees and use come to 1489.41, which is less, so the rest is owed too.",
        "Coupon WELCOME100 is 100, of which 100 was left, and is for everything.",
        (
            "Tax is owed by the rule 'Example State sales tax' for DE, US, because the customer's "
            "address is 00000, DE, US."
        ),
        "Together the lines come to 2056.75 USD.",
        "No payment was told of yet.",
    ]


async def test_what_was_decided_then_is_told_whatever_is_so_now(world: World) -> None:
    invoice_id = await invoiced_example(world)
    before = await _explained(world, invoice_id)
    await done(world, "PUT", "/_operator/v1/tax-rules", {"tax_rules": [{**TAX, "rate": "0.5"}]})
    moved = {"country": "CH", "region": "ZH", "postal_code": "8000"}
    await world.ask(ADA, "PUT", "/billing/v3/customer-addresses/billing", json=moved)
    await give_plan(world, {**PLAN, "name": "Other", "commit": "1", "charges": []})
    assert await _explained(world, invoice_id) == before
    path = f"/_operator/v1/invoices/{invoice_id}/payments"
    for status, said in (("Outstanding", "A payment failed at"), ("Paid", "It was paid at")):
        await done(world, "POST", path, {"status": status})
        assert (await _explained(world, invoice_id))[-1].startswith(said)


async def test_adjustments_fees_and_what_has_no_price(world: World) -> None:
    fee = {"name": "Support", "amount": "300.00"}
    package = {"product_id": "compute_usage", "metric": "requests", "model": "package"}
    charges = [*PLAN["charges"], {**package, "package_size": "10", "package_price": "5"}]
    await give_plan(world, {**PLAN, "recurring_fees": [fee], "commit": "0", "charges": charges})
    world.clock.turn(DAY)
    sold = ("ngwaf", "requests", None, "5000000")
    await use(world, event("free", sold), event("gone", USED["usa-requests"]))
    world.clock.now = MARCH.end + 4 * DAY
    (march,) = await post(world)
    told = await _explained(world, march)
    assert "Line 1: the fee 'Support', 300.00 USD." in told
    assert (
        "Line 3: Next-Gen WAF Requests: 5 units, for which the plan has no price: 0.00 USD." in told
    )
    assert (
        "No tax is owed, because the customer had no address when the invoice was posted." in told
    )
    world.clock.turn(HOUR)
    await void(world, "gone")
    await use(world, event("more", USED["europe-requests"]), event("late", USED["images"]))
    await use(world, event("few", ("compute_usage", "requests", None, "3000000")))
    world.clock.now = Month(202604).end + 4 * DAY
    (april,) = await post(world, Month(202604))
    told = await _explained(world, april)
    late = "to bill for 2026-03, by what came or was voided after that month was posted"
    assert f"Line 2: Adjustment 2026-03: Compute Requests: 1 unit more {late}: 5.00 USD." in told, (
        "a package of ten, of which three were used"
    )
    adjusted = "Adjustment 2026-03: North America Requests"
    assert f"Line 3: {adjusted}: 12345.6789 units fewer {late}: -92.59 USD." in told


GERMAN = {**ADDRESS, "country": "DE", "region": "", "postal_code": "10115"}
VAT = {"country": "DE", "name": "VAT", "rate": "0.19", "reverse_charge": True}


async def _decided(world: World, rules: list[dict[str, Any]], address: dict[str, str]) -> list[str]:
    """What is said of tax on March's invoice."""
    await give_plan(world)
    await done(world, "PUT", "/_operator/v1/tax-rules", {"tax_rules": rules})
    created = await world.ask(ADA, "POST", "/billing/v3/customer-addresses", json=address)
    assert created.status_code == 201, created.text
    world.clock.now = MARCH.end + 4 * DAY
    (march,) = await post(world)
    await check_lines(world, march)
    return [one for one in await _explained(world, march) if "tax" in one.lower() or "VAT" in one]


async def test_one_that_gives_back_is_a_credit_note(world: World) -> None:
    told = await _explained(world, await credited(world))
    assert told[0].startswith("Credit note 1000002 bills 2026-04, ")
    assert "Together the lines come to -120.00 USD." in told


async def test_where_no_rule_is(world: World) -> None:
    assert await _decided(world, [TAX], GERMAN) == [
        "No tax is owed at the customer's address (10115, DE)."
    ]


async def test_who_is_exempt(world: World) -> None:
    path = f"/_operator/v1/customers/{WIDGETS}/tax-status"
    await done(world, "PUT", path, {"is_exempt": True})
    assert await _decided(world, [TAX], ADDRESS) == ["The customer is exempt from tax."]


async def test_who_owes_the_tax_himself(world: World) -> None:
    sent = await world.ask(ADA, "PUT", "/_tenantry/v1/tax-id", json={"tax_id": "DE123456788"})
    assert sent.status_code == 200, sent.text
    assert await _decided(world, [VAT], GERMAN) == [
        "Line 2: VAT (reverse charge): 0 of 2000.00 is 0.00 USD.",
        (
            "Tax is owed by the rule 'VAT' for DE, because the customer's address is 10115, DE; "
            "the customer owes it himself, by his tax id DE123456788."
        ),
    ]


async def test_the_nearest_of_two_addresses_and_rules_decides(world: World) -> None:
    local = {**TAX, "postal_prefix": "000", "name": "City tax", "rate": "0.01"}
    billing = await world.ask(ADA, "POST", "/billing/v3/customer-addresses", json=GERMAN)
    assert billing.status_code == 201
    assert await _decided(world, [VAT, TAX, local], {**ADDRESS, "type": "tax"}) == [
        "Line 2: City tax: 0.01 of 2000.00 is 20.00 USD.",
        (
            "Tax is owed by the rule 'City tax' for 000, DE, US, because the customer's address is "
            "00000, DE, US."
        ),
    ]


async def test_the_lines_as_a_spreadsheet(world: World) -> None:
    invoice_id = await invoiced_example(world)
    answer = await world.ask(BILL, "GET", f"{OURS}/{invoice_id}/lines.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["content-disposition"] == (
        f'attachment; filename="invoice-{invoice_id}.csv"'
    )
    assert answer.text.endswith("\r\n")
    assert answer.text.count("\r\n") == answer.text.count("\n") == len(LINES) + 1
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    numbers = [(row["description"], row["units"], row["rate"], row["amount"]) for row in rows]
    assert numbers == LINES
    assert {row["invoice_id"] for row in rows} == {invoice_id}
    assert rows[8]["credit_coupon_code"] == "WELCOME100"


HOSTILE = ["=1+1", "+1", "-1", "@x", "\t=1", " =1", "\uff1d1", 'a "b", c\r\nd', "Ünïcode"]


async def test_no_name_becomes_a_formula(world: World) -> None:
    fees: list[dict[str, Any]] = [{"name": name, "amount": "1.00"} for name in HOSTILE]
    await give_plan(world, {**PLAN, "recurring_fees": fees, "commit": "0"})
    world.clock.now = MARCH.end + 4 * DAY
    (march,) = await post(world)
    text = (await world.ask(ADA, "GET", f"{OURS}/{march}/lines.csv")).text
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    read = [row["description"] for row in rows]
    assert read == [*(f"'{name}" for name in HOSTILE[:7]), *HOSTILE[7:]]
    assert all(row["amount"] == "1.00" for row in rows)
    sent = (await got(world, f"{INVOICES}/{march}"))["transaction_line_items"]
    assert [one["description"] for one in sent] == HOSTILE
