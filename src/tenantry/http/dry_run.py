"""`?dry_run=true`: what a change would do to everybody's access, without making it.

The change is made in its unit of work as ever, with every check and refusal, and then undone: what
it would have written tells what would follow. Nothing is sent, and nothing stays but the count of
the write.
"""

import asyncio
from typing import Any, Literal

import msgspec

from tenantry.access import history
from tenantry.access.comparison import Difference, consequences
from tenantry.access.decide import decide
from tenantry.access.history import Change, State
from tenantry.access.table import Body
from tenantry.access.verdict import ABOUT_OTHERS
from tenantry.core.chain import opened
from tenantry.core.context import Principal, Writing
from tenantry.core.errors import bad_request
from tenantry.core.session import Reads
from tenantry.http.message import Query, Request, Response
from tenantry.http.operation import Operation
from tenantry.http.wire import JSON, PAGE

_WORDS = {"true": True, "1": True, "false": False, "0": False}


class WouldBe(msgspec.Struct, frozen=True):
    """An event that the change would write."""

    action: str
    event_type: str | None
    description: str


class Rehearsal(msgspec.Struct, frozen=True):
    """The answer to a dry run: what would be logged, and whose access would change how.

    Who may not ask about others is told of himself alone, also by the events; nobody of a key that
    he may not read.
    """

    events: list[WouldBe]
    changes: list[Difference]
    dry_run: Literal[True] = True


class Rehearsed(Exception):
    """Ends a unit of work that went well, so that it is undone."""

    def __init__(self, call: Writing) -> None:
        """Take what the call's unit would have written of its customer."""
        super().__init__()
        unit, events = call.unit, call.unit.added.events
        # An operator's own endpoints find out by themselves which customer they are about.
        customer_id = call.customer_id or (events[0]["customer_id"] if events else "")
        self.principal = call.principal
        self.customer_id = customer_id
        self.now = unit.now
        self.events = _of(customer_id, events)
        self.opened = _of(customer_id, unit.added.opened)
        head = unit.heads.get(customer_id)
        self.before = (head.sequence if head else 0) - len(self.events)
        """The number of the newest event without the change."""


def _of(customer_id: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row["customer_id"] == customer_id]


def is_asked(request: Request, operation: Operation) -> bool:
    """Whether a write is only to be tried. Raises Problem 400."""
    word = Query(request).get("dry_run") if request.query_string else None
    if word is None:
        return False
    if word.lower() not in _WORDS:
        raise bad_request("dry_run must be true or false")
    if _WORDS[word.lower()] and (operation.allow.who == "public" or operation.wire is PAGE):
        # Whose access would change is not known before it is done; and a page that refuses a
        # password must count that.
        raise bad_request("dry_run is not available here")
    return _WORDS[word.lower()]


async def rehearsal(rows: Reads, rehearsed: Rehearsed) -> Response:
    """The answer: what would have followed."""
    before = await history.load(rows, rehearsed.customer_id, rehearsed.before, rehearsed.now)
    changes = [Change.read(one["kind"], one["row_id"], one["body"]) for one in rehearsed.opened]
    # A change may concern thousands of people: they are compared off the event loop.
    differences = await asyncio.to_thread(consequences, before, changes)
    events = [opened(one["body"], one["personal"]) for one in rehearsed.events]
    keys = _keys(before, changes)
    events = [one for one in events if _sees_keys(rehearsed.principal, one, keys)]
    if not decide(rehearsed.principal.grants, ABOUT_OTHERS).allowed:
        himself = _himself(rehearsed.principal)
        differences = [one for one in differences if one.id in himself]
        events = [one for one in events if one["metadata"].get("user_id") in {None, *himself}]
    would_be = [WouldBe(one["action"], one["event_type"], one["description"]) for one in events]
    return Response(200, msgspec.json.encode(Rehearsal(would_be, differences)), JSON)


def _himself(principal: Principal) -> set[str]:
    return {one for one in (principal.user_id, principal.token_id) if one}


def _keys(before: State, changes: list[Change]) -> dict[str, Body]:
    """The tokens that a change begins or ends, by id, as they are while they stand."""
    ended = before.table("token").rows
    tokens = [one for one in changes if one.kind == "token"]
    keys = {one.row_id: ended[one.row_id] for one in tokens if one.row_id in ended}
    return keys | {one.row_id: one.body for one in tokens if one.body}


def _sees_keys(principal: Principal, event: dict[str, Any], keys: dict[str, Body]) -> bool:
    """Whether the keys that an event begins or ends are the caller's, or he may read them."""
    ids = [row.partition("/")[2] for row in event["rows"] if row.startswith("token/")]
    return all(_sees_key(principal, one, keys[one]) for one in ids)


def _sees_key(principal: Principal, token_id: str, key: Body) -> bool:
    if _himself(principal) & {token_id, key["user_id"]}:
        return True
    needed = "automation_token.read" if key["kind"] == "automation" else "token.read_all"
    return decide(principal.grants, needed).allowed
