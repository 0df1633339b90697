"""Changing users: names, roles and limits, and who may (contract: identity §3.5, access §11)."""

from typing import Any

import httpx
import pytest

from tests.areas.test_users import BUILT_IN, KEYS, NOT_ALLOWED, bad_request, create
from tests.world import (
    ADA,
    BEN,
    BILL,
    BOT,
    LIM,
    SUE,
    TESS,
    TONI,
    UMA,
    WIDGETS,
    Person,
    World,
)

PUT_KEYS = [
    "id",
    "customer_id",
    "name",
    "role",
    "created_at",
    "updated_at",
    "require_new_password",
    "login",
    "deleted_at",
    "locked",
    "two_factor_auth_enabled",
    "limit_services",
    "last_active_at",
]


async def put(world: World, whom: Person, who: Person | str = ADA, **form: Any) -> httpx.Response:
    return await world.ask(who, "PUT", f"/user/{whom.id}", data=form)


async def get(world: World, whom: Person) -> dict[str, Any]:
    answer = await world.ask(ADA, "GET", f"/user/{whom.id}")
    assert answer.status_code == 200
    user: dict[str, Any] = answer.json()
    return user


@pytest.mark.parametrize("role", ["superuser", "billing", "user", "tls_viewer", "tls_admin"])
async def test_only_engineers_can_be_limited_to_services(world: World, role: str) -> None:
    detail = f"Role '{role}' is not allowed to be service limited"
    expected = (400, {"msg": "Record invalid", "detail": detail})
    form = {"login": "new@example.com", "role": role, "limit_services": "True"}
    answer = await world.ask(ADA, "POST", "/user", data=form)
    assert (answer.status_code, answer.json()) == expected
    user = await create(world, role=role)
    answer = await world.ask(ADA, "PUT", f"/user/{user['id']}", data={"limit_services": "1"})
    assert (answer.status_code, answer.json()) == expected
    if role != "superuser":
        answer = await put(world, LIM, role=role)
        assert (answer.status_code, answer.json()) == expected
        assert (await put(world, LIM, role=role, limit_services=False)).status_code == 200


async def test_promotion_to_superuser_lifts_the_limit(world: World) -> None:
    answer = await put(world, LIM, role="superuser")
    assert (answer.status_code, answer.json()["limit_services"]) == (200, False)
    assert len((await world.ask(LIM, "GET", "/service")).json()) == 2


async def test_a_change_is_told_in_the_recorded_order(world: World) -> None:
    world.clock.turn(60_000_000)
    since = len(await world.events())
    answer = await put(world, BEN, name="Benjamin", role="billing", login="new@example.com")
    assert (answer.status_code, list(answer.json())[:13]) == (200, PUT_KEYS)
    assert sorted(answer.json()) == sorted(KEYS)
    told = {key: answer.json()[key] for key in ("name", "role", "login", "updated_at")}
    assert told == {
        "name": "Benjamin",
        "role": "billing",
        "login": BEN.login,
        "updated_at": "2026-03-01T10:01:00Z",
    }
    assert answer.json() == await get(world, BEN)
    (event,) = (await world.events())[since:]
    assert event[0] == "user.update"
    assert '"new":{"name":"' in event[2]
    assert '"role":"billing"' in event[2]
    assert '"role":"engineer"' in event[2]
    assert "Benjamin" not in event[2]


async def test_a_change_that_changes_nothing_leaves_nothing(world: World) -> None:
    world.clock.turn(60_000_000)
    since = len(await world.events())
    for form in ({}, {"name": "Ben"}, {"role": "engineer", "name": "Ben"}, {"roles": ""}):
        answer = await put(world, BEN, **form)
        assert (answer.status_code, answer.json()["updated_at"]) == (200, "2026-03-01T10:00:00Z")
    assert await world.actions(since) == []


async def test_roles_come_by_id_and_agree_with_the_role(world: World) -> None:
    both = ",".join((BUILT_IN["user"], BUILT_IN["billing"], BUILT_IN["billing"]))
    user = (await put(world, BEN, roles=both, role="superuser")).json()
    assert (user["role"], user["roles"]) == ("billing", [BUILT_IN["billing"], BUILT_IN["user"]])
    assert (await put(world, BEN, roles="")).json()["roles"] == user["roles"]
    everything = [BUILT_IN["superuser"], BUILT_IN["user"]]
    answer = await world.ask(ADA, "PUT", f"/user/{BEN.id}", json={"roles": everything})
    assert (answer.json()["role"], answer.json()["roles"]) == (
        "superuser",
        [BUILT_IN["superuser"]],
    )
    alone = (await put(world, BEN, role="user")).json()
    assert (alone["role"], alone["roles"]) == ("user", [BUILT_IN["user"]])
    answer = await put(world, BEN, roles="0Unknown00000000000000")
    assert answer.status_code == 404
    assert answer.json()["detail"] == "Cannot find role '0Unknown00000000000000'"


