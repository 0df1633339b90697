"""A process that archives, or erases somebody from archives, and is killed at a step, or stopped.

    python -m tests.live.dying URL FOLDER archive|erase EVENT N [SIGSTOP]

It is killed (SIGKILL), or else gets that signal, at the N-th EVENT that Python audits, such as the
renaming of a file.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

from tenantry.areas.audit import retention
from tests.areas.erasure_calls import NINA, erase
from tests.world import DAY, WIDGETS, open_world

LATER = 402 * DAY
ORIGIN = "https://accounts.example.com"


def _die_at(event: str, count: int, by: str, within: str) -> None:
    left = count

    def hear(name: str, given: tuple[Any, ...]) -> None:
        nonlocal left
        if name == event and str(given[0]).startswith(within):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.Signals[by])

    sys.addaudithook(hear)


async def _run(url: str, folder: Path, work: str, step: tuple[str, int, str]) -> None:
    world = await open_world(url, folder)
    world.clock.turn(LATER)
    if work == "erase":
        assert (await erase(world, customer_id=WIDGETS, login=NINA))[0] == 200
    kept = folder / "archive"
    _die_at(*step, str(kept / WIDGETS))
    if work == "erase":
        await world.app.worker().deliver_due()
    else:
        app = world.app
        await retention.archive_due(app.database, app.keyring, str(kept), ORIGIN)
    await world.stop()


if __name__ == "__main__":
    database, place, asked, event_name, number, *by = sys.argv[1:]
    last = (event_name, int(number), by[0] if by else "SIGKILL")
    asyncio.run(_run(database, Path(place), asked, last))
