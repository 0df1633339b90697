"""How stars are reached (contract: identity §11)."""

from typing import Literal

import msgspec

from tenantry.areas.services import stars
from tenantry.core.clock import shown, shown_or_none
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import bad_request
from tenantry.http.body import Body
from tenantry.http.message import Query
from tenantry.http.operation import JSON_API_PAGED, PERSON, operation
from tenantry.http.paging import Meta, bracketed, json_api_links, meta
from tenantry.http.wire import CLASSIC


class Linkage(msgspec.Struct):
    """What a relationship points at, as it is sent: perhaps with its type, or an empty one."""

    id: str
    type: str = ""


class Wrapped(msgspec.Struct):
    """A relationship in either of its spellings: in `data`, or bare (access §2.3)."""

    data: Linkage | None = None
    id: str = ""
    type: str = ""


class NewRelationships(msgspec.Struct):
    """Whose star on what."""

    service: Wrapped | None = None
    user: Wrapped | None = None


class NewStarData(msgspec.Struct):
    """A star to be."""

    type: str = ""
    relationships: NewRelationships | None = None


class NewStar(msgspec.Struct):
    """The document that a star is created from."""

    data: NewStarData


class Stamps(msgspec.Struct):
    """A star's attributes."""

    created_at: str
    updated_at: str
    deleted_at: str | None


class ServiceLinkage(msgspec.Struct):
    """Points at a service."""

    id: str
    type: Literal["service"] = "service"


class UserLinkage(msgspec.Struct):
    """Points at a user."""

    id: str
    type: Literal["user"] = "user"


class ToService(msgspec.Struct):
    """The service that is starred."""

    data: ServiceLinkage


class ToUser(msgspec.Struct):
    """Whose star it is."""

    data: UserLinkage


class Relationships(msgspec.Struct):
    """Whose star on what."""

    service: ToService
    user: ToUser


class Star(msgspec.Struct):
    """A star."""

    id: str
    type: Literal["star"]
    attributes: Stamps
    relationships: Relationships


class StarDocument(msgspec.Struct):
    """One star."""

    data: Star


class StarList(msgspec.Struct):
    """A page of stars."""

    data: list[Star]
    links: dict[str, str]
    meta: Meta


def shown_star(row: stars.StarRow) -> Star:
    """A star."""
    return Star(
        id=row.id,
        type="star",
        attributes=Stamps(
            shown(row.created_at), shown(row.updated_at), shown_or_none(row.deleted_at)
        ),
        relationships=Relationships(
            service=ToService(ServiceLinkage(row.service_id)),
            user=ToUser(UserLinkage(row.user_id)),
        ),
    )


@operation("GET /stars", allow=PERSON, wire=CLASSIC, query=JSON_API_PAGED)
async def list_service_stars(call: Reading, query: Query) -> StarList:
    """The caller's own stars, a page at a time."""
    page = bracketed(query)
    rows, records = await stars.list_page(call, page.size, page.skipped)
    return StarList(
        data=[shown_star(row) for row in rows],
        links=json_api_links(query, page, records),
        meta=meta(page, records),
    )


@operation("POST /stars", allow=PERSON, wire=CLASSIC)
async def create_service_star(call: Writing, body: Body[NewStar]) -> StarDocument:
    """Star a service as oneself."""
    data = body().data
    _check_type("data", data.type, "star")
    to = data.relationships or NewRelationships()
    service = _linked(to.service, "service")
    user = _linked(to.user, "user")
    row = await stars.give(call, service or "", user)
    return StarDocument(shown_star(row))


def _linked(relationship: Wrapped | None, kind: str) -> str | None:
    """The id that a relationship names, if there is one. Raises Problem 400."""
    if relationship is None:
        return None
    linkage = relationship.data or relationship
    _check_type(kind, linkage.type, kind)
    return linkage.id or None


def _check_type(place: str, given: str, expected: str) -> None:
    """Refuse a wrong type; a missing or empty one is fine (access §2.3)."""
    if given not in {"", expected}:
        detail = f"The type of {place} must be '{expected}'"
        raise bad_request(detail)


@operation("GET /stars/{star_id}", allow=PERSON, wire=CLASSIC)
async def get_service_star(call: Reading, star_id: str) -> StarDocument:
    """One star of the caller's own."""
    return StarDocument(shown_star(await stars.find(call, star_id)))


@operation("DELETE /stars/{star_id}", allow=PERSON, wire=CLASSIC, status=204)
async def delete_service_star(call: Writing, star_id: str) -> None:
    """Take a star back."""
    await stars.take(call, star_id)
