"""What single services used, page by page (contract: billing §4.2, §7.4)."""

import json
import random
from decimal import Decimal
from typing import Any

import pytest

from tenantry.core.clock import DAY
from tests.areas.test_usage_metrics import MARCH, OLDER, metrics
from tests.areas.usage_calls import event, send, void
from tests.world import ADA, API, BEN, LIMITED, OTHER, WIDGETS, WWW, World

PATH = "/billing/v3/service-usage-metrics"
OF_CUSTOMER = f"{OLDER}/{WIDGETS}/service-usage-metrics"
REQUESTS = "product_id=cdn_usage&usage_type_name=North%20America%20Requests"
IN_MARCH = "start_month=2026-03"


async def accepted(world: World, *events: dict[str, Any]) -> None:
    """Take events in, a while after March."""
    world.clock.turn(45 * DAY)
    assert await send(world, *events) == [("accepted", None)] * len(events)


async def told(world: World, asked: str, path: str = PATH, who: Any = ADA) -> dict[str, Any]:
    """What is told, numbers as they are written."""
    answer = await world.ask(who, "GET", f"{path}?{asked}")
    assert answer.status_code == 200, answer.text
    body = json.loads(answer.text, parse_float=str)
    assert list(body) == ["data"]
    found: dict[str, Any] = body["data"]
    return found


def shown(data: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(each["service_id"], each["usage_units"]) for each in data["details"]]


async def test_one_usage_type_is_told_by_service(world: World) -> None:
    await accepted(
        world,
        event("1", quantity="123456789", service_id=WWW),
        event("2", quantity="5000", service_id=API),
        event("3", quantity="5000", service_id=API, region="europe"),
    )
    answer = await world.ask(ADA, "GET", f"{PATH}?{REQUESTS}&{IN_MARCH}")
    row = f'{{"customer_id":"{WIDGETS}","service_id":"%s","service_name":"%s","usage_units":%s}}'
    assert answer.text == (
        f'{{"data":{{"customer_id":"{WIDGETS}","start_time":"2026-03-01T00:00:00Z",'
        '"end_time":"2026-03-31T23:59:59Z","usage_type":"North America Requests","unit":"unit",'
        f'"details":[{row % (WWW, "www", "12345.6789")},{row % (API, "api", "0.5")}],'
        '"meta":{"next_cursor":"","limit":1000,"sort":"usage_units","total":2}}}'
    )


async def test_all_usage_types_are_told_with_their_names(world: World) -> None:
    await accepted(
        world,
        event("1", quantity=20_000, service_id=WWW),
        event("2", quantity=10_000, service_id=WWW, region="europe"),
        event("3", quantity=10**9, service_id=API, metric="bandwidth"),
        event("4", quantity=10_000, service_id=API),
    )
    data = await told(world, IN_MARCH)
    assert list(data) == ["customer_id", "start_time", "end_time", "details", "meta"]
    assert list(data["details"][0]) == [
        *("customer_id", "service_id", "service_name", "usage_units"),
        *("product_id", "usage_type", "unit"),
    ]
    rows = [
        (*row, one["usage_type"], one["unit"])
        for row, one in zip(shown(data), data["details"], strict=True)
    ]
    assert rows == [
        (WWW, 2, "North America Requests", "unit"),
        (API, 1, "North America Bandwidth", "gb"),
        (API, 1, "North America Requests", "unit"),
        (WWW, 1, "Europe Requests", "unit"),
    ]


async def test_months_are_summed(world: World) -> None:
    await accepted(
        world,
        event("1", quantity=10_000, service_id=WWW),
        event("2", quantity=20_000, service_id=WWW, timestamp="2026-04-01T00:00:00Z"),
        event("3", quantity=15_000, service_id=API),
    )
    both = await told(world, f"{REQUESTS}&start_month=2026-02&end_month=2026-04")
    assert shown(both) == [(WWW, 3), (API, "1.5")]
    assert (both["start_time"], both["end_time"]) == (
        "2026-02-01T00:00:00Z",
        "2026-04-30T23:59:59Z",
    )
    for asked, month, rows in (
        ("", "2026-04-30", [(WWW, 2)]),
        ("end_month=2026-03", "2026-03-31", [(API, "1.5"), (WWW, 1)]),
        ("start_month=2026-04", "2026-04-30", [(WWW, 2)]),
    ):
        data = await told(world, f"{REQUESTS}&{asked}")
        assert (shown(data), data["end_time"]) == (rows, f"{month}T23:59:59Z")


