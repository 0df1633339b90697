"""Lists of events once the oldest were archived: what is left is counted and paged as before."""

from typing import Any

import pytest
from sqlalchemy import bindparam, delete

from tenantry.core import schema
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tests.areas.event_calls import busy, expected, ids, listed, told, walked
from tests.world import ADA, BEN, BOT, LIM, UMA, WIDGETS, WWW, World

_E = schema.events.c
_PRUNE = Statement(
    delete(schema.events).where(
        _E.customer_id == bindparam("customer"), _E.sequence < bindparam("from_sequence")
    )
)


_FILTERS: tuple[dict[str, Any], ...] = (
    {},
    {"user_id": BEN.id},
    {"service_id": WWW},
    {"event_type": "user.update"},
    {"event_type": "service.update", "token_id": BEN.token_id},
)


async def _prune(world: World, sequence: int) -> None:
    async def work(unit: Unit) -> None:
        await unit.run(_PRUNE, customer=WIDGETS, from_sequence=sequence)

    await world.app.database.write(work)


@pytest.mark.parametrize("left", [1, 5, 9, 12])
async def test_what_is_left_is_counted_and_paged(world: World, left: int) -> None:
    await busy(world)
    newest = (await told(world))[-1]["sequence"]
    await _prune(world, newest - left + 1)
    events = await told(world)
    assert len(events) == left
    for who in (ADA, BEN, LIM, BOT, UMA):
        for filters in _FILTERS:
            asked = "&".join(f"filter[{name}]={value}" for name, value in filters.items())
            shall = expected(events, who, **filters)
            for time in ("", "&filter[created_at][gte]=2026-03-01T13:00:00Z"):
                kept = {one["id"] for one in events if one["created_at"] >= "2026-03-01T13:00:00Z"}
                among = [one for one in shall if not time or one in kept]
                answer = await listed(world, who, f"{asked}{time}&page[size]=100")
                assert ids(answer) == among, (who.name, filters, time)
                assert answer.json()["meta"]["record_count"] == len(among)
                assert await walked(world, who, f"{asked}{time}&sort=created_at", 2) == among[::-1]


async def test_a_log_of_which_nothing_is_left_is_empty(world: World) -> None:
    await _prune(world, 1 << 40)
    for who in (ADA, BEN, LIM, UMA):
        for asked in ("", f"filter[user_id]={ADA.id}", "filter[created_at][gte]=2026-03-01"):
            answer = await listed(world, who, asked)
            assert (ids(answer), answer.json()["meta"]["record_count"]) == ([], 0)
