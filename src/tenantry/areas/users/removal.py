"""Removing a user, and what was his alone (contract: access §12)."""

import msgspec
from sqlalchemy import and_, bindparam, delete, update

from tenantry.areas.customers import keys
from tenantry.areas.users import model, sessions
from tenantry.core import audit, schema
from tenantry.core.context import Writing
from tenantry.core.errors import bad_request
from tenantry.core.statements import Statement

_C = schema.customers.c
_FORGET = [
    Statement(
        delete(table).where(
            table.c.customer_id == bindparam("customer"), table.c.user_id == bindparam("user")
        )
    )
    for table in (schema.stars, schema.contacts, schema.password_codes)
]
_UNPOINT = [
    Statement(
        update(schema.customers)
        .where(and_(_C.id == bindparam("customer"), column == bindparam("user")))
        .values({column.name: None})
    )
    for column in (
        _C.billing_contact_id,
        _C.legal_contact_id,
        _C.security_contact_id,
        _C.technical_contact_id,
    )
]


async def remove(call: Writing, user_id: str) -> None:
    """Delete a user; the login is free from now on. Raises Problem 400, 404."""
    row = await model.find(call, user_id)
    if await model.is_owner(call, row.id):
        raise bad_request("Transfer account ownership first")
    his = await sessions.keys_of(call, row)
    if any(
        key.kind == "user" and (key.expires_at is None or key.expires_at > call.now) for key in his
    ):
        raise bad_request("User has active API tokens")
    await keys.end(call, his)
    for statement in (*_FORGET, *_UNPOINT):
        await call.run(statement, customer=row.customer_id, user=row.id)
    gone = msgspec.structs.replace(row, deleted_at=call.now, updated_at=call.now, password=None)
    await model.store(call, gone)
    await audit.record(
        call,
        "user.destroy",
        f"User '{row.login}' was deleted",
        metadata={"user_id": row.id, "login": row.login},
        rows=[model.revision(gone)],
    )
