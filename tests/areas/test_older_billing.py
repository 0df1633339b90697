"""Bills as clients older than billing v3 read them (contract: billing §5)."""

from decimal import Decimal
from typing import Any

import pytest

from tests.areas.invoice_calls import (
    INVOICES,
    MARCH,
    done,
    event,
    give_plan,
    got,
    invoiced_example,
    post,
    turn_to,
    use,
    use_example,
    void,
)
from tests.areas.rating_example import LINES, PLAN
from tests.world import ADA, BEN, BILL, DAY, EVE, OTHER, WIDGETS, World

YEAR = "/billing/year/2026/month/03"
OF_CUSTOMER = f"/billing/v2/account_customers/{WIDGETS}"
ABSENT = {"msg": "Record not found", "detail": "Cannot find invoice"}
PATHS = (YEAR, "/billing/v2/year/2026/month/03", f"{OF_CUSTOMER}/mtd_invoice?year=2026&month=03")
TOTAL: dict[str, Any] = {
    "bandwidth": Decimal("12349.178901234"),
    "bandwidth_cost": Decimal("1388.07"),
    "bandwidth_units": "GB",
    "cost": Decimal("2056.75"),
    "cost_before_discount": Decimal("2000.00"),
    "discount": Decimal("0.05"),
    "extras": [{"name": "Image Optimizer", "recurring": Decimal("8.75")}],
    "extras_cost": Decimal("8.75"),
    "incurred_cost": Decimal("1480.66"),
    "overage": 0,
    "plan_code": "growth",
    "plan_minimum": Decimal("2000.00"),
    "plan_name": "Example Growth",
    "requests": 123_461_789,
    "requests_cost": Decimal("92.59"),
    "terms": "Net15",
}


async def test_the_worked_example(world: World) -> None:
    invoice_id = await invoiced_example(world)
    bodies = [await got(world, path, BILL) for path in PATHS]
    bodies.append(await got(world, f"{OF_CUSTOMER}/invoices/{invoice_id}"))
    assert bodies[1:] == bodies[:-1]
    body = bodies[0]
    assert list(body) == [
        *("end_time", "start_time", "invoice_id", "customer_id", "vendor_state", "status"),
        *("total", "regions", "line_items"),
    ]
    assert body["total"] == TOTAL
    assert list(body["total"]) == list(TOTAL)
    assert (body["start_time"], body["end_time"]) == (
        "2026-03-01T00:00:00Z",
        "2026-03-31T23:59:59Z",
    )
    assert (body["invoice_id"], body["customer_id"]) == (int(invoice_id), WIDGETS)
    assert body["vendor_state"] == "up"
    assert body["status"] == {
        "invoice_id": invoice_id,
        "status": "Outstanding",
        "sent_at": "2026-04-04T00:00:00Z",
    }


async def test_its_regions_and_lines(world: World) -> None:
    await invoiced_example(world)
    body = await got(world, YEAR)
    usa, europe = body["regions"]["usa"], body["regions"]["europe"]
    assert list(body["regions"]) == ["usa", "europe"]
    assert (usa["cost"], europe["cost"]) == (Decimal("1480.24"), Decimal("0.42"))
    assert (usa["bandwidth"]["total"], usa["requests"]["total"]) == (
        Decimal("1387.65"),
        Decimal("92.59"),
    )
    assert usa["bandwidth"]["tiers"][1] == {
        "name": "North America Bandwidth - Tier 2",
        "units": Decimal("2345.678901234"),
        "price": Decimal("0.08"),
        "discounted_price": Decimal("0.08"),
        "total": Decimal("187.65"),
    }
    lines = body["line_items"]
    assert [one["line_number"] for one in lines] == list(range(1, len(LINES) + 1))
    assert [one["description"] for one in lines] == [name for name, *_ in LINES]
    assert list(lines[0]) == CLOSED
    assert lines[1] == dict.fromkeys(CLOSED) | {
        "amount": Decimal("187.65"),
        "description": "North America Bandwidth - Tier 2",
        "id": f"{body['invoice_id']}-2",
        "line_number": 2,
        "plan_name": "Example Growth",
        "rate_per_unit": Decimal("0.08"),
        "rate_schedule_tier_no": 2,
        "service_name": "Full-Site Delivery",
        "units": Decimal("2345.678901234"),
        "usage_type_cd": "bandwidth",
    }
    assert [one["credit_coupon_code"] for one in lines if one["credit_coupon_code"]] == [
        "WELCOME100"
    ]


