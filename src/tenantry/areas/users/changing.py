"""Changing a user: everybody his own name, superusers everything (contract: identity §3.5)."""

from typing import Any

import msgspec
from sqlalchemy import bindparam, func, select

from tenantry.access.decide import decide, rights
from tenantry.access.granting import (
    check_may_change_rights,
    check_may_grant,
    check_may_grant_roles,
    check_not_own,
)
from tenantry.access.holdings import grants_of_user
from tenantry.areas.customers import single_sign_on
from tenantry.areas.users import model, passwords, sessions, steps
from tenantry.areas.users.agreement import agreed_roles
from tenantry.areas.users.model import UserRow
from tenantry.core import audit, schema
from tenantry.core.context import Writing
from tenantry.core.errors import bad_request, not_authorized
from tenantry.core.permissions import Role
from tenantry.core.statements import Statement

_U = schema.users.c
_SUPERUSERS = Statement(
    select(func.count()).where(
        _U.customer_id == bindparam("customer_id"),
        _U.role == "superuser",
        _U.deleted_at.is_(None),
    )
)
RIGHTS = ("role", "roles", "limit_services", "locked", "require_new_password")
"""What is not one's own to change: already sending it is refused."""
_ACCESS = (*RIGHTS, "locked_by_superuser")
"""What shuts somebody out or lets him in; a superuser's lock ends more than an automatic one."""
_LIMITING = ("role", "roles", "limit_services")
_TOLD = ("name", *RIGHTS)
_BEHIND = ("locked_by_superuser", "failed_sign_ins")
"""What a lock is made of, told where nothing else changed."""
_ENDS_SUDO = ("locked_by_superuser", "require_new_password")
"""What a password lifts nothing beside: nor does what it lifted before last any longer."""


class UserChange(msgspec.Struct, kw_only=True):
    """What may be changed; what is left out or null stays. Login and two-factor fields are ignored.

    Official clients send null for what was never set: it must free and unlock nobody (decision
    0016).
    """

    name: str | None = None
    role: Role | None = None
    roles: list[str] | None = None
    limit_services: bool | None = None
    locked: bool | None = None
    require_new_password: bool | None = None


async def change(call: Writing, row: UserRow, change: UserChange) -> UserRow:
    """Change a user who was found in this unit. Raises Problem 400, 403, 404."""
    changed = await _changed(call, row, change)
    await _check_handed_on(call, row, changed)
    await _check_guards(call, row, changed)
    if changed == row:
        return row
    changed = msgspec.structs.replace(changed, updated_at=call.now)
    await model.store(call, changed)
    old, new = _told(row), _told(changed)
    differing = [name for name in _TOLD if old[name] != new[name]]
    differing = differing or [name for name in _BEHIND if old[name] != new[name]]
    await audit.record(
        call,
        "user.update",
        f"User '{row.login}' was updated",
        metadata={
            "user_id": row.id,
            "old": {name: old[name] for name in differing},
            "new": {name: new[name] for name in differing},
        },
        rows=[model.revision(changed)],
    )
    if row.role == "superuser" != changed.role:
        await single_sign_on.withdraw_bypass(call, row.id)
    if any(getattr(changed, name) and not getattr(row, name) for name in _ENDS_SUDO):
        await sessions.end_sudo(call, row)
    await _lock_or_unlock(call, row, changed)
    return changed


def check_may(call: Writing, row: UserRow, given: dict[str, Any]) -> None:
    """Refuse who may not even send it, be it right or wrong: rights, or one's own.

    An empty list of roles is as none given (contract: access §9.1). Raises Problem 403.
    """
    if all(given.get(name) in (None, []) for name in RIGHTS):
        return
    if not decide(call.principal.grants, "user.update").allowed:
        raise not_authorized()
    check_not_own(call, row.id)


async def _check_handed_on(call: Writing, row: UserRow, changed: UserRow) -> None:
    """Nobody hands on what he lacks himself (contract: access §11, rule 5). Raises Problem 403."""
    old, new = set(model.role_ids(row)), set(model.role_ids(changed))
    is_freed = row.limit_services and not changed.limit_services
    is_changed = any(getattr(row, name) != getattr(changed, name) for name in _ACCESS)
    if is_changed:
        check_may_change_rights(call, row.role)
        check_not_own(call, row.id)
    # Without the limit, also the roles that he has already confer more.
    await check_may_grant_roles(call, sorted(new if is_freed else new - old))
    if is_freed:
        await _check_freed(call, row)


async def _check_freed(call: Writing, row: UserRow) -> None:
    """Nor what his groups' roles confer only on who is not limited. Raises Problem 403."""
    held = await grants_of_user(call.rows, call.customer_id, row.id)
    if held is not None:
        freed = msgspec.structs.replace(held, limit_services=False)
        check_may_grant(call, rights(freed).account - rights(held).account)


def _told(row: UserRow) -> dict[str, Any]:
    told = {name: getattr(row, name) for name in (*_TOLD, *_BEHIND)}
    return told | {"roles": model.role_ids(row)}


async def _changed(call: Writing, row: UserRow, change: UserChange) -> UserRow:
    values: dict[str, Any] = {}
    if change.name is not None:
        values["name"] = model.checked_name(change.name)
    # An empty list of roles is as none given (contract: access §9.1).
    if change.role is not None or change.roles:
        role = change.role or row.role
        values["role"], values["roles"] = await agreed_roles(call, role, change.roles or [])
    if change.limit_services is not None:
        values["limit_services"] = change.limit_services
    if change.locked is not None:
        values["locked"] = values["locked_by_superuser"] = change.locked
        values["failed_sign_ins"] = row.failed_sign_ins if change.locked else 0
    if change.require_new_password is not None:
        values["require_new_password"] = change.require_new_password
    if values.get("role") == "superuser" and row.role != "superuser" and not change.limit_services:
        # Promotion lifts the limit (contract: access §9.5).
        values["limit_services"] = False
    return msgspec.structs.replace(row, **values)


async def _check_guards(call: Writing, row: UserRow, changed: UserRow) -> None:
    """What must never be lost (contract: access §11). Raises Problem 400."""
    is_locked = changed.locked_by_superuser and not row.locked_by_superuser
    is_limited = changed.limit_services and not row.limit_services
    is_demoted = row.role == "superuser" and changed.role != "superuser"
    if (is_locked or is_limited or is_demoted) and await model.is_owner(call, row.id):
        raise bad_request("Transfer account ownership first")
    if any(getattr(row, name) != getattr(changed, name) for name in _LIMITING):
        model.check_limit(changed)
    if is_locked and row.id == call.principal.user_id:
        raise bad_request("You cannot lock yourself")
    if is_demoted:
        (count,) = await call.one(_SUPERUSERS, customer_id=call.customer_id) or (0,)
        if count <= 1:
            raise bad_request("The last superuser cannot be demoted")


async def _lock_or_unlock(call: Writing, row: UserRow, changed: UserRow) -> None:
    if changed.locked_by_superuser and not row.locked_by_superuser:
        word = "lock"
        # A link that was mailed before would unlock: who is shut out must not let himself in.
        await passwords.void_links(call, row)
        await steps.void_waiting(call, row.customer_id, row.id)
        await sessions.end_sessions(call, row)
    elif row.locked and not changed.locked:
        word = "unlock"
    else:
        return
    await audit.record(
        call,
        f"user.{word}",
        f"User '{row.login}' was {word}ed",
        metadata={"user_id": row.id, "login": row.login, "reason": "superuser"},
    )
