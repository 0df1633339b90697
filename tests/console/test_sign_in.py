"""Signing in with a password, on the page."""

import asyncio
import json

import pytest
from sqlalchemy import bindparam, update

from tenantry.core import schema
from tenantry.core.clock import MINUTE, SECOND
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tests.console.browser import CONSOLE, FIREFOX, Visitor, form_token
from tests.world import ADA, BEN, EVE, OTHER, PASSWORD, UMA, WIDGETS, World

SIGN_IN, PROFILE = f"{CONSOLE}/sign-in", f"{CONSOLE}/profile"
_U = schema.users.c
_ENABLE = Statement(
    update(schema.users).where(_U.id == bindparam("user")).values(two_factor_auth_enabled=True)
)
WRONG = "This login and password do not belong together."


async def test_the_password_opens_the_console(world: World) -> None:
    ada = Visitor(world)
    since = len(await world.events())
    answer = await ada.sign_in(ADA)
    assert (answer.status_code, answer.headers["location"]) == (303, PROFILE)
    assert await world.actions(since) == ["token.create", "user.login"]
    page = await ada.get(PROFILE)
    assert page.status_code == 200
    assert "ada@example.com" in page.text


async def test_the_log_tells_who_came_and_how(world: World) -> None:
    ada = Visitor(world)
    await ada.sign_in(ADA)
    created, login = (json.loads(event[2]) for event in (await world.events())[-2:])
    (listed,) = [
        one
        for one in (await world.ask(ADA, "GET", "/tokens")).json()
        if one["name"] == "Firefox on Linux browser session"
    ]
    assert login["user_id"] == created["user_id"] == ADA.id
    assert login["metadata"] == {"token_id": listed["id"], "methods": ["pwd"]}
    assert created["metadata"]["kind"] == "session"
    assert listed["last_used_at"] == "2026-03-01T10:00:00Z"
    assert (listed["ip"], listed["user_agent"]) == ("192.0.2.10", FIREFOX)
    assert listed["expires_at"] == "2026-03-01T22:00:00Z"


async def test_a_wrong_password_is_told_and_counted(world: World) -> None:
    ada = Visitor(world)
    since = len(await world.events())
    answer = await ada.sign_in(ADA, "not-Her-password-1")
    assert (answer.status_code, WRONG in answer.text) == (400, True)
    assert 'value="ada@example.com"' in answer.text
    assert "not-Her-password-1" not in answer.text
    assert await world.actions(since) == ["user.login_failure"]
    assert ada.cookie() is None


async def test_an_unknown_login_is_told_no_more(world: World) -> None:
    visitor = Visitor(world)
    known = await visitor.sign_in(ADA, "not-Her-password-1")
    unknown = await visitor.sign_in("nobody@example.com", "not-Her-password-1")
    assert unknown.status_code == known.status_code
    pages = [
        answer.text.replace(form_token(answer), "").replace(login, "")
        for answer, login in ((known, ADA.login), (unknown, "nobody@example.com"))
    ]
    assert pages[0] == pages[1]


@pytest.mark.parametrize(
    "form", [{}, {"login": "ada@example.com"}, {"password": PASSWORD}, {"login": " "}]
)
async def test_an_empty_form_is_no_guess(world: World, form: dict[str, str]) -> None:
    since = len(await world.events())
    answer = await Visitor(world).send(SIGN_IN, form)
    assert (answer.status_code, "Please enter your login" in answer.text) == (400, True)
    assert await world.actions(since) == []


async def test_six_wrong_passwords_lock_and_the_right_one_is_refused_then(world: World) -> None:
    ben = Visitor(world)
    for _ in range(6):
        await ben.sign_in(BEN, "not-His-password-1")
    answer = await ben.sign_in(BEN)
    assert (answer.status_code, "This account is locked" in answer.text) == (400, True)
    assert ben.cookie() is None


async def test_guessing_is_slowed_down(world: World) -> None:
    visitor = Visitor(world)
    for turn in range(10):
        await visitor.sign_in(f"nobody-{turn}@example.com", "not-A-password-1")
    answer = await visitor.sign_in(ADA)
    assert (answer.status_code, "<h1>Too many failed attempts" in answer.text) == (429, True)
    world.clock.turn(15 * MINUTE)
    assert (await visitor.sign_in(ADA)).status_code == 303


