"""What a database keeps of a log, held against what the bodies of its events say.

Beside the chain itself, these can be changed without breaking a hash: the columns by which events
are looked for, and the revisions. Pure, so that other processes can do it.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from tenantry.core.clock import Instant, shown
from tenantry.core.verify_audit import Event, Found, Place, Wrong, follow

COLUMNS = ("id", "action", "event_type", "user_id", "token_id", "service_id")
"""Stand in columns of their own, and in the body."""

_decode = msgspec.json.decode


class KeptEvent(msgspec.Struct, frozen=True, array_like=True):
    """A row of the log."""

    sequence: int
    hash: bytes
    body: str
    personal: str | None
    created_at: Instant
    columns: tuple[str | None, ...]

    @classmethod
    def read(cls, *row: Any) -> "KeptEvent":
        """A row as the database has it."""
        sequence, digest, body, personal, created_at, *columns = row
        return cls(sequence, digest, body, personal, created_at, tuple(columns))


class KeptRevision(msgspec.Struct, frozen=True, array_like=True):
    """A revision, by the event that made it."""

    sequence: int
    kind: str
    row_id: str
    body: str | None


def follow_kept(
    events: Sequence[KeptEvent],
    revisions: Sequence[KeptRevision],
    before: Place,
    wanted: frozenset[int | bytes] = frozenset(),
) -> Found:
    """Follow some successive events, with the revisions that they made. Raises Wrong."""
    made: defaultdict[int, dict[str, str | None]] = defaultdict(dict)
    for one in revisions:
        digest = None if one.body is None else hashlib.sha256(one.body.encode()).hexdigest()
        made[one.sequence][f"{one.kind}/{one.row_id}"] = digest
    return follow(_checked(events, made), before, wanted)


def _checked(
    events: Sequence[KeptEvent], made: dict[int, dict[str, str | None]]
) -> Iterator[Event]:
    for kept in events:
        event = _read(kept)
        yield event
        # Only once it is known to follow: what broke the chain is told before what did not.
        _check_columns(kept, event)
        _check_rows(event, made.get(kept.sequence, {}))


def _read(kept: KeptEvent) -> Event:
    try:
        facts = _decode(kept.body, type=dict[str, Any])
        personal = {} if kept.personal is None else _decode(kept.personal, type=dict[str, Any])
    except msgspec.DecodeError as problem:
        raise Wrong(f"event {kept.sequence} was changed: {problem}") from problem
    return Event(kept.sequence, kept.hash, kept.body.encode(), facts, personal)


def _check_columns(kept: KeptEvent, event: Event) -> None:
    facts = event.facts
    for name, value in zip(COLUMNS, kept.columns, strict=True):
        if facts.get(name) != value:
            raise Wrong(f"{_named(event)} is filed under another {name} than it was recorded with")
    if facts.get("created_at") != shown(kept.created_at):
        raise Wrong(f"{_named(event)} is filed under another time than it was recorded with")


def _check_rows(event: Event, made: dict[str, str | None]) -> None:
    recorded = event.facts.get("rows", {})
    if recorded == made:
        return
    row = min(name for name in recorded | made if recorded.get(name, "") != made.get(name, ""))
    put_in = "was changed" if row in recorded else "was put in"
    what = put_in if row in made else "is missing"
    raise Wrong(f"the revision of {row} by {_named(event)} {what}")


def _named(event: Event) -> str:
    return f"event {event.sequence} ({event.facts.get('id')})"
