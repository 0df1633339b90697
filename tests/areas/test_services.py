"""Creating, changing and deleting services (contract: identity §10.2)."""

import asyncio
import re

import msgspec
import pytest

from tenantry.core.clock import SECOND
from tests.areas.service_calls import COMMON, VERSION, create, names
from tests.world import (
    API,
    BEN,
    BILL,
    BOT,
    EVE,
    LIMITED,
    TESS,
    TONI,
    UMA,
    WIDGETS,
    WWW,
    Person,
    World,
)

NOT_ALLOWED = {"msg": "You are not authorized to perform this action"}


async def test_an_engineer_creates_a_service(world: World) -> None:
    answer = await world.ask(
        BEN, "POST", "/service", data={"name": "www.example.com", "type": "wasm", "comment": "hi"}
    )
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    service = answer.json()
    assert list(service) == [*COMMON, "paused", "publish_key"]
    assert re.fullmatch(r"[0-9A-Za-z]{22}", service["id"])
    del service["versions"]
    assert service == {
        "id": service["id"],
        "name": "www.example.com",
        "type": "wasm",
        "customer_id": WIDGETS,
        "comment": "hi",
        "created_at": "2026-03-01T10:00:00Z",
        "updated_at": "2026-03-01T10:00:00Z",
        "deleted_at": None,
        "environments": [],
        "paused": False,
        "publish_key": "",
    }


async def test_a_new_service_has_an_unlocked_inactive_version(world: World) -> None:
    service = await create(world)
    (version,) = service["versions"]
    assert list(version) == VERSION
    assert version == {
        "service_id": service["id"],
        "number": 1,
        "active": False,
        "locked": False,
        "testing": False,
        "staging": False,
        "deployed": False,
        "comment": "",
        "created_at": "2026-03-01T10:00:00Z",
        "updated_at": "2026-03-01T10:00:00Z",
        "deleted_at": None,
        "environments": [],
    }


async def test_services_that_come_and_go_are_logged(world: World) -> None:
    before = len(await world.events())
    service_id = (await create(world, name="brief"))["id"]
    await world.ask(BEN, "DELETE", f"/service/{service_id}")
    created, deleted = (await world.events())[before:]
    assert created[:2] == ("service.create", "service.create")
    assert deleted[:2] == ("service.delete", "service.delete")
    for event in (created, deleted):
        body = msgspec.json.decode(event[2])
        assert body["service_id"] == service_id
        assert list(body["rows"]) == [f"service/{service_id}"]


async def test_a_service_without_a_name_gets_the_lowest_free_number(world: World) -> None:
    first, second = await create(world), await create(world)
    assert (first["name"], second["name"]) == ("Unnamed Service 1", "Unnamed Service 2")
    assert (first["type"], first["comment"]) == ("vcl", "")
    await world.ask(BEN, "DELETE", f"/service/{first['id']}")
    await create(world, name="Unnamed Service X")
    assert (await create(world))["name"] == "Unnamed Service 1"
    assert (await create(world))["name"] == "Unnamed Service 3"


async def test_json_is_taken_like_a_form(world: World) -> None:
    answer = await world.ask(BEN, "POST", "/service", json={"name": "json", "comment": None})
    assert (answer.status_code, answer.json()["comment"]) == (200, "")


async def test_python_sends_none_as_text(world: World) -> None:
    service = await create(world, name="py", comment="None", type="None", ServiceID="x")
    assert (service["comment"], service["type"]) == ("", "vcl")


@pytest.mark.changes_nothing
@pytest.mark.parametrize(
    ("form", "detail"),
    [
        ({"name": "a", "type": "html"}, "Type must be one of: vcl, wasm"),
        ({"name": " "}, "Name must have 1 to 255 characters"),
        ({"name": ""}, "Name must have 1 to 255 characters"),
        ({"name": "n" * 256}, "Name must have 1 to 255 characters"),
        ({"name": "a", "comment": "c" * 10_001}, "Comment must have at most 10000 characters"),
    ],
)
async def test_a_bad_service_is_refused(world: World, form: dict[str, str], detail: str) -> None:
    answer = await world.ask(BEN, "POST", "/service", data=form)
    assert answer.status_code == 400
    assert answer.json() == {"msg": "Bad request", "detail": detail}


async def test_a_name_is_taken_once_in_a_customer(world: World) -> None:
    before = len(await world.events())
    answer = await world.ask(BEN, "POST", "/service", data={"name": "www"})
    assert answer.status_code == 409
    assert answer.json() == {"msg": "Duplicate record", "detail": "Duplicate service: 'www'"}
    assert await world.actions(before) == []
    assert (await create(world, EVE, name="www"))["customer_id"] == EVE.customer_id


async def test_of_two_who_create_one_name_at_once_one_wins(world: World) -> None:
    answers = await asyncio.gather(
        *(world.ask(BEN, "POST", "/service", data={"name": "race"}) for _ in range(6))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409, 409]
    assert (await names(world, BEN)).count("race") == 1


async def test_unnamed_services_made_at_once_have_different_names(world: World) -> None:
    made = await asyncio.gather(*(create(world) for _ in range(5)))
    assert len({service["name"] for service in made}) == 5


@pytest.mark.parametrize("who", [BILL, UMA, TESS, TONI], ids=lambda who: who.name)
async def test_who_may_not_create_services(world: World, who: Person) -> None:
    answer = await world.ask(who, "POST", "/service", data={"name": "mine"})
    assert (answer.status_code, answer.json()) == (403, NOT_ALLOWED)


