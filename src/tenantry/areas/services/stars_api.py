"""How stars are reached (contract: identity §11)."""

from typing import Literal

import msgspec

from tenantry.areas.services import stars
from tenantry.areas.services.linkage import (
    NewRelationships,
    Relationships,
    between,
    check_type,
    linked,
)
from tenantry.core.clock import shown, shown_or_none
from tenantry.core.context import Reading, Writing
from tenantry.http.body import Body
from tenantry.http.message import Query
from tenantry.http.operation import JSON_API_PAGED, PERSON, operation
from tenantry.http.paging import Meta, bracketed, json_api_links, meta
from tenantry.http.wire import CLASSIC


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
        relationships=between(row.service_id, row.user_id),
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
    check_type("data", data.type, "star")
    to = data.relationships or NewRelationships()
    service = linked(to.service, "service")
    user = linked(to.user, "user")
    row = await stars.give(call, service or "", user)
    return StarDocument(shown_star(row))


@operation("GET /stars/{star_id}", allow=PERSON, wire=CLASSIC)
async def get_service_star(call: Reading, star_id: str) -> StarDocument:
    """One star of the caller's own."""
    return StarDocument(shown_star(await stars.find(call, star_id)))


@operation("DELETE /stars/{star_id}", allow=PERSON, wire=CLASSIC, status=204)
async def delete_service_star(call: Writing, star_id: str) -> None:
    """Take a star back."""
    await stars.take(call, star_id)
