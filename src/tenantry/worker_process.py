"""How the processes that serve begin, and end with the one that started them."""

import asyncio
import multiprocessing
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from granian.server.common import AbstractServer

from tenantry.core.session import Unavailable

DRAIN_SECONDS = 35
"""How long requests under way may take to finish once the server is told to stop."""
PATIENCE = 10.0
"""Seconds; Granian takes it for a crash loop where one ends in less than 5.5."""
_PAUSE = 0.5
_UNTIL_IT_LISTENS = 0.1
_BETWEEN_LOOKS = 1.0
_SIGNALS = {signal.SIGINT, signal.SIGTERM}


def hold_signals() -> None:
    """Have the system keep what this process is told, until it listens.

    Granian's handlers forget what comes before it serves: who was told to stop meanwhile would go
    on, until he is killed.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)


def supervise(server: AbstractServer[Any]) -> None:
    """Run a server until it is told to stop. Raises SystemExit if its processes keep ending."""
    _hold_signals_from_birth()
    server.serve()


def _hold_signals_from_birth() -> None:
    """Have the processes that this one forks begin so."""
    parent = os.getpid()

    def at_a_birth(how: int) -> None:
        # What they fork themselves is none of that.
        if os.getpid() == parent:
            signal.pthread_sigmask(how, _SIGNALS)

    os.register_at_fork(
        before=partial(at_a_birth, signal.SIG_BLOCK),
        after_in_parent=partial(at_a_birth, signal.SIG_UNBLOCK),
    )


def heed_signals(loop: asyncio.AbstractEventLoop) -> None:
    """Have the system tell what it kept, once the loop runs and Granian serves."""
    loop.call_later(_UNTIL_IT_LISTENS, signal.pthread_sigmask, signal.SIG_UNBLOCK, _SIGNALS)


async def patiently(
    start: Callable[[], Awaitable[None]],
    note: Callable[[BaseException], None],
    *,
    patience: float = PATIENCE,
    pause: float = _PAUSE,
) -> None:
    """Start as soon as the database is there; exit when patience is over, or if told to stop.

    Patience, and the pause between two tries, are in seconds. To end at once
    would end the others too: Granian gives up on a server whose processes do.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + patience
    while loop.time() < until and not signal.sigpending() & _SIGNALS:
        try:
            return await start()
        except Unavailable as error:
            note(error)
        await asyncio.sleep(pause)
    sys.exit(1)


def end_with_parent(loop: asyncio.AbstractEventLoop) -> None:
    """Stop in order when the process that supervises this one is gone, however it ended.

    Nobody else would stop this one, and it would keep the port from whoever is started instead; so
    it ends after DRAIN_SECONDS, also if somebody reads no answer meanwhile.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def look() -> None:
        # Of its pipe nothing would be heard before those ended that were started after this one.
        if os.getppid() == parent.pid:
            loop.call_later(_BETWEEN_LOOKS, look)
            return
        signal.alarm(DRAIN_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    look()
