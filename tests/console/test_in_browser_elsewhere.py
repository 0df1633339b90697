"""Pages that people are led to from elsewhere: a command line, and their company."""

import asyncio
from collections.abc import Iterator
from html import escape
from threading import Event, Thread
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest
from playwright.sync_api import Route

from tenantry.core.clock import system_clock
from tests.console.listening import Listener, listening
from tests.console.provider import CLIENT, SECRET, Provider, provided
from tests.console.surveying import survey
from tests.console.window import CONSOLE, Site, Window
from tests.federation_writes import PROVIDERS, operators
from tests.world import ADA, BEN, OPERATOR, PASSWORD, WIDGETS

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("dialect", ["sqlite"])]

ASK = "/realms/fastly/protocol/openid-connect/auth"


def question(site: Site, listener: Listener) -> str:
    """Where a command line sends its user."""
    asked = {
        "audience": site.origin,
        "scope": "openid",
        "response_type": "code",
        "client_id": "fastly-cli",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
        "redirect_uri": f"{listener.origin}/callback",
        "state": "what-the-program-keeps",
    }
    return f"{ASK}?{urlencode(asked)}"


@pytest.mark.parametrize("script", [True, False], ids=["scripts", "no scripts"])
def test_a_command_line_is_let_in(site: Site, *, script: bool) -> None:
    with listening() as listener:
        window = site.window(script=script)
        window.others.add(listener.origin)
        window.open(question(site, listener))
        assert window.title == "Sign in"
        window.fill("Login", BEN.login)
        window.fill("Password", PASSWORD)
        window.press("Sign in")
        window.page.wait_for_url(f"**{ASK}*")
        if script:
            survey(window, "consent")
        window.press("Allow")
        assert window.title == "Back to your terminal"
        (brought,) = listener.brought
        assert brought["state"] == "what-the-program-keeps"
        assert brought["code"]


def test_a_command_line_is_refused(site: Site) -> None:
    with listening() as listener:
        window = site.window()
        window.others.add(listener.origin)
        window.sign_in(BEN)
        window.open(question(site, listener))
        window.press("Do not allow")
        assert listener.brought[0]["error"] == "access_denied"


def test_a_program_that_nobody_knows_is_told_to_the_person(site: Site) -> None:
    window = site.window()
    window.open(f"{ASK}?client_id=somebody&redirect_uri=http%3A%2F%2Fexample.com")
    assert window.title == "Unknown program"
    survey(window, "consent-unknown")


@pytest.fixture
def site_settings() -> dict[str, str]:
    """The company's provider may stand on this machine."""
    return {"provider_networks": "127.0.0.1/32"}


@pytest.fixture
def provider() -> Iterator[Provider]:
    """The provider of Ben's company, on a thread of its own."""
    stop, ready = Event(), Event()
    found: list[Provider] = []

    async def serve() -> None:
        async with provided(system_clock) as provider:
            found.append(provider)
            ready.set()
            await asyncio.to_thread(stop.wait)

    thread = Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert ready.wait(10)
    yield found[0]
    stop.set()
    thread.join()


def connect(site: Site, provider: Provider) -> None:
    """Ada connects the provider, and the operator vouches for the domain."""
    body = {
        "name": "Example Login",
        "issuer": provider.issuer,
        "client_id": CLIENT,
        "client_secret": SECRET,
        "is_enabled": True,
    }
    with httpx.Client(base_url=site.server.url) as client:
        made = client.post(PROVIDERS, json=body, headers={"Fastly-Key": ADA.token})
        assert made.status_code == 201, made.text
        vouched = client.put(operators("example.com", WIDGETS), headers={"Fastly-Key": OPERATOR})
        assert vouched.status_code == 200, vouched.text


def stand_at_the_company(window: Window, provider: Provider) -> None:
    """Have the provider show a page with a link back."""

    def show(route: Route) -> None:
        asked = dict(parse_qsl(urlsplit(route.request.url).query))
        claims = {"email": BEN.login, "email_verified": True, "sub": "Ben at Example Widgets"}
        query = provider.consent(route.request.url, **claims)
        back = escape(f"{asked['redirect_uri']}?{query}")
        page = f'<!doctype html><title>Login</title><h1>Login</h1><a href="{back}">I am Ben</a>'
        route.fulfill(body=page, content_type="text/html")

    window.others.add(provider.origin)
    window.page.route(f"{provider.issuer}/authorize**", show)


def test_his_company_vouches_for_ben(site: Site, provider: Provider) -> None:
    connect(site, provider)
    window = site.window()
    stand_at_the_company(window, provider)
    window.open(f"{CONSOLE}/sign-in")
    window.page.get_by_role("link", name="single sign-on").click()
    survey(window, "sso")
    window.fill("E-mail address at work", BEN.login)
    window.press("Continue")
    window.press("I am Ben")
    window.page.wait_for_url(f"**{CONSOLE}/profile")
    assert BEN.login in window.page.inner_text("main")


def test_an_answer_that_nobody_asked_for_is_told(site: Site, provider: Provider) -> None:
    connect(site, provider)
    window = site.window()
    window.open(f"{CONSOLE}/sso/callback/none?code=stolen&state=guessed")
    survey(window, "sso-failed")
    assert window.page.get_by_role("alert").is_visible()
