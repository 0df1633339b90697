"""Service authorizations: who sees, gives, changes and withdraws them (contract: access §3).

Giving one limits its user to what he is authorized for, as the vendor's own server does; only
roles that can be limited take one (contract: README, service limit).
"""

from collections.abc import Sequence
from typing import Annotated, Any, get_args

import msgspec
from sqlalchemy import ColumnElement, and_, bindparam, func, select, update

from tenantry.access.decide import decide
from tenantry.access.granting import check_may_authorize, check_not_own, to_hand_on
from tenantry.areas.services import model as services
from tenantry.areas.users import authorizations
from tenantry.areas.users import model as users
from tenantry.areas.users.authorizations import COLUMNS, AuthorizationRow, Permission
from tenantry.core import audit
from tenantry.core.access_tables import service_authorizations
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import bad_request, not_found
from tenantry.core.ids import new_id
from tenantry.core.statements import Statement, is_one_of, unindexed

_A = service_authorizations.c

PERMISSIONS: tuple[Permission, ...] = get_args(Permission)
AskedPermission = Annotated[str, msgspec.Meta(extra_json_schema={"enum": list(PERMISSIONS)})]
"""Text, so that a wrong one is refused with the right ones; documented as the enumeration it is."""
MOST_AT_ONCE = 1000

_ALL = _A.customer_id == bindparam("customer_id")
_OWN = and_(_ALL, _A.user_id == bindparam("user_id"))


def _page(
    whose: ColumnElement[bool], created_at: ColumnElement[Any]
) -> Statement[AuthorizationRow]:
    page = select(*COLUMNS).where(whose).order_by(created_at, _A.id)
    return Statement(page.limit(bindparam("size")).offset(bindparam("skipped")), AuthorizationRow)


_PAGES = {True: _page(_ALL, _A.created_at), False: _page(_OWN, unindexed(_A.created_at))}
_COUNTS = {
    is_whole: Statement(select(func.count()).select_from(service_authorizations).where(whose))
    for is_whole, whose in ((True, _ALL), (False, _OWN))
}
_FIND = Statement(select(*COLUMNS).where(_ALL, is_one_of(_A.id, "ids")), AuthorizationRow)
_CHANGE = Statement(
    update(service_authorizations)
    .where(_A.customer_id == bindparam("customer"), _A.id == bindparam("authorization"))
    .values(permission=bindparam("permission"), updated_at=bindparam("updated_at"))
)


class NewAuthorization(msgspec.Struct, frozen=True, kw_only=True):
    """Who is let through to what, and how far."""

    user_id: str
    service_id: str
    permission: str = "full"


async def list_page(call: Reading, size: int, skipped: int) -> tuple[list[AuthorizationRow], int]:
    """A page of the authorizations that the caller sees, oldest first, and how many he sees."""
    sees_all = _sees_all(call)
    whose = _whose(call)
    counted = await call.one(_COUNTS[sees_all], **whose)
    rows = await call.all(_PAGES[sees_all], **whose, size=size, skipped=skipped)
    return rows, counted[0] if counted else 0


def _sees_all(call: Reading) -> bool:
    held = call.principal.grants
    return any(decide(held, f"service_authorization.{verb}").allowed for verb in ("read", "manage"))


def _whose(call: Reading) -> dict[str, Any]:
    whose = {"customer_id": call.customer_id}
    return whose if _sees_all(call) else {**whose, "user_id": call.principal.user_id or ""}


async def find(call: Reading, authorization_id: str) -> AuthorizationRow:
    """An authorization that the caller sees. Raises Problem 404."""
    (row,) = await find_all(call, [authorization_id])
    return row


async def find_all(call: Reading, ids: Sequence[str]) -> list[AuthorizationRow]:
    """Authorizations that the caller sees, in this order. Raises Problem 404, for the first."""
    found = {
        row.id: row
        for row in await call.all(_FIND, customer_id=call.customer_id, ids=list(ids))
        if _sees_all(call) or row.user_id == call.principal.user_id
    }
    for one in ids:
        if one not in found:
            raise not_found("serviceauthorization", one)
    return [found[one] for one in ids]


async def give(
    call: Writing, new: NewAuthorization, *, authorization_id: str | None = None
) -> AuthorizationRow:
    """Let a user through to a service. Raises Problem 400, 403, 404, 409."""
    permission = checked_permission(new.permission)
    user = await users.find(call, new.user_id)
    service = await services.find(call, new.service_id)
    if service.deleted_at is not None or not to_hand_on(call).sees(service.id):
        raise not_found("service", service.id)
    check_not_own(call, user.id)
    check_may_authorize(call, permission, service.id)
    limited = msgspec.structs.replace(user, limit_services=True)
    users.check_limit(limited)
    row = AuthorizationRow(
        customer_id=call.customer_id,
        id=authorization_id or new_id(),
        user_id=user.id,
        service_id=service.id,
        permission=permission,
        created_at=call.now,
        updated_at=call.now,
    )
    await authorizations.begin(call, row)
    if not user.limit_services:
        await _limit(call, limited)
    return row


def checked_permission(text: str) -> Permission:
    """One of the four. Raises Problem 400."""
    for permission in PERMISSIONS:
        if text == permission:
            return permission
    detail = f"Permission must be one of: {', '.join(PERMISSIONS)}"
    raise bad_request(detail)


async def _limit(call: Writing, user: users.UserRow) -> None:
    await users.store(call, msgspec.structs.replace(user, updated_at=call.now))
    await audit.record(
        call,
        "user.update",
        f"User '{user.login}' was updated",
        metadata={
            "user_id": user.id,
            "old": {"limit_services": False},
            "new": {"limit_services": True},
        },
        rows=[users.revision(user)],
    )


async def change(
    call: Writing, rows: Sequence[AuthorizationRow], permissions: Sequence[str]
) -> list[AuthorizationRow]:
    """Let users through further, or less far; all of them or none. Raises Problem 400, 403."""
    wanted = [checked_permission(one) for one in permissions]
    for row, permission in zip(rows, wanted, strict=True):
        check_not_own(call, row.user_id)
        check_may_authorize(call, permission, row.service_id, before=row.permission)
    changed = [
        row
        if row.permission == permission
        else msgspec.structs.replace(row, permission=permission, updated_at=call.now)
        for row, permission in zip(rows, wanted, strict=True)
    ]
    differing = [(old, new) for old, new in zip(rows, changed, strict=True) if old is not new]
    if differing:
        await call.run_many(_CHANGE, [_stored(new) for _, new in differing])
    await authorizations.record(call, "update", [_told(old, new) for old, new in differing])
    return changed


def _told(old: AuthorizationRow, new: AuthorizationRow) -> authorizations.Happened:
    told = {"old": {"permission": old.permission}, "new": {"permission": new.permission}}
    return authorizations.Happened(new, told, authorizations.revision(new))


def _stored(row: AuthorizationRow) -> dict[str, Any]:
    return {
        "customer": row.customer_id,
        "authorization": row.id,
        "permission": row.permission,
        "updated_at": row.updated_at,
    }


async def withdraw(call: Writing, rows: Sequence[AuthorizationRow]) -> None:
    """Let users through no longer; who is limited stays so. Raises Problem 403."""
    for row in rows:
        check_not_own(call, row.user_id)
    await authorizations.end(call, rows)
