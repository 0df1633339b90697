"""Who is in a user group: users, and people who are invited (contract: access §8)."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
from sqlalchemy import and_, bindparam, func, literal, or_, select

from tenantry.access.decide import decide
from tenantry.access.granting import check_not_own
from tenantry.areas.customers.logins import logins
from tenantry.areas.groups import guards, membership
from tenantry.areas.groups.membership import MEMBERS, Named
from tenantry.areas.groups.model import INVITED, PENDING, GroupRow, UserGroupRow
from tenantry.core import access_tables as tables
from tenantry.core import audit, schema
from tenantry.core.context import Reading, Writing
from tenantry.core.statements import Statement, is_one_of

_U, _I, _M = schema.users.c, tables.invitations.c, tables.user_group_members.c
MemberKind = Literal["user", "invitation"]


class Member(Named, array_like=True, frozen=True):
    """Somebody in a group; `address` is a user's login, or where an invitation went."""

    kind: MemberKind
    address: str


class MemberReference(msgspec.Struct, frozen=True):
    """Names a member."""

    id: str
    object: MemberKind = "user"


_USERS = Statement(
    select(_U.id, _U.name, literal("user"), _U.login).where(
        _U.customer_id == bindparam("customer_id"),
        _U.deleted_at.is_(None),
        is_one_of(_U.id, "ids"),
    ),
    Member,
)
_INVITATIONS = Statement(
    select(_I.id, literal(""), literal("invitation"), _I.email).where(
        _I.customer_id == bindparam("customer_id"), PENDING, is_one_of(_I.id, "ids")
    ),
    Member,
)
_PAGE = Statement(
    select(_M.member_id, func.coalesce(_U.name, ""), _M.kind, func.coalesce(_U.login, _I.email))
    .select_from(
        tables.user_group_members.outerjoin(
            schema.users, and_(_U.customer_id == _M.customer_id, _U.id == _M.member_id)
        ).outerjoin(tables.invitations, INVITED)
    )
    .where(
        _M.customer_id == bindparam("customer_id"),
        _M.user_group_id == bindparam("group"),
        or_(_M.kind == "user", PENDING),
    )
    .order_by(_M.added_at, _M.member_id)
    .limit(bindparam("size"))
    .offset(bindparam("skipped")),
    Member,
)
_USERS_IN = Statement(
    select(_M.member_id)
    .where(
        _M.customer_id == bindparam("customer_id"),
        _M.user_group_id == bindparam("group"),
        _M.kind == "user",
    )
    .order_by(_M.member_id)
)


async def list_members(
    call: Reading, row: UserGroupRow, size: int, skipped: int
) -> tuple[list[Member], int]:
    """A page of a group's members, in the order in which they came in, and how many there are.

    Who is merely in the group sees only himself (contract: access §8).
    """
    if decide(call.principal.grants, "user_group.read").allowed:
        part = {"group": row.id, "now": call.now, "size": size, "skipped": skipped}
        page = await call.all(_PAGE, customer_id=call.customer_id, **part)
        return page, row.users_count + row.invitations_count
    himself = await membership.known(call, _USERS, "user", [call.principal.user_id or ""])
    return list(himself.values())[skipped : skipped + size], 1


async def add_members(
    call: Writing, row: UserGroupRow, named: Sequence[MemberReference]
) -> list[Member]:
    """Let people in; all who were named. Raises Problem 403, 404."""
    members = await known(call, named)
    await guards.check_may_admit(call, row.id)
    await let_in(call, row, members)
    return list(members.values())


async def let_in(call: Writing, row: GroupRow, members: Mapping[str, Member]) -> None:
    """Let in who was found to be there, where the caller may."""
    kinds = {one.id: one.kind for one in members.values()}
    added = await membership.add(call, MEMBERS, row, members, kinds)
    users = [one for one in added if members[one].kind == "user"]
    await record_changes(call, users, added={"user_groups": [row.id]})


async def remove_members(
    call: Writing, row: UserGroupRow, named: Sequence[MemberReference]
) -> None:
    """Take people out; what they had by the group ends. Raises Problem 403, 404."""
    members = await known(call, named)
    removed = await membership.remove(call, MEMBERS, row, members)
    users = [one for one in removed if members[one].kind == "user"]
    await record_changes(call, users, removed={"user_groups": [row.id]})


async def users_in(call: Reading, row: GroupRow) -> list[str]:
    """The ids of the users in a group."""
    rows = await call.all(_USERS_IN, customer_id=call.customer_id, group=row.id)
    return [one for (one,) in rows]


async def record_changes(call: Writing, users: Sequence[str], **changes: Any) -> None:
    """Write down, for each of these users, what changed of his groups or their roles."""
    login_of = await logins(call, users)
    for user_id in users:
        await audit.record(
            call,
            "user.update",
            f"User '{login_of[user_id]}' was updated",
            metadata={"user_id": user_id, **changes},
        )


async def known(call: Writing, named: Sequence[MemberReference]) -> dict[str, Member]:
    """Who is to go in or out: living users and pending invitations, in the order they are named.

    Nobody does it to himself. Raises Problem 403, 404.
    """
    of_kind = {
        kind: [one.id for one in named if one.object == kind] for kind in ("user", "invitation")
    }
    found = await membership.known(call, _USERS, "user", of_kind["user"])
    found |= await membership.known(call, _INVITATIONS, "invitation", of_kind["invitation"])
    for one in found:
        check_not_own(call, one)
    return {one.id: found[one.id] for one in named}
