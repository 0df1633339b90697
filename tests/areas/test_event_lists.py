"""Lists of events: filters, times, order, pages and links (contract: billing §8.2)."""

import itertools
from typing import Any

import pytest

from tenantry.core.clock import DAY, HOUR, MINUTE, SECOND, read, shown
from tests.areas.event_calls import FIELDS, busy, expected, ids, listed, told, walked, within
from tests.world import (
    ADA,
    API,
    BEN,
    BILL,
    BOT,
    EVE,
    LIM,
    OTHER,
    UMA,
    WIDGETS,
    WWW,
    World,
)

JSON_API = "application/vnd.api+json"
TIMES = ("gt", "gte", "lt", "lte")
READERS = (ADA, BEN, LIM, BOT, UMA, BILL)


@pytest.mark.parametrize("who", READERS, ids=lambda who: who.name)
async def test_everybody_sees_what_is_his(world: World, who: Any) -> None:
    """Every combination of filters, in both orders, against a reader that goes through all."""
    await busy(world)
    events = await told(world)
    values = {
        "event_type": ["user.update", "service.update", "star.create"],
        "service_id": [WWW, API],
        "token_id": [who.token_id, BOT.token_id],
        "user_id": [who.id, BEN.id],
    }
    for count in range(4):
        for fields in itertools.combinations(FIELDS, count):
            for chosen in itertools.product(*(values[field] for field in fields)):
                filters = dict(zip(fields, chosen, strict=True))
                asked = "&".join(f"filter[{name}]={value}" for name, value in filters.items())
                shall = expected(events, who, **filters)
                await _check(world, who, asked, shall)


async def _check(world: World, who: Any, asked: str, shall: list[str]) -> None:
    newest = await listed(world, who, f"{asked}&page[size]=100")
    assert ids(newest) == shall[:100], asked
    assert newest.json()["meta"]["record_count"] == len(shall), asked
    oldest = await listed(world, who, f"{asked}&page[size]=3&page[number]=2&sort=created_at")
    assert ids(oldest) == shall[::-1][3:6], asked
    deep = await listed(world, who, f"{asked}&page[size]=4&page[number]=3")
    assert ids(deep) == shall[8:12], asked


@pytest.mark.parametrize("who", READERS, ids=lambda who: who.name)
async def test_times_narrow_every_list(world: World, who: Any) -> None:
    await busy(world)
    events = await told(world)
    begin = read("2026-03-01T10:00:00Z")
    bounds = [begin, begin + HOUR, begin + 3 * HOUR + MINUTE, begin + 6 * HOUR, begin + DAY]
    for since, until in itertools.combinations(bounds, 2):
        time = f"filter[created_at][gte]={shown(since)}&filter[created_at][lt]={shown(until)}"
        for filters in (
            {},
            {"user_id": who.id},
            {"service_id": WWW},
            {"event_type": "service.update", "token_id": who.token_id},
        ):
            asked = "&".join(f"filter[{name}]={value}" for name, value in filters.items())
            shall = expected(within(events, since, until), who, **filters)
            await _check(world, who, f"{time}&{asked}", shall)


async def test_a_time_may_begin_and_end_with_any_event(world: World) -> None:
    """Also with one that the wire does not show."""
    await busy(world)
    events = await told(world)
    seconds = sorted({read(event["created_at"]) for event in events})
    for since in seconds:
        time = f"filter[created_at][gte]={shown(since)}"
        await _check(world, ADA, time, expected(within(events, since, since + DAY), ADA))
        time = f"filter[created_at][lte]={shown(since)}"
        await _check(world, ADA, time, expected(within(events, 0, since + SECOND), ADA))


async def test_a_day_is_all_of_it_and_a_time_its_second(world: World) -> None:
    await busy(world)
    world.clock.turn(DAY)
    for name in ("Uma", "Uma V."):
        world.clock.turn(MINUTE + 400_000)
        await world.ask(UMA, "PUT", f"/user/{UMA.id}", data={"name": name})
    newest = (await listed(world, UMA, "page[size]=2")).json()["data"]
    second, first = (one["attributes"]["created_at"] for one in newest)
    day = first[:10]
    before = expected(await told(world), UMA)[2:]
    last, last_but_one = ids(await listed(world, UMA, "page[size]=2"))
    asked = {
        f"[created_at]={day}": [last, last_but_one],
        f"[created_at]={first}": [last_but_one],
        f"[created_at]={first[:-1]}": [last_but_one],
        f"[created_at]={first[:-1]}.9%2B00:00": [last_but_one],
        f"[created_at]={first[:-1]}+00:00": [last_but_one],
        f"[created_at][lt]={day}": before,
        f"[created_at][gte]={day}": [last, last_but_one],
        f"[created_at][lte]={day}": [last, last_but_one, *before],
        f"[created_at][gt]={day}": [],
        f"[created_at][gt]={first}": [last],
        f"[created_at][gte]={second}": [last],
        f"[created_at][lte]={first}": [last_but_one, *before],
        f"[created_at][lt]={second}&filter[created_at][gt]={day[:-2]}01": [last_but_one],
    }
    for query, shall in asked.items():
        assert ids(await listed(world, UMA, f"filter{query}&page[size]=100")) == shall, query


