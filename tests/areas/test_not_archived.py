"""What was tampered with is not archived: nobody could tell any more, once the events are gone."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, update

from tenantry.areas.audit import retention, verification
from tenantry.core import checkpoints, schema
from tenantry.core.checkpoint_tables import checkpoints as kept
from tenantry.core.retention_tables import archives
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tenantry.core.verify_audit import Wrong
from tests.areas.erasure_calls import NINA, erase, live_and_leave
from tests.world import ADA, BEN, DAY, WIDGETS, World

ORIGIN = "https://accounts.example.com"
_E, _R, _A = schema.events.c, schema.revisions.c, archives.c
_BEN = (_R.customer_id == WIDGETS, _R.row_id == BEN.id)


async def archive(world: World, folder: Path) -> int:
    app = world.app
    return await retention.archive_due(app.database, app.keyring, str(folder), ORIGIN)


async def verdict(world: World) -> str:
    asked = verification.Asked(customer_id=WIDGETS)
    lines, _ = await verification.verify(world.app.database, world.app.keyring, asked)
    return "\n".join(lines)


async def tamper(world: World, *statements: Any) -> None:
    async def work(unit: Unit) -> None:
        for one in statements:
            assert await unit.run(Statement(one)) > 0

    await world.app.database.write(work)


async def _sign(world: World) -> None:
    app = world.app
    await app.database.write(
        lambda unit: checkpoints.keep(unit, app.keyring, WIDGETS, ORIGIN), customer_id=WIDGETS
    )


TAMPERED: dict[str, tuple[Any, str]] = {
    "a right that ended, as it says": (
        update(schema.revisions).where(*_BEN).values(to_sequence=_R.from_sequence + 1),
        " has another end",
    ),
    "personal values taken away": (
        update(schema.events)
        .where(_E.customer_id == WIDGETS, _E.sequence == 7)
        .values(personal=None),
        "event 7 lacks ",
    ),
    "numbered otherwise": (
        update(schema.events)
        .where(_E.customer_id == WIDGETS, _E.sequence == 7)
        .values(type_number=100),
        "event 7 is number 100 of those with event_type ",
    ),
    "not what was signed": (
        update(kept).where(kept.c.customer_id == WIDGETS).values(hash=b"\0" * 32),
        " is not signed by a key of ours",
    ),
}


@pytest.mark.parametrize("how", list(TAMPERED))
async def test_what_was_tampered_with_is_not_archived(
    world: World, tmp_path: Path, how: str
) -> None:
    await _sign(world)
    change, says = TAMPERED[how]
    await tamper(world, change)
    before = await world.events()
    world.clock.turn(402 * DAY)
    with pytest.raises(retention.NotWhole, match=f"{WIDGETS}: .*{says}") as caught:
        await archive(world, tmp_path)
    assert await world.events() == before
    told = f"nothing is archived of the logs of {WIDGETS}: tenantry verify-audit says what is wrong"
    assert caught.value.advice == told
    assert not (tmp_path / WIDGETS).exists()
    assert says in await verdict(world)


async def test_history_that_an_archive_sealed_is_not_sealed_anew(
    world: World, tmp_path: Path
) -> None:
    world.clock.turn(402 * DAY)
    await archive(world, tmp_path)
    await tamper(world, update(schema.revisions).where(*_BEN).values(body='{"role":"superuser"}'))
    await world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"name": "Benjamin"})
    world.clock.turn(402 * DAY)
    with pytest.raises(Wrong, match="was changed, put in or removed"):
        await archive(world, tmp_path)
    assert "was changed, put in or removed" in await verdict(world)


async def test_a_log_that_is_cut_to_its_archive_is_found(world: World, tmp_path: Path) -> None:
    """Nothing is left behind the newest archive, and the head was fitted; others are checked."""
    world.clock.turn(402 * DAY)
    await archive(world, tmp_path)
    (row,) = await world.app.database.all(
        Statement(archives.select().where(_A.customer_id == WIDGETS))
    )
    last, digest = row[1], bytes(row[4])
    fitted = {"sequence": last, "hash": digest, "number": 0, "created_at": 0}
    await tamper(
        world,
        delete(schema.events).where(_E.customer_id == WIDGETS),
        update(schema.chains).where(schema.chains.c.customer_id == WIDGETS).values(fitted),
    )
    app = world.app
    lines, is_whole = await verification.verify(app.database, app.keyring, verification.Asked())
    assert not is_whole
    assert lines[0] == f"{WIDGETS}  no event says that those up to {last} were archived"
    assert lines[1].endswith("  1 events  whole")


async def test_what_cannot_be_read_is_said_of_its_log(world: World) -> None:
    """A value of another kind than ours, in a column that takes any; others are checked."""
    await _sign(world)
    await tamper(world, update(kept).where(kept.c.customer_id == WIDGETS).values(created_at=2**62))
    app = world.app
    lines, is_whole = await verification.verify(app.database, app.keyring, verification.Asked())
    assert not is_whole
    assert lines[0].startswith(f"{WIDGETS}  can't be read: ")
    assert lines[1].endswith("  whole")


def _plan(row_file: Path, **values: Any) -> Any:
    lied = {
        "customer_id": WIDGETS,
        "first": 1,
        "hash_before": bytes(32),
        "file": str(row_file),
        "planned_at": 1,
        "pruned_at": None,
    }
    return insert(archives).values(lied | values)


async def test_a_plan_says_nothing_of_where_its_file_goes(world: World, tmp_path: Path) -> None:
    """Who has the database is not to write into any file that the server can write."""
    precious = tmp_path / "precious"
    beside = tmp_path / "precious.other.part"
    for one in (precious, beside):
        one.write_text("kept")
    fifth = (await world.events())[4]
    assert fifth[5] == 5
    await tamper(world, _plan(precious, last=5, hash=bytes(fifth[4])))
    world.clock.turn(402 * DAY)
    folder = tmp_path / "archive"
    await archive(world, folder)
    assert (precious.read_text(), beside.read_text()) == ("kept", "kept")
    told = await verdict(world)
    assert f"{WIDGETS}  2 archives  whole" in told
    assert str(tmp_path / "precious") not in told


async def test_a_plan_that_leaves_events_out_is_refused(world: World, tmp_path: Path) -> None:
    events = await world.events()
    values = {"first": 3, "last": 5, "hash": bytes(events[4][4])}
    hash_before = bytes(events[1][4])
    await tamper(world, _plan(tmp_path / "x", hash_before=hash_before, **values))
    world.clock.turn(402 * DAY)
    with pytest.raises(Wrong, match="the archive from event 3 is not one that we planned"):
        await archive(world, tmp_path)
    assert await world.events() == events


async def test_an_erasure_writes_into_archives_only(world: World, tmp_path: Path) -> None:
    """A record of an archive that is another file; the true ones are rewritten all the same."""
    nina = await live_and_leave(world)
    world.clock.turn(402 * DAY)
    await archive(world, tmp_path)
    (file,) = (tmp_path / WIDGETS).glob("*.ndjson.gz")
    copy, manifest = tmp_path / "copy.ndjson.gz", tmp_path / "copy.json"
    copy.write_bytes(file.read_bytes())
    manifest.write_bytes(next((tmp_path / WIDGETS).glob("*.json")).read_bytes())
    await tamper(world, _plan(copy, last=0, hash=bytes(32), pruned_at=1))
    await erase(world, customer_id=WIDGETS, user_id=nina)
    before = copy.read_bytes()
    await world.app.worker().deliver_due()
    assert copy.read_bytes() == before
    assert file.read_bytes() != before
    assert [one for one in await world.letters() if NINA in str(one)]
