"""How service authorizations are reached (contract: access §3)."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from tenantry.areas.services import authorizations
from tenantry.areas.services.linkage import (
    NewRelationships,
    Relationships,
    between,
    check_type,
    linked,
)
from tenantry.areas.users.authorizations import AuthorizationRow, Permission
from tenantry.core.clock import shown, shown_or_none
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import bad_request
from tenantry.http.body import Body
from tenantry.http.message import Query
from tenantry.http.operation import (
    JSON_API_PAGED,
    Allow,
    operation,
    permission,
)
from tenantry.http.paging import Meta, bracketed, json_api_links, meta
from tenantry.http.wire import CLASSIC

KIND = "service_authorization"
_READ = Allow(who="customer", widened="service_authorization.read")
_MANAGE = permission("service_authorization.manage")


class AskedAttributes(msgspec.Struct):
    """How far a user is let through."""

    permission: authorizations.AskedPermission | None = None


class NewData(msgspec.Struct):
    """A service authorization to be."""

    type: str = ""
    attributes: AskedAttributes | None = None
    relationships: NewRelationships | None = None


class NewServiceAuthorization(msgspec.Struct):
    """The document that a service authorization is created from."""

    data: NewData


class ChangedData(msgspec.Struct):
    """A service authorization as it shall be; whom it lets through to what never changes."""

    id: str = ""
    type: str = ""
    attributes: AskedAttributes | None = None
    relationships: NewRelationships | None = None


class ServiceAuthorizationChange(msgspec.Struct):
    """The document that one service authorization is changed by."""

    data: ChangedData


class ServiceAuthorizationChanges(msgspec.Struct):
    """The document that up to 1000 service authorizations are changed by, all or none."""

    data: list[ChangedData]


class Named(msgspec.Struct):
    """Names a service authorization."""

    id: str = ""
    type: str = ""


class ServiceAuthorizationReferences(msgspec.Struct):
    """The document that names up to 1000 service authorizations."""

    data: list[Named]


class Attributes(msgspec.Struct):
    """A service authorization's attributes."""

    created_at: str
    updated_at: str
    deleted_at: str | None
    permission: Permission


class ServiceAuthorization(msgspec.Struct):
    """Lets a user who is limited to services through to one of them."""

    id: str
    type: Literal["service_authorization"]
    attributes: Attributes
    relationships: Relationships


class ServiceAuthorizationDocument(msgspec.Struct):
    """One service authorization."""

    data: ServiceAuthorization


class ServiceAuthorizationDocuments(msgspec.Struct):
    """Several service authorizations, in the order in which they were named."""

    data: list[ServiceAuthorization]


class ServiceAuthorizationList(msgspec.Struct):
    """A page of service authorizations."""

    data: list[ServiceAuthorization]
    links: dict[str, str]
    meta: Meta


def shown_authorization(
    row: AuthorizationRow, deleted_at: int | None = None
) -> ServiceAuthorization:
    """A service authorization; one that was deleted just now with the time of that."""
    return ServiceAuthorization(
        id=row.id,
        type="service_authorization",
        attributes=Attributes(
            shown(row.created_at),
            shown(row.updated_at),
            shown_or_none(deleted_at),
            row.permission,
        ),
        relationships=between(row.service_id, row.user_id),
    )


@operation("GET /service-authorizations", allow=_READ, wire=CLASSIC, query=JSON_API_PAGED)
async def list_service_authorization(call: Reading, query: Query) -> ServiceAuthorizationList:
    """The service authorizations that the caller sees, a page at a time: his own, or all."""
    page = bracketed(query)
    rows, records = await authorizations.list_page(call, page.size, page.skipped)
    return ServiceAuthorizationList(
        data=[shown_authorization(row) for row in rows],
        links=json_api_links(query, page, records),
        meta=meta(page, records),
    )


@operation("POST /service-authorizations", allow=_MANAGE, wire=CLASSIC)
async def create_service_authorization(
    call: Writing, body: Body[NewServiceAuthorization]
) -> ServiceAuthorizationDocument:
    """Let a user through to a service; from then on he is limited to what he is let through to."""
    data = body().data
    check_type("data", data.type, KIND)
    to = data.relationships or NewRelationships()
    user, service = linked(to.user, "user"), linked(to.service, "service")
    if user is None or service is None:
        raise bad_request("User and service are required")
    asked = None if data.attributes is None else data.attributes.permission
    new = authorizations.NewAuthorization(
        user_id=user, service_id=service, permission="full" if asked is None else asked
    )
    return ServiceAuthorizationDocument(shown_authorization(await authorizations.give(call, new)))


