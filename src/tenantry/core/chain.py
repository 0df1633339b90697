"""The chain of a customer's log: its hashes, how an event is read back, and how it is checked."""

import asyncio
import hashlib
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Executor
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import and_, bindparam, exists, func, or_, select, union

from tenantry.core import schema
from tenantry.core.kept_events import COLUMNS, KeptEvent, KeptRevision, follow_kept
from tenantry.core.session import Reads
from tenantry.core.statements import Statement
from tenantry.core.verify_audit import FIRST, Found, Place, Wrong, joined

PERSONAL = frozenset(
    {"description", "email", "ip", "login", "name", "phone", "phone_number", "postal_address"}
)
"""The keys whose values may name a person, wherever in an event they stand."""

BEGINNING = Place()
"""Where a log begins of which nothing was archived."""

_E, _R, _H = schema.events.c, schema.revisions.c, schema.chains.c
_BLOCK = 5000
_AHEAD = 8
"""Blocks that may be with other processes at a time."""
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
    )
    .select_from(schema.customers.outerjoin(schema.chains, _H.customer_id == schema.customers.c.id))
    .where(schema.customers.c.id == bindparam("customer_id"))
)
_NEXT = Statement(
    select(
        _E.sequence, _E.hash, _E.body, _E.personal, _E.created_at, *(_E[name] for name in COLUMNS)
    )
    .where(
        _E.customer_id == bindparam("customer_id"),
        _E.sequence > bindparam("after"),
        _E.sequence <= bindparam("until"),
    )
    .order_by(_E.sequence)
    .limit(_BLOCK),
    KeptEvent.read,
)
_MADE = (
    _R.customer_id == bindparam("customer_id"),
    _R.from_sequence > bindparam("after"),
    _R.from_sequence <= bindparam("until"),
)
_REVISIONS = Statement(
    select(_R.from_sequence, _R.kind, _R.row_id, _R.body).where(*_MADE), KeptRevision
)
_OTHER = schema.revisions.alias("other")
_OF_SAME_ROW = and_(
    *(_OTHER.c[name] == _R[name] for name in ("customer_id", "kind", "row_id")),
    _OTHER.c.from_sequence > _R.from_sequence,
)
# A revision ends where the next of its row begins. That of a row that is gone may stay open.
_ENDED_WRONG = Statement(
    select(_R.from_sequence, _R.kind, _R.row_id)
    .where(
        *_MADE,
        or_(
            and_(
                _R.to_sequence.is_not(None),
                ~exists().where(_OF_SAME_ROW, _OTHER.c.from_sequence == _R.to_sequence),
            ),
            and_(
                or_(_R.to_sequence.is_not(None), _R.body.is_not(None)),
                exists().where(
                    _OF_SAME_ROW,
                    or_(_R.to_sequence.is_(None), _OTHER.c.from_sequence < _R.to_sequence),
                ),
            ),
        ),
    )
    .order_by(_R.from_sequence)
    .limit(1)
)


class Checked(msgspec.Struct, frozen=True):
    """What checking a log found: the whole events, or what is wrong first."""

    events: int
    problem: str | None = None
    found: Found | None = None


def chained(before: bytes, body: bytes) -> bytes:
    """The hash of an event, from the hash of the one before it and its body."""
    return hashlib.sha256(before + body).digest()


def seal(salt: str, value: Any) -> str:
    """What stands in a body in a personal value's place."""
    return hashlib.sha256(salt.encode() + canonical(value)).hexdigest()


def canonical(value: Any) -> bytes:
    """RFC 8785 for what we put in: ASCII keys, no floats, text, whole numbers, booleans, null."""
    return msgspec.json.encode(value, order="sorted")


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
    pool: Executor | None = None,
) -> Checked:
    """Follow a customer's log to its head, with the revisions that its events made.

    `wanted` are the numbers and the hashes of events to look for. A pool shares the work out. The
    log may grow meanwhile: what is checked is what was there at the beginning.
    """
    row = await rows.one(_HEAD, customer_id=customer_id)
    if row is None:
        return Checked(0, "there is no such customer")
    head, digest, *last = row
    begins = Place(begins.sequence, begins.hash, customer_id)
    try:
        found = await _follow(rows, begins, head, wanted, pool)
        _check_end(found.last, Place(head, bytes(digest)), *last)
    except Wrong as problem:
        return Checked(0, str(problem))
    return Checked(found.last.sequence - begins.sequence, None, found)


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


async def _follow(
    rows: Reads, begins: Place, head: int, wanted: frozenset[int | bytes], pool: Executor | None
) -> Found:
    """Follow block by block; whichever is wrong first is told."""
    found, place = Found(0, begins), begins
    waiting: deque[asyncio.Future[Found]] = deque()
    try:
        while place.sequence < head:
            span = {"customer_id": begins.customer_id, "after": place.sequence, "until": head}
            block = await rows.all(_NEXT, **span)
            if not block:
                break
            span["until"] = block[-1].sequence
            revisions = await rows.all(_REVISIONS, **span)
            work = partial(follow_kept, block, revisions, place, wanted)
            waiting.append(asyncio.get_running_loop().run_in_executor(pool, work))
            ended = await rows.one(_ENDED_WRONG, **span)
            # What is wrong with the blocks before is told first.
            while waiting and (ended or not pool or len(waiting) > _AHEAD):
                found = joined(found, await waiting.popleft())
            if ended is not None:
                sequence, kind, row_id = ended
                raise Wrong(f"the revision of {kind}/{row_id} by event {sequence} has another end")
            place = Place(block[-1].sequence, bytes(block[-1].hash), begins.customer_id)
        while waiting:
            found = joined(found, await waiting.popleft())
    finally:
        for one in waiting:
            one.cancel()
    return found
