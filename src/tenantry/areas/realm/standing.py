"""Whether somebody may still be let in by what he agreed to earlier (contract: access §10)."""

from collections.abc import Container

from sqlalchemy import bindparam, select

from tenantry.areas.customers import single_sign_on
from tenantry.areas.users import model, sign_in
from tenantry.areas.users.signing_in import PASSWORD, SSO
from tenantry.core import schema
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import Problem
from tenantry.core.statements import Statement

_T, _U, _C = schema.tokens.c, schema.users.c, schema.customers.c
_OPEN = Statement(
    select(_T.id).where(
        _T.customer_id == bindparam("customer_id"),
        _T.id == bindparam("id"),
        _T.user_id == bindparam("user_id"),
        _T.kind == "session",
        _T.expires_at > bindparam("now"),
    )
)


async def is_open(call: Reading, session_id: str, user_id: str) -> bool:
    """Whether a session of a user's was neither ended nor is over."""
    found = await call.one(
        _OPEN, customer_id=call.customer_id, id=session_id, user_id=user_id, now=call.now
    )
    return found is not None


async def welcome(call: Writing, user_id: str, methods: Container[str]) -> model.UserRow:
    """The user, if nothing keeps out whoever proved himself by these methods.

    A lock that failed passwords set stops passwords only: else guessing would end what works.
    Raises Problem 403 for a policy, 404 if he is gone.
    """
    row = await model.find(call, user_id)
    await sign_in.check_address(call, row)
    if row.locked_by_superuser:
        raise Problem(403, "This account is locked")
    if SSO in methods:
        return row
    await single_sign_on.check_password_use(call, row.id)
    if row.force_2fa and not row.two_factor_auth_enabled:
        title = "Two-factor authentication is required for this account"
        raise Problem(403, title, headers=(("fastly-otp", "setup"),))
    if row.needs_new_password(call.now) and PASSWORD in methods:
        raise Problem(403, "A new password is required", headers=(("fastly-password", "rotate"),))
    return row
