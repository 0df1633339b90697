"""Who waits for whom when meters, voids, postings and tills meet (contract: billing R24)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

import asyncpg
import pytest
from sqlalchemy import text

from tenantry.areas.invoices.posting import post
from tenantry.areas.usage import accounts
from tenantry.core.context import system_call
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tests.areas.posting_calls import FIRST, MARCH, give_plan, meter_event, operate, turn_to
from tests.world import OPERATOR, OTHER, WIDGETS, World

on_postgresql = pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)

_OF = "FROM {} WHERE customer_id = $1 FOR UPDATE"
HEAD, ACCOUNT = f"SELECT 1 {_OF.format('chains')}", f"SELECT 1 {_OF.format('billing_accounts')}"
_WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


@pytest.fixture
async def another(world: World, database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Another server's connection, in a transaction; both customers have accounts."""

    async def work(unit: Unit) -> None:
        await accounts.lock(unit, [WIDGETS, OTHER])

    await world.app.database.write(work)
    connection = await asyncpg.connect(database_url, ssl=False)
    transaction = connection.transaction()
    await transaction.start()
    yield connection
    await connection.close()


async def _waited(connection: asyncpg.Connection) -> None:
    """Until somebody waits for a lock."""
    async with asyncio.timeout(20):
        while not await connection.fetchval(_WAITING):
            pass


async def _together(world: World, lock: Callable[[Unit, str], Awaitable[object]]) -> None:
    """Lock something of each customer, in two units of work that share their first transaction."""
    shared = []

    async def work(unit: Unit, customer_id: str) -> None:
        shared.append(unit.is_shared)
        await lock(unit, customer_id)

    write = world.app.database.write
    await asyncio.gather(*(write(partial(work, customer_id=who)) for who in (OTHER, WIDGETS)))
    assert shared[0]


@on_postgresql
@pytest.mark.parametrize("what", [HEAD, ACCOUNT])
async def test_who_shares_a_transaction_holds_nothing_while_he_waits(
    world: World, another: asyncpg.Connection, what: str
) -> None:
    await another.fetchval(what, WIDGETS)

    def lock(unit: Unit, customer_id: str) -> Awaitable[object]:
        if what == HEAD:
            return unit.head(customer_id)
        return accounts.lock(unit, [customer_id])

    waiting = asyncio.create_task(_together(world, lock))
    await _waited(another)
    assert await another.fetchval(f"{what} NOWAIT", OTHER) == 1
    await another.execute("ROLLBACK")
    await waiting


@on_postgresql
async def test_who_posts_waits_for_a_log_before_he_holds_an_account(
    world: World, another: asyncpg.Connection
) -> None:
    await give_plan(world)
    turn_to(world, "2026-04-04T00:00:00Z")
    await another.fetchval(HEAD, WIDGETS)

    async def work(unit: Unit) -> None:
        await post(system_call(unit, world.app.keyring, ""), [WIDGETS], MARCH)

    posting = asyncio.create_task(world.app.database.write(work))
    await _waited(another)
    assert await another.fetchval(f"{ACCOUNT} NOWAIT", WIDGETS) == 1
    await another.execute("ROLLBACK")
    await posting


_TILL = "INSERT INTO payments VALUES ($1, $2, 1, 'Paid', 'till-7', 0)"


@on_postgresql
async def test_a_payment_that_two_servers_hear_of_counts_once(
    world: World, another: asyncpg.Connection
) -> None:
    await give_plan(world)
    turn_to(world, "2026-04-04T00:00:00Z")
    await operate(world, "POST", f"/periods/{MARCH.text}/post")
    await another.fetchval(HEAD, WIDGETS)
    await another.execute(_TILL, WIDGETS, FIRST)
    path, body = f"/invoices/{FIRST}/payments", {"status": "Paid", "reference": "till-7"}
    telling = asyncio.create_task(operate(world, "POST", path, body))
    await _waited(another)
    await another.execute("COMMIT")
    assert (await telling)["created_at"] == "1970-01-01T00:00:00Z"
    assert [one["number"] for one in (await operate(world, "GET", path))["data"]] == [1]


_ALWAYS_TAKEN = {
    "sqlite": ["CREATE TRIGGER again AFTER INSERT ON usage_identities BEGIN {} END"],
    "postgresql": [
        "CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN {} RETURN NULL; END$$",
        "CREATE TRIGGER again AFTER INSERT ON usage_identities EXECUTE FUNCTION again()",
    ],
}


async def test_what_never_comes_through_is_told_to_be_tried_later(world: World) -> None:
    """As if another server were always first with the same event, and then took it back."""

    async def work(unit: Unit) -> None:
        for one in ("CREATE TABLE taken (id INTEGER PRIMARY KEY)", "INSERT INTO taken VALUES (1)"):
            await unit.run_many(Statement(text(one)), [{}])
        for one in _ALWAYS_TAKEN[world.dialect]:
            again = one.replace("{}", "INSERT INTO taken VALUES (1);")
            await unit.run_many(Statement(text(again)), [{}])

    await world.app.database.write(work)
    events = [meter_event("2026-03-01T10:00:00Z", 1)]
    answer = await world.ask(
        OPERATOR, "POST", "/_operator/v1/usage-events", json={"events": events}
    )
    assert (answer.status_code, answer.json()) == (503, {"msg": "Service unavailable"})
