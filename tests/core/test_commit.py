"""Units of work: shared commits, undone alone, counted always, one writer per customer."""

import asyncio
import gc
from typing import Any

import pytest
from sqlalchemy import bindparam, func, select

from tenantry.areas.customers import model as customers
from tenantry.core import chain, schema
from tenantry.core.context import system_call
from tenantry.core.database import Database, open_database
from tenantry.core.errors import Problem
from tenantry.core.session import Unavailable
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tests.world import ADA, BEN, OTHER, WIDGETS, TurnedClock, World

_W = schema.write_counts.c
_COUNT = Statement(select(_W.count).where(_W.principal_id == bindparam("who")))
_R = schema.revisions.c
_REVISIONS = Statement(
    select(_R.from_sequence, _R.to_sequence)
    .where(_R.kind == bindparam("of_kind"), _R.row_id == bindparam("row"))
    .order_by(_R.from_sequence)
)


async def _rename(world: World, unit: Unit, name: str, customer_id: str = WIDGETS) -> None:
    call = system_call(unit, world.app.keyring, customer_id)
    await customers.change(call, customer_id, customers.CustomerChange(name=name))


async def test_units_that_meet_are_all_committed(world: World) -> None:
    database = world.app.database

    def rename(number: int, customer_id: str) -> Any:
        async def work(unit: Unit) -> int:
            await _rename(world, unit, f"Name {number}", customer_id)
            return number

        return database.write(work, customer_id=customer_id)

    customers_of = [WIDGETS, OTHER]
    before = {one: len(await world.events(one)) for one in customers_of}
    done = await asyncio.gather(*(rename(n, customers_of[n % 2]) for n in range(100)))
    assert done == list(range(100))
    for one in customers_of:
        assert len(await world.events(one)) == before[one] + 50
        assert (await chain.verify(database, one)).problem is None


