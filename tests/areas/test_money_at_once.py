"""What is billed is exact and in one piece, whatever else happens at the same moment.

The very moment is made to last in test_posting_meanwhile.py, on PostgreSQL.
"""

import asyncio
from decimal import Decimal, localcontext
from typing import Any

from tenantry.areas.pricing.months import Month
from tenantry.core.clock import HOUR
from tests.areas.invoice_calls import INVOICES, MARCH, MTD, done, event, got, post, void
from tests.areas.invoice_calls import give_plan as give
from tests.areas.invoice_calls import use as meter
from tests.areas.pdf_calls import fetch, text
from tests.areas.proof_calls import check_lines
from tests.world import ADA, OPERATOR, OTHER, WIDGETS, World

ONE = ("cdn_usage", "requests", "usa", "10000")
"""What one dollar pays for."""
COUPONS = f"/_operator/v1/customers/{WIDGETS}/coupons"


def plan(price: str = "1", **more: Any) -> dict[str, Any]:
    """So much for each unit of requests."""
    charge = {"product_id": "cdn_usage", "metric": "requests", "model": "per_unit"}
    charges = [{**charge, "unit_price": price}]
    return {"plan_code": "dollar", "name": "Dollar", "charges": charges, **more}


def at(month: Month, name: str) -> dict[str, Any]:
    return event(name, ONE, timestamp=f"{month.text}-15T12:00:00Z")


def end(month: Month, *worlds: World) -> None:
    """Let the month be over, for every process."""
    for world in worlds:
        world.clock.now = month.end + 72 * HOUR


async def totals(world: World) -> dict[str, Decimal]:
    """By month."""
    listed = (await got(world, INVOICES))["data"]
    return {one["billing_start_date"][:7]: one["monthly_transaction_amount"] for one in listed}


async def test_what_is_voided_while_its_month_is_posted_is_taken_off_once(
    world: World, elsewhere: World
) -> None:
    await give(world, plan())
    voided, month = 0, MARCH
    for _ in range(6):
        end(month, world, elsewhere)
        names = [f"{month.text}/{number}" for number in range(4)]
        await meter(world, *(at(month, name) for name in names))
        await asyncio.gather(
            post(elsewhere, month), void(world, names[0]), void(elsewhere, names[1])
        )
        voided, month = voided + 2, month.plus(1)
    end(month, world, elsewhere)
    await meter(world, at(month, "last"))
    await post(world, month)
    assert sum((await totals(world)).values()) == 6 * 4 + 1 - voided
    for one in (await got(world, INVOICES))["data"]:
        await check_lines(world, one["invoice_id"])
    used = f"/billing/v3/usage-metrics?start_month={MARCH.text}&end_month={MARCH.text}"
    assert (await got(world, used))["data"][0]["quantity"] == 2


async def test_prices_that_change_while_a_month_is_posted_count_for_all_of_it_or_none(
    world: World, elsewhere: World
) -> None:
    month = MARCH
    await give(world, plan("1", commit="100"))
    for dear in (2, 3, 4, 5, 6):
        end(month, world, elsewhere)
        await meter(world, at(month, month.text))
        new = plan(str(dear), commit=str(dear * 100))
        body = {name: value for name, value in new.items() if name != "plan_code"}
        (number,), _ = await asyncio.gather(
            post(elsewhere, month), done(world, "PUT", "/_operator/v1/plans/dollar", body)
        )
        lines = (await got(world, f"{INVOICES}/{number}"))["transaction_line_items"]
        rate = lines[0]["rate"]
        assert rate in (dear - 1, dear)
        assert [one["amount"] for one in lines] == [rate, rate * 100 - rate]
        explained = await got(world, f"/_tenantry/v1/invoices/{number}/explain")
        assert any(f"The commit is {rate * 100};" in one for one in explained["explanation"])
        month = month.plus(1)


async def test_a_coupon_is_either_used_or_withdrawn(world: World, elsewhere: World) -> None:
    await give(world, plan())
    month, withdrawn = MARCH, []
    for _ in range(6):
        end(month, world, elsewhere)
        await meter(world, at(month, month.text))
        code = f"C{month.number}"
        await done(world, "POST", COUPONS, {"code": code, "kind": "percent", "value": "50"})
        answer, (number,) = await asyncio.gather(
            elsewhere.ask(OPERATOR, "DELETE", f"{COUPONS}/{code}"), post(world, month)
        )
        assert answer.status_code in {204, 409}, answer.text
        withdrawn.append(answer.status_code == 204)
        lines = (await got(world, f"{INVOICES}/{number}"))["transaction_line_items"]
        credited = [one.get("credit_coupon_code") for one in lines if one["amount"] < 0]
        assert (code in credited) == (answer.status_code == 409)
        month = month.plus(1)
    codes = {one["code"] for one in await done(world, "GET", COUPONS)}
    assert len(codes) == withdrawn.count(False)


async def test_two_who_post_everybodys_month_at_once_leave_no_gap(
    world: World, elsewhere: World
) -> None:
    for customer_id in (WIDGETS, OTHER):
        await give(world, plan(recurring_fees=[{"name": "Fee", "amount": "1"}]), customer_id)
    month, numbers = MARCH, list[str]()
    for _ in range(4):
        end(month, world, elsewhere)
        path = f"/_operator/v1/periods/{month.text}/post"
        answers = await asyncio.gather(
            *(done(one, "POST", path, {}) for one in (world, elsewhere, world, elsewhere))
        )
        assert all(sorted(one) == sorted(answers[0]) for one in answers)
        numbers += sorted(answers[0])
        month = month.plus(1)
    assert numbers == [str(1_000_001 + place) for place in range(8)]


async def test_no_digit_of_the_largest_amounts_is_lost(world: World) -> None:
    """Thirty events as large as they may be, at a price with all its decimals."""
    with localcontext(prec=60):
        await _bill_the_largest(world)


async def _bill_the_largest(world: World) -> None:
    most, price = "999999999999999999.999999", "999999999.123456789012"
    await give(world, plan(price))
    world.clock.turn(24 * HOUR)
    what = ("cdn_usage", "requests", "usa", most)
    await meter(world, *(event(str(number), what) for number in range(30)))
    units = Decimal(most) * 30 / 10_000
    exact = units * Decimal(price)
    assert units == Decimal("2999999999999999.999999997")
    rounded = exact.quantize(Decimal("0.01"))
    assert (await got(world, MTD))["monthly_transaction_amount"] == f"{rounded}"
    end(MARCH, world)
    (number,) = await post(world)
    (line,) = (await got(world, f"{INVOICES}/{number}"))["transaction_line_items"]
    assert (line["units"], line["amount"]) == (units, rounded)
    bill = await got(world, "/billing/year/2026/month/03", ADA)
    assert (bill["total"]["cost"], bill["total"]["requests"]) == (rounded, int(units * 10_000))
    stats = await got(world, "/stats/usage?from=2026-03-01&to=2026-04-01")
    assert stats["data"]["usa"]["requests"] == int(units * 10_000)
    assert f"{rounded:,}" in text(await fetch(world, number)).replace("\u200b", "")
    await void(world, "7")
    end(MARCH.plus(1), world)
    (number,) = await post(world, MARCH.plus(1))
    back = (await got(world, f"{INVOICES}/{number}"))["monthly_transaction_amount"]
    left = (Decimal(most) * 29 / 10_000 * Decimal(price)).quantize(Decimal("0.01"))
    assert rounded + back == left
