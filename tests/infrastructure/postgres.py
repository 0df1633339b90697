"""A real PostgreSQL server, started for a test run and gone after it.

    with PostgresServer.start() as server:
        await server.create_database("world")
        await server.create_database("test_1", template="world")
        connection = await asyncpg.connect(server.url("test_1"))

`python -m tests.infrastructure.postgres` starts one to play with, until Ctrl-C.
"""

import contextlib
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Self

import asyncpg

from tests.infrastructure.memory import place_in_memory
from tests.infrastructure.postgres_programs import (
    PostgresUnavailableError,
    Programs,
    programs_for,
)

_SECONDS_TO_START = 60

_SETTINGS = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "max_connections=200",
    "timezone=UTC",
]
# The data is thrown away, so it need not reach a disk. And nobody may be connected to a template
# while it is copied: CREATE DATABASE would wait for an autovacuum to leave.
_FORGETFUL = [
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "autovacuum=off",
    "wal_level=minimal",
    "max_wal_senders=0",
]

# The server's parent. Its standard input is a pipe that closes when the owner lets go of it, or
# dies by whatever signal; then the server ends, at once, and its home goes. Nothing stays behind.
_GUARD = """
home=$1; shift
exec 3<&0
"$@" 3<&- < /dev/null &
server=$!
{ cat <&3 > /dev/null; kill -QUIT $server; } &
wait $server
kill $!
rm -rf "$home"
"""


class PostgresServer:
    """A server for databases that live as long as a test."""

    def __init__(self, address: str, guard: subprocess.Popen[bytes] | None = None) -> None:
        self.address = address
        """`postgresql://user:password@host:port`, all that another process needs to use it."""
        self._guard = guard

    @classmethod
    def start(cls, *, durable: bool = False, settings: Sequence[str] = ()) -> Self:
        """Start a server: quick and forgetful, unless what it commits is to be `durable`.

        More `settings` are told as in its configuration file: `name=value`.
        """
        told = [*_SETTINGS, *([] if durable else _FORGETFUL), *settings]
        place = None if durable else place_in_memory()
        try:
            return cls(*_launch(place, told))
        except _PortTakenError:  # between our choosing and its binding; rare, so not twice
            return cls(*_launch(place, told))

    def url(self, database: str) -> str:
        """Where a database is."""
        return f"{self.address}/{database}"

    async def create_database(self, name: str, template: str | None = None) -> None:
        """Make a database: empty, or a copy of one that nobody is connected to.

        Copying the files takes a third of the time of copying through the log, the default.
        """
        source = f"TEMPLATE {_quoted(template)}" if template else ""
        await self._execute(f"CREATE DATABASE {_quoted(name)} {source} STRATEGY file_copy")

    async def drop_database(self, name: str) -> None:
        """Remove a database, and whoever is still connected to it; absent is fine."""
        await self._execute(f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)")

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.url("postgres"), ssl=False)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def stop(self) -> None:
        """End the server, if this is its owner, and remove its data; twice is harmless."""
        if self._guard is not None:
            _release(self._guard)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class _PortTakenError(PostgresUnavailableError):
    pass


def _launch(place: Path | None, settings: list[str]) -> tuple[str, subprocess.Popen[bytes]]:
    home = Path(tempfile.mkdtemp(prefix="tenantry-postgres-", dir=place))
    try:
        programs = programs_for(home)
        password = _initialise(programs, home)
    except BaseException:
        shutil.rmtree(home, ignore_errors=True)
        raise
    port = _free_port()
    guard = _serve(programs, home, [f"port={port}", *settings])
    return f"postgresql://postgres:{password}@127.0.0.1:{port}", guard


def _initialise(programs: Programs, home: Path) -> str:
    # A password, because other people of this machine can reach the port too.
    password = secrets.token_urlsafe()
    password_file = home / "password"
    password_file.write_text(password)
    password_file.chmod(0o644)  # the server's account must read it; the home is closed to others
    command: list[str | Path] = [
        programs.directory / "initdb",
        "--pgdata",
        home / "data",
        "--no-sync",
    ]
    command += ["--username=postgres", "--auth=md5", "--pwfile", password_file]
    command += ["--encoding=UTF8", "--no-locale"]
    made = subprocess.run(command, capture_output=True, text=True, check=False, **programs.start)
    if made.returncode != 0:
        raise PostgresUnavailableError(made.stderr)
    return password


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _serve(programs: Programs, home: Path, settings: list[str]) -> subprocess.Popen[bytes]:
    command: list[str | Path] = [programs.directory / "postgres", "-D", home / "data"]
    for setting in settings:
        command += ["-c", setting]
    with tempfile.TemporaryFile() as log:
        guard = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, "guard", home, *command],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,  # a Ctrl-C is meant for us, and would end the server too early
            **programs.start,
        )
        try:
            _wait_until_ready(guard, home / "data" / "postmaster.pid", log)
        except BaseException:
            _release(guard)
            raise
    return guard


def _wait_until_ready(guard: subprocess.Popen[bytes], status: Path, log: IO[bytes]) -> None:
    deadline = time.monotonic() + _SECONDS_TO_START
    while not _is_ready(status):
        if guard.poll() is not None or time.monotonic() > deadline:
            log.seek(0)
            said = log.read().decode(errors="replace")
            taken = "could not bind" in said
            raise (_PortTakenError if taken else PostgresUnavailableError)(said)
        time.sleep(0.01)


def _is_ready(status: Path) -> bool:
    """The server keeps its state in the eighth line of its lock file, as pg_ctl knows."""
    with contextlib.suppress(OSError):
        lines = status.read_text().splitlines()
        return len(lines) > 7 and lines[7].strip() == "ready"
    return False


def _release(guard: subprocess.Popen[bytes]) -> None:
    if guard.stdin is not None:
        guard.stdin.close()
    guard.wait()


def main() -> None:
    """Start a server, print where it is, stay until Ctrl-C or SIGTERM."""
    signals = {signal.SIGINT, signal.SIGTERM}
    with PostgresServer.start() as server:
        print(server.url("postgres"), flush=True)  # noqa: T201 - a script's answer
        signal.pthread_sigmask(signal.SIG_BLOCK, signals)
        signal.sigwait(signals)


if __name__ == "__main__":
    main()
