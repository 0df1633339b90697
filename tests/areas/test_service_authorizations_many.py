"""Service authorizations: many at once, lists of them, and who may (contract: access §3)."""

from typing import Any

import pytest
from sqlalchemy import insert

from tenantry.core.access_tables import service_authorizations
from tenantry.core.clock import HOUR
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tests.areas.authorization_calls import (
    BULK,
    PATH,
    authorize,
    bulk,
    document,
    not_found,
    post,
)
from tests.areas.role_calls import hold
from tests.world import (
    ADA,
    API,
    BEN,
    BILL,
    BOT,
    EVE,
    LIM,
    LIMITED,
    TESS,
    UMA,
    WIDGETS,
    WWW,
    World,
)

UNKNOWN = "0123456789ABCDEFGHIJKL"
NOT_ALLOWED = {"msg": "You are not authorized to perform this action"}
FOUR = "full, read_only, purge_select, purge_all"


async def _three(world: World) -> list[str]:
    made = []
    for user, service in ((LIM, WWW), (LIM, API), (BEN, WWW)):
        world.clock.turn(1)
        made.append(await authorize(world, user.id, service, "read_only"))
    return made


async def test_many_are_changed_at_once_in_the_order_asked(world: World) -> None:
    first, second, third = await _three(world)
    since = len(await world.events())
    items = [
        {"id": third, "type": "service_authorization", "attributes": {"permission": "purge_all"}},
        {"id": first, "attributes": {"permission": "read_only"}},
        {"id": second, "attributes": {"permission": "full"}},
    ]
    answer = await bulk(world, "PATCH", items)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/vnd.api+json"
    told = [(one["id"], one["attributes"]["permission"]) for one in answer.json()["data"]]
    assert told == [(third, "purge_all"), (first, "read_only"), (second, "full")]
    assert await world.actions(since) == ["service_authorization.update"] * 2
    listed = (await world.ask(ADA, "GET", PATH)).json()["data"]
    assert [one["id"] for one in listed] == [first, second, third]
    assert [one["attributes"]["permission"] for one in listed] == ["read_only", "full", "purge_all"]


async def test_many_are_withdrawn_at_once(world: World) -> None:
    first, second, third = await _three(world)
    world.clock.turn(HOUR)
    since = len(await world.events())
    answer = await bulk(world, "DELETE", [{"id": third, "type": ""}, {"id": first}])
    assert answer.status_code == 200, answer.text
    assert [one["id"] for one in answer.json()["data"]] == [third, first]
    deleted = {one["attributes"]["deleted_at"] for one in answer.json()["data"]}
    assert deleted == {"2026-03-01T11:00:00Z"}
    assert await world.actions(since) == ["service_authorization.delete"] * 2
    left = (await world.ask(ADA, "GET", PATH)).json()["data"]
    assert [one["id"] for one in left] == [second]


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_of_many_all_are_done_or_none(world: World, method: str) -> None:
    first, second, _ = await _three(world)
    before = (await world.ask(ADA, "GET", PATH)).json()
    since = len(await world.events())
    full = {"attributes": {"permission": "full"}}

    async def refused(*items: dict[str, Any]) -> tuple[int, str]:
        answer = await bulk(world, method, list(items))
        return answer.status_code, answer.json()["detail"]

    missing = not_found(UNKNOWN)["detail"]
    assert await refused({"id": first, **full}, {"id": UNKNOWN, **full}) == (404, missing)
    between = "Data must name 1 to 1000 service authorizations"
    assert await refused() == (400, between)
    assert await refused(*({"id": f"a{at}", **full} for at in range(1001))) == (400, between)
    twice = f"Service authorization '{first}' is named twice"
    assert await refused(*({"id": one, **full} for one in (second, first, first))) == (400, twice)
    assert await refused({"id": first, **full}, full) == (400, "Id is required")
    wrong = {"id": second, "type": "star", **full}
    kind = "The type of data must be 'service_authorization'"
    assert await refused({"id": first, **full}, wrong) == (400, kind)
    if method == "PATCH":
        four = f"Permission must be one of: {FOUR}"
        bad = {"id": second, "attributes": {"permission": "no"}}
        assert await refused({"id": first, **full}, bad) == (400, four)
        assert await refused({"id": first}) == (400, "Permission is required")
    assert await world.actions(since) == []
    assert (await world.ask(ADA, "GET", PATH)).json() == before


async def test_an_item_that_is_no_object_is_refused(world: World) -> None:
    for items in ("text", [1], {"id": "x"}, None):
        answer = await world.ask(ADA, "PATCH", PATH, json={"data": items}, headers=BULK)
        assert answer.status_code == 400, items


async def test_pages_are_linked_as_recorded(world: World) -> None:
    """On one page, two and three; a size of 0 is refused, above 100 it is 100."""
    await _three(world)
    base = "http://api.example.com/service-authorizations?page%5Bnumber%5D={}&page%5Bsize%5D={}"

    async def page(number: int, size: int) -> Any:
        path = f"{PATH}?page%5Bnumber%5D={number}&page%5Bsize%5D={size}"
        return (await world.ask(ADA, "GET", path)).json()

    whole = await page(1, 20)
    assert list(whole) == ["data", "links", "meta"]
    assert whole["links"] == {"last": base.format(1, 20)}
    assert whole["meta"] == {
        "current_page": 1,
        "per_page": 20,
        "record_count": 3,
        "total_pages": 1,
    }
    first = await page(1, 2)
    assert first["links"] == {"next": base.format(2, 2), "last": base.format(2, 2)}
    middle = await page(2, 1)
    assert middle["links"] == {
        "first": base.format(1, 1),
        "prev": base.format(1, 1),
        "next": base.format(3, 1),
        "last": base.format(3, 1),
    }
    last = await page(3, 1)
    assert list(last["links"]) == ["first", "prev", "last"]
    ids = [one["id"] for one in (*first["data"], *last["data"])]
    assert ids == [one["id"] for one in whole["data"]]
    assert (await page(9, 20))["data"] == []
    assert (await page(1, 101))["meta"]["per_page"] == 100
    for bad in ("page%5Bsize%5D=0", "page%5Bnumber%5D=0", "page[size]=x"):
        assert (await world.ask(ADA, "GET", f"{PATH}?{bad}")).status_code == 400


