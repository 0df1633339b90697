"""Lists of services: who sees which, their order, pages and cost (contract: identity §10.2)."""

import re
from typing import Any

import httpx
import pytest
from sqlalchemy import insert

from tenantry.access.state import read_principal
from tenantry.areas.services import api, authorizations_api, stars_api
from tenantry.core import schema
from tenantry.core.clock import SECOND
from tenantry.core.context import Reading
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tenantry.http.message import Query, Request
from tests.areas.service_calls import COMMON, create, names
from tests.world import (
    ADA,
    API,
    BEN,
    BILL,
    BOT,
    EVE,
    LIM,
    LIMITED,
    READ_ONLY,
    TESS,
    TONI,
    UMA,
    WIDGETS,
    WWW,
    World,
)


@pytest.mark.changes_nothing
@pytest.mark.parametrize(
    ("key", "seen"),
    [
        (ADA.token, ["api", "www"]),
        (BEN.token, ["api", "www"]),
        (BILL.token, ["api", "www"]),
        (UMA.token, ["api", "www"]),
        (BOT.token, ["api", "www"]),
        (READ_ONLY, ["api", "www"]),
        (LIMITED, ["www"]),
        (LIM.token, []),
        (TESS.token, []),
        (TONI.token, []),
        (EVE.token, ["elsewhere"]),
    ],
)
async def test_everybody_lists_what_he_sees(world: World, key: str, seen: list[str]) -> None:
    assert await names(world, key, "/service?sort=name") == seen


async def test_a_listed_service_has_the_recorded_keys(world: World) -> None:
    first = (await world.ask(ADA, "GET", "/service")).json()[0]
    assert list(first) == [*COMMON, "paused", "version"]
    assert first["version"] == 1


async def test_a_listed_service_tells_its_active_version_else_its_highest(world: World) -> None:
    for _ in range(2):
        await world.ask(BEN, "PUT", f"/service/{WWW}/version/1/clone")
    assert await _listed(world, WWW, "version") == 3
    await world.ask(BEN, "PUT", f"/service/{WWW}/version/2/activate")
    assert await _listed(world, WWW, "version") == 2
    assert await _listed(world, WWW, "environments") == [
        {"name": "production", "service_id": WWW, "active_version": 2}
    ]


async def _listed(world: World, service_id: str, key: str) -> Any:
    services = (await world.ask(ADA, "GET", "/service")).json()
    return next(one for one in services if one["id"] == service_id)[key]


@pytest.mark.parametrize(
    ("query", "order"),
    [
        ("", ["elsewhere", "c", "a", "b"]),
        ("sort=created&direction=descend", ["b", "a", "c", "elsewhere"]),
        ("sort=nonsense&direction=sideways", ["elsewhere", "c", "a", "b"]),
        ("sort=name", ["a", "b", "c", "elsewhere"]),
        ("sort=name&direction=descend", ["elsewhere", "c", "b", "a"]),
        ("sort=updated", ["elsewhere", "a", "b", "c"]),
        ("sort=updated&direction=descend", ["c", "b", "a", "elsewhere"]),
    ],
)
async def test_services_are_sorted(world: World, query: str, order: list[str]) -> None:
    made = []
    for name in ("c", "a", "b"):
        world.clock.turn(SECOND)
        made.append(await create(world, EVE, name=name))
    world.clock.turn(SECOND)
    await world.ask(EVE, "PUT", f"/service/{made[0]['id']}", data={"comment": "touched"})
    assert await names(world, EVE, f"/service?{query}") == order


async def test_services_are_sorted_by_type(world: World) -> None:
    for kind in ("wasm", "vcl", "wasm"):
        await create(world, EVE, type=kind)
    up = await world.ask(EVE, "GET", "/service?sort=type")
    assert [one["type"] for one in up.json()] == ["vcl", "vcl", "wasm", "wasm"]
    down = await world.ask(EVE, "GET", "/service?sort=type&direction=descend")
    assert down.json() == up.json()[::-1]


async def test_services_are_sorted_by_id(world: World) -> None:
    answer = await world.ask(ADA, "GET", "/service?sort=id&direction=descend")
    assert [service["id"] for service in answer.json()] == sorted([API, WWW], reverse=True)


def _links(answer: httpx.Response) -> list[tuple[str, str]]:
    return re.findall(r'<([^>]*)>; rel="(\w+)"', answer.headers.get("link", ""))


