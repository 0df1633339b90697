"""Second factors through a real browser: an app, recovery codes, passkeys."""

from datetime import UTC, datetime, timedelta

import httpx
import pyotp
import pytest

from tests.console.surveying import survey
from tests.console.window import CONSOLE, Site, Window
from tests.world import ADA, BEN, SUE, UMA, WIDGETS, Person

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("dialect", ["sqlite"])]

FACTORS = f"{CONSOLE}/factors"
LOCK = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
}
"""A device that keeps passkeys, and is touched whenever it asks to be."""


def enter_secret(window: Window) -> pyotp.TOTP:
    """Take in the secret of the page as an app would."""
    window.page.get_by_text("Or type the secret in").click()
    return pyotp.TOTP(window.page.inner_text("#secret").replace(" ", ""))


def next_code(app: pyotp.TOTP) -> str:
    """A code that was not used yet: the one that follows."""
    return app.at(datetime.now(UTC) + timedelta(seconds=app.interval))


def hold_passkeys(window: Window) -> None:
    """Give the browser a device that keeps passkeys."""
    debugger = window.page.context.new_cdp_session(window.page)
    debugger.send("WebAuthn.enable")
    debugger.send("WebAuthn.addVirtualAuthenticator", {"options": LOCK})


def set_up_app(window: Window, who: Person) -> tuple[pyotp.TOTP, list[str]]:
    """Sign in, set up an app, and sign out again; the app, and the recovery codes."""
    window.sign_in(who)
    window.open(FACTORS)
    window.press("Add a second factor")
    window.press("Set up an app")
    app = enter_secret(window)
    window.fill("Enter the code that the app shows now", app.now())
    window.press("Turn it on")
    codes = window.page.locator(".codes li").all_inner_texts()
    window.press("I have kept them")
    window.press("Sign out")
    return app, codes


def test_an_app_is_set_up(site: Site) -> None:
    window = site.window()
    window.sign_in(BEN)
    window.press("Set up two-factor authentication")
    survey(window, "factors-none")
    window.press("Add a second factor")
    survey(window, "factors-adding")
    window.press("Set up an app")
    app = enter_secret(window)
    survey(window, "factors-app")
    window.fill("Enter the code that the app shows now", "000000")
    window.press("Turn it on")
    assert window.page.get_by_role("alert").is_visible()
    survey(window, "factors-app-wrong")
    window.fill("Enter the code that the app shows now", app.now())
    window.press("Turn it on")
    survey(window, "factors-codes")
    window.press("I have kept them")
    assert "Authenticator app" in window.page.inner_text("table")
    survey(window, "factors-some")
    window.press("Remove Authenticator app")
    survey(window, "factors-removing")
    window.press("Remove it")
    assert "Off" in window.page.inner_text("main")


@pytest.mark.parametrize("script", [True, False], ids=["scripts", "no scripts"])
def test_the_app_is_asked_for(site: Site, *, script: bool) -> None:
    window = site.window(script=script)
    app, codes = set_up_app(window, BEN)
    window.sign_in(BEN)
    assert window.title == "One more step"
    window.fill("Code from your authenticator app", "000000")
    window.press("Sign in")
    assert window.page.get_by_role("alert").is_visible()
    window.fill("Code from your authenticator app", next_code(app))
    window.press("Sign in")
    assert window.path == f"{CONSOLE}/profile"
    window.press("Sign out")

    window.sign_in(BEN)
    window.press("Use a recovery code")
    window.fill("Recovery code", codes[0])
    window.press("Sign in")
    assert window.path == f"{CONSOLE}/profile"
    window.open(FACTORS)
    assert f"{len(codes) - 1} left" in window.page.inner_text("main")


def test_what_is_asked_for_is_for_everybody(site: Site) -> None:
    window = site.window()
    set_up_app(window, UMA)
    window.sign_in(UMA)
    survey(window, "second-factor")
    window.fill("Code from your authenticator app", "123456")
    window.press("Sign in")
    survey(window, "second-factor-wrong")
    window.press("Use a recovery code")
    survey(window, "second-factor-recovery")


def test_a_passkey_signs_in(site: Site) -> None:
    window = site.window()
    hold_passkeys(window)
    window.sign_in(SUE)
    window.open(FACTORS)
    window.press("Add a second factor")
    window.press("Add a passkey")
    survey(window, "passkey-adding")
    window.fill("Name", "Blue key")
    window.press("Add a passkey")
    window.page.get_by_text("I have kept them").click()
    window.page.wait_for_url(f"**{FACTORS}*")
    assert "Blue key" in window.page.inner_text("table")
    survey(window, "passkey-some")
    window.press("Sign out")

    window.sign_in(SUE)
    assert window.title == "One more step"
    survey(window, "passkey-asked")
    window.press("Use a passkey")
    window.page.wait_for_url(f"**{CONSOLE}/profile")


def test_who_must_have_one_sets_it_up_before_coming_in(site: Site) -> None:
    set_up_app(site.window(), ADA)
    ada = {"Fastly-Key": ADA.token}
    forced = httpx.put(
        f"{site.server.url}/customer/{WIDGETS}", data={"force_2fa": "true"}, headers=ada
    )
    assert forced.status_code == 200, forced.text
    window = site.window()
    window.sign_in(UMA)
    assert window.title == "Set up a second factor"
    survey(window, "forced")
    window.press("Set up an app")
    app = enter_secret(window)
    survey(window, "forced-app")
    window.fill("Enter the code that the app shows now", app.now())
    window.press("Turn it on")
    survey(window, "forced-codes")
    window.press("I have kept them")
    assert window.path == f"{CONSOLE}/profile"


def test_who_must_change_his_password_does_it_before_coming_in(site: Site) -> None:
    ada = {"Fastly-Key": ADA.token}
    asked = httpx.put(
        f"{site.server.url}/user/{BEN.id}", data={"require_new_password": "true"}, headers=ada
    )
    assert asked.status_code == 200, asked.text
    window = site.window()
    window.sign_in(BEN)
    assert window.title == "Choose a new password"
    survey(window, "new-password")
    window.fill("New password", "stapled-Sponge-7-otter")
    window.fill("The same once more", "stapled-Sponge-7-otter")
    window.press("Set password and go on")
    assert window.path == f"{CONSOLE}/profile"
