"""Looks the locked packages up among known vulnerabilities (`make audit`).

Where the index can't be asked, that is told, and nothing fails: a machine without the Internet
builds as well. A vulnerability that is known fails, until the lock names a release without it.
"""

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = ".venv/audit/bin/pip-audit"
LOCKS = ("requirements/runtime.txt", "requirements/dev.txt")
_OPTIONS = (
    *("--require-hashes", "--disable-pip", "--vulnerability-service", "pypi"),
    *("--format", "json", "--progress-spinner", "off", "--timeout", "20"),
)
_SECONDS = 300


def judge(told: str) -> tuple[int, list[str]] | None:
    """What pip-audit printed: how many packages it found something out about, and their flaws.

    None if it found out nothing.
    """
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
    return len(packages), flaws


def audit(lock: str) -> tuple[int, list[str]] | None:
    """As `judge`, of what a lock names; None if nobody could be asked."""
    command = [PROGRAM, "--requirement", lock, *_OPTIONS]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return None
    return judge(done.stdout)


def main() -> int:
    """Look all locks up."""
    failed = 0
    for lock in LOCKS:
        found = audit(lock)
        if found is None:
            sys.stderr.write(f"{lock}: not looked up, because the index could not be asked\n")
            continue
        known, flaws = found
        pins = sum("==" in line for line in Path(lock).read_text("utf-8").splitlines())
        sys.stdout.write(f"{lock}: {known} of {pins} looked up, {len(flaws)} vulnerabilities\n")
        for flaw in flaws:
            sys.stdout.write(f"  {flaw}\n")
        failed |= bool(flaws)
    return failed


if __name__ == "__main__":
    sys.exit(main())
