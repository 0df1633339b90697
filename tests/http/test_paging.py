"""Every family of lists, walked as the Go client walks it (contract: protocol §10, §17.6, 7)."""

import asyncio
from urllib.parse import parse_qs, urlsplit

import httpx

from tenantry.areas.operator.founding import Founded, found_customer
from tests.http.go_client import walk_by_header, walk_by_links
from tests.world import ADA, PASSWORD, World


async def _empty_customer(world: World) -> Founded:
    return await found_customer(
        world.app.database,
        world.app.keyring,
        name="Empty",
        login="owner@example.com",
        password=PASSWORD,
    )


async def _create(world: World, key: str, count: int) -> list[str]:
    answers = await asyncio.gather(*(world.ask(key, "POST", "/service") for _ in range(count)))
    return [answer.json()["id"] for answer in answers]


async def test_the_walk_over_services_ends_at_the_last_page(world: World) -> None:
    key = (await _empty_customer(world)).token
    made: set[str] = set()
    for count in (0, 1, 20, 21, 100, 101, 250):
        made |= set(await _create(world, key, count - len(made)))
        for size in ({}, {"per_page": 100}):

            async def fetch(page: int, size: dict[str, int] = size) -> httpx.Response:
                return await world.ask(key, "GET", "/service", params={"page": page, **size})

            walked = [one["id"] for one in await walk_by_header(fetch)]
            assert len(walked) == count
            assert set(walked) == made


async def test_the_walk_over_automation_tokens_ends_at_the_last_page(world: World) -> None:
    key = (await _empty_customer(world)).token
    await world.ask(key, "POST", "/sudo", data={"password": PASSWORD})
    made: set[str] = set()
    for count in (0, 1, 4, 5, 8):
        for number in range(len(made), count):
            body = {"name": f"automation {number}"}
            made.add((await world.ask(key, "POST", "/automation-tokens", json=body)).json()["id"])

        async def fetch(page: int) -> httpx.Response:
            params = {"page": page, "per_page": 4}
            return await world.ask(key, "GET", "/automation-tokens", params=params)

        assert sorted(one["id"] for one in await walk_by_header(fetch)) == sorted(made)
        meta = (await fetch(1)).json()["meta"]
        assert list(meta) == ["per_page", "current_page", "record_count", "total_pages"]
        assert (meta["record_count"], meta["total_pages"]) == (count, -(-count // 4))


async def test_the_walk_over_stars_ends_at_the_last_page(world: World) -> None:
    key = (await _empty_customer(world)).token
    services = await _create(world, key, 101)
    made: set[str] = set()
    for count in (0, 1, 20, 21, 100, 101):
        for service_id in services[len(made) : count]:
            service = {"data": {"type": "service", "id": service_id}}
            document = {"data": {"type": "star", "relationships": {"service": service}}}
            made.add((await world.ask(key, "POST", "/stars", json=document)).json()["data"]["id"])
        for path in ("/stars", "/stars?page[size]=100"):
            walked = await walk_by_links(lambda url: world.ask(key, "GET", url), path)
            assert len(walked) == count
            assert {one["id"] for one in walked} == made


async def test_links_keep_every_filter_and_name_the_host_that_was_asked(world: World) -> None:
    await _create(world, ADA.token, 3)
    query = "sort=name&direction=descend&per_page=1&customer_id=" + ADA.customer_id
    answer = await world.ask(
        ADA, "GET", f"/service?{query}&page=2", headers={"Host": "accounts.example.com:8443"}
    )
    for link in answer.headers["link"].split(", "):
        url = urlsplit(link[1 : link.index(">")])
        assert (url.scheme, url.netloc) == ("http", "accounts.example.com:8443")
        asked = parse_qs(url.query)
        assert list(asked) == sorted(asked)
        assert {**asked, "page": ["2"]} == {**parse_qs(query), "page": ["2"]}
