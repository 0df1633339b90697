"""Versions of services (contract: identity §10.3)."""

import asyncio
from typing import Any

import httpx
import pytest

from tenantry.core.clock import SECOND
from tests.areas.service_calls import VERSION
from tests.world import BEN, UMA, WWW, World

VERSIONS = f"/service/{WWW}/version"


async def act(world: World, number: int, word: str) -> httpx.Response:
    answer = await world.ask(BEN, "PUT", f"{VERSIONS}/{number}/{word}")
    assert answer.status_code == 200, answer.text
    return answer


async def version(world: World, number: int) -> Any:
    return (await world.ask(UMA, "GET", f"{VERSIONS}/{number}")).json()


async def states(world: World) -> list[tuple[int, bool, bool]]:
    """Number, active, locked of each version."""
    rows = (await world.ask(UMA, "GET", VERSIONS)).json()
    return [(row["number"], row["active"], row["locked"]) for row in rows]


async def test_versions_are_listed_by_number(world: World) -> None:
    for _ in range(10):
        await world.ask(BEN, "POST", VERSIONS)
    answer = await world.ask(UMA, "GET", VERSIONS)
    assert answer.status_code == 200
    assert [row["number"] for row in answer.json()] == list(range(1, 12))
    assert list(answer.json()[0]) == VERSION
    assert await version(world, 11) == answer.json()[10]


async def test_a_version_is_begun_with_a_short_answer(world: World) -> None:
    before = len(await world.events())
    answer = await world.ask(BEN, "POST", VERSIONS, data={"comment": "second"})
    assert answer.status_code == 200
    assert answer.json() == {"comment": "second", "service_id": WWW, "number": 2}
    assert await states(world) == [(1, False, False), (2, False, False)]
    (event,) = (await world.events())[before:]
    assert event[:2] == ("version.create", "version.create")
    assert f'"service_id":"{WWW}"' in event[2]


async def test_versions_begun_at_once_have_numbers_of_their_own(world: World) -> None:
    answers = await asyncio.gather(*(world.ask(BEN, "POST", VERSIONS) for _ in range(5)))
    assert sorted(answer.json()["number"] for answer in answers) == [2, 3, 4, 5, 6]


async def test_a_version_is_commented(world: World) -> None:
    before = len(await world.events())
    world.clock.turn(SECOND)
    answer = await world.ask(BEN, "PUT", f"{VERSIONS}/1", data={"comment": "mine"})
    assert answer.status_code == 200
    assert (answer.json()["comment"], answer.json()["number"]) == ("mine", 1)
    again = await world.ask(BEN, "PUT", f"{VERSIONS}/1", data={"comment": "mine"})
    assert again.json() == answer.json()
    assert answer.json()["updated_at"] == "2026-03-01T10:00:01Z"
    assert await version(world, 1) == answer.json()
    assert await world.actions(before) == ["version.update"]
    cleared = await world.ask(BEN, "PUT", f"{VERSIONS}/1", data={"comment": "None"})
    assert cleared.json()["comment"] == ""


async def test_a_locked_version_does_not_change(world: World) -> None:
    await act(world, 1, "lock")
    before = len(await world.events())
    answer = await world.ask(BEN, "PUT", f"{VERSIONS}/1", data={"comment": "late"})
    assert answer.status_code == 422
    assert answer.json() == {
        "msg": "Version locked",
        "detail": f"Version '1' for service '{WWW}' is locked",
    }
    assert (await version(world, 1))["comment"] == ""
    assert await world.actions(before) == []


async def test_a_long_comment_is_refused(world: World) -> None:
    for method, path in (("POST", VERSIONS), ("PUT", f"{VERSIONS}/1")):
        answer = await world.ask(BEN, method, path, data={"comment": "c" * 10_001})
        assert answer.status_code == 400
        assert answer.json()["detail"] == "Comment must have at most 10000 characters"


