"""Killed while it archives, or erases from archives: what comes next makes it whole."""

import asyncio
import gzip
import hashlib
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tenantry.areas.audit import archive_files, retention, verification
from tenantry.core import verify_audit
from tenantry.core.jobs import CLAIMED_FOR
from tests.areas.erasure_calls import NINA, live_and_leave
from tests.live.dying import LATER, ORIGIN
from tests.world import WIDGETS, World, open_world

pytestmark = pytest.mark.live

STEPS = {
    "it was planned": ("tempfile.mkstemp", 1),
    "the file was drafted": ("os.rename", 1),
    "the file was there": ("tempfile.mkstemp", 2),
    "the manifest was drafted": ("os.rename", 2),
    "the manifest was there": ("open", 4),
}
"""What had been done, and what it was about to do: each file is drafted, and its folder synced."""


def _killed(url: str, folder: Path, work: str, step: tuple[str, int]) -> None:
    command = [sys.executable, "-m", "tests.live.dying", url, str(folder), work]
    event, count = step
    ended = subprocess.run(
        [*command, event, str(count)], capture_output=True, check=False, timeout=120
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()


def _kept(folder: Path) -> list[Path]:
    return sorted((folder / "archive" / WIDGETS).iterdir())


async def _lived(url: str, folder: Path) -> int:
    world = await open_world(url, folder)
    await live_and_leave(world)
    count = len(await world.events())
    await world.stop()
    return count


async def _archive(world: World, folder: Path) -> int:
    app = world.app
    return await retention.archive_due(app.database, app.keyring, str(folder / "archive"), ORIGIN)


async def _is_whole(world: World) -> list[str]:
    asked = verification.Asked(customer_id=WIDGETS)
    lines, is_whole = await verification.verify(world.app.database, world.app.keyring, asked)
    assert is_whole, lines
    return lines


@pytest.mark.parametrize("after", list(STEPS))
def test_an_archive_is_taken_up_again(database_url: str, tmp_path: Path, after: str) -> None:
    asyncio.run(_lived(database_url, tmp_path))
    _killed(database_url, tmp_path, "archive", STEPS[after])
    asyncio.run(_taken_up(database_url, tmp_path))


async def _taken_up(url: str, folder: Path) -> None:
    world = await open_world(url, folder)
    world.clock.turn(LATER)
    before = await world.events()
    assert before[0][5] == 1
    # Who is at it may be alive: nobody touches his file, and nothing is pruned.
    await _archive(world, folder)
    assert await world.events() == before
    world.clock.turn(retention.CLAIMED_FOR)
    assert await _archive(world, folder) == len(before)
    [left] = await world.events()
    assert (left[0], left[5]) == ("log.archive", len(before) + 1)
    packed, manifest = sorted(_kept(folder), key=lambda one: one.suffix != ".gz")
    assert manifest == archive_files.manifest_of(packed)
    lines = gzip.decompress(packed.read_bytes()).splitlines()
    numbers = [verify_audit.read_line(one).sequence for one in lines]
    assert numbers == list(range(1, len(before) + 1))
    said = await _is_whole(world)
    assert said == [f"{WIDGETS}  1 events  whole", f"{WIDGETS}  1 archives  whole"]
    await world.stop()


@pytest.mark.parametrize("step", [("os.rename", 1), ("os.rename", 2), ("open", 4)])
def test_an_erasure_from_archives_is_taken_up_again(
    database_url: str, tmp_path: Path, step: tuple[str, int]
) -> None:
    asyncio.run(_archived(database_url, tmp_path))
    _killed(database_url, tmp_path, "erase", step)
    asyncio.run(_erased(database_url, tmp_path))


async def _archived(url: str, folder: Path) -> None:
    await _lived(url, folder)
    world = await open_world(url, folder)
    world.clock.turn(LATER)
    assert await _archive(world, folder) > 0
    await world.stop()


async def _erased(url: str, folder: Path) -> None:
    world = await open_world(url, folder)
    world.clock.turn(LATER + CLAIMED_FOR)
    await world.app.worker().deliver_due()
    packed, manifest = sorted(_kept(folder), key=lambda one: one.suffix != ".gz")
    assert NINA not in gzip.decompress(packed.read_bytes()).decode()
    told = msgspec.json.decode(manifest.read_bytes())
    assert told["sha256"] == hashlib.sha256(packed.read_bytes()).hexdigest()
    assert (await _is_whole(world))[1:] == [f"{WIDGETS}  1 archives  whole"]
    assert [one for one in await world.letters() if NINA in str(one)] == []
    await world.stop()
