"""The load: wrk, which is never the bottleneck, with the requests of a script."""

import os
import secrets
import shutil
import subprocess
from pathlib import Path

import msgspec

from bench.machine import beside

_HERE = Path(__file__).parent
_PATIENCE = 30


class LoadError(RuntimeError):
    """The load did not measure what it should have: answers were refused, or did not come."""


class Load(msgspec.Struct, frozen=True):
    """What one run of the load saw."""

    requests: int
    microseconds: int
    refused: int
    broken: int
    p50: int
    p99: int

    cpu: float = 0
    """Seconds that the server was on its core meanwhile."""

    @property
    def cpu_microseconds(self) -> float:
        """Time of the server's core for one answer: what a busy machine blurs least."""
        return self.cpu / self.requests * 1e6

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.requests / self.microseconds * 1e6


def wrk() -> str:
    """Where wrk is. Raises LoadError, saying how to get it."""
    found = shutil.which("wrk")
    if found is None:
        message = (
            "wrk is not installed. Debian, Ubuntu: apt-get install wrk; Fedora: dnf install wrk; "
            "macOS: brew install wrk; source: https://github.com/wg/wrk"
        )
        raise LoadError(message)
    return found


def run(port: int, script: str, lines: Path, *, connections: int, seconds: int) -> Load:
    """Send the requests that a script makes of a file's lines. Raises LoadError."""
    tag = str(secrets.randbelow(2**31))
    command = [wrk(), "--threads=1", f"--connections={connections}", f"--duration={seconds}s"]
    command += ["--script", str(_HERE / script), f"http://127.0.0.1:{port}/", "--", str(lines), tag]
    environment = {**os.environ, "BENCH_DONE": str(_HERE / "done.lua")}
    with beside("load"):
        ended = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            env=environment,
            timeout=seconds + _PATIENCE,
        )
    if ended.returncode != 0 or not ended.stdout.endswith("}\n"):
        raise LoadError(ended.stdout + ended.stderr)
    load = msgspec.json.decode(ended.stdout.splitlines()[-1], type=Load)
    if load.refused or load.broken or not load.requests:
        message = f"{script} on port {port}: {load}"
        raise LoadError(message)
    return load
