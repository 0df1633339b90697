"""Every way in, up to before its last step: what a policy may still change is changed then."""

import dataclasses
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx

from tests.areas.factor_calls import enrol
from tests.areas.invitation_calls import CHOSEN, LIN, invite
from tests.areas.realm_calls import LISTENER, address, deciding, program
from tests.areas.test_password_page import mailed
from tests.console.browser import CONSOLE, Visitor, form_token
from tests.console.company import PROFILE, Company
from tests.console.security_key import challenge_in, options_in
from tests.console.test_factors import begun
from tests.console.test_passkey_alone import allow
from tests.console.test_passkeys import has_passkey
from tests.world import ADA, BEN, PASSWORD, WIDGETS, Person, World

NEW = "stapled-Sponge-7-otter"
CHOICE = {"password": NEW, "password_again": NEW}
SIGN_IN, SECOND, PASSKEY = (f"{CONSOLE}/{one}" for one in ("sign-in", "second-factor", "passkey"))
NEW_PASSWORD, ENROL = f"{CONSOLE}/new-password", f"{CONSOLE}/factors/enrol"
WAITING = (NEW_PASSWORD, ENROL)
PLACES = {
    PROFILE: "in",
    SIGN_IN: "begin again",
    SECOND: "second factor",
    NEW_PASSWORD: "new password",
    ENROL: "enrol",
}


@dataclass
class Ready:
    """Somebody before the last step."""

    finish: Callable[[], Awaitable[httpx.Response]]
    who: Person = BEN
    browser: Visitor | None = None

    async def come(self) -> str | int:
        """Take it: `in`, a step that is yet to come, or the status of a refusal."""
        answer = await self.finish()
        if self.browser is not None and (await self.browser.get(PROFILE)).status_code == 200:
            return "in"
        place = answer.headers.get("location", "")
        if place.startswith(LISTENER):
            return "in" if "code=" in place else place
        if place:
            return PLACES[place.partition("?")[0]]
        if answer.status_code != 200:
            return answer.status_code
        return next((PLACES[one] for one in WAITING if f'href="{one}"' in answer.text), "in")


Way = Callable[[Company], Awaitable[Ready]]


async def _form(
    browser: Visitor, path: str, form: dict[str, str], *, at: str | None = None
) -> Ready:
    """A form that is open in a browser, and not sent yet."""
    given = {"form_token": form_token(await browser.get(at or path)), **form}
    return Ready(lambda: browser.post(path, given), browser=browser)


def _api(company: Company, method: str, path: str, who: Person | None = None, **more: Any) -> Ready:
    return Ready(lambda: company.world.ask(who, method, path, **more))


async def on_the_page(company: Company) -> Ready:
    form = {"login": BEN.login, "password": PASSWORD}
    return await _form(Visitor(company.world), SIGN_IN, form)


async def halfway(world: World, place: str) -> Visitor:
    """A browser where the password was right, and something else is wanted."""
    browser = Visitor(world)
    assert (await browser.sign_in(BEN)).headers["location"] == place
    return browser


async def by_second_factor(company: Company) -> Ready:
    app, _ = await enrol(company.world, BEN)
    browser = await halfway(company.world, SECOND)
    return await _form(browser, SECOND, {"code": app.code()})


async def by_recovery_code(company: Company) -> Ready:
    _, codes = await enrol(company.world, BEN)
    return await _form(await halfway(company.world, SECOND), SECOND, {"code": codes[0]})


async def by_passkey_beside(company: Company) -> Ready:
    key = await has_passkey(company.world)
    browser = await halfway(company.world, SECOND)
    page = (await browser.get(SECOND)).text
    form = {"challenge": challenge_in(page), "credential": key.sign(options_in(page))}
    return await _form(browser, SECOND, form)


async def force_2fa(world: World) -> None:
    """Ada does so, and is in sudo mode by her code: what her password alone lifted has ended."""
    app, _ = await enrol(world, ADA)
    answer = await world.ask(ADA, "PUT", f"/customer/{WIDGETS}", data={"force_2fa": "true"})
    assert answer.status_code == 200, answer.text
    form, headers = {"password": PASSWORD}, {"Fastly-OTP": app.code()}
    answer = await world.ask(ADA, "POST", "/sudo", data=form, headers=headers)
    assert answer.status_code == 200, answer.text


async def by_enrolling(company: Company) -> Ready:
    await force_2fa(company.world)
    browser = await halfway(company.world, ENROL)
    place, app = await begun(company.world, browser)
    return await _form(browser, place, {"code": app.code()})


