"""A service authorization: lets a user who is limited to services through to one of them.

Here it begins and ends as a row, with its event. It stands with the users because it ends with
them; who may give, change and withdraw one stands with the services.
"""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import msgspec
from sqlalchemy import bindparam, delete, insert, select

from tenantry.areas.customers.logins import logins
from tenantry.core import audit
from tenantry.core.access_tables import service_authorizations
from tenantry.core.audit import Revision
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import duplicate
from tenantry.core.session import UniqueViolation
from tenantry.core.statements import Statement, is_one_of, unindexed

Permission = Literal["full", "read_only", "purge_select", "purge_all"]

_A = service_authorizations.c


class AuthorizationRow(msgspec.Struct, array_like=True, frozen=True):
    """A service authorization as it is stored."""

    customer_id: str
    id: str
    user_id: str
    service_id: str
    permission: Permission
    created_at: int
    updated_at: int


COLUMNS = [service_authorizations.c[name] for name in AuthorizationRow.__struct_fields__]
_IN_CUSTOMER = _A.customer_id == bindparam("customer_id")
_OLDEST_FIRST = (unindexed(_A.created_at), _A.id)
_OF_USER = Statement(
    select(*COLUMNS)
    .where(_IN_CUSTOMER, _A.user_id == bindparam("user_id"))
    .order_by(*_OLDEST_FIRST),
    AuthorizationRow,
)
_OF_SERVICE = Statement(
    select(*COLUMNS)
    .where(_IN_CUSTOMER, _A.service_id == bindparam("service_id"))
    .order_by(*_OLDEST_FIRST),
    AuthorizationRow,
)
_ADD = Statement(insert(service_authorizations))
_END = Statement(
    delete(service_authorizations).where(
        _A.customer_id == bindparam("customer"), is_one_of(_A.id, "ids")
    )
)


def revision(row: AuthorizationRow, *, is_new: bool = False) -> Revision:
    """What access depends on of an authorization that stands."""
    body = {"permission": row.permission, "service_id": row.service_id, "user_id": row.user_id}
    return Revision("service_authorization", row.id, body, is_new=is_new)


async def of_user(call: Reading, user_id: str) -> list[AuthorizationRow]:
    """A user's authorizations, oldest first."""
    return await call.all(_OF_USER, customer_id=call.customer_id, user_id=user_id)


async def of_service(call: Reading, service_id: str) -> list[AuthorizationRow]:
    """The authorizations for a service, oldest first."""
    return await call.all(_OF_SERVICE, customer_id=call.customer_id, service_id=service_id)


async def begin(call: Writing, row: AuthorizationRow) -> None:
    """Let a user through from the next request on. Raises Problem 409 if he has one already."""
    try:
        await call.run(_ADD, **msgspec.structs.asdict(row))
    except UniqueViolation as problem:
        raise duplicate("serviceauthorization", f"{row.user_id}/{row.service_id}") from problem
    await record(call, "create", [begun(row)])


async def end(call: Writing, rows: Sequence[AuthorizationRow]) -> None:
    """Let users of the call's customer through no longer; one event each."""
    if not rows:
        return
    await call.run(_END, customer=call.customer_id, ids=[row.id for row in rows])
    ended = [
        Happened(
            row, {"permission": row.permission}, Revision("service_authorization", row.id, None)
        )
        for row in rows
    ]
    await record(call, "delete", ended)


class Happened(NamedTuple):
    """What became of an authorization, what the log is told of it, and its revision."""

    row: AuthorizationRow
    told: dict[str, Any]
    revision: Revision


def begun(row: AuthorizationRow) -> Happened:
    """What became of a new one."""
    return Happened(row, {"permission": row.permission}, revision(row, is_new=True))


async def record(
    call: Writing, word: Literal["create", "update", "delete"], happened: Sequence[Happened]
) -> None:
    """Append one event for each authorization to which something happened."""
    known = await logins(call, [one.row.user_id for one in happened])
    for row, told, revised in happened:
        await audit.record(
            call,
            f"service_authorization.{word}",
            f"Service authorization for user '{known[row.user_id]}' was {word}d",
            metadata={"service_authorization_id": row.id, "user_id": row.user_id, **told},
            service_id=row.service_id,
            rows=[revised],
        )
