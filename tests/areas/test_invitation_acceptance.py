"""Accepting an invitation by a program, through the front door (contract: access §4, #11)."""

import asyncio
from typing import Any

import pytest

from tenantry.core.permissions import ROLE_IDS
from tests.areas.account_calls import edit_customer
from tests.areas.invitation_calls import (
    CHOSEN,
    DONE,
    LIN,
    accept,
    codes,
    invite,
    join,
    pending,
    token,
    user_called,
)
from tests.areas.test_force_sso import force
from tests.console.company import Company, company
from tests.federation_writes import PROVIDERS
from tests.world import ADA, API, BEN, DAY, EVE, WIDGETS, WWW, World

__all__ = ["company"]


async def test_who_accepts_is_a_user_from_then_on(world: World) -> None:
    await invite(world, role="engineer")
    (code,) = await codes(world)
    world.clock.turn(DAY)
    assert await accept(world, code, " Lin Example ") == DONE
    user = await user_called(world)
    expected = {
        "name": "Lin Example",
        "created_at": "2026-03-02T10:00:00Z",
        "role": "engineer",
        "roles": [ROLE_IDS["engineer"]],
        "limit_services": False,
        "locked": False,
        "require_new_password": False,
        "two_factor_auth_enabled": False,
        "two_factor_setup_required": False,
        "customer_id": WIDGETS,
    }
    assert {name: user[name] for name in expected} == expected
    key = await token(world)
    assert (await world.ask(key, "GET", "/current_user")).json()["id"] == user["id"]
    assert (await world.ask(key, "GET", f"/service/{WWW}")).status_code == 200
    assert await pending(world) == []


async def test_services_come_with_the_invitation(world: World) -> None:
    """Accepting creates the user, and an authorization for each service that is still there."""
    await invite(world, role="engineer", services=[(WWW, "purge_all"), (API, "full")])
    assert (await world.ask(ADA, "DELETE", f"/service/{API}")).status_code == 200
    (code,) = await codes(world)
    since = len(await world.events())
    assert await accept(world, code) == DONE
    user = await user_called(world)
    granted = (await world.ask(ADA, "GET", "/service-authorizations")).json()["data"]
    assert [
        (
            one["attributes"]["permission"],
            one["relationships"]["service"]["data"]["id"],
            one["relationships"]["user"]["data"]["id"],
        )
        for one in granted
    ] == [("purge_all", WWW, user["id"])]
    key = await token(world)
    assert [one["id"] for one in (await world.ask(key, "GET", "/service")).json()] == [WWW]
    assert (await world.ask(key, "GET", f"/service/{WWW}")).status_code == 200
    change = await world.ask(key, "PUT", f"/service/{WWW}", data={"comment": "mine"})
    assert change.status_code == 403
    events = (await world.events())[since:]
    assert [event[0] for event in events][:3] == [
        "user.create",
        "service_authorization.create",
        "invitation.accept",
    ]
    for event in events[:3]:
        assert f'"user_id":"{user["id"]}"' in event[2]
        assert '"token_id":null' in event[2]


async def test_who_was_limited_and_lost_every_service_reaches_none(world: World) -> None:
    await invite(world, role="engineer", services=[(API, "full")])
    await world.ask(ADA, "DELETE", f"/service/{API}")
    (code,) = await codes(world)
    assert await accept(world, code) == DONE
    assert (await user_called(world))["limit_services"] is True
    key = await token(world)
    assert (await world.ask(key, "GET", "/service")).json() == []
    assert (await world.ask(key, "GET", f"/service/{WWW}")).status_code == 404


async def test_the_events_name_who_joined(world: World) -> None:
    made = await invite(world, BEN)
    (code,) = await codes(world)
    since = len(await world.events())
    await accept(world, code)
    user = await user_called(world)
    created, accepted = (await world.events())[since:]
    assert (created[1], accepted[1]) == ("user.create", "invitation.accept")
    assert f'"invitation_id":"{made["id"]}"' in accepted[2]
    for event in (created, accepted):
        assert f'"user_id":"{user["id"]}"' in event[2]
        assert LIN not in event[2]
        assert LIN in event[3]
        assert CHOSEN not in str(event)


