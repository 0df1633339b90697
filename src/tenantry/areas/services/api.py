"""How services are reached (contract: identity §10)."""

from typing import Any

from tenantry.areas.services import model, removal, shapes, versions
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import bad_request
from tenantry.http.body import Body
from tenantry.http.message import Query
from tenantry.http.operation import (
    CUSTOMER,
    OK,
    PAGED,
    Answer,
    QueryParameter,
    Status,
    on_service,
    operation,
    permission,
)
from tenantry.http.paging import link_header, numbered
from tenantry.http.wire import LEGACY

LARGEST_PAGE = 1000
_FILTERED = (
    QueryParameter("filter[versions.active]", "boolean", "Only the active version"),
    QueryParameter("filter[versions.staged]", "boolean", "Only staged versions: there are none"),
    QueryParameter("filter[versions.latest_draft]", "boolean", "Only the newest unlocked version"),
)
_SORTED = (
    QueryParameter("sort", "string", "created, updated, name, type or id"),
    QueryParameter("direction", "string", "ascend or descend"),
)


@operation(
    "GET /service",
    allow=CUSTOMER,
    wire=LEGACY,
    query=(*PAGED, *_SORTED, *_FILTERED),
    answers=list[shapes.ListedService],
)
async def list_services(call: Reading, query: Query) -> Answer:
    """The living services that the caller sees, a page at a time."""
    page = numbered(query, most=LARGEST_PAGE)
    listing = model.Listing(
        size=page.size,
        skipped=page.skipped,
        sort=model.known_sort(query.get("sort")),
        is_descending=query.get("direction") == "descend",
    )
    rows, records = await model.list_page(call, listing)
    of = await versions.list_of_many(call, [row.id for row in rows])
    link = link_header(query, page, records)
    return Answer(
        [shapes.listed_service(row, of[row.id], query) for row in rows],
        headers=() if link is None else (("link", link),),
    )


@operation(
    "GET /service/search",
    allow=CUSTOMER,
    wire=LEGACY,
    query=(QueryParameter("name", "string", "The service's exact name"), *_FILTERED),
)
async def search_service(call: Reading, query: Query) -> shapes.FoundService:
    """The service with a name."""
    name = query.get("name")
    if not name:
        raise bad_request("Name is required")
    row = await model.find_named(call, name)
    return shapes.found_service(row, await versions.list_of(call, row.id), query)


@operation("POST /service", allow=permission("service.create"), wire=LEGACY)
async def create_service(call: Writing, body: Body[model.NewService]) -> shapes.Service:
    """Create a service, with version 1; a token that is limited to services cannot."""
    model.check_unlimited(call)
    row = await model.create(call, body())
    return shapes.shown_service(row, await versions.list_of(call, row.id))


@operation(
    "GET /service/{service_id}",
    allow=on_service("service.read"),
    wire=LEGACY,
    query=_FILTERED,
)
async def get_service(call: Reading, service_id: str, query: Query) -> shapes.Service:
    """One service; a deleted one is still told, with the time of its deletion."""
    row = await model.reach(call, service_id, "service.read")
    return shapes.shown_service(row, await versions.list_of(call, row.id), query)


@operation(
    "GET /service/{service_id}/details",
    allow=on_service("service.read"),
    wire=LEGACY,
    query=(QueryParameter("version", "integer", "Which version to tell whole"), *_FILTERED),
)
async def get_service_detail(call: Reading, service_id: str, query: Query) -> shapes.ServiceDetails:
    """One service with a version whole: that asked for, else the active, else the highest."""
    row = await model.reach(call, service_id, "service.read")
    rows = await versions.list_of(call, row.id)
    asked = query.get("version")
    chosen = await versions.find(call, row.id, asked) if asked else versions.current(rows)
    return shapes.detailed_service(row, rows, chosen, query)


@operation("PUT /service/{service_id}", allow=on_service("service.configure"), wire=LEGACY)
async def update_service(
    call: Writing, service_id: str, body: Body[model.ServiceChange]
) -> shapes.Service:
    """Rename or describe a service."""
    row = await model.reach_living(call, service_id, "service.configure")
    row = await model.change(call, row, body())
    return shapes.shown_service(row, await versions.list_of(call, row.id))


@operation("DELETE /service/{service_id}", allow=on_service("service.delete"), wire=LEGACY)
async def delete_service(call: Writing, service_id: str) -> Status:
    """Delete a service that has no active version."""
    await removal.remove(call, await model.reach_living(call, service_id, "service.delete"))
    return OK


@operation("GET /service/{service_id}/domain", allow=on_service("service.read"), wire=LEGACY)
async def list_service_domains(call: Reading, service_id: str) -> list[dict[str, Any]]:
    """The domains of a service: none, here."""
    await model.reach(call, service_id, "service.read")
    return []
