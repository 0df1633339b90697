"""Invitations as JSON:API tells them, and as they are asked for (contract: access §4)."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

from tenantry.areas.invitations.inviting import NewInvitation
from tenantry.areas.invitations.model import InvitationRow, ServiceInvitationRow, user_of
from tenantry.areas.services import authorizations
from tenantry.areas.services.linkage import Wrapped, check_type, linked
from tenantry.areas.users.authorizations import Permission
from tenantry.areas.users.model import role_ids
from tenantry.core.clock import shown, shown_or_none
from tenantry.core.errors import bad_request
from tenantry.core.permissions import COLUMNS, Role
from tenantry.http.paging import Meta

# Text, so that a wrong one is refused with the right ones; documented as the enumeration it is.
AskedRole = Annotated[str, msgspec.Meta(extra_json_schema={"enum": list(COLUMNS)})]


class AskedAttributes(msgspec.Struct):
    """Who is invited, as what."""

    email: str | None = None
    role: AskedRole | None = None
    roles: list[str] | None = None
    limit_services: bool | None = None


class AskedService(msgspec.Struct):
    """The service that is meant."""

    service: Wrapped | None = None


class AskedPermission(msgspec.Struct):
    """How far somebody will be let through."""

    permission: authorizations.AskedPermission | None = None


class AskedServiceInvitation(msgspec.Struct):
    """What somebody will be let through to: bare, or wrapped once more in `data`."""

    type: str = ""
    attributes: AskedPermission | None = None
    relationships: AskedService | None = None
    data: "AskedServiceInvitation | None" = None


class AskedServiceInvitations(msgspec.Struct):
    """All that somebody will be let through to."""

    data: list[AskedServiceInvitation] | None = None


class AskedRelationships(msgspec.Struct):
    """Who invites, and to which services."""

    customer: Wrapped | None = None
    service_invitations: AskedServiceInvitations | None = None


class AskedInvitation(msgspec.Struct):
    """An invitation to be."""

    type: str = ""
    attributes: AskedAttributes | None = None
    relationships: AskedRelationships | None = None


class CreateInvitation(msgspec.Struct):
    """The document that an invitation is created from."""

    data: AskedInvitation


class Attributes(msgspec.Struct):
    """An invitation's attributes."""

    created_at: str
    email: str
    deleted_at: str | None
    role: str
    status_code: Literal[0, 1]
    updated_at: str
    limit_services: bool
    roles: list[str]


class CustomerLinkage(msgspec.Struct):
    """Points at a customer."""

    id: str
    type: Literal["customer"] = "customer"


class ToCustomer(msgspec.Struct):
    """The customer that invites."""

    data: CustomerLinkage


class ServiceInvitationLinkage(msgspec.Struct):
    """Points at what somebody will be let through to."""

    id: str
    type: Literal["service_invitation"] = "service_invitation"


class ToServiceInvitations(msgspec.Struct):
    """All that somebody will be let through to."""

    data: list[ServiceInvitationLinkage]


class Relationships(msgspec.Struct):
    """Who invites, and to which services; left out where there are none, or just created."""

    customer: ToCustomer
    service_invitations: ToServiceInvitations | UnsetType = UNSET


class Invitation(msgspec.Struct):
    """An invitation."""

    id: str
    type: Literal["invitation"]
    attributes: Attributes
    relationships: Relationships


class InvitationDocument(msgspec.Struct):
    """One invitation."""

    data: Invitation


class InvitationList(msgspec.Struct):
    """A page of invitations."""

    data: list[Invitation]
    links: dict[str, str]
    meta: Meta


def asked_invitation(data: AskedInvitation) -> NewInvitation:
    """What is asked for, in the product's words. Raises Problem 400."""
    check_type("data", data.type, "invitation")
    attributes = data.attributes or AskedAttributes()
    to = data.relationships or AskedRelationships()
    services = None if to.service_invitations is None else to.service_invitations.data
    return NewInvitation(
        email=attributes.email or "",
        role=_checked_role(attributes.role),
        roles=attributes.roles or (),
        limit_services=attributes.limit_services,
        services=[_asked_service(one.data or one) for one in services or ()],
    )


def _asked_service(asked: AskedServiceInvitation) -> tuple[str, Permission]:
    check_type("service_invitations", asked.type, "service_invitation")
    service = linked((asked.relationships or AskedService()).service, "service")
    if service is None:
        raise bad_request("A service invitation needs a service")
    attributes = asked.attributes or AskedPermission()
    asked_for = attributes.permission
    return service, authorizations.checked_permission("full" if asked_for is None else asked_for)


def _checked_role(text: str | None) -> Role | None:
    if text is None:
        return None
    for role in COLUMNS:
        if text == role:
            return role
    detail = f"Role must be one of: {', '.join(COLUMNS)}"
    raise bad_request(detail)


def asked_customer(data: AskedInvitation) -> str | None:
    """The customer that is named, if one is. Raises Problem 400."""
    return linked((data.relationships or AskedRelationships()).customer, "customer")


def shown_invitation(
    row: InvitationRow, services: Sequence[ServiceInvitationRow] = ()
) -> Invitation:
    """A pending invitation.

    What was just created is told without its services: the official Python client raises on
    them, after the invitation exists (contract: access §4).
    """
    to = [ServiceInvitationLinkage(one.id) for one in services]
    return Invitation(
        id=row.id,
        type="invitation",
        attributes=Attributes(
            created_at=shown(row.created_at),
            email=row.email,
            deleted_at=shown_or_none(row.deleted_at),
            role=row.role,
            status_code=1,
            updated_at=shown(row.updated_at),
            limit_services=row.limit_services,
            roles=role_ids(user_of(row)),
        ),
        relationships=Relationships(
            customer=ToCustomer(CustomerLinkage(row.customer_id)),
            service_invitations=ToServiceInvitations(to) if to else UNSET,
        ),
    )
