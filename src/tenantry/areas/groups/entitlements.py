"""What a user group gives: roles, and service groups to use them on (contract: access §8)."""

from collections.abc import Iterable, Sequence

from sqlalchemy import and_, bindparam, select

from tenantry.access.granting import check_may_grant_roles
from tenantry.areas.groups import guards, members, membership
from tenantry.areas.groups.membership import ROLES, SERVICE_GROUPS_OF, Named
from tenantry.areas.groups.model import GroupRow, UserGroupRow
from tenantry.core import access_tables as tables
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import bad_request
from tenantry.core.permissions import ROLE_IDS, ROLE_OF_ID
from tenantry.core.statements import Statement, is_one_of

_R, _SG = tables.roles.c, tables.service_groups.c
_GR, _GS = tables.user_group_roles.c, tables.user_group_service_groups.c


def _named(role_id: str, name: str | None) -> Named:
    return Named(role_id, ROLE_OF_ID.get(role_id) or name or "")


_CUSTOM_ROLES = Statement(
    select(_R.id, _R.name).where(
        _R.customer_id == bindparam("customer_id"), is_one_of(_R.id, "ids")
    ),
    Named,
)
_ROLES_PAGE = Statement(
    select(_GR.role_id, _R.name)
    .select_from(
        tables.user_group_roles.outerjoin(
            tables.roles, and_(_R.customer_id == _GR.customer_id, _R.id == _GR.role_id)
        )
    )
    .where(_GR.customer_id == bindparam("customer_id"), _GR.user_group_id == bindparam("group"))
    .order_by(_GR.added_at, _GR.role_id)
    .limit(bindparam("size"))
    .offset(bindparam("skipped")),
    _named,
)
_SERVICE_GROUPS = Statement(
    select(_SG.id, _SG.name).where(
        _SG.customer_id == bindparam("customer_id"), is_one_of(_SG.id, "ids")
    ),
    Named,
)
_SERVICE_GROUPS_PAGE = Statement(
    select(_SG.id, _SG.name)
    .where(
        _GS.customer_id == bindparam("customer_id"),
        _GS.user_group_id == bindparam("group"),
        _SG.customer_id == _GS.customer_id,
        _SG.id == _GS.service_group_id,
    )
    .order_by(_GS.added_at, _GS.service_group_id)
    .limit(bindparam("size"))
    .offset(bindparam("skipped")),
    Named,
)


async def list_roles(
    call: Reading, row: UserGroupRow, size: int, skipped: int
) -> tuple[list[Named], int]:
    """A page of the roles that a group gives, in the order in which they came in, and how many."""
    part = {"group": row.id, "size": size, "skipped": skipped}
    return await call.all(_ROLES_PAGE, customer_id=call.customer_id, **part), row.roles_count


async def add_roles(call: Writing, row: UserGroupRow, ids: Sequence[str]) -> list[Named]:
    """Give roles to who is in a group; all that were named. Raises Problem 400, 403, 404."""
    roles = await giveable_roles(call, ids)
    guards.check_not_in(call, [row.id])
    await give_roles(call, row, roles)
    return list(roles.values())


async def giveable_roles(call: Reading, ids: Sequence[str]) -> dict[str, Named]:
    """The roles that these ids name, if the caller may give them all to a group.

    He must hold their permissions on every service: what a group gives them on may grow. Superuser
    is only ever held directly (contract: access §8). Raises Problem 400, 403, 404.
    """
    roles = await _known_roles(call, ids)
    await check_may_grant_roles(call, roles)
    if ROLE_IDS["superuser"] in roles:
        raise bad_request("Role 'superuser' cannot be put into a group")
    return roles


async def give_roles(call: Writing, row: GroupRow, roles: Iterable[str]) -> None:
    """Give to who is in a group what was found to be the caller's to give."""
    added = await membership.add(call, ROLES, row, roles)
    await _record_changes(call, row, "added", added)


async def remove_roles(call: Writing, row: UserGroupRow, ids: Sequence[str]) -> None:
    """Take roles from who is in a group. Raises Problem 403, 404."""
    roles = await _known_roles(call, ids)
    guards.check_not_in(call, [row.id])
    removed = await membership.remove(call, ROLES, row, roles)
    await _record_changes(call, row, "removed", removed)


async def list_service_groups(
    call: Reading, row: UserGroupRow, size: int, skipped: int
) -> tuple[list[Named], int]:
    """A page of the service groups that a group's roles act on, and how many there are."""
    part = {"group": row.id, "size": size, "skipped": skipped}
    page = await call.all(_SERVICE_GROUPS_PAGE, customer_id=call.customer_id, **part)
    return page, row.service_groups_count


async def add_service_groups(call: Writing, row: UserGroupRow, ids: Sequence[str]) -> list[Named]:
    """Have a group's roles act on more services; all that were named. Raises Problem 403, 404."""
    service_groups = await known_service_groups(call, ids)
    await guards.check_may_attach(call, row.id, list(service_groups))
    await membership.add(call, SERVICE_GROUPS_OF, row, service_groups)
    return list(service_groups.values())


async def remove_service_groups(call: Writing, row: UserGroupRow, ids: Sequence[str]) -> None:
    """Have a group's roles act on fewer services. Raises Problem 403, 404."""
    service_groups = await known_service_groups(call, ids)
    guards.check_not_in(call, [row.id])
    await membership.remove(call, SERVICE_GROUPS_OF, row, service_groups)


async def _known_roles(call: Reading, ids: Sequence[str]) -> dict[str, Named]:
    custom = [one for one in ids if one not in ROLE_OF_ID]
    found = await membership.known(call, _CUSTOM_ROLES, "role", custom)
    return {one: found.get(one) or _named(one, None) for one in ids}


async def known_service_groups(call: Reading, ids: Sequence[str]) -> dict[str, Named]:
    """The service groups that these ids name. Raises Problem 404."""
    return await membership.known(call, _SERVICE_GROUPS, "servicegroup", ids)


async def _record_changes(call: Writing, row: GroupRow, how: str, roles: list[str]) -> None:
    if roles:
        users = await members.users_in(call, row)
        await members.record_changes(call, users, user_group_id=row.id, **{how: {"roles": roles}})
