"""Chromium: where this machine has it, and how it is started."""

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
_UNPACKED = Path(sys.prefix) / "chromium"
"""Where the Makefile unpacks one for a machine that has none."""


class BrowserUnavailableError(Exception):
    """There is no browser on this machine for the tests to look through."""


@dataclass(frozen=True)
class Chromium:
    """The program, and the environment that it needs besides."""

    program: Path
    environment: dict[str, str] = field(default_factory=dict)


def find_chromium() -> Chromium:
    """The browser; TENANTRY_TEST_CHROMIUM has the last word. Raises BrowserUnavailableError."""
    chosen = os.environ.get("TENANTRY_TEST_CHROMIUM")
    for chromium in [Chromium(Path(chosen))] if chosen else _candidates():
        if os.access(chromium.program, os.X_OK):
            return chromium
    message = "no Chromium: run `make .venv/.browser` (or apt-get install chromium), or let "
    message += f"TENANTRY_TEST_CHROMIUM name one{f'; {chosen} is none' if chosen else ''}"
    raise BrowserUnavailableError(message)


def _candidates() -> Iterator[Chromium]:
    found = (shutil.which(name) for name in _NAMES)
    yield from (Chromium(Path(path)) for path in found if path)
    yield Chromium(_MAC)
    libraries = {
        "LD_LIBRARY_PATH": str(_UNPACKED / "lib"),
        "FONTCONFIG_FILE": str(_UNPACKED / "fonts.conf"),
    }
    yield Chromium(_UNPACKED / "chromium", libraries)


if __name__ == "__main__":
    # For the Makefile, which brings Chromium where there is none.
    try:
        print(find_chromium().program)  # noqa: T201 - a script's answer
    except BrowserUnavailableError as problem:
        raise SystemExit(str(problem)) from None
