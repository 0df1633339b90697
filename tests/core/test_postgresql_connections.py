"""Connections to PostgreSQL are few, and survive what becomes of them."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import bindparam, func, select

from tenantry.core import schema
from tenantry.core.postgresql import CONNECTIONS, PostgresDatabase
from tenantry.core.postgresql_connections import Connection, Connections
from tenantry.core.session import Unavailable
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tests.world import ADA, BEN, WIDGETS, TurnedClock

_SLEEP = Statement(select(func.pg_sleep(bindparam("seconds"))))
_OTHERS = (
    "pid != pg_backend_pid() AND application_name = 'tenantry' AND datname = current_database()"
)
_COUNT = f"SELECT count(*) FROM pg_stat_activity WHERE {_OTHERS}"  # noqa: S608 - a constant
_END = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {_OTHERS}"  # noqa: S608 - likewise
_U = schema.users.c
_NAME = Statement(select(_U.name).where(_U.id == bindparam("user")))
_RENAME = Statement(
    schema.users.update().where(_U.id == bindparam("user")).values(name=bindparam("called"))
)


@pytest.fixture
def dialect() -> str:
    """SQLite has files."""
    return "postgresql"


@pytest.fixture
async def server(database_url: str) -> AsyncIterator[Connection]:
    """Somebody else's way into the database, who sees what the server sees."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[PostgresDatabase]:
    opened = PostgresDatabase(database_url, TurnedClock())
    await opened.start()
    yield opened
    await opened.stop()


async def _become(server: Connection, connections: int) -> None:
    """Wait until the server has so many connections with us."""
    async with asyncio.timeout(20):
        while await server.fetchval(_COUNT) != connections:  # noqa: ASYNC110 - only it sees them
            await asyncio.sleep(0.01)


async def _name(database: PostgresDatabase) -> str | None:
    row = await database.one(_NAME, user=ADA.id)
    return None if row is None else row[0]


async def test_there_are_never_more_than_that_and_everybody_has_his_turn(
    database: PostgresDatabase, server: Connection
) -> None:
    asked = [
        asyncio.create_task(database.all(_SLEEP, seconds=0.05)) for _ in range(3 * CONNECTIONS)
    ]
    await _become(server, CONNECTIONS)
    assert await _name(database) == "Ada"
    await asyncio.gather(*asked)
    assert await server.fetchval(_COUNT) == CONNECTIONS


async def test_one_after_the_other_is_one_connection(
    database: PostgresDatabase, server: Connection
) -> None:
    for _ in range(5):
        assert await _name(database) == "Ada"
    assert await server.fetchval(_COUNT) == 1


async def test_lost_connections_are_replaced(
    database: PostgresDatabase, server: Connection
) -> None:
    """As all are when the server is started again."""
    for _ in range(2):
        asked = [database.all(_SLEEP, seconds=30) for _ in range(2 * CONNECTIONS)]
        waiting = asyncio.gather(*asked, return_exceptions=True)
        await _become(server, CONNECTIONS)
        while not waiting.done():
            await server.execute(_END)
            await asyncio.sleep(0)
        assert {type(one) for one in await waiting} == {Unavailable}
        await _become(server, 0)
        assert await asyncio.gather(*(_name(database) for _ in range(2 * CONNECTIONS)))


async def test_a_query_that_is_given_up_leaves_its_connection_to_others(
    database: PostgresDatabase, server: Connection
) -> None:
    asked = [asyncio.create_task(database.all(_SLEEP, seconds=30)) for _ in range(3 * CONNECTIONS)]
    await _become(server, CONNECTIONS)
    for one in asked:
        one.cancel()
    names = await asyncio.gather(*(_name(database) for _ in range(2 * CONNECTIONS)))
    assert set(names) == {"Ada"}
    assert await server.fetchval(_COUNT) <= CONNECTIONS


async def test_a_query_that_takes_too_long_leaves_its_connection_to_others(
    database: PostgresDatabase, server: Connection
) -> None:
    database.patience = 0.1
    asked = [database.all(_SLEEP, seconds=30) for _ in range(2 * CONNECTIONS)]
    told = await asyncio.gather(*asked, return_exceptions=True)
    assert {type(one) for one in told} == {Unavailable}
    database.patience = 20
    assert await _name(database) == "Ada"
    assert await server.fetchval(_COUNT) <= CONNECTIONS


async def test_what_is_under_way_is_finished_before_the_end(
    database_url: str, server: Connection
) -> None:
    database = PostgresDatabase(database_url, TurnedClock())
    await database.start()

    async def rename(unit: Unit) -> None:
        await unit.all(_SLEEP, seconds=0.1)
        await unit.run(_RENAME, user=BEN.id, called="Benjamin")

    asked = [asyncio.create_task(database.all(_SLEEP, seconds=0.1)) for _ in range(2 * CONNECTIONS)]
    written = asyncio.create_task(database.write(rename, customer_id=WIDGETS))
    await _become(server, CONNECTIONS)
    await database.stop()
    await asyncio.gather(written, *asked)
    await _become(server, 0)
    with pytest.raises(Unavailable):
        await _name(database)
    assert await server.fetchval("SELECT name FROM users WHERE id = $1", BEN.id) == "Benjamin"