async def test_what_comes_to_nothing_and_what_is_unknown_is_not_told(world: World) -> None:
    await accepted(
        world,
        event("1", service_id=WWW),
        event("2", service_id=API),
        event("3", customer_id=OTHER),
        event("4", service_id=API, quantity=0),
    )
    await void(world, "2")
    assert [row[0] for row in shown(await told(world, f"{REQUESTS}&{IN_MARCH}"))] == [WWW]
    assert [row[0] for row in shown(await told(world, IN_MARCH))] == [WWW]
    for asked in (
        "product_id=cdn_usage&usage_type_name=Moon%20Requests",
        "product_id=cdn&usage_type_name=North%20America%20Requests",
        f"{REQUESTS}&service=0Unknown00000000000000",
        f"{REQUESTS}&service={API}",
        "service=3ServiceElse0000000000",
    ):
        data = await told(world, f"{asked}&{IN_MARCH}")
        assert (data["details"], data["meta"]["total"]) == ([], 0)
    for asked, name, unit in (
        ("product_id=a&usage_type_name=b", "b", "unit"),
        # Nobody used any, but it is known what it would be counted in.
        ("product_id=cdn_usage&usage_type_name=Europe%20Bandwidth", "Europe Bandwidth", "gb"),
    ):
        unused = await told(world, f"{asked}&{IN_MARCH}")
        assert (unused["usage_type"], unused["unit"], unused["details"]) == (name, unit, [])


async def test_one_service_alone(world: World) -> None:
    await accepted(world, event("1", service_id=WWW), event("2", service_id=API))
    for asked in (f"service={API}", f"service={API}&{REQUESTS}"):
        data = await told(world, f"{asked}&{IN_MARCH}")
        assert [row[0] for row in shown(data)] == [API]


async def test_a_deleted_service_keeps_its_name(world: World) -> None:
    await accepted(world, event("1", service_id=WWW), event("2"))
    assert (await world.ask(ADA, "DELETE", f"/service/{WWW}")).status_code == 200
    names = [one["service_name"] for one in (await told(world, IN_MARCH))["details"]]
    assert names == ["", "www"]


async def scattered(world: World) -> None:
    """Usage of every kind, some of no service, some voided, over two months."""
    chance = random.Random(11)  # noqa: S311 - the same events every time
    events = [
        event(
            str(n),
            service_id=chance.choice([WWW, API, None]),
            metric=chance.choice(["requests", "bandwidth"]),
            region=chance.choice(["usa", "europe", "mexico"]),
            quantity=f"{chance.randrange(10**15)}.{chance.randrange(10**6):06}",
            timestamp=f"2026-0{chance.choice([3, 4])}-{chance.randrange(2, 12):02}T00:00:00Z",
        )
        for n in range(120)
    ]
    await accepted(world, *events)
    for n in range(0, 120, 10):
        await void(world, str(n))


