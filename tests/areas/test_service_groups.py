"""Service groups, through the front door (contract: access §7)."""

import asyncio
from typing import Any

import pytest

from tests.areas.group_calls import (
    FORBIDDEN,
    SERVICE_GROUPS,
    assert_missing,
    assert_problem,
    create,
    extend,
    listed,
    reduce,
    role,
    service_group,
    shown_ids,
    user_group,
)
from tests.world import (
    ADA,
    API,
    BEN,
    BILL,
    BOT,
    ELSEWHERE,
    EVE,
    LIM,
    LIMITED,
    OTHER,
    READ_ONLY,
    UMA,
    WWW,
    World,
)

SHAPE = "id object name description services_count created_at updated_at"
UNKNOWN = "0Unknown00000000000000"
SECOND = 1_000_000


async def test_a_group_is_created_read_renamed_and_deleted(world: World) -> None:
    made = await create(world, SERVICE_GROUPS, name=" Storefront ")
    assert " ".join(made) == SHAPE
    assert (made["object"], made["name"], made["description"]) == (
        "service_group",
        "Storefront",
        None,
    )
    assert (made["services_count"], made["created_at"], made["updated_at"]) == (
        0,
        "2026-03-01T10:00:00Z",
        "2026-03-01T10:00:00Z",
    )
    path = f"{SERVICE_GROUPS}/{made['id']}"
    assert (await world.ask(ADA, "GET", path)).json() == made
    world.clock.turn(SECOND)
    changed = await world.ask(ADA, "PATCH", path, json={"name": "Shop", "description": "All shops"})
    expected = {
        **made,
        "name": "Shop",
        "description": "All shops",
        "updated_at": "2026-03-01T10:00:01Z",
    }
    assert (changed.status_code, changed.json()) == (200, expected)
    cleared = await world.ask(ADA, "PATCH", path, json={"description": None})
    assert cleared.json()["description"] is None
    gone = await world.ask(ADA, "DELETE", path)
    assert (gone.status_code, gone.content) == (204, b"")
    assert "content-type" not in gone.headers
    assert_missing(await world.ask(ADA, "GET", path), "servicegroup", made["id"])
    assert_missing(await world.ask(ADA, "DELETE", path), "servicegroup", made["id"])


@pytest.mark.parametrize("body", [{}, {"name": "Storefront"}, {"unknown": 1}])
async def test_a_change_that_changes_nothing_leaves_no_trace(
    world: World, body: dict[str, Any]
) -> None:
    made = await create(world, SERVICE_GROUPS, name="Storefront")
    since = len(await world.events())
    world.clock.turn(SECOND)
    answer = await world.ask(ADA, "PATCH", f"{SERVICE_GROUPS}/{made['id']}", json=body)
    assert (answer.status_code, answer.json()) == (200, made)
    assert len(await world.events()) == since


@pytest.mark.changes_nothing
@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({}, "Name is required"),
        ({"name": None}, "Name: Expected str, got null"),
        ({"name": 7}, "Name: Expected str, got int"),
        ({"name": "  "}, "Name must have 1 to 255 characters"),
        ({"name": "x" * 256}, "Name must have 1 to 255 characters"),
        (
            {"name": "x", "description": "x" * 1001},
            "Description must have at most 1000 characters",
        ),
        ({"name": "x", "services": [{}]}, "Id is required"),
    ],
)
async def test_a_bad_body_is_told_as_problem_details(
    world: World, body: dict[str, Any], detail: str
) -> None:
    since = len(await world.events())
    answer = await world.ask(ADA, "POST", SERVICE_GROUPS, json=body)
    assert_problem(answer, 400, "Bad request", detail)
    assert len(await world.events()) == since


async def test_a_name_is_had_once_in_a_customer_in_whatever_case(world: World) -> None:
    await create(world, SERVICE_GROUPS, name="Storefront")
    other = await create(world, SERVICE_GROUPS, name="Other")
    detail = "Duplicate servicegroup: 'STOREFRONT'"
    for method, path in (("POST", SERVICE_GROUPS), ("PATCH", f"{SERVICE_GROUPS}/{other['id']}")):
        answer = await world.ask(ADA, method, path, json={"name": "STOREFRONT"})
        assert_problem(answer, 409, "Duplicate record", detail)
    # What is absent is told first (access §2.5).
    lost = {"name": "Storefront", "services": [{"id": "0Unknown"}]}
    answer = await world.ask(ADA, "POST", SERVICE_GROUPS, json=lost)
    assert_missing(answer, "service", "0Unknown")
    await create(world, SERVICE_GROUPS, EVE, name="storefront")
    await create(world, "/user-groups", name="storefront")
    renamed = await world.ask(
        ADA, "PATCH", f"{SERVICE_GROUPS}/{other['id']}", json={"name": "OTHER"}
    )
    assert renamed.json()["name"] == "OTHER"


