"""Statistics of any span are exact to the microsecond, and read no more of the ledger than ends."""

import gc
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from tenantry.areas.pricing.months import Month
from tenantry.areas.usage import metrics_api, service_metrics_api, statistics_api
from tenantry.areas.usage.spans import span
from tenantry.core.clock import DAY, HOUR, SECOND, Instant, read
from tenantry.core.sqlite_connection import connect_read_only
from tenantry.core.statements import Statement
from tests.areas.test_service_lists import queries
from tests.areas.usage_calls import event, send, void
from tests.world import ADA, API, LIMITED, WWW, World

BEGIN = read("2026-03-29T00:00:00Z")
EDGES = (
    *(BEGIN, BEGIN + 1, BEGIN + 5 * HOUR, BEGIN + DAY - 1, BEGIN + DAY, BEGIN + DAY + 7 * HOUR),
    *(BEGIN + 2 * DAY + 20 * HOUR + 123_456, BEGIN + 3 * DAY, BEGIN + 4 * DAY + 13 * HOUR),
)
"""Around the end of a month."""
MONTHS_ENDS = ("2026-03-03", "2026-04-01", "2026-05-01", "2026-06-01", "2026-06-12")
_OURS = "SELECT usage_days.product_id"
_KEY = "customer_id=? AND month=? AND product_id=? AND metric=? AND region=? AND at>? AND at<?"
_BY_KEY = f"SEARCH usage_events USING PRIMARY KEY ({_KEY})"

Event = tuple[Instant, str, str, int]
"""When, on which service, in which region, how many."""


def _iso(instant: Instant) -> str:
    seconds, micros = divmod(instant, SECOND)
    return datetime.fromtimestamp(seconds, UTC).strftime(f"%Y-%m-%dT%H:%M:%S.{micros:06}Z")


def _events() -> Iterator[Event]:
    """Some at every edge and just before and behind it, others anywhere."""
    chance = random.Random(7)  # noqa: S311 - the same events every time
    near = [at + by for at in EDGES for by in (-1, 0, 1)]
    anywhere = [chance.randrange(BEGIN, EDGES[-1] + DAY) for _ in range(60)]
    for at in near + anywhere:
        service, region = chance.choice([WWW, API, ""]), chance.choice(["usa", "europe", "latam"])
        yield at, service, region, chance.randrange(1, 10**15)


async def _fill(world: World) -> list[Event]:
    """What is in the ledger and was not voided."""
    world.clock.now = BEGIN + 6 * DAY
    events = list(_events())
    sent = [
        event(str(n), service_id=service, region=region, quantity=many, timestamp=_iso(at))
        for n, (at, service, region, many) in enumerate(events)
    ]
    assert await send(world, *sent) == [("accepted", None)] * len(events)
    for n in range(0, len(events), 9):
        assert await void(world, str(n)) == (200, "accepted")
    return [one for n, one in enumerate(events) if n % 9]


def _expected(events: list[Event], since: Instant, until: Instant) -> dict[tuple[str, str], int]:
    sums: dict[tuple[str, str], int] = {}
    for at, service, region, many in events:
        if service and since <= at < until:
            sums[region, service] = sums.get((region, service), 0) + many
    return sums


async def test_every_span_is_exact_to_the_microsecond(world: World) -> None:
    events = await _fill(world)
    for now in (BEGIN + 2 * DAY + HOUR, BEGIN + 6 * DAY):
        # What is the shorter way to read an edge depends on what may be ahead of it.
        world.clock.now = now
        for since, until in combinations(EDGES, 2):
            path = f"from={_iso(since)}&to={_iso(until)}"
            answer = await world.ask(ADA, "GET", f"/stats/usage_by_service?{path}")
            found = {
                (region, service): each["requests"]
                for region, services in answer.json()["data"].items()
                for service, each in services.items()
            }
            assert found == _expected(events, since, until), path
            answer = await world.ask(ADA, "GET", f"/stats/usage?{path}")
            total = sum(each["requests"] for each in answer.json()["data"].values())
            assert total == sum(many for at, _, _, many in events if since <= at < until), path


