"""How the members, roles and service groups of a user group are reached (contract: access §8).

Who is merely in a group sees himself among its members, and the roles and service groups that it
gives him: these explain what he may do, and tell of nobody else.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

from tenantry.areas.groups import entitlements, members, model, shapes, user_groups
from tenantry.areas.groups.members import Member, MemberReference
from tenantry.areas.groups.model import USER_GROUPS
from tenantry.areas.groups.shapes import References
from tenantry.areas.groups.user_groups_api import MANAGE, READ
from tenantry.core.context import Reading, Writing
from tenantry.http import paging
from tenantry.http.body import Body
from tenantry.http.message import Query
from tenantry.http.operation import PAGED, Answer, operation
from tenantry.http.paging import ListMeta
from tenantry.http.wire import PLAIN


class MemberReferences(msgspec.Struct):
    """Users and pending invitations; who is in or out already is no error."""

    members: Annotated[list[MemberReference], msgspec.Meta(min_length=1, max_length=shapes.MOST)]


class RoleReferences(msgspec.Struct):
    """Roles; one that is in or out already is no error."""

    roles: References


class ServiceGroupReferences(msgspec.Struct):
    """Service groups; one that is in or out already is no error."""

    service_groups: References


class NamedMember(msgspec.Struct):
    """A member: a user by name and login, or an invitation by where it went."""

    id: str
    object: Literal["user", "invitation"]
    name: str | UnsetType = UNSET
    login: str | UnsetType = UNSET
    email: str | UnsetType = UNSET


class NamedMembers(msgspec.Struct):
    """Members of a user group."""

    data: list[NamedMember]
    meta: ListMeta


def _shown(row: Member) -> NamedMember:
    if row.kind == "invitation":
        return NamedMember(row.id, "invitation", email=row.address)
    return NamedMember(row.id, "user", row.name, row.address)


@operation(
    "GET /user-groups/{user_group_id}/members",
    allow=READ,
    wire=PLAIN,
    query=PAGED,
    answers=NamedMembers,
)
async def list_user_group_members(call: Reading, user_group_id: str, query: Query) -> Answer:
    """A page of a group's members, in the order of coming in; to a mere member, himself alone."""
    row = await user_groups.find_visible(call, user_group_id)
    page = paging.numbered(query)
    rows, records = await members.list_members(call, row, page.size, page.skipped)
    return paging.paged(query, page, records, NamedMembers, [_shown(one) for one in rows])


@operation("POST /user-groups/{user_group_id}/members", allow=MANAGE, wire=PLAIN, status=201)
async def add_user_group_members(
    call: Writing, user_group_id: str, body: Body[MemberReferences]
) -> NamedMembers:
    """Let users and invited people into a group: all of them or, if one does not exist, none."""
    row = await model.find(call, USER_GROUPS, user_group_id)
    rows = await members.add_members(call, row, body().members)
    return NamedMembers([_shown(one) for one in rows], paging.one_page(rows))


@operation("DELETE /user-groups/{user_group_id}/members", allow=MANAGE, wire=PLAIN, status=204)
async def remove_user_group_members(
    call: Writing, user_group_id: str, body: Body[MemberReferences]
) -> None:
    """Take members out of a group: all of them or, if one does not exist, none."""
    row = await model.find(call, USER_GROUPS, user_group_id)
    await members.remove_members(call, row, body().members)


@operation(
    "GET /user-groups/{user_group_id}/roles",
    allow=READ,
    wire=PLAIN,
    query=PAGED,
    answers=shapes.NamedRoles,
)
async def list_user_group_roles(call: Reading, user_group_id: str, query: Query) -> Answer:
    """A page of the roles that a group gives, in the order in which they came in."""
    row = await user_groups.find_visible(call, user_group_id)
    page = paging.numbered(query)
    rows, records = await entitlements.list_roles(call, row, page.size, page.skipped)
    return paging.paged(query, page, records, shapes.NamedRoles, shapes.roles(rows))


@operation("POST /user-groups/{user_group_id}/roles", allow=MANAGE, wire=PLAIN, status=201)
async def add_user_group_roles(
    call: Writing, user_group_id: str, body: Body[RoleReferences]
) -> shapes.NamedRoles:
    """Give roles to a group's members: all of them or, if one does not exist, none."""
    row = await model.find(call, USER_GROUPS, user_group_id)
    rows = await entitlements.add_roles(call, row, shapes.ids(body().roles))
    return shapes.NamedRoles(shapes.roles(rows), paging.one_page(rows))


@operation("DELETE /user-groups/{user_group_id}/roles", allow=MANAGE, wire=PLAIN, status=204)
async def remove_user_group_roles(
    call: Writing, user_group_id: str, body: Body[RoleReferences]
) -> None:
    """Take roles from a group's members: all of them or, if one does not exist, none."""
    row = await model.find(call, USER_GROUPS, user_group_id)
    await entitlements.remove_roles(call, row, shapes.ids(body().roles))


@operation(
    "GET /user-groups/{user_group_id}/service-groups",
    allow=READ,
    wire=PLAIN,
    query=PAGED,
    answers=shapes.NamedServiceGroups,
)
async def list_user_group_service_groups(call: Reading, user_group_id: str, query: Query) -> Answer:
    """A page of the service groups that a group's roles act on, in the order of coming in."""
    row = await user_groups.find_visible(call, user_group_id)
    page = paging.numbered(query)
    rows, records = await entitlements.list_service_groups(call, row, page.size, page.skipped)
    shown = shapes.service_groups(rows)
    return paging.paged(query, page, records, shapes.NamedServiceGroups, shown)


@operation("POST /user-groups/{user_group_id}/service-groups", allow=MANAGE, wire=PLAIN, status=201)
async def add_user_group_service_groups(
    call: Writing, user_group_id: str, body: Body[ServiceGroupReferences]
) -> shapes.NamedServiceGroups:
    """Have a group's roles act on service groups: all of them or, if one does not exist, none."""
    row = await model.find(call, USER_GROUPS, user_group_id)
    rows = await entitlements.add_service_groups(call, row, shapes.ids(body().service_groups))
    return shapes.NamedServiceGroups(shapes.service_groups(rows), paging.one_page(rows))


@operation(
    "DELETE /user-groups/{user_group_id}/service-groups", allow=MANAGE, wire=PLAIN, status=204
)
async def remove_user_group_service_groups(
    call: Writing, user_group_id: str, body: Body[ServiceGroupReferences]
) -> None:
    """Detach service groups from a group: all of them or, if one does not exist, none."""
    row = await model.find(call, USER_GROUPS, user_group_id)
    await entitlements.remove_service_groups(call, row, shapes.ids(body().service_groups))
