"""Forced single sign-on: what it takes, whom it spares, and what it ends (contract: access §10.2).

Spared are the owner, always, and superusers who were named: they keep a password, so that somebody
can still come in when the provider fails.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, delete, exists, or_, select, update

from tenantry.areas.customers import keys
from tenantry.areas.customers.policies import Session
from tenantry.core import schema
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import Problem, bad_request
from tenantry.core.security_tables import email_domains, identity_providers, sso_bypasses
from tenantry.core.statements import Statement

_C, _U, _T, _P = schema.customers.c, schema.users.c, schema.tokens.c, identity_providers.c
_D, _B, _L = email_domains.c, sso_bypasses.c, schema.password_codes.c

_WAYS_IN = Statement(
    select(
        exists().where(
            _P.customer_id == bindparam("customer_id"),
            _P.is_enabled.is_(True),
            _P.checked_at.is_not(None),
        ),
        exists().where(_P.customer_id == bindparam("customer_id"), _P.is_enabled.is_(True)),
        exists().where(_D.customer_id == bindparam("customer_id"), _D.verified_at.is_not(None)),
    )
)
_FORCED = Statement(select(_C.force_sso).where(_C.id == bindparam("customer_id")))
_SPARED = or_(
    _C.owner_id == _U.id,
    and_(
        _U.role == "superuser",
        exists().where(_B.customer_id == _U.customer_id, _B.user_id == _U.id),
    ),
)
_BOUND = Statement(
    select(_U.id)
    .select_from(schema.users.join(schema.customers, _C.id == _U.customer_id))
    .where(
        _U.customer_id == bindparam("customer_id"),
        _U.id == bindparam("user_id"),
        _C.force_sso.is_(True),
        ~_SPARED,
    )
)


def _of_bound(column: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a column names a user who is not spared."""
    bound = (
        select(_U.id)
        .select_from(schema.users.join(schema.customers, _C.id == _U.customer_id))
        .where(_U.customer_id == bindparam("customer"), ~_SPARED)
    )
    return column.in_(bound)


_SESSIONS = Statement(
    select(_U.id, _T.id, _T.name, _T.kind, _T.scope, _T.services, _T.expires_at)
    .select_from(
        schema.tokens.join(
            schema.users, and_(_U.customer_id == _T.customer_id, _U.id == _T.user_id)
        )
    )
    .where(_T.customer_id == bindparam("customer"), _T.kind == "session", _of_bound(_T.user_id))
    .order_by(_U.id, _T.id),
    Session,
)
_DROP_PASSWORDS = Statement(
    update(schema.users)
    .where(_U.customer_id == bindparam("customer"), _of_bound(_U.id))
    .values(password=None)
)
_DROP_LINKS = Statement(
    delete(schema.password_codes).where(
        _L.customer_id == bindparam("customer"), _of_bound(_L.user_id)
    )
)


async def check(call: Writing, turned: Mapping[str, Any]) -> None:
    """Refuse to force what nobody could do. Raises Problem 400."""
    if not turned.get("force_sso"):
        return
    is_checked, is_enabled, has_domain = await _ways_in(call)
    if not is_enabled:
        raise bad_request("Force sso needs an identity provider, and none is connected")
    if not is_checked:
        raise bad_request("Force sso needs an identity provider that was checked and found right")
    if not has_domain:
        raise bad_request("Force sso needs a verified e-mail domain, and there is none")


async def check_way_in(call: Writing) -> None:
    """Refuse to have taken the last provider or domain while it is forced. Raises Problem 400."""
    forced = await call.one(_FORCED, customer_id=call.customer_id)
    _, is_enabled, has_domain = await _ways_in(call)
    if forced is not None and forced[0] and not (is_enabled and has_domain):
        raise bad_request("Turn force sso off first: this is the last way to sign in")


async def _ways_in(call: Reading) -> tuple[Any, ...]:
    return await call.one(_WAYS_IN, customer_id=call.customer_id) or (False, False, False)


async def force(call: Writing) -> None:
    """End the passwords and sessions of whoever is not spared; API tokens go on."""
    sessions = await call.all(_SESSIONS, customer=call.customer_id)
    for statement in (_DROP_PASSWORDS, _DROP_LINKS):
        await call.run(statement, customer=call.customer_id)
    await keys.end(call, sessions)


async def is_bound(call: Reading, user_id: str) -> bool:
    """Whether a user of the call's customer signs in through its provider only."""
    found = await call.one(_BOUND, customer_id=call.customer_id, user_id=user_id)
    return found is not None


async def check_password_use(call: Reading, user_id: str) -> None:
    """Refuse a password, or to set one, where none counts. Raises Problem 403."""
    if await is_bound(call, user_id):
        raise Problem(403, "This account signs in through its identity provider")
