"""Which roles somebody has by the groups that his provider says he is in."""

from collections.abc import Iterable, Mapping
from typing import Any

from tenantry.access.granting import check_may_grant_roles
from tenantry.core.context import Reading
from tenantry.core.errors import bad_request
from tenantry.core.permissions import ROLE_IDS, ROLE_OF_ID

MOST = 200
LONGEST = 255

RoleMap = Mapping[str, str]
"""From groups to roles: built-in ones by name, the customer's own by id."""


async def check_map(call: Reading, role_map: RoleMap) -> None:
    """Refuse a new map that nobody could keep up, or confer. Raises Problem 400, 403, 404.

    One that was stored before is not asked again: by now a role in it may be gone, and its groups
    may be as they are refused today.
    """
    if len(role_map) > MOST or any(not 0 < len(group) <= LONGEST for group in role_map):
        detail = f"Role map must have at most {MOST} groups, each of 1 to {LONGEST} characters"
        raise bad_request(detail)
    if any(group != group.strip() or set(group) & set("\r\n") for group in role_map):
        # The page shows a group a line, without what is around it: nobody would see it change.
        raise bad_request("Groups must be one line each, without blanks around them")
    await check_may_grant_roles(call, set(map(role_id, role_map.values())))


async def check_default_role(call: Reading, role: str) -> None:
    """Refuse a new default that confers what the caller lacks. Raises Problem 400, 403, 404."""
    if role_id(role) == ROLE_IDS["superuser"]:
        # Everybody whom a provider knows would be one.
        raise bad_request("Default role must not be superuser: name a group in the role map")
    await check_may_grant_roles(call, [role_id(role)])


def role_id(role: str) -> str:
    """A role's id, by its id or, of a built-in one, its name."""
    return ROLE_IDS.get(role, role)


def role_name(role: str) -> str:
    """How a role is shown: a built-in one by its name, the customer's own by id."""
    return ROLE_OF_ID.get(role, role)


def roles_of(groups: Iterable[str], role_map: RoleMap, default_role: str) -> list[str]:
    """The ids of the roles of who is in these groups; the default where none of them counts."""
    mapped = {role_id(role_map[group]) for group in groups if group in role_map}
    return sorted(mapped or {role_id(default_role)})


def has_groups(claims: Mapping[str, Any], claim: str) -> bool:
    """Whether it is said at all in which groups somebody is."""
    return _said(claims, claim) is not None


def groups_in(claims: Mapping[str, Any], claim: str) -> list[str]:
    """The groups that a claim names; none if it is absent.

    The claim may stand inside others: `realm_access.roles`.
    """
    found = _said(claims, claim)
    if isinstance(found, str):
        return [found]
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def _said(claims: Mapping[str, Any], claim: str) -> Any:
    found: Any = claims.get(claim)
    if found is None and "." in claim:
        found = claims
        for part in claim.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    return found
