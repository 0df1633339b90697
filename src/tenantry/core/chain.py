"""The chain of a customer's log: its hashes, how an event is read back, and how it is checked."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from sqlalchemy import BigInteger, bindparam, func, select, union

from tenantry.core import schema
from tenantry.core.clock import Instant
from tenantry.core.kept_events import COLUMNS, PERSONAL, Kept, follow_kept, nothing
from tenantry.core.numbering import NUMBERS
from tenantry.core.revision_ends import what_is_wrong
from tenantry.core.session import Reads
from tenantry.core.statements import Row, Statement
from tenantry.core.text_bytes import as_bytes
from tenantry.core.verify_audit import FIRST, Place, Wrong

BEGINNING = Place()
"""Where a log begins of which nothing was archived."""

_E, _R, _H = schema.events.c, schema.revisions.c, schema.chains.c
BLOCK = 450
"""Events that are read at a time: few enough for SQLite to be read where they are needed."""
# Either could be removed; then it is the other that tells.
_CUSTOMERS = Statement(union(select(schema.customers.c.id), select(_H.customer_id)).order_by("id"))
_LAST = select(func.max(_E.sequence)).where(_E.customer_id == schema.customers.c.id)
_LAST_MADE = select(func.max(_R.from_sequence)).where(_R.customer_id == schema.customers.c.id)
# One read, so that all of it is of the same moment; of a customer, because a head can be removed.
_HEAD = Statement(
    select(
        func.coalesce(_H.sequence, 0),
        func.coalesce(_H.hash, FIRST),
        func.coalesce(_LAST.scalar_subquery(), 0),
        func.coalesce(_LAST_MADE.scalar_subquery(), 0),
        func.coalesce(_H.number, 0),
        func.coalesce(_H.created_at, 0),
    )
    .select_from(schema.customers.outerjoin(schema.chains, _H.customer_id == schema.customers.c.id))
    .where(schema.customers.c.id == bindparam("customer_id"))
)
_NEXT = Statement(
    select(
        _E.sequence,
        _E.hash,
        as_bytes(_E.body),
        as_bytes(_E.personal),
        _E.created_at,
        *(_E[name] for name in (*COLUMNS, "number", *NUMBERS.values())),
    )
    .where(
        _E.customer_id == bindparam("customer_id"),
        _E.sequence > bindparam("after"),
        _E.sequence <= bindparam("until"),
    )
    .order_by(_E.sequence)
    .limit(bindparam("most", type_=BigInteger))
)
_REVISIONS = Statement(
    select(_R.from_sequence, _R.kind, _R.row_id, as_bytes(_R.body)).where(
        _R.customer_id == bindparam("customer_id"),
        _R.from_sequence > bindparam("after"),
        _R.from_sequence <= bindparam("until"),
    )
)
Follow = Callable[[Reads, Place, int, frozenset[int | bytes]], Awaitable[Kept]]
"""Follows a log from a place up to a number, looking for some events. Raises Wrong."""


class Checked(msgspec.Struct, frozen=True):
    """What checking a log found: the whole events, or what is wrong first."""

    events: int
    problem: str | None = None
    kept: Kept | None = None


def chained(before: bytes, body: bytes) -> bytes:
    """The hash of an event, from the hash of the one before it and its body."""
    return hashlib.sha256(before + body).digest()


def seal(salt: str, value: Any) -> str:
    """What stands in a body in a personal value's place."""
    return hashlib.sha256(salt.encode() + canonical(value)).hexdigest()


def canonical(value: Any) -> bytes:
    """RFC 8785 for what we put in: ASCII keys, no floats, text, whole numbers, booleans, null."""
    return _sorted(value)


_sorted = msgspec.json.Encoder(order="sorted").encode


def line(sequence: int, digest: bytes, body: str, personal: str | None) -> bytes:
    """An event as exports and archives have it, with its line's end."""
    values = "null" if personal is None else personal
    named = f'{{"sequence":{sequence},"hash":"{digest.hex()}"'
    return f'{named},"body":{body},"personal":{values}}}\n'.encode()


def opened(body: str, personal: str | None) -> dict[str, Any]:
    """An event with its personal values back in their places; an erased one reads as empty."""
    event: dict[str, Any] = msgspec.json.decode(body)
    known = {} if personal is None else msgspec.json.decode(personal)
    unseal(event, "", known)
    return event


