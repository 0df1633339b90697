"""A role and several roles, of a user or an invitation: which is shown, and that they agree."""

from collections.abc import Iterable, Sequence

import msgspec

from tenantry.access.granting import known_roles
from tenantry.core.context import Reading
from tenantry.core.permissions import ROLE_IDS, ROLE_OF_ID, ROLES


async def agreed_roles(call: Reading, role: str, roles: Sequence[str]) -> tuple[str, str]:
    """One role and a consistent list of role ids (contract: access §9.1). Raises Problem 404."""
    if not roles:
        return role, "[]"
    await known_roles(call, roles)
    return in_agreement(roles)


def in_agreement(ids: Iterable[str]) -> tuple[str, str]:
    """The role to show for several, and their list: empty where the one says it all.

    A superuser needs no other role; who has only roles of the customer's own is shown as a
    `user`, without being one; who has none at all is one.
    """
    given = set(ids)
    named = [one for one in ROLES if ROLE_IDS[one] in given]
    own = sorted(given - ROLE_OF_ID.keys())
    highest = named[0] if named else "user"
    if highest == "superuser" or len(named) + len(own) <= len(named[:1]):
        return highest, "[]"
    return highest, msgspec.json.encode([*(ROLE_IDS[one] for one in named), *own]).decode()
