"""The OpenAPI 3.1 document, read off the operation table: what it says cannot differ from it."""

from functools import lru_cache
from typing import Any

import msgspec

from tenantry import __version__
from tenantry.core.context import Reading
from tenantry.http.openapi_operations import (
    operation_object,
    room,
    room_description,
    types_of,
)
from tenantry.http.openapi_refusals import HEADERS, SHAPES, Refusals
from tenantry.http.openapi_schemas import Schemas
from tenantry.http.operation import PUBLIC, TABLE, Operation, operation
from tenantry.http.wire import CONSOLE, LEGACY

OPENAPI = "3.1.0"
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

_INFO = {
    "title": "Tenantry",
    "version": __version__,
    "summary": "A self-hosted account backend",
    "description": (
        "Customers, the people in them, what each may do, their tokens and invitations, what "
        "they used and who did what. It speaks the Fastly Account API on the wire, so that "
        "clients of that API work against it unmodified.\n\nWhoever calls with an operator key "
        "adds `customer_id` to the query to act inside that customer."
    ),
    "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
}
_SECURITY = {
    "token": {
        "type": "apiKey",
        "in": "header",
        "name": "Fastly-Key",
        "description": "A token of a user, an automation token, or an operator key",
    },
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "The same token, where `Fastly-Key` is not sent",
    },
    "basic": {
        "type": "http",
        "scheme": "basic",
        "description": "A user's login and password",
    },
}


def document(table: list[Operation], public_url: str) -> dict[str, Any]:
    """Everything about the operations that programs call, in an order that is always the same."""
    called = [row for row in table if not row.path.startswith(CONSOLE)]
    rows = sorted(called, key=lambda row: (row.path, _METHODS.index(row.method)))
    schemas = Schemas([*SHAPES, *(one for row in rows for one in types_of(row))])
    refusals = Refusals(schemas)
    paths: dict[str, dict[str, Any]] = {}
    for row in rows:
        item = paths.setdefault(row.path, {})
        item[row.method.lower()] = operation_object(row, schemas, refusals)
    rooms = {room(row): room_description(row) for row in rows}
    return {
        "openapi": OPENAPI,
        "info": _INFO,
        "servers": [{"url": public_url}],
        "security": [{"token": []}, {"bearer": []}],
        "tags": [{"name": name, "description": rooms[name]} for name in sorted(rooms)],
        "paths": paths,
        "components": {
            "schemas": schemas.named,
            "responses": {name: refusals.named[name] for name in sorted(refusals.named)},
            "headers": HEADERS,
            "securitySchemes": _SECURITY,
        },
    }


@lru_cache(maxsize=1)
def _encoded(public_url: str) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(document(TABLE, public_url)))


@operation("GET /openapi.json", allow=PUBLIC, wire=LEGACY)
async def get_openapi(call: Reading) -> msgspec.Raw:
    """This document."""
    return _encoded(call.public_url)
