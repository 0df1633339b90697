"""Taking usage in: what was sent is checked first, then added to the ledger and its sums at once.

The checks look things up before the unit of work begins, so that nothing is locked meanwhile.
"""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Literal
from weakref import WeakKeyDictionary

import msgspec
from sqlalchemy import select

from tenantry.areas.pricing import documents
from tenantry.areas.usage import accounts, parts, sums
from tenantry.areas.usage.envelopes import Came
from tenantry.areas.usage.event import Check, Event, Malformed, Refused, Sent, Span
from tenantry.areas.usage.ledger import LEDGER, Outcome
from tenantry.core import schema
from tenantry.core.context import Reading, Writing
from tenantry.core.session import Reads
from tenantry.core.statements import Statement, is_one_of, point

MOST_KNOWN = 100_000
"""Services that a process remembers, each in about 300 bytes."""

_C, _S = schema.customers.c, schema.services.c
_SPANS = Statement(select(_C.id, _C.created_at, _C.deleted_at).where(is_one_of(_C.id, "ids")))
_SERVICE = point([_S.id], schema.services, customer_id=_S.customer_id, id=_S.id)

# A service is never taken away, only marked as deleted: what was seen once need not be looked up.
_known: WeakKeyDictionary[Reads, set[tuple[str, str]]] = WeakKeyDictionary()


class Result(msgspec.Struct, frozen=True):
    """What became of an event."""

    source: str
    id: str
    status: Literal["accepted", "duplicate", "conflict", "rejected"]
    reason: str | None = None


class Batch(msgspec.Struct, frozen=True):
    """Events as they came, each checked: it, or the reason why it is rejected, or both."""

    came: Sequence[Came]
    checked: Sequence[Event | Refused | str]

    @property
    def events(self) -> list[Event]:
        """What may be accepted."""
        return [one for one in self.checked if isinstance(one, Event)]

    @property
    def refused(self) -> list[Event]:
        """What may not, and may have been accepted before."""
        return [one.event for one in self.checked if isinstance(one, Refused)]


async def check(call: Reading, came: Sequence[Came]) -> Batch:
    """Check what came against the catalogue and against the customers and services there are."""
    sent = [one for one in came if isinstance(one, Sent)]
    checking = Check(
        call.now,
        await documents.catalogue(call.rows),
        await _spans(call.rows, {one.customer_id for one in sent}),
        await _services(call.rows, {(one.customer_id, one.service_id or "") for one in sent}),
    )
    checked = [one.reason if isinstance(one, Malformed) else checking.look(one) for one in came]
    batch = Batch(came, checked)
    await parts.make(call.rows, {event.month for event in batch.events})
    return batch


async def _spans(rows: Reads, customer_ids: set[str]) -> dict[str, Span]:
    found = await rows.all(_SPANS, ids=sorted(customer_ids))
    return {customer_id: Span(*span) for customer_id, *span in found}


async def _services(rows: Reads, asked: set[tuple[str, str]]) -> set[tuple[str, str]]:
    known = _known.setdefault(rows, set())
    unknown = [one for one in asked - known if one[1]]
    found = await asyncio.gather(*(_has_service(rows, *one) for one in unknown))
    seen = {one for one, is_there in zip(unknown, found, strict=True) if is_there}
    if len(known) + len(seen) > MOST_KNOWN:
        known.clear()
    known |= seen
    return (asked & known) | seen


async def _has_service(rows: Reads, customer_id: str, service_id: str) -> bool:
    return await rows.one(_SERVICE, customer_id=customer_id, id=service_id) is not None


async def ingest(call: Writing, batch: Batch) -> list[Result]:
    """Add the events that are new to the ledger; what became of each, in the order they came.

    An event is accepted, a duplicate of one that was (and changes nothing), in conflict with one
    that said something else by the same identity, or rejected (contract: billing R21, R22, R24).
    """
    events = batch.events
    at = await accounts.lock(call.unit, {event.customer_id for event in events})
    outcomes = await LEDGER.append(call.unit, events, at)
    refused = await LEDGER.known(call.unit, batch.refused)
    pairs = zip(events, outcomes, strict=True)
    added = [event for event, outcome in pairs if outcome == "accepted"]
    await accounts.move(call.unit, {event.customer_id for event in added}, at)
    await sums.add(call.unit, ((_day_of_service(event), event.quantity) for event in added))
    return list(_results(batch, outcomes, refused))


def _results(
    batch: Batch, outcomes: Sequence[Outcome], refused: Sequence[Outcome | None]
) -> Iterator[Result]:
    """What became of each, as if they had come one by one.

    So who is refused before another takes the identity finds it free, and not who is behind him.
    """
    free = set[tuple[str, str]]()
    if refused:
        pairs = zip(batch.events, outcomes, strict=True)
        free = {(event.source, event.id) for event, outcome in pairs if outcome == "accepted"}
    became, known = iter(outcomes), iter(refused)
    for came, checked in zip(batch.came, batch.checked, strict=True):
        identity = (came.source, came.id)
        if isinstance(checked, Event):
            free.discard(identity)
            yield _result(came, next(became))
        elif isinstance(checked, Refused):
            outcome = next(known)
            yield _result(came, None if identity in free else outcome, checked.reason)
        else:
            yield _result(came, None, checked)


_REASONS = {"conflict": "payload_differs"}


def _result(came: Came, outcome: Outcome | None, reason: str | None = None) -> Result:
    if outcome is None:
        return Result(came.source, came.id, "rejected", reason)
    return Result(came.source, came.id, outcome, _REASONS.get(outcome))


def _day_of_service(event: Event) -> sums.DayOfService:
    return (
        event.customer_id,
        event.month,
        event.product_id,
        event.metric,
        event.region,
        event.service_id,
        event.day,
    )
