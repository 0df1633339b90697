"""Closing a customer: one transaction, after which nobody signs in (contract: access §12)."""

import msgspec
from sqlalchemy import bindparam, delete, select, update

from tenantry.areas.customers import keys, model
from tenantry.core import access_tables, audit, schema
from tenantry.core.audit import Revision
from tenantry.core.clock import Instant
from tenantry.core.context import Writing
from tenantry.core.errors import bad_request
from tenantry.core.security_tables import OF_CUSTOMERS
from tenantry.core.statements import Statement

_S, _U, _T, _I = schema.services.c, schema.users.c, schema.tokens.c, access_tables.invitations.c
_K = schema.contacts.c

_ANY_SERVICE = Statement(
    select(_S.id)
    .where(_S.customer_id == bindparam("customer_id"), _S.deleted_at.is_(None))
    .limit(1)
)
_WITH_REVISIONS = {
    "service_authorization": access_tables.service_authorizations,
    "user_group": access_tables.user_groups,
    "service_group": access_tables.service_groups,
    "role": access_tables.roles,
}
"""What goes altogether, and what access depended on; what it held together goes with it."""
_IDS = {
    kind: Statement(select(table.c.id).where(table.c.customer_id == bindparam("customer_id")))
    for kind, table in _WITH_REVISIONS.items()
}
_USERS = Statement(
    select(_U.id, _U.login)
    .where(_U.customer_id == bindparam("customer_id"), _U.deleted_at.is_(None))
    .order_by(_U.id)
)
_END_USERS = Statement(
    update(schema.users)
    .where(_U.customer_id == bindparam("customer"), _U.deleted_at.is_(None))
    .values(deleted_at=bindparam("now"), updated_at=bindparam("now"), password=None)
)
_REMOVE = [
    Statement(delete(table).where(table.c.customer_id == bindparam("customer")))
    for table in (
        *_WITH_REVISIONS.values(),
        access_tables.service_invitations,
        schema.stars,
        schema.password_codes,
        *OF_CUSTOMERS,
    )
]
# Its last invoices are still to come, and somebody has to hear of them.
_REMOVE_CONTACTS = Statement(
    delete(schema.contacts).where(
        _K.customer_id == bindparam("customer"), _K.contact_type != "billing"
    )
)
_WITHDRAW_INVITATIONS = Statement(
    update(access_tables.invitations)
    .where(_I.customer_id == bindparam("customer"), _I.status == "pending")
    .values(status="withdrawn", updated_at=bindparam("now"), deleted_at=bindparam("now"))
)


class _Key(msgspec.Struct, frozen=True):
    """A key of whatever kind."""

    id: str
    name: str
    kind: str
    user_id: str | None
    scope: str
    services: str
    expires_at: Instant | None


_KEYS = Statement(
    select(*(_T[name] for name in _Key.__struct_fields__))
    .where(_T.customer_id == bindparam("customer_id"))
    .order_by(_T.created_at, _T.id),
    _Key,
)


async def close(call: Writing, customer_id: str) -> None:
    """Close it: keys and codes die, users end, what was left goes. Raises Problem 400, 404."""
    row = await model.find(call, customer_id)
    if await call.one(_ANY_SERVICE, customer_id=customer_id) is not None:
        raise bad_request("Customer has services")
    his = await call.all(_KEYS, customer_id=customer_id)
    await keys.end(call, his)
    await _end_users(call, customer_id)
    gone = [
        Revision(kind, one, None)
        for kind, statement in _IDS.items()
        for (one,) in await call.all(statement, customer_id=customer_id)
    ]
    for statement in (*_REMOVE, _REMOVE_CONTACTS):
        await call.run(statement, customer=customer_id)
    await call.run(_WITHDRAW_INVITATIONS, customer=customer_id, now=call.now)
    row = msgspec.structs.replace(row, deleted_at=call.now, updated_at=call.now)
    await model.store(call, row)
    await audit.record(
        call,
        "customer.delete",
        f"Customer '{row.name}' was deleted",
        event_type="customer.update",
        metadata={"action": "customer.delete", "name": row.name},
        rows=[model.revision(row), *gone],
    )


async def _end_users(call: Writing, customer_id: str) -> None:
    users = await call.all(_USERS, customer_id=customer_id)
    await call.run(_END_USERS, customer=customer_id, now=call.now)
    for user_id, login in users:
        await audit.record(
            call,
            "user.destroy",
            f"User '{login}' was deleted",
            metadata={"user_id": user_id, "login": login},
            rows=[Revision("user", user_id, None)],
        )