async def test_an_empty_list_has_a_last_page(world: World) -> None:
    told = (await world.ask(ADA, "GET", PATH)).json()
    assert told["data"] == []
    assert list(told["links"]) == ["last"]
    assert (told["meta"]["record_count"], told["meta"]["total_pages"]) == (0, 0)


async def test_everybody_sees_his_own_and_superusers_all(world: World) -> None:
    first, second, third = await _three(world)
    for who, ids in (
        (ADA, [first, second, third]),
        (LIMITED, [first, second, third]),
        (LIM, [first, second]),
        (BEN, [third]),
        (UMA, []),
        (BOT, []),
        (EVE, []),
    ):
        told = (await world.ask(who, "GET", f"{PATH}?page[size]=50")).json()
        assert [one["id"] for one in told["data"]] == ids
        assert told["meta"]["record_count"] == len(ids)
        for one in (first, second, third):
            answer = await world.ask(who, "GET", f"{PATH}/{one}")
            assert answer.status_code == (200 if one in ids else 404)


async def test_only_superusers_give_change_and_withdraw(world: World) -> None:
    authorization_id = await authorize(world)
    one = f"{PATH}/{authorization_id}"
    for who in (BEN, LIM, BILL, UMA, TESS, BOT):
        for method, path in (
            ("POST", PATH),
            ("PATCH", PATH),
            ("DELETE", PATH),
            ("PATCH", one),
            ("DELETE", one),
            ("DELETE", f"{PATH}/{UNKNOWN}"),
        ):
            answer = await world.ask(who, method, path, json=document())
            assert (answer.status_code, answer.json()) == (403, NOT_ALLOWED)


async def test_another_customers_authorizations_are_as_if_absent(world: World) -> None:
    authorization_id = await authorize(world)
    one = f"{PATH}/{authorization_id}"
    full = {"attributes": {"permission": "read_only"}}
    for answer in (
        await world.ask(EVE, "GET", one),
        await world.ask(EVE, "PATCH", one, json={"data": full}),
        await world.ask(EVE, "DELETE", one),
        await bulk(world, "PATCH", [{"id": authorization_id, **full}], EVE),
        await bulk(world, "DELETE", [{"id": authorization_id}], EVE),
    ):
        assert (answer.status_code, answer.json()) == (404, not_found(authorization_id))
    assert (await post(world, document(), EVE)).status_code == 404


async def test_a_list_of_services_does_not_bind_what_superusers_hand_on(world: World) -> None:
    """By such a token, too, they create, change and withdraw alike (decision 0016)."""
    for service_id in (WWW, API):
        assert (await post(world, document(service_id=service_id), LIMITED)).status_code == 200
    (one, other) = (await world.ask(LIMITED, "GET", PATH)).json()["data"]
    for permission in ("read_only", "full"):
        change = {"data": {"attributes": {"permission": permission}}}
        answer = await world.ask(LIMITED, "PATCH", f"{PATH}/{other['id']}", json=change)
        assert (answer.status_code, answer.json()["data"]["id"]) == (200, other["id"])
    for gone in (one, other):
        answer = await world.ask(LIMITED, "DELETE", f"{PATH}/{gone['id']}")
        assert answer.status_code == 204


async def test_who_hands_on_less_than_there_was_takes_away(world: World) -> None:
    """Creating, changing and withdrawing agree: only what is added must be held."""
    await hold(world, UMA, "service_authorization.manage", "service.read", "service.stats")
    one = f"{PATH}/{await authorize(world, permission='purge_select')}"
    for permission, status in (
        ("purge_select", 200),
        ("purge_all", 403),
        ("read_only", 200),
        ("read_only", 200),
        ("purge_select", 403),
    ):
        change = {"data": {"attributes": {"permission": permission}}}
        assert (await world.ask(UMA, "PATCH", one, json=change)).status_code == status, permission
    assert (await world.ask(UMA, "DELETE", one)).status_code == 204
    assert (await post(world, document(), UMA)).status_code == 403
    assert (await post(world, document(permission="read_only"), UMA)).status_code == 200


_ADD = Statement(insert(service_authorizations))


async def test_a_thousand_are_changed_and_withdrawn_at_once(world: World) -> None:
    ids = [f"9Many{number:04}" for number in range(1000)]
    rows = [
        {
            "customer_id": WIDGETS,
            "id": one,
            "user_id": LIM.id,
            "service_id": one.replace("9Many", "3Many"),
            "permission": "read_only",
            "created_at": world.clock.now,
            "updated_at": world.clock.now,
        }
        for one in ids
    ]

    async def work(unit: Unit) -> None:
        await unit.run_many(_ADD, rows)

    await world.app.database.write(work)
    since = len(await world.events())
    full = {"attributes": {"permission": "full"}}
    answer = await bulk(world, "PATCH", [{"id": one, **full} for one in ids])
    assert [one["attributes"]["permission"] for one in answer.json()["data"]] == ["full"] * 1000
    answer = await bulk(world, "DELETE", [{"id": one} for one in reversed(ids)])
    assert [one["id"] for one in answer.json()["data"]] == ids[::-1]
    assert len(await world.actions(since)) == 2000
    assert (await world.ask(ADA, "GET", PATH)).json()["meta"]["record_count"] == 0
