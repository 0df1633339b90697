"""What service authorizations let limited users through to (contract: access §3, §9.5, §9.6)."""

from typing import Any

import pytest

from tests.areas.authorization_calls import PATH, authorize, bulk, document, post
from tests.areas.group_calls import service_group, user_group
from tests.areas.role_calls import assert_forbidden, hold
from tests.areas.service_calls import create, names, not_found
from tests.areas.test_stars import give
from tests.world import ADA, API, BEN, LIM, PASSWORD, UMA, WWW, Person, World

ENGINEER = "Rl0EngineerBuiltIn0000"


async def _statuses(world: World, who: Person | str, service_id: str = WWW) -> list[int]:
    """Reading, configuring and deleting a service: what is answered."""
    calls = (("GET", ""), ("PUT", ""), ("PUT", "/version/1/activate"), ("DELETE", ""))
    answers = [
        await world.ask(who, method, f"/service/{service_id}{path}", json={"comment": "changed"})
        for method, path in calls
    ]
    for answer in answers:
        if answer.status_code == 404:
            assert answer.json() == not_found(service_id)
    return [answer.status_code for answer in answers]


@pytest.mark.parametrize("permission", ["read_only", "purge_select", "purge_all"])
async def test_a_limited_engineer_only_reads_what_is_not_fully_his(
    world: World, permission: str
) -> None:
    assert await _statuses(world, LIM) == [404] * 4
    await authorize(world, permission=permission)
    assert await _statuses(world, LIM) == [200, 403, 403, 403]
    assert await _statuses(world, LIM, API) == [404] * 4


async def test_a_full_authorization_is_all_that_the_role_has(world: World) -> None:
    """A service with an active version is not deleted, hence the last 400."""
    await authorize(world)
    assert await _statuses(world, LIM) == [200, 200, 200, 400]
    # What is more than reading is a matter of the role: a user has none of it to let through.
    await world.ask(ADA, "PUT", f"/user/{LIM.id}", json={"role": "user", "limit_services": False})
    assert await _statuses(world, LIM) == [200, 403, 403, 403]


async def test_a_change_holds_for_the_next_request(world: World) -> None:
    one = f"{PATH}/{await authorize(world, permission='read_only')}"
    assert (await _statuses(world, LIM))[1] == 403
    await world.ask(ADA, "PATCH", one, json={"data": {"attributes": {"permission": "full"}}})
    assert (await _statuses(world, LIM))[1] == 200
    await world.ask(ADA, "DELETE", one)
    assert (await _statuses(world, LIM))[1] == 404


async def test_authorizations_sleep_while_their_user_is_not_limited(world: World) -> None:
    """Without the flag the role holds everywhere; with it, they are there again."""
    await authorize(world)
    for limit_services, seen in ((False, ["api", "www"]), (True, ["www"])):
        form = {"limit_services": limit_services}
        assert (await world.ask(ADA, "PUT", f"/user/{LIM.id}", data=form)).status_code == 200
        assert await names(world, LIM, "/service?sort=name") == seen
    await world.ask(ADA, "PUT", f"/user/{LIM.id}", data={"role": "superuser"})
    assert await names(world, LIM, "/service?sort=name") == ["api", "www"]


async def _check_only_www_is_seen(world: World, key: Person | str) -> None:
    """In lists, their pages and totals, by name, among stars, in versions, at sign-in."""
    answer = await world.ask(key, "GET", "/service?per_page=1")
    assert [one["name"] for one in answer.json()] == ["www"]
    assert "link" not in answer.headers
    assert (await world.ask(key, "GET", "/service?per_page=1&page=2")).json() == []
    assert (await world.ask(key, "GET", "/service/search?name=www")).status_code == 200
    hidden = await world.ask(key, "GET", "/service/search?name=api")
    assert (hidden.status_code, hidden.json()) == (404, not_found("api"))
    stars = (await world.ask(key, "GET", "/stars?page[size]=1")).json()
    linked = [one["relationships"]["service"]["data"]["id"] for one in stars["data"]]
    assert (linked, stars["meta"]["record_count"]) == ([WWW], 1)
    assert (await world.ask(key, "GET", f"/service/{WWW}/version")).status_code == 200
    assert (await world.ask(key, "GET", f"/service/{API}/version")).status_code == 404
    assert (await world.ask(key, "GET", "/verify")).json()["services"] == {WWW: "www"}


async def _starred(world: World) -> str:
    """Lim has starred both services while he saw them; the star on api."""
    ids = [await authorize(world, service_id=one) for one in (WWW, API)]
    _, star = [await give(world, LIM, one) for one in (WWW, API)]
    answer = await bulk(world, "DELETE", [{"id": one} for one in ids])
    assert answer.status_code == 200
    return star


async def test_what_a_user_is_not_authorized_for_is_not_counted(world: World) -> None:
    star = await _starred(world)
    await authorize(world, permission="read_only")
    await _check_only_www_is_seen(world, LIM)
    for method in ("GET", "DELETE"):
        answer = await world.ask(LIM, method, f"/stars/{star}")
        assert answer.json()["detail"] == f"Cannot find star '{star}'"
    await authorize(world, service_id=API)
    assert (await world.ask(LIM, "GET", f"/stars/{star}")).status_code == 200