async def require_new_password(world: World, who: Person = BEN) -> None:
    form = {"require_new_password": "true"}
    assert (await world.ask(ADA, "PUT", f"/user/{who.id}", data=form)).status_code == 200


async def by_new_password(company: Company) -> Ready:
    await require_new_password(company.world)
    browser = await halfway(company.world, NEW_PASSWORD)
    return await _form(browser, NEW_PASSWORD, CHOICE)


async def by_passkey_alone(company: Company) -> Ready:
    await allow(company.world)
    key = await has_passkey(company.world)
    browser = Visitor(company.world)
    page = (await browser.get(PASSKEY)).text
    form = {"challenge": challenge_in(page), "credential": key.sign(options_in(page))}
    return await _form(browser, PASSKEY, form)


async def _link(world: World, who: Person) -> Ready:
    (link,) = await mailed(world, who.login)
    return Ready(lambda: world.ask(None, "POST", link, data=CHOICE), who)


async def by_first_link(company: Company) -> Ready:
    login = "nia@example.com"
    answer = await company.world.ask(ADA, "POST", "/user", data={"login": login})
    nia = dataclasses.replace(BEN, id=answer.json()["id"], login=login, token_id="")
    return await _link(company.world, nia)


async def by_reset_link(company: Company) -> Ready:
    await company.world.ask(ADA, "POST", f"/user/{BEN.login}/password/request_reset")
    return await _link(company.world, BEN)


async def by_invitation(company: Company) -> Ready:
    await invite(company.world)
    (letter,) = [one for one in await company.world.letters() if one["to"] == LIN]
    code = company.world.app.keyring.code_for(*letter["code"])
    form = {"name": "Lin", "password": CHOSEN, "password_again": CHOSEN}
    return _api(company, "POST", f"/_tenantry/v1/invitation/{code}", data=form)


async def by_token(company: Company) -> Ready:
    form = {"username": BEN.login, "password": PASSWORD}
    return _api(company, "POST", "/tokens", data=form)


async def by_sudo(company: Company) -> Ready:
    return _api(company, "POST", "/sudo", BEN, data={"password": PASSWORD})


async def by_changing_it(company: Company) -> Ready:
    change = {"old_password": PASSWORD, "new_password": NEW}
    basic = httpx.BasicAuth(BEN.login, PASSWORD)
    return _api(company, "POST", "/current_user/password", data=change, auth=basic)


async def _in_session(
    company: Company, path: str, form: dict[str, str], *, at: str | None = None
) -> Ready:
    browser = Visitor(company.world)
    await browser.sign_in(BEN)
    ready = await _form(browser, path, form, at=at)
    return Ready(ready.finish)


async def by_lifted_key(company: Company) -> Ready:
    await company.world.sudo(BEN)
    return _api(company, "POST", "/tokens", BEN, data={"name": "one more"})


async def by_tokens_page(company: Company) -> Ready:
    return await _in_session(company, f"{CONSOLE}/tokens", {"name": "one more"})


async def by_password_page(company: Company) -> Ready:
    return await _in_session(company, f"{PROFILE}/password", {"old_password": PASSWORD, **CHOICE})


async def by_company(company: Company) -> Ready:
    # That it is he was seen before: nobody is linked once he is gone.
    assert (await company.sign_in(BEN)).status_code == 303
    place = await company.begin(BEN, browser := Visitor(company.world))
    known = {"email": BEN.login, "email_verified": True, "sub": f"subject of {BEN.login}"}
    query = company.provider.consent(place, **known)
    return Ready(lambda: company.come_back(query, browser), browser=browser)


async def by_consent(company: Company) -> Ready:
    return await _in_session(company, deciding(), {"decision": "allow"}, at=address())


async def by_code(company: Company) -> Ready:
    cli = await program(company.world, BEN)
    code = await cli.code()
    return Ready(lambda: cli.redeem(code))


async def by_refreshing(company: Company) -> Ready:
    cli = await program(company.world, BEN)
    secret = (await cli.tokens())["refresh_token"]
    return Ready(lambda: cli.refresh(secret))


async def by_refreshing_later(company: Company) -> Ready:
    cli = await program(company.world, BEN)
    issued, _ = await cli.session()
    return Ready(lambda: cli.refresh(issued["refresh_token"]))


async def by_exchange(company: Company) -> Ready:
    cli = await program(company.world, BEN)
    token = (await cli.tokens())["access_token"]
    return Ready(lambda: cli.exchange(token))
