"""The server under the tests does what they trust it to do, and never outlives them."""

import asyncio
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from tests.infrastructure.postgres import PostgresServer
from tests.infrastructure.postgres_programs import PostgresUnavailableError, find_programs

_ROOT = Path(__file__).parents[2]


async def _run(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url, ssl=False)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def _home(url: str) -> Path:
    return Path(str(await _run(url, "SHOW data_directory"))).parent


def _answers(url: str) -> bool:
    parts = urlsplit(url)
    with socket.socket() as client:
        return client.connect_ex((parts.hostname, parts.port)) == 0


@pytest.fixture
def database(request: pytest.FixtureRequest, worker_id: str) -> str:
    return f"{request.node.name}_{worker_id}"


async def test_a_copy_has_what_its_template_has(
    postgres_server: PostgresServer, database: str
) -> None:
    copy = f"{database}_copy"
    await postgres_server.create_database(database)
    await _run(postgres_server.url(database), "CREATE TABLE person AS SELECT 'Ada' AS name")

    await postgres_server.create_database(copy, template=database)
    await _run(postgres_server.url(copy), "UPDATE person SET name = 'Ben'")

    assert await _run(postgres_server.url(copy), "SELECT name FROM person") == "Ben"
    assert await _run(postgres_server.url(database), "SELECT name FROM person") == "Ada"
    await postgres_server.drop_database(copy)
    await postgres_server.drop_database(database)


async def test_a_database_in_use_can_be_dropped(
    postgres_server: PostgresServer, database: str
) -> None:
    await postgres_server.create_database(database)
    connection = await asyncpg.connect(postgres_server.url(database), ssl=False)

    await postgres_server.drop_database(database)

    connection.terminate()
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(postgres_server.url(database), ssl=False)
    await postgres_server.drop_database(database)


async def test_nobody_gets_in_without_the_password(postgres_server: PostgresServer) -> None:
    parts = urlsplit(postgres_server.url("postgres"))
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(
            parts._replace(netloc=f"postgres:guess@{parts.hostname}:{parts.port}").geturl()
        )


@pytest.mark.live
@pytest.mark.parametrize(("durable", "fsync"), [(True, "on"), (False, "off")])
async def test_a_stopped_server_leaves_nothing(*, durable: bool, fsync: str) -> None:
    with PostgresServer.start(durable=durable) as server:
        url = server.url("postgres")
        assert await _run(url, "SHOW fsync") == fsync
        home = await _home(url)
        assert home.exists()

    assert not _answers(url)
    assert not home.exists()
    server.stop()


@pytest.mark.live
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
async def test_the_server_dies_with_its_owner(how: signal.Signals) -> None:
    owner = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.infrastructure.postgres", cwd=_ROOT, stdout=subprocess.PIPE
    )
    assert owner.stdout is not None
    url = (await owner.stdout.readline()).decode().strip()
    home = await _home(url)

    owner.send_signal(how)
    await owner.wait()

    deadline = time.monotonic() + 10
    while home.exists():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    assert not _answers(url)


@pytest.fixture
def hidden_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Programs that only root can read, as those of a virtual environment under /root."""
    installation = find_programs().parent
    package = tmp_path / "site-packages" / installation.parent.name
    shutil.copytree(installation, package / installation.name)
    libraries = installation.parent.with_name(f"{installation.parent.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, package.with_name(libraries.name))
    tmp_path.chmod(stat.S_IRWXU)
    monkeypatch.setenv("TENANTRY_TEST_PG_BIN", str(package / installation.name / "bin"))
    yield
    shutil.rmtree(tmp_path)


@pytest.mark.live
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start what others can't read")
@pytest.mark.usefixtures("hidden_programs")
async def test_programs_that_only_root_can_read_serve_too() -> None:
    with PostgresServer.start() as server:
        assert await _run(server.url("postgres"), "SELECT 1") == 1


def test_a_machine_without_it_is_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TENANTRY_TEST_PG_BIN", str(tmp_path))
    with pytest.raises(PostgresUnavailableError, match="make setup"):
        PostgresServer.start()
    with pytest.raises(PostgresUnavailableError, match=str(tmp_path)):
        find_programs()
