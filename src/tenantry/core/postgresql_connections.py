"""The connections that a process has to a PostgreSQL server: few, and taken in turn.

asyncpg's own pool would do, but takes as long for lending a connection as a short query takes: it
wraps each in an object of its own, and has a task take it back.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import asyncpg

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]
else:
    Connection = asyncpg.Connection

IDLE_SECONDS = 300.0
"""After so long, or twice that, what nobody used is closed: networks forget it without a word."""
_CLOSING_SECONDS = 5


class Connections:
    """Whoever takes one gives it back; the one that was given back last is taken first."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[Connection]],
        most: int,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        """Open none yet, and never more than `most`."""
        self._connect = connect
        self._most = most
        self._idle_seconds = idle_seconds
        self._opened = 0
        """Those in use, those that are free, and those that are being opened."""
        self._free: list[Connection] = []
        self._untouched = 0
        """So many of the free ones nobody took since idle ones were last closed."""
        self._waiting: deque[asyncio.Future[Connection | None]] = deque()
        self._is_closing = False
        self._timer: asyncio.TimerHandle | None = None

    def free(self) -> Connection | None:
        """Take one that is open, if there is one."""
        while self._free:
            connection = self._free.pop()
            self._untouched = min(self._untouched, len(self._free))
            if not connection.is_closed():
                return connection
            self._opened -= 1
        return None

    async def take(self) -> Connection:
        """Take one: a free one, or a new one, or else wait in turn.

        Raises OSError, TimeoutError or the driver's own error where it can't be opened.
        """
        if self._is_closing:
            message = "the connections are being closed"
            raise asyncpg.InterfaceError(message)
        connection = self.free()
        if connection is None and self._opened >= self._most:
            connection = await self._wait()
        elif connection is None:
            self._opened += 1
        return connection or await self._open()

    def give_back(self, connection: Connection, *, is_ready: bool = True) -> None:
        """Let others have it; last of all, where a query that was given up may be cancelled yet."""
        if connection.is_closed():
            self._hand_on(None)
        elif is_ready or self._waiting:
            self._hand_on(connection)
        else:
            self._free.insert(0, connection)
            self._untouched = 0

    async def close(self) -> None:
        """Close all, each when it is given back."""
        self._is_closing = True
        if self._timer is not None:
            self._timer.cancel()
        while self._opened:
            connection = self._free.pop() if self._free else await self._wait()
            if connection is not None:
                # It is gone then, if not in peace.
                with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                    await connection.close(timeout=_CLOSING_SECONDS)
            self._opened -= 1

    async def _wait(self) -> Connection | None:
        """A connection in turn; None is the place of one that was lost."""
        turn: asyncio.Future[Connection | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._hand_on(turn.result())
            raise

    async def _open(self) -> Connection:
        try:
            connection = await self._connect()
        except BaseException:
            self._hand_on(None)
            raise
        if self._timer is None:
            self._close_idle()
        return connection

    def _hand_on(self, connection: Connection | None) -> None:
        """To whoever waits longest; without a connection, the place for a new one."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(connection)
                return
        if connection is None:
            self._opened -= 1
        else:
            self._free.append(connection)

    def _close_idle(self) -> None:
        for connection in self._free[: self._untouched]:
            connection.terminate()
        self._opened -= self._untouched
        del self._free[: self._untouched]
        self._untouched = len(self._free)
        self._timer = asyncio.get_running_loop().call_later(self._idle_seconds, self._close_idle)
