"""How the OpenAPI document tells refusals: each as the operation's own dialect renders it."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from tenantry.core.errors import (
    Problem,
    bad_request,
    not_authorized,
    not_found,
    unauthenticated,
)
from tenantry.http.message import Response
from tenantry.http.openapi_schemas import Schemas
from tenantry.http.operation import Operation
from tenantry.http.wire import JSON, JSON_API, PROBLEM_JSON, Wire


class LegacyError(msgspec.Struct):
    """A refusal of the legacy family, and of the gateway in every one (401, 403, 405, 415, 429)."""

    msg: str
    """What is wrong, in a word or a sentence."""
    detail: str | UnsetType = UNSET
    """Why, in one sentence."""
    code: str | UnsetType = UNSET
    """A word for programs; only some operations say one."""


class BillingError(msgspec.Struct):
    """A refusal of the billing family."""

    type: str
    title: str
    code: str
    status: str
    """The status as text."""
    msg: str | UnsetType = UNSET
    """The title once more, in refusals of the gateway."""


class StatsError(msgspec.Struct):
    """A refusal of statistics: the members of an answer, with nothing in them."""

    status: str
    """`error`."""
    meta: dict[str, Any]
    msg: str
    """What is wrong, in one sentence."""
    data: dict[str, Any]


class ProblemDetails(msgspec.Struct):
    """A refusal as RFC 9457 has it."""

    title: str
    status: int
    detail: str
    errors: list[Any] | None = None
    code: str | UnsetType = UNSET
    """A word for programs; only some operations say one."""


class JsonApiError(msgspec.Struct):
    """One error of a JSON:API document."""

    title: str
    detail: str
    status: str | int | UnsetType = UNSET
    """The status as text; as a number of an address that was not verified."""
    code: str | UnsetType = UNSET
    type: str | UnsetType = UNSET
    """`address_verification`, where an address was not verified."""
    candidates: list[dict[str, str]] | UnsetType = UNSET
    """The addresses that may have been meant."""


class OAuthError(msgspec.Struct):
    """A refusal as OAuth 2.0 has it (RFC 6749 §5.2)."""

    error: str
    """A word for programs."""
    error_description: str
    """What is wrong, in one sentence."""


class JsonApiErrors(msgspec.Struct):
    """A refusal as JSON:API has it."""

    errors: list[JsonApiError]


SHAPES: dict[type, str] = {
    BillingError: "Billing",
    JsonApiErrors: "JsonApi",
    LegacyError: "Legacy",
    OAuthError: "OAuth",
    ProblemDetails: "Problem",
    StatsError: "Stats",
}
"""What refusals look like, and what the names of such responses begin with."""

_EXAMPLE_ID = "7ExampleRecord00000000"
_KINDS: dict[int, tuple[str, str, Problem]] = {
    400: ("BadRequest", "Malformed, or a value is wrong", bad_request("Name is required")),
    401: ("Unauthorized", "The key is missing, unknown or expired", unauthenticated()),
    403: ("Forbidden", "The key is good, but not for this", not_authorized()),
    404: ("NotFound", "Absent, or out of sight", not_found("record", _EXAMPLE_ID)),
    413: ("TooLarge", "The body is too large", Problem(413, "Request entity too large")),
    415: (
        "UnsupportedMediaType",
        "The body is of a type that is not taken here",
        Problem(415, "Unsupported media type", "Content type 'text/plain' is not taken here"),
    ),
    429: (
        "TooManyRequests",
        "The hour's writes are used up, or too many wrong passwords came",
        Problem(429, "You have exceeded your hourly rate limit."),
    ),
    500: ("Error", "Any other refusal", Problem(500, "Internal server error")),
}
_OTHER = 500

HEADERS: dict[str, dict[str, Any]] = {
    "Fastly-RateLimit-Remaining": {
        "description": "Writes left in this hour; on answers to writes that were made with a key",
        "schema": {"type": "integer", "minimum": 0},
    },
    "Fastly-RateLimit-Reset": {
        "description": "When the next hour begins, in seconds since 1970; beside the one above",
        "schema": {"type": "integer"},
    },
    "Tenantry-Decision": {
        "description": "By what id the refused can look up why; on 403, where a key was sent",
        "schema": {"type": "string"},
    },
    "X-Request-Id": {
        "description": "What the server's log calls this request",
        "schema": {"type": "string", "format": "uuid"},
    },
}
REQUEST_ID = {"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}}
DECISION = {"Tenantry-Decision": {"$ref": "#/components/headers/Tenantry-Decision"}}
QUOTA = {name: {"$ref": f"#/components/headers/{name}"} for name in HEADERS if "RateLimit" in name}


class Refusals:
    """The refusals that operations refer to, each described once."""

    def __init__(self, schemas: Schemas) -> None:
        """Begin with none."""
        self._schemas = schemas
        self.named: dict[str, Any] = {}

    def of(self, row: Operation) -> dict[str, Any]:
        """The refusals that follow from an operation's row, and `default` for all others."""
        refused = {str(status): self._reference(row.wire, status) for status in statuses(row)}
        return {**refused, "default": self._reference(row.wire, _OTHER)}

    def _reference(self, wire: Wire, status: int) -> dict[str, str]:
        kind, description, problem = _KINDS[status]
        rendered = wire.problem(problem)
        shape = _shape(rendered)
        name = ("Page" if shape is None else SHAPES[shape]) + kind
        response = {
            "description": description,
            "headers": _headers(status),
            "content": self._content(rendered, shape),
        }
        self.named.setdefault(name, response)
        return {"$ref": f"#/components/responses/{name}"}

    def _content(self, rendered: Response, shape: type | None) -> dict[str, Any]:
        content_type = rendered.content_type or "*/*"
        if shape is None:
            return {content_type: {"schema": {"type": "string"}}}
        example = msgspec.json.decode(rendered.body)
        return {content_type: {"schema": self._schemas.of(shape), "example": example}}


_UNCOUNTED, _DECIDED = frozenset({401}), frozenset({403})


def _headers(status: int) -> dict[str, dict[str, str]]:
    """The headers that a refusal may bear."""
    headers = REQUEST_ID if status in _UNCOUNTED else REQUEST_ID | QUOTA
    return headers | DECISION if status in _DECIDED else headers


def statuses(row: Operation) -> list[int]:
    """The statuses of refusals that follow from an operation's row."""
    found = set()
    if row.allow.who != "public":
        found |= {401, 403}
    if "{" in row.path:
        found.add(404)
    if row.query:
        found.add(400)
    if row.takes is not None:
        found |= {400, 413, 415}
    if row.writes:
        found.add(429)
    return sorted(found)


def _shape(rendered: Response) -> type | None:
    """The struct that a rendered refusal has the members of; None if it is not JSON."""
    if rendered.content_type == JSON_API:
        return JsonApiErrors
    if rendered.content_type == PROBLEM_JSON:
        return ProblemDetails
    if rendered.content_type != JSON:
        return None
    if b'"error_description"' in rendered.body:
        return OAuthError
    if b'"meta"' in rendered.body:
        return StatsError
    return BillingError if b'"type"' in rendered.body else LegacyError
