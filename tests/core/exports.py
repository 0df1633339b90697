"""A made-up export, and the verifier run on it as a program of its own."""

import gzip
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tenantry.core import chain, verify_audit
from tenantry.core.verify_audit import BLOCK
from tests.world import WIDGETS

MANY = 2 * BLOCK + 100
SALT = "0123456789abcdefABCDEF"


def body(number: int, **facts: Any) -> bytes:
    """An event's, with what a verifier looks at."""
    facts = {"customer_id": WIDGETS, "id": f"{number:022d}", "sequence": number} | facts
    return chain.canonical(facts)


def log(count: int) -> list[bytes]:
    """The lines of a made-up export."""
    lines, digest = [], bytes(32)
    for number in range(1, count + 1):
        login = f"ben{number}@example.com"
        text = body(number, metadata={"login": chain.seal(SALT, login)})
        digest = chain.chained(digest, text)
        personal = f'{{"metadata.login":["{SALT}","{login}"]}}'
        lines.append(chain.line(number, digest, text.decode(), personal))
    return lines


LINES = log(MANY)


def run(folder: Path, *arguments: str, stdin: bytes = b"") -> tuple[int, str]:
    """The exit code and what was said."""
    ended = subprocess.run(
        [sys.executable, "-I", "-S", verify_audit.__file__, *arguments],
        cwd=folder,
        input=stdin,
        capture_output=True,
        check=False,
        timeout=120,
    )
    return ended.returncode, (ended.stdout + ended.stderr).decode()


def put(folder: Path, name: str, lines: Sequence[bytes]) -> str:
    """Write a file, packed if its name says so."""
    content = b"".join(lines)
    (folder / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return name
