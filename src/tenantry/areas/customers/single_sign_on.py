"""Forced single sign-on: what it takes, whom it spares, and what it ends (contract: access §10.2).

Spared are the owner, always, and superusers who were named: they keep a password, so that somebody
can still come in when the provider fails.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    or_,
    select,
    update,
)

from tenantry.areas.customers import keys
from tenantry.areas.customers.logins import logins
from tenantry.areas.customers.policies import Session
from tenantry.core import audit, schema
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
        # One that was lost still leads to the provider those whom it knows.
        exists().where(
            _D.customer_id == bindparam("customer_id"),
            or_(_D.verified_at.is_not(None), _D.lapsed_at.is_not(None)),
        ),
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


def _bound(*which: ColumnElement[bool]) -> Select[tuple[str]]:
    """Users who are not spared."""
    return (
        select(_U.id)
        .select_from(schema.users.join(schema.customers, _C.id == _U.customer_id))
        .where(_U.customer_id == bindparam("customer"), _C.force_sso.is_(True), ~_SPARED, *which)
    )


class _Ends(NamedTuple):
    """How to end what some users came in by, and could come in by again."""

    sessions: Statement[Session]
    drops: tuple[Statement[Any], ...]


def _ends(bound: Select[tuple[str]]) -> _Ends:
    sessions = (
        select(_U.id, _T.id, _T.name, _T.kind, _T.scope, _T.services, _T.expires_at)
        .select_from(
            schema.tokens.join(
                schema.users, and_(_U.customer_id == _T.customer_id, _U.id == _T.user_id)
            )
        )
        .where(
            _T.customer_id == bindparam("customer"),
            _T.kind == "session",
            _T.user_id.in_(bound),
        )
        .order_by(_U.id, _T.id)
    )
    passwords = update(schema.users).where(
        _U.customer_id == bindparam("customer"), _U.id.in_(bound)
    )
    links = delete(schema.password_codes).where(
        _L.customer_id == bindparam("customer"), _L.user_id.in_(bound)
    )
    # A key in sudo mode makes others, and it was a password that lifted it.
    lifted = update(schema.tokens).where(
        _T.customer_id == bindparam("customer"), _T.user_id.in_(bound)
    )
    return _Ends(
        Statement(sessions, Session),
        (
            Statement(passwords.values(password=None)),
            Statement(links),
            Statement(lifted.values(sudo_expires_at=None)),
        ),
    )


_ONE = _bound(_U.id == bindparam("user"))
_BOUND = Statement(_ONE)
_OF_ALL, _OF_ONE = _ends(_bound()), _ends(_ONE)
_WITHDRAW = Statement(
    delete(sso_bypasses).where(
        _B.customer_id == bindparam("customer"), _B.user_id == bindparam("user")
    )
)


async def check(call: Writing, turned: Mapping[str, Any]) -> None:
    """Refuse to force what nobody could do. Raises Problem 400."""
    if not turned.get("force_sso"):
        return
    is_checked, is_enabled, has_domain, _ = await _ways_in(call)
    if not is_enabled:
        raise bad_request("Force sso needs an identity provider, and none is connected")
    if not is_checked:
        raise bad_request("Force sso needs an identity provider that was checked and found right")
    if not has_domain:
        raise bad_request("Force sso needs a verified e-mail domain, and there is none")


async def check_way_in(call: Writing) -> None:
    """Refuse to have taken the last provider or domain while it is forced. Raises Problem 400."""
    forced = await call.one(_FORCED, customer_id=call.customer_id)
    _, is_enabled, _, leads_in = await _ways_in(call)
    if forced is not None and forced[0] and not (is_enabled and leads_in):
        raise bad_request("Turn force sso off first: this is the last way to sign in")


async def _ways_in(call: Reading) -> tuple[Any, ...]:
    return await call.one(_WAYS_IN, customer_id=call.customer_id) or (False,) * 4


async def force(call: Writing) -> None:
    """End the passwords, sessions and sudo of whoever is not spared; API tokens go on."""
    await _end(call, _OF_ALL)


async def settle(call: Writing, user_id: str) -> None:
    """As `force` for one user: he was spared until now, and may be bound by now."""
    await _end(call, _OF_ONE, user=user_id)


async def withdraw_bypass(call: Writing, user_id: str) -> bool:
    """Spare a superuser no longer; whether he was named at all."""
    if not await call.run(_WITHDRAW, customer=call.customer_id, user=user_id):
        return False
    await record_bypass(call, "delete", user_id)
    await settle(call, user_id)
    return True


async def record_bypass(call: Writing, word: Literal["create", "delete"], user_id: str) -> None:
    """Tell the log whom single sign-on spares from now on, or no longer."""
    login = (await logins(call, [user_id])).get(user_id, "")
    action, may = f"sso_bypass.{word}", "may" if word == "create" else "may no longer"
    await audit.record(
        call,
        action,
        f"User '{login}' {may} bypass single sign-on",
        event_type="customer.update",
        metadata={"action": action, "user_id": user_id, "login": login},
    )


async def _end(call: Writing, ends: _Ends, **which: str) -> None:
    sessions = await call.all(ends.sessions, customer=call.customer_id, **which)
    for statement in ends.drops:
        await call.run(statement, customer=call.customer_id, **which)
    await keys.end(call, sessions)


async def is_bound(call: Reading, user_id: str) -> bool:
    """Whether a user of the call's customer signs in through its provider only."""
    return await call.one(_BOUND, customer=call.customer_id, user=user_id) is not None


async def check_password_use(call: Reading, user_id: str) -> None:
    """Refuse a password, or to set one, where none counts. Raises Problem 403."""
    if await is_bound(call, user_id):
        raise Problem(403, "This account signs in through its identity provider")
