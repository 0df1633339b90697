"""One row of the operation table as an Operation Object of OpenAPI."""

import sys
from http import HTTPStatus
from typing import Any, get_args, get_origin

import msgspec

from tenantry.http.dry_run import Rehearsal
from tenantry.http.message import Response
from tenantry.http.openapi_refusals import QUOTA, REQUEST_ID, Refusals
from tenantry.http.openapi_schemas import Schemas, parts, told
from tenantry.http.operation import Allow, Answer, Operation, Refused
from tenantry.http.wire import FORM, HTML, JSON, JSON_API

BULK = f"{JSON_API}; ext=bulk"

_BASIC = frozenset({"create_token", "update_user_password"})
"""Where HTTP Basic proves who asks (contract: protocol §2)."""
_ONE_TIME = _BASIC | {"request_sudo_access"}
"""Where a person with two factors sends the second (contract: protocol §2)."""
_OTP = {
    "name": "Fastly-OTP",
    "in": "header",
    "description": "The one-time password of a user who has two factors",
    "schema": {"type": "string"},
}
_DRY_RUN = {
    "name": "dry_run",
    "in": "query",
    "description": "Change nothing, and tell whose access would change how",
    "schema": {"type": "boolean"},
}
_SUCCESS = {201: "Created", 202: "Accepted", 204: "Done; there is nothing to tell", 303: "There"}


def _home(row: Operation) -> str:
    """The package or module that speaks for an operation's area."""
    place = row.function.__module__.split(".")
    return ".".join(place[:2] if place[1] == "console" else place[:3])


def room(row: Operation) -> str:
    """The area that an operation belongs to."""
    return _home(row).rpartition(".")[2]


def room_description(row: Operation) -> str:
    """What stands at the top of that area."""
    return told(sys.modules[_home(row)].__doc__)


def types_of(row: Operation) -> list[Any]:
    """Every type that needs a schema for this operation."""
    rehearsed = [Rehearsal] if may_be_tried(row) else []
    return [*answered(row), *([] if row.takes is None else [_taken(row)]), *rehearsed]


def may_be_tried(row: Operation) -> bool:
    """Whether there is a dry run of it."""
    return row.writes and row.allow.who != "public"


def answered(row: Operation) -> list[Any]:
    """The types of a success: what is returned, but for refusals; `answers` behind an Answer."""
    found: list[Any] = []
    for part in parts(row.returns):
        if part in {None, type(None), Refused}:
            continue
        if part in {Answer, Response}:
            found += [] if row.answers is None else parts(row.answers)
        else:
            found.append(part)
    return found


def operation_object(row: Operation, schemas: Schemas, refusals: Refusals) -> dict[str, Any]:
    """The whole of it."""
    text = told(row.function.__doc__)
    document: dict[str, Any] = {
        "operationId": row.name,
        "tags": [room(row)],
        "summary": text.partition("\n")[0].removesuffix("."),
        "description": f"{text}\n\n{who_may(row.allow)}",
        "parameters": _parameters(row),
    }
    if row.takes is not None:
        document["requestBody"] = _request_body(row, schemas)
    document["responses"] = {**_successes(row, schemas), **refusals.of(row)}
    if row.name in _BASIC:
        document["security"] = [{}, {"basic": []}, {"token": []}, {"bearer": []}]
    elif row.allow.who == "public":
        document["security"] = []
    return document


def who_may(allow: Allow) -> str:
    """Who may call it, in a sentence."""
    if allow.permission is not None:
        where = " on the service" if allow.service else ""
        unless = ", unless it is about oneself" if allow.own is not None else ""
        sentence = f"Needs the permission `{allow.permission}`{where}{unless}."
    elif allow.widened is not None:
        sentence = f"{_WHO[allow.who][:-1]}; about others with the permission `{allow.widened}`."
    elif allow.owner:
        sentence = "For the account's owner."
    else:
        sentence = _WHO[allow.who]
    return f"{sentence} Needs sudo mode (`POST /sudo`)." if allow.sudo else sentence


_WHO = {
    "public": "No key needed.",
    "any key": "For any key, whatever its scope.",
    "customer": "For everybody of the customer.",
    "person": "For users, not for automation tokens.",
    "operator": "For operator keys.",
}


def _parameters(row: Operation) -> list[dict[str, Any]]:
    segments = [part[1:-1] for part in row.path.split("/") if part.startswith("{")]
    path = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": f"The {name.removesuffix('_id').replace('_', ' ')}"
            + ("'s identifier" if name.endswith("_id") else ""),
            "schema": {"type": "string"},
        }
        for name in segments
    ]
    query = [
        {
            "name": one.name,
            "in": "query",
            "description": one.description,
            "schema": {"type": one.type},
        }
        for one in row.query
    ]
    more = [_OTP] if row.name in _ONE_TIME else []
    return path + query + more + ([_DRY_RUN] if may_be_tried(row) else [])


def _taken(row: Operation) -> Any:
    return get_args(row.takes)[0]


def _request_body(row: Operation, schemas: Schemas) -> dict[str, Any]:
    struct = _taken(row)
    fields = msgspec.structs.fields(struct)
    is_required = not row.wire.takes_forms or any(field.required for field in fields)
    return {
        "required": is_required,
        "content": {name: {"schema": schemas.of(struct)} for name in media_types(row)},
    }


def media_types(row: Operation) -> list[str]:
    """What the body may come as, the usual one first (contract: protocol §5)."""
    fields = msgspec.structs.fields(_taken(row))
    if any(one.encode_name == "data" and get_origin(one.type) is list for one in fields):
        return [BULK, JSON]
    if row.wire.takes_forms:
        return [FORM, JSON]
    return [JSON] if row.wire.content_type == JSON else [row.wire.content_type, JSON]


def _successes(row: Operation, schemas: Schemas) -> dict[str, Any]:
    """The answer, and that to a dry run, which is always 200 and plain JSON."""
    answers = {str(row.status): _success(row, schemas)}
    if may_be_tried(row):
        headers = REQUEST_ID | QUOTA
        done = answers.setdefault("200", {"description": "What would follow", "headers": headers})
        told_by = answered(row) if done.get("content", {}).get(JSON) else []
        done["content"] = {
            **done.get("content", {}),
            JSON: {"schema": schemas.either([*told_by, Rehearsal])},
        }
    return answers


def _success(row: Operation, schemas: Schemas) -> dict[str, Any]:
    document: dict[str, Any] = {
        "description": _SUCCESS.get(row.status, "Done"),
        "headers": REQUEST_ID | QUOTA if row.writes else REQUEST_ID,
    }
    content = _content(row, schemas)
    return document if content is None else {**document, "content": content}


def _content(row: Operation, schemas: Schemas) -> dict[str, Any] | None:
    told_by = answered(row)
    if row.status == HTTPStatus.SEE_OTHER:
        return None
    if row.wire.content_type == HTML:
        return {HTML: {"schema": {"type": "string"}}}
    if told_by:
        return {row.wire.content_type: {"schema": schemas.either(told_by)}}
    returned = parts(row.returns)
    if Response in returned:
        return {"*/*": {}}
    return {row.wire.content_type: {}} if Answer in returned else None
