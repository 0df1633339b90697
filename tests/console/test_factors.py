"""Setting second factors up and taking them away, on the pages."""

import asyncio
import html
import re

import httpx
import pytest

from tenantry.areas.users.authenticators import OPEN_FOR, STEP
from tenantry.core.clock import MINUTE
from tests.areas.account_calls import edit_customer
from tests.areas.factor_calls import App, enrol
from tests.areas.test_two_factor import make_token
from tests.console.browser import CONSOLE, Visitor, form_token
from tests.world import ADA, BEN, EVE, SUE, WIDGETS, World

FACTORS = f"{CONSOLE}/factors"
ENROL = f"{FACTORS}/enrol"
SECOND = f"{CONSOLE}/second-factor"
CODE = re.compile(r"<li>([0-9A-HJKMNP-TV-Z]{6}(?:-[0-9A-HJKMNP-TV-Z]{6}){3})</li>")


async def signed_in(world: World, who: object = BEN) -> Visitor:
    visitor = Visitor(world)
    assert (await visitor.sign_in(who)).status_code == 303  # type: ignore[arg-type] # a person
    return visitor


async def begun(world: World, visitor: Visitor) -> tuple[str, App]:
    """An app that has taken a secret in, and the page that waits for its first code."""
    answer = await visitor.send(ENROL, {"name": "Blue telephone"})
    assert answer.status_code == 303
    place = answer.headers["location"]
    shown = await visitor.get(place)
    found = re.search(r'id="secret">([A-Z2-7 ]+)<', shown.text)
    assert found is not None
    world.secrets |= {found[1], found[1].replace(" ", "")}
    return place, App(world, found[1])


def codes_in(world: World, answer: httpx.Response) -> list[str]:
    codes = CODE.findall(answer.text)
    world.secrets |= set(codes)
    return codes


@pytest.mark.parametrize("ahead", [0, 1])
async def test_an_app_is_set_up_and_asked_for_from_then_on(world: World, ahead: int) -> None:
    ben = await signed_in(world)
    assert "Off" in (await ben.get(FACTORS)).text
    place, app = await begun(world, ben)
    since = len(await world.events())
    answer = await ben.send(place, {"code": app.wrong()})
    assert (answer.status_code, await world.actions(since)) == (400, [])
    answer = await ben.send(place, {"code": f" {' '.join(app.code(steps=ahead))} "})
    assert (answer.status_code, len(codes_in(world, answer))) == (200, 10)
    assert await world.actions(since) == ["authenticator.create", "two_factor_auth.enable"]
    assert re.search(r"(?s)Blue telephone.*>just now</time>", (await ben.get(FACTORS)).text)
    assert (await ben.get(place)).headers["location"] == FACTORS

    again = Visitor(world)
    assert (await again.sign_in(BEN)).headers["location"] == SECOND
    assert again.cookie() is None
    # The code that confirmed is used up.
    assert (await again.send(SECOND, {"code": app.code()})).status_code == 400
    world.clock.turn((1 + ahead) * STEP)
    answer = await again.send(SECOND, {"code": app.code()})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{CONSOLE}/profile")
    assert (await again.get(f"{CONSOLE}/profile")).status_code == 200


async def test_the_first_ends_sudo_but_where_it_is_set_up(world: World) -> None:
    ben, elsewhere = await signed_in(world), await signed_in(world)
    for one in (ben, elsewhere):
        assert (await one.get(ENROL)).status_code == 200
    place, app = await begun(world, ben)
    answer = await ben.send(place, {"code": app.code()})
    assert (answer.status_code, len(codes_in(world, answer))) == (200, 10)
    assert (await ben.get(ENROL)).status_code == 200
    assert "why=confirm" in (await elsewhere.get(ENROL)).headers["location"]
    assert (await elsewhere.get(FACTORS)).status_code == 200


async def test_the_qr_code_is_drawn_here_and_says_the_same(world: World) -> None:
    ben = await signed_in(world)
    place, _ = await begun(world, ben)
    shown = await ben.get(place)
    assert "<svg" in shown.text
    assert "http" not in re.sub(r'xmlns="[^"]+"', "", shown.text[shown.text.index("<body") :])
    assert "style=" not in shown.text
    policy = shown.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy


async def test_an_app_that_nobody_confirmed_counts_for_nothing(world: World) -> None:
    ben = await signed_in(world)
    place, app = await begun(world, ben)
    assert (await make_token(world)).status_code == 200
    world.clock.turn(OPEN_FOR)
    ben = await signed_in(world)
    assert (await ben.get(place)).status_code == 404
    assert (await ben.send(place, {"code": app.code()}, at=ENROL)).status_code == 404