async def test_a_token_that_is_limited_to_services_cannot_create_one(world: World) -> None:
    answer = await world.ask(LIMITED, "POST", "/service", data={"type": "not even read"})
    assert answer.status_code == 404
    assert answer.json() == {"msg": "Record not found", "detail": "Cannot find 'service'"}


async def test_an_automation_token_creates_a_service(world: World) -> None:
    assert (await create(world, BOT, name="by bot"))["name"] == "by bot"


async def test_a_service_is_renamed(world: World) -> None:
    before = len(await world.events())
    world.clock.turn(SECOND)
    answer = await world.ask(BEN, "PUT", f"/service/{WWW}", data={"name": "new", "ServiceID": "x"})
    assert answer.status_code == 200
    service = answer.json()
    assert list(service) == [*COMMON, "paused", "publish_key"]
    assert (service["name"], service["type"]) == ("new", "vcl")
    assert service["created_at"] == "2026-03-01T10:00:00Z"
    assert service["updated_at"] == "2026-03-01T10:00:01Z"
    assert (await world.ask(BEN, "GET", f"/service/{WWW}")).json() == service
    (event,) = (await world.events())[before:]
    assert event[:2] == ("service.update", "service.update")
    assert f'"service_id":"{WWW}"' in event[2]


async def test_a_comment_is_set_and_cleared_with_pythons_none(world: World) -> None:
    path = f"/service/{WWW}"
    assert (await world.ask(BEN, "PUT", path, data={"comment": "x"})).json()["comment"] == "x"
    assert (await world.ask(BEN, "PUT", path, data={"comment": "None"})).json()["comment"] == ""
    assert (await world.ask(BEN, "PUT", path, json={"comment": None})).json()["name"] == "www"


@pytest.mark.parametrize("form", [{}, {"type": "wasm"}])
async def test_a_change_needs_a_name_or_a_comment(world: World, form: dict[str, str]) -> None:
    answer = await world.ask(BEN, "PUT", f"/service/{WWW}", data=form)
    assert answer.status_code == 400
    assert answer.json()["detail"] == "Name or comment is required"


async def test_a_repeated_change_is_logged_once(world: World) -> None:
    before = len(await world.events())
    for _ in range(2):
        answer = await world.ask(BEN, "PUT", f"/service/{WWW}", data={"name": "new"})
        assert answer.status_code == 200
    assert await world.actions(before) == ["service.update"]


async def test_a_rename_to_a_taken_name_changes_nothing(world: World) -> None:
    before = len(await world.events())
    answer = await world.ask(BEN, "PUT", f"/service/{WWW}", data={"name": "api"})
    assert answer.status_code == 409
    assert answer.json()["detail"] == "Duplicate service: 'api'"
    assert (await world.ask(BEN, "GET", f"/service/{WWW}")).json()["name"] == "www"
    assert await world.actions(before) == []


async def test_a_deleted_service_is_still_told_but_not_listed(world: World) -> None:
    before = len(await world.events())
    world.clock.turn(SECOND)
    answer = await world.ask(BEN, "DELETE", f"/service/{WWW}")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    for path in (f"/service/{WWW}", f"/service/{WWW}/details"):
        gone = await world.ask(BEN, "GET", path)
        assert (gone.status_code, gone.json()["deleted_at"]) == (200, "2026-03-01T10:00:01Z")
    assert await names(world, BEN) == ["api"]
    assert (await world.ask(BEN, "GET", "/service/search?name=www")).status_code == 404
    (event,) = (await world.events())[before:]
    assert event[:2] == ("service.delete", "service.delete")
    assert f'"service_id":"{WWW}"' in event[2]


async def test_the_name_of_a_deleted_service_is_free(world: World) -> None:
    await world.ask(BEN, "DELETE", f"/service/{WWW}")
    assert (await create(world, name="www"))["id"] != WWW


async def test_a_service_with_an_active_version_stays(world: World) -> None:
    await world.ask(BEN, "PUT", f"/service/{WWW}/version/1/activate")
    answer = await world.ask(BEN, "DELETE", f"/service/{WWW}")
    assert answer.status_code == 400
    assert answer.json() == {
        "msg": "Bad request",
        "detail": "Cannot delete service with active version",
    }
    await world.ask(BEN, "PUT", f"/service/{WWW}/version/1/deactivate")
    assert (await world.ask(BEN, "DELETE", f"/service/{WWW}")).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", ""),
        ("PUT", ""),
        ("POST", "/version"),
        ("PUT", "/version/1"),
        ("PUT", "/version/1/activate"),
        ("PUT", "/version/1/deactivate"),
        ("PUT", "/version/1/clone"),
        ("PUT", "/version/1/lock"),
    ],
)
async def test_a_deleted_service_cannot_be_changed(world: World, method: str, path: str) -> None:
    await world.ask(BEN, "DELETE", f"/service/{WWW}")
    before = len(await world.events())
    answer = await world.ask(BEN, method, f"/service/{WWW}{path}")
    assert answer.status_code == 400
    assert answer.json() == {"msg": "Bad request", "detail": f"Service '{WWW}' is deleted"}
    assert await world.actions(before) == []


async def test_of_many_deletions_at_once_one_is_done(world: World) -> None:
    before = len(await world.events())
    answers = await asyncio.gather(*(world.ask(BEN, "DELETE", f"/service/{WWW}") for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400]
    assert await world.actions(before) == ["service.delete"]


async def test_a_token_limited_to_a_deleted_service_sees_no_other(world: World) -> None:
    await world.ask(BEN, "DELETE", f"/service/{WWW}")
    assert await names(world, LIMITED) == []
    assert (await world.ask(LIMITED, "GET", f"/service/{API}")).status_code == 404
    assert (await world.ask(LIMITED, "GET", "/tokens/self")).json()["services"] == [WWW]
