"""The machine: which core does what, and what the results should say about it."""

import contextlib
import importlib.metadata
import os
import platform
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import apsw
import psutil

_MINIMUM_CORES = 2
_SYNCS = 200


def _cores() -> list[int]:
    """The cores that this process may use; none where that cannot be chosen."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


_CORES = _cores()
IS_PINNED = len(_CORES) >= _MINIMUM_CORES


@contextlib.contextmanager
def beside(role: str) -> Iterator[None]:
    """Start what stands inside on the core of its role: "server", or "load" for all else."""
    if not IS_PINNED:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {_CORES[0] if role == "server" else _CORES[1]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def facts() -> dict[str, str]:
    """What a reader must know of where numbers come from."""
    cores = f"{psutil.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB"
    packages = ("granian", "uvloop", "msgspec", "apsw", "asyncpg")
    return {
        "processor": f"{_processor()}, {cores}",
        "system": f"{platform.system()} {platform.release()}",
        "pinned": "server and floor on one core, load and PostgreSQL on another"
        if IS_PINNED
        else "nothing: this machine has one core or cannot choose",
        "one fdatasync": f"{sync_microseconds():.0f} µs (median of {_SYNCS})",
        "load before": " ".join(f"{one:.2f}" for one in os.getloadavg()),
        "python": platform.python_version(),
        "packages": ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages),
        "sqlite": apsw.sqlite_lib_version(),
        "commit": _commit(),
    }


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown"


def sync_microseconds() -> float:
    """How long the disk takes to keep 4 KiB: what durable writes wait for."""
    taken = []
    with tempfile.TemporaryFile() as file:
        for _ in range(_SYNCS):
            file.write(bytes(4096))
            file.flush()
            before = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - before)
    return median(taken) * 1e6
