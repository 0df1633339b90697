"""What a refused password tells a stranger: nothing of who is here, and not for ever."""

from time import perf_counter

import httpx
import pytest

from tenantry.areas.users.sign_in import REFUSED_AFTER
from tests.areas.account_calls import edit_customer
from tests.areas.test_allowlist import FAR, HERE, allow, ask_from
from tests.areas.test_force_sso import UNPROVED, forced
from tests.areas.test_sign_in import ELSEWHERE, INVALID, TOO_MANY, UNKNOWN, WRONG, fail, sign_in
from tests.console.browser import CONSOLE, Visitor, form_token
from tests.console.company import Company, company
from tests.world import ADA, BEN, EVE, OTHER, PASSWORD, WIDGETS, World

__all__ = ["company"]

NOBODY, STRANGER = "nobody@example.com", "nobody@elsewhere.example.org"


async def from_afar(world: World, login: str, password: str = WRONG) -> httpx.Response:
    form = {"username": login, "password": password}
    return await ask_from(FAR, world, None, "POST /tokens", data=form)


async def test_an_allowlist_is_told_to_whom_the_password_was_right_for(world: World) -> None:
    await allow(world, HERE)
    since = len(await world.events())
    for login in (BEN.login, NOBODY):
        answer = await from_afar(world, login)
        assert (answer.status_code, answer.json()) == (400, INVALID), login
    answer = await from_afar(world, BEN.login, PASSWORD)
    assert (answer.status_code, answer.json()) == (403, ELSEWHERE)
    assert await world.actions(since) == ["user.login_failure"] * 2
    assert '"reason":"elsewhere"' in (await world.events())[-1][2]
    basic = httpx.BasicAuth(BEN.login, WRONG)
    answer = await ask_from(FAR, world, None, "POST /current_user/password", auth=basic)
    assert (answer.status_code, answer.json()) == (401, UNKNOWN)


async def test_no_policy_is_asked_about_for_ever(world: World) -> None:
    await allow(world, HERE)
    answers = [await from_afar(world, BEN.login, PASSWORD) for _ in range(11)]
    assert [one.status_code for one in answers] == [403] * 10 + [429]
    # To be kept out is no guess at the password: it locks nobody.
    assert (await world.ask(ADA, "GET", f"/user/{BEN.id}")).json()["locked"] is None


async def test_the_page_tells_no_more(world: World) -> None:
    await allow(world, HERE)
    pages = []
    for login in (BEN.login, NOBODY):
        answer = await Visitor(world, address=FAR).sign_in(login, WRONG)
        text = answer.text.replace(form_token(answer), "").replace(login, "")
        pages.append((answer.status_code, text))
    assert pages[0] == pages[1]
    answer = await Visitor(world, address=FAR).sign_in(BEN)
    assert (answer.status_code, ELSEWHERE["msg"] in answer.text) == (403, True)


async def test_that_a_company_signs_in_elsewhere_is_told_of_its_domain(company: Company) -> None:
    """Of Ben's login as of Ada's, who is spared, and of one that nobody has."""
    world = company.world
    await forced(company)
    for login in (BEN.login, ADA.login, NOBODY, NOBODY.upper()):
        answer = await sign_in(world, login, WRONG)
        assert (answer.status_code, answer.json()) == (403, UNPROVED), login
    assert (await sign_in(world, STRANGER, WRONG)).json() == INVALID
    assert (await sign_in(world, ADA.login)).status_code == 200
    pages = []
    for login in (BEN.login, ADA.login, NOBODY):
        answer = await Visitor(world).sign_in(login, WRONG)
        text = answer.text.replace(form_token(answer), "").replace(login, "")
        pages.append((answer.status_code, text))
    assert pages == [(403, pages[0][1])] * 3


async def test_where_no_password_counts_none_is_guessed_for_ever(company: Company) -> None:
    world = company.world
    await forced(company)
    answers = [await sign_in(world, BEN.login, WRONG) for _ in range(11)]
    assert [one.status_code for one in answers] == [403] * 10 + [429]
    # Nor is anybody locked by it, who has none.
    assert (await world.ask(ADA, "GET", f"/user/{BEN.id}")).json()["locked"] is None


async def test_who_shows_a_key_is_told_his_own_mistake(company: Company) -> None:
    world = company.world
    await forced(company)
    change = {"old_password": WRONG, "new_password": "stapled-Sponge-7-otter"}
    answer = await world.ask(ADA, "POST", "/current_user/password", data=change)
    assert answer.json()["detail"] == "Old password is incorrect"
    answer = await world.ask(ADA, "POST", "/tokens", data={"password": WRONG})
    assert (answer.status_code, answer.json()) == (400, INVALID)


async def test_who_is_bound_is_told_where_to_go_whatever_he_types(world: World) -> None:
    """Also where his domain is not verified (contract: access §10.2)."""
    await edit_customer(world, WIDGETS, force_sso=True)
    for password in (WRONG, PASSWORD):
        answer = await sign_in(world, BEN.login, password)
        assert (answer.status_code, answer.json()) == (403, UNPROVED)
    for login in (ADA.login, NOBODY):
        assert (await sign_in(world, login, WRONG)).json() == INVALID


async def test_whose_login_is_of_another_account_is_told_to_him_alone(world: World) -> None:
    ada = Visitor(world)
    await ada.sign_in(ADA)
    since, others = len(await world.events()), len(await world.events(OTHER))
    pages = []
    for login in (EVE.login, NOBODY):
        form = {"login": login, "password": WRONG}
        page = f"{CONSOLE}/sign-in"
        answer = await ada.send(page, form, at=f"{page}?why=confirm")
        text = answer.text.replace(form_token(answer), "").replace(login, "")
        pages.append((answer.status_code, text))
    assert pages == [(400, pages[0][1])] * 2
    assert await world.actions(others, OTHER) == ["user.login_failure"]
    assert (await ada.sign_in_again(EVE)).status_code == 409
    assert len(await world.events(OTHER)) == others + 1
    assert len(await world.events()) == since
    for _ in range(8):
        await ada.sign_in_again(EVE, WRONG)
    answer = await ada.sign_in_again(EVE)
    assert (answer.status_code, TOO_MANY["msg"] in answer.text) == (429, True)


@pytest.mark.parametrize("form", [{}, {"old_password": WRONG, "new_password": "short"}])
async def test_a_lock_tells_nothing_of_a_change_either(world: World, form: dict[str, str]) -> None:
    """What is wrong with the rest would say that the password is right."""
    await fail(world, BEN, 6)
    for password in (PASSWORD, WRONG):
        basic = httpx.BasicAuth(BEN.login, password)
        answer = await world.ask(None, "POST", "/current_user/password", data=form, auth=basic)
        assert (answer.status_code, answer.json()) == (401, UNKNOWN)


@pytest.mark.parametrize("policy", ["elsewhere", "sso"])
async def test_a_refusal_by_a_policy_takes_as_long(world: World, policy: str) -> None:
    if policy == "elsewhere":
        await allow(world, HERE)
    else:
        await edit_customer(world, WIDGETS, force_sso=True)
    began = perf_counter()
    assert (await from_afar(world, BEN.login, PASSWORD)).status_code == 403
    assert perf_counter() - began >= REFUSED_AFTER
