"""User groups: people under one name, and what they may do by it (contract: access §8)."""

from tenantry.access.decide import decide
from tenantry.areas.groups import guards, members, membership, model
from tenantry.areas.groups.membership import MEMBERS, ROLES, SERVICE_GROUPS_OF
from tenantry.areas.groups.model import USER_GROUPS, UserGroupRow
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import not_found


async def find_visible(call: Reading, group_id: str) -> UserGroupRow:
    """A group that the caller sees: any, or one that he is in (access §9.2). Raises Problem 404."""
    if not _sees_all(call) and group_id not in guards.own_groups(call):
        raise not_found(USER_GROUPS.noun, group_id)
    return await model.find(call, USER_GROUPS, group_id)


async def list_page(call: Reading, size: int, skipped: int) -> tuple[list[UserGroupRow], int]:
    """A page of the groups that the caller sees, oldest first, and how many he sees in all."""
    among = None if _sees_all(call) else sorted(guards.own_groups(call))
    return await model.list_page(call, USER_GROUPS, size, skipped, among)


def _sees_all(call: Reading) -> bool:
    return decide(call.principal.grants, "user_group.read").allowed


async def remove(call: Writing, row: UserGroupRow) -> None:
    """Remove a group; what its members had by it ends at once. Raises Problem 403, 404."""
    guards.check_not_in(call, [row.id])
    users = await members.users_in(call, row)
    ended = await membership.endings(call, row.id, MEMBERS, ROLES, SERVICE_GROUPS_OF)
    await model.remove(call, USER_GROUPS, row, ended)
    await members.record_changes(call, users, removed={"user_groups": [row.id]})
