"""What is refused or fails leaves nothing behind: no event, no change, no mail."""

import asyncio
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


ONCE = {
    "POST /user": 409,
    "POST /service": 409,
    "POST /roles": 409,
    "POST /invitations": 409,
    "POST /service-authorizations": 409,
    "POST /user-groups": 409,
    "DELETE /tokens/{token_id}": 404,
    "DELETE /service/{service_id}": 400,
    "DELETE /invitations/{invitation_id}": 404,
    "DELETE /roles/{role_id}": 404,
}
"""What can be done once: whoever comes second is told that it is there already, or gone."""


@pytest.mark.parametrize("name", list(ONCE))
async def test_of_several_at_once_one_leaves_its_events(
    world: World, elsewhere: World, name: str
) -> None:
    """Also in two processes; the others leave nothing."""
    parts = await prepare(world, name)
    since = len(await world.events())
    answers = await asyncio.gather(*(ask(one, name, parts) for one in [world, elsewhere] * 3))
    won = [one for one in answers if one.status_code == TABLE[name].status]
    lost = {one.status_code for one in answers} - {won[0].status_code}
    assert (len(won), lost) == (1, {ONCE[name]})
    assert await world.actions(since) == EXAMPLES[name].actions