async def test_links_lead_through_every_page(world: World) -> None:
    await busy(world)
    shall = expected(await told(world), ADA)
    for size in (1, 7, len(shall) - 1, len(shall)):
        assert await walked(world, ADA, "sort=-created_at", size) == shall
        assert await walked(world, ADA, "sort=created_at", size) == shall[::-1]
    mine = expected(await told(world), BEN, user_id=BEN.id)
    assert await walked(world, BEN, f"filter[user_id]={BEN.id}", 2) == mine
    assert await walked(world, BEN, "", 2) == expected(await told(world), BEN)


async def test_links_repeat_the_whole_question(world: World) -> None:
    await busy(world)
    await world.ask(ADA, "PUT", f"/user/{ADA.id}", data={"name": "Ada A."})
    query = f"filter[user_id]={ADA.id}&page[size]=1&customer_id={WIDGETS}&sort=created_at&x=y z"
    first = await world.ask(ADA, "GET", f"/events?{query}&filter[created_at][gte]=2026-03-01")
    count = first.json()["meta"]["record_count"]
    assert count > 2
    base = (
        f"http://api.example.com/events?customer_id={WIDGETS}&filter[created_at][gte]=2026-03-01"
        f"&filter[user_id]={ADA.id}&page[number]={{}}&page[size]=1&sort=created_at&x=y%20z"
    )
    assert first.json()["links"] == {"next": base.format(2), "last": base.format(count)}
    middle = await world.ask(ADA, "GET", base.format(2))
    assert middle.json()["links"] == {
        "first": base.format(1),
        "prev": base.format(1),
        "next": base.format(3),
        "last": base.format(count),
    }
    last = await world.ask(ADA, "GET", base.format(count))
    assert list(last.json()["links"]) == ["first", "prev", "last"]
    beyond = await world.ask(ADA, "GET", base.format(count + 9))
    assert (beyond.status_code, beyond.json()["data"]) == (200, [])
    assert beyond.json()["links"] == {
        "first": base.format(1),
        "prev": base.format(count),
        "last": base.format(count),
    }
    assert list(first.json()["meta"].items()) == [
        ("record_count", count),
        ("current_page", 1),
        ("total_pages", count),
        ("per_page", 1),
    ]


async def test_an_empty_list_has_one_link(world: World) -> None:
    for query in (
        "filter[event_type]=waf.create",
        "filter[event_type]=nonsense",
        "filter[event_type]=star.create",
        "filter[user_id]=nobody",
        f"filter[customer_id]={OTHER}",
        "filter[created_at][gte]=2030-01-01",
        "filter[created_at][lt]=2001-01-01",
        "filter[created_at][lte]=1969-12-31",
        "filter[created_at]=0001-01-01T00:00:00%2B05:00",
        f"filter[user_id]={EVE.id}&filter[event_type]=user.login",
    ):
        body = (await listed(world, ADA, query)).json()
        assert body["data"] == [], query
        assert list(body["links"]) == ["last"]
        assert "page[number]=1&page[size]=20" in body["links"]["last"]
        assert list(body["meta"].values()) == [0, 1, 0, 20]


async def test_ones_own_customer_may_be_named(world: World) -> None:
    whole = ids(await listed(world, ADA))
    assert ids(await listed(world, ADA, f"filter[customer_id]={WIDGETS}")) == whole
    assert ids(await listed(world, EVE, f"filter[customer_id]={WIDGETS}")) == []
    assert not set(whole) & set(ids(await listed(world, EVE)))


async def test_what_is_empty_or_before_all_events_narrows_nothing(world: World) -> None:
    """A script whose variable is not set asks with an empty filter."""
    whole = ids(await listed(world, ADA))
    assert whole
    filters = ("customer_id", *FIELDS, "created_at", *(f"created_at][{word}" for word in TIMES))
    empty = (*(f"filter[{name}]" for name in filters), "sort", "page[size]")
    for query in (
        *(f"{name}=" for name in empty),
        "&".join(f"{name}=" for name in empty),
        "filter[created_at][gt]=1969-07-20",
        "filter[created_at][gte]=1969-07-20T20:17:40Z",
        "filter[created_at][lte]=9999-12-31T23:59:59-12:00",
    ):
        assert ids(await listed(world, ADA, query)) == whole, query


@pytest.mark.changes_nothing
@pytest.mark.parametrize(
    "query",
    [
        "page[number]=0",
        "page[number]=x",
        "page[size]=-1",
        "page[size]=0",
        "page[size]=1.5",
        "sort=id",
        "sort=created_at,id",
        "filter[colour]=red",
        "filter[colour]=",
        "filter[created_at][ne]=2026-03-01",
        "filter[created_at]=yesterday",
        "filter[created_at][gt]=2026-02-30",
        "filter[created_at][gte]=1234567890",
        "filter[user_id][in]=a,b",
        "filter[]=x",
    ],
)
async def test_nonsense_is_refused_in_json_api(world: World, query: str) -> None:
    answer = await world.ask(ADA, "GET", f"/events?{query}")
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == JSON_API
    (error,) = answer.json()["errors"]
    assert (error["title"], error["status"]) == ("Bad request", "400")
    assert error["detail"]


async def test_sizes_above_the_maximum_are_clamped(world: World) -> None:
    await busy(world)
    body = (await listed(world, ADA, "page[size]=1000000000000000000000")).json()
    assert body["meta"]["per_page"] == 100
    body = (await listed(world, ADA, "page[number]=99999999999999999999")).json()
    assert body["data"] == []
