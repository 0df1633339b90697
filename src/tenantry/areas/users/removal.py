"""Removing a user, and what was his alone (contract: access §12)."""

import msgspec
from sqlalchemy import bindparam, delete, select, update

from tenantry.access.granting import grants_anything
from tenantry.areas.customers import contacts, keys
from tenantry.areas.users import authorizations, model, sessions
from tenantry.core import access_tables, audit, schema
from tenantry.core.context import Writing
from tenantry.core.errors import bad_request, not_authorized
from tenantry.core.security_tables import OF_USERS
from tenantry.core.statements import Statement

_G, _M = access_tables.user_groups.c, access_tables.user_group_members.c

_MEMBERSHIPS = (_M.customer_id == bindparam("customer"), _M.member_id == bindparam("user"))
_TOUCH_GROUPS = Statement(
    update(access_tables.user_groups)
    .where(
        _G.customer_id == bindparam("customer"),
        _G.id.in_(select(_M.user_group_id).where(*_MEMBERSHIPS)),
    )
    .values(updated_at=bindparam("now"))
)
_LEAVE_GROUPS = Statement(delete(access_tables.user_group_members).where(*_MEMBERSHIPS))
_FORGET = [
    Statement(
        delete(table).where(
            table.c.customer_id == bindparam("customer"), table.c.user_id == bindparam("user")
        )
    )
    for table in (schema.stars, schema.password_codes, *OF_USERS)
]


async def remove(call: Writing, user_id: str) -> None:
    """Delete a user; the login is free from now on. Raises Problem 400, 403, 404."""
    row = await model.find(call, user_id)
    if row.role == "superuser" and not grants_anything(call):
        raise not_authorized()
    if await model.is_owner(call, row.id):
        raise bad_request("Transfer account ownership first")
    his = await sessions.keys_of(call, row)
    if any(
        key.kind == "user" and (key.expires_at is None or key.expires_at > call.now) for key in his
    ):
        raise bad_request("User has active API tokens")
    await keys.end(call, his)
    await authorizations.end(call, await authorizations.of_user(call, row.id))
    await call.run(_TOUCH_GROUPS, customer=row.customer_id, user=row.id, now=call.now)
    for statement in (_LEAVE_GROUPS, *_FORGET):
        await call.run(statement, customer=row.customer_id, user=row.id)
    await contacts.release(call, row.id, row.name, row.login)
    gone = msgspec.structs.replace(row, deleted_at=call.now, updated_at=call.now, password=None)
    await model.store(call, gone)
    await audit.record(
        call,
        "user.destroy",
        f"User '{row.login}' was deleted",
        metadata={"user_id": row.id, "login": row.login},
        rows=[model.revision(gone)],
    )
