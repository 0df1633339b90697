"""Whether somebody may act as himself now, by what he proved himself by before (access §10).

Whatever was proved earlier is worth what the account's standing makes of it today: every way to a
key, and every use of one that brings the next, asks here.
"""

from collections.abc import Container

import msgspec
from sqlalchemy import bindparam, select

from tenantry.areas.customers import single_sign_on
from tenantry.areas.users import factors, model, sign_in
from tenantry.areas.users.signing_in import PASSWORD, SSO
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import Problem
from tenantry.core.security_tables import sessions
from tenantry.core.statements import Statement

LOCKED = "This account is locked"
NEW_PASSWORD = "A new password is required"  # noqa: S105 - a sentence
BY_PASSWORD = (PASSWORD,)
"""How a key was lifted: only a password does that (contract: identity §8)."""

_S = sessions.c
_METHODS = Statement(
    select(_S.methods).where(
        _S.customer_id == bindparam("customer_id"), _S.token_id == bindparam("token_id")
    )
)


async def methods_of(call: Reading, session_id: str) -> list[str]:
    """How whoever is in a session of the call's customer proved who he is (RFC 8176)."""
    row = await call.one(_METHODS, customer_id=call.customer_id, token_id=session_id)
    methods: list[str] = [] if row is None else msgspec.json.decode(row[0])
    return methods


async def welcome(call: Writing, user_id: str, methods: Container[str]) -> model.UserRow:
    """The user, if nothing keeps out whoever proved himself by these methods.

    A lock that failed passwords set stops passwords only: else guessing would end what works.
    Raises Problem 403 for a policy, 404 if he is gone.
    """
    row = await model.find(call, user_id)
    await sign_in.check_address(call, row)
    if row.locked_by_superuser:
        raise Problem(403, LOCKED)
    if SSO in methods:
        return row
    await single_sign_on.check_password_use(call, row.id)
    if row.force_2fa and not row.two_factor_auth_enabled:
        raise Problem(403, factors.FORCED, headers=(("fastly-otp", "setup"),))
    if row.needs_new_password(call.now) and PASSWORD in methods:
        raise Problem(403, NEW_PASSWORD, headers=(("fastly-password", "rotate"),))
    return row


async def welcome_to_new_keys(
    call: Writing, user_id: str, methods: Container[str]
) -> model.UserRow:
    """As `welcome`, for what begins now: no lock lets a password bring anything new.

    Raises Problem 400 for a lock (contract: identity §6.3), 403, 404.
    """
    row = await welcome(call, user_id, methods)
    if row.locked and PASSWORD in methods:
        raise Problem(400, LOCKED, code="account_locked")
    return row