@operation(
    "GET /service-authorizations/{service_authorization_id}",
    allow=_READ,
    wire=CLASSIC,
)
async def show_service_authorization(
    call: Reading, service_authorization_id: str
) -> ServiceAuthorizationDocument:
    """One service authorization: one's own, or any."""
    row = await authorizations.find(call, service_authorization_id)
    return ServiceAuthorizationDocument(shown_authorization(row))


@operation(
    "PATCH /service-authorizations/{service_authorization_id}",
    allow=_MANAGE,
    wire=CLASSIC,
)
async def update_service_authorization(
    call: Writing, service_authorization_id: str, body: Body[ServiceAuthorizationChange]
) -> ServiceAuthorizationDocument:
    """Let a user through further, or less far."""
    row = await authorizations.find(call, service_authorization_id)
    asked = body().data
    if asked.id not in {"", row.id}:
        raise bad_request("The id of data must be that of the path")
    (changed,) = await authorizations.change(call, [row], [_permission(asked, row)])
    return ServiceAuthorizationDocument(shown_authorization(changed))


def _permission(asked: ChangedData, row: AuthorizationRow) -> str:
    """The permission that is asked for. Raises Problem 400 where more shall change."""
    check_type("data", asked.type, KIND)
    to = asked.relationships or NewRelationships()
    if linked(to.user, "user") not in {None, row.user_id}:
        raise bad_request("The user of a service authorization cannot be changed")
    if linked(to.service, "service") not in {None, row.service_id}:
        raise bad_request("The service of a service authorization cannot be changed")
    if asked.attributes is None or asked.attributes.permission is None:
        raise bad_request("Permission is required")
    return asked.attributes.permission


@operation(
    "DELETE /service-authorizations/{service_authorization_id}",
    allow=_MANAGE,
    wire=CLASSIC,
    status=204,
)
async def delete_service_authorization(call: Writing, service_authorization_id: str) -> None:
    """Let a user through to a service no longer; he stays limited."""
    await authorizations.withdraw(call, [await authorizations.find(call, service_authorization_id)])


@operation("PATCH /service-authorizations", allow=_MANAGE, wire=CLASSIC)
async def update_service_authorization2(
    call: Writing, body: Body[ServiceAuthorizationChanges]
) -> ServiceAuthorizationDocuments:
    """Let users through further, or less far: all of them or none."""
    asked = body().data
    rows = await authorizations.find_all(call, _ids(asked))
    permissions = [_permission(one, row) for one, row in zip(asked, rows, strict=True)]
    changed = await authorizations.change(call, rows, permissions)
    return ServiceAuthorizationDocuments([shown_authorization(row) for row in changed])


@operation("DELETE /service-authorizations", allow=_MANAGE, wire=CLASSIC)
async def delete_service_authorization2(
    call: Writing, body: Body[ServiceAuthorizationReferences]
) -> ServiceAuthorizationDocuments:
    """Let users through no longer: all of them or none. They stay limited."""
    asked = body().data
    ids = _ids(asked)
    for one in asked:
        check_type("data", one.type, KIND)
    rows = await authorizations.find_all(call, ids)
    await authorizations.withdraw(call, rows)
    return ServiceAuthorizationDocuments([shown_authorization(row, call.now) for row in rows])


def _ids(asked: Sequence[ChangedData | Named]) -> list[str]:
    """What is named, each once. Raises Problem 400."""
    ids = [one.id for one in asked]
    if not 1 <= len(ids) <= authorizations.MOST_AT_ONCE:
        detail = f"Data must name 1 to {authorizations.MOST_AT_ONCE} service authorizations"
        raise bad_request(detail)
    if not all(ids):
        raise bad_request("Id is required")
    if len(set(ids)) < len(ids):
        twice = next(one for at, one in enumerate(ids) if one in ids[:at])
        detail = f"Service authorization '{twice}' is named twice"
        raise bad_request(detail)
    return ids
