"""SQLite reads on the event loop only while that is quick, and finds what it is given keys of."""

import asyncio
import gc
from pathlib import Path

import apsw
import pytest
from sqlalchemy import bindparam, func, literal, select

from tenantry.core import schema
from tenantry.core.sqlite_connection import connect, connect_read_only
from tenantry.core.statements import Statement
from tests.world import World

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)

_WHOLE_CUSTOMER = ("(customer_id=?)", "(customer_id=? AND deleted_at=?)")
# Erasing somebody, which is rare, finds old invitations by an address: no index is worth that.
_NO_KEY = "invitations.email_key IN ("
_ONE = select(literal(1).label("number")).cte(recursive=True)
_NUMBERS = _ONE.union_all(select(_ONE.c.number + 1).where(_ONE.c.number < bindparam("most")))
_COUNT = Statement(select(func.count()).select_from(_NUMBERS))
_HIGHEST = Statement(select(_NUMBERS.c.number).order_by(_NUMBERS.c.number.desc()).limit(3))


@pytest.mark.parametrize(("most", "is_long"), [(100, False), (300_000, True)])
async def test_whoever_asks_meanwhile_waits_for_no_long_read(
    world: World, most: int, *, is_long: bool
) -> None:
    database, others = world.app.database, list[str]()
    loop = asyncio.get_running_loop()
    loop.call_soon(others.append, "one")
    assert await database.one(_COUNT, most=most) == (most,)
    assert others == (["one"] if is_long else [])
    loop.call_soon(others.append, "all")
    assert await database.all(_HIGHEST, most=most) == [(most,), (most - 1,), (most - 2,)]
    assert others == (["one", "all"] if is_long else [])


async def test_a_long_read_may_find_nothing(world: World) -> None:
    nothing = Statement(select(_NUMBERS.c.number).where(_NUMBERS.c.number < 0))
    assert await world.app.database.one(nothing, most=300_000) is None
    assert await world.app.database.all(nothing, most=300_000) == []


async def test_a_database_that_was_closed_opens_again(world: World) -> None:
    """So does a process whose start failed at what came after, and that tries again."""
    database = world.app.database
    await database.stop()
    await database.start()
    assert await database.one(_COUNT, most=300_000) == (300_000,)


@pytest.mark.usefixtures("world")
def test_nothing_goes_through_a_whole_customer_for_rows_whose_keys_it_has(tmp_path: Path) -> None:
    """Where a list becomes a filter, every row that is reached otherwise is held against it."""
    statements = [one.on("sqlite") for one in gc.get_objects() if isinstance(one, Statement)]
    lists = [one for one in statements if one.lists and _NO_KEY not in one.sql]
    assert len(lists) > 20
    connection = connect_read_only(str(tmp_path / "tenantry.db"))
    for one in lists:
        steps = [
            row[3]
            for row in connection.execute(f"EXPLAIN QUERY PLAN {one.sql}", ["[]"] * len(one.names))
        ]
        reached = [step for step in steps if step.endswith(_WHOLE_CUSTOMER)]
        assert not ("CREATE BLOOM FILTER" in steps and reached), (one.sql, steps)
    connection.close()


async def test_the_reads_of_one_tick_see_one_moment_and_those_of_the_next_what_came_since(
    world: World, tmp_path: Path
) -> None:
    database = world.app.database
    count = Statement(select(func.count()).select_from(schema.outbox))
    other = connect(str(tmp_path / "tenantry.db"))
    change = "INSERT INTO outbox VALUES (?, NULL, 'mail', '{}', 1, 0, NULL, 1, 1)"
    await asyncio.sleep(0)
    before, seen = await database.one(count), database.changes()
    other.execute(change, ("one",))
    assert (await database.one(count), database.changes()) == (before, seen)
    await asyncio.sleep(0)
    assert await database.one(count) == (1,)
    assert database.changes() != seen
    # Who is told of a commit reads in the loop's next tick at the earliest, view or not.
    other.execute(change, ("two",))
    told = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(told.set_result, None)
    assert await database.one(count) == (1,)
    await told
    assert await database.one(count) == (2,)
    other.close()


async def test_a_read_that_was_not_fetched_to_its_end_holds_nothing_back(
    world: World, tmp_path: Path
) -> None:
    database = world.app.database
    assert await database.one(Statement(select(schema.users.c.id))) is not None
    await asyncio.sleep(0)
    other = connect(str(tmp_path / "tenantry.db"))
    other.execute("DELETE FROM outbox")
    assert other.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)[0] == 0
    other.close()
