"""Codes and refresh tokens in the wrong hands, twice, late, and after all was ended."""

from typing import Any

import httpx
import pytest

from tenantry.areas.realm.grants import GRACE
from tests.areas.account_calls import edit_customer
from tests.areas.realm_calls import TOKEN, VERIFIER, Program, program
from tests.world import ADA, BEN, EVE, HOUR, PASSWORD, SUE, WIDGETS, World

MINUTE = 60_000_000


def _is_refused(answer: httpx.Response, error: str = "invalid_grant", status: int = 400) -> bool:
    told = answer.json()
    assert set(told) == {"error", "error_description"}
    return (answer.status_code, told["error"]) == (status, error)


async def _is_closed(world: World, session: dict[str, Any]) -> bool:
    answer = await world.ask(session["access_token"], "GET", "/tokens/self")
    return answer.status_code == 401


async def test_a_code_that_comes_twice_ends_what_it_brought(world: World) -> None:
    cli = await program(world)
    code = await cli.code()
    issued = (await cli.redeem(code)).json()
    session = (await cli.exchange(issued["access_token"])).json()
    since = len(await world.events())
    assert _is_refused(await cli.redeem(code))
    assert await world.actions(since) == ["grant.revoke", "token.destroy", "user.logout"]
    assert await _is_closed(world, session)
    assert _is_refused(await cli.refresh(issued["refresh_token"]))
    assert (await cli.exchange(issued["access_token"])).status_code == 401
    assert _is_refused(await cli.redeem(code))


async def test_a_code_that_comes_twice_ends_even_what_nobody_has_fetched(world: World) -> None:
    cli = await program(world)
    code = await cli.code()
    issued = (await cli.redeem(code)).json()
    assert _is_refused(await cli.redeem(code))
    assert (await cli.exchange(issued["access_token"])).status_code == 401


async def test_a_code_is_worth_nothing_without_its_proof(world: World) -> None:
    """Whoever read the code along the way lacks the verifier; his try spends it."""
    cli = await program(world)
    for wrong in (
        {"code_verifier": VERIFIER[:-1] + "g"},
        {"code_verifier": "a" * 43},
        {"code_verifier": "short"},
        {"code_verifier": VERIFIER + " "},
        {"redirect_uri": "http://127.0.0.1:8080/callback"},
        {"redirect_uri": "http://localhost:8080/callback/"},
    ):
        code = await cli.code()
        assert _is_refused(await cli.redeem(code, **wrong)), wrong
        assert _is_refused(await cli.redeem(code)), wrong


async def test_an_injected_code_is_of_no_use_to_another_program(world: World) -> None:
    """Eve's code, slipped to Ada's program: its verifier belongs to another challenge."""
    eve = await program(world, EVE)
    code = await eve.code(code_challenge="x" * 43)
    assert _is_refused(await (await program(world)).redeem(code))


async def test_the_challenge_cannot_stand_for_the_verifier(world: World) -> None:
    cli = await program(world)
    code = await cli.code(code_challenge=VERIFIER[:43])
    assert _is_refused(await cli.redeem(code, code_verifier=VERIFIER[:43]))
    # It went through an address, as challenges do, and stands where they stand.
    world.secrets.discard(VERIFIER[:43])


async def test_a_code_is_good_for_a_minute(world: World) -> None:
    cli = await program(world)
    code = await cli.code()
    world.clock.turn(MINUTE - 1)
    assert (await cli.redeem(code)).status_code == 200
    code = await cli.code()
    world.clock.turn(MINUTE)
    assert _is_refused(await cli.redeem(code))


async def test_a_request_that_lacks_something_is_told_what(world: World) -> None:
    cli = await program(world)
    code = await cli.code()
    for name in ("client_id", "code", "code_verifier", "redirect_uri", "grant_type"):
        for value in (None, ""):
            answer = await cli.redeem(code, **{name: value})
            assert _is_refused(answer, "invalid_request"), name
            assert name in answer.json()["error_description"]
    assert _is_refused(await cli.redeem(code, client_id="x"), "invalid_client", 401)
    assert _is_refused(await cli.redeem(code, grant_type="password"), "unsupported_grant_type")
    assert _is_refused(await cli.refresh(""), "invalid_request")
    assert _is_refused(await cli.refresh("unknown-refresh-token-0000000000"))
    assert _is_refused(await cli.redeem("unknown-code-000000000000000000"))
    assert (await cli.redeem(code)).status_code == 200


