"""What a database keeps of a log, held against what the bodies of its events say.

Beside the chain itself, these can be changed without breaking a hash: the columns by which events
are looked for, and the revisions.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any

import msgspec

from tenantry.core.clock import shown
from tenantry.core.statements import Row
from tenantry.core.verify_audit import Event, Found, Place, Wrong, follow

COLUMNS = ("id", "action", "event_type", "user_id", "token_id", "service_id")
"""Stand in columns of their own, and in the body."""

Made = defaultdict[int, dict[str, str | None]]
"""The digests of the revisions that an event made, by its number."""

_decode = msgspec.json.Decoder(dict[str, Any]).decode
_columns = itemgetter(*COLUMNS)


def follow_kept(
    events: Sequence[Row],
    revisions: Sequence[Row],
    before: Place,
    wanted: frozenset[int | bytes] = frozenset(),
) -> Found:
    """Follow some successive events, with the revisions that they made. Raises Wrong.

    An event is its number, hash, body, personal values, time and COLUMNS; a revision the number
    of the event that made it, its kind, row and body, and whether it ends where it should not.
    """
    made, ended = Made(dict), dict[int, str]()
    for sequence, kind, row_id, body, ends_wrong in revisions:
        row = f"{kind}/{row_id}"
        digest = None if body is None else hashlib.sha256(body.encode()).hexdigest()
        made[sequence][row] = digest
        if ends_wrong:
            ended[sequence] = row
    return follow(_checked(events, made, ended), before, wanted)


def _checked(events: Sequence[Row], made: Made, ended: dict[int, str]) -> Iterator[Event]:
    for sequence, digest, body, personal, created_at, *columns in events:
        event = _read(sequence, digest, body, personal)
        yield event
        # Only once it is known to follow: what broke the chain is told before what did not.
        if tuple(columns) != _columns(event.facts):
            raise Wrong(_wrong_column(event, columns))
        if event.facts["created_at"] != shown(created_at):
            raise Wrong(f"{_named(event)} is filed under another time than it was recorded with")
        if event.facts["rows"] != made[sequence]:
            raise Wrong(_wrong_row(event, made[sequence]))
        if sequence in ended:
            raise Wrong(f"the revision of {ended[sequence]} by {_named(event)} has another end")


def _read(sequence: int, digest: bytes, body: str, personal: str | None) -> Event:
    raw = body.encode()
    try:
        facts = _decode(raw)
        values = {} if personal is None else _decode(personal)
    except msgspec.DecodeError as problem:
        raise Wrong(f"event {sequence} was changed: {problem}") from problem
    return Event(sequence, bytes(digest), raw, facts, values)


def _wrong_column(event: Event, columns: Sequence[str | None]) -> str:
    recorded = zip(COLUMNS, columns, _columns(event.facts), strict=True)
    name = next(name for name, here, there in recorded if here != there)
    return f"{_named(event)} is filed under another {name} than it was recorded with"


def _wrong_row(event: Event, made: dict[str, str | None]) -> str:
    recorded = event.facts["rows"]
    row = min(name for name in recorded | made if recorded.get(name, "") != made.get(name, ""))
    put_in = "was changed" if row in recorded else "was put in"
    return f"the revision of {row} by {_named(event)} {put_in if row in made else 'is missing'}"


def _named(event: Event) -> str:
    return f"event {event.sequence} ({event.facts.get('id')})"
