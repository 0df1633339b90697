"""Voiding a usage event: the only way in which usage becomes less (contract: billing R23)."""

from dataclasses import replace
from typing import Literal

import msgspec

from tenantry.areas.pricing.months import day_number
from tenantry.areas.usage import accounts, sums
from tenantry.areas.usage.ledger import LEDGER, Entry
from tenantry.core import audit
from tenantry.core.context import Writing
from tenantry.core.errors import not_found

ACTION = "usage.void"


class Voided(msgspec.Struct, frozen=True):
    """What became of it: a duplicate was voided before."""

    source: str
    id: str
    status: Literal["accepted", "duplicate"]


async def void(call: Writing, source: str, event_id: str) -> Voided:
    """Take an event out of every sum; it stays in the ledger, marked.

    Raises Problem 404 if no event has this identity.
    """
    entry = (
        await LEDGER.find(call.rows, source, event_id) if "\0" not in source + event_id else None
    )
    if entry is None:
        raise not_found("usage event", f"{source}/{event_id}")
    inside = replace(call, customer_id=entry.customer_id)
    # The log's end before the account, as everybody locks them: nobody waits in a circle.
    await call.unit.head(entry.customer_id)
    at = await accounts.lock(call.unit, [entry.customer_id])
    if not await LEDGER.void(call.unit, entry, at):
        return Voided(source, event_id, "duplicate")
    await accounts.move(call.unit, [entry.customer_id], at)
    await sums.add(call.unit, [(_day_of_service(entry), -entry.quantity)])
    await _record(inside, entry)
    return Voided(source, event_id, "accepted")


async def _record(call: Writing, entry: Entry) -> None:
    await audit.record(
        call,
        ACTION,
        f"Usage event '{entry.source}/{entry.id}' was voided",
        event_type="customer.update",
        metadata={
            "action": ACTION,
            "source": entry.source,
            "id": entry.id,
            "month": entry.month,
            "product_id": entry.product_id,
            "metric": entry.metric,
            "region": entry.region,
        },
        service_id=entry.service_id or None,
    )


def _day_of_service(entry: Entry) -> sums.DayOfService:
    return (
        entry.customer_id,
        entry.month,
        entry.product_id,
        entry.metric,
        entry.region,
        entry.service_id,
        day_number(entry.at),
    )
