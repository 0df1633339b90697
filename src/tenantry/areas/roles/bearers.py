"""What bears a role of the customer's own: users, automation tokens, invitations, user groups."""

from typing import Literal

import msgspec
from sqlalchemy import and_, bindparam, select

from tenantry.areas.users.model import STORED, UserRow
from tenantry.core import access_tables as tables
from tenantry.core import schema
from tenantry.core.clock import Instant
from tenantry.core.context import Reading
from tenantry.core.statements import Statement

_U, _T, _I = schema.users.c, schema.tokens.c, tables.invitations.c
_GR, _M = tables.user_group_roles.c, tables.user_group_members.c


class BearingToken(msgspec.Struct, array_like=True, frozen=True):
    """An automation token, as far as access depends on it."""

    id: str
    name: str
    kind: Literal["automation"]
    user_id: str | None
    scope: str
    services: str
    limited: bool
    role: str
    roles: str
    expires_at: Instant | None


class BearingInvitation(msgspec.Struct, array_like=True, frozen=True):
    """An invitation to roles."""

    id: str
    role: str
    roles: str


class Bearers(msgspec.Struct, frozen=True):
    """Everything that bears one role; of invitations, those that are pending."""

    users: list[UserRow]
    tokens: list[BearingToken]
    invitations: list[BearingInvitation]
    groups: dict[str, list[str]]
    """The user groups that give it, each with the users in it."""

    def is_only_role(self, role_id: str) -> bool:
        """Whether somebody has no other role of his own."""
        sets = [one.roles for one in self.users]
        sets += [one.roles for one in self.tokens]
        sets += [one.roles for one in self.invitations]
        return any(msgspec.json.decode(one) == [role_id] for one in sets)

    @property
    def by_group(self) -> dict[str, list[str]]:
        """The users who have it by way of groups, each with these groups."""
        found: dict[str, list[str]] = {}
        for group, members in self.groups.items():
            for member in members:
                found.setdefault(member, []).append(group)
        return found


_USERS = Statement(
    select(*(schema.users.c[name] for name in STORED)).where(
        _U.customer_id == bindparam("customer_id"),
        _U.deleted_at.is_(None),
        _U.roles.contains(bindparam("role_id")),
    ),
    UserRow,
)
_TOKENS = Statement(
    select(*(schema.tokens.c[name] for name in BearingToken.__struct_fields__)).where(
        _T.customer_id == bindparam("customer_id"), _T.roles.contains(bindparam("role_id"))
    ),
    BearingToken,
)
_INVITATIONS = Statement(
    select(_I.id, _I.role, _I.roles).where(
        _I.customer_id == bindparam("customer_id"),
        _I.status == "pending",
        _I.roles.contains(bindparam("role_id")),
    ),
    BearingInvitation,
)
_GROUPS = Statement(
    select(_GR.user_group_id, _M.member_id)
    .select_from(
        tables.user_group_roles.outerjoin(
            tables.user_group_members,
            and_(
                _M.customer_id == _GR.customer_id,
                _M.user_group_id == _GR.user_group_id,
                _M.kind == "user",
            ),
        )
    )
    .where(_GR.customer_id == bindparam("customer_id"), _GR.role_id == bindparam("role_id"))
    .order_by(_GR.user_group_id, _M.member_id)
)


def _bears(roles: str, role_id: str) -> bool:
    # Ids differ by the case of letters, which SQLite's LIKE does not see.
    return role_id in msgspec.json.decode(roles)


async def bearers_of(call: Reading, role_id: str) -> Bearers:
    """Everything of the call's customer that bears a role, users by id."""
    given = {"customer_id": call.customer_id, "role_id": role_id}
    users = [row for row in await call.all(_USERS, **given) if _bears(row.roles, role_id)]
    tokens = [row for row in await call.all(_TOKENS, **given) if _bears(row.roles, role_id)]
    invitations = await call.all(_INVITATIONS, **given)
    groups: dict[str, list[str]] = {}
    for group, member in await call.all(_GROUPS, **given):
        members = groups.setdefault(group, [])
        if member is not None:
            members.append(member)
    return Bearers(
        users=sorted(users, key=lambda row: row.id),
        tokens=sorted(tokens, key=lambda row: row.id),
        invitations=[row for row in invitations if _bears(row.roles, role_id)],
        groups=groups,
    )