async def test_who_was_locked_by_a_superuser_is_out_at_once(world: World) -> None:
    ben = Visitor(world)
    await ben.sign_in(BEN)
    await world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"locked": "true"})
    assert (await ben.get(PROFILE)).status_code == 303
    assert (await ben.sign_in(BEN)).status_code == 400


async def test_a_session_ends_with_its_user(world: World) -> None:
    uma = Visitor(world)
    await uma.sign_in(UMA)
    await world.ask(UMA, "DELETE", "/tokens/self")
    answer = await world.ask(ADA, "DELETE", f"/user/{UMA.id}")
    assert answer.status_code == 200, answer.text
    assert (await uma.get(PROFILE)).headers["location"].startswith(SIGN_IN)
    assert (await uma.sign_in(UMA)).status_code == 400


async def test_the_address_must_be_on_the_allowlist(world: World) -> None:
    inside, outside = Visitor(world), Visitor(world, address="198.51.100.7")
    await outside.sign_in(ADA)
    await world.ask(ADA, "PUT", f"/customer/{WIDGETS}", data={"ip_whitelist": "192.0.2.0/24"})
    assert (await inside.sign_in(ADA)).status_code == 303
    refused = await outside.get(PROFILE)
    assert (refused.status_code, "not allowed" in refused.text) == (403, True)
    other = Visitor(world, address="198.51.100.7")
    assert (await other.sign_in(ADA)).status_code == 403
    assert other.cookie() is None


async def test_it_leads_on_to_where_one_wanted_to_go(world: World) -> None:
    ada = Visitor(world)
    away = await ada.get(f"{CONSOLE}/sessions?done=ended")
    assert away.status_code == 303
    assert away.headers["location"] == (
        f"{SIGN_IN}?next=%2F_tenantry%2Fconsole%2Fsessions%3Fdone%3Dended"
    )
    form = await ada.get(away.headers["location"])
    assert f'name="next" value="{CONSOLE}/sessions?done=ended"' in form.text
    answer = await ada.sign_in(ADA, next_path=f"{CONSOLE}/sessions?done=ended")
    assert answer.headers["location"] == f"{CONSOLE}/sessions?done=ended"


async def test_a_page_outside_the_console_is_gone_on_to_without_a_form(world: World) -> None:
    """The policy of forms would else cover wherever that page redirects to, a program's too."""
    answer = await Visitor(world).sign_in(ADA, next_path="/realms/fastly/x?a=1&b=%22")
    assert answer.status_code == 200
    assert 'content="0; url=/realms/fastly/x?a=1&amp;b=%22"' in answer.text
    assert 'href="/realms/fastly/x?a=1&amp;b=%22"' in answer.text
    assert "__Host-tenantry=" in answer.headers["set-cookie"]


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "javascript:alert(1)",
        "evil.example",
        " //evil.example",
        "/%00",
        "///evil.example",
        "/" + "x" * 3000,
    ],
)
async def test_no_link_leads_elsewhere(world: World, elsewhere: str) -> None:
    ada = Visitor(world)
    answer = await ada.sign_in(ADA, next_path=elsewhere)
    if elsewhere == "/%00":  # an address of this server, if one that serves nothing
        assert 'url=/%00"' in answer.text
    else:
        assert (answer.status_code, answer.headers["location"]) == (303, PROFILE)
    seen = await ada.client.get(SIGN_IN, params={"next": elsewhere})
    assert "evil.example" not in seen.text
    assert "javascript" not in seen.text


async def test_a_session_is_never_one_that_the_browser_brought(world: World) -> None:
    """Fixation: what somebody planted is worth nothing, before and after signing in."""
    victim = Visitor(world)
    victim.plant("planted-0000000000000000000000000")
    await victim.sign_in(ADA)
    assert victim.cookie() not in {None, "planted-0000000000000000000000000"}
    attacker = Visitor(world)
    attacker.plant("planted-0000000000000000000000000")
    assert (await attacker.get(PROFILE)).status_code == 303


