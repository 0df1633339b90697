"""Roles of the customer's own: created, changed and told in the older form (access §6.3)."""

import asyncio
from typing import Any

import msgspec
import pytest

from tenantry.core.clock import MINUTE
from tests.areas.role_calls import (
    FORBIDDEN,
    ROLE,
    UNKNOWN,
    assert_problem,
    named,
    permits,
    role,
)
from tests.areas.test_users import BUILT_IN
from tests.world import ADA, EVE, OTHER, SUE, World


async def test_a_role_is_created_by_its_name_alone(world: World) -> None:
    since = len(await world.events())
    answer = await world.ask(ADA, "POST", "/roles", json={"name": " Security Reviewer "})
    assert (answer.status_code, answer.headers["content-type"]) == (201, "application/json")
    made = answer.json()
    assert list(made) == ROLE
    assert len(made["id"]) == 22
    assert made == {
        "id": made["id"],
        "object": "role",
        "name": "Security Reviewer",
        "description": None,
        "custom": True,
        "permissions_count": 0,
        "created_at": "2026-03-01T10:00:00Z",
        "updated_at": "2026-03-01T10:00:00Z",
    }
    assert (await world.ask(SUE, "GET", f"/roles/{made['id']}")).json() == made
    (event,) = (await world.events())[since:]
    assert event[:2] == ("iam.role.create", "customer.update")
    body = msgspec.json.decode(event[2])
    assert body["metadata"]["action"] == "iam.role.create"
    assert body["metadata"]["role_id"] == made["id"]
    assert list(body["rows"]) == [f"role/{made['id']}"]


async def test_a_role_is_created_with_a_description_and_permissions(world: World) -> None:
    body = {
        "name": "Reviewer",
        "description": "Looks, and touches nothing",
        "permissions": named("service.stats", "customer.read", "service.stats"),
        "custom": False,
        "id": BUILT_IN["superuser"],
    }
    made = (await world.ask(ADA, "POST", "/roles", json=body)).json()
    assert made["id"] != BUILT_IN["superuser"]
    told = (made["description"], made["permissions_count"], made["custom"])
    assert told == ("Looks, and touches nothing", 2, True)
    assert await permits(world, made["id"]) == ["customer.read", "service.stats"]


