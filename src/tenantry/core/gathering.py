"""Point reads that meet become one query (PostgreSQL).

Who asks while two queries of a statement are under way waits for one of them to return, and is
then asked for together with all others who came meanwhile: the busier it is, the more share a
round trip. An answer is never older than its question.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from tenantry.core.statements import Row, Statement

UNDER_WAY = 2
Fetch = Callable[..., Awaitable[list[Any]]]


class Gathering:
    """The questions of one statement."""

    def __init__(self, statement: Statement[Any], fetch: Fetch) -> None:
        """Ask through `fetch(sql, *columns)`."""
        self._statement = statement
        self._compiled = statement.joined()
        self._fetch = fetch
        self._waiting: list[tuple[Row, asyncio.Future[Any]]] = []
        self._under_way: set[asyncio.Task[None]] = set()
        self._is_called = False

    async def ask(self, given: dict[str, Any]) -> Any:
        """The row for these parameters, made; or None."""
        answer = asyncio.get_running_loop().create_future()
        self._waiting.append((self._compiled.arguments(given), answer))
        self._call()
        return await answer

    def _call(self) -> None:
        if self._waiting and not self._is_called and len(self._under_way) < UNDER_WAY:
            self._is_called = True
            # At the end of this tick: by then others may have come.
            asyncio.get_running_loop().call_soon(self._begin)

    def _begin(self) -> None:
        self._is_called = False
        asked, self._waiting = self._waiting, []
        task = asyncio.create_task(self._answer(asked))
        self._under_way.add(task)
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._call()

    async def _answer(self, asked: list[tuple[Row, asyncio.Future[Any]]]) -> None:
        # Who asks the same as another gets the same answer.
        places: dict[Row, int] = {}
        for arguments, _ in asked:
            places.setdefault(arguments, len(places) + 1)
        columns = [list(column) for column in zip(*places, strict=True)]
        try:
            rows = await self._fetch(self._compiled.sql, *columns)
        except Exception as error:  # noqa: BLE001 - it is handed to each who waits
            for _, answer in asked:
                if not answer.done():
                    answer.set_exception(error)
            return
        made = {row[0]: self._statement.made(row[1:]) for row in rows}
        for arguments, answer in asked:
            if not answer.done():
                answer.set_result(made.get(places[arguments]))