async def test_signing_in_again_makes_another_session_and_ends_the_old_one(world: World) -> None:
    ada = Visitor(world)
    await ada.sign_in(ADA)
    old = ada.cookie()
    since = len(await world.events())
    await ada.sign_in_again(ADA)
    assert ada.cookie() != old
    assert await world.actions(since) == [
        "token.destroy",
        "user.logout",
        "token.create",
        "user.login",
    ]
    thief = Visitor(world)
    thief.plant(old or "")
    assert (await thief.get(PROFILE)).status_code == 303
    assert (await ada.get(PROFILE)).status_code == 200


async def test_signing_in_again_twice_at_once_ends_the_old_one_once(world: World) -> None:
    ada = Visitor(world)
    await ada.sign_in(ADA)
    since = len(await world.events())
    page = await ada.get(f"{SIGN_IN}?why=confirm")
    form = {"login": ADA.login, "password": PASSWORD, "form_token": form_token(page)}
    answers = await asyncio.gather(*(ada.post(SIGN_IN, form) for _ in range(2)))
    assert [answer.status_code for answer in answers] == [303, 303]
    actions = await world.actions(since)
    assert (actions.count("token.destroy"), actions.count("user.login")) == (1, 2)


async def test_a_failure_leaves_the_session_that_there_is(world: World) -> None:
    ada = Visitor(world)
    await ada.sign_in(ADA)
    assert (await ada.sign_in_again(ADA, "not-Her-password-1")).status_code == 400
    assert (await ada.get(PROFILE)).status_code == 200


async def test_who_is_signed_in_is_asked_to_sign_out_first(world: World) -> None:
    ada = Visitor(world)
    await ada.sign_in(ADA)
    page = await ada.get(f"{SIGN_IN}?next={CONSOLE}/tokens")
    assert "<h1>You are signed in</h1>" in page.text
    assert f'href="{CONSOLE}/tokens"' in page.text
    out = await ada.post(
        f"{CONSOLE}/sign-out", {"form_token": form_token(page), "next": f"{CONSOLE}/tokens"}
    )
    assert out.headers["location"] == f"{SIGN_IN}?next=%2F_tenantry%2Fconsole%2Ftokens"


async def test_another_accounts_login_needs_a_sign_out_first(world: World) -> None:
    """The old session is of a log that the new one's unit of work does not hold."""
    visitor = Visitor(world)
    await visitor.sign_in(ADA)
    before = len(await world.events()), len(await world.events(OTHER))
    answer = await visitor.sign_in_again(EVE)
    assert (answer.status_code, "sign out first" in answer.text) == (409, True)
    assert (len(await world.events()), len(await world.events(OTHER))) == before
    assert "ada@example.com" in (await visitor.get(PROFILE)).text


async def test_two_people_of_one_account_may_follow_each_other(world: World) -> None:
    visitor = Visitor(world)
    await visitor.sign_in(ADA)
    old = visitor.cookie()
    assert (await visitor.sign_in_again(BEN)).status_code == 303
    assert "ben@example.com" in (await visitor.get(PROFILE)).text
    visitor.plant(old or "")
    assert (await visitor.get(PROFILE)).status_code == 303


async def test_a_second_factor_is_asked_for_before_there_is_a_session(world: World) -> None:
    await enable_two_factors(world, BEN.id)
    ben = Visitor(world)
    since = len(await world.events())
    answer = await ben.sign_in(BEN, next_path=f"{CONSOLE}/tokens")
    assert answer.headers["location"] == f"{CONSOLE}/second-factor"
    assert (ben.cookie(), len(ben.cookie("__Host-tenantry-step") or "")) == (None, 32)
    assert await world.actions(since) == []
    assert (await ben.get(PROFILE)).status_code == 303


async def enable_two_factors(world: World, user_id: str) -> None:
    async def work(unit: Unit) -> None:
        await unit.run(_ENABLE, user=user_id)

    await world.app.database.write(work)


async def test_a_step_is_open_for_ten_minutes(world: World) -> None:
    await world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"require_new_password": "true"})
    ben = Visitor(world)
    await ben.sign_in(BEN)
    world.clock.turn(10 * MINUTE - SECOND)
    assert (await ben.get(f"{CONSOLE}/new-password")).status_code == 200
    world.clock.turn(SECOND)
    assert (await ben.get(f"{CONSOLE}/new-password")).headers["location"] == SIGN_IN
