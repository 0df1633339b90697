"""The numbers of events held against the log: see `numbering.py`.

A list of events is a range of these numbers, from 1 on, so who changes one could hide an event from
every list, and no hash would mind.
"""

from collections.abc import Sequence

import msgspec

from tenantry.core.numbering import NUMBERS
from tenantry.core.verify_audit import Wrong

FIELDS = tuple(NUMBERS)
_NONE = [None] * len(FIELDS)


class Numbered(msgspec.Struct):
    """How successive events are numbered: among all that are shown, and by the values of FIELDS."""

    sequence: int
    """The last of them."""
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
        if not is_shown and numbers != _NONE:
            raise Wrong(f"event {sequence} has numbers that it should not have")
        if among is None:
            raise Wrong(f"event {sequence} lacks the number of those that are shown")
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
        for at, last in enumerate(self.last):
            value, number = values[at], numbers[at]
            if value is None and number is None:
                continue
            if value is None or number is None:
                raise Wrong(_misnumbered(sequence, FIELDS[at], value, number))
            if number != last.get(value, 0) + 1 or number == 1:
                if number < 1 or value in last:
                    raise Wrong(_misnumbered(sequence, FIELDS[at], value, number))
                self.first[at][value] = number
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
