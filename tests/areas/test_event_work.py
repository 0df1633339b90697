"""How much a database does for a page of a long log: never more than the shortest list asks for.

Each statement of each question is run once more under the database's own measure: on PostgreSQL
the rows that its plan touched, on SQLite the steps of its program.
"""

import itertools
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import apsw
import asyncpg
import pytest

from tenantry.access.state import read_principal
from tenantry.areas.events import api
from tenantry.areas.events.model import EventRow
from tenantry.areas.events.shapes import shown_event
from tenantry.core.clock import SECOND, shown
from tenantry.core.context import Reading
from tenantry.core.sqlite_connection import bound, connect_read_only
from tenantry.core.statements import Compiled, Statement
from tenantry.http.message import Query, Request
from tests.areas.authorization_calls import authorize
from tests.areas.event_filling import COUNTS, EVENTS, fill
from tests.world import ADA, BEN, BOT, LIM, NOW, UMA, WIDGETS, WWW, Person, World


class Measured(ABC):
    """The database, and what its work on each statement comes to."""

    def __init__(self, world: World) -> None:
        self._database = world.app.database
        self.work: list[tuple[float, str]] = []

    async def one(self, statement: Statement[Any], **given: Any) -> Any:
        await self._measure(statement.on(self._database.dialect), given)
        return await self._database.one(statement, **given)

    async def all(self, statement: Statement[Any], **given: Any) -> list[Any]:
        await self._measure(statement.on(self._database.dialect), given)
        return await self._database.all(statement, **given)

    @abstractmethod
    async def _measure(self, compiled: Compiled, given: dict[str, Any]) -> None:
        """Note what one comes to."""


class OnPostgres(Measured):
    """Plans as the server makes them: for whatever values."""

    def __init__(self, world: World, connection: Any) -> None:
        super().__init__(world)
        self._connection = connection

    async def _measure(self, compiled: Compiled, given: dict[str, Any]) -> None:
        values = ", ".join(map(_literal, compiled.arguments(given)))
        await self._connection.execute(f"PREPARE asked AS {compiled.sql}")
        explained = f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE asked({values})"
        (plan,) = json.loads(await self._connection.fetchval(explained))
        await self._connection.execute("DEALLOCATE asked")
        self.work.append((_touched(plan["Plan"]), compiled.sql))


def _literal(value: Any) -> str:
    if isinstance(value, list):
        return f"ARRAY[{', '.join(map(_literal, value))}]::text[]"
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


def _touched(node: dict[str, Any]) -> float:
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    own: float = node["Actual Loops"] * (node["Actual Rows"] + removed)
    is_read = "Scan" in node["Node Type"] and node.get("Relation Name") == "events"
    return own * is_read + sum(_touched(child) for child in node.get("Plans", ()))


class OnSqlite(Measured):
    """Programs as the server makes them: for whatever values."""

    def __init__(self, world: World, connection: apsw.Connection) -> None:
        super().__init__(world)
        self._connection = connection

    async def _measure(self, compiled: Compiled, given: dict[str, Any]) -> None:
        steps: list[float] = []
        self._connection.trace_v2(
            apsw.SQLITE_TRACE_PROFILE,
            lambda told: steps.append(told["stmt_status"]["SQLITE_STMTSTATUS_VM_STEP"]),
        )
        values = bound(compiled, compiled.arguments(given))
        self._connection.execute(compiled.sql, values).fetchall()
        self._connection.trace_v2(0)
        # A row that is looked at takes some ten steps.
        self.work.append((sum(steps) / 10, compiled.sql))


@pytest.fixture
async def measured(world: World, database_url: str, tmp_path: Path) -> AsyncIterator[Measured]:
    """The database with a long log; Lim is let through to one service."""
    await authorize(world)
    await fill(world)
    if world.dialect == "sqlite":
        connection = connect_read_only(str(tmp_path / "tenantry.db"))
        yield OnSqlite(world, connection)
        connection.close()
        return
    settings = {"plan_cache_mode": "force_generic_plan", "jit": "off"}
    postgres = await asyncpg.connect(database_url, server_settings=settings)
    yield OnPostgres(world, postgres)
    await postgres.close()


FEW = 400
"""Rows that a page of twenty may take, with looking for where it begins."""
VALUES = {
    "event_type": ("user.update", "user.login"),
    "service_id": (WWW,),
    "token_id": (BOT.token_id,),
    "user_id": (BEN.id, UMA.id),
}
MIDDLE = shown(NOW - EVENTS * SECOND // 2)
TIMES = ("", f"&filter[created_at][gte]={MIDDLE}")
PLACES = ("", "&page[number]=7", "&sort=created_at")


def _questions() -> list[tuple[dict[str, str], str]]:
    asked = []
    for count in range(4):
        for fields in itertools.combinations(VALUES, count):
            for chosen in itertools.product(*(VALUES[field] for field in fields)):
                equal = dict(zip(fields, chosen, strict=True))
                query = "&".join(f"filter[{field}]={value}" for field, value in equal.items())
                asked += [(equal, query + time + place) for time in TIMES for place in PLACES]
    return asked


@pytest.mark.parametrize("who", [ADA, BEN, LIM, BOT, UMA], ids=lambda who: who.name)
async def test_no_page_takes_more_than_the_shortest_list(
    world: World, measured: Measured, who: Person
) -> None:
    principal = await read_principal(world.app.database, world.app.keyring.digest(who.token))
    assert principal is not None
    rows = await world.app.database.all(COUNTS, customer_id=WIDGETS)
    counts = {(field, value): count for field, value, count in rows}
    call = Reading(
        rows=measured,
        keyring=world.app.keyring,
        now=world.clock.now,
        principal=principal,
        customer_id=WIDGETS,
    )
    # Who sees what he did and what happened to services: what is both is counted once.
    own = 0 if who is ADA else max(counts.get(("token_id", who.token_id), 0), FEW)
    too_much = []
    for equal, query in _questions():
        lists = [counts.get(one, 0) for one in equal.items()]
        shortest = min(
            [*lists, own + counts["service_id", WWW]] if who is LIM else lists, default=0
        )
        is_sifted = len(equal) > 1 or who is not ADA
        allowed = FEW + own + (2 * shortest if is_sifted else 0)
        measured.work.clear()
        request = Request("GET", "/events", query, {}, client="", scheme="http")
        await api.list_events(call, Query(request))
        too_much += [(work, query, sql) for work, sql in measured.work if work > allowed]
    assert sorted(too_much, reverse=True)[:6] == []


@pytest.mark.parametrize(("comments", "is_kept"), [(1, True), (200, False)])
def test_how_a_long_event_is_shown_is_not_remembered(comments: int, *, is_kept: bool) -> None:
    """Some are as long as a thousand short ones, and two thousand are remembered."""
    body = {
        **dict.fromkeys(("action", "created_at", "customer_id", "event_type", "id"), "x"),
        **dict.fromkeys(("service_id", "token_id", "user_id")),
        "admin": False,
        "metadata": {f"comment {number}": "c" * 50 for number in range(comments)},
    }
    row = EventRow(json.dumps(body), None)
    first, second = (shown_event(row, is_improved=True) for _ in range(2))
    assert first == second
    assert (first is second) == is_kept
