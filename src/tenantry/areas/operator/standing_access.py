"""What stands of roles, groups, authorizations and invitations."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from tenantry.areas.groups.model import GroupRow
from tenantry.areas.invitations.model import InvitationRow
from tenantry.areas.operator.shelves import Kind, Shelf, Stand, of_customer
from tenantry.areas.roles.row import RoleRow
from tenantry.areas.users import model as users
from tenantry.areas.users.authorizations import AuthorizationRow
from tenantry.core import access_tables as tables
from tenantry.core.database import Database
from tenantry.core.statements import Statement

_ROLES = of_customer(tables.roles, RoleRow.__struct_fields__, RoleRow)
_GROUPS: dict[Kind, Statement[GroupRow]] = {
    "service group": of_customer(tables.service_groups, GroupRow.__struct_fields__, GroupRow),
    "user group": of_customer(tables.user_groups, GroupRow.__struct_fields__, GroupRow),
}
_INVITATIONS = of_customer(tables.invitations, InvitationRow.__struct_fields__, InvitationRow)
_SERVICES = of_customer(tables.service_invitations, ("invitation_id", "service_id", "permission"))
_AUTHORIZATIONS = of_customer(
    tables.service_authorizations, AuthorizationRow.__struct_fields__, AuthorizationRow
)
_MEMBERS = of_customer(tables.user_group_members, ("kind", "user_group_id", "member_id"))
_SETS = {
    "services": of_customer(tables.service_group_services, ("service_group_id", "service_id")),
    "roles": of_customer(tables.user_group_roles, ("user_group_id", "role_id")),
    "service_groups": of_customer(
        tables.user_group_service_groups, ("user_group_id", "service_group_id")
    ),
}
"""What is in a group, by the word that a file has for it."""


async def of_access(database: Database, customer_id: str) -> dict[Kind, Shelf]:
    """Everything of it in a customer."""

    async def read(statement: Statement[Any]) -> list[Any]:
        return await database.all(statement, customer_id=customer_id)

    now = database.clock()
    pairs = [(f"{kind}s", group, one) for kind, group, one in await read(_MEMBERS)]
    for word, statement in _SETS.items():
        pairs += [(word, group, one) for group, one in await read(statement)]
    services = defaultdict[str, dict[str, str]](dict)
    for invitation, service, permission in await read(_SERVICES):
        services[invitation][service] = permission
    return {
        "role": Shelf([_role(row) for row in await read(_ROLES)]),
        **{kind: Shelf(_groups(await read(one))) for kind, one in _GROUPS.items()},
        "membership": Shelf([Stand("/".join(pair), (pair,), {}) for pair in pairs]),
        "invitation": Shelf(
            [_invitation(row, services[row.id], now) for row in await read(_INVITATIONS)]
        ),
        "service authorization": Shelf(
            [_authorization(row) for row in await read(_AUTHORIZATIONS)]
        ),
    }


def _role(row: RoleRow) -> Stand:
    facts = {
        "name": row.name,
        "description": row.description,
        "permissions": sorted(row.permission_names),
    }
    return Stand(row.id, (row.name_key,), facts)


def _groups(rows: Iterable[GroupRow]) -> list[Stand]:
    return [
        Stand(row.id, (row.name.casefold(),), {"name": row.name, "description": row.description})
        for row in rows
    ]


def roles_that_stand(role: str, roles: str) -> dict[str, Any]:
    """Roles as they are stored; one that stands alone by its name, too."""
    ids = sorted(users.ids_of(role, roles))
    return {"role": role if roles == "[]" else ids, "roles": ids}


def _invitation(row: InvitationRow, services: dict[str, str], now: int) -> Stand:
    facts = {
        "email": row.email_key,
        **roles_that_stand(row.role, row.roles),
        "limit_services": row.limit_services,
        "services": services,
        "invited_by": row.invited_by,
    }
    # One that was accepted, withdrawn or has expired is over, and another may take its place.
    is_over = row.status != "pending" or row.expires_at <= now
    return Stand(row.id, (row.email_key,), facts, is_over)


def _authorization(row: AuthorizationRow) -> Stand:
    facts = {"user": row.user_id, "service": row.service_id, "permission": row.permission}
    return Stand(row.id, ((row.user_id, row.service_id),), facts)
