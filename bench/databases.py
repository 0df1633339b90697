"""Where databases stand while they are measured; all of it is removed at the end."""

import asyncio
import contextlib
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import apsw
import asyncpg
import msgspec
import psutil

from bench.fill import Known, fill
from bench.machine import beside
from bench.server import SECRET_KEY
from tenantry.core.database import sqlite_path
from tenantry.core.secrets import parse_key
from tenantry.core.sqlite_connection import connect
from tests.infrastructure.postgres import PostgresServer

_SHARED_MB = psutil.virtual_memory().total // 4 >> 20
"""What PostgreSQL's own guide begins with: a quarter of the memory, instead of 128 MB."""
SETTINGS = (f"shared_buffers={_SHARED_MB}MB", "max_wal_size=8GB")
"""As one who runs it sets it, and `docs/operating.md` says; the rest is as it comes."""

Kind = Literal["sqlite", "postgresql"]
KINDS: tuple[Kind, ...] = ("sqlite", "postgresql")


class Filled(msgspec.Struct, frozen=True):
    """A database with users in it."""

    url: str
    users: int
    known: list[Known]


class Databases:
    """Makes databases, on a disk that keeps what it is told to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._postgres: PostgresServer | None = None
        self._made = 0

    @contextlib.contextmanager
    def filled(self, kind: Kind, users: int) -> Iterator[Filled]:
        """A database of that size, for as long as it is needed."""
        with self.empty(kind) as url:
            print(f"filling {kind} with {users:,} users …", end=" ", flush=True)
            before = time.monotonic()
            known = asyncio.run(fill(url, parse_key(SECRET_KEY), users))
            print(f"{time.monotonic() - before:.0f} s", flush=True)
            yield Filled(url, users, known)

    @contextlib.contextmanager
    def empty(self, kind: Kind) -> Iterator[str]:
        """The URL of a database without even tables, for as long as it is needed."""
        self._made += 1
        name = f"bench_{self._made}"
        url = self._create_file(name) if kind == "sqlite" else self._create(name)
        try:
            yield url
        finally:
            self._remove(kind, name)

    def _create_file(self, name: str) -> str:
        # A folder of its own, because a server keeps mail beside its file.
        (self.folder / name).mkdir()
        return f"sqlite:///{self.folder / name / 'bench.db'}"

    def _create(self, name: str) -> str:
        if self._postgres is None:
            with beside("load"):
                self._postgres = PostgresServer.start(durable=True, settings=SETTINGS)
        asyncio.run(self._postgres.create_database(name))
        return self._postgres.url(name)

    def copy(self, kind: Kind, url: str, over: str) -> None:
        """Let one database hold what another holds; nobody may be connected to either."""
        if kind == "sqlite":
            _copy_file(Path(sqlite_path(url)), Path(sqlite_path(over)))
        elif self._postgres is not None:
            name, template = over.rpartition("/")[2], url.rpartition("/")[2]
            asyncio.run(self._postgres.drop_database(name))
            asyncio.run(self._postgres.create_database(name, template))

    def _remove(self, kind: Kind, name: str) -> None:
        if kind == "sqlite":
            shutil.rmtree(self.folder / name)
        elif self._postgres is not None:
            asyncio.run(self._postgres.drop_database(name))

    def postgres_version(self) -> str | None:
        """The version of the server and how it is set, if one was needed."""
        if self._postgres is None:
            return None
        return ", ".join([asyncio.run(_version(self._postgres)), *SETTINGS])

    def stop(self) -> None:
        """End the PostgreSQL server, if there is one."""
        if self._postgres is not None:
            self._postgres.stop()


def _copy_file(file: Path, over: Path) -> None:
    # Whoever wrote last may have left some of it in the log beside the file.
    connection = connect(str(file))
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    connection.close()
    for name in (f"{over}-wal", f"{over}-shm"):
        Path(name).unlink(missing_ok=True)
    shutil.copyfile(file, over)


async def _version(server: PostgresServer) -> str:
    connection = await asyncpg.connect(server.url("postgres"))
    try:
        return str(await connection.fetchval("SHOW server_version"))
    finally:
        await connection.close()


@contextlib.contextmanager
def databases() -> Iterator[Databases]:
    """A place for databases, on the disk of the folder for temporary files (`TMPDIR`)."""
    with tempfile.TemporaryDirectory(prefix="tenantry-bench-") as folder:
        made = Databases(Path(folder))
        try:
            yield made
        finally:
            made.stop()
