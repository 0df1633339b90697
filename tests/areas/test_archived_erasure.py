"""Taking a person out of archives of which some can't be read or written: told once, and done."""

import asyncio
import fcntl
import gzip
import os
import re
import threading
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tenantry.areas.audit import archive_files, retention, verification
from tenantry.core import audit, chain
from tenantry.core.chain import line
from tenantry.core.clock import HOUR
from tenantry.core.context import system_call
from tenantry.core.jobs import MAX_ATTEMPTS
from tenantry.core.kept_events import ERASED
from tenantry.core.unit import Unit
from tests.areas.erasure_calls import NINA, erase, live_and_leave
from tests.world import ADA, DAY, WIDGETS, World

ORIGIN = "https://accounts.example.com"
STRANGE = line(1, bytes(32), "{}", f'{{"ip":["s","{NINA}"]}}')


async def verdict(world: World) -> str:
    asked = verification.Asked(customer_id=WIDGETS)
    lines, is_whole = await verification.verify(world.app.database, world.app.keyring, asked)
    return "\n".join([*lines, str(is_whole)])


async def archive(world: World, folder: Path) -> list[Path]:
    """Archive all; every archive, the oldest first."""
    world.clock.turn(402 * DAY)
    await retention.archive_due(world.app.database, world.app.keyring, str(folder), ORIGIN)
    return sorted((folder / WIDGETS).glob("*.ndjson.gz"))


async def archived(world: World, folder: Path) -> list[Path]:
    """Nina has left, and stands in two archives."""
    await live_and_leave(world)
    files = list[Path]()
    for _ in range(2):
        files = await archive(world, folder)
        named = {"contact_type": "emergency", "name": "Nina Ek", "email": NINA}
        answer = await world.ask(ADA, "POST", f"/customer/{WIDGETS}/contacts", data=named)
        assert answer.status_code == 200, answer.text
    assert [named_in(one) for one in files] == [True, True]
    return files


def named_in(file: Path) -> bool:
    return NINA.encode() in gzip.decompress(file.read_bytes())


async def deliver(world: World) -> None:
    """Until it is tried again."""
    await world.app.worker().deliver_due()
    world.clock.turn(12 * HOUR)


async def told(world: World) -> list[int]:
    """From how many archived events, by every event of an erasure."""
    events = await world.events()
    facts = [chain.opened(one[2], one[3]) for one in events if one[0] == ERASED]
    return [one["metadata"].get("archived_events", 0) for one in facts]


def _manifest(content: str) -> Callable[[Path], Any]:
    return lambda file: archive_files.manifest_of(file).write_text(content)


def _in_the_way(file: Path) -> None:
    """No file there can be locked, and so none written."""
    lock = file.parent.with_name(f".{file.parent.name}.lock")
    lock.unlink()
    lock.mkdir()


DAMAGED: dict[str, tuple[Callable[[Path], Any], int]] = {
    "a manifest cut off": (_manifest("{"), 1),
    "an empty manifest": (_manifest("{}"), 1),
    "no manifest": (lambda file: archive_files.manifest_of(file).unlink(), 1),
    "no event of ours in it": (lambda file: file.write_bytes(gzip.compress(STRANGE)), 1),
    "a folder that can't be written": (_in_the_way, 2),
}


@pytest.mark.parametrize("how", list(DAMAGED))
async def test_what_is_damaged_keeps_no_other_from_being_done(
    world: World, tmp_path: Path, how: str
) -> None:
    files = await archived(world, tmp_path)
    whole = [(one, one.read_bytes()) for one in (archive_files.manifest_of(files[0]), files[0])]
    change, left = DAMAGED[how]
    change(files[0])
    assert (await erase(world, customer_id=WIDGETS, login=NINA))[0] == 200
    # However long that takes to be mended.
    for _ in range(MAX_ATTEMPTS + 1):
        await deliver(world)
    assert named_in(files[1]) == (left == 2)
    assert len(await told(world)) == 2
    if left == 2:
        (tmp_path / f".{WIDGETS}.lock").rmdir()
    for file, content in whole:
        file.write_bytes(content)
    world.clock.turn(DAY)
    await deliver(world)
    assert [named_in(one) for one in files] == [False, False]
    first, *numbers = await told(world)
    assert (first, len(numbers)) == (0, 3 - left)
    assert (await verdict(world)).endswith("True")
    assert [one for one in await world.letters() if NINA in str(one)] == []


