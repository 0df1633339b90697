"""Every page, in light and dark, on wide screens and small: for everybody."""

from collections.abc import Callable

import httpx
import pytest

from tests.console.letters import link
from tests.console.surveying import survey
from tests.console.window import CONSOLE, Site, Window
from tests.federation_writes import BYPASSES, DOMAINS, PROVIDER, PROVIDERS
from tests.world import ADA, BEN, LIM, PASSWORD, SUE, TESS, UMA, Person

pytestmark = pytest.mark.browser

Way = Callable[[Site, Window], None]
"""How somebody comes to a page."""

LONG = "Aviation-and-Agricultural-Widgets-of-the-Northern-Hemisphere"


def _to(path: str) -> Way:
    return lambda _, window: window.open(path)


def _signed_in(path: str) -> Way:
    def go(_: Site, window: Window) -> None:
        window.sign_in(BEN)
        window.open(path)

    return go


def _ask(site: Site, method: str, path: str, **more: object) -> None:
    headers = {"Fastly-Key": ADA.token}
    answer = httpx.request(method, site.server.url + path, headers=headers, **more)  # type: ignore[arg-type] # httpx's own
    assert answer.is_success, answer.text


def _refused(_: Site, window: Window) -> None:
    window.sign_in("somebody@example.com", "not-a-Password-1")


def _sso_unknown(_: Site, window: Window) -> None:
    window.open(f"{CONSOLE}/sso")
    window.fill("E-mail address at work", "ben@example.com")
    window.press("Continue")


def _password(site: Site, window: Window, who: Person = UMA) -> None:
    _ask(site, "POST", f"/user/{who.login}/password/request_reset")
    window.open(link(site.server, who.login, "/_tenantry/v1/password/"))


def _forgotten(_: Site, window: Window) -> None:
    window.open(f"{CONSOLE}/forgotten-password")
    window.page.get_by_label("Login").fill(TESS.login)
    window.page.locator("main button[type=submit]").click()
    window.page.wait_for_load_state()


def _weak_password(site: Site, window: Window) -> None:
    _password(site, window, LIM)
    window.fill("New password", "abcdefghijklmn")
    window.fill("The same once more", "abcdefghijklmn")
    window.press("Set password")


def _invitation(site: Site, window: Window) -> None:
    login = "lin@example.com"
    attributes = {"email": login, "role": "engineer", "limit_services": False}
    document = {"data": {"type": "invitation", "attributes": attributes}}
    _ask(site, "POST", "/invitations", json=document)
    window.open(link(site.server, login, "/_tenantry/v1/invitation/"))


def _new_token(_: Site, window: Window) -> None:
    window.sign_in(BEN)
    window.open(f"{CONSOLE}/tokens")
    window.fill("Name", f"deploys of {LONG}")
    window.press("Make token")


def _company(path: str = "") -> Way:
    def go(site: Site, window: Window) -> None:
        _ask(site, "POST", "/sudo", data={"password": PASSWORD})
        provider = {**PROVIDER, "name": f"Login of {LONG}", "issuer": f"https://{LONG}.example.com"}
        _ask(site, "POST", PROVIDERS, json=provider)
        _ask(site, "POST", DOMAINS, json={"domain": f"{LONG}.example.com"})
        _ask(site, "PUT", f"{BYPASSES}/{SUE.id}")
        window.sign_in(ADA)
        window.open(f"{CONSOLE}/company")
        if path:
            window.page.locator(f"a[href*='/company/{path}/']").first.click()
            window.page.wait_for_load_state()

    return go


def _company_refused(site: Site, window: Window) -> None:
    _company()(site, window)
    window.page.get_by_text("Connect a provider").click()
    window.fill("Name", "Login")
    window.fill("Issuer", "http://login.example.com")
    window.press("Connect")


def _revoking(_: Site, window: Window) -> None:
    window.sign_in(BEN)
    window.open(f"{CONSOLE}/tokens/{BEN.token_id}")


PAGES: dict[str, Way] = {
    "sign-in": _to(f"{CONSOLE}/sign-in"),
    "sign-in-ended": _to(f"{CONSOLE}/sign-in?why=ended"),
    "sign-in-refused": _refused,
    "sso": _to(f"{CONSOLE}/sso"),
    "sso-unknown": _sso_unknown,
    "sso-stale": _to(f"{CONSOLE}/sso/callback/none?code=x&state=y"),
    "signed-in": _signed_in(f"{CONSOLE}/sign-in"),
    "sign-out": _signed_in(f"{CONSOLE}/sign-out"),
    "profile": _signed_in(f"{CONSOLE}/profile"),
    "profile-saved": _signed_in(f"{CONSOLE}/profile?done=name"),
    "change-password": _signed_in(f"{CONSOLE}/profile/password"),
    "sessions": _signed_in(f"{CONSOLE}/sessions"),
    "tokens": _signed_in(f"{CONSOLE}/tokens"),
    "token-made": _new_token,
    "token-revoking": _revoking,
    "company": _company(),
    "company-refused": _company_refused,
    "company-provider": _company("providers"),
    "company-domain": _company("domains"),
    "password": _password,
    "password-weak": _weak_password,
    "forgotten": _to(f"{CONSOLE}/forgotten-password"),
    "forgotten-asked": _forgotten,
    "password-spent": _to("/_tenantry/v1/password/none"),
    "invitation": _invitation,
    "invitation-spent": _to("/_tenantry/v1/invitation/none"),
    "absent": _signed_in(f"{CONSOLE}/nothing-of-that-name"),
}


@pytest.mark.parametrize("name", PAGES)
def test_it_is_for_everybody(showroom: Site, name: str) -> None:
    window = showroom.window()
    PAGES[name](showroom, window)
    survey(window, name)
