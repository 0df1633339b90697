"""An event as clients are shown it (contract: billing §8.1)."""

from functools import lru_cache
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from tenantry.areas.events.model import EventRow
from tenantry.core.chain import unseal
from tenantry.http.paging import Page


class Attributes(msgspec.Struct):
    """What happened; what does not apply is left out."""

    customer_id: str
    description: str
    event_type: str
    ip: str
    metadata: dict[str, Any]
    service_id: str | UnsetType
    user_id: str | UnsetType
    token_id: str | UnsetType
    created_at: str
    admin: bool


class Event(msgspec.Struct):
    """Something that happened in a customer's account."""

    id: str
    type: Literal["event"]
    attributes: Attributes


class EventDocument(msgspec.Struct):
    """One event."""

    data: Event


class EventMeta(msgspec.Struct):
    """What a page says of the list."""

    record_count: int
    current_page: int
    total_pages: int
    per_page: int


class EventList(msgspec.Struct):
    """A page of events."""

    data: list[Event]
    links: dict[str, str]
    meta: EventMeta


def meta(page: Page, records: int) -> EventMeta:
    """In the order of this endpoint."""
    return EventMeta(records, page.number, page.count(records), page.size)


class SentList(msgspec.Struct):
    """As `EventList`; its events are written already."""

    data: list[msgspec.Raw]
    links: dict[str, str]
    meta: EventMeta


class SentDocument(msgspec.Struct):
    """As `EventDocument`; likewise."""

    data: msgspec.Raw


class _Body(msgspec.Struct):
    """What is shown of a stored body."""

    action: str
    admin: bool
    created_at: str
    customer_id: str
    event_type: str | None
    id: str
    metadata: dict[str, Any]
    service_id: str | None
    token_id: str | None
    user_id: str | None


_body = msgspec.json.Decoder(_Body).decode
_personal = msgspec.json.Decoder(dict[str, tuple[str, Any]]).decode
_encode = msgspec.json.Encoder().encode
_MOST_KEPT = 2000
"""Events that a process remembers how to show, each about 2 KB: the newest are asked for often."""
_LONGEST_KEPT = 8192
"""Characters of such an event: what is done to a thousand at once is told in a hundred thousand."""


def shown_event(row: EventRow, *, is_improved: bool) -> msgspec.Raw:
    """An event; without improved events a customer is shown less (contract: billing §8.2).

    It follows from the row alone: who is erased from that is erased from here.
    """
    is_short = len(row.body) + len(row.personal or "") <= _LONGEST_KEPT
    return (_remembered if is_short else _shown)(row, is_improved=is_improved)


def _shown(row: EventRow, *, is_improved: bool) -> msgspec.Raw:
    told = _body(row.body)
    known = {} if row.personal is None else _personal(row.personal)
    if not is_improved:
        told.metadata, told.token_id = {}, None
    if told.metadata:
        unseal(told.metadata, "metadata", known)
    attributes = Attributes(
        customer_id=told.customer_id,
        description=known[_DESCRIPTION][1] if _DESCRIPTION in known else "",
        event_type=told.event_type or told.action,
        ip=known[_IP][1] if _IP in known else "",
        metadata=told.metadata,
        service_id=told.service_id or UNSET,
        user_id=told.user_id or UNSET,
        token_id=told.token_id or UNSET,
        created_at=told.created_at,
        admin=told.admin,
    )
    return msgspec.Raw(_encode(Event(told.id, "event", attributes)))


_remembered = lru_cache(maxsize=_MOST_KEPT)(_shown)


_DESCRIPTION, _IP = "description", "ip"