CLOSED = [
    *("created_at", "updated_at", "deleted_at", "amount", "aria_invoice_id", "client_service_id"),
    *("credit_coupon_code", "description", "id", "line_number", "plan_name", "plan_no"),
    *("rate_per_unit", "rate_schedule_no", "rate_schedule_tier_no", "service_name", "service_no"),
    *("units", "usage_type_cd", "usage_type_no"),
]


async def test_bandwidth_is_in_gigabytes_whatever_it_is_billed_by(world: World) -> None:
    catalogue = (await done(world, "GET", "/_operator/v1/catalogue"))["body"]
    (traffic,) = (one for one in catalogue["metrics"] if one["metric"] == "bandwidth")
    traffic |= {"divisor": 10**12, "unit": "tb"}
    await done(world, "PUT", "/_operator/v1/catalogue", catalogue)
    await use_example(world)
    total = (await got(world, YEAR))["total"]
    assert (total["bandwidth"], total["bandwidth_units"]) == (TOTAL["bandwidth"], "GB")


async def test_the_running_month(world: World) -> None:
    await use_example(world)
    bodies = [await got(world, path) for path in (*PATHS, f"{OF_CUSTOMER}/mtd_invoice")]
    assert bodies[1:] == bodies[:-1]
    body = bodies[0]
    invoice_id = f"MTD202603{WIDGETS}"
    assert body["invoice_id"] == invoice_id
    assert body["status"] == {"invoice_id": invoice_id, "status": "MTD", "sent_at": None}
    expected = {
        "cost": Decimal("1489.41"),
        "cost_before_discount": Decimal("1489.41"),
        "discount": 0,
    }
    assert body["total"] == TOTAL | expected
    assert body["line_items"][0] == {
        "plan_no": None,
        "description": "North America Bandwidth - Tier 1",
        "units": 10_000,
        "per_unit_cost": Decimal("0.12"),
        "service_no": None,
        "service_type": "bandwidth",
        "amount": Decimal("1200.00"),
        "client_service_id": "cdn_usage",
        "client_plan_id": "growth",
    }


async def test_fees_packages_and_what_is_above_the_commit(world: World) -> None:
    package = {
        "product_id": "cdn_usage",
        "metric": "requests",
        "model": "package",
        "free_units": "10",
        "package_size": "100",
        "package_price": "30.00",
    }
    fees = [{"name": "Support", "amount": "300.00"}, {"name": "Free of charge", "amount": "0"}]
    plan = {**PLAN, "commit": "100.00", "recurring_fees": fees, "charges": [package]}
    await give_plan(world, plan)
    world.clock.turn(DAY)
    await use(world, event("a", ("cdn_usage", "requests", "usa", "1550000")))
    total = (await got(world, YEAR))["total"]
    # 155 units: 10 are free, and 145 need two packages of 100.
    assert (total["requests"], total["requests_cost"]) == (1_550_000, Decimal("60.00"))
    assert total["extras"] == [
        {"name": "Support", "recurring": Decimal("300.00")},
        {"name": "Free of charge"},
    ]
    assert (total["incurred_cost"], total["extras_cost"], total["overage"]) == (
        Decimal("60.00"),
        Decimal("300.00"),
        Decimal("260.00"),
    )


