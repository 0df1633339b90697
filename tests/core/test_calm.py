"""Who writes is read anew where an event may have changed what he may, and only there."""

import asyncio
from typing import Any

import pytest

from tenantry.areas.tokens.model import revoke
from tenantry.areas.users import changing, model
from tenantry.core.context import system_call
from tenantry.core.database import Database, open_database
from tenantry.core.unit import Unit
from tests.world import ADA, BEN, WIDGETS, TurnedClock, World


@pytest.fixture
async def second(database_url: str, world: World) -> Any:
    """Another process's way into the same database."""
    del world
    database = open_database(database_url, TurnedClock())
    await database.start()
    yield database
    await database.stop()


async def _create(world: World, unit: Unit, login: str) -> None:
    call = system_call(unit, world.app.keyring, WIDGETS)
    await model.add(call, model.NewUser(login=login))


async def _demote(world: World, unit: Unit) -> None:
    call = system_call(unit, world.app.keyring, WIDGETS)
    await changing.change(call, await model.find(call, BEN.id), changing.UserChange(role="user"))


async def _revoke(world: World, unit: Unit) -> None:
    await revoke(system_call(unit, world.app.keyring, WIDGETS), [BEN.token_id])


async def _newest(database: Database) -> int:
    async def work(unit: Unit) -> int:
        return (await unit.head(WIDGETS)).sequence

    return await database.write(work, customer_id=WIDGETS)


async def _keeps(database: Database, version: int) -> bool:
    async def work(unit: Unit) -> bool:
        return (await unit.head(WIDGETS)).keeps(version)

    return await database.write(work, customer_id=WIDGETS)


async def test_a_new_user_changes_nothing_for_others(world: World) -> None:
    database = world.app.database
    before = await _newest(database)
    for number in range(3):
        await world.ask(ADA, "POST", "/user", data={"login": f"new{number}@example.com"})
    assert await _newest(database) == before + 3
    assert await _keeps(database, before)
    assert not await _keeps(database, before - 1)


async def test_a_change_of_access_is_seen_by_the_next_unit_of_its_batch(world: World) -> None:
    database = world.app.database
    before = await _newest(database)

    def work(change: Any, *more: Any) -> Any:
        async def run(unit: Unit) -> bool:
            is_kept = (await unit.head(WIDGETS)).keeps(before)
            await change(world, unit, *more)
            return is_kept

        return database.write(run, customer_id=WIDGETS)

    kept: list[bool] = await asyncio.gather(
        *(
            work(_create, "first@example.com"),
            work(_demote),
            work(_create, "second@example.com"),
            work(_create, "third@example.com"),
        )
    )
    assert kept == [True, True, False, False]
    assert not await _keeps(database, before)
    assert await _keeps(database, before + 2)


async def test_what_was_undone_is_no_reason_to_trust(world: World) -> None:
    """The numbers of events that were undone are given to others, which may change anything."""
    database = world.app.database
    before = await _newest(database)

    async def fails(unit: Unit) -> None:
        await _create(world, unit, "never@example.com")
        raise LookupError

    with pytest.raises(LookupError):
        await database.write(fails, customer_id=WIDGETS)
    await database.write(lambda unit: _demote(world, unit), customer_id=WIDGETS)
    assert await _newest(database) == before + 1
    assert not await _keeps(database, before)


async def test_who_was_demoted_may_not_write(world: World) -> None:
    service = {"name": "first"}
    assert (await world.ask(BEN, "POST", "/service", data=service)).status_code == 200
    await world.ask(ADA, "POST", "/user", data={"login": "new@example.com"})
    await world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"role": "user"})
    await world.ask(ADA, "POST", "/user", data={"login": "newer@example.com"})
    refused = await world.ask(BEN, "POST", "/service", data={"name": "second"})
    assert refused.status_code == 403
    await world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"role": "engineer"})
    again = await world.ask(BEN, "POST", "/service", data={"name": "second"})
    assert again.status_code == 200


async def test_what_another_process_changes_is_seen_by_the_next_write(
    world: World, second: Database
) -> None:
    before = await _newest(world.app.database)
    for number in range(2):
        answer = await world.ask(BEN, "POST", "/service", data={"name": f"of Ben {number}"})
        assert answer.status_code == 200
    await second.write(lambda unit: _revoke(world, unit), customer_id=WIDGETS)
    await second.write(lambda unit: _create(world, unit, "x@example.com"), customer_id=WIDGETS)
    assert not await _keeps(world.app.database, before)
    for number in range(2):
        answer = await world.ask(BEN, "POST", "/service", data={"name": f"not of Ben {number}"})
        assert answer.status_code == 401
