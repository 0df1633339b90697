"""Service authorizations on the wire (contract: access §3)."""

import asyncio
import re
from typing import Any

import pytest

from tenantry.core.clock import HOUR
from tests.areas.authorization_calls import (
    JSON_API,
    PATH,
    authorize,
    document,
    not_found,
    post,
)
from tests.world import (
    ADA,
    API,
    BEN,
    BILL,
    BOT,
    ELSEWHERE,
    LIM,
    NED,
    SUE,
    TESS,
    UMA,
    WWW,
    Person,
    World,
)

UNKNOWN = "0123456789ABCDEFGHIJKL"


async def test_an_authorization_is_given(world: World) -> None:
    answer = await post(world, document(permission="read_only"))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/vnd.api+json"
    told = answer.json()["data"]
    assert list(told) == ["id", "type", "attributes", "relationships"]
    assert list(told["attributes"]) == ["created_at", "updated_at", "deleted_at", "permission"]
    authorization_id = told.pop("id")
    assert re.fullmatch(r"[0-9A-Za-z]{22}", authorization_id)
    assert told == {
        "type": "service_authorization",
        "attributes": {
            "created_at": "2026-03-01T10:00:00Z",
            "updated_at": "2026-03-01T10:00:00Z",
            "deleted_at": None,
            "permission": "read_only",
        },
        "relationships": {
            "service": {"data": {"id": WWW, "type": "service"}},
            "user": {"data": {"id": LIM.id, "type": "user"}},
        },
    }
    assert (await world.ask(ADA, "GET", f"{PATH}/{authorization_id}")).content == answer.content


async def test_a_change_moves_updated_at_and_no_change_does_not(world: World) -> None:
    one = f"{PATH}/{await authorize(world, permission='read_only')}"
    world.clock.turn(HOUR)
    change = {"data": {"type": "service_authorization", "attributes": {"permission": "full"}}}
    changed = await world.ask(ADA, "PATCH", one, json=change, headers=JSON_API)
    assert changed.status_code == 200, changed.text
    assert changed.json()["data"]["attributes"] == {
        "created_at": "2026-03-01T10:00:00Z",
        "updated_at": "2026-03-01T11:00:00Z",
        "deleted_at": None,
        "permission": "full",
    }
    world.clock.turn(HOUR)
    # As the Python client sends it.
    same = await world.ask(ADA, "PATCH", one, json=change)
    assert (same.status_code, same.json()) == (200, changed.json())


async def test_what_is_withdrawn_is_gone(world: World) -> None:
    """What is deleted twice is refused in the recorded words."""
    authorization_id = await authorize(world)
    one = f"{PATH}/{authorization_id}"
    gone = await world.ask(ADA, "DELETE", one)
    assert (gone.status_code, gone.content) == (204, b"")
    assert "content-type" not in gone.headers
    for method in ("DELETE", "GET", "PATCH"):
        again = await world.ask(ADA, method, one, json=document())
        assert (again.status_code, again.json()) == (404, not_found(authorization_id))
        assert again.headers["content-type"] == "application/json"
    assert (await world.ask(ADA, "GET", PATH)).json()["data"] == []


async def test_each_change_is_told_in_the_log(world: World) -> None:
    since = len(await world.events())
    authorization_id = await authorize(world, permission="read_only")
    for permission in ("full", "full"):
        change = {"data": {"attributes": {"permission": permission}}}
        await world.ask(ADA, "PATCH", f"{PATH}/{authorization_id}", json=change)
    await world.ask(ADA, "DELETE", f"{PATH}/{authorization_id}")
    events = (await world.events())[since:]
    assert [event[0] for event in events] == [
        "service_authorization.create",
        "service_authorization.update",
        "service_authorization.delete",
    ]
    assert [event[0] for event in events] == [event[1] for event in events]
    assert '"new":{"permission":"full"},"old":{"permission":"read_only"}' in events[1][2]
    for event in events:
        assert f'"service_authorization_id":"{authorization_id}"' in event[2]
        assert f'"user_id":"{LIM.id}"' in event[2]
        assert f'"service_id":"{WWW}"' in event[2]
        assert f'"service_authorization/{authorization_id}":' in event[2]