@pytest.mark.changes_nothing
@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({}, "Name is required"),
        ({"name": ""}, "Name must have 1 to 255 characters"),
        ({"name": " \t "}, "Name must have 1 to 255 characters"),
        ({"name": "x" * 256}, "Name must have 1 to 255 characters"),
        ({"name": None}, "Name: Expected str, got null"),
        ({"name": 7}, "Name: Expected str, got int"),
        ({"name": "x", "description": "x" * 1001}, "Description must have at most 1000 characters"),
        ({"name": "x", "permissions": named("user.read") * 1001}, "Permissions must name at most"),
        ({"name": "x", "permissions": ["user.read"]}, "Permissions[0]: Expected object, got str"),
    ],
)
async def test_a_wrong_role_is_refused(world: World, body: dict[str, Any], detail: str) -> None:
    since = len(await world.events())
    answer = await world.ask(ADA, "POST", "/roles", json=body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["detail"].startswith(detail)
    assert_problem(answer, 400, answer.json()["detail"])
    assert await world.actions(since) == []


@pytest.mark.parametrize(
    "name", ["Reviewer", "REVIEWER ", "superuser", "Billing", "tls_viewer", "TLS Viewer"]
)
async def test_a_name_is_taken_whatever_its_letters_case(world: World, name: str) -> None:
    """Also those of the built-in roles, by which people would take one for the other."""
    await role(world, "reviewer")
    other = await role(world, "Another")
    since = len(await world.events())
    detail = f"Duplicate role: '{name.strip()}'"
    assert_problem(await world.ask(ADA, "POST", "/roles", json={"name": name}), 409, detail)
    renamed = await world.ask(ADA, "PATCH", f"/roles/{other}", json={"name": name})
    assert_problem(renamed, 409, detail)
    assert await world.actions(since) == []
    elsewhere = await world.ask(EVE, "POST", "/roles", json={"name": "Reviewer"})
    assert elsewhere.status_code == 201


async def test_of_two_who_take_a_name_at_once_one_is_first(world: World) -> None:
    for number in range(3):
        asked = (
            world.ask(who, "POST", "/roles", json={"name": name})
            for who, name in ((ADA, f"race {number}"), (SUE, f"Race {number}"), (EVE, "x"))
        )
        statuses = [one.status_code for one in await asyncio.gather(*asked)]
        assert sorted(statuses[:2]) == [201, 409]


async def test_a_role_is_renamed_and_described(world: World) -> None:
    role_id = await role(world, "Reviewer", ["event.read"])
    world.clock.turn(MINUTE)
    since = len(await world.events())
    path = f"/roles/{role_id}"
    renamed = await world.ask(ADA, "PATCH", path, json={"name": "REVIEWER"})
    assert (renamed.status_code, list(renamed.json())) == (200, ROLE)
    assert (renamed.json()["name"], renamed.json()["permissions_count"]) == ("REVIEWER", 1)
    assert renamed.json()["updated_at"] == "2026-03-01T10:01:00Z"
    described = await world.ask(ADA, "PATCH", path, json={"description": "Looks"})
    assert (described.json()["name"], described.json()["description"]) == ("REVIEWER", "Looks")
    cleared = await world.ask(ADA, "PATCH", path, json={"description": None, "stray": 1})
    assert cleared.json()["description"] is None
    assert await world.actions(since) == ["iam.role.update"] * 3
    assert [event[1] for event in (await world.events())[since:]] == ["customer.update"] * 3


async def test_a_change_that_changes_nothing_leaves_nothing(world: World) -> None:
    role_id = await role(world, "Reviewer", ["event.read"])
    world.clock.turn(MINUTE)
    since = len(await world.events())
    path = f"/roles/{role_id}"
    for body in ({}, {"name": "Reviewer"}, {"name": " Reviewer ", "description": None}):
        answer = await world.ask(ADA, "PATCH", path, json=body)
        assert (answer.status_code, answer.json()["updated_at"]) == (200, "2026-03-01T10:00:00Z")
    same = {"permissions": named("event.read")}
    assert (await world.ask(ADA, "POST", f"{path}/permissions", json=same)).status_code == 201
    other = {"permissions": named("user.read", "tls.read")}
    removed = await world.ask(ADA, "DELETE", f"{path}/permissions", json=other)
    assert removed.status_code == 204
    assert (await world.ask(ADA, "GET", path)).json()["updated_at"] == "2026-03-01T10:00:00Z"
    assert await world.actions(since) == []


async def test_permissions_are_added_to_a_role_and_removed(world: World) -> None:
    """The body of a DELETE is read; told are the permissions that were named."""
    role_id = await role(world, "Reviewer", ["event.read"])
    path = f"/roles/{role_id}/permissions"
    world.clock.turn(MINUTE)
    since = len(await world.events())
    body = {"permissions": named("tls.read", "event.read", "tls.read")}
    added = await world.ask(ADA, "POST", path, json=body)
    assert (added.status_code, added.headers["content-type"]) == (201, "application/json")
    assert [one["name"] for one in added.json()["data"]] == ["event.read", "tls.read"]
    assert added.json()["meta"]["record_count"] == 2
    assert await permits(world, role_id) == ["event.read", "tls.read"]
    body = {"permissions": named("event.read", "user.read")}
    removed = await world.ask(ADA, "DELETE", path, json=body)
    assert (removed.status_code, removed.content) == (204, b"")
    assert "content-type" not in removed.headers
    assert await permits(world, role_id) == ["tls.read"]
    told = (await world.ask(ADA, "GET", f"/roles/{role_id}")).json()
    assert (told["permissions_count"], told["updated_at"]) == (1, "2026-03-01T10:01:00Z")
    events = [msgspec.json.decode(event[2]) for event in (await world.events())[since:]]
    assert [event["metadata"]["action"] for event in events] == [
        "iam.role.permissions.add",
        "iam.role.permissions.remove",
    ]
    assert [event["metadata"]["permissions"] for event in events] == [["tls.read"], ["event.read"]]
    assert all(list(event["rows"]) == [f"role/{role_id}"] for event in events)


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_one_unknown_permission_and_nothing_changes(world: World, method: str) -> None:
    role_id = await role(world, "Reviewer", ["event.read"])
    since = len(await world.events())
    path = f"/roles/{role_id}/permissions"
    body = {"permissions": [*named("tls.read", "event.read"), {"id": UNKNOWN}]}
    answer = await world.ask(ADA, method, path, json=body)
    assert_problem(answer, 404, f"Cannot find permission '{UNKNOWN}'")
    for wrong in ([], named("event.read") * 1001):
        answer = await world.ask(ADA, method, path, json={"permissions": wrong})
        assert answer.status_code == 400
    assert (await world.ask(ADA, method, path, json={})).status_code == 400
    assert await permits(world, role_id) == ["event.read"]
    assert await world.actions(since) == []


@pytest.mark.changes_nothing
@pytest.mark.parametrize("name", list(BUILT_IN))
async def test_built_in_roles_are_not_to_be_changed(world: World, name: str) -> None:
    since = len(await world.events())
    path = f"/roles/{BUILT_IN[name]}"
    for method, address in (
        ("PATCH", path),
        ("DELETE", path),
        ("POST", f"{path}/permissions"),
        ("DELETE", f"{path}/permissions"),
    ):
        body = {"name": "Mine", "permissions": named("event.read")}
        answer = await world.ask(ADA, method, address, json=body)
        assert answer.status_code == 403
        assert answer.json() == FORBIDDEN | {"detail": f"Role '{name}' is managed by the system"}
        assert answer.headers["content-type"] == "application/json"
    assert await world.actions(since) == []


async def test_another_customers_role_is_as_if_absent(world: World) -> None:
    theirs = await role(world, "Reviewer", ["event.read"], EVE)
    here, there = len(await world.events()), len(await world.events(OTHER))
    body = {"name": "Mine", "permissions": named("event.read")}
    for path in (f"/roles/{theirs}", f"/roles/{theirs}/permissions", f"/iam/v1/roles/{theirs}"):
        for method in ("GET", "PATCH", "POST", "DELETE"):
            answer = await world.ask(ADA, method, path, json=body)
            if answer.status_code != 405:
                assert_problem(answer, 404, f"Cannot find role '{theirs}'")
    for method in ("POST", "DELETE"):
        path = f"/roles/{BUILT_IN['user']}/permissions?customer_id={OTHER}"
        assert (await world.ask(ADA, method, path, json=body)).status_code == 403
    assert (len(await world.events()), len(await world.events(OTHER))) == (here, there)