async def test_whole_months_are_exact_with_what_is_around_them(world: World) -> None:
    ends = [read(f"{day}T00:00:00Z") for day in MONTHS_ENDS]
    chance = random.Random(8)  # noqa: S311 - the same events every time
    world.clock.now = ends[-1] + 40 * DAY
    at = [one + by for one in ends for by in (-DAY, -1, 0, 3 * HOUR)]
    many = [chance.randrange(1, 10**15) for _ in at]
    sent = [
        event(str(n), region=chance.choice(["usa", "asia"]), quantity=one, timestamp=_iso(at[n]))
        for n, one in enumerate(many)
    ]
    assert await send(world, *sent) == [("accepted", None)] * len(sent)
    spans = list(combinations([e + by for e in ends for by in (-DAY, 0, HOUR)], 2))
    for world.clock.now in (ends[3] - DAY, ends[3] + HOUR, ends[-1] + 40 * DAY):
        for since, until in spans:
            path = f"/stats/usage?from={_iso(since)}&to={_iso(until)}"
            told = (await world.ask(ADA, "GET", path)).json()["data"]
            total = sum(each["requests"] for each in told.values())
            counted = zip(at, many, strict=True)
            assert total == sum(one for when, one in counted if since <= when < until), path


@pytest.mark.parametrize("day", ["2026-03-02", "2026-03-17", "2026-03-31"])
def test_the_running_month_is_read_whole(day: str) -> None:
    march, now = Month(202603), read(f"{day}T00:02:00Z") + 7
    assert span(march.first, now, now).months == (march, march)


async def test_an_event_that_is_ahead_of_time_is_counted_when_its_time_has_come(
    world: World,
) -> None:
    world.clock.now = BEGIN + HOUR
    ahead = event("ahead", timestamp=_iso(world.clock.now + 4), quantity=1)
    assert await send(world, ahead) == [("accepted", None)]
    for expected in (0, 0, 0, 0, 0, 1):
        answer = await world.ask(ADA, "GET", "/stats/usage?from=today")
        assert answer.json()["data"]["usa"]["requests"] == expected
        world.clock.turn(1)


@pytest.mark.parametrize(
    ("function", "query", "expected"),
    [
        (statistics_api.get_usage, "", 1),
        (statistics_api.get_usage_service, "", 1),
        (statistics_api.get_usage_month, "year=2026&month=03", 2),
        (metrics_api.get_usage_metrics, "start_month=2026-02&end_month=2026-04", 2),
        (service_metrics_api.get_service_level_usage, "start_month=2026-03", 3),
        (
            service_metrics_api.get_service_level_usage,
            "start_month=2026-03&product_id=cdn_usage&usage_type_name=Europe Requests",
            4,
        ),
    ],
)
async def test_what_was_used_is_read_in_as_many_queries_for_much_as_for_little(
    world: World, function: Any, query: str, expected: int
) -> None:
    world.clock.now = BEGIN + 5 * DAY
    assert await send(world, event("first", region="europe")) == [("accepted", None)]
    few = await queries(world, ADA.token, function, query)
    await _fill(world)
    assert await queries(world, ADA.token, function, query) == few == expected
    assert await queries(world, LIMITED, function, query) == expected


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_no_statistic_goes_through_the_ledger(world: World, tmp_path: Path) -> None:
    """Every part of the key is looked up; and of days, none is sorted."""
    await world.ask(ADA, "GET", "/stats/usage")
    await world.ask(ADA, "GET", "/stats/usage_by_service")
    compiled = [one.on("sqlite") for one in gc.get_objects() if isinstance(one, Statement)]
    asked = [one for one in compiled if one.sql.startswith(_OURS) and "UNION ALL" in one.sql]
    assert len(asked) == 2
    connection = connect_read_only(str(tmp_path / "tenantry.db"))
    for one in asked:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {one.sql}", [0] * len(one.names))
        steps = [row[3] for row in plan]
        assert [step for step in steps if "usage_events" in step] == [_BY_KEY] * 2, steps
        days = next(at for at, step in enumerate(steps) if "usage_days" in step)
        assert "TEMP B-TREE" not in steps[days + 1], steps
    connection.close()