WRAPPED = {"service": {"data": {"type": "service", "id": WWW}}, "user": {"data": {"id": LIM.id}}}
PYTHONS = {
    "service": {"type": "service", "id": WWW},
    "user": {"data": {"type": "user", "id": LIM.id}},
}
BARE = {"service": {"id": WWW, "type": ""}, "user": {"id": LIM.id, "type": "user"}}


@pytest.mark.parametrize("relationships", [WRAPPED, PYTHONS, BARE])
@pytest.mark.parametrize("attributes", [None, {}, {"permission": None}, {"permission": "full"}])
async def test_a_body_may_be_spelled_in_each_clients_way(
    world: World, relationships: dict[str, Any], attributes: dict[str, Any] | None
) -> None:
    """Linkage wrapped and bare; the permission is `full` unless said otherwise."""
    data = {"relationships": relationships, "attributes": attributes}
    answer = await world.ask(ADA, "POST", PATH, json={"data": data})
    assert answer.status_code == 200, answer.text
    told = answer.json()["data"]
    assert told["attributes"]["permission"] == "full"
    assert told["relationships"]["service"] == {"data": {"id": WWW, "type": "service"}}


@pytest.mark.parametrize("permission", ["full", "read_only", "purge_select", "purge_all"])
async def test_each_permission_is_taken(world: World, permission: str) -> None:
    authorization_id = await authorize(world, permission=permission)
    told = (await world.ask(LIM, "GET", f"{PATH}/{authorization_id}")).json()["data"]
    assert told["attributes"]["permission"] == permission


def _without(name: str) -> dict[str, Any]:
    asked = document()
    del asked["data"]["relationships"][name]
    return asked


def _typed(place: str, kind: str) -> dict[str, Any]:
    asked = document()
    if place == "data":
        asked["data"]["type"] = kind
    else:
        asked["data"]["relationships"][place]["data"]["type"] = kind
    return asked


FOUR = "full, read_only, purge_select, purge_all"
REFUSED = [
    (document(permission="purge"), 400, f"Permission must be one of: {FOUR}"),
    (document(permission=""), 400, f"Permission must be one of: {FOUR}"),
    (document(user_id=UNKNOWN, permission="no"), 400, f"Permission must be one of: {FOUR}"),
    (document(user_id=UNKNOWN, service_id=UNKNOWN), 404, f"Cannot find user '{UNKNOWN}'"),
    (document(user_id=NED.id), 404, f"Cannot find user '{NED.id}'"),
    (document(user_id=BOT.id), 404, f"Cannot find user '{BOT.id}'"),
    (document(service_id=UNKNOWN), 404, f"Cannot find service '{UNKNOWN}'"),
    (document(service_id=ELSEWHERE), 404, f"Cannot find service '{ELSEWHERE}'"),
    (_without("user"), 400, "User and service are required"),
    (_without("service"), 400, "User and service are required"),
    ({"data": {}}, 400, "User and service are required"),
    ({"data": None}, 400, "Data: Expected object, got null"),
    ({}, 400, "Data is required"),
    (_typed("data", "star"), 400, "The type of data must be 'service_authorization'"),
    (_typed("user", "service"), 400, "The type of user must be 'user'"),
    (_typed("service", "user"), 400, "The type of service must be 'service'"),
]


@pytest.mark.changes_nothing
@pytest.mark.parametrize(("asked", "status", "detail"), REFUSED)
async def test_what_cannot_be_given_is_refused(
    world: World, asked: dict[str, Any], status: int, detail: str
) -> None:
    since = len(await world.events())
    answer = await post(world, asked)
    title = "Bad request" if status == 400 else "Record not found"
    assert (answer.status_code, answer.json()) == (status, {"msg": title, "detail": detail})
    assert answer.headers["content-type"] == "application/json"
    assert await world.actions(since) == []


