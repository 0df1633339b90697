"""The console as it is deployed: behind a proxy that speaks TLS."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.console.test_in_browser_second_factor import hold_passkeys
from tests.console.window import CONSOLE, Site, Window
from tests.infrastructure.browser import BrowserThread
from tests.infrastructure.server import serving
from tests.infrastructure.tls_proxy import TlsProxy, tls_proxy
from tests.world import BEN, SUE

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("dialect", ["sqlite"])]


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[TlsProxy]:
    """What stands before the server."""
    with tls_proxy(tmp_path) as proxy:
        yield proxy


@pytest.fixture
def secure(
    proxy: TlsProxy, database_url: str, tmp_path: Path, browser_thread: BrowserThread
) -> Iterator[Site]:
    """A server behind it, as the guide to operating has it."""
    public_url = f"https://localhost:{proxy.port}"
    with serving(
        database_url,
        tmp_path,
        public_url=public_url,
        trusted_proxies="127.0.0.1",
        hsts_subdomains="true",
    ) as server:
        browser = browser_thread.run(lambda: browser_thread.browser)
        site = Site(server, browser, secure_port=proxy.port)
        proxy.behind = int(server.url.rpartition(":")[2])
        yield site
        browser_thread.run(site.close)


def strict(window: Window, path: str) -> str:
    """What a page says of TLS."""
    answer = window.page.goto(window.origin + path)
    assert answer is not None
    return answer.headers["strict-transport-security"]


def test_every_cookie_is_for_this_host_over_tls_and_no_script(secure: Site) -> None:
    window = secure.window()
    assert strict(window, f"{CONSOLE}/sign-in") == "max-age=31536000; includeSubDomains"
    window.sign_in(BEN)
    assert window.path == f"{CONSOLE}/profile"
    cookies = window.page.context.cookies()
    assert {one["name"] for one in cookies} == {"__Host-tenantry", "__Host-tenantry-device"}
    for one in cookies:
        assert one["secure"]
        assert one["httpOnly"]
        assert (one["sameSite"], one["domain"], one["path"]) == ("Lax", "localhost", "/")
    assert window.page.evaluate("[window.isSecureContext, document.cookie]") == [True, ""]
    window.press("Sign out")
    names = {one["name"] for one in window.page.context.cookies()}
    assert "__Host-tenantry" not in names
    # Nor does the browser have the page itself any more.
    window.page.go_back()
    assert BEN.login not in window.page.content()


def test_a_passkey_signs_in_over_tls(secure: Site) -> None:
    window = secure.window()
    hold_passkeys(window)
    window.sign_in(SUE)
    window.open(f"{CONSOLE}/factors")
    window.press("Add a second factor")
    window.press("Add a passkey")
    window.fill("Name", "Blue key")
    window.press("Add a passkey")
    window.page.get_by_text("I have kept them").click()
    window.page.wait_for_url(f"**{CONSOLE}/factors*")
    window.press("Sign out")
    window.sign_in(SUE)
    window.press("Use a passkey")
    window.page.wait_for_url(f"**{CONSOLE}/profile")


def test_programs_get_through_as_well(secure: Site, proxy: TlsProxy) -> None:
    answer = httpx.get(
        f"{secure.origin}/current_user",
        headers={"Fastly-Key": BEN.token, "X-Forwarded-For": "203.0.113.9"},
        verify=ssl.create_default_context(cafile=proxy.certificate),
        trust_env=False,
    )
    assert answer.json()["login"] == BEN.login
    assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
    assert '"ip":"127.0.0.1"' in secure.server.output
    assert "203.0.113.9" not in secure.server.output
