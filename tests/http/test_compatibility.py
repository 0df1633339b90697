"""The shim for two official clients, and its switch (contract: identity §1.7)."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tenantry.app import Application
from tenantry.http.log import RequestLog
from tests.world import BEN, BOT, SUE, TurnedClock, World, settings

PYTHON, JAVASCRIPT, CLI = "fastly-py/15.0.0", "fastly-js/13.0.0", "FastlyCLI/v16.1.0"
LEFT_OUT = {"expires_at", "last_used_at", "ip", "user_agent"}


async def ask(world: World, agent: str, path: str) -> Any:
    return (await world.ask(SUE, "GET", path, headers={"User-Agent": agent})).json()


@pytest.fixture
async def unbending(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """The world with the shim switched off."""
    plain = msgspec.structs.replace(settings(database_url), client_compatibility=False)
    clock = TurnedClock()
    app = Application(plain, clock, log=RequestLog(enabled=False))
    await app.start()
    opened = World(app, clock, app.database.dialect, tmp_path / "log")
    yield opened
    await opened.stop()


@pytest.mark.parametrize("agent", [PYTHON, JAVASCRIPT])
async def test_a_token_has_no_nulls_where_a_client_cannot_read_them(
    world: World, agent: str
) -> None:
    plain = await ask(world, CLI, f"/tokens/{BEN.token_id}")
    assert {name for name in LEFT_OUT if plain[name] is None} == LEFT_OUT
    bent = await ask(world, agent, f"/tokens/{BEN.token_id}")
    assert bent == {name: value for name, value in plain.items() if name not in LEFT_OUT}


@pytest.mark.parametrize("agent", [PYTHON, JAVASCRIPT])
async def test_automation_tokens_are_an_array_where_a_client_wants_one(
    world: World, agent: str
) -> None:
    assert [one["id"] for one in await ask(world, agent, "/automation-tokens")] == [BOT.token_id]


@pytest.mark.parametrize("agent", [CLI, "curl/8.0", "my-fastly-py/1.0", ""])
async def test_everybody_else_gets_what_was_recorded(world: World, agent: str) -> None:
    assert set(await ask(world, agent, "/automation-tokens")) == {"data", "meta"}
    assert set(await ask(world, agent, f"/tokens/{BEN.token_id}")) > LEFT_OUT


@pytest.mark.parametrize("agent", [PYTHON, JAVASCRIPT])
async def test_it_can_be_switched_off(unbending: World, agent: str) -> None:
    assert set(await ask(unbending, agent, "/automation-tokens")) == {"data", "meta"}
    assert set(await ask(unbending, agent, f"/tokens/{BEN.token_id}")) > LEFT_OUT
