"""Accepting an invitation: who holds its code becomes a user (contract: access §4, #11).

Not a reading of the code but the change of the invitation's status decides who was first.
"""

import dataclasses

import msgspec
from sqlalchemy import and_, bindparam, insert, select, update

from tenantry.areas.customers.model import CustomerRow
from tenantry.areas.customers.model import find as find_customer
from tenantry.areas.groups.model import USER_GROUPS, touch_all
from tenantry.areas.invitations import model
from tenantry.areas.invitations.model import InvitationRow
from tenantry.areas.users import authorizations, passwords
from tenantry.areas.users import model as users
from tenantry.areas.users.authorizations import AuthorizationRow
from tenantry.core import access_tables as tables
from tenantry.core import audit, schema
from tenantry.core.addresses import is_allowed
from tenantry.core.audit import Revision
from tenantry.core.context import Policies, Principal, Reading, Writing
from tenantry.core.errors import Problem, bad_request, duplicate
from tenantry.core.ids import new_id
from tenantry.core.statements import Statement

_I, _C, _S = tables.invitations.c, schema.customers.c, schema.services.c
_SI, _M = tables.service_invitations.c, tables.user_group_members.c

_FIND_CODE = Statement(
    select(*model.COLUMNS)
    .select_from(
        tables.invitations.join(
            schema.customers, and_(_C.id == _I.customer_id, _C.deleted_at.is_(None))
        )
    )
    .where(_I.digest == bindparam("digest"), model.PENDING),
    InvitationRow,
)
_SERVICES = Statement(
    select(_SI.service_id, _SI.permission)
    .select_from(
        tables.service_invitations.join(
            schema.services,
            and_(
                _S.customer_id == _SI.customer_id,
                _S.id == _SI.service_id,
                _S.deleted_at.is_(None),
            ),
        )
    )
    .where(
        _SI.customer_id == bindparam("customer_id"), _SI.invitation_id == bindparam("invitation_id")
    )
    .order_by(_SI.service_id)
)
_ADD_AUTHORIZATIONS = Statement(insert(tables.service_authorizations))
_TAKE_PLACES = Statement(
    update(tables.user_group_members)
    .where(
        _M.customer_id == bindparam("customer"),
        _M.member_id == bindparam("invitation"),
        _M.kind == "invitation",
    )
    .values(member_id=bindparam("user"), kind="user")
)


class Newcomer(msgspec.Struct, frozen=True):
    """Who accepts: his name, and the hash of his password where he needs one."""

    name: str
    hashed: str | None


async def find_code(call: Reading, code: str) -> InvitationRow | None:
    """The pending invitation that a code opens; its customer becomes the call's."""
    row = await call.one(_FIND_CODE, digest=call.keyring.digest(code), now=call.now)
    if row is not None:
        call.customer_id = row.customer_id
    return row


async def find_host(call: Reading, row: InvitationRow) -> CustomerRow:
    """The customer that invites. Raises Problem 403 where its allowlist lets nobody in."""
    customer = await find_customer(call, row.customer_id)
    if not is_allowed(call.ip, customer.ip_whitelist):
        raise Problem(403, "Access from this IP address is not allowed")
    return customer


async def check_newcomer(
    call: Reading, row: InvitationRow, name: str | None, password: str | None
) -> str:
    """The name, if it, the password and the login will do; None is no password at all.

    Raises Problem 400, 409.
    """
    if name is None:
        raise bad_request("Name is required")
    name = users.checked_name(name)
    if password is not None:
        weakness = await passwords.weakness(password, login=row.email, name=name)
        if weakness is not None:
            raise bad_request(weakness)
    if await users.find_by_login(call, row.email) is not None:
        raise duplicate("user", row.email)
    return name


async def accept(call: Writing, code: str, newcomer: Newcomer) -> users.UserRow | None:
    """Become a user; None if the code opens nothing any more. Raises Problem 404, 409."""
    row = await find_code(call, code)
    if row is None:
        return None
    await model.end(call, row, "accepted")
    customer = await find_customer(call, row.customer_id)
    if customer.force_sso:
        # It may be since the password was hashed.
        newcomer = Newcomer(newcomer.name, hashed=None)
    user = _user(call, row, newcomer)
    # He proved himself by the code: what follows is his doing.
    himself = Principal(
        kind="user",
        customer_id=user.customer_id,
        user_id=user.id,
        login=user.login,
        name=user.name,
        policies=Policies(customer.force_2fa, customer.has_pci_passwords, customer.force_sso),
    )
    call = dataclasses.replace(call, principal=himself)
    await _create(call, user)
    await _authorize(call, row, user)
    await audit.record(
        call,
        "invitation.accept",
        f"Invitation to '{row.email}' was accepted",
        metadata={
            "invitation_id": row.id,
            "email": row.email,
            "role": row.role,
            "user_id": user.id,
        },
        rows=await _take_places(call, row, user),
    )
    return user


def _user(call: Writing, row: InvitationRow, newcomer: Newcomer) -> users.UserRow:
    return msgspec.structs.replace(
        model.user_of(row, user_id=new_id(), name=newcomer.name),
        password=newcomer.hashed,
        password_changed_at=None if newcomer.hashed is None else call.now,
        created_at=call.now,
        updated_at=call.now,
    )


async def _create(call: Writing, user: users.UserRow) -> None:
    await users.insert_row(call, user)
    await audit.record(
        call,
        "user.create",
        f"User '{user.login}' was created",
        metadata={
            "user_id": user.id,
            "login": user.login,
            "role": user.role,
            "roles": users.role_ids(user),
        },
        rows=[users.revision(user, is_new=True)],
    )


async def _authorize(call: Writing, row: InvitationRow, user: users.UserRow) -> None:
    """Let him through to the services that are still there."""
    found = await call.all(_SERVICES, customer_id=row.customer_id, invitation_id=row.id)
    rows = [
        AuthorizationRow(
            customer_id=row.customer_id,
            id=new_id(),
            user_id=user.id,
            service_id=service_id,
            permission=permission,
            created_at=call.now,
            updated_at=call.now,
        )
        for service_id, permission in found
    ]
    await call.run_many(_ADD_AUTHORIZATIONS, [msgspec.structs.asdict(one) for one in rows])
    await authorizations.record(call, "create", [authorizations.begun(one) for one in rows])


async def _take_places(call: Writing, row: InvitationRow, user: users.UserRow) -> list[Revision]:
    """Put him into every user group in which the invitation kept a place."""
    revisions: list[Revision] = []
    groups = await model.groups_of(call, row)
    for group_id in groups:
        body = {"kind": "user", "member_id": user.id, "user_group_id": group_id}
        revisions += [
            Revision("user_group_member", f"{group_id}/{row.id}", None),
            Revision("user_group_member", f"{group_id}/{user.id}", body),
        ]
    if groups:
        await touch_all(call, USER_GROUPS, groups)
        await call.run(_TAKE_PLACES, customer=row.customer_id, invitation=row.id, user=user.id)
    return revisions
