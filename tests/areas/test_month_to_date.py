"""The running month, as it would be billed if it ended now (contract: billing §3.4, R19)."""

from decimal import Decimal

from tenantry.areas.pricing.months import Month
from tenantry.core.clock import DAY, SECOND
from tests.areas.invoice_calls import (
    INVOICES,
    MARCH,
    MTD,
    event,
    give_plan,
    got,
    post,
    turn_to,
    use,
    use_example,
    void,
)
from tests.areas.rating_example import LINES, PLAN
from tests.stored import changed, stored
from tests.world import ADA, BEN, BILL, EVE, WIDGETS, World

NO_PLAN = {
    "type": "about:blank",
    "title": "The customer has no pricing plan",
    "code": "not_found",
    "status": "404",
}
ONE = ("cdn_usage", "requests", "usa", "1235000")


async def test_the_worked_example(world: World) -> None:
    await use_example(world)
    answer = await world.ask(BILL, "GET", MTD)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    body = answer.json()
    assert list(body) == [
        "customer_id",
        "invoice_id",
        "billing_start_date",
        "billing_end_date",
        "monthly_transaction_amount",
        "transaction_line_items",
    ]
    assert body["invoice_id"] == f"MTD202603{WIDGETS}"
    assert body["monthly_transaction_amount"] == "1489.41"
    assert (body["billing_start_date"], body["billing_end_date"]) == (
        "2026-03-01T00:00:00Z",
        "2026-03-31T23:59:59Z",
    )
    told = (await got(world, MTD))["transaction_line_items"]
    numbers = [(one["description"], one["units"], one["rate"], one["amount"]) for one in told]
    expected = [(name, *map(Decimal, rest)) for name, *rest in LINES[:7]]
    assert numbers == expected
    assert all("credit_coupon_code" not in one for one in told)


async def test_it_writes_nothing(world: World) -> None:
    await use_example(world)
    await world.ask(ADA, "GET", "/tokens/self")
    before = await stored(world)
    first = await world.ask(ADA, "GET", MTD)
    assert (await world.ask(ADA, "GET", MTD)).content == first.content
    assert changed(before, await stored(world)) == set()


async def test_without_a_plan_there_is_none(world: World) -> None:
    answer = await world.ask(ADA, "GET", MTD)
    assert (answer.status_code, answer.json()) == (404, NO_PLAN)
    await give_plan(world)
    assert (await world.ask(EVE, "GET", MTD)).status_code == 404
    assert (await world.ask(BEN, "GET", MTD)).status_code == 403


async def test_nor_for_who_is_paid_for(world: World) -> None:
    await give_plan(world, {**PLAN, "parent_pay": True})
    answer = await world.ask(ADA, "GET", MTD)
    assert (answer.status_code, answer.json()["code"]) == (422, "unprocessable_entity")
    assert set(answer.json()) == {"type", "title", "code", "status"}


async def test_usage_counts_at_once_and_until_it_is_voided(world: World) -> None:
    await give_plan(world)
    world.clock.turn(DAY)
    for sent, expected in ((["a"], "0.93"), (["b"], "1.85"), ([], "0.93")):
        if sent:
            await use(world, *(event(name, ONE) for name in sent))
        else:
            await void(world, "a")
        assert (await got(world, MTD))["monthly_transaction_amount"] == expected


async def test_an_amount_has_the_currencys_decimals(world: World) -> None:
    await give_plan(world)
    assert (await got(world, MTD))["monthly_transaction_amount"] == "0.00"
    assert (await got(world, MTD))["transaction_line_items"] == []


async def test_of_a_currency_without_decimals(world: World) -> None:
    fee = {"name": "Platform", "amount": "1000"}
    plan = {**PLAN, "plan_code": "yen", "currency": "JPY", "recurring_fees": [fee]}
    await give_plan(world, plan)
    world.clock.turn(DAY)
    await use(world, event("a", ("cdn_usage", "requests", "usa", "1240000")))
    body = await world.ask(ADA, "GET", MTD)
    assert body.json()["monthly_transaction_amount"] == "1001"
    assert '"amount":1000,' in body.text


async def test_what_is_billed_is_what_it_showed_last(world: World) -> None:
    """R19: its total at the last instant + shortfall + credits + tax = the posted total."""
    await use_example(world)
    world.clock.now = MARCH.end - SECOND
    last = Decimal((await got(world, MTD))["monthly_transaction_amount"])
    turn_to(world, "2026-04-04T00:00:00Z")
    (invoice_id,) = await post(world)
    invoice = await got(world, f"{INVOICES}/{invoice_id}")
    extra = {"commit", "credit", "tax"}
    lines = invoice["transaction_line_items"]
    more = sum(one["amount"] for one in lines if one["usage_type"] in extra)
    assert last + more == invoice["monthly_transaction_amount"]
    assert last == Decimal("1489.41")


async def test_at_midnight_utc_the_next_month_runs(world: World) -> None:
    await use_example(world)
    world.clock.now = MARCH.end - 1
    assert (await got(world, MTD))["invoice_id"] == f"MTD{MARCH.number}{WIDGETS}"
    world.clock.now = MARCH.end
    body = await got(world, MTD)
    assert body["invoice_id"] == f"MTD{Month(202604).number}{WIDGETS}"
    assert (body["monthly_transaction_amount"], body["transaction_line_items"]) == ("0.00", [])
