"""Signing in to the command line: a page that asks, a code, a token, a session's key."""

import re
from html import unescape

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tenantry.core.clock import MINUTE
from tests.areas.account_calls import edit_user
from tests.areas.realm_calls import (
    CERTS,
    Program,
    answered,
    claims,
    deciding,
    onward,
    program,
    wanted,
)
from tests.console.browser import CONSOLE, ORIGIN, form_token
from tests.world import ADA, BEN, WIDGETS, World

ISSUER = f"{ORIGIN}/realms/fastly"


async def test_what_there_is_is_found_before_anybody_signs_in(world: World) -> None:
    path = "/realms/fastly/.well-known/openid-configuration"
    found = (await world.ask(None, "GET", path)).json()
    assert found["issuer"] == ISSUER
    assert found["authorization_endpoint"] == f"{ISSUER}/protocol/openid-connect/auth"
    assert found["token_endpoint"] == f"{ISSUER}/protocol/openid-connect/token"
    assert found["jwks_uri"] == ORIGIN + CERTS
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["token_endpoint_auth_methods_supported"] == ["none"]


async def test_who_is_not_signed_in_does_that_and_comes_back(world: World) -> None:
    cli = Program(world)
    place = wanted(await cli.open(state="xyz"))
    assert place.startswith("/realms/fastly/protocol/openid-connect/auth?")
    assert onward(await cli.browser.sign_in(ADA, next_path=place)) == place
    page = await cli.browser.get(place)
    assert page.status_code == 200
    for told in ("Fastly command line", "localhost:8080", ADA.login, "Example Widgets"):
        assert told in page.text
    assert "form-action 'self' http://localhost:8080;" in page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


async def test_a_code_becomes_a_session_that_is_listed_and_revoked(world: World) -> None:
    cli = await program(world, BEN)
    told = answered(await cli.allow(state="x y&z"))
    assert (told["state"], told["iss"]) == ("x y&z", ISSUER)
    since = len(await world.events())
    answer = await cli.redeem(told["code"])
    issued = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    assert (issued["token_type"], issued["expires_in"]) == ("Bearer", 300)
    assert issued["refresh_expires_in"] == 12 * 3600
    session = (await cli.exchange(issued["access_token"])).json()
    assert list(session) == ["access_token", "customer_id", "expires_at", "id", "name", "user_id"]
    assert (session["customer_id"], session["user_id"]) == (WIDGETS, BEN.id)
    assert session["expires_at"] == "2026-03-01T22:00:00Z"
    assert await world.actions(since) == ["token.create", "user.login"]
    key = session["access_token"]
    me = (await world.ask(key, "GET", "/current_user")).json()
    assert me["login"] == BEN.login
    assert (await world.ask(key, "GET", "/tokens/self")).json()["id"] == session["id"]
    assert session["id"] in {one["id"] for one in (await world.ask(BEN, "GET", "/tokens")).json()}
    assert (await world.ask(BEN, "DELETE", f"/tokens/{session['id']}")).status_code == 204
    assert (await world.ask(key, "GET", "/tokens/self")).status_code == 401
    again = await cli.refresh(issued["refresh_token"])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


async def test_the_tokens_say_what_the_command_line_checks(world: World) -> None:
    cli = await program(world)
    issued = await cli.tokens(nonce="n-1", audience=f"{ORIGIN}/")
    keys = KeySet.import_key_set((await world.ask(None, "GET", CERTS)).json())
    access = jwt.decode(issued["access_token"], keys, algorithms=["RS256"])
    assert access.header["typ"] == "at+jwt"
    told = access.claims
    assert (told["azp"], told["aud"], told["email"]) == ("fastly-cli", f"{ORIGIN}/", ADA.login)
    assert (told["iss"], told["sub"]) == (ISSUER, ADA.id)
    assert told["exp"] - told["iat"] == 300
    identity = jwt.decode(issued["id_token"], keys, algorithms=["RS256"]).claims
    assert (identity["aud"], identity["nonce"], identity["sub"]) == ("fastly-cli", "n-1", ADA.id)
    assert "nonce" not in claims(issued["access_token"])


async def test_the_event_says_to_whom_somebody_agreed(world: World) -> None:
    cli = await program(world)
    since = len(await world.events())
    await cli.code()
    assert await world.actions(since) == ["grant.create"]
    since += 1
    refused = answered(await cli.allow("refuse", state="s"))
    assert (refused["error"], refused["state"]) == ("access_denied", "s")
    assert "code" not in refused
    assert await world.actions(since) == []


