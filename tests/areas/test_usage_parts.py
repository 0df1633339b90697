"""PostgreSQL keeps the ledger in parts by month, made by whoever needs one first."""

import asyncio

from sqlalchemy import column, func, select, table

from tenantry.areas.usage import parts
from tenantry.core.clock import DAY
from tenantry.core.jobs import Chore
from tenantry.core.statements import Statement
from tests.areas.usage_calls import check_sums, event, later, send
from tests.world import World

_NAMES = Statement(
    select(column("relname"))
    .select_from(table("pg_class"))
    .where(
        column("relkind") == "r",
        func.starts_with(column("relname"), "usage_events_"),
    )
    .order_by(column("relname"))
)


async def _names(world: World) -> list[str]:
    if world.dialect == "sqlite":
        return []
    return [name for (name,) in await world.app.database.all(_NAMES)]


def _expected(world: World, *months: int) -> list[str]:
    return [] if world.dialect == "sqlite" else [f"usage_events_{month}" for month in months]


async def test_parts_are_made_for_what_comes(world: World) -> None:
    world.clock.turn(40 * DAY)
    assert await _names(world) == []
    await send(world, event("a"), event("b", timestamp="2026-04-01T00:00:00Z"))
    await send(world, event("c"))
    assert await _names(world) == _expected(world, 202603, 202604)
    assert await check_sums(world.app.database) == 3


async def test_what_is_rejected_needs_none(world: World) -> None:
    later(world)
    await send(world, event("a", timestamp="2031-01-01T00:00:00Z"), event("b", region=None))
    assert await _names(world) == []


async def test_many_who_need_the_same_part_make_it_once(world: World) -> None:
    rows = world.app.database
    for month in range(202601, 202613):
        await asyncio.gather(*(parts.make(rows, [month]) for _ in range(8)))
    assert await _names(world) == _expected(world, *range(202601, 202613))


async def test_this_months_part_and_the_next_are_made_ahead(world: World) -> None:
    chore = Chore(DAY, lambda: parts.make_ahead(world.app.database))
    await chore.do(world.clock.now)
    assert await _names(world) == _expected(world, 202603, 202604)
    world.clock.turn(310 * DAY)
    await chore.do(world.clock.now)
    assert await _names(world) == _expected(world, 202603, 202604, 202701, 202702)
