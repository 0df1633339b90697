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
import os
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from sqlalchemy import bindparam, select

from tenantry.core import schema
from tenantry.core.clock import shown
from tenantry.core.commit import Head, Unit
from tenantry.core.context import Reads, Writing
from tenantry.core.ids import new_id
from tenantry.core.statements import Statement

PERSONAL = frozenset(
    {"email", "ip", "login", "name", "phone", "phone_number", "postal_address", "description"}
)
"""The keys whose values may name a person, wherever in an event they stand."""

FORMAT = 1


class Revision(msgspec.Struct, frozen=True):
    """A changed row as access sees it from now on; `body` is None when it is gone."""

    kind: str
    row_id: str
    body: Mapping[str, Any] | None
    is_new: bool = False


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
    principal; `user_id` names him where he proved himself by other means than a key.
    """
    unit, customer_id, actor = call.unit, call.customer_id, call.principal
    actor_id = user_id or actor.user_id
    wire_type = action if event_type == "" else event_type
    head = await unit.head(customer_id)
    sequence = head.sequence + 1
    event_id = new_id()
    personal: dict[str, tuple[str, Any]] = {}
    rows = list(rows)
    bodies = [None if row.body is None else _canonical(row.body) for row in rows]
    body = _canonical(
        {
            "action": action,
            "admin": actor.kind == "operator",
            "created_at": shown(unit.now),
            "customer_id": customer_id,
            "event_type": wire_type,
            "format": FORMAT,
            "id": event_id,
            "metadata": _sealed(dict(metadata or {}), "metadata", personal),
            "request_id": call.request_id,
            "rows": {
                f"{row.kind}/{row.row_id}": text and hashlib.sha256(text).hexdigest()
                for row, text in zip(rows, bodies, strict=True)
            },
            "sequence": sequence,
            "service_id": service_id,
            "token_id": actor.token_id or None,
            "user_id": actor_id,
            **_sealed({"description": description, "ip": call.ip}, "", personal),
        }
    )
    digest = chained(head.hash, body)
    unit.heads[customer_id] = Head(sequence, digest)
    unit.added.events.append(
        {
            "customer_id": customer_id,
            "sequence": sequence,
            "id": event_id,
            "action": action,
            "event_type": wire_type,
            "user_id": actor_id,
            "token_id": actor.token_id or None,
            "service_id": service_id,
            "created_at": unit.now,
            "body": body.decode(),
            "personal": msgspec.json.encode(personal).decode(),
            "hash": digest,
        }
    )
    _revise(unit, customer_id, sequence, zip(rows, bodies, strict=True))


def chained(before: bytes, body: bytes) -> bytes:
    """The hash of an event, from the hash of the one before it and its body."""
    return hashlib.sha256(before + body).digest()


def seal(salt: str, value: Any) -> str:
    """What stands in a body in a personal value's place."""
    return hashlib.sha256(salt.encode() + _canonical(value)).hexdigest()


def _canonical(value: Any) -> bytes:
    """RFC 8785 for what we put in: ASCII keys, no floats, text, whole numbers, booleans, null."""
    return msgspec.json.encode(value, order="sorted")


def _sealed(
    values: Mapping[str, Any], path: str, personal: dict[str, tuple[str, Any]]
) -> dict[str, Any]:
    sealed: dict[str, Any] = {}
    for key, value in values.items():
        place = f"{path}.{key}" if path else key
        if isinstance(value, Mapping):
            sealed[key] = _sealed(value, place, personal)
        elif key in PERSONAL and value is not None:
            salt = os.urandom(16).hex()
            personal[place] = (salt, value)
            sealed[key] = seal(salt, value)
        else:
            sealed[key] = value
    return sealed


def opened(body: str, personal: str | None) -> dict[str, Any]:
    """An event with its personal values back in their places; an erased one reads as empty."""
    event: dict[str, Any] = msgspec.json.decode(body)
    known = {} if personal is None else msgspec.json.decode(personal)
    _unsealed(event, "", known)
    return event


def _unsealed(values: dict[str, Any], path: str, known: Mapping[str, Any]) -> None:
    for key, value in values.items():
        place = f"{path}.{key}" if path else key
        if isinstance(value, dict):
            _unsealed(value, place, known)
        elif key in PERSONAL and value is not None:
            values[key] = known[place][1] if place in known else ""


def _revise(
    unit: Unit, customer_id: str, sequence: int, rows: Iterable[tuple[Revision, bytes | None]]
) -> None:
    for row, body in rows:
        if not row.is_new:
            unit.added.closed.append(
                {
                    "customer": customer_id,
                    "of_kind": row.kind,
                    "row": row.row_id,
                    "sequence": sequence,
                }
            )
        unit.added.opened.append(
            {
                "customer_id": customer_id,
                "kind": row.kind,
                "row_id": row.row_id,
                "from_sequence": sequence,
                "to_sequence": None,
                "body": None if body is None else body.decode(),
            }
        )


_E = schema.events.c
_CHUNK = 5000
_CUSTOMERS = Statement(
    select(schema.chains.c.customer_id, schema.chains.c.hash).order_by(schema.chains.c.customer_id)
)
_NEXT = Statement(
    select(_E.sequence, _E.id, _E.body, _E.personal, _E.hash)
    .where(_E.customer_id == bindparam("customer_id"), _E.sequence > bindparam("after"))
    .order_by(_E.sequence)
    .limit(_CHUNK)
)


class Checked(msgspec.Struct, frozen=True):
    """What checking a log found; `problem` names the first event that is wrong."""

    events: int
    problem: str | None = None


async def customers(rows: Reads, customer_id: str | None = None) -> list[str]:
    """Whose logs there are: all, or one if it is there."""
    known = [one for one, _ in await rows.all(_CUSTOMERS)]
    return [one for one in known if customer_id in {None, one}]


async def verify(rows: Reads, customer_id: str) -> Checked:
    """Recompute a customer's chain, from the first event to the head."""
    heads: dict[str, bytes] = dict(await rows.all(_CUSTOMERS))
    head = heads.get(customer_id, bytes(32))
    sequence, digest = 0, bytes(32)
    while chunk := await rows.all(_NEXT, customer_id=customer_id, after=sequence):
        for number, event_id, body, personal, stored in chunk:
            if number != sequence + 1:
                return Checked(sequence, f"event {sequence + 1} is missing")
            digest = chained(digest, body.encode())
            if digest != stored:
                return Checked(sequence, f"event {number} ({event_id}) was changed")
            if not _personal_holds(body, personal):
                return Checked(sequence, f"event {number} ({event_id}) has changed personal values")
            sequence = number
    if digest != head:
        return Checked(sequence, f"the events after {sequence} are missing")
    return Checked(sequence)


def _personal_holds(body: str, personal: str | None) -> bool:
    event = msgspec.json.decode(body)
    for place, (salt, value) in ({} if personal is None else msgspec.json.decode(personal)).items():
        inner = event
        for key in place.split("."):
            inner = inner.get(key) if isinstance(inner, dict) else None
        if inner != seal(salt, value):
            return False
    return True
