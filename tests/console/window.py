"""A window of a real browser, which notes whatever a page should not do.

window.open("/_tenantry/console/sign-in")
window.fill("Login", "ada@example.com")
window.press("Sign in")
"""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.infrastructure.server import LiveServer
from tests.world import PASSWORD, Person

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page, Request

CONSOLE = "/_tenantry/console"
DESKTOP, MOBILE = 1280, 390
HEIGHT = 844
_PATIENCE = 10_000
_REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")


@dataclass
class Window:
    """Somebody's window, with cookies of its own."""

    origin: str
    page: "Page"
    complaints: list[str] = field(default_factory=list)
    """Errors of the page, and requests to anybody but this server."""
    others: set[str] = field(default_factory=set)
    """Other origins, where pages may lead."""

    def __post_init__(self) -> None:
        self.page.set_default_timeout(_PATIENCE)
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("request", self._watch)

    @property
    def path(self) -> str:
        """Where it is."""
        return urlsplit(self.page.url).path

    @property
    def title(self) -> str:
        """The page's heading."""
        return self.page.inner_text("h1")

    def open(self, path: str) -> None:
        """Go to an address of the server, or whichever."""
        self.page.goto(path if "://" in path else self.origin + path)

    def fill(self, label: str, text: str) -> None:
        """Type into the field with just this label."""
        self.page.get_by_label(label, exact=True).fill(text)

    def press(self, name: str) -> None:
        """Press the button, or follow the link, with just this name, to wherever it leads."""
        button = self.page.get_by_role("button", name=name, exact=True)
        link = self.page.get_by_role("link", name=name, exact=True)
        button.or_(link).click()
        self.page.wait_for_load_state()

    def sign_in(self, who: Person | str, password: str = PASSWORD) -> None:
        """Sign in with a password."""
        self.open(f"{CONSOLE}/sign-in")
        self.fill("Login", who.login if isinstance(who, Person) else who)
        self.fill("Password", password)
        self.press("Sign in")

    def _hear(self, message: "ConsoleMessage") -> None:
        # A page that is itself a refusal is told with its status, and Chromium remarks on that.
        is_refusal = _REFUSED.match(message.text) and message.location["url"] == self.page.url
        if message.type in {"error", "warning"} and not is_refusal:
            self.complaints.append(f"console: {message.text}")

    def _watch(self, request: "Request") -> None:
        known = (self.origin, *self.others)
        if not request.url.startswith((*(f"{one}/" for one in known), "data:", "about:")):
            self.complaints.append(f"asked {request.url}")


@dataclass
class Site:
    """A live server, and the windows in which people look at it."""

    server: LiveServer
    browser: "Browser"
    windows: list[Window] = field(default_factory=list)
    secure_port: int = 0
    """Where a proxy before it speaks TLS, with a certificate that nobody vouches for."""

    @property
    def origin(self) -> str:
        """The server as browsers know it: passkeys need a name, not an address."""
        if self.secure_port:
            return f"https://localhost:{self.secure_port}"
        return f"http://localhost:{urlsplit(self.server.url).port}"

    def window(self, *, width: int = DESKTOP, script: bool = True) -> Window:
        """A new window, as another person's."""
        context = self.browser.new_context(
            viewport={"width": width, "height": HEIGHT},
            java_script_enabled=script,
            locale="en-GB",
            timezone_id="UTC",
            ignore_https_errors=bool(self.secure_port),
        )
        window = Window(self.origin, context.new_page())
        self.windows.append(window)
        return window

    def close(self) -> None:
        """Close every window; by then no page may have done what none should."""
        complaints = [one for window in self.windows for one in window.complaints]
        for window in self.windows:
            window.page.context.close()
        self.windows.clear()
        assert not complaints


def picture(window: Window, name: str) -> None:
    """Keep how the page looks, where TENANTRY_TEST_SCREENSHOTS names a folder."""
    folder = os.environ.get("TENANTRY_TEST_SCREENSHOTS")
    if folder:
        window.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