async def test_everybody_changes_his_own_name(world: World) -> None:
    for person in (BEN, LIM, BILL, UMA, TESS, TONI, SUE):
        answer = await put(world, person, person, name="Renamed")
        assert (answer.status_code, answer.json()["name"]) == (200, "Renamed")
        assert list(answer.json())[:13] == PUT_KEYS


@pytest.mark.changes_nothing
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("role", "engineer"),
        ("roles", BUILT_IN["engineer"]),
        ("limit_services", "false"),
        ("locked", "false"),
        ("require_new_password", "false"),
    ],
)
async def test_sending_ones_own_rights_is_refused_even_unchanged(
    world: World, name: str, value: str
) -> None:
    for form in ({name: value}, {name: value, "name": "Benjamin"}):
        answer = await put(world, BEN, BEN, **form)
        assert (answer.status_code, answer.json()) == (403, NOT_ALLOWED)
    assert (await get(world, BEN))["name"] == "Ben"


RIGHTS = ("role", "roles", "limit_services", "locked", "require_new_password")


@pytest.mark.parametrize(
    "more",
    [{"data": dict.fromkeys(RIGHTS, null)} for null in ("None", "")]
    + [{"json": dict.fromkeys(RIGHTS)}, {"json": {**dict.fromkeys(RIGHTS), "roles": []}}],
)
async def test_null_stands_for_what_was_not_given(world: World, more: dict[str, Any]) -> None:
    """Official clients send it for what was never set: it frees and unlocks nobody."""
    await put(world, LIM, locked="true", require_new_password="true")
    before = await get(world, LIM)
    field, form = next(iter(more.items()))
    answer = await world.ask(
        ADA, "PUT", f"/user/{LIM.id}", **{field: {**form, "name": form["role"]}}
    )
    assert (answer.status_code, await get(world, LIM)) == (200, before)
    # So everybody can send what he was told of himself, with another name.
    answer = await world.ask(BEN, "PUT", f"/user/{BEN.id}", **{field: {**form, "name": "Benjamin"}})
    assert (answer.status_code, answer.json()["name"]) == (200, "Benjamin")


async def test_own_two_factor_fields_are_ignored(world: World) -> None:
    for who in (BEN, ADA):
        answer = await put(world, BEN, who, two_factor_auth_enabled="true", name="Ben")
        assert (answer.status_code, answer.json()["two_factor_auth_enabled"]) == (200, None)


async def test_nobody_but_superusers_changes_others(world: World) -> None:
    for person in (BEN, LIM, BILL, UMA, TESS, TONI, BOT):
        for method, path in (
            ("POST", "/user"),
            ("PUT", f"/user/{SUE.id}"),
            ("DELETE", f"/user/{SUE.id}"),
            ("PUT", "/user/0Unknown00000000000000"),
        ):
            answer = await world.ask(person, method, path, data={"name": "x", "login": "x"})
            assert (answer.status_code, answer.json()) == (403, NOT_ALLOWED), person.name
    assert (await get(world, SUE))["name"] == "Sue"


async def test_a_change_of_role_holds_for_the_next_request(world: World) -> None:
    assert (await world.ask(BEN, "POST", "/service", data={"name": "one"})).status_code == 200
    await put(world, BEN, role="user")
    assert (await world.ask(BEN, "POST", "/service", data={"name": "two"})).status_code == 403
    await put(world, BEN, role="superuser")
    assert (await world.ask(BEN, "GET", f"/customer/{WIDGETS}/tokens")).status_code == 200


@pytest.mark.parametrize(
    "form", [{"role": "engineer"}, {"limit_services": "true"}, {"locked": "true"}]
)
async def test_the_owner_is_not_demoted_limited_or_locked(
    world: World, form: dict[str, str]
) -> None:
    for who in (SUE, ADA):
        answer = await put(world, ADA, who, **form)
        expected = bad_request("Transfer account ownership first")
        assert (answer.status_code, answer.json()) == (400, expected)
    assert (await put(world, ADA, SUE, name="Countess")).status_code == 200
    assert (await put(world, ADA, SUE, require_new_password="1")).status_code == 200


async def test_another_superuser_may_step_down(world: World) -> None:
    assert (await put(world, SUE, SUE, role="user")).status_code == 200
    assert (await put(world, SUE, SUE, role="superuser")).status_code == 403
