"""Every list of events is found by an index; SQLite left to itself would go through the log."""

import gc
import itertools
import re
from pathlib import Path

import pytest

from tenantry.core.sqlite_connection import connect_read_only
from tenantry.core.statements import Statement
from tests.areas.event_calls import FIELDS, busy, ids, listed
from tests.world import ADA, BEN, BOT, LIM, WWW, World

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)

_OURS = ("SELECT events.body, events.personal", "SELECT count(*)", "WITH RECURSIVE search")
_THROUGH_THE_LOG = re.compile(r"SEARCH events USING INDEX \w+ \(customer_id=\?\)")


async def _ask_for_everything(world: World) -> None:
    values = {
        "event_type": "service.update",
        "service_id": WWW,
        "token_id": BOT.token_id,
        "user_id": BEN.id,
    }
    times = ("", "filter[created_at][gte]=2026-03-01&", "filter[created_at][lt]=2026-03-01&")
    for count, time, sort in itertools.product(range(5), times, ("created_at", "-created_at")):
        for fields in itertools.combinations(FIELDS, count):
            asked = "&".join(f"filter[{field}]={values[field]}" for field in fields)
            for who in (ADA, BEN, BOT, LIM):
                await listed(world, who, f"{time}{asked}&sort={sort}&page[size]=100")
    event_id = ids(await listed(world, ADA))[0]
    await world.ask(ADA, "GET", f"/events/{event_id}")


async def test_no_list_is_found_by_going_through_the_log(world: World, tmp_path: Path) -> None:
    await busy(world)
    await _ask_for_everything(world)
    compiled = [one.on("sqlite") for one in gc.get_objects() if isinstance(one, Statement)]
    asked = [one for one in compiled if one.sql.startswith(_OURS) and "FROM events" in one.sql]
    # Where events without a name on the wire are shown, too, all of the log is gone through; the
    # statements are there if another test switched that on before.
    asked = [one for one in asked if "+events.sequence BETWEEN" not in one.sql]
    assert len(asked) > 80
    connection = connect_read_only(str(tmp_path / "tenantry.db"))
    for one in asked:
        values = ["[]"] * len(one.names)
        plan = connection.execute(f"EXPLAIN QUERY PLAN {one.sql}", values)
        steps = [row[3] for row in plan]
        assert not any(map(_THROUGH_THE_LOG.fullmatch, steps)), (one.sql, steps)
    connection.close()