def unseal(values: dict[str, Any], path: str, known: Mapping[str, Any]) -> None:
    """Put personal values back into a part of an event; `path` is where in it that stands."""
    for key, value in values.items():
        place = f"{path}.{key}" if path else key
        if isinstance(value, dict):
            unseal(value, place, known)
        elif key in PERSONAL and value is not None:
            values[key] = known[place][1] if place in known else ""


async def customers(rows: Reads, customer_id: str | None = None) -> list[str]:
    """Whose logs there are: all, or one if it is there."""
    known = [one for (one,) in await rows.all(_CUSTOMERS)]
    return [one for one in known if customer_id in {None, one}]


async def verify(
    rows: Reads,
    customer_id: str,
    begins: Place = BEGINNING,
    wanted: frozenset[int | bytes] = frozenset(),
    by: Follow | None = None,
) -> Checked:
    """Follow a customer's log to its head, with the revisions that its events made.

    `wanted` are the numbers and the hashes of events to look for, `by` is another way to follow
    a log than `follow`. The log may grow meanwhile: what is checked is what was there at the
    beginning.
    """
    row = await rows.one(_HEAD, customer_id=customer_id)
    if row is None:
        return Checked(0, "there is no such customer")
    head, digest, *more = row
    begins = Place(begins.sequence, begins.hash, customer_id)
    # Beside the rest, which other processes may be at.
    ends = asyncio.ensure_future(what_is_wrong(rows, customer_id, head))
    try:
        kept = await (by or follow)(rows, begins, head, wanted)
        _check_end(kept.found.last, Place(head, bytes(digest)), *more[:2])
        _check_head(kept, begins, *more[2:])
        if (problem := await ends) is not None:
            return Checked(0, problem)
    except Wrong as wrong:
        return Checked(0, str(wrong))
    finally:
        await let_go(ends)
    return Checked(kept.found.last.sequence - begins.sequence, None, kept)


def _check_end(end: Place, head: Place, last: int, last_made: int) -> None:
    """Hold where the events end against the head, and what else is there."""
    if end.sequence < head.sequence:
        after = f"the end is cut off after event {end.sequence}"
        raise Wrong(f"{after}: the head is event {head.sequence}")
    if end.hash != head.hash:
        raise Wrong(f"event {head.sequence} is not the one that the head names")
    if last > head.sequence:
        raise Wrong(f"event {head.sequence + 1} stands behind the head")
    if last_made > head.sequence:
        raise Wrong(f"a revision by event {last_made} stands behind the head")


def _check_head(kept: Kept, begins: Place, shown: int, at: Instant) -> None:
    """Hold what the head says beside its hash against the events."""
    if begins.sequence == 0:
        kept.numbered.check_beginning()
    if kept.numbered.shown != shown:
        raise Wrong(f"the head says that {shown} events are shown, wrongly")
    if kept.ended_at != at:
        raise Wrong("the head says another time than its event")


async def follow(
    rows: Reads,
    begins: Place,
    until: int,
    wanted: frozenset[int | bytes] = frozenset(),
    most: int = BLOCK,
) -> Kept:
    """Follow the events of a customer behind a place, up to a number. Raises Wrong.

    So many are read at a time, and the next while these are followed.
    """

    def ask(after: int) -> asyncio.Future[tuple[list[Row], list[Row]]] | None:
        if after >= until:
            return None
        span = {"customer_id": begins.customer_id, "after": after}
        events = rows.all(_NEXT, **span, until=until, most=most)
        # Of so many events where none is missing; nothing behind a gap is followed.
        return asyncio.gather(events, rows.all(_REVISIONS, **span, until=min(after + most, until)))

    kept, coming = nothing(begins), ask(begins.sequence)
    try:
        while coming is not None:
            events, made = await coming
            coming = ask(events[-1][0] if events else until)
            # What was asked for leaves now, before this process is busy.
            await asyncio.sleep(0)
            # Not in a thread: where this takes long, nobody else in the process has anything to do.
            follow_kept(events, made, kept, wanted)
    finally:
        if coming is not None:
            await let_go(coming)
    return kept


async def let_go(work: asyncio.Future[Any]) -> None:
    """End what nobody waits for any more, and not behind his back; it may have failed by itself."""
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
