"""How the catalogue of event types is reached (contract: billing §8.5)."""

import msgspec

from tenantry.areas.events.catalogue import SCOPES, WRITTEN, display_name
from tenantry.core.context import Reading
from tenantry.core.errors import bad_request
from tenantry.http.message import Query
from tenantry.http.operation import QueryParameter, operation, permission
from tenantry.http.wire import PLAIN

_READ = permission("event.read")
_SORTED = (
    QueryParameter("scope_type", description="Only types of this scope"),
    QueryParameter("sort", description="event_type, or -event_type: in reverse"),
)


class EventType(msgspec.Struct):
    """A type of events."""

    event_type: str
    display_name: str
    scope_types: list[str]


class EventTypes(msgspec.Struct):
    """The types of events that are written here."""

    data: list[EventType]


class ScopeType(msgspec.Struct):
    """What events can be about."""

    scope_type: str


class ScopeTypes(msgspec.Struct):
    """Everything that events can be about."""

    data: list[ScopeType]


@operation(
    "GET /notifications/v1/event-mappings/event-types", allow=_READ, wire=PLAIN, query=_SORTED
)
async def list_event_types(_call: Reading, query: Query) -> EventTypes:
    """The types of events that are written here, in alphabetical order or in reverse."""
    sort = query.get("sort") or "event_type"
    if sort not in {"event_type", "-event_type"}:
        raise bad_request("sort must be event_type or -event_type")
    is_ours = query.get("scope_type") in {None, "", "account"}
    names = sorted(WRITTEN if is_ours else (), reverse=sort == "-event_type")
    return EventTypes([EventType(name, display_name(name), ["account"]) for name in names])


@operation("GET /notifications/v1/event-mappings/scope-types", allow=_READ, wire=PLAIN)
async def list_scope_types(_call: Reading) -> ScopeTypes:
    """What events can be about."""
    return ScopeTypes([ScopeType(name) for name in SCOPES])