async def test_a_refresh_brings_the_next_and_tells_the_same_key(world: World) -> None:
    cli = await program(world)
    issued, session = await cli.session()
    world.clock.turn(3600 * 1_000_000)
    late = await cli.exchange(issued["access_token"])
    assert late.status_code == 401
    since = len(await world.events())
    answer = await cli.refresh(issued["refresh_token"])
    fresh = answer.json()
    assert answer.status_code == 200
    assert fresh["refresh_token"] != issued["refresh_token"]
    assert fresh["refresh_expires_in"] == 11 * 3600
    assert (await cli.exchange(fresh["access_token"])).json() == session
    assert await world.actions(since) == []
    world.clock.turn(11 * 3600 * 1_000_000)
    over = await cli.refresh(fresh["refresh_token"])
    assert (over.status_code, over.json()["error"]) == (400, "invalid_grant")
    assert (await world.ask(session["access_token"], "GET", "/verify")).status_code == 401


@pytest.mark.parametrize("prompt", ["login", "login select_account"])
async def test_who_is_signed_in_already_does_so_once_more_if_that_is_wanted(
    world: World, prompt: str
) -> None:
    cli = await program(world)
    world.clock.turn(1_000_000)
    place = wanted(await cli.open(prompt=prompt, login_hint=ADA.login))
    # Coming back without having done so leads there again.
    assert wanted(await cli.browser.get(place))
    assert onward(await cli.sign_in_again(ADA, place)) == place
    assert "Allow" in (await cli.browser.get(place)).text
    world.clock.turn(31 * 60 * 1_000_000)
    assert wanted(await cli.browser.get(place))


async def test_who_takes_another_account_on_the_page_signs_in_once(world: World) -> None:
    cli, page = await program(world), f"{CONSOLE}/profile"
    world.clock.turn(MINUTE)
    place = wanted(await cli.open(prompt="login"))
    await cli.sign_in_again(ADA, place)
    world.clock.turn(MINUTE)
    [again] = re.findall(r'name="next" value="([^"]+)"', (await cli.browser.get(place)).text)
    form = {"next": unescape(again)}
    place = wanted(await cli.browser.send(f"{CONSOLE}/sign-out", form, at=page))
    world.clock.turn(MINUTE)
    assert onward(await cli.browser.sign_in(BEN, next_path=place)) == place
    world.clock.turn(MINUTE)
    assert "Allow" in (await cli.browser.get(place)).text


async def test_how_long_ago_somebody_signed_in_may_matter(world: World) -> None:
    cli = await program(world)
    world.clock.turn(60 * 1_000_000)
    assert "Allow" in (await cli.open(max_age="60")).text
    assert wanted(await cli.open(max_age="59"))


async def test_no_age_is_so_short_that_nobody_comes_back(world: World) -> None:
    cli = await program(world)
    world.clock.turn(1)
    place = wanted(await cli.open(max_age="0"))
    world.clock.turn(1_000_000)
    assert onward(await cli.sign_in_again(ADA, place)) == place
    world.clock.turn(1_000_000)
    page = await cli.browser.get(place)
    assert "Allow" in page.text
    # Not for the next time that a program asks.
    assert wanted(await cli.open(max_age="0"))


async def test_nobody_is_let_in_without_being_asked(world: World) -> None:
    cli = Program(world)
    assert answered(await cli.open(prompt="none"))["error"] == "login_required"
    await cli.browser.sign_in(ADA)
    assert answered(await cli.open(prompt="none"))["error"] == "consent_required"


async def test_whom_the_program_expects_is_told(world: World) -> None:
    login = "straße@example.com"
    await edit_user(world, ADA, login=login, login_key=login)
    cli = Program(world)
    await cli.browser.sign_in(login)
    for hint, is_told in (("Straße@example.com", False), ("strasse@example.com", True)):
        asked = await cli.open(login_hint=hint)
        assert (asked.status_code, "It expects" in asked.text) == (200, is_told)
    assert BEN.login in (await cli.open(login_hint=BEN.login)).text
    assert "another account" in (await cli.open(account_hint="2OtherCompany000000000")).text
    signed_out = Program(world)
    place = (await signed_out.open(login_hint=BEN.login)).headers["location"]
    assert f'value="{BEN.login}"' in (await signed_out.browser.get(place)).text


async def test_the_form_comes_from_the_page_or_not_at_all(world: World) -> None:
    cli, other = await program(world), await program(world, BEN)
    theirs = form_token(await other.open())
    since = len(await world.events())
    for form in ({}, {"form_token": "x.y"}, {"form_token": theirs}):
        answer = await cli.browser.post(deciding(), {"decision": "allow", **form})
        assert answer.status_code == 403
    good = {"decision": "allow", "form_token": form_token(await cli.open())}
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert (await cli.browser.post(deciding(), good, **headers)).status_code == 403
    assert await world.actions(since) == []


async def test_the_session_of_a_program_stands_on_the_page_and_ends_there(world: World) -> None:
    cli = await program(world, BEN)
    issued, session = await cli.session()
    place = "/_tenantry/console/sessions"
    page = (await cli.browser.get(place)).text
    assert session["id"] in page
    assert "python-httpx" in page
    assert (await cli.browser.send(place, {"session": session["id"]})).status_code == 303
    assert (await world.ask(session["access_token"], "GET", "/verify")).status_code == 401
    assert (await cli.refresh(issued["refresh_token"])).status_code == 400