async def test_of_many_who_want_a_name_at_once_one_gets_it(world: World) -> None:
    calls = [world.ask(ADA, "POST", SERVICE_GROUPS, json={"name": "Storefront"}) for _ in range(8)]
    answers = await asyncio.gather(*calls)
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    group = (await shown_ids(world, SERVICE_GROUPS))[0]
    since, path = len(await world.events()), f"{SERVICE_GROUPS}/{group}/services"
    added = await asyncio.gather(*(extend(world, path, WWW) for _ in range(8)))
    assert {answer.status_code for answer in added} == {201}
    assert await world.actions(since) == ["iam.service_group.services.add"]


async def test_lists_go_by_age_in_pages(world: World) -> None:
    made = []
    for number in range(5):
        made.append(await service_group(world, f"group {9 - number}"))
        world.clock.turn(SECOND)
    answer = await world.ask(ADA, "GET", f"{SERVICE_GROUPS}?per_page=2&page=2")
    assert list(answer.json()) == ["data", "meta"]
    assert [one["id"] for one in answer.json()["data"]] == made[2:4]
    assert list(answer.json()["meta"].items()) == [
        ("per_page", 2),
        ("current_page", 2),
        ("record_count", 5),
        ("total_pages", 3),
    ]
    assert answer.links["next"]["url"].endswith("/service-groups?page=3&per_page=2")
    whole = await world.ask(ADA, "GET", SERVICE_GROUPS)
    assert whole.json()["meta"]["per_page"] == 20
    assert "link" not in whole.headers
    assert [one["id"] for one in whole.json()["data"]] == made
    assert await listed(world, f"{SERVICE_GROUPS}?page=9") == []
    clamped = await world.ask(ADA, "GET", f"{SERVICE_GROUPS}?per_page=101")
    assert clamped.json()["meta"]["per_page"] == 100
    for bad in ("per_page=0", "page=0", "page=x"):
        refused = await world.ask(ADA, "GET", f"{SERVICE_GROUPS}?{bad}")
        assert (refused.status_code, refused.json()["title"]) == (400, "Bad request")


async def test_services_go_in_and_out_and_doing_it_twice_is_no_error(world: World) -> None:
    group = await service_group(world, "Storefront")
    path = f"{SERVICE_GROUPS}/{group}/services"
    world.clock.turn(SECOND)
    added = await extend(world, path, WWW, API, WWW)
    services = [
        {"id": WWW, "object": "service", "name": "www"},
        {"id": API, "object": "service", "name": "api"},
    ]
    meta = {"per_page": 2, "current_page": 1, "record_count": 2, "total_pages": 1}
    assert (added.status_code, added.json()) == (201, {"data": services, "meta": meta})
    shown = (await world.ask(ADA, "GET", f"{SERVICE_GROUPS}/{group}")).json()
    assert (shown["services_count"], shown["updated_at"]) == (2, "2026-03-01T10:00:01Z")
    since = len(await world.events())
    assert (await extend(world, path, API)).json()["data"] == services[1:]
    assert await world.actions(since) == []
    assert sorted(await shown_ids(world, path)) == sorted([WWW, API])
    removed = await reduce(world, path, WWW)
    assert (removed.status_code, removed.content) == (204, b"")
    assert await listed(world, path) == services[1:]
    assert (await reduce(world, path, WWW)).status_code == 204
    assert await world.actions(since) == ["iam.service_group.services.remove"]


async def test_services_are_listed_in_the_order_in_which_they_came_in(world: World) -> None:
    group = await service_group(world, "Storefront", WWW)
    path = f"{SERVICE_GROUPS}/{group}/services"
    world.clock.turn(SECOND)
    await extend(world, path, API)
    assert await shown_ids(world, path) == [WWW, API]
    answer = await world.ask(ADA, "GET", f"{path}?per_page=1")
    assert answer.json()["meta"]["total_pages"] == 2
    assert [one["id"] for one in answer.json()["data"]] == [WWW]
    assert await shown_ids(world, f"{path}?per_page=1&page=2") == [API]


