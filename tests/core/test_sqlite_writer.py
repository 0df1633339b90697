"""SQLite's log beside the file: carried over while commits go on, and begun anew."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import bindparam, func, insert, select

from tenantry.core import schema
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tests.world import World

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)

_ADD = Statement(insert(schema.outbox))
_COUNT = Statement(select(func.count()).where(schema.outbox.c.kind == bindparam("of_kind")))
_MEBIBYTE = 1 << 20


def _letter(number: int) -> dict[str, object]:
    return {
        "id": f"letter {number}",
        "customer_id": None,
        "kind": "large",
        "payload": "x" * _MEBIBYTE,
        "due_at": 0,
        "attempts": 0,
        "last_error": None,
        "failed_at": None,
        "created_at": 0,
    }


async def test_the_log_does_not_grow_with_what_is_written(world: World, tmp_path: Path) -> None:
    database = world.app.database

    async def add(first: int) -> None:
        for number in range(first, 600, 4):

            async def work(unit: Unit, number: int = number) -> None:
                await unit.run(_ADD, **_letter(number))

            await database.write(work)

    await asyncio.gather(*(add(first) for first in range(4)))
    assert (tmp_path / "tenantry.db-wal").stat().st_size < 350 * _MEBIBYTE
    assert (tmp_path / "tenantry.db").stat().st_size > 200 * _MEBIBYTE
    assert await database.one(_COUNT, of_kind="large") == (600,)