async def test_only_a_form_that_says_each_thing_once_is_taken(world: World) -> None:
    cli = await program(world)
    code = await cli.code()
    body = f"grant_type=authorization_code&client_id=fastly-cli&code={code}&code=x"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await world.ask(None, "POST", TOKEN, content=body, headers=form)
    assert _is_refused(answer, "invalid_request")
    as_json = {"grant_type": "authorization_code", "client_id": "fastly-cli", "code": code}
    assert _is_refused(await world.ask(None, "POST", TOKEN, json=as_json), "invalid_request")
    basic = await world.ask(None, "POST", TOKEN, data=as_json, auth=("fastly-cli", "secret"))
    assert _is_refused(basic, "invalid_client", 401)
    assert basic.headers["www-authenticate"] == "Basic"
    assert (await cli.redeem(code)).status_code == 200


async def test_a_percent_encoded_form_is_the_same(world: World) -> None:
    cli = await program(world)
    form = {
        "grant_type": "authorization_code",
        "client_id": "fastly-cli",
        "code_verifier": VERIFIER,
        "code": await cli.code(),
        "redirect_uri": "http://localhost:8080/callback",
    }
    assert (await world.ask(None, "POST", TOKEN, data=form)).status_code == 200


async def test_a_refresh_token_that_comes_twice_ends_its_family(world: World) -> None:
    cli = await program(world)
    issued, session = await cli.session()
    fresh = (await cli.refresh(issued["refresh_token"])).json()
    world.clock.turn(GRACE)
    since = len(await world.events())
    assert _is_refused(await cli.refresh(issued["refresh_token"]))
    assert await world.actions(since) == ["grant.revoke", "token.destroy", "user.logout"]
    assert _is_refused(await cli.refresh(fresh["refresh_token"]))
    assert (await cli.exchange(fresh["access_token"])).status_code == 401
    assert await _is_closed(world, session)


async def test_a_refresh_token_is_good_for_its_program_alone(world: World) -> None:
    cli = await program(world)
    issued, session = await cli.session()
    assert _is_refused(
        await cli.refresh(issued["refresh_token"], client_id="x"), "invalid_client", 401
    )
    for kind in ("access_token", "id_token"):
        assert _is_refused(await cli.refresh(issued[kind]))
    assert not await _is_closed(world, session)
    for path in ("/tokens/self", "/verify"):
        assert (await world.ask(issued["refresh_token"], "GET", path)).status_code == 401
        assert (await world.ask(issued["access_token"], "GET", path)).status_code == 401


async def test_the_sessions_of_two_programs_do_not_touch(world: World) -> None:
    first, second = await program(world), await program(world)
    (issued, one), (_, two) = await first.session(), await second.session()
    await first.refresh(issued["refresh_token"])
    world.clock.turn(GRACE)
    await first.refresh(issued["refresh_token"])
    assert await _is_closed(world, one)
    assert not await _is_closed(world, two)


async def test_signing_out_of_the_browser_leaves_the_program_signed_in(world: World) -> None:
    cli = await program(world)
    issued, session = await cli.session()
    await cli.sign_out()
    assert not await _is_closed(world, session)
    assert (await cli.refresh(issued["refresh_token"])).status_code == 200


async def test_signing_out_before_the_code_is_redeemed_ends_it(world: World) -> None:
    cli = await program(world)
    code = await cli.code()
    await cli.sign_out()
    assert _is_refused(await cli.redeem(code))


async def test_signing_out_before_the_first_exchange_ends_that(world: World) -> None:
    cli = await program(world)
    issued = await cli.tokens()
    await cli.sign_out()
    assert (await cli.exchange(issued["access_token"])).status_code == 401
    assert _is_refused(await cli.refresh(issued["refresh_token"]))


