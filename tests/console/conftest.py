"""Live servers to look at through a browser: one to show pages of, and the test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.window import Site
from tests.infrastructure.browser import BrowserThread
from tests.infrastructure.server import LiveServer, serving

_HERE = "http://localhost:{port}"


@pytest.fixture(scope="session")
def shown_server(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveServer]:
    """A server on a file, for tests that change nothing that another looks at."""
    folder = tmp_path_factory.mktemp("shown")
    path = folder / "tenantry.db"
    path.write_bytes(sqlite_template.read_bytes())
    with serving(f"sqlite:///{path}", folder, public_url=_HERE) as server:
        yield server


@pytest.fixture
def showroom(shown_server: LiveServer, browser_thread: BrowserThread) -> Iterator[Site]:
    """Its pages."""
    yield from _site(shown_server, browser_thread)


@pytest.fixture
def site(database_url: str, tmp_path: Path, browser_thread: BrowserThread) -> Iterator[Site]:
    """A server of the test's own."""
    with serving(database_url, tmp_path, public_url=_HERE) as server:
        yield from _site(server, browser_thread)


def _site(server: LiveServer, thread: BrowserThread) -> Iterator[Site]:
    site = Site(server, thread.run(lambda: thread.browser))
    yield site
    thread.run(site.close)
