"""What every test stands on: a world of its own, on SQLite and on PostgreSQL."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings

from tenantry.migrations import migrate
from tests.infrastructure.lending import LentDatabase
from tests.infrastructure.postgres import PostgresServer
from tests.sharing import SharedWorld
from tests.world import World, make_world, open_world

pytest_plugins = ("tests.infrastructure.fixtures", "tests.infrastructure.browser")

# How long an example takes depends on what else the machine does; no test is about time.
settings.register_profile(
    "suite", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("suite")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have tests that share a world run in the event loop that it lives in."""
    for item in items:
        if item.get_closest_marker("changes_nothing"):
            # Before the mark that every asynchronous test has.
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


async def _make(url: str) -> None:
    await migrate(url)
    await make_world(url)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The world in a file."""
    path = tmp_path_factory.mktemp("template") / "world.db"
    asyncio.run(_make(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer, worker: str) -> str:
    """The world in a database; its name."""
    name = f"template_{worker}"

    async def make() -> None:
        await postgres_server.create_database(name)
        await _make(postgres_server.url(name))

    asyncio.run(make())
    return name


@pytest.fixture(scope="session")
def worker(request: pytest.FixtureRequest) -> str:
    """The name of this process among those that share the run."""
    given = getattr(request.config, "workerinput", {})
    return str(given.get("workerid", "alone"))


@pytest.fixture(scope="session")
def lent_database(
    postgres_server: PostgresServer, postgres_template: str, worker: str
) -> Iterator[LentDatabase]:
    """The database that the tests of this process have one after the other."""
    database = LentDatabase(postgres_server, postgres_template, f"test_{worker}")
    yield database
    database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    """Each test that needs a database runs on both."""
    return str(request.param)


@pytest.fixture
def database_url(dialect: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database with the world in it, the test's own."""
    if dialect == "sqlite":
        path = tmp_path / "tenantry.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    database: LentDatabase = request.getfixturevalue("lent_database")
    with database.lent() as url:
        yield url


@pytest.fixture
def world(dialect: str, request: pytest.FixtureRequest) -> World:
    """The world, open: the test's own, unless it is marked as one that changes nothing."""
    del dialect  # only has to be chosen before
    is_shared = request.node.get_closest_marker("changes_nothing")
    opened: World = request.getfixturevalue("shared_world" if is_shared else "own_world")
    return opened


@pytest.fixture
async def own_world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """The world, for one test."""
    opened = await open_world(database_url, tmp_path)
    yield opened
    await opened.stop()


@pytest.fixture
async def elsewhere(world: World, database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """Another process with the same database: it shares nothing else with the first."""
    del world  # only has to be there before
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    opened = await open_world(database_url, folder)
    yield opened
    await opened.stop()


@pytest.fixture(scope="session")
def make_in_file(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Awaitable[World]]:
    """Opens a world in a file of its own, as often as it is called."""

    async def make() -> World:
        folder = tmp_path_factory.mktemp("shared")
        path = shutil.copy(sqlite_template, folder / "tenantry.db")
        return await open_world(f"sqlite:///{path}", folder)

    return make


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def sqlite_shared(
    make_in_file: Callable[[], Awaitable[World]],
) -> AsyncIterator[SharedWorld]:
    """The world that tests share, in a file."""
    async with SharedWorld(make_in_file) as shared:
        yield shared


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgresql_shared(
    postgres_server: PostgresServer,
    postgres_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[SharedWorld]:
    """The world that tests share, in a database."""

    async def make() -> World:
        folder = tmp_path_factory.mktemp("shared")
        name = f"{postgres_template}_{folder.name}"
        await postgres_server.create_database(name, template=postgres_template)
        return await open_world(postgres_server.url(name), folder)

    async with SharedWorld(make) as shared:
        yield shared


@pytest.fixture
def sharing(dialect: str, request: pytest.FixtureRequest) -> SharedWorld:
    """What is shared, on either database."""
    found: SharedWorld = request.getfixturevalue(f"{dialect}_shared")
    return found


@pytest_asyncio.fixture(loop_scope="session")
async def shared_world(sharing: SharedWorld) -> AsyncIterator[World]:
    """The world, as the test before left it, which is as it was; Ada is in sudo mode."""
    yield await sharing.lent()
    await sharing.returned()
