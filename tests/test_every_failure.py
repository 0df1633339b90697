"""What is refused or fails leaves nothing behind: no event, no change, no mail."""

from http import HTTPStatus

import pytest
from sqlalchemy import bindparam, delete, insert

from tenantry.core import schema
from tenantry.core.clock import HOUR
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tests import faults
from tests.stored import changed, stored
from tests.table import TABLE
from tests.world import ADA, NOW, READ_ONLY, World
from tests.writes import EXAMPLES, ask, ask_as, prepare, sent

_FORGOTTEN = Statement(delete(schema.write_counts))
_COUNTED = Statement(
    insert(schema.write_counts).values(
        principal_id=bindparam("meter"), hour=NOW // HOUR, count=1000
    )
)


async def _use_up(world: World) -> None:
    """Ada has made all the writes that she may make in this hour."""

    async def work(unit: Unit) -> None:
        await unit.run(_FORGOTTEN)
        await unit.run(_COUNTED, meter=ADA.id)

    await world.app.database.write(work)


@pytest.mark.parametrize("name", list(EXAMPLES))
async def test_a_failure_at_any_row_leaves_nothing(world: World, name: str) -> None:
    """Each row that a write changes fails once, up to the last; then the write goes through."""
    parts = await prepare(world, name)
    since = len(await world.events())
    await faults.install(world)
    before = await stored(world)
    await faults.arm(world, 1)
    answer, row = await ask(world, name, parts), 1
    while answer.status_code == HTTPStatus.INTERNAL_SERVER_ERROR:
        assert changed(before, await stored(world)) == set(), row
        row += 1
        await faults.arm(world, row)
        answer = await ask(world, name, parts)
    assert row > len(EXAMPLES[name].actions)
    assert answer.status_code == TABLE[name].status, answer.text
    assert await world.actions(since) == EXAMPLES[name].actions


@pytest.mark.parametrize("name", list(EXAMPLES))
async def test_a_refusal_leaves_nothing(world: World, name: str) -> None:
    parts = await prepare(world, name)
    await world.ask(READ_ONLY, "GET", "/tokens/self")
    before = await stored(world)
    if TABLE[name].allow.who not in {"public", "any key"}:
        assert (await ask_as(None, world, name, parts)).status_code == HTTPStatus.UNAUTHORIZED
        assert (await ask_as(READ_ONLY, world, name, parts)).status_code == HTTPStatus.FORBIDDEN
    if EXAMPLES[name].who is ADA:
        await _use_up(world)
        assert (await ask(world, name, parts)).status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert changed(before, await stored(world)) == set()


@pytest.mark.parametrize("name", list(EXAMPLES))
async def test_what_is_only_tried_leaves_nothing(world: World, name: str) -> None:
    """And tells the events that doing it would leave."""
    parts = await prepare(world, name)
    before, row = await stored(world), TABLE[name]
    path = f"{row.path.format(**parts)}?dry_run=true"
    answer = await world.ask(EXAMPLES[name].who, row.method, path, **sent(name, parts))
    assert changed(before, await stored(world)) == set()
    if row.allow.who == "public":
        assert (answer.status_code, "dry_run" in answer.text) == (400, True)
        return
    assert answer.status_code == HTTPStatus.OK, answer.text
    told = [one["action"] for one in answer.json()["events"]]
    # Postings are units of their own, once the call's has been committed.
    assert told == ([] if name.endswith("/post") else EXAMPLES[name].actions)
