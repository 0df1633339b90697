"""An event as clients are shown it (contract: billing §8.1)."""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from tenantry.areas.events.model import EventRow
from tenantry.core.chain import opened
from tenantry.core.clock import shown
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


def shown_event(row: EventRow, *, is_improved: bool) -> Event:
    """An event; without improved events a customer is shown less (contract: billing §8.2)."""
    told = opened(row.body, row.personal)
    return Event(
        id=row.id,
        type="event",
        attributes=Attributes(
            customer_id=told["customer_id"],
            description=told["description"],
            event_type=row.event_type or row.action,
            ip=told["ip"],
            metadata=told["metadata"] if is_improved else {},
            service_id=row.service_id or UNSET,
            user_id=row.user_id or UNSET,
            token_id=(is_improved and row.token_id) or UNSET,
            created_at=shown(row.created_at),
            admin=told["admin"],
        ),
    )
