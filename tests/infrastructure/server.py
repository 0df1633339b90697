"""A live server: a process of its own, started on a database and stopped as an operator would.

    with serving(database_url, tmp_path) as server:
        httpx.get(f"{server.url}/_health/ready")

Leaving the block sends SIGTERM and fails unless the server ends in order, with exit code 0.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import httpx

from tests.world import settings

_SECONDS_TO_START = 30
_SECONDS_TO_STOP = 20
_PAUSE = 0.02
_FIRST_PORT = 20_000
"""Below those that the system gives to connections."""
_PORTS_OF_WORKER = 1000
_PORTS = count()


class ServerFailedError(AssertionError):
    """The server did not start, or did not end well; the text holds what it printed."""


@dataclass
class LiveServer:
    """A running server."""

    url: str
    process: subprocess.Popen[bytes]
    folder: Path
    """Where it works: its output and the mail it sent."""

    @property
    def output(self) -> str:
        """What it printed so far, request log included."""
        return (self.folder / "server.log").read_text(errors="replace")

    @property
    def mail(self) -> Path:
        """The folder that letters go to."""
        return self.folder / "mail"

    def kill(self) -> None:
        """End every process of it at once (SIGKILL), as a power cut would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(_SECONDS_TO_STOP)

    def stop(self) -> None:
        """End it in order. Raises ServerFailedError unless the exit code is 0."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(_SECONDS_TO_STOP)
        except subprocess.TimeoutExpired as late:
            self.kill()
            message = f"the server did not stop in {_SECONDS_TO_STOP} s:\n{self.output}"
            raise ServerFailedError(message) from late
        if code != 0:
            message = f"the server ended with exit code {code}:\n{self.output}"
            raise ServerFailedError(message)


def start(database_url: str, folder: Path, *, workers: int = 1, **environment: str) -> LiveServer:
    """Start a server and wait until it is ready; `environment` adds `TENANTRY_…` variables.

    In their values `{port}` stands for the server's own. Raises ServerFailedError.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "tenantry", "serve", "--database", database_url]
    command += ["--port", str(port), "--workers", str(workers)]
    named = {
        f"TENANTRY_{name.upper()}": value.replace("{port}", str(port))
        for name, value in environment.items()
    }
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            cwd=folder,
            env=_environment(database_url, folder) | named,
            start_new_session=True,  # so that kill() reaches the workers and nobody else
        )
    server = LiveServer(url, process, folder)
    try:
        _wait_until_ready(server)
    except BaseException:
        if process.poll() is None:
            server.kill()
        raise
    return server


@contextmanager
def serving(
    database_url: str, folder: Path, *, workers: int = 1, **environment: str
) -> Iterator[LiveServer]:
    """A server for as long as the block lasts; stopped in order unless it was killed in it."""
    server = start(database_url, folder, workers=workers, **environment)
    try:
        yield server
    except BaseException:
        if server.process.poll() is None:
            server.kill()
        raise
    if server.process.poll() is None:
        server.stop()


def _environment(database_url: str, folder: Path) -> dict[str, str]:
    """Only what is meant: settings of the person who runs the tests must not reach the server."""
    inherited = {name: value for name, value in os.environ.items() if "TENANTRY" not in name}
    return inherited | {
        "TENANTRY_SECRET_KEY": settings(database_url).secret_key,
        "TENANTRY_MAIL": f"file:{folder / 'mail'}",
    }


def free_port() -> int:
    """A port of the loopback address that nobody listens on just now, and that is handed out once.

    Not one that the system would choose: it chooses among few, and while a server starts it may
    well hand another test's server the same.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    for number in _PORTS:
        port = _FIRST_PORT + worker * _PORTS_OF_WORKER + number % _PORTS_OF_WORKER
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError


def _wait_until_ready(server: LiveServer) -> None:
    deadline = time.monotonic() + _SECONDS_TO_START
    while not _is_ready(server.url):
        if server.process.poll() is not None or time.monotonic() > deadline:
            message = f"the server did not start:\n{server.output}"
            raise ServerFailedError(message)
        time.sleep(_PAUSE)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/_health/ready", timeout=2, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
