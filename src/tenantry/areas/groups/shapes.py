"""What the operations of both kinds of groups share: references, and names of things."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from tenantry.areas.groups.membership import Named
from tenantry.http.paging import ListMeta

MOST = 1000
"""What a set is extended or reduced by in one call."""


class Reference(msgspec.Struct, frozen=True):
    """Names something."""

    id: str


References = Annotated[list[Reference], msgspec.Meta(min_length=1, max_length=MOST)]
FirstReferences = Annotated[list[Reference], msgspec.Meta(max_length=MOST)]
"""What a new group has from the start; there may be none."""


def ids(references: Sequence[Reference]) -> list[str]:
    """What is named."""
    return [one.id for one in references]


class NamedServiceGroup(msgspec.Struct):
    """A service group that a user group's roles act on."""

    id: str
    object: Literal["service_group"]
    name: str


class NamedServiceGroups(msgspec.Struct):
    """Service groups of a user group."""

    data: list[NamedServiceGroup]
    meta: ListMeta


class NamedService(msgspec.Struct):
    """A service in a service group."""

    id: str
    object: Literal["service"]
    name: str


class NamedServices(msgspec.Struct):
    """Services of a service group."""

    data: list[NamedService]
    meta: ListMeta


class NamedRole(msgspec.Struct):
    """A role that a user group gives."""

    id: str
    object: Literal["role"]
    name: str


class NamedRoles(msgspec.Struct):
    """Roles of a user group."""

    data: list[NamedRole]
    meta: ListMeta


def services(rows: Sequence[Named]) -> list[NamedService]:
    """Services by name."""
    return [NamedService(row.id, "service", row.name) for row in rows]


def roles(rows: Sequence[Named]) -> list[NamedRole]:
    """Roles by name."""
    return [NamedRole(row.id, "role", row.name) for row in rows]


def service_groups(rows: Sequence[Named]) -> list[NamedServiceGroup]:
    """Service groups by name."""
    return [NamedServiceGroup(row.id, "service_group", row.name) for row in rows]
