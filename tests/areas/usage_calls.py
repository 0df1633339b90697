"""Usage events as tests send them, and the sums recomputed from the ledger to compare."""

from typing import Any

import msgspec
from sqlalchemy import select

from tenantry.core.billing_tables import usage_changes, usage_days, usage_events, usage_months
from tenantry.core.clock import DAY
from tenantry.core.database import Database
from tenantry.core.statements import Statement
from tests.world import OPERATOR, WIDGETS, World

PATH = "/_operator/v1/usage-events"
AT = "2026-03-01T12:00:00Z"
"""An instant of the first day."""

_E = usage_events.c
_LEDGER = Statement(
    select(
        *(_E.customer_id, _E.month, _E.product_id, _E.metric, _E.region),
        *(_E["at"], _E.service_id, _E.millions, _E.micros, _E.voided_at),
    )
)
_DAYS = Statement(select(usage_days))
_MONTHS = Statement(select(usage_months))
_CHANGES = Statement(select(usage_changes))


def event(event_id: str, **more: Any) -> dict[str, Any]:
    """An event of Example Widgets that is accepted; `more` is said instead or besides."""
    return {
        "source": "edge-01",
        "id": event_id,
        "customer_id": WIDGETS,
        "product_id": "cdn_usage",
        "metric": "requests",
        "region": "usa",
        "quantity": "10",
        "timestamp": AT,
        **more,
    }


async def send(world: World, *events: dict[str, Any]) -> list[tuple[str, str | None]]:
    """Send events in one request; what became of each, and why."""
    answer = await world.ask(OPERATOR, "POST", PATH, json={"events": events})
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    assert [(one["source"], one["id"]) for one in results] == [
        (one.get("source", ""), one.get("id", "")) for one in events
    ]
    return [(one["status"], one["reason"]) for one in results]


async def void(world: World, event_id: str, source: str = "edge-01") -> tuple[int, str]:
    """Void an event; the status of the answer and what it says."""
    body = {"source": source, "id": event_id}
    answer = await world.ask(OPERATOR, "POST", f"{PATH}/void", json=body)
    said = answer.json()
    return answer.status_code, said.get("status") or said["detail"]


def later(world: World) -> None:
    """Let the first day pass, so that events can be of it."""
    world.clock.turn(DAY)


async def check_sums(database: Database) -> int:
    """See that every sum is what the ledger's events come to; how many these are."""
    days: dict[tuple[Any, ...], int] = {}
    months: dict[tuple[Any, ...], int] = {}
    changes: dict[tuple[Any, ...], int] = {}
    rows = await database.all(_LEDGER)
    for customer, month, product, metric, region, at, service, millions, micros, voided in rows:
        assert 0 <= micros < 10**12
        quantity = 0 if voided is not None else millions * 10**12 + micros
        day = int(_day(at).replace("-", ""))
        metered = (customer, month, product, metric, region)
        for sums, key in ((days, (*metered, service, day)), (months, metered)):
            sums[key] = sums.get(key, 0) + quantity
        changed = 1 if voided is None else 2
        changes[customer, month] = changes.get((customer, month), 0) + changed
    assert {row[:7]: _amount(row[7:9]) for row in await database.all(_DAYS)} == days
    assert {row[:5]: _amount(row[5:7]) for row in await database.all(_MONTHS)} == months
    assert {row[:2]: row[2] for row in await database.all(_CHANGES)} == changes
    return len(rows)


def _day(at: int) -> str:
    from tenantry.core.clock import shown  # noqa: PLC0415 - only here

    return shown(at)[:10]


def _amount(stored: tuple[int, int]) -> int:
    millions, micros = stored
    assert 0 <= micros < 10**12, stored
    return millions * 10**12 + micros


def encoded(*events: dict[str, Any]) -> bytes:
    """Events as lines of JSON."""
    return b"\n".join(map(msgspec.json.encode, events))
