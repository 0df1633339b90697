"""How the log is reached as evidence: its signed head, the keys, an export, the verifier."""

from pathlib import Path

import msgspec

from tenantry.areas.audit import export
from tenantry.core import checkpoints, signing, verify_audit
from tenantry.core.checkpoints import Checkpoint
from tenantry.core.context import Reading
from tenantry.core.errors import bad_request
from tenantry.core.signing import PublicKey
from tenantry.http.message import Query, Response
from tenantry.http.operation import CURSORED, PUBLIC, Allow, QueryParameter, operation
from tenantry.http.paging import cursor, limited, position
from tenantry.http.wire import PLAIN

NDJSON = "application/x-ndjson"
_SEE = Allow(who="customer", permission="event.read", of_closed=True)
_VERIFIER = Path(verify_audit.__file__).read_bytes()
_DIGITS = len(str(export.FURTHEST))


class Checkpoints(msgspec.Struct):
    """Checkpoints that were kept, oldest first."""

    limit: int
    next_cursor: str
    data: list[Checkpoint]


class Keys(msgspec.Struct):
    """The keys that sign checkpoints, oldest first."""

    data: list[PublicKey]


@operation("GET /_tenantry/v1/audit/head", allow=_SEE, wire=PLAIN)
async def get_audit_head(call: Reading) -> Checkpoint:
    """A signed checkpoint of the log as it is now: keep it elsewhere, and no end can be cut off."""
    return await checkpoints.current(
        call.rows, call.keyring, call.customer_id, call.public_url, call.now
    )


@operation(
    "GET /_tenantry/v1/audit/checkpoints",
    allow=_SEE,
    wire=PLAIN,
    query=CURSORED,
)
async def list_audit_checkpoints(call: Reading, query: Query) -> Checkpoints:
    """The checkpoints that were signed on schedule and kept."""
    limit, after = limited(query, default=100), _after(query)
    found = await checkpoints.kept(call.rows, call.customer_id, after, limit + 1)
    page = found[:limit]
    return Checkpoints(limit, cursor(page[-1].sequence) if len(found) > limit else "", page)


@operation("GET /_tenantry/v1/audit/keys", allow=PUBLIC, wire=PLAIN)
async def list_audit_keys(call: Reading) -> Keys:
    """The public keys, old ones too: whoever kept a checkpoint checks its signature with them."""
    return Keys(await signing.public_keys(call.rows, call.keyring))


@operation(
    "GET /_tenantry/v1/audit/export",
    allow=_SEE,
    wire=PLAIN,
    query=(
        QueryParameter("from", "integer", "The number of the first event; default: the oldest"),
        QueryParameter("to", "integer", "The number of the last event; default: the newest"),
        QueryParameter("limit", "integer", "Events in one answer, at most 10000; default: 1000"),
    ),
)
async def export_audit_log(call: Reading, query: Query) -> Response:
    """The log as NDJSON, an event a line, in the form that `verify_audit.py` checks.

    An answer that is not the last names the next in its `Link` header. 410 if the first was
    archived, or all up to the last.
    """
    limit = limited(query, default=1000, most=export.MOST)
    first, last = _number(query, "from"), _number(query, "to")
    found = await export.export(call, first, last or export.FURTHEST, limit)
    headers: tuple[tuple[str, str], ...] = ()
    if found.following is not None:
        link = query.link({"from": found.following, "limit": limit})
        headers = (("link", f'<{link}>; rel="next"'),)
    return Response(200, found.lines, NDJSON, headers)


@operation("GET /_tenantry/v1/audit/verify_audit.py", allow=PUBLIC, wire=PLAIN)
async def get_audit_verifier(call: Reading) -> Response:  # noqa: ARG001 - every operation takes its call
    """The program that checks an export, in one file, with nothing but Python."""
    named = (("content-disposition", 'attachment; filename="verify_audit.py"'),)
    return Response(200, _VERIFIER, "text/x-python", named)


def _number(query: Query, name: str) -> int | None:
    text = query.get(name)
    if text is None or text == "":
        return None
    number = int(text[-_DIGITS:]) if text.isascii() and text.isdigit() else 0
    if not 0 < number <= export.FURTHEST or text[:-_DIGITS].strip("0"):
        detail = f"{name} must be the number of an event, from 1"
        raise bad_request(detail)
    return number


def _after(query: Query) -> int:
    text = query.get("cursor")
    if not text:
        return 0
    place = position(text)
    if len(place) != 1 or not isinstance(place[0], int) or not 0 <= place[0] <= export.FURTHEST:
        raise bad_request("The cursor is not valid")
    return place[0]
