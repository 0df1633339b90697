"""What a role is: a row of the customer's own, or one of the six that are built in."""

import msgspec

from tenantry.core.clock import Instant, read
from tenantry.core.permissions import CATALOGUE, ROLE_IDS, ROLE_OF_ID, ROLES, Permission

BUILT_IN_SINCE = read("2026-01-01T00:00:00Z")
"""When the built-in roles say they were made: the same everywhere, before any customer's own."""

DISPLAY_NAMES = {
    "superuser": "Superuser",
    "engineer": "Engineer",
    "billing": "Billing",
    "tls_admin": "TLS admin",
    "tls_viewer": "TLS viewer",
    "user": "User",
}
_DESCRIPTIONS = {
    "superuser": "Everything, users and security included",
    "engineer": "Services: create, change, activate, purge and delete",
    "billing": "Billing and payment information",
    "tls_admin": "TLS certificates: see and change",
    "tls_viewer": "TLS certificates: see",
    "user": "Services and their statistics: see",
}
RESERVED = frozenset(text.casefold() for text in (*DISPLAY_NAMES, *DISPLAY_NAMES.values()))
"""Names, folded, that no role of a customer's own can have."""


class RoleRow(msgspec.Struct, array_like=True, frozen=True):
    """A role as it is stored."""

    customer_id: str
    id: str
    name: str
    name_key: str
    description: str | None
    permissions: str
    created_at: Instant
    updated_at: Instant

    @property
    def is_custom(self) -> bool:
        """Whether it is the customer's own."""
        return self.id not in ROLE_OF_ID

    @property
    def display_name(self) -> str:
        """The name for people."""
        return self.name if self.is_custom else DISPLAY_NAMES[self.name]

    @property
    def permission_names(self) -> frozenset[str]:
        """What it permits; of a built-in role also what it permits in a restricted form."""
        return frozenset(msgspec.json.decode(self.permissions))

    @property
    def listed(self) -> list[Permission]:
        """The same in the catalogue's order."""
        held = self.permission_names
        return [one for one in CATALOGUE if one.name in held]


def _built_in(role: str) -> RoleRow:
    held = sorted(one.name for one in CATALOGUE if one.cell(role) != "-")
    return RoleRow(
        customer_id="",
        id=ROLE_IDS[role],
        name=role,
        name_key=role,
        description=_DESCRIPTIONS[role],
        permissions=msgspec.json.encode(held).decode(),
        created_at=BUILT_IN_SINCE,
        updated_at=BUILT_IN_SINCE,
    )


BUILT_IN = tuple(_built_in(role) for role in ROLES)
"""Highest first; they stand in no table."""
