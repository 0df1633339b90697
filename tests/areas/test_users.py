"""Users: seen, listed and created (contract: identity §3)."""

import asyncio
import hashlib
import re
from typing import Any

import pytest

from tenantry.access.state import read_principal
from tenantry.areas.users import api
from tenantry.core.context import Reading
from tests.areas.account_calls import edit_customer
from tests.areas.test_service_lists import CountedRows
from tests.world import (
    ADA,
    BEN,
    BOT,
    EVE,
    EVERYBODY,
    LIM,
    LIMITED,
    NED,
    OPERATOR,
    OTHER,
    PASSWORD,
    SUE,
    UMA,
    WIDGETS,
    World,
)

KEYS = [
    "id",
    "created_at",
    "updated_at",
    "name",
    "customer_id",
    "require_new_password",
    "role",
    "login",
    "deleted_at",
    "locked",
    "two_factor_auth_enabled",
    "limit_services",
    "last_active_at",
    "two_factor_setup_required",
    "email_hash",
    "roles",
    "limit_workspaces",
]
REDUCED = [
    "id",
    "created_at",
    "updated_at",
    "name",
    "customer_id",
    "role",
    "login",
    "deleted_at",
    "limit_services",
]
NOT_ALLOWED = {"msg": "You are not authorized to perform this action"}
USERS = f"/customer/{WIDGETS}/users"
PEOPLE = [one for one in EVERYBODY if one.customer_id == WIDGETS and one is not BOT]
BUILT_IN = {
    role: f"Rl0{role.title().replace('_', '')}BuiltIn".ljust(22, "0")
    for role in ("superuser", "engineer", "billing", "tls_admin", "tls_viewer", "user")
}


def bad_request(detail: str) -> dict[str, str]:
    return {"msg": "Bad request", "detail": detail}


def no_user(name: str) -> dict[str, str]:
    return {"msg": "Record not found", "detail": f"Cannot find user '{name}'"}


async def create(world: World, **form: str) -> dict[str, Any]:
    answer = await world.ask(ADA, "POST", "/user", data={"login": "new@example.com", **form})
    assert answer.status_code == 200, answer.text
    user: dict[str, Any] = answer.json()
    return user


async def test_a_user_sees_himself_whole(world: World) -> None:
    for person in PEOPLE:
        answer = await world.ask(person, "GET", "/current_user")
        assert (answer.status_code, list(answer.json())) == (200, KEYS)
        assert answer.json() == {
            "id": person.id,
            "created_at": "2026-03-01T10:00:00Z",
            "updated_at": "2026-03-01T10:00:00Z",
            "name": person.name,
            "customer_id": WIDGETS,
            "require_new_password": None,
            "role": person.role,
            "login": person.login,
            "deleted_at": None,
            "locked": None,
            "two_factor_auth_enabled": None,
            "limit_services": person is LIM,
            "last_active_at": None,
            "two_factor_setup_required": False,
            "email_hash": hashlib.md5(person.login.encode(), usedforsecurity=False).hexdigest(),
            "roles": [BUILT_IN[person.role]],
            "limit_workspaces": False,
        }
        assert (await world.ask(person, "GET", f"/user/{person.id}")).json() == answer.json()


async def test_who_is_no_superuser_sees_little_of_others(world: World) -> None:
    for person in (*PEOPLE, BOT):
        other = UMA if person is BEN else BEN
        answer = await world.ask(person, "GET", f"/user/{other.id}")
        # As a third-party client asks (access §13).
        assert (await world.ask(person, "GET", f"/users/{other.id}")).content == answer.content
        expected = KEYS if person.role == "superuser" else REDUCED
        assert (answer.status_code, list(answer.json())) == (200, expected), person.name


async def test_a_programs_key_has_no_current_user(world: World) -> None:
    answer = await world.ask(BOT, "GET", "/current_user")
    assert (answer.status_code, answer.json()) == (404, no_user(BOT.token_id))


async def test_a_key_limited_to_services_may_not_ask_whose_it_is(world: World) -> None:
    answer = await world.ask(LIMITED, "GET", "/current_user")
    assert (answer.status_code, answer.json()) == (403, NOT_ALLOWED)
    assert (await world.ask(LIMITED, "GET", f"/user/{BEN.id}")).status_code == 200


async def test_users_are_listed_by_id_for_everybody(world: World) -> None:
    for person in (*PEOPLE, BOT):
        answer = await world.ask(person, "GET", USERS)
        assert answer.status_code == 200
        users = answer.json()
        assert [user["id"] for user in users] == sorted(one.id for one in PEOPLE)
        seen_whole = {user["id"] for user in users if list(user) == KEYS}
        everybody = {one.id for one in PEOPLE}
        assert seen_whole == (everybody if person.role == "superuser" else {person.id} & everybody)


async def test_ids_are_ordered_by_their_bytes(world: World) -> None:
    for number in range(20):
        await create(world, login=f"user-{number}@example.com")
    ids = [user["id"] for user in (await world.ask(BEN, "GET", USERS)).json()]
    assert ids == sorted(ids, key=str.encode)


async def test_an_unknown_or_foreign_user_is_not_found(world: World) -> None:
    for name in (NED.id, "0Unknown00000000000000", BEN.login, BEN.token_id):
        for method in ("GET", "PUT", "DELETE"):
            answer = await world.ask(ADA, method, f"/user/{name}")
            assert (answer.status_code, answer.json()) == (404, no_user(name)), method
    answer = await world.ask(ADA, "GET", f"/customer/{OTHER}/users")
    assert answer.status_code == 404
    assert answer.json()["detail"] == f"Cannot find customer '{OTHER}'"


