"""How long something may take: one timer for all that is under way.

`asyncio.timeout` sets a timer each, which took a twentieth of the time of a write. Here all may
take equally long, so whoever began first is due first, and a timer for him is enough.
"""

import asyncio
from types import TracebackType


class Patience:
    """So many seconds, for each of those who wait."""

    def __init__(self, seconds: float) -> None:
        """Nobody waits yet."""
        self._seconds = seconds
        self._due: dict[Wait, float] = {}
        """When each of them, in the order in which they began, has waited long enough."""
        self._timer: asyncio.TimerHandle | None = None

    def wait(self) -> "Wait":
        """`with patience.wait():` raises TimeoutError where what stands inside takes longer."""
        return Wait(self)

    def begin(self, wait: "Wait") -> None:
        """Count from now."""
        loop = asyncio.get_running_loop()
        self._due[wait] = due = loop.time() + self._seconds
        if self._timer is None:
            self._timer = loop.call_at(due, self._end)

    def leave(self, wait: "Wait") -> None:
        """He waits no longer. His timer stays: to set it anew each time would be what it spares."""
        self._due.pop(wait, None)

    def _end(self) -> None:
        """End who is due, and set the timer for who is next."""
        loop = asyncio.get_running_loop()
        self._timer = None
        while self._due:
            wait, due = next(iter(self._due.items()))
            if due > loop.time():
                self._timer = loop.call_at(due, self._end)
                return
            del self._due[wait]
            wait.end()


class Wait:
    """What one task waits for; it is broken off as by `asyncio.timeout`."""

    __slots__ = ("_cancellations", "_is_over", "_patience", "_task")

    def __init__(self, patience: Patience) -> None:
        """Begin when it is entered."""
        self._patience = patience
        self._is_over = False

    def __enter__(self) -> None:
        """Begin. Raises RuntimeError outside of a task."""
        task = asyncio.current_task()
        if task is None:
            message = "only a task can be broken off"
            raise RuntimeError(message)
        self._task = task
        self._cancellations = task.cancelling()
        self._patience.begin(self)

    def end(self) -> None:
        """It took too long."""
        self._is_over = True
        self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Raise TimeoutError if it was broken off, unless somebody else wanted that too."""
        self._patience.leave(self)
        if not self._is_over:
            return
        is_ours = self._task.uncancel() <= self._cancellations
        if is_ours and kind is asyncio.CancelledError:
            raise TimeoutError from error
