"""Removing users, and what goes with them (contract: identity §3.6, access §12)."""

import asyncio

import httpx
import pytest

from tests.areas.test_users import NOT_ALLOWED, USERS, bad_request, create, no_user
from tests.world import (
    ADA,
    BEN,
    BOT,
    DAY,
    EVE,
    PASSWORD,
    SUE,
    UMA,
    WIDGETS,
    WWW,
    World,
)

OK = {"status": "ok"}
LINK = {"data": {"relationships": {"service": {"data": {"id": WWW, "type": "service"}}}}}


async def revoked(world: World, token_id: str) -> None:
    assert (await world.ask(ADA, "DELETE", f"/tokens/{token_id}")).status_code == 204


async def delete(world: World, user_id: str) -> httpx.Response:
    return await world.ask(ADA, "DELETE", f"/user/{user_id}")


async def test_api_tokens_are_revoked_first(world: World) -> None:
    before = len(await world.events())
    answer = await delete(world, BEN.id)
    assert (answer.status_code, answer.json()) == (400, bad_request("User has active API tokens"))
    assert len(await world.events()) == before
    await revoked(world, BEN.token_id)
    answer = await delete(world, BEN.id)
    assert (answer.status_code, answer.json()) == (200, OK)
    assert (await delete(world, BEN.id)).json() == no_user(BEN.id)
    assert BEN.id not in (await world.ask(SUE, "GET", USERS)).text
    assert (await world.ask(SUE, "GET", f"/user/{BEN.id}")).status_code == 404
    assert (await world.ask(BEN, "GET", "/tokens/self")).status_code == 401


async def test_expired_tokens_do_not_hold_a_user_back(world: World) -> None:
    """From the very instant on at which they expire; they are revoked with him."""
    form = {
        "username": BEN.login,
        "password": PASSWORD,
        "expires_at": "2026-03-02T10:00:00Z",
        "name": "short-lived",
    }
    made = await world.ask(None, "POST", "/tokens", data=form)
    await revoked(world, BEN.token_id)
    world.clock.turn(DAY - 1)
    assert (await delete(world, BEN.id)).status_code == 400
    world.clock.turn(1)
    since = len(await world.events())
    assert (await delete(world, BEN.id)).status_code == 200
    assert await world.actions(since) == ["token.destroy", "user.destroy"]
    assert f"token/{made.json()['id']}" in (await world.events())[since][2]
    answer = await world.ask(made.json()["access_token"], "GET", "/tokens/self")
    assert answer.json() == {"msg": "Provided credentials are missing or invalid"}


async def test_automation_tokens_survive_their_maker(world: World) -> None:
    await world.ask(ADA, "PUT", f"/customer/{WIDGETS}", data={"owner_id": SUE.id})
    for token in (await world.ask(ADA, "GET", "/tokens")).json():
        if token["id"] != ADA.token_id:
            await revoked(world, token["id"])
    await revoked(world, ADA.token_id)
    assert (await world.ask(SUE, "DELETE", f"/user/{ADA.id}")).status_code == 200
    assert (await world.ask(BOT, "GET", "/tokens/self")).status_code == 200


async def test_the_login_is_free_again(world: World) -> None:
    await revoked(world, BEN.token_id)
    await delete(world, BEN.id)
    form = {"username": BEN.login, "password": PASSWORD}
    assert (await world.ask(None, "POST", "/tokens", data=form)).status_code == 400
    answer = await world.ask(EVE, "POST", "/user", data={"login": BEN.login})
    assert answer.status_code == 200
    assert answer.json()["id"] != BEN.id
    assert (await world.ask(ADA, "POST", "/user", data={"login": BEN.login})).status_code == 409


async def test_what_pointed_at_him_points_nowhere(world: World) -> None:
    contacts = {f"{kind}_contact_id": UMA.id for kind in ("billing", "legal", "technical")}
    await world.ask(ADA, "PUT", f"/customer/{WIDGETS}", data=contacts)
    star = await world.ask(UMA, "POST", "/stars", json=LINK)
    assert star.status_code == 200
    await revoked(world, UMA.token_id)
    assert (await delete(world, UMA.id)).status_code == 200
    customer = (await world.ask(ADA, "GET", "/current_customer")).json()
    assert {customer[name] for name in contacts} == {None}


async def test_the_owner_stays(world: World) -> None:
    answer = await world.ask(SUE, "DELETE", f"/user/{ADA.id}")
    expected = bad_request("Transfer account ownership first")
    assert (answer.status_code, answer.json()) == (400, expected)


async def test_one_may_ask_for_oneself_but_not_for_others(world: World) -> None:
    """The key that asks is an active token, so only a session could really leave."""
    answer = await world.ask(BEN, "DELETE", f"/user/{BEN.id}")
    assert (answer.status_code, answer.json()) == (400, bad_request("User has active API tokens"))
    answer = await world.ask(BEN, "DELETE", f"/user/{UMA.id}")
    assert (answer.status_code, answer.json()) == (403, NOT_ALLOWED)


async def test_of_two_deletions_at_once_one_finds_him(world: World) -> None:
    user = await create(world)
    since = len(await world.events())
    answers = await asyncio.gather(*(delete(world, user["id"]) for _ in range(4)))
    assert sorted(one.status_code for one in answers) == [200, 404, 404, 404]
    assert await world.actions(since) == ["user.destroy"]


@pytest.mark.parametrize("first", ["transfer", "deletion"])
async def test_ownership_never_goes_to_who_is_leaving(world: World, first: str) -> None:
    await revoked(world, SUE.token_id)
    form = {"owner_id": SUE.id}
    calls = [
        world.ask(ADA, "PUT", f"/customer/{WIDGETS}", data=form),
        world.ask(ADA, "DELETE", f"/user/{SUE.id}"),
    ]
    answers = await asyncio.gather(*(calls if first == "transfer" else calls[::-1]))
    assert sorted(one.status_code for one in answers) == [200, 400]
    owner = (await world.ask(ADA, "GET", "/current_customer")).json()["owner_id"]
    users = {user["id"] for user in (await world.ask(ADA, "GET", USERS)).json()}
    assert owner in users


async def test_a_token_made_while_its_user_is_deleted_opens_nothing(world: World) -> None:
    await revoked(world, BEN.token_id)
    form = {"username": BEN.login, "password": PASSWORD}
    made, deleted = await asyncio.gather(
        world.ask(None, "POST", "/tokens", data=form), delete(world, BEN.id)
    )
    assert (made.status_code, deleted.status_code) in {(200, 400), (400, 200)}
    if made.status_code == 200:
        assert (await world.ask(made.json()["access_token"], "GET", "/user/" + BEN.id)).is_success
