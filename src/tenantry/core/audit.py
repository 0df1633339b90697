"""The log: what happened, to what, by whom, chained so that nothing can be changed unseen.

Events are numbered per customer, without gaps. An event's `body` is a canonical JSON text (RFC
8785); its hash is SHA-256 over the hash before it and that text, so a chain is checked with
nothing but the bodies. Personal values never stand in a body: there stands the SHA-256 of a
random salt and the value, and salt and value stand beside, in `personal`. Erasing a person
removes them from there, and every hash still holds.

The same call closes the old revision of each changed row and opens the new one, stamped with the
event's number, and seals the revision's digest into the body: so the state of any past moment can
be read back, and trusted. Revisions hold what access depends on, and nothing personal.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from tenantry.core.additions import Head
from tenantry.core.chain import canonical, chained, seal
from tenantry.core.clock import Instant, shown
from tenantry.core.context import Writing
from tenantry.core.event_types import EVENT_TYPES
from tenantry.core.ids import id_at, new_id
from tenantry.core.kept_events import PERSONAL

FORMAT = 1

Personal = dict[str, tuple[str, Any]]
"""Salts and personal values, by where in an event they stand."""

_encode = msgspec.json.Encoder().encode
_EVENT_TYPES = frozenset(EVENT_TYPES)
_BEGINNERS = frozenset({"service", "token", "user"})
"""Kinds of rows that change nothing for anybody who was there before them, when they are new."""


class Revision(msgspec.Struct, frozen=True):
    """A changed row as access sees it from now on; `body` is None when it is gone."""

    kind: str
    row_id: str
    body: Mapping[str, Any] | None
    is_new: bool = False

    def digest(self) -> str | None:
        """What an event's body says of it."""
        return _digest(None if self.body is None else canonical(self.body))


Changes = list[tuple[Revision, bytes | None]]
"""Changed rows, each with its text; None if it is gone."""


async def record(  # noqa: PLR0913 - an event has that many sides
    call: Writing,
    action: str,
    description: str,
    *,
    event_type: str | None = "",
    metadata: Mapping[str, Any] | None = None,
    service_id: str | None = None,
    user_id: str | None = None,
    rows: Iterable[Revision] = (),
) -> None:
    """Append one event to the customer's log, with the revisions of the rows it changed.

    `action` is our own precise name. `event_type` is the name on the wire, where that differs
    (contract: billing §8.3), or None for what the wire has no name for. The actor is the call's
    principal; `user_id` names him where he had no key. Raises ValueError for other names.
    """
    wire_name, changes, personal = _wire_name(action, event_type), _written(rows), Personal()
    head = await call.unit.head(call.customer_id)
    sequence, now = head.sequence + 1, max(call.now, head.created_at)  # time never goes back
    event = {
        "action": action,
        "admin": call.principal.kind == "operator",
        "created_at": shown(now),
        "customer_id": call.customer_id,
        "decision_id": call.decision_id(),
        "description": _hidden(description, "description", personal),
        "event_type": wire_name,
        "format": FORMAT,
        "id": id_at(sequence),
        "ip": _hidden(call.via or call.ip, "ip", personal),
        "metadata": _sealed(metadata, "metadata.", personal) if metadata else {},
        "request_id": call.request_id,
        "rows": {f"{row.kind}/{row.row_id}": _digest(text) for row, text in changes},
        "sequence": sequence,
        "service_id": service_id,
        "token_id": call.principal.token_id or None,
        "user_id": user_id or call.principal.user_id,
    }
    _append(call, event, personal, now, changes)


def _wire_name(action: str, event_type: str | None) -> str | None:
    """A name that clients know: one that they don't makes them fail on a whole list."""
    name = action if event_type == "" else event_type
    if name is not None and name not in _EVENT_TYPES:
        message = f"{name!r} is no event type of the wire"
        raise ValueError(message)
    return name


def _written(rows: Iterable[Revision]) -> Changes:
    return [(row, None if row.body is None else canonical(row.body)) for row in rows]


def _digest(text: bytes | None) -> str | None:
    """What an event's body says of a changed row."""
    return None if text is None else hashlib.sha256(text).hexdigest()


def _append(
    call: Writing, event: dict[str, Any], personal: Personal, now: Instant, changes: Changes
) -> None:
    """Chain an event to the one before: it is the end of the log then. With the rows it changed."""
    head, sequence, body = call.unit.heads[call.customer_id], event["sequence"], canonical(event)
    digest = chained(head.hash, body)
    is_calm = changes and all(row.is_new and row.kind in _BEGINNERS for row, _ in changes)
    calm_since = head.calm_since if is_calm else sequence
    number = head.number + (event["event_type"] is not None)
    call.unit.heads[call.customer_id] = Head(sequence, digest, calm_since, now, number, head.newest)
    # What events are looked for by stands in columns of its own as well.
    call.unit.added.events.append(
        event
        | {
            "created_at": now,
            "body": body.decode(),
            "personal": _encode(personal).decode(),
            "hash": digest,
            "number": number,
        }
    )
    _revise(call, sequence, changes)


def _revise(call: Writing, sequence: int, changes: Changes) -> None:
    for row, text in changes:
        if not row.is_new:
            call.unit.added.closed.append(
                {
                    "customer": call.customer_id,
                    "of_kind": row.kind,
                    "row": row.row_id,
                    "sequence": sequence,
                }
            )
        call.unit.added.opened.append(
            {
                "customer_id": call.customer_id,
                "kind": row.kind,
                "row_id": row.row_id,
                "from_sequence": sequence,
                "to_sequence": None,
                "body": None if text is None else text.decode(),
            }
        )


def _hidden(value: Any, place: str, personal: Personal) -> str:
    """What stands for a personal value; the value itself goes beside the body."""
    salt = new_id()  # nobody can guess it
    personal[place] = (salt, value)
    return seal(salt, value)


def _sealed(values: Mapping[str, Any], path: str, personal: Personal) -> dict[str, Any]:
    sealed: dict[str, Any] = {}
    for key, value in values.items():
        if key in PERSONAL and value is not None:
            sealed[key] = _hidden(value, path + key, personal)
        elif isinstance(value, dict):
            sealed[key] = _sealed(value, f"{path}{key}.", personal)
        else:
            sealed[key] = value
    return sealed
