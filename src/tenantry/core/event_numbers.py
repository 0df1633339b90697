"""The numbers of events, and what was counted of them, held against the log: see `numbering.py`.

A list of events is a range of these numbers, from 1 on, so who changes one could hide an event from
every list, and no hash would mind.
"""

from collections.abc import Sequence

import msgspec
from sqlalchemy import BigInteger, bindparam, func, select

from tenantry.core import log_tables
from tenantry.core.numbering import NUMBERS
from tenantry.core.session import Reads
from tenantry.core.statements import Statement
from tenantry.core.verify_audit import Wrong

FIELDS = tuple(NUMBERS)
_NONE = [None] * len(FIELDS)
_E, _C = log_tables.events.c, log_tables.event_counts.c
_VALUES = Statement(
    select(_C.value).where(
        _C.customer_id == bindparam("customer_id"), _C.field == bindparam("field")
    )
)


def _miscounted(field: str) -> Statement[tuple[str, int]]:
    """Values that were counted otherwise than the newest event with them is numbered."""
    newest = (
        select(func.max(_E[NUMBERS[field]]))
        .where(_E.customer_id == _C.customer_id, _E[field] == _C.value)
        .scalar_subquery()
    )
    gone = bindparam("is_pruned", type_=BigInteger) * _C.count
    return Statement(
        select(_C.value, _C.count)
        .where(
            _C.customer_id == bindparam("customer_id"),
            _C.field == field,
            _C.count != func.coalesce(newest, gone),
        )
        .limit(1)
    )


_MISCOUNTED = {field: _miscounted(field) for field in FIELDS}


class Numbered(msgspec.Struct):
    """How successive events are numbered: among all that are shown, and by the values of FIELDS."""

    sequence: int
    """The last event that has numbers: those of an older process have none yet."""
    began: int = 0
    """The first."""
    before: int = 0
    shown: int = 0
    """How many are shown before the first, and up to the last."""
    first: list[dict[str, int]] = msgspec.field(default_factory=lambda: [{} for _ in FIELDS])
    last: list[dict[str, int]] = msgspec.field(default_factory=lambda: [{} for _ in FIELDS])
    """Of each value the first and the last number."""

    def follow(
        self, sequence: int, values: Sequence[str | None], given: Sequence[int | None]
    ) -> None:
        """Go on with an event: its values by FIELDS, its number and those by FIELDS. Raises Wrong.

        The first value is the type: an event without one is not shown.
        """
        among, *numbers = given
        is_shown = values[0] is not None
        if (among is None or not is_shown) and numbers != _NONE:
            raise Wrong(f"event {sequence} has numbers that it should not have")
        if among is None:
            return
        if not self.began:
            self.began, self.before, self.shown = sequence, among - is_shown, among - is_shown
        is_next = among == self.shown + is_shown and sequence == self.sequence + 1
        if self.before < 0 or not is_next:
            raise Wrong(f"event {sequence} is number {among} of those that are shown, wrongly")
        self.sequence, self.shown = sequence, among
        if is_shown:
            self._follow_values(sequence, values, numbers)

    def _follow_values(
        self, sequence: int, values: Sequence[str | None], numbers: Sequence[int | None]
    ) -> None:
        fields = zip(FIELDS, values, numbers, self.first, self.last, strict=True)
        for field, value, number, first, last in fields:
            if value is None and number is None:
                continue
            if value is None or number is None:
                raise Wrong(_misnumbered(sequence, field, value, number))
            if number < 1 or number != last.get(value, number - 1) + 1:
                raise Wrong(_misnumbered(sequence, field, value, number))
            first.setdefault(value, number)
            last[value] = number

    def go_on(self, other: "Numbered") -> None:
        """Go on with what another found in the events that follow. Raises Wrong."""
        if not other.began:
            return
        if not self.began:
            self.began, self.before, self.shown = other.began, other.before, other.before
        if other.before != self.shown or other.began != self.sequence + 1:
            raise Wrong(f"event {other.began} is not numbered as the one before it is")
        self.sequence, self.shown = other.sequence, other.shown
        for at, firsts in enumerate(other.first):
            for value, number in firsts.items():
                if number != self.last[at].get(value, number - 1) + 1:
                    later = _misnumbered(other.began, FIELDS[at], value, number)
                    raise Wrong(f"{later}, or one after it")
                self.first[at].setdefault(value, number)
            self.last[at].update(other.last[at])

    def check_beginning(self) -> None:
        """Of a log that is there from its first event on, every number begins with 1."""
        if self.before:
            raise Wrong(f"event {self.began} is number {self.before + 1} of those that are shown")
        for field, firsts in zip(FIELDS, self.first, strict=True):
            for value, number in firsts.items():
                if number != 1:
                    raise Wrong(f"the first event with {field} {value} has the number {number}")


def _misnumbered(sequence: int, field: str, value: str | None, number: int | None) -> str:
    return f"event {sequence} is number {number} of those with {field} {value}, wrongly"


async def check_counts(
    rows: Reads, customer_id: str, numbered: Numbered, *, is_pruned: bool
) -> None:
    """Hold what was counted against the numbers; the log may grow meanwhile. Raises Wrong.

    What is left of no event that is kept can't be told.
    """
    of = {"customer_id": customer_id}
    for field, last in zip(FIELDS, numbered.last, strict=True):
        for value, count in await rows.all(_MISCOUNTED[field], **of, is_pruned=int(is_pruned)):
            raise Wrong(f"{count} events were counted with {field} {value}, wrongly")
        known = {value for (value,) in await rows.all(_VALUES, **of, field=field)}
        for value in last.keys() - known:
            raise Wrong(f"no events were counted with {field} {value}, wrongly")
