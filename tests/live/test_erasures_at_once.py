"""Two processes take two people out of the same archive at once: both are gone from it."""

import asyncio
import gzip
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tenantry.areas.audit import retention
from tests.areas.erasure_calls import NINA, erase, live_and_leave
from tests.live.dying import LATER, ORIGIN
from tests.world import ADA, WIDGETS, World, open_world

pytestmark = pytest.mark.live

OLAF = "olaf@example.com"


async def _archived(url: str, folder: Path) -> World:
    """A world in whose archive both stand, who have left."""
    world = await open_world(url, folder)
    await live_and_leave(world)
    olaf = await world.ask(ADA, "POST", "/user", data={"login": OLAF, "name": "Olaf Berg"})
    assert (await world.ask(ADA, "DELETE", f"/user/{olaf.json()['id']}")).status_code == 200
    world.clock.turn(LATER)
    app, kept = world.app, str(folder / "archive")
    assert await retention.archive_due(app.database, app.keyring, kept, ORIGIN) > 0
    return world


def _stopped(url: str, folder: Path) -> subprocess.Popen[bytes]:
    """A process that has read the archive to take Nina out, and has not yet written it."""
    step = ("tempfile.mkstemp", "1", "SIGSTOP")
    command = [sys.executable, "-m", "tests.live.dying", url, str(folder), "erase", *step]
    process = subprocess.Popen(command)
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    return process


async def test_two_people_are_erased_at_once(database_url: str, tmp_path: Path) -> None:
    world = await _archived(database_url, tmp_path)
    (file,) = (tmp_path / "archive" / WIDGETS).glob("*.ndjson.gz")
    process = await asyncio.to_thread(_stopped, database_url, tmp_path)
    try:
        assert (await erase(world, customer_id=WIDGETS, login=OLAF))[0] == 200
        other = asyncio.create_task(world.app.worker().deliver_due())
        await asyncio.wait({other}, timeout=1)
    finally:
        process.send_signal(signal.SIGCONT)
    assert await asyncio.to_thread(process.wait, 60) == 0
    await other
    left = gzip.decompress(file.read_bytes()).decode()
    assert ADA.login in left
    assert [one for one in (NINA, OLAF) if one in left] == []
    await world.stop()