async def test_services_come_to_what_the_customer_used(world: World) -> None:
    """Invariants 6 and 7 of the rating model."""
    await scattered(world)
    for month in ("2026-03", "2026-04"):
        used = await metrics(world, f"start_month={month}&end_month={month}")
        assert len(used) == 6
        of_all = await told(world, f"start_month={month}")
        for each in used:
            wanted = f"product_id={each['product_id']}&usage_type_name={each['name']}"
            rows = shown(await told(world, f"{wanted}&start_month={month}"))
            assert sum(Decimal(units) for _, units in rows) == Decimal(each["quantity"])
            same = [one for one in of_all["details"] if one["usage_type"] == each["name"]]
            assert sum(Decimal(one["usage_units"]) for one in same) == Decimal(each["quantity"])
        following = "2026-04-01" if month == "2026-03" else "2026-05-01"
        answer = await world.ask(ADA, "GET", f"/stats/usage?from={month}-01&to={following}")
        stats = answer.json()["data"]
        raw = {one["name"]: int(Decimal(one["raw_quantity"])) for one in used}
        for region, name in (("usa", "North America"), ("europe", "Europe"), ("mexico", "Mexico")):
            assert stats[region]["bandwidth"] == raw[f"{name} Bandwidth"]
            assert stats[region]["requests"] == raw[f"{name} Requests"]


async def test_older_clients_ask_for_days_too(world: World) -> None:
    days = ["2026-03-01T12:00:00Z", "2026-03-02T00:00:00Z", "2026-04-03T23:59:59Z"]
    await accepted(
        world,
        *(event(at, service_id=WWW, quantity=10_000, timestamp=at) for at in days),
    )
    for asked, rows, start, end in (
        ("", [(WWW, 1)], "2026-04-01", "2026-04-15"),
        ("start_date=2026-03-02", [(WWW, 1)], "2026-03-02", "2026-03-02"),
        ("end_date=2026-03-02", [(WWW, 1)], "2026-03-02", "2026-03-02"),
        ("start_date=2026-03-01&end_date=2026-03-02", [(WWW, 2)], "2026-03-01", "2026-03-02"),
        ("start_date=2026-03-02&end_date=2026-04-03", [(WWW, 2)], "2026-03-02", "2026-04-03"),
        ("start_date=2026-01-31&end_date=2026-05-02", [(WWW, 3)], "2026-01-31", "2026-05-02"),
    ):
        data = await told(world, f"time_granularity=day&{REQUESTS}&{asked}", OF_CUSTOMER)
        assert shown(data) == rows
        assert (data["start_time"], data["end_time"]) == (f"{start}T00:00:00Z", f"{end}T23:59:59Z")
    data = await told(world, f"time_granularity=month&{IN_MARCH}", OF_CUSTOMER)
    assert shown(data) == [(WWW, 2)]


@pytest.mark.changes_nothing
@pytest.mark.parametrize(
    ("asked", "title"),
    [
        ("time_granularity=hour", "time_granularity must be month or day"),
        ("time_granularity=day&start_month=2026-03", "start_month does not go with"),
        ("start_date=2026-03-01", "start_date does not go with time_granularity=month"),
        ("time_granularity=day&start_date=2026-3-1", "start_date must be a day such as"),
        ("time_granularity=day&start_date=2026-02-29", "start_date: there is no such day"),
        ("time_granularity=day&start_date=1969-12-31", "start_date must be a day such as"),
        ("time_granularity=day&start_date=2026-03-02&end_date=2026-03-01", "start_date is later"),
        ("time_granularity=day&start_date=2026-01-31&end_date=2026-05-03", "At most 92 days"),
    ],
)
async def test_bad_days_are_refused(world: World, asked: str, title: str) -> None:
    answer = await world.ask(ADA, "GET", f"{OF_CUSTOMER}?{asked}")
    assert answer.status_code == 400
    assert answer.json()["title"].startswith(title)


async def test_service_usage_is_for_superusers_and_billing(world: World) -> None:
    for path in (PATH, OF_CUSTOMER):
        assert (await world.ask(BEN, "GET", path)).status_code == 403
        # A limit to services is none on the account's own affairs (contract: access §9.5).
        assert (await world.ask(LIMITED, "GET", path)).status_code == 200


async def test_march_is_march(world: World) -> None:
    """What is told of a month by service and in all is of the same month."""
    await accepted(world, event("1", service_id=WWW, timestamp="2026-03-31T23:59:59.999999Z"))
    assert len(await metrics(world, MARCH)) == len(shown(await told(world, IN_MARCH))) == 1
    assert shown(await told(world, "start_month=2026-04")) == []
