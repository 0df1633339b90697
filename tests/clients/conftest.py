"""One live server per database, for all cases of this process."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.stage import Stage, open_stage
from tests.infrastructure.postgres import PostgresServer


@pytest.fixture(scope="session")
def sqlite_stage(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    """A server on a file."""
    folder = tmp_path_factory.mktemp("clients-sqlite")
    path = folder / "tenantry.db"
    path.write_bytes(sqlite_template.read_bytes())
    with open_stage(f"sqlite:///{path}", folder) as stage:
        yield stage


@pytest.fixture(scope="session")
def postgresql_stage(
    postgres_server: PostgresServer,
    postgres_template: str,
    worker: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stage]:
    """A server on PostgreSQL."""
    name = f"clients_{worker}"
    asyncio.run(postgres_server.create_database(name, template=postgres_template))
    with open_stage(postgres_server.url(name), tmp_path_factory.mktemp("clients")) as stage:
        yield stage
    asyncio.run(postgres_server.drop_database(name))


@pytest.fixture
def stage(dialect: str, request: pytest.FixtureRequest) -> Stage:
    """The stage of a test, on either database."""
    found: Stage = request.getfixturevalue(f"{dialect}_stage")
    return found
