"""Every line of an invoice leads back to its events, and the steps really give its amount."""

import random
from decimal import Decimal
from typing import Any

import pytest

from tenantry.areas.pricing.months import Month
from tenantry.areas.pricing.regions import REGIONS
from tenantry.core.clock import DAY, HOUR, shown
from tests.areas.invoice_calls import (
    ADDRESS,
    MARCH,
    USED,
    done,
    event,
    give_plan,
    invoiced_example,
    post,
    turn_to,
    use,
    void,
)
from tests.areas.proof_calls import OURS, check_lines, line_usage
from tests.areas.rating_example import LINES, PLAN
from tests.world import ADA, BEN, BILL, EVE, WIDGETS, World


async def test_the_worked_example(world: World) -> None:
    invoice_id = await invoiced_example(world)
    proofs = await check_lines(world, invoice_id)
    assert len(proofs) == len(LINES)
    assert [one["text"] for one in proofs[1]["steps"]] == [
        "1 event comes to 12345678901234 bytes",
        "12345678901234 / 1000000000 = 12345.678901234 gb",
        "Tier 2 is what is above 10000: 12345.678901234 - 10000 = 2345.678901234",
        "2345.678901234 x 0.08 = 187.65431209872",
        "187.65431209872, rounded to 2 decimals half away from zero, is 187.65 USD",
    ]
    assert proofs[1]["data"] == [
        {
            "source": "edge-01",
            "id": "usa-bandwidth",
            "service_id": "3ServiceWww00000000000",
            "quantity": "12345678901234",
            "timestamp": "2026-03-01T12:00:00Z",
            "received_at": "2026-03-02T10:00:00Z",
            "voided_at": None,
        }
    ]


async def test_what_came_late_is_told_apart_and_adjusts_the_next(world: World) -> None:
    """The contract's own example of late usage (billing §7.3), proved."""
    march = await invoiced_example(world)
    before = await line_usage(world, march, 2)
    world.clock.turn(HOUR)
    await use(world, event("late", ("cdn_usage", "bandwidth", "usa", "1000000000000")))
    await void(world, "usa-requests")
    after = await line_usage(world, march, 2)
    assert after["late"] == {"events": 1, "quantity": "1000000000000"}
    assert {**after, "late": None} == {**before, "late": None}
    late = await line_usage(world, march, 2, late="true")
    assert [one["id"] for one in late["data"]] == ["late"]
    voided = await line_usage(world, march, 3)
    assert voided["late"] == {"events": 1, "quantity": "-123456789"}
    assert [one["voided_at"] for one in voided["data"]] == ["2026-04-04T01:00:00Z"]
    turn_to(world, "2026-05-04T00:00:00Z")
    (april,) = await post(world, Month(202604))
    proofs = await check_lines(world, april)
    adjusted = {one["description"]: one for one in proofs if one["kind"] == "adjustment"}
    first = adjusted["Adjustment 2026-03: North America Bandwidth - Tier 2"]
    assert (first["amount"], first["units"]) == ("80.00", "1000")
    assert [one["id"] for one in first["data"]] == ["late"]
    gone = adjusted["Adjustment 2026-03: North America Requests"]
    assert [(one["id"], one["quantity"]) for one in gone["data"]] == [
        ("usa-requests", "-123456789")
    ]
    assert adjusted["Adjustment 2026-03: Commit shortfall"]["data"] == []
    await check_lines(world, march)


def _charges(dice: random.Random) -> list[dict[str, Any]]:
    def price() -> str:
        return str(Decimal(dice.randint(1, 10**6)).scaleb(-dice.randint(2, 8)))

    def tiers() -> list[dict[str, Any]]:
        bounds = sorted(dice.sample(range(1, 500), dice.randint(0, 3)))
        return [
            {"up_to": None if bound is None else str(bound), "unit_price": price(), **fee}
            for bound in (*bounds, None)
            for fee in [{"flat_fee": price()} if dice.random() < 0.4 else {}]
        ]

    free = {"free_units": str(dice.choice([0, 10, Decimal("0.5")]))}
    return [
        {"product_id": "cdn_usage", "metric": "bandwidth", "model": "graduated", "tiers": tiers()},
        {
            "product_id": "cdn_usage",
            "metric": "requests",
            "model": "package",
            "package_size": str(dice.randint(1, 50)),
            "package_price": price(),
            **free,
        },
        {
            "product_id": "cdn_usage",
            "metric": "requests",
            "region": "usa",
            "model": "per_unit",
            "unit_price": price(),
            **free,
        },
        {
            "product_id": "compute_usage",
            "metric": "requests",
            "model": "graduated",
            "tiers": tiers(),
            **free,
        },
    ]


def _plan(dice: random.Random) -> dict[str, Any]:
    return {
        "plan_code": "random",
        "name": "Random",
        "currency": dice.choice(["USD", "JPY", "KWD"]),
        "commit": str(dice.choice([0, 100, 5000])),
        "recurring_fees": [{"name": "Support", "amount": "29.99", "product_line": "Security"}] * 2,
        "charges": _charges(dice),
    }


def _events(dice: random.Random, world: World, prefix: str, count: int) -> list[dict[str, Any]]:
    metrics = [("cdn_usage", "bandwidth", 12), ("cdn_usage", "requests", 7)]
    metrics += [("compute_usage", "requests", 9), ("ngwaf", "requests", 7)]
    made = []
    for number in range(count):
        product_id, metric, zeros = dice.choice(metrics)
        region = dice.choice(list(REGIONS)[:3]) if product_id == "cdn_usage" else None
        quantity = str(Decimal(dice.randint(0, 10 ** (zeros + 3))).scaleb(-dice.randint(0, 3)))
        at = (
            MARCH.first
            + DAY // 2
            + dice.randrange(min(world.clock.now, MARCH.end) - MARCH.first - DAY)
        )
        used = (product_id, metric, region, quantity)
        made.append(event(f"{prefix}/{number}", used, timestamp=shown(at)))
    return made