async def _as_before(world: World) -> None:
    """An erasure of an earlier checkout, which said nothing of archives."""

    async def work(unit: Unit) -> None:
        call = system_call(unit, world.app.keyring, WIDGETS)
        metadata = {"user_ids": [ADA.id], "events": 1, "taken": ["ip 1"]}
        await audit.record(call, ERASED, "erased", event_type=None, metadata=metadata)

    await world.app.database.write(work, customer_id=WIDGETS)


def _emptied(file: Path) -> None:
    manifest = msgspec.json.decode(archive_files.manifest_of(file).read_bytes())
    text = gzip.decompress(file.read_bytes())
    archive_files.write(file, re.sub(rb'"personal":.*', b'"personal":null}', text), manifest)


async def test_what_an_earlier_checkout_took_is_not_called_tampered_with(
    world: World, tmp_path: Path
) -> None:
    """Only what stands before its erasure; with that archived, too."""
    says = f"{WIDGETS}  erased by whom is not told here, and NOT checked: "
    (before,) = await archive(world, tmp_path)
    await _as_before(world)
    _emptied(before)
    assert says in (said := await verdict(world))
    assert said.endswith("True")
    _, behind = await archive(world, tmp_path)
    assert says in (said := await verdict(world))
    assert said.endswith("True")
    _emptied(behind)
    assert f"{behind}: event " in (said := await verdict(world))
    assert said.endswith("False")


async def test_what_is_being_rewritten_while_somebody_verifies_is_no_finding(
    world: World, tmp_path: Path
) -> None:
    """Its manifest comes a moment after it, and is read here before that."""
    world.clock.turn(402 * DAY)
    (file,) = await archive(world, tmp_path)
    manifest = archive_files.manifest_of(file)
    old, packed = manifest.read_text(), gzip.compress(gzip.decompress(file.read_bytes()), mtime=1)
    new = re.sub(r'"sha256":"\w+"', f'"sha256":"{sha256(packed).hexdigest()}"', old)
    begun = threading.Event()

    def rewrite() -> None:
        with (tmp_path / f".{WIDGETS}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            file.write_bytes(packed)
            manifest.unlink()
            os.mkfifo(manifest)
            begun.set()
            manifest.write_text(old)
            (tmp_path / "draft").write_text(new)
            (tmp_path / "draft").rename(manifest)

    rewriting = asyncio.create_task(asyncio.to_thread(rewrite))
    assert await asyncio.to_thread(begun.wait, 10)
    try:
        said = await verdict(world)
    finally:
        # Lets the writer go on also if nobody has read what he writes there.
        reading = os.open(manifest, os.O_RDONLY | os.O_NONBLOCK)
        await asyncio.wait_for(rewriting, 10)
        os.close(reading)
    assert said.endswith("  1 archives  whole\nTrue")


async def test_who_verifies_leaves_nothing_behind_where_archives_stand(
    world: World, tmp_path: Path
) -> None:
    """A lock of his own would keep the server out that writes there."""
    (file,) = await archive(world, tmp_path)
    lock = tmp_path / f".{WIDGETS}.lock"
    lock.unlink()
    _manifest(archive_files.manifest_of(file).read_text().replace('"sha256":"', '"sha256":"0'))(
        file
    )
    assert f"{file} is not the one that its manifest names" in await verdict(world)
    assert not lock.exists()


async def test_who_verifies_waits_for_nobody_but_writers(world: World, tmp_path: Path) -> None:
    """Nor does he keep others off who only read: he asks for no right to write."""
    (file,) = await archive(world, tmp_path)
    _manifest(archive_files.manifest_of(file).read_text().replace('"sha256":"', '"sha256":"0'))(
        file
    )
    with (tmp_path / f".{WIDGETS}.lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        asking = asyncio.to_thread(archive_files.read_settled, file)
        manifest, packed = await asyncio.wait_for(asking, 10)
    assert not archive_files.is_named(manifest, packed)
