"""A read that PostgreSQL has no connection free for is told so in time."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from tenantry.core.postgresql import CONNECTIONS, PostgresDatabase
from tests.world import ADA, World


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
async def test_a_read_waits_for_a_connection_no_longer_than_for_an_answer(world: World) -> None:
    database = world.app.database
    assert isinstance(database, PostgresDatabase)
    async with AsyncExitStack() as held, asyncio.timeout(20):
        for _ in range(CONNECTIONS):
            await held.enter_async_context(database.session())
        database.patience = 0.05
        answer = await world.ask(ADA, "GET", "/current_user")
        assert (answer.status_code, answer.json()) == (503, {"msg": "Service unavailable"})
    database.patience = 20
    assert (await world.ask(ADA, "GET", "/current_user")).status_code == 200
