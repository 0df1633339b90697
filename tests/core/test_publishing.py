"""Checkpoints on a schedule: one in an interval, by one of several processes, to file and mail."""

import asyncio
import json
from pathlib import Path

import msgspec
import pytest

from tenantry.core import checkpoints, signing
from tenantry.core.checkpoints import Checkpoint
from tenantry.core.clock import DAY, HOUR, SECOND
from tenantry.core.jobs import Chore, Worker
from tenantry.core.mail import sender
from tenantry.core.publishing import Schedule, publish_due, read_destinations, write_file
from tests.world import ADA, BEN, OTHER, WIDGETS, World, open_world

DAILY = Schedule(DAY, "https://accounts.example.com")


async def _publish(world: World, schedule: Schedule = DAILY) -> int:
    return await publish_due(world.app.database, world.app.keyring, schedule)


async def _kept(world: World, customer_id: str = WIDGETS) -> list[int]:
    """The numbers of the events at which one was kept."""
    found = await checkpoints.kept(world.app.database, customer_id)
    return [one.sequence for one in found]


async def _change(world: World) -> int:
    """Have an event more; how many there are."""
    name = f"Ben {len(await world.events())}"
    await world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"name": name})
    return len(await world.events())


async def test_each_log_gets_one_in_an_interval_if_anything_happened(world: World) -> None:
    first = len(await world.events())
    assert await _publish(world) == 2
    assert (await _kept(world), len(await _kept(world, OTHER))) == ([first], 1)
    last = await _change(world)
    world.clock.turn(DAY - SECOND)
    assert await _publish(world) == 0
    world.clock.turn(SECOND)
    assert await _publish(world) == 1
    assert (await _kept(world), len(await _kept(world, OTHER))) == ([first, last], 1)
    world.clock.turn(100 * DAY)
    assert await _publish(world) == 0


async def test_what_is_kept_is_signed(world: World) -> None:
    await _publish(world)
    [one] = await checkpoints.kept(world.app.database, WIDGETS)
    [key] = await signing.public_keys(world.app.database, world.app.keyring)
    assert signing.is_signed(one, key.public_key)
    assert one.hash == (await world.events())[-1][4].hex()


async def test_of_several_processes_one_keeps_it(
    world: World, database_url: str, tmp_path: Path
) -> None:
    other = await open_world(database_url, tmp_path)
    folder = Schedule(DAY, DAILY.origin, folder=str(tmp_path / "kept"))
    counts = await asyncio.gather(*(_publish(one, folder) for one in (world, other) * 4))
    assert sum(counts) == 2
    assert len(await world.letters()) == 2
    await other.stop()


def _worker(world: World) -> Worker:
    app = world.app
    post = sender("log:", "Tenantry <tenantry@example.com>")
    return Worker(app.database, app.keyring, post, app.settings.base_url, print)


