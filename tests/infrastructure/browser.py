"""A headless Chromium for the tests: one in each process, a window of its own for each visitor.

Load it as a plugin (`pytest_plugins` in tests/conftest.py). A test that is marked `browser` runs on
the browser's own thread, because Playwright's synchronous face keeps an event loop in its thread,
and pytest-asyncio wants the main thread's for itself. Nothing is ever downloaded: see
`browser_programs`.
"""

import functools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from tests.infrastructure.browser_programs import find_chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

_T = TypeVar("_T")
_THREAD = pytest.StashKey["BrowserThread"]()


class BrowserThread:
    """The thread that the browser lives on; it starts with the first test that needs it."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="browser")
        self._playwright: Playwright | None = None

    def run(self, work: Callable[..., _T], *args: Any, **named: Any) -> _T:
        """Do something there, and wait for it."""
        return self._pool.submit(work, *args, **named).result()

    @functools.cached_property
    def browser(self) -> "Browser":
        """The browser; to be asked for on the thread. Raises BrowserUnavailableError."""
        chromium = find_chromium()
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - slow, and seldom needed

        self._playwright = sync_playwright().start()
        return self._playwright.chromium.launch(
            executable_path=chromium.program,
            env={**os.environ, **chromium.environment},
            # It is to ask nobody but the server under test, not even for a newer version of itself.
            args=["--disable-background-networking", "--disable-component-update"],
        )

    def stop(self) -> None:
        """Close the browser, if there is one."""
        self.run(self._close)
        self._pool.shutdown()

    def _close(self) -> None:
        if self._playwright is not None:
            self.browser.close()
            self._playwright.stop()


def pytest_configure(config: pytest.Config) -> None:
    """Each process has one."""
    config.stash[_THREAD] = BrowserThread()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Close it, however the run ended."""
    config.stash[_THREAD].stop()


def pytest_itemcollected(item: pytest.Item) -> None:
    """Have what looks through a browser run on its thread."""
    if isinstance(item, pytest.Function) and item.get_closest_marker("browser"):
        thread, test = item.config.stash[_THREAD], item.obj

        @functools.wraps(test)
        def on_the_thread(**named: Any) -> None:
            thread.run(test, **named)

        item.obj = on_the_thread


@pytest.fixture
def browser_thread(request: pytest.FixtureRequest) -> BrowserThread:
    """The thread of this process, where each visitor gets a window of his own."""
    return request.config.stash[_THREAD]
