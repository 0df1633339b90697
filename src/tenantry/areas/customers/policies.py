"""Security policies of an account: who may turn them on, and whom that signs out.

contract: access §10.1, §10.2
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import and_, bindparam, or_, select, update

from tenantry.areas.customers import keys
from tenantry.core import schema
from tenantry.core.clock import Instant
from tenantry.core.context import Writing
from tenantry.core.errors import bad_request
from tenantry.core.statements import Statement

_U, _T = schema.users.c, schema.tokens.c
_HAS_TWO_FACTORS = Statement(
    select(_U.two_factor_auth_enabled).where(
        _U.customer_id == bindparam("customer_id"), _U.id == bindparam("user_id")
    )
)


class Session(msgspec.Struct, array_like=True, frozen=True):
    """A sign-in session, and whose."""

    user_id: str
    id: str
    name: str
    kind: str
    scope: str
    services: str
    expires_at: Instant | None


_HAS_NONE = or_(_U.two_factor_auth_enabled.is_(None), _U.two_factor_auth_enabled.is_(False))
_WITHOUT_TWO_FACTORS = Statement(
    select(_U.id, _T.id, _T.name, _T.kind, _T.scope, _T.services, _T.expires_at)
    .select_from(
        schema.tokens.join(
            schema.users, and_(_U.customer_id == _T.customer_id, _U.id == _T.user_id)
        )
    )
    .where(
        _T.customer_id == bindparam("customer_id"),
        _T.kind == "session",
        _HAS_NONE,
    )
    .order_by(_U.id, _T.id),
    Session,
)
_END_SUDO = Statement(
    update(schema.tokens)
    .where(
        _T.customer_id == bindparam("customer"),
        _T.user_id.in_(select(_U.id).where(_U.customer_id == bindparam("customer"), _HAS_NONE)),
    )
    .values(sudo_expires_at=None)
)


async def check(call: Writing, turned: Mapping[str, Any]) -> None:
    """Refuse what would shut everybody out, the caller first. Raises Problem 400."""
    if turned.get("force_2fa") and call.principal.is_person:
        found = await call.one(
            _HAS_TWO_FACTORS, customer_id=call.customer_id, user_id=call.principal.user_id
        )
        if found is None or not found[0]:
            raise bad_request("Enable two-factor authentication on your own account first")


async def sign_out(call: Writing) -> None:
    """End the sessions and sudo of everybody without two factors; API tokens go on."""
    sessions = await call.all(_WITHOUT_TWO_FACTORS, customer_id=call.customer_id)
    await call.run(_END_SUDO, customer=call.customer_id)
    await keys.end(call, sessions)
