"""An invitation: somebody is asked, by mail, to join the customer (contract: access §4).

It is sent in inviting.py, accepted in acceptance.py, and found, sent again and withdrawn here. It
is pending for seven days; that it has expired follows from the clock. Then, or once it is
accepted or withdrawn, it is as if absent.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import ColumnElement, and_, bindparam, delete, func, select, update

from tenantry.access.decide import decide
from tenantry.areas.customers.model import find as find_customer
from tenantry.areas.groups.model import USER_GROUPS, touch_all
from tenantry.areas.users import guesses
from tenantry.areas.users import model as users
from tenantry.core import access_tables as tables
from tenantry.core import audit, outbox
from tenantry.core.audit import Revision
from tenantry.core.clock import DAY, SECOND
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import not_found
from tenantry.core.statements import Statement, is_one_of

LASTS = 7 * DAY
PURPOSE = "invitation"
"""What the code in the mail is derived for."""

_I, _SI, _M = tables.invitations.c, tables.service_invitations.c, tables.user_group_members.c


class InvitationRow(msgspec.Struct, array_like=True, frozen=True):
    """An invitation as it is stored."""

    customer_id: str
    id: str
    email: str
    email_key: str
    role: str
    roles: str
    limit_services: bool
    invited_by: str | None
    status: str
    digest: bytes
    expires_at: int
    created_at: int
    updated_at: int
    deleted_at: int | None = None


class ServiceInvitationRow(msgspec.Struct, array_like=True, frozen=True):
    """What an invitation will let its user through to."""

    customer_id: str
    invitation_id: str
    id: str
    service_id: str
    permission: str


COLUMNS = [tables.invitations.c[name] for name in InvitationRow.__struct_fields__]
_OF_INVITATION = [
    tables.service_invitations.c[name] for name in ServiceInvitationRow.__struct_fields__
]
PENDING = and_(_I.status == "pending", _I.expires_at > bindparam("now"))
_ALL = and_(_I.customer_id == bindparam("customer_id"), PENDING)
_OWN = and_(_ALL, _I.invited_by == bindparam("inviter"))


def _page(whose: ColumnElement[bool]) -> Statement[InvitationRow]:
    page = select(*COLUMNS).where(whose).order_by(_I.created_at, _I.id)
    return Statement(page.limit(bindparam("size")).offset(bindparam("skipped")), InvitationRow)


_PAGES = {True: _page(_ALL), False: _page(_OWN)}
_COUNTS = {
    is_whole: Statement(select(func.count()).select_from(tables.invitations).where(whose))
    for is_whole, whose in ((True, _ALL), (False, _OWN))
}
_FIND = Statement(select(*COLUMNS).where(_ALL, _I.id == bindparam("id")), InvitationRow)
_SERVICES = Statement(
    select(*_OF_INVITATION)
    .where(_SI.customer_id == bindparam("customer_id"), is_one_of(_SI.invitation_id, "ids"))
    .order_by(_SI.invitation_id, _SI.service_id),
    ServiceInvitationRow,
)
_END = Statement(
    update(tables.invitations)
    .where(
        _I.customer_id == bindparam("customer"),
        _I.id == bindparam("invitation"),
        _I.status == "pending",
    )
    .values(
        status=bindparam("ended"), updated_at=bindparam("at"), deleted_at=bindparam("withdrawn_at")
    )
)
_MEMBERSHIPS = and_(
    _M.customer_id == bindparam("customer"),
    _M.member_id == bindparam("invitation"),
    _M.kind == "invitation",
)
_GROUPS = Statement(select(_M.user_group_id).where(_MEMBERSHIPS).order_by(_M.user_group_id))
_LEAVE = Statement(delete(tables.user_group_members).where(_MEMBERSHIPS))


def bound_to(call: Reading, permission: str) -> str | None:
    """The inviter to whose own invitations the caller is bound, himself; None is no bound.

    Engineers deal with those they sent; who is nobody sent none.
    """
    is_bound = not decide(call.principal.grants, permission).allowed
    return (call.principal.user_id or "") if is_bound else None


async def list_page(call: Reading, size: int, skipped: int) -> tuple[list[InvitationRow], int]:
    """A page of pending invitations that the caller sees, oldest first, and how many he sees."""
    inviter = bound_to(call, "invitation.read")
    whose: dict[str, Any] = {"customer_id": call.customer_id, "now": call.now}
    if inviter is not None:
        whose["inviter"] = inviter
    counted = await call.one(_COUNTS[inviter is None], **whose)
    rows = await call.all(_PAGES[inviter is None], **whose, size=size, skipped=skipped)
    return rows, counted[0] if counted else 0


async def find(call: Reading, invitation_id: str, permission: str) -> InvitationRow:
    """A pending invitation on which the caller holds a permission. Raises Problem 404."""
    inviter = bound_to(call, permission)
    row = await call.one(_FIND, customer_id=call.customer_id, id=invitation_id, now=call.now)
    if row is None or inviter not in {None, row.invited_by}:
        raise not_found("invitation", invitation_id)
    return row


async def services_of(
    call: Reading, rows: Sequence[InvitationRow]
) -> dict[str, list[ServiceInvitationRow]]:
    """What these invitations will let their users through to, by invitation."""
    found: dict[str, list[ServiceInvitationRow]] = {row.id: [] for row in rows}
    ids = list(found)
    for one in await call.all(_SERVICES, customer_id=call.customer_id, ids=ids) if ids else ():
        found[one.invitation_id].append(one)
    return found


async def withdraw(call: Writing, invitation_id: str) -> None:
    """Take an invitation back: its code is dead, its place in groups free. Raises 404."""
    row = await find(call, invitation_id, "invitation.delete")
    await end(call, row, "withdrawn")
    await audit.record(
        call,
        "invitation.delete",
        f"Invitation to '{row.email}' was withdrawn",
        event_type="customer.update",
        metadata={"action": "invitation.delete", "invitation_id": row.id, "email": row.email},
        rows=await leave_groups(call, row),
    )


async def end(
    call: Writing, row: InvitationRow, status: Literal["accepted", "withdrawn", "expired"]
) -> None:
    """Close a pending invitation. Raises Problem 404 if somebody else was first."""
    ended = await call.run(
        _END,
        customer=row.customer_id,
        invitation=row.id,
        ended=status,
        at=call.now,
        withdrawn_at=call.now if status == "withdrawn" else None,
    )
    if not ended:
        raise not_found("invitation", row.id)


async def groups_of(call: Reading, row: InvitationRow) -> list[str]:
    """The user groups in which the invitation keeps a place, by id."""
    found = await call.all(_GROUPS, customer=row.customer_id, invitation=row.id)
    return [group_id for (group_id,) in found]


async def leave_groups(call: Writing, row: InvitationRow) -> list[Revision]:
    """Give up the places that an invitation keeps in user groups."""
    groups = await groups_of(call, row)
    if groups:
        await touch_all(call, USER_GROUPS, groups)
        await call.run(_LEAVE, customer=row.customer_id, invitation=row.id)
    return [Revision("user_group_member", f"{group_id}/{row.id}", None) for group_id in groups]


async def send_again(call: Writing, invitation_id: str) -> None:
    """Mail the same link once more; it ends when it always would have. Raises Problem 404."""
    row = await find(call, invitation_id, "invitation.create")
    await post(call, row)
    await audit.record(
        call,
        "invitation.send_again",
        f"Invitation to '{row.email}' was sent again",
        event_type="invitation.sent",
        metadata=told(row),
    )


def told(row: InvitationRow) -> dict[str, Any]:
    """What an event says of an invitation that was sent."""
    return {
        "invitation_id": row.id,
        "email": row.email,
        "role": row.role,
        "roles": users.role_ids(user_of(row)),
        "limit_services": row.limit_services,
    }


def user_of(row: InvitationRow, *, user_id: str = "", name: str = "") -> users.UserRow:
    """The user whom an invitation will make, still without a password."""
    return users.UserRow(
        customer_id=row.customer_id,
        id=user_id,
        name=name,
        login=row.email,
        login_key=row.email_key,
        role=row.role,
        roles=row.roles,
        locked=False,
        require_new_password=False,
        two_factor_auth_enabled=False,
        limit_services=row.limit_services,
    )


async def post(call: Writing, row: InvitationRow) -> None:
    """Mail the link; its code is derived when the mail leaves, and stored nowhere.

    Raises Problem 429 where he was sent too many.
    """
    await guesses.count_letter(call, row.email_key)
    customer = await find_customer(call, row.customer_id)
    moment = datetime.fromtimestamp(row.expires_at // SECOND, UTC)
    outbox.post(
        call,
        "mail",
        template="invitation",
        to=row.email,
        facts={
            "customer_name": customer.name,
            "inviter_name": call.principal.name or None,
            "login": row.email,
            "valid_until": f"{moment.day} {moment:%B %Y, %H:%M} UTC",
        },
        code=[PURPOSE, row.id],
        page="invitation",
    )
