"""Who gained and lost what between two moments, event by event, and in the end."""

import asyncio
from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import bindparam, select

from tenantry.access.comparison import Difference, affected, compare
from tenantry.access.history import Change, State
from tenantry.core import schema
from tenantry.core.chain import opened
from tenantry.core.clock import Instant
from tenantry.core.context import Reading
from tenantry.core.statements import Statement, is_one_of

_E, _R = schema.events.c, schema.revisions.c
_CHUNK = 250
MOST_READ = 2000
"""Events that are looked through for one page."""


class Event(msgspec.Struct, frozen=True, array_like=True):
    """An event, as far as it is told as a cause."""

    sequence: int
    id: str
    action: str
    created_at: Instant
    user_id: str | None
    token_id: str | None
    body: str
    personal: str | None

    @property
    def is_by_operator(self) -> bool:
        """Whether the installation's operator did it."""
        return bool(opened(self.body, self.personal)["admin"])

    @property
    def rows(self) -> list[tuple[str, str]]:
        """The rows that it revised, by kind and id."""
        told: dict[str, Any] = opened(self.body, self.personal)["rows"]
        return [(kind, row_id) for kind, _, row_id in (one.partition("/") for one in told)]


class Turn(msgspec.Struct, frozen=True):
    """An event, and what it changed for whom."""

    event: Event
    differences: list[Difference]


_NEXT = Statement(
    select(*(schema.events.c[name] for name in Event.__struct_fields__))
    .where(
        _E.customer_id == bindparam("customer_id"),
        _E.sequence > bindparam("after"),
        _E.sequence <= bindparam("until"),
    )
    .order_by(_E.sequence)
    .limit(_CHUNK),
    Event,
)


class _Revised(msgspec.Struct, frozen=True, array_like=True):
    sequence: int
    kind: str
    row_id: str
    body: str | None


_REVISED = Statement(
    select(_R.from_sequence, _R.kind, _R.row_id, _R.body)
    .where(
        _R.customer_id == bindparam("customer_id"),
        is_one_of(_R.kind, "kinds"),
        is_one_of(_R.row_id, "ids"),
        _R.from_sequence > bindparam("after"),
        _R.from_sequence <= bindparam("until"),
    )
    .order_by(_R.from_sequence),
    _Revised,
)


async def turns(
    call: Reading, state: State, until: int, limit: int
) -> tuple[list[Turn], int | None]:
    """The events after a state that changed anybody's access, as many as a page holds.

    And the number of the last event looked at, if there are more to look at.
    """
    found: list[Turn] = []
    after = state.sequence
    for _ in range(MOST_READ // _CHUNK):
        events = await call.all(_NEXT, customer_id=call.customer_id, after=after, until=until)
        if not events:
            return found, None
        changes = await _changes(call, events)
        wanted = limit - len(found)
        more, state = await asyncio.to_thread(_walk, state, events, changes, wanted)
        found += more
        after = state.sequence
        if len(found) == limit:
            break
    return found, after if after < until else None


async def _changes(call: Reading, events: list[Event]) -> dict[int, list[Change]]:
    """The revisions of some successive events, by their numbers."""
    rows = {row for event in events for row in event.rows}
    if not rows:
        return {}
    revised = await call.all(
        _REVISED,
        customer_id=call.customer_id,
        kinds=sorted({kind for kind, _ in rows}),
        ids=sorted({row_id for _, row_id in rows}),
        after=events[0].sequence - 1,
        until=events[-1].sequence,
    )
    changes: dict[int, list[Change]] = {}
    for one in revised:
        changes.setdefault(one.sequence, []).append(Change.read(one.kind, one.row_id, one.body))
    return changes


def _walk(
    state: State, events: Iterable[Event], changes: dict[int, list[Change]], wanted: int
) -> tuple[list[Turn], State]:
    found: list[Turn] = []
    for event in events:
        made = changes.get(event.sequence, [])
        after = state.changed(made, event.sequence)
        differences = compare(state, after, affected(state, after, made))
        state = after
        if differences:
            found.append(Turn(event, differences))
            if len(found) == wanted:
                break
    return found, state
