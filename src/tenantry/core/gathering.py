"""Reads by key that meet become one query (PostgreSQL).

Who asks while two queries of a statement are under way waits for one of them to return, and is
then asked for together with all others who came meanwhile: the busier it is, the more share a
round trip; but the longer the answers are, the fewer. An answer is never older than its question.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

from tenantry.core.statements import Row, Statement

R = TypeVar("R")

UNDER_WAY = 2
MOST = 64
"""Questions that share a query."""
ROWS = 400
"""Rows that a query should bring: many long lists at once would outgrow the processor's cache."""
Fetch = Callable[..., Awaitable[list[Any]]]


class Found(Generic[R]):
    """What a question found: the rows, made, and the version that came along with them.

    The version is the number of the newest event of the customer that the rows are of; None where
    it was not seen. Several may have asked the same: the rows are not to be changed.
    """

    __slots__ = ("rows", "version")

    def __init__(self) -> None:
        """Nothing yet."""
        self.rows: list[R] = []
        self.version: int | None = None


class Gathering:
    """The questions of one statement."""

    def __init__(self, statement: Statement[Any], fetch: Fetch) -> None:
        """Ask through `fetch(sql, *columns)`."""
        self._made = statement.row
        self._compiled = statement.joined()
        self._fetch = fetch
        self._waiting: list[tuple[Row, asyncio.Future[Found[Any]]]] = []
        self._under_way: set[asyncio.Task[None]] = set()
        self._is_called = False
        self._most = MOST

    def ask(self, given: dict[str, Any]) -> asyncio.Future[Found[Any]]:
        """What there is for these parameters; shared with who asks the same."""
        answer = asyncio.get_running_loop().create_future()
        self._waiting.append((self._compiled.arguments(given), answer))
        self._call()
        return answer

    def _call(self) -> None:
        if self._waiting and not self._is_called and len(self._under_way) < UNDER_WAY:
            self._is_called = True
            # At the end of this tick: by then others may have come.
            asyncio.get_running_loop().call_soon(self._begin)

    def _begin(self) -> None:
        self._is_called = False
        asked, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        task = asyncio.create_task(self._answer(asked))
        self._under_way.add(task)
        task.add_done_callback(self._end)
        self._call()

    def _end(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._call()

    async def _answer(self, asked: list[tuple[Row, asyncio.Future[Found[Any]]]]) -> None:
        # Who asks the same as another gets the same answer.
        found: dict[Row, Found[Any]] = {arguments: Found() for arguments, _ in asked}
        columns = [list(column) for column in zip(*found, strict=True)]
        try:
            rows = await self._fetch(self._compiled.sql, *columns)
        except Exception as error:  # noqa: BLE001 - it is handed to each who waits
            for _, answer in asked:
                if not answer.done():
                    answer.set_exception(error)
            return
        self._most = min(max(ROWS * len(found) // max(len(rows), 1), 1), MOST)
        self._sort(rows, list(found.values()))
        for arguments, answer in asked:
            if not answer.done():
                answer.set_result(found[arguments])

    def _sort(self, rows: list[Any], found: list[Found[Any]]) -> None:
        """To each question the rows that name its place, which counts from 1."""
        made = self._made
        for row in rows:
            one = found[row[0] - 1]
            one.version = row[1]
            one.rows.append(row[2:] if made is None else made(*row[2:]))
