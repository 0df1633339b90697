"""The browser under the tests is found, and asks nobody for anything."""

from pathlib import Path

import pytest

from tests.infrastructure.browser import BrowserThread
from tests.infrastructure.browser_programs import BrowserUnavailableError, find_chromium


@pytest.mark.browser
def test_it_shows_a_page(browser_thread: BrowserThread) -> None:
    with browser_thread.browser.new_context() as context:
        page = context.new_page()
        page.set_content("<h1>Example Widgets</h1>")
        assert page.inner_text("h1") == "Example Widgets"


def test_a_machine_without_it_is_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TENANTRY_TEST_CHROMIUM", str(tmp_path / "none"))
    with pytest.raises(BrowserUnavailableError, match=r"make \.venv/\.browser") as told:
        find_chromium()
    assert str(tmp_path) in str(told.value)
    assert "\n" not in str(told.value)
