"""What a scenario file may say of access: roles, groups, authorizations, invitations."""

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta

from tenantry.areas.operator.scenario_parts import (
    Description,
    Id,
    InvitationRef,
    Name,
    RoleRef,
    Row,
    ServiceGroupRef,
    ServiceRef,
    UserRef,
)
from tenantry.areas.users.authorizations import Permission
from tenantry.core import permissions

if TYPE_CHECKING:
    PermissionName = str
else:
    # Read off the catalogue; sorted, as the schema of files lists them.
    PermissionName = Literal[tuple(sorted(permissions.PERMISSIONS))]


class Role(Row, frozen=True, kw_only=True):
    """A role of the customer's own. Its natural key is the name."""

    id: Id | None = None
    name: Name
    description: Description | None = None
    permissions: list[PermissionName] = msgspec.field(default_factory=list)


class ServiceGroup(Row, frozen=True, kw_only=True):
    """Services under one name. Its natural key is the name."""

    id: Id | None = None
    name: Name
    description: Description | None = None
    services: list[ServiceRef] = msgspec.field(default_factory=list)


class UserGroup(Row, frozen=True, kw_only=True):
    """People under one name, and what they may do by it. Its natural key is the name."""

    id: Id | None = None
    name: Name
    description: Description | None = None
    users: list[UserRef] = msgspec.field(default_factory=list)
    invitations: Annotated[
        list[InvitationRef], Meta(description="Who will be in it as soon as he accepts")
    ] = msgspec.field(default_factory=list)
    roles: Annotated[list[RoleRef], Meta(description="What its users may do")] = msgspec.field(
        default_factory=list
    )
    service_groups: Annotated[
        list[ServiceGroupRef], Meta(description="The services on which its roles hold")
    ] = msgspec.field(default_factory=list)


class ServiceAuthorization(Row, frozen=True, kw_only=True):
    """Lets a user who is limited to services through to one. Its natural key is both."""

    id: Id | None = None
    user: UserRef
    service: ServiceRef
    permission: Permission = "full"


class ServiceInvitation(Row, frozen=True, kw_only=True):
    """What an invitation will let its user through to."""

    service: ServiceRef
    permission: Permission = "full"


class Invitation(Row, frozen=True, kw_only=True):
    """Somebody who may join. Its natural key is the e-mail; the code to accept it is printed."""

    id: Id | None = None
    email: Annotated[str, Meta(description="An e-mail address: the login to be")]
    role: permissions.Role = "user"
    roles: Annotated[
        list[RoleRef], Meta(description="Several roles, or the customer's own; then leave role out")
    ] = msgspec.field(default_factory=list)
    limit_services: Annotated[
        bool | None, Meta(description="True if there are services, unless said otherwise")
    ] = None
    services: Annotated[
        list[ServiceInvitation],
        Meta(max_length=1000, description="What he will be let through to"),
    ] = msgspec.field(default_factory=list)
    invited_by: Annotated[
        UserRef | None, Meta(description="Who invites: login or id; the owner if left out")
    ] = None
