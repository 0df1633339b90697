"""Server processes: ours and the floor, both started the same way on the same core."""

import contextlib
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import psutil

from bench import floor
from bench.load import Load, run
from bench.machine import beside

SECRET_KEY = secrets.token_hex(32)
"""The installation's key for databases that live as long as a run."""
_PATIENCE = 60


class Server:
    """A running server."""

    def __init__(self, process: psutil.Popen, port: int) -> None:
        self.process = process
        self.port = port

    def wait(self, path: str = "/", key: str = "") -> bytes:
        """The body of the first answer. Raises TimeoutError, or RuntimeError if it is not a 200."""
        deadline = time.monotonic() + _PATIENCE
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", headers={"Fastly-Key": key}
        )
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:  # noqa: S310 - our own server, on loopback
                    return bytes(answer.read())
            except urllib.error.HTTPError as error:
                message = f"GET {path}: {error.code} {error.read()[:200]!r}"
                raise RuntimeError(message) from error
            except OSError:
                time.sleep(0.002)
        message = f"port {self.port} does not answer (process: {self.process.poll()})"
        raise TimeoutError(message)

    def cpu_seconds(self) -> float:
        """Time on a core, so far: what a busy machine cannot blur."""
        times = self.worker().cpu_times()
        return float(times.user + times.system)

    def under(self, script: str, lines: Path, *, connections: int, seconds: int) -> Load:
        """Load it, and see what that takes of its core. Raises LoadError."""
        before = self.cpu_seconds()
        load = run(self.port, script, lines, connections=connections, seconds=seconds)
        return msgspec.structs.replace(load, cpu=self.cpu_seconds() - before)

    def worker(self) -> psutil.Process:
        """The process that serves."""
        (worker,) = self.process.children()
        return worker


@contextlib.contextmanager
def ours(database: str, *, program: str = "tenantry", **settings: str) -> Iterator[Server]:
    """Tenantry on a database that is filled, its log on but thrown away."""
    environment = {"TENANTRY_DATABASE": database, "TENANTRY_SECRET_KEY": SECRET_KEY}
    environment |= {f"TENANTRY_{name.upper()}": value for name, value in settings.items()}
    port = free_port()
    with _running(["-m", program, "serve", "--port", str(port)], port, environment) as server:
        yield server


@contextlib.contextmanager
def constant(size: int) -> Iterator[Server]:
    """The floor for answers of a size in bytes."""
    port = free_port()
    with _running(["-m", "bench.floor", str(port)], port, {floor.BYTES: str(size)}) as server:
        server.wait()
        yield server


@contextlib.contextmanager
def _running(arguments: list[str], port: int, environment: Mapping[str, str]) -> Iterator[Server]:
    with beside("server"):
        process = psutil.Popen(
            [sys.executable, *arguments],
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    try:
        yield Server(process, port)
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
        process.wait(timeout=_PATIENCE)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