async def test_several_roles_come_with_the_invitation(world: World) -> None:
    ids = [ROLE_IDS["engineer"], ROLE_IDS["billing"]]
    await join(world, roles=ids)
    user = await user_called(world)
    assert (user["role"], user["roles"]) == ("engineer", ids)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"password": CHOSEN}, "Name is required"),
        ({"name": None, "password": CHOSEN}, "Name is required"),
        ({"name": "  ", "password": CHOSEN}, "Name must have 1 to 255 characters"),
        ({"name": "x" * 256, "password": CHOSEN}, "Name must have 1 to 255 characters"),
        ({"name": 7, "password": CHOSEN}, "Name: Expected str | null, got int"),
        ({"name": "Lin"}, "Password is required"),
        ({"name": "Lin", "password": ""}, "Password is required"),
        ({"name": "Lin", "password": "short-1"}, "Password must have 12 to 128 characters"),
        (
            {"name": "Lin", "password": "onlylettershere"},
            "Password must include letters, numbers and special characters",
        ),
        ({"name": "Lin", "password": LIN}, "Password must include letters, numbers and special"),
        ({"name": CHOSEN, "password": CHOSEN}, "Password must not be the login or the name"),
        ({"name": "Lin", "password": "Qwertyuiop-1"}, "Password is too weak: "),
    ],
)
async def test_what_is_wrong_is_told_and_spends_nothing(
    world: World, body: dict[str, Any], detail: str
) -> None:
    """The rules for new passwords hold for who accepts."""
    await invite(world)
    (code,) = await codes(world)
    since = len(await world.events())
    answer = await world.ask(None, "PUT", f"/invitation/accept/{code}", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/json")
    assert answer.json()["msg"] == "Bad request"
    assert answer.json()["detail"].startswith(detail)
    assert await world.actions(since) == []
    assert await accept(world, code) == DONE


@pytest.mark.parametrize("content", [b"", b"[]", b'{"name": ', b"null"])
async def test_a_bad_body_is_refused(world: World, content: bytes) -> None:
    await invite(world)
    (code,) = await codes(world)
    headers = {"Content-Type": "application/json"}
    path = f"/invitation/accept/{code}"
    answer = await world.ask(None, "PUT", path, content=content, headers=headers)
    assert (answer.status_code, answer.json()["msg"]) == (400, "Bad request")
    assert await accept(world, code) == DONE


async def test_a_login_that_was_taken_meanwhile_is_told(world: World) -> None:
    await invite(world)
    (code,) = await codes(world)
    assert (await world.ask(EVE, "POST", "/user", data={"login": LIN})).status_code == 200
    taken = (409, {"msg": "Duplicate record", "detail": f"Duplicate user: '{LIN}'"})
    since = len(await world.events())
    assert await accept(world, code) == taken
    assert await world.actions(since) == []
    assert await pending(world) == [LIN]


async def test_who_is_invited_twice_joins_one_customer(world: World) -> None:
    await invite(world, ADA)
    await invite(world, EVE)
    one, other = await codes(world)
    answers = await asyncio.gather(accept(world, one), accept(world, other))
    assert sorted(status for status, _ in answers) == [200, 409]


async def test_the_allowlist_of_the_customer_holds(world: World) -> None:
    await invite(world)
    (code,) = await codes(world)
    await edit_customer(world, ip_whitelist="198.51.100.0/24")
    assert await accept(world, code) == (
        403,
        {"msg": "Access from this IP address is not allowed"},
    )
    await edit_customer(world, ip_whitelist="192.0.2.*")
    assert await accept(world, code) == DONE


async def test_where_sso_is_forced_nobody_chooses_a_password(world: World) -> None:
    await edit_customer(world, force_sso=True)
    await invite(world)
    (code,) = await codes(world)
    assert await accept(world, code, password=None) == DONE
    proof = {"username": LIN, "password": CHOSEN}
    assert (await world.ask(None, "POST", "/tokens", data=proof)).status_code != 200
    await edit_customer(world, force_sso=False)
    assert (await world.ask(None, "POST", "/tokens", data=proof)).status_code == 400


async def test_who_joins_is_told_of_a_second_factor(world: World) -> None:
    await edit_customer(world, force_2fa=True)
    await invite(world)
    (code,) = await codes(world)
    assert await accept(world, code) == DONE
    assert (await user_called(world))["two_factor_setup_required"] is True


async def test_where_sso_is_forced_meanwhile_no_password_is_stored(company: Company) -> None:
    """It is forced while the chosen password is hashed; nor does it open anything later."""
    world = company.world
    await world.ask(ADA, "POST", f"{PROVIDERS}/{company.id}/check")
    await invite(world)
    (code,) = await codes(world)
    joining = asyncio.create_task(accept(world, code))
    assert (await force(company)).status_code == 200
    assert await joining == DONE
    assert (await force(company, "false")).status_code == 200
    proof = {"username": LIN, "password": CHOSEN}
    assert (await world.ask(None, "POST", "/tokens", data=proof)).json()["code"] == "invalid_grant"
