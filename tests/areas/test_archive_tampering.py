"""Archives and what is said of them, tampered with by who has the database and the files."""

import gzip
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import bindparam, delete, func, insert, select, update

from tenantry.areas.audit import archive_files, retention, verification
from tenantry.core import checkpoints, schema
from tenantry.core.checkpoint_tables import checkpoints as kept
from tenantry.core.retention_tables import archives
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tenantry.core.verify_audit import Wrong
from tests.areas.erasure_calls import NINA, erase, live_and_leave
from tests.core.tampering import changed, computed_anew, put, rows_of
from tests.world import ADA, BEN, DAY, WIDGETS, World

ORIGIN = "https://accounts.example.com"
_E, _R, _A = schema.events.c, schema.revisions.c, archives.c
_H = schema.chains.c
_OLD = _E.customer_id == WIDGETS
_NEWEST = Statement(
    select(func.max(_E.user_number), func.max(_E.number)).where(_OLD, _E.user_id == ADA.id)
)
SIGNED = "signed at 2026-03-01T10:00:00Z"


async def verdict(world: World, *published: checkpoints.Checkpoint) -> str:
    """What is said of the log, and of its archives."""
    asked = verification.Asked(customer_id=WIDGETS, checkpoints=published)
    lines, is_whole = await verification.verify(world.app.database, world.app.keyring, asked)
    assert is_whole == lines[0].endswith("  whole")
    return "\n".join(lines)


async def archived(world: World, folder: Path, before: int = 0) -> int:
    """Have two archives more, and a log that goes on; the number of the last event archived."""
    app = world.app
    for name in ("one", "two"):
        world.clock.turn(402 * DAY)
        await retention.archive_due(app.database, app.keyring, str(folder), ORIGIN)
        answer = await world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"name": name})
        assert answer.status_code == 200, answer.text
    assert f"{WIDGETS}  {before + 2} archives  whole" in await verdict(world)
    return int((await world.events())[0][5]) - 1


async def tamper(world: World, statement: Any, **given: Any) -> None:
    async def work(unit: Unit) -> None:
        assert await unit.run(Statement(statement), **given) > 0

    await world.app.database.write(work)


def first(folder: Path) -> Path:
    """The older of the two."""
    return min((folder / WIDGETS).glob("*.ndjson.gz"))


def _manifest(file: Path, **values: Any) -> None:
    path = archive_files.manifest_of(file)
    path.write_bytes(msgspec.json.encode(msgspec.json.decode(path.read_bytes()) | values))


def _packed(file: Path, change: Callable[[bytes], bytes]) -> None:
    """Change an archive as somebody does who knows of its manifest."""
    manifest = msgspec.json.decode(archive_files.manifest_of(file).read_bytes())
    archive_files.write(file, change(gzip.decompress(file.read_bytes())), manifest)


FILES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "cut off": (lambda file: file.write_bytes(file.read_bytes()[:-100]), " can't be read: EOFErr"),
    "damaged": (
        lambda file: file.write_bytes(file.read_bytes()[:200] + b"??" + file.read_bytes()[202:]),
        " can't be read: ",
    ),
    "packed anew": (
        lambda file: file.write_bytes(gzip.compress(gzip.decompress(file.read_bytes()), 1)),
        " is not the one that its manifest names",
    ),
    "changed": (
        lambda file: _packed(file, lambda text: text.replace(b'"format":1', b'"format":2', 1)),
        ": event 1 (",
    ),
    "without its end": (
        lambda file: _packed(file, lambda text: b"".join(text.splitlines(keepends=True)[:-1])),
        " ends with event ",
    ),
    "a personal value changed": (
        lambda file: _packed(file, lambda text: text.replace(b"Example Widgets", b"Nobody", 1)),
        " has a changed ",
    ),
    "personal values taken away": (
        lambda file: _packed(
            file, lambda text: re.sub(rb'"personal":.*', b'"personal":null}', text)
        ),
        ": event 1 lacks description, and no erasure took that",
    ),
    "the manifest of a longer one": (lambda file: _manifest(file, last=99), "the manifest of "),
    "the manifest of another hash": (lambda file: _manifest(file, hash="0"), "the manifest of "),
    "no manifest": (lambda file: archive_files.manifest_of(file).unlink(), " can't be read: "),
}


@pytest.mark.parametrize("how", list(FILES))
async def test_a_file_that_was_tampered_with_is_named(
    world: World, tmp_path: Path, how: str
) -> None:
    await archived(world, tmp_path)
    change, says = FILES[how]
    change(first(tmp_path))
    told = await verdict(world)
    assert str(first(tmp_path)) in told
    assert says in told


async def test_a_file_that_is_not_here_is_told(world: World, tmp_path: Path) -> None:
    await archived(world, tmp_path)
    file = first(tmp_path)
    file.unlink()
    told = await verdict(world)
    assert f"{WIDGETS}  1 archives  whole" in told
    assert f"not here, and NOT checked: 1 archives, from {file} on" in told


async def test_what_was_erased_from_files_is_known(world: World, tmp_path: Path) -> None:
    """By an event that is archived itself, later; where that file is not here, it is told."""
    nina = await live_and_leave(world)
    await archived(world, tmp_path)
    assert (await erase(world, customer_id=WIDGETS, user_id=nina))[0] == 200
    await world.app.worker().deliver_due()
    assert NINA.encode() not in gzip.decompress(first(tmp_path).read_bytes())
    assert f"{WIDGETS}  2 archives  whole" in await verdict(world)
    await archived(world, tmp_path, before=2)
    told = sorted((tmp_path / WIDGETS).glob("*.ndjson.gz"))[2]
    assert b"user.erase" in gzip.decompress(told.read_bytes())
    told.unlink()
    says = f"{WIDGETS}  erased by whom is not told here, and NOT checked: "
    assert says in await verdict(world)


