"""Usage of services, page by page (contract: billing §4.2, protocol §10)."""

from typing import Any

import pytest

from tests.areas.test_service_usage import (
    IN_MARCH,
    OF_CUSTOMER,
    PATH,
    REQUESTS,
    accepted,
    scattered,
    shown,
    told,
)
from tests.areas.usage_calls import event, send
from tests.world import ADA, API, EVE, WWW, World

_REGIONS = [(1, "usa"), (2, "europe"), (3, "asia"), (4, "mexico")]


@pytest.mark.parametrize("size", [1, 2, 5, 7, 100])
async def test_pages_are_walked_to_the_end(world: World, size: int) -> None:
    await scattered(world)
    for asked in (IN_MARCH, f"{REQUESTS}&{IN_MARCH}"):
        whole = await told(world, asked)
        rows, cursor = list[Any](), ""
        while True:
            data = await told(world, f"{asked}&limit={size}&cursor={cursor}")
            rows += data["details"]
            assert list(data["meta"]) == ["next_cursor", "limit", "sort", "total"]
            assert data["meta"] | {"next_cursor": ""} == whole["meta"] | {"limit": size}
            cursor = data["meta"]["next_cursor"]
            if not cursor:
                break
            assert len(data["details"]) == size
        assert rows == whole["details"]


async def test_a_page_begins_where_the_one_before_ended_whatever_came_since(world: World) -> None:
    await accepted(
        world,
        *(event(f"{n}", service_id=WWW, quantity=n, region=region) for n, region in _REGIONS),
    )
    first = await told(world, f"{IN_MARCH}&limit=2")
    await send(world, event("new", service_id=API, quantity=100))
    second = await told(world, f"{IN_MARCH}&limit=2&cursor={first['meta']['next_cursor']}")
    units = [row[1] for row in shown(first) + shown(second)]
    assert units == ["0.0004", "0.0003", "0.0002", "0.0001"]


async def test_a_cursor_is_for_what_it_was_made_for(world: World) -> None:
    await scattered(world)
    cursor = (await told(world, f"{IN_MARCH}&limit=1"))["meta"]["next_cursor"]
    for asked, who in (
        (f"{REQUESTS}&{IN_MARCH}", ADA),
        ("start_month=2026-04", ADA),
        (f"{IN_MARCH}&service={WWW}", ADA),
        (IN_MARCH, EVE),
    ):
        answer = await world.ask(who, "GET", f"{PATH}?{asked}&cursor={cursor}")
        assert (answer.status_code, answer.json()["title"]) == (400, "The cursor is not valid")
    for bad in ("x", "%00", "W10", "WzFd", f"{cursor}x", cursor[:-3], "e30", "é", "bnVsbA"):
        answer = await world.ask(ADA, "GET", f"{PATH}?{IN_MARCH}&cursor={bad}")
        assert answer.status_code == 400, bad
        assert answer.json()["code"] == "bad_request"


@pytest.mark.changes_nothing
@pytest.mark.parametrize(
    ("asked", "title"),
    [
        ("product_id=cdn_usage", "product_id and usage_type_name are used together"),
        ("usage_type_name=Requests", "product_id and usage_type_name are used together"),
        ("start_month=March", "start_month must be a month such as 2024-05"),
        ("start_month=2026-01&end_month=2026-04", "At most three months"),
        ("start_month=2026-02&end_month=2026-01", "start_month is later than end_month"),
        ("limit=0", "limit must be a whole number of at least 1"),
        ("limit=ten", "limit must be a whole number of at least 1"),
    ],
)
async def test_a_bad_parameter_is_refused(world: World, asked: str, title: str) -> None:
    for path in (PATH, OF_CUSTOMER):
        answer = await world.ask(ADA, "GET", f"{path}?{asked}")
        assert answer.status_code == 400
        body = answer.json()
        assert set(body) == {"type", "title", "code", "status"}
        assert body["title"].startswith(title)


@pytest.mark.parametrize(
    ("path", "asked", "limit"),
    [
        (PATH, "", 1000),
        (PATH, "limit=99999", 10_000),
        (OF_CUSTOMER, "", 5),
        (OF_CUSTOMER, "limit=101", 100),
    ],
)
async def test_a_page_has_a_size(world: World, path: str, asked: str, limit: int) -> None:
    assert (await told(world, asked, path))["meta"]["limit"] == limit