async def _lock(world: World) -> None:
    await world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"locked": "true"})


async def _require_new_password(world: World) -> None:
    await world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"require_new_password": "true"})


async def _delete(world: World) -> None:
    await world.ask(BEN, "DELETE", "/tokens/self")
    assert (await world.ask(ADA, "DELETE", f"/user/{BEN.id}")).status_code == 200


async def _force_two_factors(world: World) -> None:
    await edit_customer(world, WIDGETS, force_2fa=True)


async def _allow_elsewhere(world: World) -> None:
    await edit_customer(world, WIDGETS, ip_whitelist="198.51.100.0/24")


KEPT_OUT = [_lock, _require_new_password, _delete, _force_two_factors, _allow_elsewhere]


@pytest.mark.parametrize("change", KEPT_OUT)
async def test_who_is_kept_out_gets_nothing(world: World, change: Any) -> None:
    """Not for a code, not for a refresh token, not for a web token that was good before."""
    first, second, third = [await program(world, BEN) for _ in range(3)]
    code = await first.code()
    issued = await second.tokens()
    held, _ = await third.session()
    await change(world)
    since = len(await world.events())
    assert _is_refused(await first.redeem(code))
    assert (await second.exchange(issued["access_token"])).status_code in {401, 403}
    assert _is_refused(await second.refresh(issued["refresh_token"]))
    assert _is_refused(await third.refresh(held["refresh_token"]))
    assert await world.actions(since) == []


async def test_guessing_passwords_does_not_end_what_works(world: World) -> None:
    cli = await program(world, BEN)
    issued, session = await cli.session()
    for _ in range(6):
        form = {"username": BEN.login, "password": "wrong-Horse-7-battery"}
        await world.ask(None, "POST", "/tokens", data=form)
    assert (await world.ask(ADA, "GET", f"/user/{BEN.id}")).json()["locked"] is True
    fresh = await cli.refresh(issued["refresh_token"])
    assert (await cli.exchange(fresh.json()["access_token"])).json() == session


async def test_a_new_password_ends_the_sessions_of_programs(world: World) -> None:
    cli = await program(world, BEN)
    issued, session = await cli.session()
    form = {"old_password": PASSWORD, "new_password": "stapled-Sponge-7-otter"}
    answer = await world.ask(
        None, "POST", "/current_user/password", data=form, auth=(BEN.login, PASSWORD)
    )
    assert answer.status_code == 200
    assert await _is_closed(world, session)
    assert _is_refused(await cli.refresh(issued["refresh_token"]))


async def test_a_session_of_a_program_opens_no_page_and_a_browsers_no_api(world: World) -> None:
    cli = await program(world, SUE)
    _, session = await cli.session()
    stranger = Program(world)
    stranger.browser.client.cookies.set("__Host-tenantry", session["access_token"])
    assert (await stranger.open()).status_code == 303
    cookie = cli.browser.cookie() or ""
    assert (await world.ask(cookie, "GET", "/tokens/self")).status_code == 401


async def test_a_key_that_is_sent_along_changes_nothing(world: World) -> None:
    """Eve's key beside Ada's code: it is Ada's all the same, and Eve's log stays as it is."""
    cli = await program(world)
    issued = await cli.tokens()
    headers = {"Authorization": f"Bearer {issued['access_token']}", "Fastly-Key": EVE.token}
    since = len(await world.events(EVE.customer_id))
    answer = await world.ask(None, "POST", "/login-enhanced", headers=headers)
    assert (answer.status_code, answer.json()["user_id"]) == (200, ADA.id)
    assert await world.actions(since, EVE.customer_id) == []
    assert (await world.ask(ADA, "POST", "/login-enhanced")).status_code == 401


async def test_what_a_program_gets_lasts_from_the_sign_in_on(world: World) -> None:
    cli = await program(world)
    world.clock.turn(HOUR // 2)
    issued, session = await cli.session()
    assert issued["refresh_expires_in"] == 11 * 3600 + 1800
    assert session["expires_at"] == "2026-03-01T22:00:00Z"
