"""A month is posted once, to the cent, and never changes again (contract: billing §7.3, R17)."""

import json
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Table, delete, func, insert, select, update

from tenantry.core.billing_tables import coupon_uses, invoice_lines
from tenantry.core.billing_tables import invoices as invoice_table
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tests.areas.posting_calls import (
    APRIL,
    FIRST,
    MARCH,
    close,
    example,
    give_plan,
    invoice,
    invoices,
    meter_event,
    operate,
    set_prices,
    turn_to,
    use,
)
from tests.areas.rating_example import LINES, TOTAL
from tests.stored import changed, stored
from tests.world import ADA, BILL, EVE, OTHER, WIDGETS, World

AFTER_GRACE = "2026-04-04T00:00:00Z"


def _lines(text: str) -> list[tuple[str, Decimal, Decimal, Decimal]]:
    told = json.loads(text, parse_float=Decimal, parse_int=Decimal)
    return [
        (line["description"], line["units"], line["rate"], line["amount"])
        for line in told["transaction_line_items"]
    ]


def _expected(
    lines: list[tuple[str, str, str, str]],
) -> list[tuple[str, Decimal, Decimal, Decimal]]:
    return [
        (text, Decimal(units), Decimal(rate), Decimal(sum_)) for text, units, rate, sum_ in lines
    ]


async def _post_march(world: World) -> str:
    """The example: four of its five sums in time, one within the grace."""
    await set_prices(world)
    turn_to(world, "2026-03-31T23:30:00Z")
    *events, late = example()
    assert set(await use(world, *events)) == {"accepted"}
    turn_to(world, "2026-04-03T23:59:59Z")
    assert await use(world, late) == ["accepted"]
    assert (await close(world)).months == 0
    assert await invoices(world) == []
    turn_to(world, AFTER_GRACE)
    assert (await close(world)).invoices == 1
    return await invoice(world, FIRST)


async def test_the_worked_example_is_posted_to_the_cent(world: World) -> None:
    text = await _post_march(world)
    told = json.loads(text, parse_float=Decimal)
    assert told["monthly_transaction_amount"] == TOTAL
    assert (told["invoice_id"], told["statement_number"]) == (str(FIRST), f"S202603-{FIRST}")
    assert told["invoice_posted_on"] == AFTER_GRACE
    assert (told["billing_start_date"], told["billing_end_date"]) == (
        "2026-03-01T00:00:00Z",
        "2026-03-31T23:59:59Z",
    )
    assert _lines(text) == _expected(LINES)
    assert (await world.ask(EVE, "GET", f"/billing/v3/invoices/{FIRST}")).status_code == 404


async def test_late_usage_is_adjusted_on_the_next_invoice(world: World) -> None:
    march = await _post_march(world)
    assert await use(world, meter_event("2026-03-15T00:00:00Z", 10**12)) == ["accepted"]
    turn_to(world, "2026-05-04T00:00:00Z")
    assert (await close(world)).invoices == 1
    april = _lines(await invoice(world, FIRST + 1))
    assert april[:2] == _expected(
        [
            ("Adjustment 2026-03: North America Bandwidth - Tier 2", "1000", "0.08", "80.00"),
            ("Adjustment 2026-03: Commit shortfall", "1", "-80.00", "-80.00"),
        ]
    )
    assert [line[0] for line in april[2:]] == ["Commit shortfall", "Example State sales tax"]
    assert await invoice(world, FIRST) == march
    # What was adjusted once is not adjusted again.
    turn_to(world, "2026-06-04T00:00:00Z")
    await close(world)
    may = _lines(await invoice(world, FIRST + 2))
    assert not [line for line in may if line[0].startswith("Adjustment")]


async def test_what_is_voided_later_is_taken_back(world: World) -> None:
    await _post_march(world)
    event = example()[0]
    voided = {"source": event["source"], "id": event["id"]}
    await operate(world, "POST", "/usage-events/void", voided)
    turn_to(world, "2026-05-04T00:00:00Z")
    await close(world)
    april = _lines(await invoice(world, FIRST + 1))
    assert april[:3] == _expected(
        [
            ("Adjustment 2026-03: North America Bandwidth - Tier 1", "-10000", "0.12", "-1200.00"),
            ("Adjustment 2026-03: North America Bandwidth - Tier 2", *_TIER_2_TAKEN_BACK),
            ("Adjustment 2026-03: Commit shortfall", "1", "1387.65", "1387.65"),
        ]
    )