@pytest.fixture
def connections(database_url: str) -> Connections:
    """Three at most, which are soon idle; none is open yet."""

    async def connect() -> Connection:
        return await asyncpg.connect(database_url, server_settings={"application_name": "tenantry"})

    return Connections(connect, 3, idle_seconds=0.1)


async def test_what_nobody_uses_is_closed(connections: Connections, server: Connection) -> None:
    taken = [await connections.take() for _ in range(3)]
    for one in taken:
        connections.give_back(one)
    await _become(server, 3)
    await _become(server, 0)
    again = [await connections.take() for _ in range(3)]
    assert await again[0].fetchval("SELECT 1") == 1
    for one in again:
        connections.give_back(one)
    await connections.close()
    await _become(server, 0)


async def test_who_leaves_as_his_turn_comes_hands_on_what_he_was_given(
    connections: Connections,
) -> None:
    taken = [await connections.take() for _ in range(3)]
    waiting = [asyncio.create_task(connections.take()) for _ in range(4)]
    await asyncio.sleep(0)
    for one in taken:
        connections.give_back(one)
    for left in waiting[:3]:
        left.cancel()
    async with asyncio.timeout(20):
        connections.give_back(await waiting[3])
        await connections.close()
    assert [one.cancelled() for one in waiting] == [True, True, True, False]


async def test_what_was_lost_is_lent_to_nobody(connections: Connections) -> None:
    """Neither what was lost in use, nor what was lost while it was free."""
    taken = [await connections.take() for _ in range(3)]
    waiting = asyncio.create_task(connections.take())
    await asyncio.sleep(0)
    for one in taken:
        one.terminate()
        connections.give_back(one)
    given = await waiting
    assert not given.is_closed()
    connections.give_back(given)
    given.terminate()
    async with asyncio.timeout(20):
        again = [await connections.take() for _ in range(3)]
        assert not any(one.is_closed() for one in again)
        for one in again:
            connections.give_back(one)
        await connections.close()


async def test_what_cannot_be_opened_takes_nobodys_place(database_url: str) -> None:
    nowhere = database_url.rpartition("/")[0] + "/nowhere"
    connections = Connections(lambda: asyncpg.connect(nowhere), 3)
    async with asyncio.timeout(20):
        for _ in range(2):
            told = await asyncio.gather(
                *(connections.take() for _ in range(9)), return_exceptions=True
            )
            assert {type(one) for one in told} == {asyncpg.InvalidCatalogNameError}


async def test_a_transaction_that_cannot_be_undone_ends_with_its_connection(
    database: PostgresDatabase, server: Connection
) -> None:
    """Whoever took that connection next would write into it."""
    async with database.session() as session:
        await session.begin()
        await session.run(_RENAME.on("postgresql"), ("Benjamin", BEN.id))
    assert await server.fetchval("SELECT name FROM users WHERE id = $1", BEN.id) == "Ben"
    assert await _name(database) == "Ada"
    await server.execute("UPDATE users SET name = 'Benny' WHERE id = $1", BEN.id)
    assert await database.one(_NAME, user=BEN.id) == ("Benny",)


async def test_what_the_driver_gave_up_is_replaced(database: PostgresDatabase) -> None:
    """As it gives up whom it can't reach, not even to cancel a query."""

    async def lose() -> None:
        async with database.session() as session:
            await session.begin()
            await session.run(_RENAME.on("postgresql"), ("Benjamin", BEN.id))
            session._connection.terminate()  # type: ignore[attr-defined] # noqa: SLF001 - nobody else can
            await session.commit()

    for _ in range(CONNECTIONS + 1):
        with pytest.raises(Unavailable):
            await lose()
    assert await database.one(_NAME, user=BEN.id) == ("Ben",)


async def test_a_server_that_only_reads_is_not_taken(database_url: str, server: Connection) -> None:
    """A standby tells who was there before. Whoever insists reads there; writes find nobody."""
    setting = f'ALTER DATABASE "{await server.fetchval("SELECT current_database()")}"'
    await server.execute(f"{setting} SET default_transaction_read_only = on")
    try:
        with pytest.raises(Unavailable):
            await PostgresDatabase(database_url, TurnedClock()).start()
        insisting = PostgresDatabase(f"{database_url}?target_session_attrs=any", TurnedClock())
        await insisting.start()
        assert await _name(insisting) == "Ada"
        with pytest.raises(Unavailable):
            await insisting.write(lambda unit: unit.run(_RENAME, called="Benny", user=BEN.id))
        await insisting.stop()
    finally:
        await server.execute(f"{setting} RESET default_transaction_read_only")


async def test_what_may_not_be_ready_is_lent_last(connections: Connections) -> None:
    one, two = [await connections.take() for _ in range(2)]
    connections.give_back(one)
    connections.give_back(two, is_ready=False)
    assert connections.free() is one
    assert connections.free() is two
    for taken in (one, two):
        connections.give_back(taken)
    await connections.close()


async def test_a_table_that_was_changed_is_asked_again(
    database: PostgresDatabase, server: Connection
) -> None:
    """In a transaction too, where the driver can't do so by itself."""

    async def look(unit: Unit) -> object:
        return await unit.one(_NAME, user=BEN.id)

    assert await database.write(look) == ("Ben",)
    await server.execute("ALTER TABLE users ALTER COLUMN name TYPE varchar(200)")
    assert await database.write(look) == ("Ben",)
