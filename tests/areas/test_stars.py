"""Stars (contract: identity §11)."""

import asyncio
import re
from typing import Any

import httpx
import pytest

from tests.areas.service_calls import create
from tests.world import (
    ADA,
    API,
    BEN,
    BOT,
    ELSEWHERE,
    EVE,
    LIM,
    LIMITED,
    READ_ONLY,
    TESS,
    UMA,
    WWW,
    Person,
    World,
)

JSON_API = "application/vnd.api+json"
UNKNOWN = "0123456789ABCDEFGHIJKL"


def document(service_id: str = WWW, **changes: Any) -> dict[str, Any]:
    """What asks for a star."""
    linkage = {"data": {"type": "service", "id": service_id}}
    return {"data": {"type": "star", "relationships": {"service": linkage}, **changes}}


async def post(world: World, who: Person | str, asked: dict[str, Any]) -> httpx.Response:
    return await world.ask(who, "POST", "/stars", json=asked, headers={"Content-Type": JSON_API})


async def give(world: World, who: Person | str, service_id: str = WWW) -> str:
    answer = await post(world, who, document(service_id))
    assert answer.status_code == 200, answer.text
    star_id: str = answer.json()["data"]["id"]
    return star_id


async def test_a_star_is_given(world: World) -> None:
    answer = await post(world, UMA, document())
    assert answer.status_code == 200
    assert answer.headers["content-type"] == JSON_API
    star = answer.json()["data"]
    assert list(star) == ["id", "type", "attributes", "relationships"]
    assert re.fullmatch(r"[0-9A-Za-z]{22}", star.pop("id"))
    assert star == {
        "type": "star",
        "attributes": {
            "created_at": "2026-03-01T10:00:00Z",
            "updated_at": "2026-03-01T10:00:00Z",
            "deleted_at": None,
        },
        "relationships": {
            "service": {"data": {"id": WWW, "type": "service"}},
            "user": {"data": {"id": UMA.id, "type": "user"}},
        },
    }


@pytest.mark.parametrize(
    "relationships",
    [
        {"service": {"data": {"type": "service", "id": WWW}}},
        {"service": {"type": "service", "id": WWW}},
        {"service": {"id": WWW}},
        {"service": {"type": "", "id": WWW}, "user": {"data": None}},
        {"service": {"type": "service", "id": WWW}, "user": {"data": {"id": UMA.id}}},
        {"service": {"id": WWW}, "user": {"type": "user", "id": UMA.id}},
    ],
)
@pytest.mark.parametrize("content_type", [JSON_API, "application/json"])
async def test_relationships_are_taken_in_both_spellings(
    world: World, relationships: dict[str, Any], content_type: str
) -> None:
    asked = {"data": {"relationships": relationships}, "included": [{"type": "service"}]}
    answer = await world.ask(
        UMA, "POST", "/stars", json=asked, headers={"Content-Type": content_type}
    )
    assert answer.status_code == 200
    assert answer.json()["data"]["relationships"]["service"]["data"]["id"] == WWW


@pytest.mark.changes_nothing
@pytest.mark.parametrize(
    ("asked", "detail"),
    [
        (document(type="stars"), "The type of data must be 'star'"),
        (
            document(relationships={"service": {"type": "user", "id": WWW}}),
            "The type of service must be 'service'",
        ),
        (
            document(
                relationships={
                    "service": {"id": WWW},
                    "user": {"data": {"type": "service", "id": UMA.id}},
                }
            ),
            "The type of user must be 'user'",
        ),
        ({}, "Data is required"),
        ({"data": []}, None),
        ({"data": None}, None),
        ({"data": {"relationships": []}}, None),
        ({"data": {"relationships": {"service": {"id": 7}}}}, None),
    ],
)
async def test_a_wrong_document_is_refused_in_the_legacy_shape(
    world: World, asked: dict[str, Any], detail: str | None
) -> None:
    answer = await post(world, UMA, asked)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["msg"] == "Bad request"
    assert detail in {None, answer.json()["detail"]}


@pytest.mark.changes_nothing
@pytest.mark.parametrize(
    ("key", "service_id"),
    [
        (UMA.token, UNKNOWN),
        (UMA.token, ELSEWHERE),
        (UMA.token, ""),
        (LIMITED, API),
        (LIM.token, WWW),
        (TESS.token, WWW),
    ],
)
async def test_a_service_out_of_sight_cannot_be_starred(
    world: World, key: str, service_id: str
) -> None:
    answer = await post(world, key, document(service_id))
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "msg": "Record not found",
        "detail": f"Cannot find service '{service_id}'",
    }


async def test_a_star_without_a_service_is_not_found(world: World) -> None:
    answer = await post(world, UMA, {"data": {"type": "star"}})
    assert (answer.status_code, answer.json()["detail"]) == (404, "Cannot find service ''")


async def test_a_deleted_service_cannot_be_starred(world: World) -> None:
    await world.ask(BEN, "DELETE", f"/service/{WWW}")
    assert (await post(world, UMA, document())).status_code == 404


async def test_nobody_stars_for_another(world: World) -> None:
    relationships = {"service": {"id": WWW}, "user": {"data": {"type": "user", "id": BEN.id}}}
    answer = await post(world, ADA, document(relationships=relationships))
    assert answer.status_code == 403
    assert (await world.ask(BEN, "GET", "/stars")).json()["data"] == []