@pytest.mark.parametrize(
    "price",
    [
        {"model": "package", "free_units": "1", "package_size": "100", "package_price": "3000"},
        # Its first tier ends in the midst of a millionth of a request.
        {
            "model": "graduated",
            "tiers": [{"up_to": "0.000000000001", "unit_price": "3"}, {"unit_price": "3"}],
        },
    ],
    ids=["packages", "tiers"],
)
async def test_what_was_delivered_is_told_however_it_is_sold(
    world: World, price: dict[str, Any]
) -> None:
    charges = [
        {"product_id": "cdn_usage", "metric": metric, **price}
        for metric in ("bandwidth", "requests")
    ]
    await give_plan(world, {**PLAN, "currency": "JPY", "commit": "0", "charges": charges})
    world.clock.turn(DAY)
    await use(
        world,
        event("a", ("cdn_usage", "requests", "usa", "40001.5")),
        event("b", ("cdn_usage", "requests", "europe", "7.5")),
        event("c", ("cdn_usage", "bandwidth", "europe", "12345678901.5")),
        event("d", ("image_optimizer", "requests", None, "5")),
    )
    told = await _delivered(world)
    assert told == (40_009, Decimal("12.3456789015"))
    turn_to(world, "2026-04-04T00:00:00Z")
    await post(world)
    assert await _delivered(world) == told
    world.clock.turn(DAY)
    late = event("late", ("cdn_usage", "requests", "usa", "1000000"))
    await use(world, late)
    await void(world, "b")
    assert await _delivered(world) == told, "a posted bill changed"


async def _delivered(world: World) -> tuple[int, Decimal]:
    total = (await got(world, YEAR))["total"]
    assert isinstance(total["requests"], int)
    return total["requests"], total["bandwidth"]


async def test_its_status_follows_the_payments(world: World) -> None:
    invoice_id = await invoiced_example(world)
    path = f"/_operator/v1/invoices/{invoice_id}/payments"
    for status in ("Paid", "Outstanding", "Paid"):
        await done(world, "POST", path, {"status": status})
        assert (await got(world, YEAR))["status"]["status"] == status


@pytest.mark.parametrize(
    "path",
    [
        "/billing/year/2026/month/02",
        "/billing/year/2026/month/13",
        "/billing/year/2026/month/00",
        "/billing/year/2026/month/x",
        "/billing/year/26/month/03",
        "/billing/year/2026/month/003",
        "/billing/v2/year/2026/month/04",
        f"{OF_CUSTOMER}/mtd_invoice?month=4",
        f"{OF_CUSTOMER}/mtd_invoice?month=x",
        f"{OF_CUSTOMER}/mtd_invoice?year=2025",
        f"{OF_CUSTOMER}/invoices/1000001",
        f"{OF_CUSTOMER}/invoices/x",
    ],
)
async def test_what_there_is_none_of(world: World, path: str) -> None:
    await use_example(world)
    answer = await world.ask(ADA, "GET", path)
    assert (answer.status_code, answer.json()) == (404, ABSENT)


async def test_a_month_is_written_with_one_digit_too(world: World) -> None:
    await use_example(world)
    for path in ("/billing/year/2026/month/3", f"{OF_CUSTOMER}/mtd_invoice?month=3"):
        assert (await got(world, path))["start_time"] == "2026-03-01T00:00:00Z"


async def test_before_it_is_posted_a_month_is_not_told(world: World) -> None:
    await use_example(world)
    world.clock.now = MARCH.end
    assert (await world.ask(ADA, "GET", YEAR)).json() == ABSENT
    turn_to(world, "2026-04-04T00:00:00Z")
    await post(world)
    assert (await got(world, YEAR))["total"]["cost"] == Decimal("2056.75")


async def test_others_are_kept_out(world: World) -> None:
    invoice_id = await invoiced_example(world)
    foreign = f"/billing/v2/account_customers/{OTHER}/invoices/{invoice_id}"
    refused = await world.ask(ADA, "GET", foreign)
    assert refused.json() == {
        "msg": "Record not found",
        "detail": f"Cannot find customer '{OTHER}'",
    }
    assert (await world.ask(EVE, "GET", foreign)).json() == ABSENT
    assert (await world.ask(EVE, "GET", YEAR)).json() == ABSENT
    assert (await world.ask(BEN, "GET", YEAR)).json() == {
        "msg": "You are not authorized to perform this action"
    }
    assert (await world.ask(EVE, "GET", f"{INVOICES}/{invoice_id}")).status_code == 404


async def test_without_a_plan_and_who_is_paid_for(world: World) -> None:
    assert (await world.ask(ADA, "GET", YEAR)).json() == ABSENT
    await give_plan(world, {**PLAN, "parent_pay": True})
    answer = await world.ask(ADA, "GET", YEAR)
    assert (answer.status_code, set(answer.json())) == (422, {"msg"})
