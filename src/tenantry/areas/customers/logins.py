"""The logins by which events name users in their sentences (contract: billing §8.4)."""

from collections.abc import Iterable

from sqlalchemy import bindparam, select

from tenantry.core import schema
from tenantry.core.context import Reading
from tenantry.core.statements import Statement, is_one_of

_U = schema.users.c
_LOGINS = Statement(
    select(_U.id, _U.login).where(
        _U.customer_id == bindparam("customer_id"), is_one_of(_U.id, "ids")
    )
)


async def logins(call: Reading, users: Iterable[str]) -> dict[str, str]:
    """The logins of users of the call's customer, also of those who are gone, by id."""
    ids = sorted(set(users))
    return dict(await call.all(_LOGINS, customer_id=call.customer_id, ids=ids)) if ids else {}
