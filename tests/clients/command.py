"""Running the official CLI as its user does: environment, arguments, exit code, output."""

import os
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tests.world import ADA

if TYPE_CHECKING:
    from tests.clients.stage import Stage

_PACKAGES = Path(__file__).parent / "node_modules" / "@fastly"
# Nobody listens there: whatever the CLI asks besides the server (for newer versions of itself)
# fails at once and never leaves the machine. Loopback addresses are never asked through a proxy.
_NOWHERE = "http://127.0.0.1:9"
_PATIENCE = 30


@cache
def program() -> Path:
    """The binary that the npm package brings for this machine. Raises FileNotFoundError.

    What npm puts into .bin starts it through Node.js, which takes four times as long.
    """
    found = sorted(_PACKAGES.glob("cli-*/fastly*"))
    if not found:
        message = "the CLI is not installed: run `make .venv/.clients`"
        raise FileNotFoundError(message)
    return found[0]


class Command:
    """One command line, to be run with different values."""

    def __init__(self, stage: "Stage", template: str) -> None:
        """`{name}` in the template stands for a value; quotes are the shell's."""
        self.stage = stage
        self._words = shlex.split(template)
        self.home = stage.folder()
        self.given: dict[str, str] = {}
        """What else its environment says."""
        self.served: set[str] = set()
        """The operations that were called."""
        self.said = ""
        """What it complained of last."""

    def __call__(self, *, token: str | None = ADA.token, typed: str = "", **values: str) -> str:
        """What it prints when it succeeds; `typed` is what somebody types at a terminal."""
        done = self._run(token, typed, values)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def beside(self, template: str) -> "Command":
        """Another command that the same person runs on the same machine."""
        other = Command(self.stage, template)
        other.home, other.given, other.served = self.home, self.given, self.served
        return other

    def fails(self, *, token: str | None = ADA.token, **values: str) -> str:
        """What it complains of when it is refused."""
        done = self._run(token, "", values)
        assert done.returncode == 1, done.stdout + done.stderr
        self.said = " ".join(done.stderr.split())
        return self.said

    def _run(
        self, token: str | None, typed: str, values: dict[str, str]
    ) -> subprocess.CompletedProcess[str]:
        self.stage.served()
        with _typing(typed) as terminal:
            done = subprocess.run(
                [program(), *(word.format_map(values) for word in self._words)],
                env=self._environment(token),
                stdin=terminal,
                capture_output=True,
                text=True,
                timeout=_PATIENCE,
                check=False,
            )
        self.served |= self.stage.served()
        return done

    def _environment(self, token: str | None) -> dict[str, str]:
        url = self.stage.server.url
        given = {} if token is None else {"FASTLY_API_TOKEN": token}
        return given | {
            "PATH": os.defpath,
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home / ".config"),
            "FASTLY_API_ENDPOINT": url,
            "FASTLY_ACCOUNT_ENDPOINT": url,
            "HTTP_PROXY": _NOWHERE,
            "HTTPS_PROXY": _NOWHERE,
            **self.given,
        }


@contextmanager
def _typing(text: str) -> Iterator[int]:
    """A terminal at which somebody types; without a text, no terminal."""
    if not text:
        yield subprocess.DEVNULL
        return
    keyboard, terminal = os.openpty()
    try:
        os.write(keyboard, text.encode() + b"\n")
        yield terminal
    finally:
        os.close(keyboard)
        os.close(terminal)