@pytest.mark.parametrize("lost", [UNKNOWN, ELSEWHERE, 'a"]', "a\\", "x" * 65, ""])
async def test_all_of_a_set_goes_in_or_out_or_nothing(world: World, lost: str) -> None:
    group = await service_group(world, "Storefront", API)
    path = f"{SERVICE_GROUPS}/{group}/services"
    since = len(await world.events())
    assert_missing(await extend(world, path, WWW, lost), "service", lost[:64])
    assert_missing(await reduce(world, path, API, lost), "service", lost[:64])
    refused = await world.ask(
        ADA, "POST", SERVICE_GROUPS, json={"name": "New", "services": [{"id": lost}]}
    )
    assert_missing(refused, "service", lost[:64])
    assert await shown_ids(world, path) == [API]
    assert await shown_ids(world, SERVICE_GROUPS) == [group]
    assert len(await world.events()) == since


async def test_a_set_takes_from_one_to_a_thousand_at_once(world: World) -> None:
    group = await service_group(world, "Storefront")
    path = f"{SERVICE_GROUPS}/{group}/services"
    for method in ("POST", "DELETE"):
        many = [{"id": WWW}] * 1001
        bodies: list[dict[str, Any]] = [{}, {"services": []}, {"services": many}]
        for body in bodies:
            answer = await world.ask(ADA, method, path, json=body)
            assert (answer.status_code, answer.json()["title"]) == (400, "Bad request")
        answer = await world.ask(ADA, method, path, json={"services": many[1:]})
        assert answer.is_success


async def test_only_who_may_sees_and_manages_service_groups(world: World) -> None:
    group = await service_group(world, "Storefront", WWW)
    path = f"{SERVICE_GROUPS}/{group}"
    for person in (BEN, LIM, BILL, UMA, BOT):
        for method, where in (("GET", SERVICE_GROUPS), ("GET", path), ("GET", f"{path}/services")):
            answer = await world.ask(person, method, where)
            assert (answer.status_code, answer.json()) == (403, FORBIDDEN)
        assert (await extend(world, f"{path}/services", API, who=person)).status_code == 403
    assert (await world.ask(READ_ONLY, "GET", path)).status_code == 200
    assert_missing(await world.ask(EVE, "GET", path), "servicegroup", group)
    assert_missing(await extend(world, f"{path}/services", who=EVE), "servicegroup", group)
    assert await listed(world, SERVICE_GROUPS, EVE) == []


async def test_services_out_of_sight_are_neither_shown_nor_named(world: World) -> None:
    """Who manages groups under a limit on services sees and names those that he sees anyway."""
    group = await service_group(world, "Storefront", WWW, API)
    path = f"{SERVICE_GROUPS}/{group}/services"
    # A superuser's list of services binds no account endpoint (access §9.5, decision 0016).
    assert [one["id"] for one in await listed(world, path, LIMITED)] == [API, WWW]
    answer = await world.ask(LIMITED, "POST", path, json={"services": [{"id": API}]})
    assert answer.status_code == 201
    reads = await role(world, "Reader", "service_group.read")
    await user_group(world, "Readers", LIM, roles=[reads])
    assert await listed(world, path, LIM) == []


async def test_each_change_is_told_in_the_log_by_a_name_that_clients_know(world: World) -> None:
    since, elsewhere = len(await world.events()), len(await world.events(OTHER))
    group = await service_group(world, "Storefront", WWW)
    path = f"{SERVICE_GROUPS}/{group}"
    await world.ask(ADA, "PATCH", path, json={"name": "Shop"})
    await extend(world, f"{path}/services", API)
    await reduce(world, f"{path}/services", API, WWW)
    await world.ask(ADA, "DELETE", path)
    words = ("create", "services.add", "update", "services.add", "services.remove", "delete")
    actions = [f"iam.service_group.{word}" for word in words]
    assert await world.actions(since) == actions
    assert {event[1] for event in (await world.events())[since:]} == {"customer.update"}
    assert len(await world.events(OTHER)) == elsewhere