async def test_of_two_enrolments_at_once_both_count_and_one_turns_it_on(world: World) -> None:
    one, two = await signed_in(world), await signed_in(world)
    (first, app), (second, other) = await begun(world, one), await begun(world, two)
    since = len(await world.events())
    tokens = [form_token(await browser.get(at)) for browser, at in ((one, first), (two, second))]
    answers = await asyncio.gather(
        one.post(first, {"form_token": tokens[0], "code": app.code()}),
        two.post(second, {"form_token": tokens[1], "code": other.code()}),
        one.post(first, {"form_token": tokens[0], "code": app.code()}),
    )
    assert [len(codes_in(world, answer)) for answer in answers].count(10) == 1
    told = sorted(await world.actions(since))
    assert told == ["authenticator.create"] * 2 + ["two_factor_auth.enable"]


async def test_another_persons_factors_are_as_if_absent(world: World) -> None:
    ben, eve = await signed_in(world), await signed_in(world, EVE)
    place, app = await begun(world, ben)
    for path in (place, place.replace("enrol/authenticator/", "") + "/removal"):
        assert (await eve.get(path)).status_code == 404
    given = {"code": app.code()}
    assert (await eve.send(place, given, at=ENROL)).status_code == 404
    assert (await ben.send(place, given)).status_code == 200


async def test_factors_are_changed_by_whom_has_signed_in_lately_alone(world: World) -> None:
    await enrol(world, ADA)
    ben = await signed_in(world)
    world.clock.turn(11 * MINUTE)
    assert (await ben.get(FACTORS)).status_code == 200
    for path in (ENROL, f"{ENROL}/passkey", f"{FACTORS}/recovery-codes", f"{FACTORS}/x/removal"):
        answer = await ben.get(path)
        assert answer.status_code == 303
        assert "why=confirm" in answer.headers["location"]
    answer = await ben.send(ENROL, {"name": "x"}, at=f"{CONSOLE}/sign-out")
    assert "why=confirm" in answer.headers["location"]
    assert (await Visitor(world).get(ENROL)).headers["location"].startswith(f"{CONSOLE}/sign-in")


async def test_the_last_factor_that_is_removed_turns_it_off(world: World) -> None:
    ben = await signed_in(world)
    place, app = await begun(world, ben)
    await ben.send(place, {"code": app.code()})
    removal = place.replace("enrol/authenticator/", "") + "/removal"
    assert "last second factor" in (await ben.get(removal)).text
    since = len(await world.events())
    answer = await ben.send(removal, {})
    assert answer.headers["location"] == f"{FACTORS}?done=removed"
    assert await world.actions(since) == ["authenticator.delete", "two_factor_auth.disable"]
    told = [letter["facts"]["what"] for letter in await world.letters()]
    assert "An authenticator app was removed: Blue telephone." in told
    assert (await make_token(world)).status_code == 200
    user = (await world.ask(ADA, "GET", f"/user/{BEN.id}")).json()
    assert user["two_factor_auth_enabled"] is False


async def test_the_last_one_stays_while_the_account_forces_it(world: World) -> None:
    ben = await signed_in(world)
    place, app = await begun(world, ben)
    await ben.send(place, {"code": app.code()})
    await edit_customer(world, force_2fa=True)
    removal = place.replace("enrol/authenticator/", "") + "/removal"
    since = len(await world.events())
    answer = await ben.send(removal, {})
    assert answer.status_code == 400
    assert "Two-factor authentication is required for this account" in answer.text
    assert await world.actions(since) == []
    assert (await make_token(world)).status_code == 400


async def test_recovery_codes_sign_in_once_and_are_renewed(world: World) -> None:
    _, codes = await enrol(world, BEN)
    ben = Visitor(world)
    await ben.sign_in(BEN)
    form = await ben.get(f"{SECOND}?way=recovery")
    assert "Recovery code" in form.text
    assert (await ben.send(SECOND, {"code": codes[0], "way": "recovery"})).status_code == 303
    other = Visitor(world)
    await other.sign_in(BEN)
    answer = await other.send(SECOND, {"code": codes[0], "way": "recovery"})
    assert (answer.status_code, "Recovery code" in answer.text) == (400, True)
    assert "9 left" in (await ben.get(FACTORS)).text
    since = len(await world.events())
    answer = await ben.send(f"{FACTORS}/recovery-codes", {})
    fresh = codes_in(world, answer)
    assert (len(fresh), await world.actions(since)) == (10, ["recovery_codes.create"])
    assert (await make_token(world, codes[1])).status_code == 400
    assert (await make_token(world, fresh[0])).status_code == 200


async def test_there_are_no_recovery_codes_without_a_factor(world: World) -> None:
    ben = await signed_in(world)
    answer = await ben.send(f"{FACTORS}/recovery-codes", {})
    assert answer.status_code == 400