async def test_a_pair_is_authorized_once(world: World) -> None:
    await authorize(world)
    answer = await post(world, document(permission="read_only"))
    assert answer.status_code == 409
    assert answer.json() == {
        "msg": "Duplicate record",
        "detail": f"Duplicate serviceauthorization: '{LIM.id}/{WWW}'",
    }
    answers = await asyncio.gather(*(post(world, document(service_id=API)) for _ in range(4)))
    assert sorted(one.status_code for one in answers) == [200, 409, 409, 409]


async def test_a_deleted_service_takes_no_authorization(world: World) -> None:
    await world.ask(BEN, "DELETE", f"/service/{WWW}")
    answer = await post(world, document())
    assert answer.status_code == 404
    assert answer.json()["detail"] == f"Cannot find service '{WWW}'"


async def test_an_authorization_limits_its_user(world: World) -> None:
    """Terraform cannot set the flag; the vendor's server sets it (README, service limit)."""
    since = len(await world.events())
    authorization_id = await authorize(world, BEN.id)
    assert await world.actions(since) == ["service_authorization.create", "user.update"]
    body = (await world.events())[-1][2]
    assert '"new":{"limit_services":true},"old":{"limit_services":false}' in body
    assert (await world.ask(BEN, "GET", f"/service/{API}")).status_code == 404
    assert (await world.ask(BEN, "GET", f"/service/{WWW}")).status_code == 200
    await world.ask(ADA, "DELETE", f"{PATH}/{authorization_id}")
    assert (await world.ask(ADA, "GET", f"/user/{BEN.id}")).json()["limit_services"] is True
    assert (await world.ask(BEN, "GET", f"/service/{WWW}")).status_code == 404


@pytest.mark.parametrize("person", [SUE, BILL, UMA, TESS], ids=lambda person: person.name)
async def test_some_roles_cannot_be_limited(world: World, person: Person) -> None:
    answer = await post(world, document(person.id))
    assert answer.status_code == 400
    assert answer.json() == {
        "msg": "Record invalid",
        "detail": f"Role '{person.role}' is not allowed to be service limited",
    }
    assert (await world.ask(ADA, "GET", PATH)).json()["meta"]["record_count"] == 0


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        ({"attributes": {"permission": "all"}}, f"Permission must be one of: {FOUR}"),
        ({"attributes": {}}, "Permission is required"),
        ({}, "Permission is required"),
        ({"id": UNKNOWN}, "The id of data must be that of the path"),
        ({"type": "service"}, "The type of data must be 'service_authorization'"),
        (
            {"relationships": {"user": {"data": {"id": BEN.id}}}},
            "The user of a service authorization cannot be changed",
        ),
        (
            {"relationships": {"service": {"id": API}}},
            "The service of a service authorization cannot be changed",
        ),
    ],
)
async def test_a_change_that_is_wrong_is_refused(
    world: World, data: dict[str, Any], detail: str
) -> None:
    authorization_id = await authorize(world, permission="read_only")
    since = len(await world.events())
    answer = await world.ask(ADA, "PATCH", f"{PATH}/{authorization_id}", json={"data": data})
    expected = {"msg": "Bad request", "detail": detail}
    assert (answer.status_code, answer.json()) == (400, expected)
    assert await world.actions(since) == []


async def test_a_change_may_repeat_what_stands(world: World) -> None:
    authorization_id = await authorize(world, permission="read_only")
    data = document(permission="purge_all")["data"] | {"id": authorization_id}
    answer = await world.ask(ADA, "PATCH", f"{PATH}/{authorization_id}", json={"data": data})
    assert answer.json()["data"]["attributes"]["permission"] == "purge_all"