async def test_what_no_group_of_a_user_is_for_is_not_counted(world: World) -> None:
    """A group's role holds on its service groups' services, for a limited user too."""
    await _starred(world)
    collected = await service_group(world, "Storefront", WWW)
    await user_group(world, "Edge team", LIM, roles=[ENGINEER], service_groups=[collected])
    await _check_only_www_is_seen(world, LIM)
    assert (await _statuses(world, LIM))[1] == 200
    assert await _statuses(world, LIM, API) == [404] * 4
    await world.ask(ADA, "DELETE", f"/service-groups/{collected}/services", json=_ids(WWW))
    assert await names(world, LIM) == []


def _ids(*services: str) -> dict[str, list[dict[str, str]]]:
    return {"services": [{"id": one} for one in services]}


async def test_what_a_token_is_not_for_is_not_counted(world: World) -> None:
    """Nor does a token keep what its user has lost."""
    star = await _starred(world)
    ids = [await authorize(world, service_id=one) for one in (WWW, API)]
    form = {"password": PASSWORD, "name": "www only", "services[]": WWW}
    token = (await world.ask(LIM, "POST", "/tokens", data=form)).json()["access_token"]
    await _check_only_www_is_seen(world, token)
    assert (await world.ask(token, "GET", f"/stars/{star}")).status_code == 404
    await world.ask(ADA, "DELETE", f"{PATH}/{ids[0]}")
    assert await names(world, token) == []
    assert await names(world, LIM) == ["api"]


async def test_a_token_whose_services_are_deleted_reaches_none(world: World) -> None:
    form = {"password": PASSWORD, "name": "www only", "services[]": WWW}
    token = (await world.ask(BEN, "POST", "/tokens", data=form)).json()["access_token"]
    await world.ask(BEN, "DELETE", f"/service/{WWW}")
    assert await names(world, token) == []
    assert await _statuses(world, token, API) == [404] * 4


async def test_a_limited_engineer_is_let_through_to_what_he_creates(world: World) -> None:
    """In the same unit of work, else he could not see it (contract: access §9.2)."""
    since = len(await world.events())
    service = await create(world, LIM, name="mine")
    assert await world.actions(since) == ["service.create", "service_authorization.create"]
    assert await names(world, LIM) == ["mine"]
    (told,) = (await world.ask(LIM, "GET", PATH)).json()["data"]
    assert told["attributes"]["permission"] == "full"
    assert told["relationships"]["user"]["data"]["id"] == LIM.id
    assert await _statuses(world, LIM, service["id"]) == [200, 200, 200, 400]
    since = len(await world.events())
    await create(world, BEN, name="everybody's")
    assert await world.actions(since) == ["service.create"]


async def test_nobody_hands_on_what_he_lacks(world: World) -> None:
    """Nor changes what he is authorized for himself, whatever role of the customer's own allows."""
    await hold(world, UMA, "service_authorization.manage", "service.read", "service.stats")
    since = len(await world.events())
    for permission in ("full", "purge_select", "purge_all"):
        assert_forbidden(await post(world, document(permission=permission), UMA))
    for permission in ("full", "read_only"):
        assert_forbidden(await post(world, document(UMA.id, permission=permission), UMA))
    assert await world.actions(since) == []
    given = await post(world, document(permission="read_only"), UMA)
    assert given.status_code == 200, given.text
    one = given.json()["data"]["id"]
    full = {"data": {"attributes": {"permission": "full"}}}
    assert_forbidden(await world.ask(UMA, "PATCH", f"{PATH}/{one}", json=full))
    assert_forbidden(await bulk(world, "PATCH", [{"id": one, **full["data"]}], UMA))
    assert (await world.ask(UMA, "DELETE", f"{PATH}/{one}")).status_code == 204


async def test_who_manages_authorizations_sees_all_of_them(world: World) -> None:
    authorization_id = await authorize(world)
    await hold(world, UMA, "service_authorization.manage", "service.read")
    assert (await world.ask(UMA, "DELETE", f"{PATH}/{authorization_id}")).status_code == 204


async def test_a_limited_manager_hands_on_what_he_reaches(world: World) -> None:
    """His own authorizations stay as they are; services that he does not see are absent."""
    held = ("service_authorization.manage", "service.read", "service.stats", "service.configure")
    await hold(world, UMA, *held)
    own = await authorize(world, UMA.id, permission="read_only")
    assert (await post(world, document(permission="read_only"), UMA)).status_code == 200
    assert_forbidden(await post(world, document(BEN.id, permission="purge_all"), UMA))
    hidden = await post(world, document(service_id=API, permission="read_only"), UMA)
    assert (hidden.status_code, hidden.json()) == (404, not_found(API))
    change: dict[str, Any] = {"data": {"attributes": {"permission": "read_only"}}}
    assert_forbidden(await world.ask(UMA, "PATCH", f"{PATH}/{own}", json=change))
    assert_forbidden(await world.ask(UMA, "DELETE", f"{PATH}/{own}"))
    assert_forbidden(await bulk(world, "DELETE", [{"id": own}], UMA))
