"""What a database keeps of a log, held against what the bodies of its events say.

Beside the chain itself, these can be changed without breaking a hash: the columns by which events
are looked for, their numbers, the revisions; and personal values can be taken away.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from operator import attrgetter
from typing import Any

import msgspec

from tenantry.core.clock import SECOND, Instant
from tenantry.core.event_numbers import FIELDS, Numbered
from tenantry.core.statements import Row
from tenantry.core.verify_audit import (
    SALT,
    Event,
    Found,
    Place,
    Wanted,
    Wrong,
    joined,
    seal,
    why,
)

PERSONAL = frozenset(
    {"description", "email", "ip", "login", "name", "phone", "phone_number", "postal_address"}
)
"""The keys whose values may name a person, wherever in an event they stand."""
ARCHIVED, ERASED = "log.archive", "user.erase"
"""Actions of the events that tell what was done to the log itself."""
COLUMNS = ("id", "action", *FIELDS)
"""Stand in columns of their own, and in the body."""

_TELLING = frozenset({ARCHIVED, ERASED})
Made = dict[int, dict[str, str | None]]
"""The digests of the revisions that an event made, by its number."""
Bare = tuple[int, list[str]]
"""The number of an event that lacks personal values, and the places of these."""


class Facts(msgspec.Struct):
    """A body."""

    sequence: int
    customer_id: str
    created_at: datetime
    description: str
    ip: str | None
    metadata: dict[str, Any]
    rows: dict[str, str | None]
    id: str
    action: str
    event_type: str | None
    user_id: str | None
    token_id: str | None
    service_id: str | None


class Told(msgspec.Struct, frozen=True):
    """An event that tells of an archive or an erasure."""

    sequence: int
    action: str
    metadata: dict[str, Any]


class Kept(msgspec.Struct):
    """What was found in successive events of a database."""

    found: Found
    numbered: Numbered
    began_at: Instant = 0
    ended_at: Instant = 0
    """When the first and the last of them happened."""
    told: list[Told] = []
    bare: list[Bare] = []

    def go_on(self, other: "Kept") -> None:
        """Go on with what was found in the events that follow. Raises Wrong."""
        if self.ended_at > other.began_at > 0:
            raise Wrong(f"event {other.found.first} happened before the one before it")
        self.numbered.go_on(other.numbered)
        self.found = joined(self.found, other.found)
        self.began_at = self.began_at or other.began_at
        self.ended_at = other.ended_at or self.ended_at
        self.told += other.told
        self.bare += other.bare


_facts = msgspec.json.Decoder(Facts).decode
_anything = msgspec.json.Decoder(dict[str, Any]).decode
_values = msgspec.json.Decoder(dict[str, tuple[str, msgspec.Raw]]).decode
_filed = attrgetter(*COLUMNS)
_NONE: dict[str, str | None] = {}


def nothing(before: Place) -> Kept:
    """Nothing yet, behind a place."""
    return Kept(Found(0, before), Numbered(before.sequence))


def follow_kept(
    events: Sequence[Row], revisions: Sequence[Row], kept: Kept, wanted: Wanted = frozenset()
) -> None:
    """Go on through some events, with the revisions that they made. Raises Wrong.

    An event is its number, hash, body, personal values, time, COLUMNS, its number among those that
    are shown and among those with the same value of FIELDS; a revision the number of the event
    that made it, its kind, row and body. Texts that were hashed come as bytes.
    """
    made = _made(revisions)
    first, (sequence, digest, customer_id), looked = kept.found
    for event in events:
        number, stored, body, personal, created_at = event[:5]
        follows = sha256(digest + body).digest() == stored and number == sequence + 1
        facts = _understood(event) if follows else None
        if facts is None or facts.sequence != number:
            raise Wrong(why(_read(event), Place(sequence, digest)))
        if facts.customer_id != customer_id:
            raise Wrong(f"event {number} is another customer's")
        _check_personal(facts, personal, kept.bare)
        if event[5:11] != _filed(facts) or facts.created_at.timestamp() != created_at // SECOND:
            raise Wrong(_wrong_column(facts, event[5:11]))
        if facts.rows != made.get(number, _NONE):
            raise Wrong(_wrong_row(facts, made.get(number, _NONE)))
        if created_at < kept.ended_at:
            raise Wrong(f"event {number} happened before the one before it")
        kept.numbered.follow(number, event[7:11], event[11:])
        if facts.action in _TELLING:
            kept.told.append(Told(number, facts.action, facts.metadata))
        if number in wanted or stored in wanted:
            looked = {**looked, number: stored}
        sequence, digest, kept.ended_at = number, stored, created_at
    if events:
        kept.began_at = kept.began_at or events[0][4]
        first = first or events[0][0]
    kept.found = Found(first, Place(sequence, digest, customer_id), looked)


def _made(revisions: Sequence[Row]) -> Made:
    made = Made()
    for sequence, kind, row_id, body in revisions:
        digest = None if body is None else sha256(body).hexdigest()
        made.setdefault(sequence, {})[f"{kind}/{row_id}"] = digest
    return made


def _understood(event: Row) -> Facts:
    try:
        return _facts(event[2])
    except msgspec.DecodeError as problem:
        raise Wrong(f"event {event[0]} was changed: {problem}") from problem


def _read(event: Row) -> Event:
    """An event whose body may say anything. Raises Wrong if it is none."""
    number, stored, body, *_ = event
    try:
        return Event(number, stored, body, _anything(body), {})
    except msgspec.DecodeError as problem:
        raise Wrong(f"event {number} was changed: {problem}") from problem


def _wrong_column(facts: Facts, filed: Sequence[Any]) -> str:
    recorded = zip(COLUMNS, filed, _filed(facts), strict=True)
    name = next((name for name, here, there in recorded if here != there), "time")
    return f"{_named(facts)} is filed under another {name} than it was recorded with"


def look_through(event: Event, told: list[Told], bare: list[Bare]) -> None:
    """Note what an event that was archived tells of erasures, and what it lacks itself."""
    facts = _facts(event.body)
    if facts.action in _TELLING:
        told.append(Told(facts.sequence, facts.action, facts.metadata))
    if gone := _sealed(facts).keys() - event.personal.keys():
        bare.append((facts.sequence, sorted(gone)))


def _sealed(facts: Facts) -> dict[str, Any]:
    """The seals in an event, by their places."""
    sealed = {"description": facts.description}
    if facts.ip is not None:
        sealed["ip"] = facts.ip
    _collect(facts.metadata, "metadata.", sealed)
    return sealed


def _check_personal(facts: Facts, personal: bytes | None, bare: list[Bare]) -> None:
    """Hold personal values against their seals; `bare` is told where one is gone. Raises Wrong."""
    sealed = _sealed(facts)
    try:
        known = {} if personal is None else _values(personal)
    except msgspec.DecodeError as problem:
        raise Wrong(f"{_named(facts)} has changed personal values: {problem}") from problem
    for place, (salt, value) in known.items():
        inner = sealed.get(place)
        # Text is stored as it was hashed; the members of anything else may stand otherwise.
        if len(salt) != SALT or (
            inner != sha256(salt.encode() + value).hexdigest()
            and inner != seal(salt, msgspec.json.decode(value))
        ):
            raise Wrong(f"{_named(facts)} has a changed {place}")
    if len(known) != len(sealed):
        bare.append((facts.sequence, sorted(sealed.keys() - known.keys())))


def _collect(values: Mapping[str, Any], path: str, sealed: dict[str, Any]) -> None:
    """The seals in a part of an event, by their places."""
    for key, value in values.items():
        if key in PERSONAL:
            if value is not None:
                sealed[path + key] = value
        elif value.__class__ is dict:
            _collect(value, f"{path}{key}.", sealed)


def _wrong_row(facts: Facts, made: Mapping[str, str | None]) -> str:
    recorded = facts.rows
    row = min(name for name in {**recorded, **made} if recorded.get(name, "") != made.get(name, ""))
    put_in = "was changed" if row in recorded else "was put in"
    return f"the revision of {row} by {_named(facts)} {put_in if row in made else 'is missing'}"


def _named(facts: Facts) -> str:
    return f"event {facts.sequence} ({facts.id})"