_TIER_2_TAKEN_BACK = ("-2345.678901234", "0.08", "-187.65")


async def test_posting_again_changes_nothing(world: World) -> None:
    await _post_march(world)
    before = await stored(world)
    assert (await close(world)).months == 0
    for body in (None, {"customer_id": WIDGETS}):
        told = await operate(world, "POST", f"/periods/{MARCH.text}/post", body)
        assert told == [str(FIRST)]
    assert changed(before, await stored(world)) == set()


async def test_whatever_changes_afterwards_the_invoice_does_not(world: World) -> None:
    march = await _post_march(world)
    await give_plan(world, name="Dearer", commit="9000")
    await give_plan(world, plan_code="other", name="Other")
    await operate(world, "PUT", "/tax-rules", {"tax_rules": []})
    catalogue = (await operate(world, "GET", "/catalogue"))["body"]
    for metric in catalogue["metrics"]:
        metric["product_name"] = "Renamed"
    await operate(world, "PUT", "/catalogue", catalogue)
    path = "/billing/v3/customer-addresses/billing"
    moved = await world.ask(BILL, "PUT", path, json={"region": "NY"})
    assert moved.status_code == 202, moved.text
    assert await use(world, meter_event("2026-03-15T00:00:00Z", 10**12)) == ["accepted"]
    turn_to(world, "2026-05-04T00:00:00Z")
    await close(world)
    assert await invoice(world, FIRST) == march
    # And what came late is rated by what held then: the old name, and the old price.
    adjusted = json.loads(await invoice(world, FIRST + 1))["transaction_line_items"][0]
    assert (adjusted["product_name"], adjusted["amount"]) == ("Full-Site Delivery", 80)


FINAL = {table.name: table for table in (invoice_table, invoice_lines, coupon_uses)}


@pytest.mark.parametrize("name", list(FINAL))
async def test_the_database_itself_refuses_to_change_what_was_invoiced(
    world: World, name: str
) -> None:
    await _post_march(world)
    before = await stored(world)
    for statement in _tampering(FINAL[name], world.dialect):

        async def work(unit: Unit, statement: Statement[Any] = statement) -> None:
            await unit.run(statement)

        with pytest.raises(Exception, match="what was invoiced never changes"):
            await world.app.database.write(work)
    assert changed(before, await stored(world)) == set()


def _tampering(table: Table, dialect: str) -> list[Statement[Any]]:
    changes: list[Statement[Any]] = [
        Statement(update(table).values(customer_id=func.lower(table.c.customer_id))),
        Statement(delete(table)),
    ]
    if dialect == "sqlite":
        # It takes away what stands under the key, and asks no trigger of deletions.
        replace = insert(table).prefix_with("OR REPLACE")
        changes.append(Statement(replace.from_select(table.c.keys(), select(table))))
    return changes


async def test_each_months_coupon_is_used_up_in_its_turn(world: World) -> None:
    await give_plan(world, commit="60")
    for coupon in (
        {"code": "HUNDRED", "kind": "fixed", "value": "100"},
        {"code": "TENTH", "kind": "percent", "value": "10", "periods_left": 2},
    ):
        await operate(world, "POST", f"/customers/{WIDGETS}/coupons", coupon)
    turn_to(world, "2026-07-04T00:00:00Z")
    assert (await close(world)).invoices == 4
    taken = [
        [line[3] for line in _lines(await invoice(world, FIRST + at)) if line[0].startswith("Cred")]
        for at in range(4)
    ]
    assert taken == [[-60], [-40, -2], [-6], []]
    left = {
        one["code"]: (one["remaining"], one["periods_left"])
        for one in await operate(world, "GET", f"/customers/{WIDGETS}/coupons")
    }
    assert left == {"HUNDRED": ("0", None), "TENTH": (None, 0)}


async def test_missed_months_are_posted_in_order_the_oldest_first(world: World) -> None:
    await give_plan(world)
    await give_plan(world, OTHER)
    turn_to(world, "2026-06-20T00:00:00Z")
    assert str(await close(world)) == "posted 6 invoices"
    found = [(one["invoice_id"], one["billing_start_date"][:7]) for one in await invoices(world)]
    others = [
        (one["invoice_id"], one["billing_start_date"][:7]) for one in await invoices(world, EVE)
    ]
    numbered = sorted(found + others)
    assert [number for number, _ in numbered] == [str(FIRST + at) for at in range(6)]
    assert [month for _, month in numbered] == ["2026-03"] * 2 + ["2026-04"] * 2 + ["2026-05"] * 2


