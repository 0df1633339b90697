"""Reads by key that meet become one query, and bring their customer's version along."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tenantry.access.principals import Outdated, Principals, Trust
from tenantry.core import schema
from tenantry.core.gathering import ROWS, Gathering
from tenantry.core.postgresql import PostgresDatabase
from tenantry.core.statements import Row, point
from tests.world import ADA, BEN, EVE, OTHER, WIDGETS, World

_U = schema.users.c
_NAME = point([_U.name], schema.users, customer_id=_U.customer_id, id=_U.id)
_NAMES = point([_U.name], schema.users, where=_U.deleted_at.is_(None), customer_id=_U.customer_id)
_LOGIN = point([_U.login_key], schema.users, login_key=_U.login_key)


class CountedDatabase(PostgresDatabase):
    """Counts the queries that it sends."""

    queries = 0

    async def _fetch(self, sql: str, *arguments: Any) -> list[Any]:
        self.queries += 1
        return await super()._fetch(sql, *arguments)


@pytest.fixture
def dialect() -> str:
    """SQLite reads one after the other, and tells whether anything changed."""
    return "postgresql"


@pytest.fixture
async def database(world: World, database_url: str) -> AsyncIterator[CountedDatabase]:
    opened = CountedDatabase(database_url, world.clock)
    await opened.start()
    yield opened
    await opened.stop()


async def _version(world: World, customer_id: str) -> int:
    return int((await world.events(customer_id))[-1][-1])


async def test_reads_of_one_tick_are_one_query(database: CountedDatabase) -> None:
    wanted = [ADA, BEN, ADA, EVE]
    keys = [(one.customer_id, one.id) for one in wanted]
    rows = await asyncio.gather(
        *(database.all(_NAME, customer_id=customer, id=user) for customer, user in keys)
    )
    assert rows == [[("Ada",)], [("Ben",)], [("Ada",)], [("Eve",)]]
    assert database.queries == 1


async def test_each_gets_the_rows_of_his_own_question(database: CountedDatabase) -> None:
    ours, theirs, nobodys = await asyncio.gather(
        *(database.all(_NAMES, customer_id=one) for one in (WIDGETS, OTHER, "nobody")),
    )
    assert {name for (name,) in theirs} == {"Eve", "Ned"}
    assert {"Ada", "Ben", "Lim"} < {name for (name,) in ours}
    assert not {"Eve", "Ned"} & {name for (name,) in ours}
    assert nobodys == []
    assert database.queries == 1


async def test_who_shares_an_answer_may_change_his_own(database: CountedDatabase) -> None:
    mine, theirs = await asyncio.gather(
        database.all(_NAMES, customer_id=OTHER), database.all(_NAMES, customer_id=OTHER)
    )
    mine.clear()
    assert len(theirs) == 2


async def test_the_version_comes_along(world: World, database: CountedDatabase) -> None:
    mine, theirs, absent = await asyncio.gather(
        database.found(_NAME, customer_id=WIDGETS, id=BEN.id),
        database.found(_NAME, customer_id=OTHER, id=EVE.id),
        database.found(_NAME, customer_id=WIDGETS, id=EVE.id),
    )
    assert mine.version == await _version(world, WIDGETS)
    assert theirs.version == await _version(world, OTHER)
    assert (absent.rows, absent.version) == ([], None)
    assert (_NAME.owner, _LOGIN.owner) == ("customer_id", "")
    assert (await database.found(_LOGIN, login_key=BEN.login)).version is None


async def test_a_warm_read_is_one_query(world: World, database: CountedDatabase) -> None:
    principals, digest = Principals(database), world.app.keyring.digest(BEN.token)
    await principals.find(digest)
    for statement, given in ((_NAME, {"id": ADA.id}), (_NAMES, {})):
        before = database.queries
        async with Trust(principals) as trust:
            found = await trust.find(digest)
            assert found is not None
            assert found.user_id == BEN.id
            await trust.all(statement, customer_id=WIDGETS, **given)
        assert database.queries == before + 1


async def _read(principals: Principals, digest: bytes, *, fails: bool = False) -> Row | None:
    """Ada's name, read by whom a key stands for as far as is known."""
    async with Trust(principals) as trust:
        await trust.find(digest)
        if fails:
            raise RuntimeError("spilt")
        return await trust.one(_NAME, customer_id=WIDGETS, id=ADA.id)


async def test_another_customers_rows_prove_nothing(
    world: World, database: CountedDatabase
) -> None:
    """The version of who asks is looked at, not that of whatever is read."""
    principals, digest = Principals(database), world.app.keyring.digest(EVE.token)
    await principals.find(digest)
    assert await _read(principals, digest) == ("Ada",)
    await world.ask(EVE, "PUT", f"/user/{EVE.id}", data={"name": "Eve the Second"})
    with pytest.raises(Outdated):
        await _read(principals, digest)
    assert await _read(principals, digest) == ("Ada",)


async def test_a_failure_does_not_hide_that_he_is_outdated(
    world: World, database: CountedDatabase
) -> None:
    principals, digest = Principals(database), world.app.keyring.digest(BEN.token)
    await principals.find(digest)
    with pytest.raises(RuntimeError, match="spilt"):
        await _read(principals, digest, fails=True)
    await world.ask(ADA, "DELETE", f"/tokens/{BEN.token_id}")
    with pytest.raises(Outdated):
        await _read(principals, digest, fails=True)
    assert await principals.find(digest) is None


async def test_long_lists_share_fewer_queries() -> None:
    """What one query brings is to stay within bounds, however long the lists are."""
    sent: list[int] = []

    async def fetch(_sql: str, customers: list[str], _ids: list[str]) -> list[Any]:
        sent.append(len(customers))
        return [(place, None, "Ada") for place in range(1, len(customers) + 1) for _ in range(100)]

    gathering = Gathering(_NAME, fetch)
    for _ in range(2):
        asked = [gathering.ask({"customer_id": WIDGETS, "id": str(n)}) for n in range(40)]
        assert {len((await one).rows) for one in asked} == {100}
    assert sent == [40] + [ROWS // 100] * 10
