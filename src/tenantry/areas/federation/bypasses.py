"""Superusers who may use a password although their customer forces single sign-on.

The owner always may, and needs no row.
"""

import msgspec
from sqlalchemy import and_, bindparam, select

from tenantry.areas.customers import single_sign_on
from tenantry.areas.federation.model import check_superuser
from tenantry.areas.users import model as users
from tenantry.core import schema
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import bad_request, not_found
from tenantry.core.security_tables import sso_bypasses
from tenantry.core.statements import Statement

_B, _U = sso_bypasses.c, schema.users.c


class BypassRow(msgspec.Struct, array_like=True, frozen=True):
    """Who may, and since when."""

    user_id: str
    created_at: int


_LIST = Statement(
    select(_B.user_id, _B.created_at)
    .select_from(
        sso_bypasses.join(
            schema.users,
            # Who is no superuser any more is not spared any more either.
            and_(_U.customer_id == _B.customer_id, _U.id == _B.user_id, _U.role == "superuser"),
        )
    )
    .where(_B.customer_id == bindparam("customer_id"))
    .order_by(_B.created_at, _B.user_id),
    BypassRow,
)
_GIVE = Statement(
    lambda insert: insert(sso_bypasses).on_conflict_do_nothing(
        index_elements=["customer_id", "user_id"]
    )
)


async def list_all(call: Reading) -> list[BypassRow]:
    """Who may, beside the owner."""
    return await call.all(_LIST, customer_id=call.customer_id)


async def find(call: Reading, user_id: str) -> BypassRow:
    """Whether one may. Raises Problem 404 if not."""
    for row in await list_all(call):
        if row.user_id == user_id:
            return row
    raise not_found("sso bypass", user_id)


async def give(call: Writing, user_id: str) -> BypassRow:
    """Let a superuser keep his password; again is as once. Raises Problem 400, 403, 404."""
    check_superuser(call)
    user = await users.find(call, user_id)
    if user.role != "superuser":
        raise bad_request("Only superusers can bypass single sign-on")
    given = await call.run(
        _GIVE, customer_id=user.customer_id, user_id=user.id, created_at=call.now
    )
    if given:
        await single_sign_on.record_bypass(call, "create", user.id)
    return await find(call, user.id)


async def take(call: Writing, user_id: str) -> None:
    """Take it back; while single sign-on is forced, his password and his sessions end with it.

    Raises Problem 403, 404.
    """
    check_superuser(call)
    if not await single_sign_on.withdraw_bypass(call, user_id):
        raise not_found("sso bypass", user_id)
