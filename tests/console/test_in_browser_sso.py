"""Single sign-on through a real browser, which leaves for a certified provider and comes back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.window import CONSOLE, Site
from tests.infrastructure.browser import BrowserThread
from tests.live.certified_provider import CertifiedProvider, connected, serving_companies
from tests.world import BEN

pytestmark = pytest.mark.browser


@pytest.fixture
def company(
    database_url: str, tmp_path: Path, browser_thread: BrowserThread
) -> Iterator[tuple[Site, CertifiedProvider]]:
    """A server, and the provider that Ada has connected."""
    with (
        serving_companies(database_url, tmp_path) as server,
        connected(server) as (provider, _),
    ):
        yield Site(server, browser_thread.run(lambda: browser_thread.browser)), provider


@pytest.mark.parametrize("script", [True, False], ids=["scripts", "no scripts"])
def test_ben_signs_in_through_his_company(
    company: tuple[Site, CertifiedProvider], *, script: bool
) -> None:
    site, provider = company
    window = site.window(script=script)
    window.open(f"{CONSOLE}/sessions")
    window.press("Single sign-on")
    window.fill("E-mail address at work", BEN.login)
    window.press("Continue")
    window.page.wait_for_url(f"{provider.issuer}/interaction/*")
    window.page.fill("input[name=password]", "any")
    window.page.click("button")
    window.page.wait_for_url(f"**{CONSOLE}/sessions")
    assert window.title == "Sessions"
    # What the provider's own pages ask for is its affair.
    assert [one for one in window.complaints if site.origin in one] == []
    window.page.context.close()