async def test_one_that_fails_is_undone_alone(world: World) -> None:
    database = world.app.database
    before = len(await world.events())

    async def good(unit: Unit) -> None:
        await _rename(world, unit, "Good")

    async def bad(unit: Unit) -> None:
        await _rename(world, unit, "Bad")
        raise LookupError

    results = await asyncio.gather(
        database.write(bad, customer_id=WIDGETS, meter=BEN.id),
        database.write(good, customer_id=WIDGETS, meter=BEN.id),
        database.write(bad, customer_id=WIDGETS, meter=BEN.id),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [LookupError, type(None), LookupError]
    assert len(await world.events()) == before + 1
    assert (await chain.verify(database, WIDGETS)).problem is None
    answer = await world.ask(ADA, "GET", "/current_customer")
    assert answer.json()["name"] == "Good"
    # Three writes were made, whatever became of them.
    assert await database.one(_COUNT, who=BEN.id) == (3,)


async def test_a_broken_statement_spoils_only_its_own_unit(world: World) -> None:
    """On PostgreSQL a failed statement fails its transaction: the savepoint has to save it."""
    database = world.app.database
    statement = Statement(select(schema.users.c.id).where(schema.users.c.id == bindparam("x")))

    async def broken(unit: Unit) -> None:
        await unit.run(statement, x=object())

    async def good(unit: Unit) -> None:
        await _rename(world, unit, "Good")

    results = await asyncio.gather(
        database.write(good, customer_id=WIDGETS),
        database.write(broken, customer_id=WIDGETS),
        database.write(good, customer_id=OTHER),
        return_exceptions=True,
    )
    assert isinstance(results[1], Exception)
    assert results[0] is None
    assert results[2] is None


async def test_two_changes_of_a_row_in_one_batch_leave_no_gap_in_its_history(world: World) -> None:
    database = world.app.database

    async def lock(unit: Unit) -> None:
        call = system_call(unit, world.app.keyring, WIDGETS)
        for owner in (True, False):
            change = customers.CustomerChange(has_pci=owner)
            await customers.change(call, WIDGETS, change)

    await asyncio.gather(
        database.write(lock, customer_id=WIDGETS), database.write(lock, customer_id=WIDGETS)
    )
    rows = await database.all(_REVISIONS, of_kind="customer", row=WIDGETS)
    assert [to for _, to in rows] == [begin for begin, _ in rows[1:]] + [None]


@pytest.fixture
async def second(database_url: str, world: World) -> Any:
    """Another process's way into the same database."""
    del world
    database = open_database(database_url, TurnedClock())
    await database.start()
    yield database
    await database.stop()


async def test_two_processes_writing_for_one_customer_make_one_chain(
    world: World, second: Database
) -> None:
    before = len(await world.events())

    async def rename(database: Database, name: str) -> None:
        async def work(unit: Unit) -> None:
            await _rename(world, unit, name)

        await database.write(work, customer_id=WIDGETS)

    await asyncio.gather(
        *(rename(world.app.database, f"first {n}") for n in range(40)),
        *(rename(second, f"second {n}") for n in range(40)),
    )
    checked = await chain.verify(second, WIDGETS)
    assert (checked.events, checked.problem) == (before + 80, None)


async def test_what_another_process_commits_is_seen_by_the_next_request(
    world: World, second: Database
) -> None:
    assert (await world.ask(BEN, "GET", "/current_user")).status_code == 200

    async def revoke(unit: Unit) -> None:
        from tenantry.areas.tokens.model import revoke as revoke_tokens  # noqa: PLC0415 - one use

        call = system_call(unit, world.app.keyring, WIDGETS)
        await revoke_tokens(call, [BEN.token_id])

    await second.write(revoke, customer_id=WIDGETS)
    assert (await world.ask(BEN, "GET", "/current_user")).status_code == 401


async def test_transactions_that_block_each_other_are_run_again(
    world: World, second: Database
) -> None:
    """Two processes that lock two customers in opposite orders: both succeed in the end."""
    met = asyncio.Barrier(2)
    first_try = {"a": True, "b": True}

    async def cross(database: Database, name: str, first: str, then: str) -> None:
        async def work(unit: Unit) -> None:
            await unit.head(first)
            if first_try.pop(name, False) and world.dialect == "postgresql":
                await met.wait()
            await unit.head(then)
            await _rename(world, unit, name, first)

        await database.write(work)

    await asyncio.gather(
        cross(world.app.database, "a", WIDGETS, OTHER), cross(second, "b", OTHER, WIDGETS)
    )
    for one in (WIDGETS, OTHER):
        assert (await chain.verify(second, one)).problem is None


async def test_what_was_given_up_is_not_done_after_all(world: World) -> None:
    """Its caller was told that it failed: it must not come true a minute later."""
    database = world.app.database
    begun = asyncio.Event()
    let_go = asyncio.Event()
    before = len(await world.events())

    async def slow(unit: Unit) -> None:
        begun.set()
        await let_go.wait()
        await _rename(world, unit, "Slow")

    async def ghost(unit: Unit) -> None:
        await _rename(world, unit, "Ghost")

    first = asyncio.create_task(database.write(slow, customer_id=WIDGETS))
    await begun.wait()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await database.write(ghost, customer_id=WIDGETS)
    let_go.set()
    await first
    await _after(database)
    assert len(await world.events()) == before + 1


async def _after(database: Database) -> None:
    """Wait until everything that was queued is done."""

    async def nothing(unit: Unit) -> None:
        assert unit.now

    await database.write(nothing, customer_id=WIDGETS)


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
async def test_a_lost_connection_is_told_and_nothing_is_run_twice(world: World) -> None:
    """The commit may have come through: only the caller can know whether to ask again."""
    database = world.app.database
    end = Statement(select(func.pg_terminate_backend(func.pg_backend_pid())))
    runs = 0

    async def cut(unit: Unit) -> None:
        nonlocal runs
        runs += 1
        await _rename(world, unit, "Cut")
        await unit.one(end)

    with pytest.raises(Unavailable):
        await database.write(cut, customer_id=WIDGETS)
    assert runs == 1
    answer = await world.ask(ADA, "PUT", f"/customer/{WIDGETS}", data={"name": "Well again"})
    assert answer.json()["name"] == "Well again"


@pytest.mark.parametrize(
    ("login", "status"), [("new@example.com", 200), (BEN.login, 409), ("nobody", 400)]
)
async def test_what_a_write_holds_is_freed_with_it(world: World, login: str, status: int) -> None:
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        answer = await world.ask(ADA, "POST", "/user", data={"login": login})
        # The lane lets go of what it has done once the answers have left.
        await asyncio.sleep(0)
        gc.collect()
        left = [one for one in gc.garbage if isinstance(one, Unit | Problem)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
    assert (answer.status_code, left) == (status, [])
