"""Signing in to a command line through a real browser: the page that asks, and its answer."""

from urllib.parse import urlencode

import pytest

from tests.console.listening import Listener, listening
from tests.console.surveying import survey
from tests.console.window import Site
from tests.world import BEN, PASSWORD

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
