"""Inviting somebody: what may be asked for, by whom, and what is stored (contract: access §4, #9).

Superusers invite to anything; engineers who are not limited to services invite engineers and
users, without limits; who may invite through a role of the customer's own hands on no more than
he holds himself. Programs invite nobody.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import bindparam, insert, select

from tenantry.access.granting import check_may_authorize, check_may_grant_roles, to_hand_on
from tenantry.areas.invitations import model
from tenantry.areas.invitations.model import InvitationRow
from tenantry.areas.users import model as users
from tenantry.areas.users.agreement import agreed_roles
from tenantry.areas.users.authorizations import Permission
from tenantry.core import access_tables as tables
from tenantry.core import audit, schema
from tenantry.core.audit import Revision
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import bad_request, duplicate, not_authorized, not_found
from tenantry.core.ids import new_id
from tenantry.core.mail_address import checked_address
from tenantry.core.permissions import ROLE_OF_ID, Role
from tenantry.core.session import UniqueViolation
from tenantry.core.statements import Statement, is_one_of, unindexed

MOST_SERVICES = 1000
ENGINEERS_INVITE = frozenset({"engineer", "user"})

_I, _S = tables.invitations.c, schema.services.c
_ADD = Statement(insert(tables.invitations))
_ADD_SERVICES = Statement(insert(tables.service_invitations))
_OPEN = Statement(
    select(*model.COLUMNS).where(
        _I.customer_id == bindparam("customer_id"),
        _I.email_key == bindparam("email_key"),
        _I.status == "pending",
    ),
    InvitationRow,
)
_LIVE_SERVICES = Statement(
    select(_S.id).where(
        _S.customer_id == bindparam("customer_id"),
        is_one_of(_S.id, "ids"),
        unindexed(_S.deleted_at).is_(None),
    )
)


class NewInvitation(msgspec.Struct, frozen=True, kw_only=True):
    """Who is invited, and to what."""

    email: str
    role: Role | None = None
    roles: Sequence[str] = ()
    limit_services: bool | None = None
    """Left out, it follows from whether there are services."""
    services: Sequence[tuple[str, Permission]] = ()
    """What he will be let through to, and how far."""


async def invite(
    call: Writing,
    new: NewInvitation,
    *,
    invitation_id: str | None = None,
    is_mailed: bool = True,
) -> InvitationRow:
    """Invite somebody, by mail unless the code is told him otherwise.

    Raises Problem 400, 403, 404, 409, 429.
    """
    _check_bounds(call, new)
    row = await _row_of(call, new, invitation_id or new_id())
    await _check_services(call, new.services)
    await check_may_grant_roles(call, users.role_ids(model.user_of(row)))
    for service_id, permission in new.services:
        check_may_authorize(call, permission, service_id)
    _check_limits(row, new)
    if await users.find_by_login(call, row.email) is not None:
        raise duplicate("user", row.email)
    left = await _replace_expired(call, row)
    await _insert(call, row, new.services)
    if is_mailed:
        await model.post(call, row)
    await audit.record(
        call,
        "invitation.sent",
        f"Invitation to '{row.email}' was sent",
        metadata=model.told(row),
        rows=left,
    )
    return row


def _check_bounds(call: Reading, new: NewInvitation) -> None:
    """What is not the caller's to ask for, whatever he holds. Raises Problem 403."""
    if model.bound_to(call, "invitation.create") is None:
        return
    roles = {ROLE_OF_ID.get(one, one) for one in new.roles} or {new.role or "user"}
    if not roles <= ENGINEERS_INVITE or new.limit_services or new.services:
        raise not_authorized()


async def _row_of(call: Reading, new: NewInvitation, invitation_id: str) -> InvitationRow:
    role, roles = await agreed_roles(call, new.role or "user", new.roles)
    limit = bool(new.services) if new.limit_services is None else new.limit_services
    email = new.email.strip().lower()
    return InvitationRow(
        customer_id=call.customer_id,
        id=invitation_id,
        email=email,
        email_key=users.login_key(email),
        role=role,
        roles=roles,
        limit_services=limit,
        invited_by=call.principal.user_id,
        status="pending",
        digest=call.keyring.digest(call.keyring.code_for(model.PURPOSE, invitation_id)),
        expires_at=call.now + model.LASTS,
        created_at=call.now,
        updated_at=call.now,
    )


async def _check_services(call: Reading, asked: Sequence[tuple[str, Permission]]) -> None:
    """Living services that the caller sees. Raises Problem 400 for too many, 404."""
    if len(asked) > MOST_SERVICES:
        detail = f"At most {MOST_SERVICES} service invitations are allowed"
        raise bad_request(detail)
    if not asked:
        return
    ids = [service_id for service_id, _ in asked]
    found = await call.all(_LIVE_SERVICES, customer_id=call.customer_id, ids=ids)
    known = {service_id for (service_id,) in found}
    held = to_hand_on(call)
    for one in ids:
        if one not in known or not held.sees(one):
            raise not_found("service", one)


def _check_limits(row: InvitationRow, new: NewInvitation) -> None:
    """What contradicts itself, or is no address. Raises Problem 400."""
    try:
        checked_address(row.email)
    except ValueError as problem:
        detail = f"Email must be an e-mail address: {problem}" if row.email else "Email is required"
        raise bad_request(detail) from problem
    if new.services and not row.limit_services:
        raise bad_request("Service invitations are for who is limited to services")
    ids = [service_id for service_id, _ in new.services]
    if len(set(ids)) < len(ids):
        twice = next(one for at, one in enumerate(ids) if one in ids[:at])
        detail = f"Service '{twice}' is named twice"
        raise bad_request(detail)
    users.check_limit(model.user_of(row))


async def _replace_expired(call: Writing, row: InvitationRow) -> list[Revision]:
    """Close an older invitation of the same person that has expired. Raises Problem 409."""
    older = await call.one(_OPEN, customer_id=row.customer_id, email_key=row.email_key)
    if older is None:
        return []
    if call.now < older.expires_at:
        raise duplicate("invitation", row.email)
    await model.end(call, older, "expired")
    return await model.leave_groups(call, older)


async def _insert(
    call: Writing, row: InvitationRow, services: Sequence[tuple[str, Permission]]
) -> None:
    try:
        await call.run(_ADD, **msgspec.structs.asdict(row))
    except UniqueViolation as problem:
        raise duplicate("invitation", row.email) from problem
    rows: list[dict[str, Any]] = [
        {
            "customer_id": row.customer_id,
            "invitation_id": row.id,
            "id": new_id(),
            "service_id": service_id,
            "permission": permission,
        }
        for service_id, permission in services
    ]
    await call.run_many(_ADD_SERVICES, rows)
