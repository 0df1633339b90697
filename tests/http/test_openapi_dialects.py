"""The OpenAPI document about operations made up for it: each dialect, each kind of annotation."""

from typing import Any, Generic, TypeVar

import msgspec
from msgspec import UNSET, UnsetType
from openapi_spec_validator import OpenAPIV31SpecValidator

from tenantry.core.context import Reading, Writing
from tenantry.http.body import Body
from tenantry.http.message import Response
from tenantry.http.openapi import document
from tenantry.http.openapi_schemas import field_descriptions
from tenantry.http.operation import Answer, Operation, QueryParameter, Refused, own_or, permission
from tenantry.http.wire import CLASSIC, LEGACY, PLAIN, RESOURCE, Wire

T = TypeVar("T")


def read(table: list[Operation]) -> Any:
    """The document about these operations, as a reader gets it."""
    encoded = msgspec.json.encode(document(table, "https://accounts.example.com"))
    return msgspec.json.decode(encoded)


class Star(msgspec.Struct):
    """A star."""

    id: str
    """Its identifier (contract: protocol §9)."""
    note: str | UnsetType
    count: int | UnsetType = UNSET


class Listing(msgspec.Struct, Generic[T]):
    """A list of things."""

    data: list[T]
    """The things."""


def _example(route: str, wire: Wire, function: Any) -> Operation:
    return Operation(route, permission("user.read", sudo=True), wire, function)


async def change_star(call: Writing, star_id: str, body: Body[Star]) -> Star | Refused:  # noqa: ARG001 - only its signature is read
    """Change a star.

    The whole of it.
    """
    return Star("1", UNSET)


async def list_stars(call: Reading) -> Listing[Star] | Answer:  # noqa: ARG001 - likewise
    """Stars."""
    return Answer()


async def add_stars(call: Writing, body: Body[Listing[Star]]) -> None:
    """Add stars."""


async def show_stars(call: Reading) -> Response:  # noqa: ARG001 - likewise
    """Stars to look at."""
    return Response(200)


def test_each_dialect_is_told_as_it_is() -> None:
    rows = [
        _example("PATCH /classic/{star_id}", CLASSIC, change_star),
        _example("GET /resource", RESOURCE, list_stars),
        _example("POST /plain", PLAIN, add_stars),
        _example("GET /legacy", LEGACY, show_stars),
    ]
    rows[1].answers = Star | list[Star]
    rows[1].query = (QueryParameter("filter[name]", "string", "Only stars of that name"),)
    rows[2].status = 204
    paths = read(rows)["paths"]
    json_api = "application/vnd.api+json"
    changed = paths["/classic/{star_id}"]["patch"]
    assert list(changed["requestBody"]["content"]) == [json_api, "application/json"]
    assert changed["requestBody"]["required"]
    # Plain JSON is what a dry run is answered in.
    assert list(changed["responses"]["200"]["content"]) == [json_api, "application/json"]
    assert changed["responses"]["404"]["$ref"].endswith("/LegacyNotFound")
    assert changed["description"] == (
        "Change a star.\n\nThe whole of it.\n\n"
        "Needs the permission `user.read`. Needs sudo mode (`POST /sudo`)."
    )
    listed = paths["/resource"]["get"]["responses"]
    assert listed["400"]["$ref"].endswith("/JsonApiBadRequest")
    assert listed["403"]["$ref"].endswith("/LegacyForbidden")
    assert len(listed["200"]["content"][json_api]["schema"]["anyOf"]) == 3
    added = paths["/plain"]["post"]
    assert list(added["requestBody"]["content"]) == [f"{json_api}; ext=bulk", "application/json"]
    assert "content" not in added["responses"]["204"]
    assert list(added["responses"]["200"]["content"]) == ["application/json"]
    assert added["responses"]["415"]["$ref"].endswith("/LegacyUnsupportedMediaType")
    assert list(paths["/legacy"]["get"]["responses"]["200"]["content"]) == ["*/*"]
    assert list(OpenAPIV31SpecValidator(read(rows)).iter_errors()) == []


def test_fields_are_described_by_the_string_below_them() -> None:
    schemas = read([_example("GET /resource", RESOURCE, list_stars)])["components"]["schemas"]
    assert schemas["Star"]["properties"]["id"]["description"] == "Its identifier."
    assert schemas["Star"]["required"] == ["id"], "a field that may be unset is not required"
    assert schemas["Listing_Star_"]["properties"]["data"]["description"] == "The things."
    assert field_descriptions(Listing) == {"data": "The things."}


def test_who_may_call_is_told() -> None:
    async def get_star(call: Reading, star_id: str) -> Star:  # noqa: ARG001 - likewise
        """A star."""
        return Star("1", UNSET)

    row = Operation("GET /stars/{star_id}", own_or("user.read", "star_id"), LEGACY, get_star)
    told_of = read([row])["paths"]["/stars/{star_id}"]["get"]
    assert told_of["description"].endswith(
        "Needs the permission `user.read`, unless it is about oneself."
    )
    assert set(told_of["responses"]) == {"200", "401", "403", "404", "default"}
