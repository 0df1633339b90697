"""The processes of a test run: their PostgreSQL server, where their files lie.

Load it as a plugin (`pytest_plugins` in tests/conftest.py): the process that starts the workers
owns the server and hands each of them its address, so that no worker has to be the last. Without
workers the first test that needs the server starts it.
"""

import gc
import os
from typing import Any

import pytest

from tests.infrastructure.memory import place_in_memory
from tests.infrastructure.postgres import PostgresServer
from tests.infrastructure.postgres_programs import PostgresUnavailableError

_SERVER = pytest.StashKey[PostgresServer]()
_ALLOCATIONS = 50_000
"""Objects that may be added before the collector looks for cycles among them (Python's: 700).

As in the server; with thousands of tests in memory it took a tenth of the time.
"""


def pytest_configure(config: pytest.Config) -> None:
    """Let files lie in memory, unless who runs the tests has a place for them; look back rarely."""
    place = place_in_memory()
    if place is not None and config.option.basetemp is None:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(place))
    gc.set_threshold(_ALLOCATIONS, 20, 20)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a new worker where the server is, or why there is none."""
    try:
        node.workerinput["postgres"] = _of_this_process(node.config).address
    except PostgresUnavailableError as problem:
        node.workerinput["postgres_problem"] = str(problem)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the server, however the run ended."""
    if _SERVER in config.stash:
        config.stash[_SERVER].stop()


def _of_this_process(config: pytest.Config) -> PostgresServer:
    if _SERVER not in config.stash:
        config.stash[_SERVER] = PostgresServer.start()
    return config.stash[_SERVER]


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> PostgresServer:
    """The server that this test run shares; each test makes databases of its own in it."""
    given = getattr(request.config, "workerinput", None)
    if given is None:
        return _of_this_process(request.config)
    if "postgres_problem" in given:
        raise PostgresUnavailableError(given["postgres_problem"])
    return PostgresServer(given["postgres"])
