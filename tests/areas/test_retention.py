"""Retention: what is too old is archived, still verifies, and only then is pruned."""

import asyncio
import gzip
import subprocess
import sys
import types
from collections.abc import Coroutine, Generator, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
from sqlalchemy import delete, select, update

from tenantry.areas.audit import archive_files, retention, verification
from tenantry.core import schema, verify_audit
from tenantry.core.checkpoint_tables import checkpoints
from tenantry.core.clock import DAY
from tenantry.core.retention_tables import archives
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tests.areas.erasure_calls import NINA, erase, live_and_leave
from tests.world import ADA, BEN, OPERATOR, OTHER, WIDGETS, World

T = TypeVar("T")

ORIGIN = "https://accounts.example.com"
EXPORT = "/_tenantry/v1/audit/export"


async def archive(world: World, folder: Path) -> int:
    app = world.app
    return await retention.archive_due(app.database, app.keyring, str(folder), ORIGIN)


async def keep_for(world: World, days: int, customer_id: str = WIDGETS) -> Any:
    path = f"/_operator/v1/retentions/{customer_id}"
    return await world.ask(OPERATOR, "PUT", path, json={"days": days})


async def problems(world: World) -> list[str]:
    asked = verification.Asked()
    lines, is_whole = await verification.verify(world.app.database, world.app.keyring, asked)
    return [] if is_whole else [line for line in lines if not line.endswith("whole")]


def files(folder: Path) -> list[Path]:
    return sorted((folder / WIDGETS).glob("*.ndjson.gz"))


async def tamper(world: World, statement: Any) -> None:
    async def work(unit: Unit) -> None:
        await unit.run(Statement(statement))

    await world.app.database.write(work)


async def test_what_is_too_old_goes_into_files_that_verify(world: World, tmp_path: Path) -> None:
    assert await archive(world, tmp_path) == 0
    before = await world.events()
    world.clock.turn(399 * DAY)
    await world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"name": "Benjamin"})
    assert await archive(world, tmp_path) == 0
    world.clock.turn(3 * DAY)
    assert await archive(world, tmp_path) >= len(before)
    after = await world.events()
    assert [event[0] for event in after] == ["user.update", "log.archive"]
    assert after[0][5] == len(before) + 1
    assert await problems(world) == []
    (file,) = files(tmp_path)
    lines = gzip.decompress(file.read_bytes()).splitlines()
    assert [verify_audit.read_line(one).hash for one in lines] == [bytes(one[4]) for one in before]
    manifest = msgspec.json.decode(archive_files.manifest_of(file).read_bytes())
    assert (manifest["first"], manifest["last"]) == (1, len(before))
    answer = await world.ask(ADA, "GET", "/events")
    assert answer.json()["meta"]["record_count"] == 1


