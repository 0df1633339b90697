"""The ledger of usage events: only ever added to, but for the instant at which one was voided.

Behind a small interface, so that another store may take its place. An identity (source and id)
belongs to the first event that was accepted under it, for ever (contract: billing R21); the
`digest` kept with it tells whether what comes again says the same.
"""

from collections.abc import Collection, Sequence
from typing import Literal, Protocol

import msgspec
from sqlalchemy import and_, bindparam, select, tuple_, update

from tenantry.areas.usage.event import Event
from tenantry.areas.usage.sums import MILLION, micro_units
from tenantry.core.billing_tables import usage_events, usage_identities
from tenantry.core.bulk import adding
from tenantry.core.clock import Instant
from tenantry.core.session import Reads, Retryable, UniqueViolation
from tenantry.core.statements import Statement, exact
from tenantry.core.unit import Unit

Outcome = Literal["accepted", "duplicate", "conflict"]


class Entry(msgspec.Struct, frozen=True):
    """An event as the ledger keeps it."""

    customer_id: str
    month: int
    product_id: str
    metric: str
    region: str
    at: Instant
    source: str
    id: str
    service_id: str
    quantity: int
    """In micro-units."""
    received_at: Instant
    voided_at: Instant | None


class Line(msgspec.Struct, frozen=True):
    """What a line of an invoice counts: the events of a customer's month that say so."""

    customer_id: str
    month: int
    product_id: str
    metric: str
    region: str


class Ledger(Protocol):
    """Where usage events are kept."""

    async def append(self, unit: Unit, events: Sequence[Event], at: Instant) -> list[Outcome]:
        """Add what is new, received when `accounts.lock` says; what became of each."""

    async def known(self, unit: Unit, events: Sequence[Event]) -> list[Outcome | None]:
        """What `append` would say of those whose identities belong to some; nothing is added."""

    async def void(self, unit: Unit, entry: Entry, at: Instant) -> bool:
        """Void an event, when it says so too; whether it was not voided before."""

    async def find(self, reads: Reads, source: str, event_id: str) -> Entry | None:
        """The event that an identity belongs to."""

    async def behind_line(
        self, reads: Reads, line: Line, after: tuple[Instant, str, str], limit: int
    ) -> list[Entry]:
        """The events that a line counts, voided ones too, in the order of (at, source, id)."""


_I, _E = usage_identities.c, usage_events.c
_KEY = [column.name for column in usage_events.primary_key]
_ENTRY = [
    *(_E[name] for name in (*_KEY, "service_id", "millions", "micros", "received_at")),
    _E.voided_at,
]


def _entry(*row: object) -> Entry:
    *key, service_id, millions, micros, received_at, voided_at = row
    quantity = micro_units(millions, micros)  # type: ignore[arg-type] # columns are of many types
    return Entry(*key, service_id, quantity, received_at, voided_at)  # type: ignore[arg-type, call-arg] # likewise


_TAKEN = exact([_I.source, _I.id, _I.payload], usage_identities, of_source=_I.source, event=_I.id)
_ADD_IDENTITIES = adding(usage_identities, [column.name for column in usage_identities.c])
_ADD_EVENTS = adding(usage_events, [*_KEY, "service_id", "millions", "micros", "received_at"])
_FIND = Statement(
    select(*_ENTRY)
    .select_from(usage_identities)
    .join(usage_events, and_(*(_E[name] == _I[name] for name in _KEY)))
    .where(_I.source == bindparam("of_source"), _I.id == bindparam("event")),
    _entry,
)
_VOID = Statement(
    update(usage_events)
    .where(*(_E[name] == bindparam(f"the_{name}") for name in _KEY), _E.voided_at.is_(None))
    .values(voided_at=bindparam("now"))
)
_BEHIND = Statement(
    select(*_ENTRY)
    .where(
        *(_E[name] == bindparam(f"the_{name}") for name in Line.__struct_fields__),
        tuple_(_E["at"], _E.source, _E.id)
        > tuple_(bindparam("after_at"), bindparam("after_source"), bindparam("after_id")),
    )
    .order_by(_E["at"], _E.source, _E.id)
    .limit(bindparam("size")),
    _entry,
)


class DatabaseLedger:
    """The ledger in the tables `usage_identities` and `usage_events`."""

    async def append(self, unit: Unit, events: Sequence[Event], at: Instant) -> list[Outcome]:
        """See `Ledger`. Raises Retryable if somebody takes an identity meanwhile."""
        first: dict[tuple[str, str], Event] = {}
        for event in events:
            first.setdefault((event.source, event.id), event)
        taken = await _taken(unit, first)
        # In order: two who add the same ones then wait for each other in turn.
        new = [first[key] for key in sorted(first.keys() - taken.keys())]
        try:
            await unit.add_all(_ADD_IDENTITIES, [_identity(event) for event in new])
        except UniqueViolation as problem:
            raise Retryable(str(problem)) from problem
        await unit.add_all(_ADD_EVENTS, sorted(_row(event, at) for event in new))
        return [_outcome(event, first, taken) for event in events]

    async def known(self, unit: Unit, events: Sequence[Event]) -> list[Outcome | None]:
        """See `Ledger`."""
        taken = await _taken(unit, {(event.source, event.id) for event in events})
        return [
            _outcome(event, {}, taken) if (event.source, event.id) in taken else None
            for event in events
        ]

    async def void(self, unit: Unit, entry: Entry, at: Instant) -> bool:
        """See `Ledger`."""
        key = {f"the_{name}": getattr(entry, name) for name in _KEY}
        return await unit.run(_VOID, **key, now=at) == 1

    async def find(self, reads: Reads, source: str, event_id: str) -> Entry | None:
        """See `Ledger`."""
        return await reads.one(_FIND, of_source=source, event=event_id)

    async def behind_line(
        self, reads: Reads, line: Line, after: tuple[Instant, str, str], limit: int
    ) -> list[Entry]:
        """See `Ledger`."""
        place = dict(zip(("after_at", "after_source", "after_id"), after, strict=True))
        of_line = {f"the_{name}": getattr(line, name) for name in Line.__struct_fields__}
        return await reads.all(_BEHIND, **of_line, **place, size=limit)


LEDGER: Ledger = DatabaseLedger()
"""The ledger that this installation keeps."""


async def _taken(
    unit: Unit, identities: Collection[tuple[str, str]]
) -> dict[tuple[str, str], bytes]:
    """What was said by those who have these identities."""
    rows = await unit.find_all(_TAKEN, list(identities))
    return {(source, event_id): digest for source, event_id, digest in rows}


def _identity(event: Event) -> tuple[object, ...]:
    return (
        event.source,
        event.id,
        event.customer_id,
        event.month,
        event.product_id,
        event.metric,
        event.region,
        event.at,
        event.digest,
    )


def _row(event: Event, at: Instant) -> tuple[object, ...]:
    return (
        event.customer_id,
        event.month,
        event.product_id,
        event.metric,
        event.region,
        event.at,
        event.source,
        event.id,
        event.service_id,
        *divmod(event.quantity, MILLION),
        at,
    )


def _outcome(
    event: Event, first: dict[tuple[str, str], Event], taken: dict[tuple[str, str], bytes]
) -> Outcome:
    key = (event.source, event.id)
    if key in taken:
        return "duplicate" if taken[key] == event.digest else "conflict"
    if first[key] is event:
        return "accepted"
    return "duplicate" if first[key].digest == event.digest else "conflict"
