"""The rows of one kind at one moment, found by id or by any column."""

from collections.abc import Mapping
from typing import Any

Body = dict[str, Any]
"""What a revision says of its row."""

_NOTHING: dict[str, Body] = {}


class Table:
    """The rows of one kind, by id, and by the values of whatever column is asked for."""

    __slots__ = ("_indexes", "rows")

    def __init__(self, rows: dict[str, Body]) -> None:
        """Take the rows, which are not changed afterwards."""
        self.rows = rows
        self._indexes: dict[str, dict[Any, dict[str, Body]]] = {}

    def where(self, column: str, value: str) -> dict[str, Body]:
        """The rows in which a column has a value, by id."""
        index = self._indexes.get(column)
        if index is None:
            index = self._indexes[column] = {}
            for row_id, body in self.rows.items():
                index.setdefault(body[column], {})[row_id] = body
        return index.get(value, _NOTHING)

    def changed(self, changes: Mapping[str, Body | None]) -> "Table":
        """This table with rows put in, replaced or, for None, taken out; it stays as it is."""
        before = {one: self.rows[one] for one in changes if one in self.rows}
        new = Table({**self.rows})
        _put(new.rows, changes)
        for column, index in self._indexes.items():
            moved: dict[Any, dict[str, Body | None]] = {}
            for row_id, body in before.items():
                moved.setdefault(body[column], {})[row_id] = None
            for row_id, changed in changes.items():
                if changed is not None:
                    moved.setdefault(changed[column], {})[row_id] = changed
            copy = new._indexes[column] = {**index}
            for value, among in moved.items():
                copy[value] = {**copy.get(value, _NOTHING)}
                _put(copy[value], among)
        return new


def _put(rows: dict[str, Body], changes: Mapping[str, Body | None]) -> None:
    for row_id, body in changes.items():
        if body is None:
            rows.pop(row_id, None)
        else:
            rows[row_id] = body