async def test_files_and_what_is_left_follow_each_other(world: World, tmp_path: Path) -> None:
    await keep_for(world, 10)
    for name in ("one", "two"):
        world.clock.turn(12 * DAY)
        await world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"name": name})
        await archive(world, tmp_path)
    rest = tmp_path / "rest.ndjson"
    exported = await world.ask(ADA, "GET", "/_tenantry/v1/audit/export")
    rest.write_bytes(exported.content)
    both = files(tmp_path)
    assert len(both) == 2
    given = [f"--checkpoint={archive_files.manifest_of(one)}" for one in both]
    program = [sys.executable, verify_audit.__file__, *given, *map(str, both), str(rest)]
    ran = await asyncio.to_thread(
        partial(subprocess.run, program, capture_output=True, text=True, check=False)
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count("holds") == 2
    assert await problems(world) == []


async def test_what_was_pruned_without_a_checkpoint_is_told(world: World, tmp_path: Path) -> None:
    world.clock.turn(402 * DAY)
    await archive(world, tmp_path)
    await tamper(world, delete(checkpoints))
    (one, two) = await problems(world)
    assert "no checkpoint stands for them" in one
    assert "no checkpoint stands for them" in two


async def test_a_log_that_does_not_verify_is_not_pruned(world: World, tmp_path: Path) -> None:
    events = schema.events
    second = update(events).where(events.c.customer_id == WIDGETS, events.c.sequence == 2)
    await tamper(world, second.values(body='{"sequence":2}'))
    world.clock.turn(402 * DAY)
    before = await world.events()
    with pytest.raises(verify_audit.Wrong, match="event 2"):
        await archive(world, tmp_path)
    assert await world.events() == before
    assert files(tmp_path) == []
    assert [event[0] for event in await world.events(OTHER)] == ["log.archive"]


async def test_a_crash_before_the_pruning_is_taken_up_again(world: World, tmp_path: Path) -> None:
    """The file is there and nothing is pruned: the same file comes again, then the pruning."""
    world.clock.turn(402 * DAY)
    before = await world.events()
    blocked = tmp_path / "archive"
    blocked.write_text("no folder")
    with pytest.raises(OSError, match="archive"):
        await archive(world, blocked)
    assert await world.events() == before
    blocked.unlink()
    await archive(world, blocked)
    assert await world.events() == before
    world.clock.turn(retention.CLAIMED_FOR)
    assert await archive(world, blocked) > 0
    assert len(files(blocked)) == 1
    assert len(await world.events()) == 1
    assert await problems(world) == []


async def test_two_processes_archive_once(world: World, tmp_path: Path) -> None:
    world.clock.turn(402 * DAY)
    count = len(await world.events()) + len(await world.events(OTHER))
    done = await asyncio.gather(*(archive(world, tmp_path) for _ in range(4)))
    assert sum(done) == count
    assert [event[0] for event in await world.events()] == ["log.archive"]
    assert await problems(world) == []


@types.coroutine
def _until_others_may_go_on(work: Coroutine[Any, Any, Any]) -> Iterator[Any]:
    """Go on with it to where it lets others do something in between, in the middle of a check."""
    while (awaited := work.send(None)) is not None:
        yield awaited


@types.coroutine
def _to_its_end(work: Coroutine[Any, Any, T]) -> Generator[Any, Any, T]:
    done: T = yield from work
    return done


async def test_what_another_process_archives_while_one_checks_is_no_finding(
    world: World, tmp_path: Path
) -> None:
    world.clock.turn(402 * DAY)
    slow = archive(world, tmp_path)
    await _until_others_may_go_on(slow)
    assert await archive(world, tmp_path) > 0
    assert await _to_its_end(slow) == 0
    assert await problems(world) == []


async def test_what_is_archived_while_somebody_verifies_is_no_finding(
    world: World, tmp_path: Path
) -> None:
    world.clock.turn(402 * DAY)
    slow = problems(world)
    await _until_others_may_go_on(slow)
    assert await archive(world, tmp_path) > 0
    assert await _to_its_end(slow) == []


async def test_moments_before_cannot_be_told(world: World, tmp_path: Path) -> None:
    last = len(await world.events())
    world.clock.turn(402 * DAY)
    await archive(world, tmp_path)
    path = "/_tenantry/v1/access/explain?permission=user.read"
    for at in ("1", str(last), "2026-03-01T10:00:00Z"):
        answer = await world.ask(ADA, "GET", f"{path}&at={at}")
        assert answer.status_code == 410, answer.text
        assert f"event {last + 1}" in answer.json()["detail"]
    for at in ("", f"&at={last + 1}"):
        answer = await world.ask(ADA, "GET", path + at)
        assert (answer.status_code, answer.json()["allowed"]) == (200, True)


async def test_who_is_erased_is_erased_from_archives(world: World, tmp_path: Path) -> None:
    nina = await live_and_leave(world)
    world.clock.turn(402 * DAY)
    await archive(world, tmp_path)
    (file,) = files(tmp_path)
    assert NINA in gzip.decompress(file.read_bytes()).decode()
    assert (await erase(world, customer_id=WIDGETS, user_id=nina))[0] == 200
    await world.app.worker().deliver_due()
    text = gzip.decompress(file.read_bytes()).decode()
    assert NINA not in text
    assert ADA.login in text
    place = verify_audit.Place()
    lines = text.encode().splitlines()
    assert verify_audit.follow_lines(lines, place).last.sequence == len(lines)
    assert await world.app.database.all(Statement(select(archives.c.file)))
    assert [one for one in await world.letters() if NINA in str(one)] == []


async def test_who_is_erased_meanwhile_is_not_archived(world: World, tmp_path: Path) -> None:
    """The erasure comes when the file is written, and before the events are pruned."""
    nina = await live_and_leave(world)
    seen = len(await world.events())
    app = world.app
    work = partial(retention.plan, WIDGETS, world.clock(), str(tmp_path))
    planned = await app.database.write(work, customer_id=WIDGETS)
    assert planned is not None
    await erase(world, customer_id=WIDGETS, user_id=nina)
    prune = partial(retention.prune, app.keyring, planned, ORIGIN, retention.Seen(seen, ""))
    assert await app.database.write(prune, customer_id=WIDGETS) == 0
    world.clock.turn(402 * DAY)
    await archive(world, tmp_path)
    assert NINA not in gzip.decompress(files(tmp_path)[0].read_bytes()).decode()


async def test_an_operator_says_how_long(world: World) -> None:
    since = len(await world.events())
    answer = await keep_for(world, 30)
    assert answer.json() == {"customer_id": WIDGETS, "days": 30}
    await keep_for(world, 30)
    assert await world.actions(since) == ["retention.update"]
    for days, customer_id, status in ((0, WIDGETS, 400), (10**9, WIDGETS, 400), (9, "none", 404)):
        assert (await keep_for(world, days, customer_id)).status_code == status
    path = f"/_operator/v1/retentions/{WIDGETS}"
    assert (await world.ask(ADA, "PUT", path, json={"days": 3})).status_code == 403
    assert await world.actions(since) == ["retention.update"]


async def test_an_export_that_is_fetched_meanwhile_gets_no_hole(
    world: World, tmp_path: Path
) -> None:
    """Piece by piece, while what the next piece begins with is archived."""
    first = await world.ask(ADA, "GET", EXPORT, params={"limit": 3})
    link = first.headers["link"].partition("<")[2].partition(">")[0]
    before = len(await world.events())
    world.clock.turn(402 * DAY)
    await archive(world, tmp_path)
    gone = await world.ask(ADA, "GET", link)
    assert gone.status_code == 410
    says = f"The oldest event that is kept is {before + 1}: those before were archived"
    assert gone.json()["detail"] == says
    bounded = await world.ask(ADA, "GET", EXPORT, params={"from": 1, "to": before})
    assert (bounded.status_code, bounded.json()["detail"]) == (410, says)
    ended = await world.ask(ADA, "GET", EXPORT, params={"to": before})
    assert (ended.status_code, ended.json()["detail"]) == (410, says)
    kept = await world.ask(ADA, "GET", EXPORT, params={"to": before + 1})
    assert (kept.status_code, kept.content.count(b"\n")) == (200, 1)
    rest = await world.ask(ADA, "GET", EXPORT)
    assert verify_audit.read_line(rest.content.splitlines()[0]).sequence == before + 1
    assert (await world.ask(ADA, "GET", EXPORT, params={"from": before + 1})).status_code == 200