async def test_a_posting_is_logged_as_the_platforms_own(world: World) -> None:
    await give_plan(world)
    turn_to(world, AFTER_GRACE)
    since = len(await world.events())
    await close(world)
    (event,) = (await world.events())[since:]
    body = json.loads(event[2])
    assert (event[0], event[1], body["admin"]) == ("invoice.post", "customer.update", True)
    assert body["metadata"] == {
        "action": "invoice.post",
        "amount": "2000.00",
        "currency": "USD",
        "invoice_id": str(FIRST),
        "month": "2026-03",
    }
    assert await world.actions(since, OTHER) == []


async def test_a_month_without_anything_to_bill_is_closed_without_an_invoice(world: World) -> None:
    await give_plan(world, commit="0")
    await give_plan(world, OTHER, plan_code="paid", parent_pay=True)
    turn_to(world, AFTER_GRACE)
    others = meter_event("2026-03-15T00:00:00Z", 10**12, customer_id=OTHER, id="of-other")
    assert await use(world, others) == ["accepted"]
    assert str(await close(world)) == "posted 0 invoices; 2 months closed without one"
    assert await invoices(world) == await invoices(world, EVE) == []
    assert (await world.actions(0, OTHER))[-1] == "invoice.omit"
    # It is closed all the same: what comes now is late.
    assert await use(world, meter_event("2026-03-15T00:00:00Z", 10**12)) == ["accepted"]
    turn_to(world, "2026-05-04T00:00:00Z")
    assert (await close(world)).invoices == 1
    (line,) = _lines(await invoice(world, FIRST))
    assert line[0] == "Adjustment 2026-03: North America Bandwidth - Tier 1"


async def test_who_has_no_plan_is_not_billed_until_he_has_one(world: World) -> None:
    turn_to(world, "2026-05-20T00:00:00Z")
    assert (await close(world)).months == 0
    before = await stored(world)
    assert (
        await operate(world, "POST", f"/periods/{MARCH.text}/post", {"customer_id": WIDGETS}) == []
    )
    assert changed(before, await stored(world)) == set()
    await give_plan(world)
    assert (await close(world)).invoices == 2


async def test_a_part_of_a_month_is_billed_in_part(world: World) -> None:
    """Ada's customer begins on 1 March and is closed on 10 April: both days count."""
    await give_plan(world, commit="0", recurring_fees=[{"name": "Support", "amount": "300"}])
    turn_to(world, "2026-04-10T12:00:00Z")
    for service in (await world.ask(ADA, "GET", "/service")).json():
        await world.ask(ADA, "DELETE", f"/service/{service['id']}")
    await world.sudo(ADA)
    closed = await world.ask(ADA, "DELETE", f"/customer/{WIDGETS}")
    assert closed.status_code == 200, closed.text
    turn_to(world, "2026-07-20T00:00:00Z")
    assert (await close(world)).invoices == 2
    totals = Statement(select(invoice_table.c.month, invoice_table.c.total))
    found = await world.app.database.all(totals)
    assert sorted(found) == [(MARCH.number, "300.00"), (APRIL.number, "100.00")]
    # Nobody of his gets in any more: the last invoices go to his owner, and the operator has them.
    letters = [one for one in await world.letters() if one["template"] == "invoice"]
    assert [one["to"] for one in letters] == [ADA.login] * 2
    for letter in letters:
        told = await operate(world, "GET", f"/invoices/{letter['invoice_id']}")
        assert told["customer_id"] == WIDGETS
        assert letter["facts"]["number"] == told["statement_number"]
    # What comes late is billed though nothing else is any more.
    assert await use(world, meter_event("2026-04-02T00:00:00Z", 10**12)) == ["accepted"]
    turn_to(world, "2026-08-20T00:00:00Z")
    assert (await close(world)).invoices == 1
    assert (await world.app.database.all(totals))[-1][1] == "120.00"
    turn_to(world, "2026-09-20T00:00:00Z")
    assert (await close(world)).months == 0
