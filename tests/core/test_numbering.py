"""Events are numbered by what they are looked for by: as they come, and those that were there."""

import asyncio
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from sqlalchemy import bindparam, column, insert, select, table

from tenantry import migrations
from tenantry.core import schema
from tenantry.core.clock import DAY
from tenantry.core.database import Database, open_database
from tenantry.core.numbering import MAX_KNOWN, NUMBERS
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tests.world import ADA, BEN, EVE, UMA, WIDGETS, WWW, TurnedClock, World

if TYPE_CHECKING:
    from tests.infrastructure.postgres import PostgresServer

_E, _C = schema.events.c, schema.chains.c
_FIELDS = [_E.customer_id, _E.sequence, *(_E[field] for field in NUMBERS)]
_EVENTS = Statement(
    select(*_FIELDS, _E.number, *(_E[number] for number in NUMBERS.values())).order_by(
        _E.customer_id, _E.sequence
    )
)
_HEADS = Statement(select(_C.customer_id, _C.sequence, _C.number, _C.created_at))
_NEWEST = Statement(
    select(_E.created_at, _E.id)
    .where(_E.customer_id == bindparam("customer_id"))
    .order_by(_E.sequence)
)


def numbered_by_hand(rows: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The numbers that events shall have, counted one by one."""
    counts: dict[tuple[str, str, str], int] = {}
    shown: dict[str, int] = {}
    expected = []
    for customer_id, _, *values in (row[:6] for row in rows):
        is_shown = values[0] is not None
        shown[customer_id] = shown.get(customer_id, 0) + is_shown
        numbers: list[int | None] = []
        for field, value in zip(NUMBERS, values, strict=True):
            if not is_shown or value is None:
                numbers.append(None)
                continue
            key = customer_id, field, value
            counts[key] = counts.get(key, 0) + 1
            numbers.append(counts[key])
        expected.append((shown[customer_id], *numbers))
    return expected


async def check(database: Database) -> int:
    """Compare every number with the one counted by hand; how many events there are."""
    rows = await database.all(_EVENTS)
    assert [tuple(row[6:]) for row in rows] == numbered_by_hand(rows)
    newest = {row[0]: (row[1], row[6]) for row in rows}
    heads = await database.all(_HEADS)
    assert {of: (sequence, number) for of, sequence, number, _ in heads} == newest
    return len(rows)


async def _many_writes(world: World) -> None:
    """Of several people, customers and kinds at once, with some that the wire does not show."""
    await asyncio.gather(
        *(world.ask(ADA, "POST", "/user", data={"login": f"u{n}@example.com"}) for n in range(9)),
        *(world.ask(EVE, "POST", "/user", data={"login": f"e{n}@example.com"}) for n in range(9)),
        *(world.ask(BEN, "PUT", f"/service/{WWW}", data={"comment": str(n)}) for n in range(4)),
        *(world.ask(UMA, "POST", f"/user/{UMA.login}/password/request_reset") for _ in range(3)),
        world.ask(ADA, "POST", "/user", data={"login": ADA.login}),
    )


async def test_every_event_gets_its_numbers(world: World) -> None:
    before = await check(world.app.database)
    await _many_writes(world)
    assert await check(world.app.database) == before + 25


async def test_what_was_not_heard_of_for_long_is_numbered_on(world: World) -> None:
    """Of more services than a process remembers the newest numbers of."""
    made = [
        (await world.ask(ADA, "POST", "/service", data={"name": f"s{n}"})).json()["id"]
        for n in range(MAX_KNOWN + 1)
    ]
    for service_id in made:
        await world.ask(ADA, "PUT", f"/service/{service_id}", data={"comment": "again"})
    await check(world.app.database)


_OLD_EVENT = (
    "customer_id",
    "sequence",
    "id",
    "action",
    "event_type",
    "user_id",
    "token_id",
    "service_id",
    "created_at",
    "body",
    "personal",
    "hash",
)
_OLD_EVENTS = table("events", *(column(name) for name in _OLD_EVENT))
_OLD_CHAINS = table("chains", column("customer_id"), column("sequence"), column("hash"))
_READ_OLD = Statement(select(*(_E[name] for name in _OLD_EVENT)))
_READ_OLD_HEADS = Statement(select(_C.customer_id, _C.sequence, _C.hash))
_ADD_OLD = Statement(insert(_OLD_EVENTS).values({name: bindparam(name) for name in _OLD_EVENT}))
_ADD_OLD_HEAD = Statement(
    insert(_OLD_CHAINS).values(
        customer_id=bindparam("customer_id"),
        sequence=bindparam("sequence"),
        hash=bindparam("hash"),
    )
)


@pytest.fixture
def old_database(dialect: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of the version before: empty, and without numbers."""
    folder = tmp_path / "migrations"
    shutil.copytree(Path(migrations.__file__).parent, folder)
    for version in (folder / "versions").glob("[0-9]*.py"):
        if version.stem.partition("_")[0] > "0002":
            version.unlink()
    if dialect == "sqlite":
        url = f"sqlite:///{tmp_path / 'old.db'}"
        migrations.upgrade(url, folder)
        yield url
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = f"old_{request.getfixturevalue('worker')}"
    asyncio.run(server.create_database(name))
    migrations.upgrade(server.url(name), folder)
    yield server.url(name)
    asyncio.run(server.drop_database(name))


async def test_a_log_that_was_there_is_numbered(old_database: str, world: World) -> None:
    """The migration gives the numbers that the events would have got as they came."""
    await _many_writes(world)
    rows = await world.app.database.all(_READ_OLD)
    heads = await world.app.database.all(_READ_OLD_HEADS)

    async def fill(unit: Unit) -> None:
        events = [dict(zip(_OLD_EVENT, row, strict=True)) for row in rows]
        await unit.run_many(_ADD_OLD, events)
        chains = [dict(zip(("customer_id", "sequence", "hash"), one, strict=True)) for one in heads]
        await unit.run_many(_ADD_OLD_HEAD, chains)

    database = open_database(old_database, TurnedClock())
    await database.start()
    await database.write(fill)
    await database.stop()
    await migrations.migrate(old_database)
    await database.start()
    assert await check(database) == len(rows)
    last = {row[0]: row[8] for row in sorted(rows)}
    assert {head[0]: head[3] for head in await database.all(_HEADS)} == last
    await database.stop()


async def test_time_never_goes_back_in_a_log(world: World) -> None:
    """Ids, numbers and instants have one order, even where a clock was put back."""
    await world.ask(ADA, "POST", "/user", data={"login": "one@example.com"})
    world.clock.turn(-DAY)
    await world.ask(ADA, "POST", "/user", data={"login": "two@example.com"})
    newest = await world.app.database.all(_NEWEST, customer_id=WIDGETS)
    assert newest == sorted(newest)
    assert len({event_id for _, event_id in newest}) == len(newest)
    assert newest[-1][0] == newest[-2][0]
    body = (await world.events())[-1][2]
    assert msgspec.json.decode(body)["created_at"] == "2026-03-01T10:00:00Z"
