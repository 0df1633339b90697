"""What a batch of units adds to the logs, the history and the outbox, written in one go."""

from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import and_, bindparam, update

from tenantry.core import schema
from tenantry.core.bulk import adding
from tenantry.core.clock import Instant
from tenantry.core.numbering import Newest, number
from tenantry.core.session import Session
from tenantry.core.statements import Compiled, Row, Statement


class Head(msgspec.Struct, frozen=True):
    """The end of a customer's log."""

    sequence: int = 0
    hash: bytes = bytes(32)
    calm_since: int = 0
    """The oldest number since which, as far as is known, no event changed what anybody may."""
    created_at: Instant = 0
    """When the newest event happened: no later one may have happened before."""
    number: int = 0
    """How many of the events the wire shows."""
    newest: Newest = {}
    """Some of the newest numbers by what events are looked for by; never changed in place."""

    def keeps(self, version: int) -> bool:
        """Whether who was read as of that number still is and may the same."""
        return self.calm_since <= version <= self.sequence


class Additions(msgspec.Struct):
    """Rows that a unit adds to the log and the outbox, written together at the end of a batch."""

    events: list[dict[str, Any]] = msgspec.field(default_factory=list)
    closed: list[dict[str, Any]] = msgspec.field(default_factory=list)
    opened: list[dict[str, Any]] = msgspec.field(default_factory=list)
    letters: list[dict[str, Any]] = msgspec.field(default_factory=list)
    others: list[tuple[Statement[Any], dict[str, Any]]] = msgspec.field(default_factory=list)

    def extend(self, other: "Additions") -> None:
        """Take over another's rows."""
        self.events += other.events
        self.closed += other.closed
        self.opened += other.opened
        self.letters += other.letters
        self.others += other.others


_HEAD = [column.name for column in schema.chains.columns]
_MOVE_HEAD = adding(
    schema.chains,
    _HEAD,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["customer_id"], set_={name: insert.excluded[name] for name in _HEAD[1:]}
    ),
)
_CLOSE = Statement(
    update(schema.revisions)
    .where(
        and_(
            schema.revisions.c.customer_id == bindparam("customer"),
            schema.revisions.c.kind == bindparam("of_kind"),
            schema.revisions.c.row_id == bindparam("row"),
            schema.revisions.c.to_sequence.is_(None),
        )
    )
    .values(to_sequence=bindparam("sequence"))
)
_ADD_EVENT, _OPEN, _ADD_LETTER = (
    adding(table, [column.name for column in table.columns])
    for table in (schema.events, schema.revisions, schema.outbox)
)


async def write(session: Session, additions: Additions, moved: dict[str, Head]) -> dict[str, Head]:
    """Everything that a batch adds, all inserts together, and the heads that it moved.

    Returns these heads, with the newest numbers of their events.
    """
    _close_opened(additions.opened)
    known = {customer_id: head.newest for customer_id, head in moved.items()}
    newest = await number(session, additions.events, known)
    others: dict[Statement[Any], list[dict[str, Any]]] = {}
    for statement, row in additions.others:
        others.setdefault(statement, []).append(row)
    if additions.closed:
        # Row after row, because the order counts where a row changed twice.
        close = _CLOSE.on(session.dialect)
        await session.run_many(close, [close.arguments(row) for row in additions.closed])
    added: list[tuple[Compiled, list[Row]]] = []
    for statement, rows in (
        *others.items(),
        (_ADD_EVENT, additions.events),
        (_OPEN, additions.opened),
        (_ADD_LETTER, additions.letters),
        (_MOVE_HEAD, [_moved(customer_id, moved[customer_id]) for customer_id in sorted(moved)]),
    ):
        if rows:
            compiled = statement.on(session.dialect)
            added.append((compiled, [compiled.arguments(row) for row in rows]))
    if added:
        await session.add_all(added)
    return {
        customer_id: replace(head, newest=newest[customer_id])
        for customer_id, head in moved.items()
    }


def _moved(customer_id: str, head: Head) -> dict[str, Any]:
    return {
        "customer_id": customer_id,
        "sequence": head.sequence,
        "hash": head.hash,
        "created_at": head.created_at,
        "number": head.number,
    }


def _close_opened(opened: list[dict[str, Any]]) -> None:
    """Of a row that changed twice in a batch, end the first revision where the second begins."""
    last: dict[tuple[str, str, str], dict[str, Any]] = {}
    for revision in opened:
        key = revision["customer_id"], revision["kind"], revision["row_id"]
        if key in last:
            last[key]["to_sequence"] = revision["from_sequence"]
        last[key] = revision
