"""How service groups are reached (contract: access §7)."""

from typing import Literal

import msgspec

from tenantry.areas.groups import membership, model, service_groups, shapes
from tenantry.areas.groups.membership import SERVICES
from tenantry.areas.groups.model import SERVICE_GROUPS, GroupChange, ServiceGroupRow
from tenantry.areas.groups.shapes import FirstReferences, References
from tenantry.core.clock import shown
from tenantry.core.context import Reading, Writing
from tenantry.http import paging
from tenantry.http.body import Body
from tenantry.http.message import Query
from tenantry.http.operation import PAGED, Answer, operation, permission
from tenantry.http.paging import ListMeta
from tenantry.http.wire import PLAIN

READ = permission("service_group.read")
MANAGE = permission("service_group.manage")


class NewServiceGroup(msgspec.Struct, kw_only=True):
    """What a service group is created from."""

    name: str
    description: str | None = None
    services: FirstReferences | None = None


class ServiceReferences(msgspec.Struct):
    """Services to put in or to take out; what is in or out already is no error."""

    services: References


class ServiceGroup(msgspec.Struct):
    """A service group."""

    id: str
    object: Literal["service_group"]
    name: str
    description: str | None
    services_count: int
    created_at: str
    updated_at: str


class ServiceGroups(msgspec.Struct):
    """A page of the customer's service groups."""

    data: list[ServiceGroup]
    meta: ListMeta


def _shown(row: ServiceGroupRow) -> ServiceGroup:
    return ServiceGroup(
        id=row.id,
        object="service_group",
        name=row.name,
        description=row.description,
        services_count=row.services_count,
        created_at=shown(row.created_at),
        updated_at=shown(row.updated_at),
    )


@operation("GET /service-groups", allow=READ, wire=PLAIN, query=PAGED, answers=ServiceGroups)
async def list_service_groups(call: Reading, query: Query) -> Answer:
    """A page of the customer's service groups, oldest first."""
    page = paging.numbered(query)
    rows, records = await model.list_page(call, SERVICE_GROUPS, page.size, page.skipped)
    return paging.paged(query, page, records, ServiceGroups, [_shown(row) for row in rows])


@operation("POST /service-groups", allow=MANAGE, wire=PLAIN, status=201)
async def create_a_service_group(call: Writing, body: Body[NewServiceGroup]) -> ServiceGroup:
    """Create a service group, with services in it if any are named."""
    new = body()
    # What is absent is told before a name that is taken (contract: access §2.5). No user group has
    # it yet, so nothing is handed on.
    services = await service_groups.seen(call, shapes.ids(new.services or []))
    row = await model.create(call, SERVICE_GROUPS, new.name, new.description)
    await membership.add(call, SERVICES, row, services)
    return _shown(await model.find(call, SERVICE_GROUPS, row.id))


@operation("GET /service-groups/{service_group_id}", allow=READ, wire=PLAIN)
async def get_a_service_group(call: Reading, service_group_id: str) -> ServiceGroup:
    """One service group."""
    return _shown(await model.find(call, SERVICE_GROUPS, service_group_id))


@operation("PATCH /service-groups/{service_group_id}", allow=MANAGE, wire=PLAIN)
async def update_a_service_group(
    call: Writing, service_group_id: str, body: Body[GroupChange]
) -> ServiceGroup:
    """Rename or describe a service group."""
    row = await model.find(call, SERVICE_GROUPS, service_group_id)
    return _shown(await model.change(call, SERVICE_GROUPS, row, body()))


@operation("DELETE /service-groups/{service_group_id}", allow=MANAGE, wire=PLAIN, status=204)
async def delete_a_service_group(call: Writing, service_group_id: str) -> None:
    """Delete a service group, not its services: what its users could do by it ends at once."""
    await service_groups.remove(call, await model.find(call, SERVICE_GROUPS, service_group_id))


@operation(
    "GET /service-groups/{service_group_id}/services",
    allow=READ,
    wire=PLAIN,
    query=PAGED,
    answers=shapes.NamedServices,
)
async def list_service_group_services(call: Reading, service_group_id: str, query: Query) -> Answer:
    """A page of a group's services, in the order in which they came in."""
    row = await model.find(call, SERVICE_GROUPS, service_group_id)
    page = paging.numbered(query)
    rows, records = await service_groups.list_services(call, row, page.size, page.skipped)
    return paging.paged(query, page, records, shapes.NamedServices, shapes.services(rows))


@operation("POST /service-groups/{service_group_id}/services", allow=MANAGE, wire=PLAIN, status=201)
async def add_service_group_services(
    call: Writing, service_group_id: str, body: Body[ServiceReferences]
) -> shapes.NamedServices:
    """Put services into a group: all of them or, if one does not exist, none."""
    row = await model.find(call, SERVICE_GROUPS, service_group_id)
    rows = await service_groups.add_services(call, row, shapes.ids(body().services))
    return shapes.NamedServices(shapes.services(rows), paging.one_page(rows))


@operation(
    "DELETE /service-groups/{service_group_id}/services", allow=MANAGE, wire=PLAIN, status=204
)
async def remove_service_group_services(
    call: Writing, service_group_id: str, body: Body[ServiceReferences]
) -> None:
    """Take services out of a group: all of them or, if one does not exist, none."""
    row = await model.find(call, SERVICE_GROUPS, service_group_id)
    await service_groups.remove_services(call, row, shapes.ids(body().services))
