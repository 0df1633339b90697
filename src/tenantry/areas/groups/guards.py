"""Who may give what by way of groups: nobody what he lacks, nobody to himself (access §11).

Being in a group gives its roles: their account permissions, and their service permissions on the
services in its service groups. So whoever extends any of these sets hands out what the new parts
give together with the old ones, and must hold that himself. No bound applies to superusers.
"""

from collections.abc import Iterable

from tenantry.access.granting import check_may_grant, grants_anything, known_roles
from tenantry.areas.groups.membership import (
    ROLES,
    SERVICE_GROUPS_OF,
    SERVICES,
    holding,
    in_groups,
)
from tenantry.core.context import Reading
from tenantry.core.errors import not_authorized
from tenantry.core.permissions import SERVICE_PERMISSIONS


def own_groups(call: Reading) -> set[str]:
    """The ids of the user groups that the caller is in."""
    return {group.id for group in call.principal.grants.groups}


def check_not_in(call: Reading, user_groups: Iterable[str]) -> None:
    """Refuse to change what a group gives to the caller himself. Raises Problem 403."""
    if not grants_anything(call) and not own_groups(call).isdisjoint(user_groups):
        raise not_authorized()


async def check_may_admit(call: Reading, user_group: str) -> None:
    """Refuse to let people into a group that gives what the caller lacks. Raises Problem 403."""
    if grants_anything(call):
        return
    service_groups = await in_groups(call, SERVICE_GROUPS_OF, [user_group])
    services = await in_groups(call, SERVICES, service_groups)
    check_may_grant(call, await _conferred(call, [user_group]), services)


async def check_may_attach(call: Reading, user_group: str, service_groups: list[str]) -> None:
    """Refuse to have a user group's roles act on more services than they may for the caller.

    Raises Problem 403; also to who is in it himself.
    """
    check_not_in(call, [user_group])
    if not grants_anything(call):
        services = await in_groups(call, SERVICES, service_groups)
        await _check_may_reach(call, [user_group], services)


async def check_may_collect(call: Reading, service_group: str, services: list[str]) -> None:
    """Refuse to put services into a service group where its users may do more than the caller.

    Raises Problem 403; also where the caller is one of them.
    """
    if not grants_anything(call):
        user_groups = await holding(call, SERVICE_GROUPS_OF, [service_group])
        check_not_in(call, user_groups)
        await _check_may_reach(call, user_groups, services)


async def check_not_used(call: Reading, service_group: str) -> None:
    """Refuse to reduce a service group that acts for the caller himself. Raises Problem 403."""
    if not grants_anything(call):
        check_not_in(call, await holding(call, SERVICE_GROUPS_OF, [service_group]))


async def _check_may_reach(call: Reading, user_groups: list[str], services: list[str]) -> None:
    held = await _conferred(call, user_groups)
    check_may_grant(call, held & SERVICE_PERMISSIONS, services)


async def _conferred(call: Reading, user_groups: list[str]) -> frozenset[str]:
    roles = await known_roles(call, await in_groups(call, ROLES, user_groups))
    return frozenset[str]().union(*roles.values())
