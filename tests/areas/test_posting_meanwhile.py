"""What happens at the very moment at which a month is posted: the posting is made to wait there.

It waits where it has read the terms and locked what it locks, but nothing of what was used yet
(`coupons`), or where all that lacks is its number (`invoice_numbers`).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from tests.areas.invoice_calls import INVOICES, MARCH, done, got, void
from tests.areas.invoice_calls import give_plan as give
from tests.areas.invoice_calls import use as meter
from tests.areas.posting_calls import FIRST, close
from tests.areas.proof_calls import check_lines
from tests.areas.test_money_at_once import COUPONS, at, end, plan, totals
from tests.world import OPERATOR, World

pytestmark = pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)

_WAITING = """SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'"""


@asynccontextmanager
async def stalled(url: str, posting: Awaitable[Any], table: str) -> AsyncIterator[Any]:
    """Let a posting wait for a table, and wait for what it was to do."""
    connection = await asyncpg.connect(url, ssl=False)
    try:
        await connection.execute(f"BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        running = asyncio.ensure_future(posting)
        await _waited(connection, 1)
        yield connection
        await connection.execute("ROLLBACK")
        await running
    finally:
        await connection.close()


async def _waited(connection: Any, count: int, other: "asyncio.Task[Any] | None" = None) -> None:
    """Until so many wait for a lock, unless the other has no need to."""
    async with asyncio.timeout(20):
        while await connection.fetchval(_WAITING) < count and not (other and other.done()):
            pass


@pytest.mark.parametrize("table", ["coupons", "invoice_numbers"])
@pytest.mark.parametrize("what", ["metered", "voided"])
async def test_it_is_billed_once_and_by_its_events(
    world: World, elsewhere: World, database_url: str, table: str, what: str
) -> None:
    await give(world, plan())
    end(MARCH, world, elsewhere)
    await meter(world, at(MARCH, "one"), at(MARCH, "two"))
    async with stalled(database_url, close(elsewhere), table) as connection:
        happens = meter(world, at(MARCH, "three")) if what == "metered" else void(world, "one")
        happening = asyncio.create_task(happens)
        await _waited(connection, 2, happening)
    await happening
    await check_lines(world, str(FIRST))
    assert await totals(world) == {MARCH.text: 2}
    end(MARCH.plus(1), world, elsewhere)
    await close(world)
    await check_lines(world, str(FIRST + 1))
    assert sum((await totals(world)).values()) == (3 if what == "metered" else 1)


async def test_a_coupon_that_it_takes_from_is_not_withdrawn(
    world: World, elsewhere: World, database_url: str
) -> None:
    await give(world, plan())
    await done(world, "POST", COUPONS, {"code": "HALF", "kind": "percent", "value": "50"})
    end(MARCH, world, elsewhere)
    await meter(world, at(MARCH, "one"))
    async with stalled(database_url, close(elsewhere), "invoice_numbers") as connection:
        asked = asyncio.create_task(world.ask(OPERATOR, "DELETE", f"{COUPONS}/HALF"))
        await _waited(connection, 2, asked)
    assert (await asked).status_code == 409
    assert [one["code"] for one in await done(world, "GET", COUPONS)] == ["HALF"]


@pytest.mark.parametrize("table", ["coupons", "invoice_numbers"])
async def test_prices_that_change_are_not_its_own(
    world: World, elsewhere: World, database_url: str, table: str
) -> None:
    await give(world, plan("1", commit="100"))
    end(MARCH, world, elsewhere)
    await meter(world, at(MARCH, "one"))
    async with stalled(database_url, close(elsewhere), table):
        dear = plan("2", commit="200")
        del dear["plan_code"]
        await done(world, "PUT", "/_operator/v1/plans/dollar", dear)
    await check_lines(world, str(FIRST))
    lines = (await got(world, f"{INVOICES}/{FIRST}"))["transaction_line_items"]
    assert [(one["rate"], one["amount"]) for one in lines] == [(1, 1), (99, 99)]
    told = (await got(world, f"/_tenantry/v1/invoices/{FIRST}/explain"))["explanation"]
    assert any("The commit is 100;" in one for one in told)


async def test_who_posts_it_too_finds_it_posted(
    world: World, elsewhere: World, database_url: str
) -> None:
    await give(world, plan(recurring_fees=[{"name": "Fee", "amount": "1"}]))
    end(MARCH, world, elsewhere)
    async with stalled(database_url, close(elsewhere), "invoice_numbers") as connection:
        another = asyncio.create_task(close(world))
        await _waited(connection, 2, another)
    assert (await another).months == 0
    end(MARCH.plus(1), world, elsewhere)
    await close(world)
    listed = (await got(world, INVOICES))["data"]
    assert sorted(one["invoice_id"] for one in listed) == [str(FIRST), str(FIRST + 1)]
