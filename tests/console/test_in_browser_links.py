"""Pages behind mailed links, through a real browser: a password, an invitation, a session's end."""

import httpx
import pytest

from tests.console.letters import letter, link
from tests.console.window import CONSOLE, Site
from tests.world import ADA, BEN

pytestmark = pytest.mark.browser

NEW = "stapled-Sponge-7-otter"
LIN = "lin@example.com"


def ask_ada(site: Site, path: str, **more: object) -> None:
    """Have Ada do something through the API."""
    headers = {"Fastly-Key": ADA.token}
    answer = httpx.post(site.server.url + path, headers=headers, **more)  # type: ignore[arg-type] # httpx's own
    assert answer.is_success, answer.text


@pytest.mark.parametrize("script", [True, False], ids=["scripts", "no scripts"])
def test_ben_chooses_a_new_password(site: Site, *, script: bool) -> None:
    ask_ada(site, f"/user/{BEN.login}/password/request_reset")
    window = site.window(script=script)
    window.open(link(site.server, BEN.login, "/_tenantry/v1/password/"))
    window.fill("New password", NEW)
    window.fill("The same once more", "another-Sponge-7-otter")
    window.press("Set password")
    assert "not the same" in window.page.get_by_role("alert").inner_text()
    window.fill("New password", NEW)
    window.fill("The same once more", NEW)
    window.press("Set password")
    assert window.title == "Your password is set"
    window.press("Sign in")
    window.fill("Login", BEN.login)
    window.fill("Password", NEW)
    window.press("Sign in")
    assert window.path == f"{CONSOLE}/profile"


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_lin_joins(site: Site) -> None:
    attributes = {"email": LIN, "role": "engineer", "limit_services": False}
    ask_ada(site, "/invitations", json={"data": {"type": "invitation", "attributes": attributes}})
    window = site.window()
    place = link(site.server, LIN, "/_tenantry/v1/invitation/")
    window.open(place)
    window.fill("Your name", "Lin <b>&amp; Co</b>")
    window.fill("Password", NEW)
    window.fill("The same once more", NEW)
    window.press("Join")
    assert window.title == "Welcome"
    window.sign_in(LIN, NEW)
    assert "Lin <b>&amp; Co</b>" in window.page.inner_text("header")
    window.open(place)
    assert window.title == "This invitation does not work any more"


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_another_browser_is_told_of_and_can_be_thrown_out(site: Site) -> None:
    first, second = site.window(), site.window()
    first.sign_in(BEN)
    second.sign_in(BEN)
    assert "Chrome" in letter(site.server, BEN.login, "Chrome")
    first.open(f"{CONSOLE}/sessions")
    first.press("End all others")
    assert "End all others" not in first.page.inner_text("main")
    second.open(f"{CONSOLE}/profile")
    assert second.title == "Sign in"
    assert "has ended" in second.page.inner_text("main")


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_ben_changes_his_name_and_his_password(site: Site) -> None:
    window = site.window()
    window.sign_in(BEN)
    window.fill("Name", "Benjamin")
    window.press("Save")
    assert "Your name is changed." in window.page.inner_text("main")
    assert "Benjamin" in window.page.inner_text("header")
    window.press("Change password")
    window.fill("Password of now", "correct-Horse-7-battery")
    window.fill("New password", NEW)
    window.fill("The same once more", NEW)
    window.press("Change password")
    assert "Your password is changed." in window.page.inner_text("main")
    window.press("Sign out")
    window.sign_in(BEN, NEW)
    assert window.path == f"{CONSOLE}/profile"


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_ben_makes_a_token_and_revokes_it(site: Site) -> None:
    window = site.window()
    window.sign_in(BEN)
    window.open(f"{CONSOLE}/tokens")
    window.fill("Name", "deploys")
    window.press("Make token")
    key = {"Fastly-Key": window.page.inner_text(".secret")}
    me = httpx.get(f"{site.server.url}/current_user", headers=key)
    assert me.json()["login"] == BEN.login
    window.open(f"{CONSOLE}/tokens")
    assert key["Fastly-Key"] not in window.page.content()
    window.press("Revoke deploys")
    window.press("Revoke it")
    assert httpx.get(f"{site.server.url}/current_user", headers=key).status_code == 401
