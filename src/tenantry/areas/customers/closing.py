"""Closing a customer: one transaction, after which nobody signs in (contract: access §12)."""

import msgspec
from sqlalchemy import bindparam, delete, select, update

from tenantry.areas.customers import model
from tenantry.core import audit, schema
from tenantry.core.audit import Revision
from tenantry.core.context import Writing
from tenantry.core.errors import bad_request
from tenantry.core.statements import Statement

_S, _U, _T = schema.services.c, schema.users.c, schema.tokens.c

_ANY_SERVICE = Statement(
    select(_S.id)
    .where(_S.customer_id == bindparam("customer_id"), _S.deleted_at.is_(None))
    .limit(1)
)
_USERS = Statement(
    select(_U.id).where(_U.customer_id == bindparam("customer_id"), _U.deleted_at.is_(None))
)
_TOKENS = Statement(select(_T.id).where(_T.customer_id == bindparam("customer_id")))
_END_USERS = Statement(
    update(schema.users)
    .where(_U.customer_id == bindparam("customer"), _U.deleted_at.is_(None))
    .values(deleted_at=bindparam("now"), updated_at=bindparam("now"), password=None)
)
_REMOVE = [
    Statement(delete(table).where(table.c.customer_id == bindparam("customer")))
    for table in (schema.tokens, schema.stars, schema.contacts, schema.password_codes)
]


async def close(call: Writing, customer_id: str) -> None:
    """Close it: users end, keys die, what was left goes. Raises Problem 400, 404."""
    row = await model.find(call, customer_id)
    if await call.one(_ANY_SERVICE, customer_id=customer_id) is not None:
        raise bad_request("Customer has services")
    users = [
        Revision("user", one, None) for (one,) in await call.all(_USERS, customer_id=customer_id)
    ]
    tokens = [
        Revision("token", one, None) for (one,) in await call.all(_TOKENS, customer_id=customer_id)
    ]
    for statement in _REMOVE:
        await call.run(statement, customer=customer_id)
    await call.run(_END_USERS, customer=customer_id, now=call.now)
    row = msgspec.structs.replace(row, deleted_at=call.now, updated_at=call.now)
    await model.store(call, row)
    await audit.record(
        call,
        "customer.delete",
        f"Customer '{row.name}' was deleted",
        event_type="customer.update",
        metadata={"action": "customer.delete", "name": row.name},
        rows=[model.revision(row), *users, *tokens],
    )