async def test_pages_are_linked_as_go_reads_them(world: World) -> None:
    for number in range(5):
        await create(world, name=f"s{number}")
    base = "http://api.example.com/service?direction=ascend&page={}&per_page=3&sort=created"
    path = "/service?sort=created&direction=ascend&per_page=3"
    first = await world.ask(ADA, "GET", path)
    assert _links(first) == [(base.format(3), "last"), (base.format(2), "next")]
    middle = await world.ask(ADA, "GET", f"{path}&page=2")
    assert _links(middle) == [
        (base.format(3), "last"),
        (base.format(3), "next"),
        (base.format(1), "prev"),
        (base.format(1), "first"),
    ]
    last = await world.ask(ADA, "GET", f"{path}&page=3")
    assert _links(last) == [(base.format(2), "prev"), (base.format(1), "first")]
    ids = [one["id"] for page in (first, middle, last) for one in page.json()]
    assert [len(page.json()) for page in (first, middle, last)] == [3, 3, 1]
    assert len(set(ids)) == 7


async def test_a_single_page_has_no_link(world: World) -> None:
    assert "link" not in (await world.ask(ADA, "GET", "/service")).headers


async def test_pages_of_a_limited_token_count_what_it_sees(world: World) -> None:
    answer = await world.ask(LIMITED, "GET", "/service?per_page=1")
    assert len(answer.json()) == 1
    assert "link" not in answer.headers


async def test_a_page_past_the_end_is_empty(world: World) -> None:
    answer = await world.ask(ADA, "GET", "/service?page=9")
    assert (answer.status_code, answer.json()) == (200, [])


@pytest.mark.parametrize("bad", ["page=0", "page=x", "per_page=-1", "per_page=1.5"])
async def test_a_bad_page_is_refused(world: World, bad: str) -> None:
    assert (await world.ask(ADA, "GET", f"/service?{bad}")).status_code == 400


async def test_pages_hold_twenty_unless_asked_and_a_thousand_at_most(world: World) -> None:
    await _fill(world, 1003)
    assert len(await names(world, ADA)) == 20
    answer = await world.ask(ADA, "GET", "/service?per_page=5000")
    assert len(answer.json()) == 1000
    assert _links(answer)[0] == ("http://api.example.com/service?page=2&per_page=1000", "last")
    assert len(await names(world, ADA, "/service?per_page=1000&page=2")) == 5


_ADD_SERVICE = Statement(insert(schema.services))
_ADD_VERSION = Statement(insert(schema.service_versions))


async def _fill(world: World, count: int, versions: int = 1) -> None:
    """Many services at once; one by one through the door would take the test's time."""
    services = [
        {
            "customer_id": WIDGETS,
            "id": f"7Many{number:017}",
            "name": f"many {number:05}",
            "type": "vcl",
            "comment": "",
            "created_at": world.clock.now + number,
            "updated_at": world.clock.now,
            "deleted_at": None,
        }
        for number in range(count)
    ]
    numbered = [
        {
            "customer_id": WIDGETS,
            "service_id": service["id"],
            "number": number,
            "active": False,
            "locked": False,
            "comment": "",
            "created_at": world.clock.now,
            "updated_at": world.clock.now,
            "deleted_at": None,
        }
        for service in services
        for number in range(1, versions + 1)
    ]

    async def work(unit: Unit) -> None:
        await unit.run_many(_ADD_SERVICE, services)
        await unit.run_many(_ADD_VERSION, numbered)

    await world.app.database.write(work)


class CountedRows:
    """The database, and how many queries were asked of it."""

    def __init__(self, world: World) -> None:
        self._database = world.app.database
        self.queries = 0

    async def one(self, statement: Statement[Any], **given: Any) -> Any:
        self.queries += 1
        return await self._database.one(statement, **given)

    async def all(self, statement: Statement[Any], **given: Any) -> list[Any]:
        self.queries += 1
        return await self._database.all(statement, **given)


async def queries(world: World, key: str, function: Any, query: str) -> int:
    """How many queries a list operation asks."""
    principal = await read_principal(world.app.database, world.app.keyring.digest(key))
    assert principal is not None
    rows = CountedRows(world)
    call = Reading(
        rows=rows,
        keyring=world.app.keyring,
        now=world.clock.now,
        principal=principal,
        customer_id=principal.customer_id,
    )
    request = Request("GET", "/", query, {}, client="", scheme="http")
    await function(call, Query(request))
    return rows.queries


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (api.list_services, 3),
        (stars_api.list_service_stars, 2),
        (authorizations_api.list_service_authorization, 2),
    ],
)
async def test_a_list_asks_as_many_queries_for_many_rows_as_for_few(
    world: World, function: Any, expected: int
) -> None:
    assert await queries(world, ADA.token, function, "") == expected
    assert await queries(world, LIMITED, function, "") == expected
    await _fill(world, 60, versions=4)
    assert await queries(world, ADA.token, function, "per_page=50&page[size]=50") == expected
