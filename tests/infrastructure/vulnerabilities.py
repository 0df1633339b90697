"""Looks the locked packages up among known vulnerabilities (`make audit`).

Two sources are asked, one after the other until one answers. Where none does, that is told, and
nothing fails: a machine without the Internet builds as well. With `--strict` it fails: a release
needs an answer. A vulnerability that is known fails, until the lock names a release without it.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

PROGRAM = ".venv/audit/bin/pip-audit"
LOCKS = ("requirements/runtime.txt", "requirements/dev.txt")
SOURCES = {"pypi": "the Python Package Index", "osv": "OSV.dev"}
_OPTIONS = (
    *("--require-hashes", "--disable-pip", "--format", "json"),
    *("--progress-spinner", "off", "--timeout", "20"),
)
_SECONDS = 300

Ask = Callable[[str, str], str]
"""Asks a source about a lock; what was printed."""


@dataclass(frozen=True)
class Finding:
    """What a source told."""

    source: str
    known: int
    """How many packages it found something out about."""
    flaws: Sequence[str]


def judge(source: str, told: str) -> Finding | None:
    """What pip-audit printed; None if it found out nothing."""
    try:
        packages = [one for one in json.loads(told)["dependencies"] if "skip_reason" not in one]
    except (ValueError, KeyError, TypeError):
        return None
    if not packages:
        return None
    flaws = [
        f"{one['name']} {one['version']}: {flaw['id']}, mended in "
        f"{', '.join(flaw['fix_versions']) or 'no release yet'}"
        for one in packages
        for flaw in one["vulns"]
    ]
    return Finding(source, len(packages), flaws)


def ask(source: str, lock: str) -> str:
    """Have pip-audit ask a source; nothing if it takes too long."""
    command = [PROGRAM, "--requirement", lock, "--vulnerability-service", source, *_OPTIONS]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout


def audit(lock: str, asking: Ask = ask) -> Finding | None:
    """What the first source says that can be asked; None if none can be."""
    found = (judge(source, asking(source, lock)) for source in SOURCES)
    return next((one for one in found if one is not None), None)


def report(lock: str, pins: int, found: Finding | None) -> list[str]:
    """What a person is told."""
    if found is None:
        sources = " nor ".join(SOURCES.values())
        return [f"{lock}: NOT LOOKED UP, neither {sources} could be asked: this says nothing"]
    named = SOURCES[found.source]
    first = f"{lock}: {found.known} of {pins} looked up at {named}, "
    return [f"{first}{len(found.flaws)} vulnerabilities", *(f"  {one}" for one in found.flaws)]


def main(arguments: Sequence[str], asking: Ask = ask) -> int:
    """Look all locks up: 1 if a flaw is known, or, where that is asked for, if nobody was there."""
    failed = 0
    for lock in LOCKS:
        found = audit(lock, asking)
        pins = sum("==" in line for line in Path(lock).read_text("utf-8").splitlines())
        sys.stdout.write("".join(f"{line}\n" for line in report(lock, pins, found)))
        failed |= "--strict" in arguments if found is None else bool(found.flaws)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