async def test_it_is_written_to_a_file_of_its_own(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "kept" / "here"
    await _publish(world, Schedule(DAY, DAILY.origin, folder=str(folder)))
    assert not folder.exists()
    assert await _worker(world).deliver_due() == 2
    last = len(await world.events())
    path = folder / f"{WIDGETS}-{last:012d}.json"
    assert (path.is_file(), len(list(folder.iterdir()))) == (True, 2)
    [one] = await checkpoints.kept(world.app.database, WIDGETS)
    assert msgspec.convert(json.loads(path.read_text()), Checkpoint) == one
    assert path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("damage", [None, b"", b"\xff{"])
async def test_what_stands_in_a_file_already_is_not_written_over(
    world: World, tmp_path: Path, damage: bytes | None
) -> None:
    """An old database was put back, and comes to the same number with other events."""
    folder = tmp_path / "kept"
    await _publish(world, Schedule(DAY, DAILY.origin, folder=str(folder)))
    [one] = await checkpoints.kept(world.app.database, WIDGETS)
    earlier = msgspec.structs.replace(one, hash="0" * 64)
    path = write_file(folder, msgspec.to_builtins(earlier))
    if damage is not None:
        path.write_bytes(damage)
    before = path.read_bytes()
    await _worker(world).deliver_due()
    assert path.read_bytes() == before
    beside = folder / f"{WIDGETS}-{one.sequence:012d}.{one.hash[:16]}.json"
    assert msgspec.json.decode(beside.read_bytes(), type=Checkpoint) == one


async def test_a_folder_that_is_not_there_yet_is_tried_again(world: World, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("in the way")
    await _publish(world, Schedule(DAY, DAILY.origin, folder=str(tmp_path / "kept")))
    assert await _worker(world).deliver_due() == 2
    assert len(await world.letters()) == 2
    (tmp_path / "kept").unlink()
    world.clock.turn(HOUR)
    assert await _worker(world).deliver_due() == 2
    assert (len(await world.letters()), len(list((tmp_path / "kept").iterdir()))) == (0, 2)


async def test_the_security_contacts_get_a_mail_each(world: World) -> None:
    mails = Schedule(DAY, DAILY.origin, mails=True)
    assert await _publish(world, mails) == 2
    assert await world.letters() == []
    path = f"/customer/{WIDGETS}/contacts"
    for body in (
        {"contact_type": "security", "user_id": BEN.id, "phone": "+1-555-0100"},
        {"contact_type": "security", "name": "Desk", "email": "soc@example.com", "phone": "1"},
        {"contact_type": "emergency", "name": "Pat", "email": "pat@example.com"},
    ):
        assert (await world.ask(ADA, "POST", path, data=body)).status_code == 200
    world.clock.turn(DAY)
    assert await _publish(world, mails) == 1
    letters = await world.letters()
    assert sorted(letter["to"] for letter in letters) == [BEN.login, "soc@example.com"]
    [newest] = (await checkpoints.kept(world.app.database, WIDGETS))[1:]
    for letter in letters:
        assert letter["template"] == "checkpoint"
        assert letter["facts"]["customer_name"] == "Example Widgets"
        assert msgspec.json.decode(letter["facts"]["checkpoint"], type=Checkpoint) == newest


async def test_the_worker_does_it_while_it_runs(world: World, tmp_path: Path) -> None:
    worker = _worker(world)
    worker.publish(Schedule(DAY, DAILY.origin, folder=str(tmp_path / "kept")))
    committed = asyncio.Event()
    world.app.database.committed.append(committed.set)
    worker.start()
    async with asyncio.timeout(10):
        await committed.wait()
    await worker.stop()
    assert await _kept(world) == [len(await world.events())]


async def test_a_chore_that_fails_keeps_no_other_from_being_done(world: World) -> None:
    faults: list[BaseException] = []
    app = world.app
    post = sender("log:", "Tenantry <tenantry@example.com>")
    worker = Worker(app.database, app.keyring, post, app.settings.base_url, faults.append)
    done = asyncio.Event()
    worker.chores.insert(0, Chore(HOUR, _fail))

    async def note() -> None:
        done.set()

    worker.chores.append(Chore(HOUR, note))
    worker.start()
    async with asyncio.timeout(10):
        await done.wait()
    await worker.stop()
    assert [str(fault) for fault in faults] == ["nothing works"]


async def _fail() -> None:
    raise OSError("nothing works")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", ("", False)),
        ("mail", ("", True)),
        ("file:/var/lib/kept", ("/var/lib/kept", False)),
        (" file:kept , mail ", ("kept", True)),
    ],
)
def test_destinations_are_a_folder_and_mail(text: str, meant: tuple[str, bool]) -> None:
    assert read_destinations(text) == meant


@pytest.mark.parametrize("text", ["file:", "s3:bucket", "mail:me", "file:a,file:b", "post"])
def test_other_destinations_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is neither file:FOLDER"):
        read_destinations(text)
