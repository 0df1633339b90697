"""The two forms in which the wire tells roles, and permissions (contract: access §5, §6)."""

from collections.abc import Sequence

import msgspec

from tenantry.areas.roles.row import RoleRow
from tenantry.core.clock import shown
from tenantry.core.permissions import RESOURCES
from tenantry.core.permissions import Permission as PermissionRow
from tenantry.http.paging import ListMeta, one_page


class Permission(msgspec.Struct):
    """A permission of the catalogue."""

    id: str
    object: str
    name: str
    description: str
    resource_name: str
    resource_description: str
    scope: str


class Permissions(msgspec.Struct):
    """Permissions, all on one page."""

    data: list[Permission]
    meta: ListMeta


class Role(msgspec.Struct):
    """A role in the older form; of one that is built in, `custom` is false."""

    id: str
    object: str
    name: str
    description: str | None
    custom: bool
    permissions_count: int
    created_at: str
    updated_at: str


class Roles(msgspec.Struct):
    """A page of roles in the older form."""

    data: list[Role]
    meta: ListMeta


class IamRole(msgspec.Struct):
    """A role in the current form; permissions are told by name."""

    id: str
    name: str
    display_name: str
    description: str
    permissions: list[str]


class IamRoles(msgspec.Struct):
    """Some roles in the current form; without a next cursor they are the last."""

    limit: int
    next_cursor: str
    data: list[IamRole]


def shown_permissions(rows: Sequence[PermissionRow]) -> Permissions:
    """Permissions in their catalogue's order."""
    data = [
        Permission(
            id=row.id,
            object="permission",
            name=row.name,
            description=row.description,
            resource_name=row.resource,
            resource_description=RESOURCES[row.resource],
            scope=row.scope,
        )
        for row in rows
    ]
    return Permissions(data, one_page(data))


def shown_role(row: RoleRow) -> Role:
    """A role in the older form."""
    return Role(
        id=row.id,
        object="role",
        name=row.name,
        description=row.description,
        custom=row.is_custom,
        permissions_count=len(row.permission_names),
        created_at=shown(row.created_at),
        updated_at=shown(row.updated_at),
    )


def shown_iam_role(row: RoleRow) -> IamRole:
    """A role in the current form; an unset description is empty, since clients take no null."""
    return IamRole(
        id=row.id,
        name=row.name,
        display_name=row.display_name,
        description=row.description or "",
        permissions=[one.name for one in row.listed],
    )
