"""Events: what one is, who sees which, and which are asked for (contract: billing §8, access §9.2).

Who holds `event.read` sees all; anybody else what he did himself, and engineers what happened to
the services that they see.
"""

from collections.abc import Mapping

import msgspec
from sqlalchemy import literal_column

from tenantry.access.decide import decide, rights
from tenantry.core import schema
from tenantry.core.clock import Instant
from tenantry.core.context import Reading
from tenantry.core.errors import Problem
from tenantry.core.ids import place_of
from tenantry.core.log_tables import RANDOM_IDS
from tenantry.core.statements import point

_E, _C = schema.events.c, schema.customers.c


class EventRow(msgspec.Struct, frozen=True):
    """An event as it is stored: all of it is in its body, but for the personal values beside."""

    body: str
    personal: str | None


COLUMNS = (_E.body, _E.personal)


class _Found(EventRow, frozen=True):
    """One that was looked for, with what tells who may see it."""

    id: str
    event_type: str | None
    user_id: str | None
    token_id: str | None
    service_id: str | None


_FOUND = [_E[name] for name in _Found.__struct_fields__]
_FIND = point(_FOUND, schema.events, _Found, customer_id=_E.customer_id, sequence=_E.sequence)
_FIND_OLD = point(
    _FOUND,
    schema.events,
    _Found,
    where=_E.id >= literal_column(f"'{RANDOM_IDS}'"),
    customer_id=_E.customer_id,
    id=_E.id,
)
_IMPROVED = point([_C.has_improved_events], schema.customers, customer_id=_C.id)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which events are asked for; all that is said must hold."""

    customer_id: str | None = None
    equal: Mapping[str, str] = msgspec.field(default_factory=dict)
    """By `event_type`, `service_id`, `token_id`, `user_id`."""
    since: Instant | None = None
    until: Instant | None = None
    """Before this instant."""


class Sight(msgspec.Struct, frozen=True):
    """Some of the events: of somebody himself, or of services."""

    own: tuple[str, str] | None = None
    """The field that names him, and his id there."""
    services: frozenset[str] | None = frozenset()
    """None is all of them."""

    def sees(self, row: _Found) -> bool:
        """Whether an event is among them."""
        if self.own is not None and getattr(row, self.own[0]) == self.own[1]:
            return True
        if row.service_id is None:
            return False
        return self.services is None or row.service_id in self.services


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """The events that are asked for and that the caller sees."""

    equal: Mapping[str, str]
    sight: Sight | None = None
    """What an event must be among as well."""
    since: Instant | None = None
    until: Instant | None = None

    @property
    def is_timed(self) -> bool:
        """Whether it is only of some time."""
        return self.since is not None or self.until is not None


def sight_of(call: Reading) -> Sight | None:
    """Which events the caller sees; None is all of them."""
    held, principal = call.principal.grants, call.principal
    if decide(held, "event.read").allowed:
        return None
    if principal.user_id is not None:
        own = ("user_id", principal.user_id)
    else:
        own = ("token_id", principal.token_id)
    if decide(held, "event.read:services").allowed:
        return Sight(own, rights(held).visible)
    return Sight(own)


def selected(call: Reading, wanted: Wanted) -> Selection | None:
    """What the caller sees of what he asks for; None if that can't be anything."""
    if wanted.customer_id not in {None, call.customer_id}:
        return None
    sight = sight_of(call)
    equal = dict(wanted.equal)
    if sight is not None:
        narrowed = _narrowed(sight, equal)
        if narrowed is None:
            return None
        equal, sight = narrowed
    return Selection(equal=equal, sight=sight, since=wanted.since, until=wanted.until)


def _narrowed(sight: Sight, equal: dict[str, str]) -> tuple[dict[str, str], Sight | None] | None:
    """What must still be equal and be seen; None if nothing can be both."""
    own, services = sight.own, sight.services
    if own is not None and own[0] in equal:
        if equal[own[0]] == own[1]:
            return equal, None
        own = None
    service = equal.get("service_id")
    if service is not None:
        if services is None or service in services:
            return equal, None
        services = frozenset()
    if services is None or services:
        return equal, Sight(own, services)
    return None if own is None else ({**equal, own[0]: own[1]}, None)


async def find(call: Reading, event_id: str) -> EventRow:
    """An event that the caller sees. Raises Problem 404 (contract: billing §8.2)."""
    key = {"customer_id": call.customer_id}
    row = await call.one(_FIND, **key, sequence=place_of(event_id))
    if row is None or row.id != event_id:
        row = await call.one(_FIND_OLD, **key, id=event_id)
    if row is not None and (row.event_type is not None or call.extended_events):
        sight = sight_of(call)
        if sight is None or sight.sees(row):
            return row
    raise Problem(404, "Not found", "The event you requested was not found")


async def has_improved_events(call: Reading) -> bool:
    """Whether the customer is shown all that is known of an event (contract: billing §8.2)."""
    row = await call.one(_IMPROVED, customer_id=call.customer_id)
    return row is not None and bool(row[0])