async def test_a_version_is_locked_once(world: World) -> None:
    before = len(await world.events())
    for _ in range(2):
        answer = await act(world, 1, "lock")
        assert (answer.json()["locked"], answer.json()["active"]) == (True, False)
    assert await world.actions(before) == ["version.lock"]


async def test_an_active_version_is_locked_and_in_production(world: World) -> None:
    before = len(await world.events())
    answer = await act(world, 1, "activate")
    assert (await act(world, 1, "activate")).json() == answer.json()
    environments = [{"name": "production", "service_id": WWW, "active_version": 1}]
    assert answer.json()["active"]
    assert answer.json()["locked"]
    assert answer.json()["environments"] == environments
    service = (await world.ask(UMA, "GET", f"/service/{WWW}")).json()
    assert service["environments"] == environments
    assert service["versions"] == [await version(world, 1)]
    assert await world.actions(before) == ["version.activate"]


async def test_activating_another_version_leaves_the_one_before_locked(world: World) -> None:
    await act(world, 1, "activate")
    await act(world, 1, "clone")
    await act(world, 2, "activate")
    assert await states(world) == [(1, False, True), (2, True, True)]
    assert (await version(world, 1))["environments"] == []


async def test_of_versions_activated_at_once_one_is_active(world: World) -> None:
    for _ in range(3):
        await world.ask(BEN, "POST", VERSIONS)
    await asyncio.gather(*(act(world, number, "activate") for number in (1, 2, 3, 4)))
    assert sum(active for _, active, _ in await states(world)) == 1


async def test_a_version_is_deactivated_once_and_stays_locked(world: World) -> None:
    await act(world, 1, "activate")
    before = len(await world.events())
    for _ in range(2):
        answer = await act(world, 1, "deactivate")
        assert (answer.json()["active"], answer.json()["locked"]) == (False, True)
        assert answer.json()["environments"] == []
    assert await world.actions(before) == ["version.deactivate"]


async def test_a_clone_is_the_newest_version_unlocked_with_the_same_comment(world: World) -> None:
    await world.ask(BEN, "PUT", f"{VERSIONS}/1", data={"comment": "origin"})
    await world.ask(BEN, "POST", VERSIONS)
    await act(world, 1, "activate")
    before = len(await world.events())
    answer = await act(world, 1, "clone")
    clone = answer.json()
    assert list(clone) == VERSION
    assert (clone["number"], clone["comment"]) == (3, "origin")
    assert (clone["active"], clone["locked"]) == (False, False)
    assert await world.actions(before) == ["version.clone"]


async def test_every_version_is_valid(world: World) -> None:
    answer = await world.ask(UMA, "GET", f"{VERSIONS}/1/validate")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.changes_nothing
@pytest.mark.parametrize("number", ["2", "0", "-1", "x", "1.0", "٣", "9" * 40])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("PUT", ""),
        ("PUT", "/activate"),
        ("PUT", "/deactivate"),
        ("PUT", "/clone"),
        ("PUT", "/lock"),
        ("GET", "/validate"),
    ],
)
async def test_a_number_that_no_version_has_is_not_found(
    world: World, number: str, method: str, path: str
) -> None:
    answer = await world.ask(BEN, method, f"{VERSIONS}/{number}{path}")
    assert answer.status_code == 404
    assert answer.json() == {"msg": "Record not found", "detail": f"Cannot find version '{number}'"}


@pytest.mark.parametrize("word", ["activate", "deactivate"])
async def test_there_is_no_staging(world: World, word: str) -> None:
    before = len(await world.events())
    answer = await world.ask(BEN, "PUT", f"{VERSIONS}/1/{word}/staging")
    assert answer.status_code == 404
    assert answer.json()["detail"] == "Cannot find environment 'staging'"
    assert await world.actions(before) == []


async def test_production_can_be_named(world: World) -> None:
    assert (await act(world, 1, "activate/production")).json()["active"]
    assert not (await act(world, 1, "deactivate/production")).json()["active"]
