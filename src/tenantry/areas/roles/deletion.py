"""Deleting a role: everything that bears it goes on without (contract: access §12).

A set of roles that is left empty falls back to the built-in `user`. Who was limited to services
stays so, though a `user` is otherwise never limited: losing a role opens nothing.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Table, bindparam, delete, update

from tenantry.access.granting import check_may_grant_roles
from tenantry.areas.customers import keys
from tenantry.areas.customers.logins import logins
from tenantry.areas.roles import model
from tenantry.areas.roles.bearers import Bearers, BearingInvitation, BearingToken, bearers_of
from tenantry.areas.roles.row import RoleRow
from tenantry.areas.users import model as users
from tenantry.areas.users.agreement import in_agreement
from tenantry.areas.users.model import UserRow
from tenantry.core import access_tables as tables
from tenantry.core import audit, schema
from tenantry.core.audit import Revision
from tenantry.core.context import Writing
from tenantry.core.permissions import ROLE_IDS
from tenantry.core.statements import Statement, is_one_of

_ACTION = "iam.role.delete"


B = TypeVar("B", UserRow, BearingToken, BearingInvitation)


def _storing(table: Table) -> Statement[Any]:
    names = ("role", "roles", "updated_at")
    one = (table.c.customer_id == bindparam("customer"), table.c.id == bindparam("bearer"))
    return Statement(update(table).where(*one).values({name: bindparam(name) for name in names}))


_STORE_USER = _storing(schema.users)
_STORE_TOKEN = _storing(schema.tokens)
_STORE_INVITATION = _storing(tables.invitations)
_G, _GR, _R = tables.user_groups.c, tables.user_group_roles.c, tables.roles.c
_TOUCH_GROUPS = Statement(
    update(tables.user_groups)
    .where(_G.customer_id == bindparam("customer"), is_one_of(_G.id, "ids"))
    .values(updated_at=bindparam("updated_at"))
)
_LEAVE_GROUPS = Statement(
    delete(tables.user_group_roles).where(
        _GR.customer_id == bindparam("customer"), _GR.role_id == bindparam("role")
    )
)
_DELETE = Statement(
    delete(tables.roles).where(_R.customer_id == bindparam("customer"), _R.id == bindparam("role"))
)


async def remove(call: Writing, row: RoleRow) -> None:
    """Delete a role of the customer's own.

    Raises Problem 403 for one that the caller holds himself, and where others would fall back to
    a `user`, which confers more than he holds.
    """
    model.check_not_held(call, row)
    bearers = await bearers_of(call, row.id)
    if bearers.is_only_role(row.id):
        await check_may_grant_roles(call, [ROLE_IDS["user"]])
    left = _without(bearers.users, row.id)
    tokens = _without(bearers.tokens, row.id)
    await _store(call, _STORE_USER, left)
    await _store(call, _STORE_TOKEN, tokens)
    await _store(call, _STORE_INVITATION, _without(bearers.invitations, row.id))
    await call.run(
        _TOUCH_GROUPS, customer=call.customer_id, ids=list(bearers.groups), updated_at=call.now
    )
    for statement in (_LEAVE_GROUPS, _DELETE):
        await call.run(statement, customer=call.customer_id, role=row.id)
    changed = [keys.revision(token) for token in tokens]
    changed += [
        Revision("user_group_role", f"{group}/{row.id}", None) for group in sorted(bearers.groups)
    ]
    await _record(call, row, bearers, changed)
    await _record_users(call, row, bearers, left)


def _without(rows: Sequence[B], role_id: str) -> list[B]:
    changed = []
    for row in rows:
        role, roles = in_agreement(set(msgspec.json.decode(row.roles)) - {role_id})
        changed.append(msgspec.structs.replace(row, role=role, roles=roles))
    return changed


async def _store(call: Writing, statement: Statement[Any], rows: Sequence[Any]) -> None:
    values = [
        {
            "customer": call.customer_id,
            "bearer": row.id,
            "role": row.role,
            "roles": row.roles,
            "updated_at": call.now,
        }
        for row in rows
    ]
    await call.run_many(statement, values)


async def _record(
    call: Writing, row: RoleRow, bearers: Bearers, changed: Sequence[Revision]
) -> None:
    about = {
        "role_id": row.id,
        "name": row.name,
        "automation_token_ids": [token.id for token in bearers.tokens],
        "invitation_ids": [invitation.id for invitation in bearers.invitations],
        "user_group_ids": sorted(bearers.groups),
    }
    happened = (_ACTION, f"Role '{row.name}' was deleted")
    await model.record(call, happened, about, [Revision("role", row.id, None), *changed])


async def _record_users(
    call: Writing, row: RoleRow, bearers: Bearers, left: Sequence[UserRow]
) -> None:
    """One event for each who loses it, be it his own or his group's."""
    before = {user.id: user for user in bearers.users}
    after = {user.id: user for user in left}
    by_group = bearers.by_group
    known = await logins(call, before.keys() | by_group.keys())
    for user_id in sorted(known):
        told: dict[str, Any] = {"action": _ACTION, "role_id": row.id, "user_id": user_id}
        if user_id in by_group:
            told["user_group_ids"] = by_group[user_id]
        changed = after.get(user_id)
        if changed is not None:
            told |= {"old": _told(before[user_id]), "new": _told(changed)}
        await audit.record(
            call,
            "user.update",
            f"User '{known[user_id]}' was updated",
            metadata=told,
            rows=[] if changed is None else [users.revision(changed)],
        )


def _told(user: UserRow) -> dict[str, Any]:
    return {"role": user.role, "roles": users.role_ids(user)}
