"""Signing in to the command line in other ways than by a password alone."""

from tests.areas.account_calls import edit_customer, edit_user
from tests.areas.factor_calls import enrol
from tests.areas.realm_calls import Program, answered, claims, onward, program, wanted
from tests.areas.test_force_sso import forced
from tests.console.browser import CONSOLE
from tests.console.company import SSO, Company, company, leads_to
from tests.world import ADA, BEN, WIDGETS, World

__all__ = ["company"]

SECOND = f"{CONSOLE}/second-factor"


async def test_a_second_factor_is_asked_for_on_the_way(world: World) -> None:
    app, _ = await enrol(world, BEN)
    await edit_customer(world, WIDGETS, force_2fa=True)
    cli = Program(world)
    place = wanted(await cli.open(prompt="login"))
    answer = await cli.browser.sign_in(BEN, next_path=place)
    assert answer.headers["location"] == SECOND
    assert wanted(await cli.browser.get(place))
    answer = await cli.browser.send(SECOND, {"code": app.code()})
    assert onward(answer) == place
    assert "Allow" in (await cli.browser.get(place)).text
    issued = await cli.tokens()
    assert claims(issued["id_token"])["amr"] == ["pwd", "otp"]
    assert (await cli.exchange(issued["access_token"])).status_code == 200


async def _sign_in(company: Company, place: str) -> str:
    """Sign in as Ben at his company; where that leads."""
    answer = await company.visitor.send(SSO, {"login": BEN.login, "next": place})
    known = {"email": BEN.login, "email_verified": True, "sub": "Ben at Example Widgets"}
    query = company.provider.consent(leads_to(answer), **known)
    return onward(await company.come_back(query))


async def test_a_company_that_forces_its_own_sign_in_vouches(company: Company) -> None:
    await forced(company)
    await edit_user(company.world, BEN, require_new_password=True)
    await edit_customer(company.world, WIDGETS, force_2fa=True)
    cli = Program(company.world)
    cli.browser = company.visitor
    place = wanted(await cli.open())
    assert await _sign_in(company, place) == place
    issued = await cli.tokens()
    assert claims(issued["access_token"])["amr"] == ["sso"]
    assert (await cli.exchange(issued["access_token"])).status_code == 200
    assert (await cli.refresh(issued["refresh_token"])).status_code == 200


async def test_what_a_password_brought_ends_when_it_counts_no_more(company: Company) -> None:
    cli = await program(company.world, BEN)
    waiting = await program(company.world, BEN)
    issued, session = await cli.session()
    code = await waiting.code()
    await forced(company)
    key = session["access_token"]
    assert (await company.world.ask(key, "GET", "/tokens/self")).status_code == 401
    assert (await cli.refresh(issued["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await waiting.redeem(code)).json()["error"] == "invalid_grant"


async def test_whoever_is_spared_goes_on_with_his_password(company: Company) -> None:
    await forced(company)
    cli = await program(company.world, ADA)
    assert "code" in answered(await cli.allow())