async def test_a_step_is_taken_once_and_ends(world: World) -> None:
    _, codes = await enrol(world, BEN)
    ben = Visitor(world)
    await ben.sign_in(BEN)
    token = form_token(await ben.get(SECOND))
    forms = [{"form_token": token, "code": code} for code in codes[:2]]
    answers = await asyncio.gather(*(ben.post(SECOND, form) for form in forms))
    places = sorted(answer.headers["location"] for answer in answers)
    assert places == [f"{CONSOLE}/profile", f"{CONSOLE}/sign-in"]
    late = Visitor(world)
    await late.sign_in(BEN)
    world.clock.turn(10 * MINUTE)
    assert (await late.get(SECOND)).headers["location"] == f"{CONSOLE}/sign-in"


async def test_wrong_codes_on_the_page_lock_too_and_passwords_between_do_not_help(
    world: World,
) -> None:
    app, _ = await enrol(world, BEN)
    ben = Visitor(world)
    for _ in range(3):
        assert (await ben.sign_in(BEN)).headers["location"] == SECOND
        for _ in range(2):
            assert (await ben.send(SECOND, {"code": app.wrong()})).status_code == 400
    assert (await world.actions(0))[-1] == "user.lock"
    # The lock has closed the step that was open.
    assert (await ben.get(SECOND)).status_code == 303
    assert (await Visitor(world).sign_in(BEN)).status_code == 400


async def test_who_must_have_a_second_factor_sets_it_up_before_coming_in(world: World) -> None:
    await edit_customer(world, force_2fa=True)
    ben = Visitor(world)
    answer = await ben.sign_in(BEN, next_path=f"{CONSOLE}/sessions")
    assert (answer.headers["location"], ben.cookie()) == (ENROL, None)
    assert "asks everybody for a second factor" in (await ben.get(ENROL)).text
    assert (await ben.get(f"{CONSOLE}/profile")).status_code == 303
    place, app = await begun(world, ben)
    since = len(await world.events())
    answer = await ben.send(place, {"code": app.code()})
    assert len(codes_in(world, answer)) == 10
    told = ["authenticator.create", "two_factor_auth.enable", "token.create", "user.login"]
    assert await world.actions(since) == told
    assert f'href="{CONSOLE}/sessions"' in html.unescape(answer.text)
    assert (await ben.get(f"{CONSOLE}/sessions")).status_code == 200
    assert (await ben.get(ENROL)).status_code == 200


async def test_the_factor_is_his_who_signs_in_not_his_who_was_signed_in(world: World) -> None:
    """Sue's browser, where Ben has just given his password."""
    await enrol(world, ADA)
    browser = await signed_in(world, SUE)
    await edit_customer(world, force_2fa=True)
    assert (await browser.sign_in(BEN)).headers["location"] == ENROL
    place, app = await begun(world, browser)
    assert (await browser.send(place, {"code": app.wrong()})).status_code == 400
    assert len(codes_in(world, await browser.send(place, {"code": app.code()}))) == 10
    assert BEN.login in (await browser.get(f"{CONSOLE}/profile")).text
    users = (await world.ask(ADA, "GET", f"/customer/{WIDGETS}/users")).json()
    enabled = {user["login"] for user in users if user["two_factor_auth_enabled"]}
    assert enabled == {ADA.login, BEN.login}


async def test_forcing_it_ends_the_sessions_of_whom_has_none(world: World) -> None:
    app, _ = await enrol(world, ADA)
    ada, ben = Visitor(world), await signed_in(world)
    await ada.sign_in(ADA)
    await ada.send(SECOND, {"code": app.code()})
    form = {"force_2fa": "true"}
    answer = await world.ask(ADA, "PUT", f"/customer/{WIDGETS}", data=form)
    assert answer.status_code == 200
    assert (await ben.get(f"{CONSOLE}/profile")).status_code == 303
    assert (await ada.get(f"{CONSOLE}/profile")).status_code == 200
    assert (await ben.sign_in(BEN)).headers["location"] == ENROL


async def test_an_enrolment_lets_in_once(world: World) -> None:
    await edit_customer(world, force_2fa=True)
    ben = Visitor(world)
    await ben.sign_in(BEN)
    both = [await begun(world, ben), await begun(world, ben)]
    token = form_token(await ben.get(ENROL))
    since = len(await world.events())
    answers = await asyncio.gather(
        *(ben.post(place, {"form_token": token, "code": app.code()}) for place, app in both)
    )
    assert sorted(len(codes_in(world, answer)) for answer in answers) == [0, 10]
    # Who came second proved nothing: his app does not count.
    assert sorted(answer.status_code for answer in answers) == [200, 303]
    assert (await world.actions(since)).count("authenticator.create") == 1


@pytest.mark.parametrize("path", [SECOND, ENROL, f"{ENROL}/passkey", FACTORS])
async def test_strangers_are_sent_to_sign_in(world: World, path: str) -> None:
    answer = await Visitor(world).get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{CONSOLE}/sign-in")
