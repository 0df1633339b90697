"""What was used in months, in billable units (contract: billing §4.1, §4.3)."""

import json
from typing import Any

import pytest

from tenantry.core.clock import DAY
from tests.areas.usage_calls import event, send, void
from tests.world import (
    ADA,
    BEN,
    BILL,
    BOT,
    EVE,
    LIM,
    OPERATOR,
    OTHER,
    READ_ONLY,
    TESS,
    UMA,
    WIDGETS,
    WWW,
    World,
)

PATH = "/billing/v3/usage-metrics"
TYPES = "/billing/v3/service-usage-types"
OLDER = "/billing/v2/account_customers"
MARCH = "start_month=2026-03&end_month=2026-03"


async def accepted(world: World, *events: dict[str, Any]) -> None:
    """Take events in, a while after March."""
    world.clock.turn(45 * DAY)
    assert await send(world, *events) == [("accepted", None)] * len(events)


async def metrics(world: World, asked: str = MARCH, who: Any = ADA) -> list[dict[str, Any]]:
    """What was used, numbers as they are written."""
    answer = await world.ask(who, "GET", f"{PATH}?{asked}")
    assert answer.status_code == 200, answer.text
    body = json.loads(answer.text, parse_float=str, parse_int=str)
    assert list(body) == ["data"]
    found: list[dict[str, Any]] = body["data"]
    return found


async def test_a_metric_says_what_was_used_exactly(world: World) -> None:
    await accepted(
        world,
        event("1", quantity="123456788.999999", service_id=WWW),
        event("2", quantity="0.000001"),
    )
    answer = await world.ask(ADA, "GET", f"{PATH}?{MARCH}")
    assert answer.headers["content-type"] == "application/json"
    assert answer.text == (
        '{"data":[{"month":"2026-03","usage_type":"North America Requests",'
        '"name":"North America Requests","region":"North America","unit":"unit",'
        '"quantity":12345.6789,"raw_quantity":123456789,"product_id":"cdn_usage",'
        '"last_updated_at":"2026-04-15T10:00:00Z"}]}'
    )


async def test_numbers_have_all_their_digits_and_no_exponent(world: World) -> None:
    largest = "999999999999999999.999999"
    await accepted(
        world,
        *(event(f"{n}", quantity=largest) for n in range(3)),
        event("small", region="europe", metric="bandwidth", quantity="0.000001"),
        event("round", region="asia", quantity=10**17),
    )
    shown = {
        each["name"]: (each["quantity"], each["raw_quantity"]) for each in await metrics(world)
    }
    assert shown == {
        "North America Requests": ("299999999999999.9999999997", "2999999999999999999.999997"),
        "Europe Bandwidth": ("0.000000000000001", "0.000001"),
        "Asia Requests": ("10000000000000", "100000000000000000"),
    }


async def test_metrics_are_in_order(world: World) -> None:
    """By month, product, the regions' own order, and name."""
    await accepted(
        world,
        event("1", region="mexico"),
        event("2", region="usa"),
        event("3", region="usa", metric="bandwidth"),
        event("4", region="africa_std"),
        event("5", product_id="ngwaf", region=None),
        event("6", product_id="compute_usage", region=None),
        event("7", product_id="object_storage", metric="storage", region=None),
        event("8", region="europe", timestamp="2026-04-01T00:00:00Z"),
        event("9", region="europe", timestamp="2026-03-31T23:59:59.999999Z"),
    )
    found = await metrics(world, "start_month=2026-02&end_month=2026-04")
    assert [(each["month"][-2:], each["name"], each["region"]) for each in found] == [
        ("03", "North America Bandwidth", "North America"),
        ("03", "North America Requests", "North America"),
        ("03", "Europe Requests", "Europe"),
        ("03", "Africa Requests", "Africa"),
        ("03", "Mexico Requests", "Mexico"),
        ("03", "Compute Requests", ""),
        ("03", "Next-Gen WAF Requests", ""),
        ("03", "Object Storage Capacity", ""),
        ("04", "Europe Requests", "Europe"),
    ]
    assert {each["unit"] for each in found if "Bandwidth" in each["name"]} == {"gb"}


async def test_what_was_voided_is_not_told(world: World) -> None:
    await accepted(world, event("1"), event("2", region="europe"))
    world.clock.turn(DAY)
    await void(world, "1")
    assert [each["name"] for each in await metrics(world)] == ["Europe Requests"]
    answer = await world.ask(ADA, "GET", TYPES)
    assert answer.json() == {"data": [{"product_id": "cdn_usage", "name": "Europe Requests"}]}