async def test_records_of_archives_are_held_against_the_log(world: World, tmp_path: Path) -> None:
    last = await archived(world, tmp_path)
    newest = update(archives).where(_A.customer_id == WIDGETS, _A.last == last)
    await tamper(world, newest.values(first=2))
    assert "the archive from event 2 does not follow event " in await verdict(world)


async def test_history_that_outlived_its_events_is_held_against_the_archive(
    world: World, tmp_path: Path
) -> None:
    """The events that made it are gone, and with them the hashes that covered it."""
    last = await archived(world, tmp_path)
    old = (_R.customer_id == WIDGETS, _R.from_sequence <= last, _R.row_id == BEN.id)
    await tamper(world, update(schema.revisions).where(*old).values(body='{"role":"superuser"}'))
    says = f"a revision by an event up to {last} was changed, put in or removed"
    assert says in await verdict(world)


async def test_a_beginning_that_was_let_go_is_found(world: World, tmp_path: Path) -> None:
    """With a genuine checkpoint, and the record of an archive that never was."""
    app = world.app

    async def sign(unit: Unit) -> checkpoints.Checkpoint:
        return await checkpoints.keep(unit, app.keyring, WIDGETS, ORIGIN)

    signed = await app.database.write(sign, customer_id=WIDGETS)
    await world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"name": "Benjamin"})
    await tamper(world, delete(schema.events).where(_OLD, _E.sequence <= signed.sequence))
    lied = {
        "customer_id": WIDGETS,
        "last": signed.sequence,
        "first": 1,
        "hash_before": bytes(32),
        "hash": bytes.fromhex(signed.hash),
        "file": str(tmp_path / "nowhere"),
        "planned_at": 1,
        "pruned_at": 1,
    }
    await tamper(world, insert(archives).values(lied))
    says = f"no event says that those up to {signed.sequence} were archived"
    assert says in await verdict(world)


async def test_history_that_was_tampered_with_is_not_archived(world: World, tmp_path: Path) -> None:
    changed = update(schema.revisions).where(_R.customer_id == WIDGETS, _R.row_id == BEN.id)
    await tamper(world, changed.values(body='{"role":"superuser"}'))
    world.clock.turn(402 * DAY)
    app = world.app
    with pytest.raises(Wrong, match=f"the revision of user/{BEN.id} "):
        await retention.archive_due(app.database, app.keyring, str(tmp_path), ORIGIN)
    assert len(await world.events()) > 1


_LESS: dict[str, tuple[list[Any], str]] = {
    "of one user": (
        [
            update(schema.events)
            .where(_OLD, _E.user_id == ADA.id)
            .values(user_number=_E.user_number - bindparam("less")),
        ],
        f" is number -1 of those with user_id {ADA.id}, wrongly",
    ),
    "of all": (
        [
            update(schema.events).where(_OLD).values(number=_E.number - bindparam("less")),
            update(schema.chains)
            .where(_H.customer_id == WIDGETS)
            .values(number=_H.number - bindparam("less")),
        ],
        " is number -2 of those that are shown, wrongly",
    ),
}


@pytest.mark.parametrize("which", list(_LESS))
async def test_what_is_left_is_not_numbered_below_one(
    world: World, tmp_path: Path, which: str
) -> None:
    """Lists begin with 1: what has a number below is in none of them."""
    await archived(world, tmp_path)
    for name in ("three", "four"):
        await world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"name": name})
    listed = await world.ask(ADA, "GET", f"/events?filter[user_id]={ADA.id}")
    assert len(listed.json()["data"]) == 3
    newest = await world.app.database.one(_NEWEST)
    assert newest is not None
    statements, says = _LESS[which]
    for one in statements:
        await tamper(world, one, less=newest[which == "of all"] - 1)
    assert says in await verdict(world)


async def signed(world: World) -> checkpoints.Checkpoint:
    """A checkpoint that was published, and is not in the database any more."""
    app = world.app

    async def sign(unit: Unit) -> checkpoints.Checkpoint:
        return await checkpoints.keep(unit, app.keyring, WIDGETS, ORIGIN)

    honest = await app.database.write(sign, customer_id=WIDGETS)
    await tamper(world, delete(kept))
    await world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"name": "Benjamin"})
    return honest


async def test_what_was_rewritten_before_it_was_archived_is_found(
    world: World, tmp_path: Path
) -> None:
    honest = await signed(world)
    rows, at = await rows_of(world.app.database), honest.sequence - 2
    lied = [*rows[:at], changed(rows[at], request_id="x"), *rows[at + 1 :]]
    await put(world.app.database, computed_anew(lied, at), with_head=True)
    assert await archived(world, tmp_path) > honest.sequence
    says = "it, or what is before, was rewritten"
    told = f"{WIDGETS}  event {honest.sequence} is not the one {SIGNED}: {says}"
    assert await verdict(world, honest) == told


async def test_a_checkpoint_whose_archive_is_not_here_is_told(world: World, tmp_path: Path) -> None:
    honest = await signed(world)
    assert await archived(world, tmp_path) > honest.sequence
    assert "NOT checked" not in await verdict(world, honest)
    first(tmp_path).unlink()
    told = await verdict(world, honest)
    assert f"archived, and NOT checked: 1 checkpoints, from event {honest.sequence} on" in told


async def test_a_head_that_was_noted_is_looked_for_in_archives(
    world: World, tmp_path: Path
) -> None:
    honest = await signed(world)
    await archived(world, tmp_path)
    asked = verification.Asked(customer_id=WIDGETS, head=honest.hash)
    _, is_whole = await verification.verify(world.app.database, world.app.keyring, asked)
    assert is_whole