async def test_a_star_given_again_is_the_same_one(world: World) -> None:
    before = len(await world.events())
    assert await give(world, UMA) == await give(world, UMA)
    assert await world.actions(before) == ["star.create"]


async def test_a_star_given_many_times_at_once_is_one(world: World) -> None:
    before = len(await world.events())
    ids = await asyncio.gather(*(give(world, UMA) for _ in range(5)))
    assert len(set(ids)) == 1
    assert await world.actions(before) == ["star.create"]


async def test_stars_have_no_event_on_the_wire(world: World) -> None:
    before = len(await world.events())
    star_id = await give(world, UMA)
    await world.ask(UMA, "DELETE", f"/stars/{star_id}")
    events = (await world.events())[before:]
    assert [event[:2] for event in events] == [("star.create", None), ("star.delete", None)]


async def test_everybody_has_stars_of_his_own(world: World) -> None:
    mine, hers = await give(world, UMA), await give(world, ADA)
    assert mine != hers
    listed = (await world.ask(UMA, "GET", "/stars")).json()
    assert [star["id"] for star in listed["data"]] == [mine]
    for who in (ADA, BEN, EVE):
        for method in ("GET", "DELETE"):
            answer = await world.ask(who, method, f"/stars/{mine}")
            assert answer.status_code == 404
            assert answer.json() == {
                "msg": "Record not found",
                "detail": f"Cannot find star '{mine}'",
            }
    assert (await world.ask(UMA, "GET", f"/stars/{mine}")).status_code == 200


async def test_no_stars_are_an_empty_page(world: World) -> None:
    answer = await world.ask(READ_ONLY, "GET", "/stars")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == JSON_API
    assert answer.json() == {
        "data": [],
        "links": {"last": "http://api.example.com/stars?page%5Bnumber%5D=1&page%5Bsize%5D=20"},
        "meta": {"current_page": 1, "per_page": 20, "record_count": 0, "total_pages": 0},
    }


async def test_stars_come_in_pages_oldest_first(world: World) -> None:
    given = []
    for number in range(5):
        world.clock.turn(1)
        service = await create(world, name=f"star {number}")
        given.append(await give(world, UMA, service["id"]))

    def link(number: int) -> str:
        return f"http://api.example.com/stars?page%5Bnumber%5D={number}&page%5Bsize%5D=2"

    pages = [
        (await world.ask(UMA, "GET", f"/stars?page[number]={number}&page[size]=2")).json()
        for number in (1, 2, 3, 4)
    ]
    assert [star["id"] for page in pages for star in page["data"]] == given
    assert [len(page["data"]) for page in pages] == [2, 2, 1, 0]
    assert pages[0]["links"] == {"next": link(2), "last": link(3)}
    assert pages[1]["links"] == {
        "first": link(1),
        "prev": link(1),
        "next": link(3),
        "last": link(3),
    }
    assert pages[1]["meta"] == {
        "current_page": 2,
        "per_page": 2,
        "record_count": 5,
        "total_pages": 3,
    }


@pytest.mark.parametrize("bad", ["page[number]=0", "page[size]=0", "page%5Bsize%5D=x"])
async def test_a_bad_page_is_refused(world: World, bad: str) -> None:
    assert (await world.ask(UMA, "GET", f"/stars?{bad}")).status_code == 400


async def test_a_star_is_taken_back(world: World) -> None:
    star_id = await give(world, UMA)
    answer = await world.ask(UMA, "DELETE", f"/stars/{star_id}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert "content-type" not in answer.headers
    assert (await world.ask(UMA, "GET", f"/stars/{star_id}")).status_code == 404
    assert (await world.ask(UMA, "DELETE", f"/stars/{star_id}")).status_code == 404
    assert await give(world, UMA) != star_id


async def test_of_many_who_take_a_star_back_at_once_one_does(world: World) -> None:
    star_id = await give(world, UMA)
    before = len(await world.events())
    answers = await asyncio.gather(
        *(world.ask(UMA, "DELETE", f"/stars/{star_id}") for _ in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [204, 404, 404, 404]
    assert await world.actions(before) == ["star.delete"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/stars"), ("POST", "/stars"), ("GET", "/stars/x"), ("DELETE", "/stars/x")],
)
async def test_programs_have_no_stars(world: World, method: str, path: str) -> None:
    answer = await world.ask(BOT, method, path)
    assert answer.status_code == 403
    assert answer.json() == {"msg": "You are not authorized to perform this action"}


async def test_a_read_only_token_gives_no_stars(world: World) -> None:
    assert (await post(world, READ_ONLY, document())).status_code == 403


async def test_a_deleted_service_takes_its_stars_along(world: World) -> None:
    gone, kept = await give(world, UMA), await give(world, UMA, API)
    await give(world, ADA)
    await world.ask(BEN, "DELETE", f"/service/{WWW}")
    assert (await world.ask(UMA, "GET", f"/stars/{gone}")).status_code == 404
    listed = (await world.ask(UMA, "GET", "/stars")).json()
    assert [star["id"] for star in listed["data"]] == [kept]
    assert listed["meta"]["record_count"] == 1
    assert (await world.ask(ADA, "GET", "/stars")).json()["data"] == []
