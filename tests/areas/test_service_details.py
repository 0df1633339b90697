"""One service: searched, whole, and in detail (contract: identity §10.1)."""

import pytest

from tests.areas.service_calls import COMMON, VERSION, create, not_found
from tests.world import (
    ADA,
    BEN,
    EVE,
    LIM,
    LIMITED,
    TESS,
    UMA,
    WWW,
    World,
)


async def test_a_service_is_found_by_its_exact_name(world: World) -> None:
    answer = await world.ask(UMA, "GET", "/service/search?name=www")
    assert answer.status_code == 200
    assert list(answer.json()) == COMMON
    assert answer.json()["id"] == WWW


@pytest.mark.parametrize("name", ["WWW", "ww", "elsewhere", "w%25"])
async def test_no_other_name_is_found(world: World, name: str) -> None:
    answer = await world.ask(ADA, "GET", f"/service/search?name={name}")
    assert (answer.status_code, answer.json()) == (404, not_found(name.replace("%25", "%")))


@pytest.mark.parametrize("query", ["", "?name="])
async def test_a_search_needs_a_name(world: World, query: str) -> None:
    answer = await world.ask(ADA, "GET", f"/service/search{query}")
    assert answer.status_code == 400
    assert answer.json() == {"msg": "Bad request", "detail": "Name is required"}


async def test_a_search_finds_nothing_out_of_sight(world: World) -> None:
    for key in (LIMITED, LIM.token, TESS.token, EVE.token):
        answer = await world.ask(key, "GET", "/service/search?name=api")
        assert (answer.status_code, answer.json()) == (404, not_found("api"))


async def test_a_service_by_itself_has_the_recorded_keys(world: World) -> None:
    answer = await world.ask(UMA, "GET", f"/service/{WWW}")
    assert answer.status_code == 200
    assert list(answer.json()) == [*COMMON, "paused", "publish_key"]


async def test_details_tell_one_version_whole(world: World) -> None:
    details = (await world.ask(UMA, "GET", f"/service/{WWW}/details")).json()
    assert list(details) == [*COMMON, "version", "active_version"]
    assert details["active_version"] is None
    version = details["version"]
    parts = set(version) - set(VERSION)
    assert parts == {
        "acls",
        "backends",
        "cache_settings",
        "conditions",
        "dictionaries",
        "directors",
        "domains",
        "gzips",
        "headers",
        "healthchecks",
        "request_settings",
        "response_objects",
        "settings",
        "snippets",
        "vcls",
        "wordpress",
    }
    assert all(version[part] == [] for part in parts - {"settings"})
    assert version["settings"] == {
        "general.default_ttl": 3600,
        "general.stale_if_error_ttl": 43200,
        "general.stale_if_error": False,
        "general.default_pci": 0,
        "general.default_host": "",
    }


async def test_details_of_a_wasm_service_have_fewer_parts(world: World) -> None:
    service = await create(world, type="wasm")
    details = (await world.ask(BEN, "GET", f"/service/{service['id']}/details")).json()
    assert set(details["version"]) - set(VERSION) == {"backends", "domains", "healthchecks"}


async def test_details_choose_the_version_asked_for_else_the_active_else_the_highest(
    world: World,
) -> None:
    path = f"/service/{WWW}/details"
    for _ in range(2):
        await world.ask(BEN, "PUT", f"/service/{WWW}/version/1/clone")
    assert (await world.ask(BEN, "GET", path)).json()["version"]["number"] == 3
    await world.ask(BEN, "PUT", f"/service/{WWW}/version/2/activate")
    details = (await world.ask(BEN, "GET", path)).json()
    assert details["version"] == details["active_version"]
    assert details["version"]["number"] == 2
    asked = (await world.ask(BEN, "GET", f"{path}?version=1")).json()
    assert (asked["version"]["number"], asked["active_version"]["number"]) == (1, 2)
    for bad in ("9", "x", "-1", "9" * 30):
        answer = await world.ask(BEN, "GET", f"{path}?version={bad}")
        assert answer.status_code == 404
        assert answer.json()["detail"] == f"Cannot find version '{bad}'"


@pytest.mark.parametrize("path", ["", "/details"])
async def test_filters_narrow_the_versions_unless_nothing_matches(world: World, path: str) -> None:
    async def numbers(query: str) -> list[int]:
        answer = await world.ask(BEN, "GET", f"/service/{WWW}{path}?{query}")
        return [version["number"] for version in answer.json()["versions"]]

    for _ in range(2):
        await world.ask(BEN, "PUT", f"/service/{WWW}/version/1/clone")
    assert await numbers("filter[versions.active]=true") == [1, 2, 3]
    await world.ask(BEN, "PUT", f"/service/{WWW}/version/2/activate")
    assert await numbers("filter[versions.active]=True") == [2]
    assert await numbers("filter%5Bversions.active%5D=true") == [2]
    assert await numbers("filter[versions.active]=false") == [1, 2, 3]
    assert await numbers("filter[versions.staged]=true") == [1, 2, 3]
    assert await numbers("filter[versions.latest_draft]=true") == [3]
    assert await numbers("filter[versions.latest_draft]=true&filter[versions.active]=1") == [2, 3]


async def test_a_filtered_list_keeps_its_version_number(world: World) -> None:
    await world.ask(BEN, "PUT", f"/service/{WWW}/version/1/clone")
    await world.ask(BEN, "PUT", f"/service/{WWW}/version/1/activate")
    services = (await world.ask(BEN, "GET", "/service?filter[versions.latest_draft]=true")).json()
    www = next(service for service in services if service["id"] == WWW)
    assert (www["version"], [one["number"] for one in www["versions"]]) == (1, [2])


async def test_a_service_has_no_domains(world: World) -> None:
    answer = await world.ask(UMA, "GET", f"/service/{WWW}/domain")
    assert (answer.status_code, answer.json()) == (200, [])
