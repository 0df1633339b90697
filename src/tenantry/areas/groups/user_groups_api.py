"""How user groups are reached (contract: access §8).

Who holds `user_group.read` sees every group, and everybody else the groups that he is in: that is
his own affair, whatever his roles are (access §9.2).
"""

from typing import Annotated, Literal

import msgspec

from tenantry.areas.groups import entitlements, members, membership, model, shapes, user_groups
from tenantry.areas.groups.members import MemberReference
from tenantry.areas.groups.membership import SERVICE_GROUPS_OF
from tenantry.areas.groups.model import USER_GROUPS, GroupChange, UserGroupRow
from tenantry.areas.groups.shapes import FirstReferences
from tenantry.core.clock import shown
from tenantry.core.context import Reading, Writing
from tenantry.http import paging
from tenantry.http.body import Body
from tenantry.http.message import Query
from tenantry.http.operation import PAGED, Allow, Answer, operation, permission
from tenantry.http.paging import ListMeta
from tenantry.http.wire import PLAIN

READ = Allow(who="customer", widened="user_group.read")
MANAGE = permission("user_group.manage")


class NewUserGroup(msgspec.Struct, kw_only=True):
    """What a user group is created from."""

    name: str
    description: str | None = None
    members: Annotated[list[MemberReference], msgspec.Meta(max_length=shapes.MOST)] | None = None
    roles: FirstReferences | None = None
    service_groups: FirstReferences | None = None


class UserGroup(msgspec.Struct):
    """A user group."""

    id: str
    object: Literal["user_group"]
    name: str
    description: str | None
    invitations_count: int
    """Those that are pending."""
    users_count: int
    roles_count: int
    service_groups_count: int
    created_at: str
    updated_at: str


class UserGroups(msgspec.Struct):
    """A page of user groups."""

    data: list[UserGroup]
    meta: ListMeta


def _shown(row: UserGroupRow) -> UserGroup:
    return UserGroup(
        id=row.id,
        object="user_group",
        name=row.name,
        description=row.description,
        invitations_count=row.invitations_count,
        users_count=row.users_count,
        roles_count=row.roles_count,
        service_groups_count=row.service_groups_count,
        created_at=shown(row.created_at),
        updated_at=shown(row.updated_at),
    )


@operation("GET /user-groups", allow=READ, wire=PLAIN, query=PAGED, answers=UserGroups)
async def list_user_groups(call: Reading, query: Query) -> Answer:
    """A page of the customer's user groups, oldest first, or of those one is in."""
    page = paging.numbered(query)
    rows, records = await user_groups.list_page(call, page.size, page.skipped)
    return paging.paged(query, page, records, UserGroups, [_shown(row) for row in rows])


@operation("POST /user-groups", allow=MANAGE, wire=PLAIN, status=201)
async def create_a_user_group(call: Writing, body: Body[NewUserGroup]) -> UserGroup:
    """Create a user group, with what is named in it."""
    new = body()
    # What is absent, or not his to give, is told before a name that is taken (access §2.5). Who may
    # give roles on every service may let people and service groups into a group of these.
    people = await members.known(call, new.members or [])
    groups = await entitlements.known_service_groups(call, shapes.ids(new.service_groups or []))
    roles = await entitlements.giveable_roles(call, shapes.ids(new.roles or []))
    row = await model.create(call, USER_GROUPS, new.name, new.description)
    await entitlements.give_roles(call, row, roles)
    await membership.add(call, SERVICE_GROUPS_OF, row, groups)
    await members.let_in(call, row, people)
    return _shown(await model.find(call, USER_GROUPS, row.id))


@operation("GET /user-groups/{user_group_id}", allow=READ, wire=PLAIN)
async def get_a_user_group(call: Reading, user_group_id: str) -> UserGroup:
    """One user group, any or one that the caller is in."""
    return _shown(await user_groups.find_visible(call, user_group_id))


@operation("PATCH /user-groups/{user_group_id}", allow=MANAGE, wire=PLAIN)
async def update_a_user_group(
    call: Writing, user_group_id: str, body: Body[GroupChange]
) -> UserGroup:
    """Rename or describe a user group."""
    row = await model.find(call, USER_GROUPS, user_group_id)
    return _shown(await model.change(call, USER_GROUPS, row, body()))


@operation("DELETE /user-groups/{user_group_id}", allow=MANAGE, wire=PLAIN, status=204)
async def delete_a_user_group(call: Writing, user_group_id: str) -> None:
    """Delete a user group, and nobody in it: what its members had by it ends at once."""
    await user_groups.remove(call, await model.find(call, USER_GROUPS, user_group_id))
