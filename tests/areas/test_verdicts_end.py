"""A log that was cut, honestly, and then tampered with: that is named, and the verdict ends.

What is archived or erased while somebody looks is looked at anew; what stands there before is not.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import delete, insert, update

from tenantry.areas.audit import retention, verification
from tenantry.core import audit, schema
from tenantry.core.context import system_call
from tenantry.core.database import Database
from tenantry.core.kept_events import ARCHIVED, ERASED
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tenantry.core.verify_audit import Wrong
from tests.areas.erasure_calls import NINA, erase, live_and_leave
from tests.core.tampering import Row, rows_of
from tests.world import DAY, WIDGETS, World

ORIGIN = "https://accounts.example.com"
_E, _H = schema.events.c, schema.chains.c
_HEAD = _H.customer_id == WIDGETS
SECONDS = 20
"""Far more than a verdict takes here."""


async def archive(world: World, folder: Path) -> int:
    app = world.app
    return await retention.archive_due(app.database, app.keyring, str(folder), ORIGIN)


async def verdict(world: World) -> list[str]:
    asked, app = verification.Asked(), world.app
    async with asyncio.timeout(SECONDS):
        lines, is_whole = await verification.verify(app.database, app.keyring, asked)
    assert is_whole == all(line.endswith("whole") for line in lines)
    return lines


async def cut(world: World, folder: Path) -> None:
    """Nina has left; the log was archived, and then she was erased, which is its last event."""
    await live_and_leave(world)
    world.clock.turn(402 * DAY)
    assert await archive(world, folder) > 0
    assert (await erase(world, customer_id=WIDGETS, login=NINA))[0] == 200
    await world.app.worker().deliver_due()
    assert [event[0] for event in await world.events()] == [ARCHIVED, ERASED, ERASED]


async def tamper(world: World, statement: Any) -> None:
    async def work(unit: Unit) -> None:
        assert await unit.run(Statement(statement)) > 0

    await world.app.database.write(work)


def _behind(last: Row, action: str) -> Any:
    """An event put in behind the head."""
    more = {"sequence": last["sequence"] + 1, "action": action}
    return insert(schema.events).values(last | more)


TAMPERED: dict[str, tuple[Callable[[Row], Any], str]] = {
    "the head lowered": (
        lambda _: update(schema.chains).where(_HEAD).values(sequence=_H.sequence - 1),
        " is not the one that the head names",
    ),
    "the head gone": (
        lambda _: delete(schema.chains).where(_HEAD),
        " is not the one that the head names",
    ),
    "an erasure behind the head": (lambda last: _behind(last, ERASED), " stands behind the head"),
    "an archive behind the head": (lambda last: _behind(last, ARCHIVED), " stands behind the head"),
}


@pytest.mark.parametrize("how", list(TAMPERED))
async def test_what_is_tampered_with_is_named_and_the_verdict_ends(
    world: World, tmp_path: Path, how: str
) -> None:
    await cut(world, tmp_path)
    assert all(line.endswith("whole") for line in await verdict(world))
    change, says = TAMPERED[how]
    await tamper(world, change((await rows_of(world.app.database))[-1]))
    told = (await verdict(world))[0]
    assert told.startswith(f"{WIDGETS}  ")
    assert told.endswith(says)
    world.clock.turn(402 * DAY)
    before = await world.events()
    async with asyncio.timeout(SECONDS):
        with nullcontext() if how == "the head gone" else pytest.raises(retention.NotWhole):
            await archive(world, tmp_path)
    assert await world.events() == before


class Meanwhile:
    """A database in which something happens right before each read of several rows."""

    def __init__(self, world: World, happen: Callable[[set[str]], Awaitable[None]]) -> None:
        """Name what happens, which is told of what the read asks by."""
        self._database, self._happen = world.app.database, happen

    async def one(self, statement: Statement[Any], **given: Any) -> Any:
        return await self._database.one(statement, **given)

    async def all(self, statement: Statement[Any], **given: Any) -> list[Any]:
        await self._happen(set(given))
        return await self._database.all(statement, **given)


def meanwhile(world: World, happen: Callable[[set[str]], Awaitable[None]]) -> Database:
    return cast("Database", Meanwhile(world, happen))


async def test_who_erases_for_ever_keeps_no_verdict_up(world: World) -> None:
    await tamper(world, update(schema.events).where(_E.sequence == 2).values(body="{}"))
    looks = 0

    async def work(unit: Unit) -> None:
        call = system_call(unit, world.app.keyring, WIDGETS)
        metadata = {"user_ids": [], "events": 0, "taken": []}
        await audit.record(call, ERASED, "erased", event_type=None, metadata=metadata)

    async def erase_again(given: set[str]) -> None:
        nonlocal looks
        if given == {"customer_id", "after", "most"}:  # who signed what: once in each look
            looks += 1
            await world.app.database.write(work, customer_id=WIDGETS)

    with pytest.raises(
        Wrong, match=r"^event 2 .* \(it was archived or erased from during each of "
    ):
        async with asyncio.timeout(SECONDS):
            await verification.refuse(meanwhile(world, erase_again), world.app.keyring, WIDGETS)
    assert looks == verification.LOOKS


async def test_what_only_a_look_saw_that_counts_for_nothing_is_lost(
    world: World, tmp_path: Path
) -> None:
    """The event that was noted is archived behind its being seen, into a file that is not here."""
    noted = bytes((await world.events())[2][4]).hex()
    world.clock.turn(402 * DAY)

    async def archive_once(given: set[str]) -> None:
        if given == {"customer"} and not (tmp_path / WIDGETS).exists():  # the records of archives
            await archive(world, tmp_path)
            (tmp_path / WIDGETS).rename(tmp_path / "elsewhere")
            (tmp_path / WIDGETS).mkdir()

    asked = verification.Asked(customer_id=WIDGETS, head=noted)
    database = meanwhile(world, archive_once)
    lines, is_whole = await verification.verify(database, world.app.keyring, asked)
    assert not is_whole
    assert lines[-1].startswith(f"no event has the hash {noted}")


async def test_what_was_noted_is_not_called_lost_if_something_else_is_wrong(world: World) -> None:
    noted = bytes((await world.events())[2][4]).hex()
    await tamper(world, update(schema.events).where(_E.sequence == 2).values(personal=None))
    asked = verification.Asked(customer_id=WIDGETS, head=noted)
    lines, _ = await verification.verify(world.app.database, world.app.keyring, asked)
    assert lines == [f"{WIDGETS}  event 2 lacks description, and no erasure took that"]
