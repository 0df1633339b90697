"""How permissions are reached, and roles in the older form (contract: access §5, §6.3)."""

import msgspec

from tenantry.areas.roles import deletion, model
from tenantry.areas.roles.shapes import (
    Permissions,
    Role,
    Roles,
    shown_permissions,
    shown_role,
)
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import bad_request
from tenantry.core.permissions import CATALOGUE
from tenantry.http import paging
from tenantry.http.body import Body
from tenantry.http.message import Query
from tenantry.http.operation import PAGED, Answer, operation, permission
from tenantry.http.wire import PLAIN

READ = permission("role.read")
MANAGE = permission("role.manage")


class NamedPermissions(msgspec.Struct):
    """The permissions that a role is given or relieved of."""

    permissions: list[model.PermissionReference]


@operation("GET /permissions", allow=READ, wire=PLAIN)
async def list_permissions(call: Reading) -> Permissions:  # noqa: ARG001 - they are the same for all
    """Every permission that there is."""
    return shown_permissions(CATALOGUE)


@operation("GET /roles", allow=READ, wire=PLAIN, query=PAGED, answers=Roles)
async def list_roles(call: Reading, query: Query) -> Answer:
    """A page of the roles, the built-in ones first."""
    page = paging.numbered(query)
    rows, count = await model.list_page(call, page.size, page.skipped)
    return paging.paged(query, page, count, Roles, [shown_role(row) for row in rows])


@operation("POST /roles", allow=MANAGE, wire=PLAIN, status=201)
async def create_a_role(call: Writing, body: Body[model.NewRole]) -> Role:
    """Create a role of the customer's own."""
    return shown_role(await model.create(call, body()))


@operation("GET /roles/{role_id}", allow=READ, wire=PLAIN)
async def get_a_role(call: Reading, role_id: str) -> Role:
    """One role."""
    return shown_role(await model.find(call, role_id))


@operation("PATCH /roles/{role_id}", allow=MANAGE, wire=PLAIN)
async def update_a_role(call: Writing, role_id: str, body: Body[model.RoleChange]) -> Role:
    """Rename or describe a role of the customer's own."""
    row = await model.find_own(call, role_id)
    return shown_role(await model.change(call, row, body()))


@operation("DELETE /roles/{role_id}", allow=MANAGE, wire=PLAIN, status=204)
async def delete_a_role(call: Writing, role_id: str) -> None:
    """Delete a role; whoever had it goes on without."""
    await deletion.remove(call, await model.find_own(call, role_id))


@operation("GET /roles/{role_id}/permissions", allow=READ, wire=PLAIN)
async def list_role_permissions(call: Reading, role_id: str) -> Permissions:
    """What a role permits; built-in ones permit some of it in a restricted form only."""
    return shown_permissions((await model.find(call, role_id)).listed)


@operation("POST /roles/{role_id}/permissions", allow=MANAGE, wire=PLAIN, status=201)
async def add_role_permissions(
    call: Writing, role_id: str, body: Body[NamedPermissions]
) -> Permissions:
    """Let a role permit more; told are the permissions that were named."""
    row = await model.find_own(call, role_id)
    named = model.known_permissions(_named(body()))
    await model.add_permissions(call, row, named)
    return shown_permissions(named)


@operation("DELETE /roles/{role_id}/permissions", allow=MANAGE, wire=PLAIN, status=204)
async def remove_role_permissions(
    call: Writing, role_id: str, body: Body[NamedPermissions]
) -> None:
    """Let a role permit less."""
    row = await model.find_own(call, role_id)
    await model.remove_permissions(call, row, model.known_permissions(_named(body())))


def _named(body: NamedPermissions) -> list[model.PermissionReference]:
    if not body.permissions:
        raise bad_request("Permissions must name at least one")
    return body.permissions
