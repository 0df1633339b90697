"""Signing in and out, through a real browser: with scripts and without, by mouse and keyboard."""

import pytest

from tests.console.window import CONSOLE, Site
from tests.world import ADA, BEN

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("script", [True, False], ids=["scripts", "no scripts"])
def test_ada_signs_in_and_out(site: Site, *, script: bool) -> None:
    window = site.window(script=script)
    window.open(f"{CONSOLE}/profile")
    assert window.title == "Sign in"
    window.fill("Login", ADA.login)
    window.fill("Password", "correct-Horse-7-battery")
    window.press("Sign in")
    assert (window.path, window.title) == (f"{CONSOLE}/profile", "Profile")
    window.press("Sign out")
    assert "You are signed out." in window.page.inner_text("main")
    window.open(f"{CONSOLE}/profile")
    assert window.title == "Sign in"


def test_a_wrong_password_is_told_beside_the_form(site: Site) -> None:
    window = site.window()
    window.sign_in(BEN, "not-his-Password-1")
    problem = window.page.get_by_role("alert")
    assert "do not belong together" in problem.inner_text()
    assert window.page.get_by_label("Login").input_value() == BEN.login
    assert window.page.get_by_label("Password").input_value() == ""


def test_the_keyboard_is_enough(showroom: Site) -> None:
    window = showroom.window()
    window.open(f"{CONSOLE}/sign-in")
    keyboard = window.page.keyboard
    # The cursor is put into the first field, as soon as the page is drawn.
    window.page.wait_for_selector("input[autocomplete~=username]:focus")
    keyboard.type(BEN.login)
    keyboard.press("Tab")
    keyboard.type("correct-Horse-7-battery")
    keyboard.press("Enter")
    window.page.wait_for_url(f"**{CONSOLE}/profile")