async def _agree(world: World, dice: random.Random) -> None:
    await give_plan(world, _plan(dice))
    taxes = [
        {"country": "US", "state": "DE", "name": "State tax", "rate": "0.0825"},
        {
            "country": "US",
            "state": "DE",
            "name": "Network tax",
            "rate": "0.013",
            "applies_to": ["Network Services", "Security"],
        },
    ]
    await done(world, "PUT", "/_operator/v1/tax-rules", {"tax_rules": taxes})
    await world.ask(ADA, "POST", "/billing/v3/customer-addresses", json=ADDRESS)
    for coupon in (
        {"code": "FIXED", "kind": "fixed", "value": "70"},
        {"code": "TENTH", "kind": "percent", "value": "10", "scope": "Network Services"},
        {"code": "ONCE", "kind": "percent", "value": "33.3", "periods_left": 1},
    ):
        await done(world, "POST", f"/_operator/v1/customers/{WIDGETS}/coupons", coupon)


@pytest.mark.parametrize("seed", range(4))
async def test_random_invoices_and_what_came_late(world: World, seed: int) -> None:
    """Three postings: the month's own, one that adjusts it, one that adjusts it again."""
    dice = random.Random(seed)  # noqa: S311 - a test's dice
    await _agree(world, dice)
    turn_to(world, "2026-03-31T20:00:00Z")
    sent = _events(dice, world, "first", 40)
    await use(world, *sent)
    for one in dice.sample(sent, 5):
        await void(world, one["id"])
    kinds = set[str]()
    for month in (MARCH, Month(202604), Month(202605)):
        world.clock.now = month.end + 4 * DAY
        (invoice_id,) = await post(world, month)
        kinds |= {one["kind"] for one in await check_lines(world, invoice_id)}
        world.clock.turn(HOUR)
        more = _events(dice, world, f"after {month.text}", 12)
        await use(world, *more)
        sent += more
        for one in dice.sample(more, 2) + dice.sample(sent[:40], 3):
            await void(world, one["id"])
        await check_lines(world, invoice_id)
    assert {"usage", "adjustment", "recurring", "tax", "credit"} <= kinds


async def test_amounts_longer_than_pythons_own_decimals_are_proved_to_the_cent(
    world: World,
) -> None:
    price = "999999999999999999.999999999999"
    charge = {"product_id": "cdn_usage", "metric": "requests", "model": "per_unit"}
    await give_plan(world, {**PLAN, "charges": [{**charge, "unit_price": price}]})
    used = ("cdn_usage", "requests", "usa", "999999999999999999.999999")
    turn_to(world, "2026-03-31T20:00:00Z")
    await use(world, event("first", used))
    turn_to(world, "2026-04-04T00:00:00Z")
    await check_lines(world, *(await post(world)))
    await use(world, event("late", used))
    turn_to(world, "2026-05-04T00:00:00Z")
    proofs = await check_lines(world, *(await post(world, MARCH.plus(1))))
    assert [len(one["amount"]) for one in proofs if one["kind"] == "adjustment"] == [35]


async def test_who_may_see_it(world: World) -> None:
    invoice_id = await invoiced_example(world)
    for rest in ("/lines/1/usage", "/explain", "/lines.csv"):
        path = f"{OURS}/{invoice_id}{rest}"
        statuses = [(await world.ask(who, "GET", path)).status_code for who in (BILL, BEN, EVE)]
        assert statuses == [200, 403, 404]
    for line in ("0", "11", "-1", "x", "1.0", "1" * 30, "१"):
        answer = await world.ask(ADA, "GET", f"{OURS}/{invoice_id}/lines/{line}/usage")
        assert (answer.status_code, answer.json()["status"]) == (404, 404)


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=x", "late=maybe", "cursor=x", "cursor=WzFd", "cursor=WyJhIiwiYiIsImMiXQ"],
)
async def test_bad_parameters_are_told(world: World, query: str) -> None:
    invoice_id = await invoiced_example(world)
    answer = await world.ask(ADA, "GET", f"{OURS}/{invoice_id}/lines/1/usage?{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (
        400,
        "application/problem+json",
    )


async def test_later_pages_have_events_alone(world: World) -> None:
    await give_plan(world)
    world.clock.turn(DAY)
    await use(world, *(event(f"e{number}", USED["usa-requests"]) for number in range(7)))
    turn_to(world, "2026-04-04T00:00:00Z")
    (invoice_id,) = await post(world)
    first = await line_usage(world, invoice_id, 1, limit=4)
    following = first["meta"]["next_cursor"]
    second = await line_usage(world, invoice_id, 1, limit=4, cursor=following)
    assert "steps" in first
    assert not {"steps", "late"} & set(second)
    assert [one["id"] for one in first["data"] + second["data"]] == [f"e{n}" for n in range(7)]
    assert second["meta"] == {"limit": 4, "next_cursor": ""}
    for other in ("2/usage?", "1/usage?late=true&"):
        path = f"{OURS}/{invoice_id}/lines/{other}cursor={following}"
        assert (await world.ask(ADA, "GET", path)).status_code == 400, other
