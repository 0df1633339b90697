"""The chain of a customer's log: its hashes, how an event is read back, and how it is checked."""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import bindparam, select

from tenantry.core import schema
from tenantry.core.session import Reads
from tenantry.core.statements import Statement

PERSONAL = frozenset(
    {"description", "email", "ip", "login", "name", "phone", "phone_number", "postal_address"}
)
"""The keys whose values may name a person, wherever in an event they stand."""

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


def chained(before: bytes, body: bytes) -> bytes:
    """The hash of an event, from the hash of the one before it and its body."""
    return hashlib.sha256(before + body).digest()


def seal(salt: str, value: Any) -> str:
    """What stands in a body in a personal value's place."""
    return hashlib.sha256(salt.encode() + canonical(value)).hexdigest()


def canonical(value: Any) -> bytes:
    """RFC 8785 for what we put in: ASCII keys, no floats, text, whole numbers, booleans, null."""
    return msgspec.json.encode(value, order="sorted")


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