async def test_a_user_is_created_as_recorded(world: World) -> None:
    since = len(await world.events())
    user = await create(world, name="Sam Sample", role="engineer")
    assert re.fullmatch(r"[0-9A-Za-z]{22}", user["id"])
    assert list(user) == KEYS
    assert user == await get_by_id(world, user["id"])
    told = {key: user[key] for key in ("name", "login", "role", "customer_id", "limit_services")}
    assert told == {
        "name": "Sam Sample",
        "login": "new@example.com",
        "role": "engineer",
        "customer_id": WIDGETS,
        "limit_services": False,
    }
    assert [user[key] for key in ("require_new_password", "locked", "deleted_at")] == [None] * 3
    (event,) = (await world.events())[since:]
    assert event[:2] == ("user.create", "user.create")
    assert f"user/{user['id']}" in event[2]


async def get_by_id(world: World, user_id: str) -> dict[str, Any]:
    user: dict[str, Any] = (await world.ask(ADA, "GET", f"/user/{user_id}")).json()
    return user


async def test_a_new_user_is_mailed_a_link_and_has_no_password(world: World) -> None:
    await create(world)
    (letter,) = await world.letters()
    assert (letter["template"], letter["to"]) == ("set_password", "new@example.com")
    for password in ("", PASSWORD, "None"):
        form = {"username": "new@example.com", "password": password}
        assert (await world.ask(None, "POST", "/tokens", data=form)).status_code == 400


async def test_who_is_created_locked_is_mailed_nothing_that_unlocks(world: World) -> None:
    assert (await create(world, locked="true"))["locked"] is True
    assert await world.letters() == []


async def test_what_is_left_out_has_its_default(world: World) -> None:
    user = await create(world)
    assert (user["name"], user["role"]) == ("new@example.com", "user")


async def test_what_a_new_user_must_set_up_is_told(world: World) -> None:
    await edit_customer(world, force_2fa=True)
    assert (await create(world))["two_factor_setup_required"] is True
    form = {"login": "newer@example.com"}
    answer = await world.ask(OPERATOR, "POST", f"/user?customer_id={WIDGETS}", data=form)
    assert answer.json()["two_factor_setup_required"] is True


async def test_what_cannot_be_set_is_ignored(world: World) -> None:
    user = await create(
        world,
        id=BEN.id,
        customer_id=OTHER,
        two_factor_auth_enabled="true",
        two_factor_setup_required="1",
        stray="x",
    )
    assert user["id"] != BEN.id
    assert user["customer_id"] == WIDGETS
    assert (user["two_factor_auth_enabled"], user["two_factor_setup_required"]) == (None, False)


async def test_json_is_taken_like_a_form(world: World) -> None:
    body = {"login": "new@example.com", "role": "engineer", "limit_services": True}
    answer = await world.ask(ADA, "POST", "/user", json=body)
    assert (answer.status_code, answer.json()["limit_services"]) == (200, True)


@pytest.mark.changes_nothing
@pytest.mark.parametrize(
    ("form", "detail"),
    [
        ({}, "Login is required"),
        ({"login": ""}, "Login is required"),
        ({"login": "nobody"}, "Login must be an e-mail address"),
        ({"login": "a@b@example.com"}, "Login must be an e-mail address"),
        ({"login": f"{'x' * 250}@example.com"}, "Login must be an e-mail address"),
        ({"login": "a@example.com", "role": "owner"}, "Role must be one of: user, billing"),
        ({"login": "a@example.com", "name": "x" * 256}, "Name must have 1 to 255 characters"),
        ({"login": "a@example.com", "locked": "perhaps"}, "Locked: "),
    ],
)
async def test_a_wrong_user_is_refused(world: World, form: dict[str, str], detail: str) -> None:
    before = len(await world.events())
    answer = await world.ask(ADA, "POST", "/user", data=form)
    assert (answer.status_code, answer.json()["msg"]) == (400, "Bad request")
    assert answer.json()["detail"].startswith(detail)
    assert len(await world.events()) == before


async def test_an_empty_body_is_a_wrong_user(world: World) -> None:
    answer = await world.ask(ADA, "POST", "/user")
    assert (answer.status_code, answer.json()) == (400, bad_request("Login is required"))


@pytest.mark.parametrize("login", [BEN.login, "BEN@Example.COM", NED.login, " ben@example.com "])
async def test_a_login_belongs_to_one_user_of_all_customers(world: World, login: str) -> None:
    before = len(await world.events())
    answer = await world.ask(ADA, "POST", "/user", data={"login": login})
    assert answer.status_code == 409
    assert answer.json() == {
        "msg": "Duplicate record",
        "detail": f"Duplicate user: '{login.strip()}'",
    }
    assert len(await world.events()) == before
    assert await world.letters() == []


async def test_of_two_customers_creating_one_login_one_wins(world: World) -> None:
    for number in range(5):
        form = {"login": f"race-{number}@example.com"}
        answers = await asyncio.gather(
            *(world.ask(who, "POST", "/user", data=form) for who in (ADA, EVE, SUE, EVE))
        )
        assert sorted(one.status_code for one in answers) == [200, 409, 409, 409]


async def test_a_list_of_users_is_one_query(world: World) -> None:
    for number in range(12):
        await create(world, login=f"user-{number}@example.com")
    principal = await read_principal(world.app.database, world.app.keyring.digest(ADA.token))
    assert principal is not None
    rows = CountedRows(world)
    call = Reading(
        rows=rows,
        keyring=world.app.keyring,
        now=world.clock.now,
        principal=principal,
        customer_id=WIDGETS,
    )
    assert len(await api.list_users(call)) == 20
    assert rows.queries == 1
