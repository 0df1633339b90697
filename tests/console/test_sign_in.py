"""Signing in with a password, on the page."""

from tests.console.browser import CONSOLE, Visitor
from tests.world import ADA, World


async def test_the_password_opens_the_console(world: World) -> None:
    ada = Visitor(world)
    answer = await ada.sign_in(ADA)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{CONSOLE}/profile")
    page = await ada.get(f"{CONSOLE}/profile")
    assert page.status_code == 200
    assert "ada@example.com" in page.text