async def test_a_change_moves_the_time_of_the_last_one(world: World) -> None:
    await accepted(world, event("1"))
    world.clock.turn(DAY)
    await send(world, event("2"), event("3", region="europe"))
    assert [each["last_updated_at"] for each in await metrics(world)] == [
        "2026-04-16T10:00:00Z",
        "2026-04-16T10:00:00Z",
    ]


async def test_names_and_units_are_those_of_todays_catalogue(world: World) -> None:
    await accepted(world, event("1", quantity=5000))
    answer = await world.ask(OPERATOR, "GET", "/_operator/v1/catalogue")
    catalogue = answer.json()["body"]
    for one in catalogue["metrics"]:
        one |= {"unit": "ten thousand", "name": f"Edge {one['name']}"}
    answer = await world.ask(OPERATOR, "PUT", "/_operator/v1/catalogue", json=catalogue)
    assert answer.status_code == 200, answer.text
    shown = [(each["name"], each["quantity"], each["unit"]) for each in await metrics(world)]
    assert shown == [("North America Edge Requests", "0.5", "ten thousand")]
    assert (await world.ask(ADA, "GET", TYPES)).json()["data"] == [
        {"product_id": "cdn_usage", "name": "North America Edge Requests"}
    ]


@pytest.mark.changes_nothing
@pytest.mark.parametrize(
    ("asked", "title"),
    [
        ("", "start_month and end_month are required"),
        ("start_month=2026-03", "start_month and end_month are required"),
        ("end_month=2026-03", "start_month and end_month are required"),
        ("start_month=2026-3&end_month=2026-03", "start_month must be a month such as 2024-05"),
        ("start_month=2026-03&end_month=2026-13", "end_month must be a month such as 2024-05"),
        ("start_month=2026-00&end_month=2026-01", "start_month must be a month such as 2024-05"),
        ("start_month=2026-03-01&end_month=2026-03", "start_month must be a month such as"),
        ("start_month=2026-04&end_month=2026-03", "start_month is later than end_month"),
        ("start_month=2026-01&end_month=2026-04", "At most three months can be asked for at once"),
        ("start_month=2025-12&end_month=2026-03", "At most three months can be asked for at once"),
    ],
)
async def test_bad_months_are_refused(world: World, asked: str, title: str) -> None:
    answer = await world.ask(ADA, "GET", f"{PATH}?{asked}")
    assert answer.status_code == 400
    body = answer.json()
    assert body["title"].startswith(title)
    assert (body["type"], body["code"], body["status"]) == ("about:blank", "bad_request", "400")


async def test_three_months_over_the_turn_of_a_year(world: World) -> None:
    assert await metrics(world, "start_month=2025-11&end_month=2026-01") == []


@pytest.mark.parametrize(
    "path", [f"{PATH}?{MARCH}", TYPES, f"{OLDER}/{WIDGETS}/service-usage-types"]
)
async def test_usage_is_for_superusers_and_billing(world: World, path: str) -> None:
    for who in (ADA, BILL, READ_ONLY):
        assert (await world.ask(who, "GET", path)).status_code == 200
    for who in (BEN, LIM, UMA, TESS, BOT):
        answer = await world.ask(who, "GET", path)
        assert answer.status_code == 403
        assert answer.json() == {
            "type": "about:blank",
            "title": "You are not authorized to perform this action",
            "code": "forbidden",
            "status": "403",
            "msg": "You are not authorized to perform this action",
        }


async def test_usage_is_the_customers_own(world: World) -> None:
    await accepted(world, event("1"), event("2", customer_id=OTHER, region="europe"))
    assert [each["name"] for each in await metrics(world, who=EVE)] == ["Europe Requests"]
    for path in ("service-usage-types", "service-usage-metrics"):
        answer = await world.ask(ADA, "GET", f"{OLDER}/{OTHER}/{path}")
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/json"
        detail = f"Cannot find customer '{OTHER}'"
        assert answer.json() == {"msg": "Record not found", "detail": detail}


@pytest.mark.parametrize("path", [TYPES, f"{OLDER}/{WIDGETS}/service-usage-types"])
async def test_types_are_what_was_ever_used(world: World, path: str) -> None:
    assert (await world.ask(ADA, "GET", path)).json() == {"data": []}
    await accepted(
        world,
        event("1", region="usa"),
        event("2", region="usa", timestamp="2026-04-02T00:00:00Z"),
        event("3", region="europe"),
        event("4", product_id="ngwaf", region=None),
        event("5", product_id="compute_usage", region=None),
    )
    answer = await world.ask(ADA, "GET", path)
    assert answer.text == (
        '{"data":[{"product_id":"cdn_usage","name":"Europe Requests"},'
        '{"product_id":"cdn_usage","name":"North America Requests"},'
        '{"product_id":"compute_usage","name":"Compute Requests"},'
        '{"product_id":"ngwaf","name":"Next-Gen WAF Requests"}]}'
    )
