"""What stands beside the chain of a log, and no hash covers, is held against it: each is named."""

import asyncio
import gc
from typing import Any

import msgspec
import pytest
from sqlalchemy import update

from tenantry.areas.audit import verification
from tenantry.core import chain, schema
from tenantry.core.database import Database
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tenantry.core.verify_audit import Place, Wrong
from tests.world import ADA, BEN, OPERATOR, WIDGETS, World

AT = 7
"""The event that is tampered with."""
_E, _H = schema.events.c, schema.chains.c


async def verdict(world: World) -> str:
    """What is said of the log, after the customer's id."""
    asked = verification.Asked(customer_id=WIDGETS)
    lines, is_whole = await verification.verify(world.app.database, world.app.keyring, asked)
    told = lines[0].removeprefix(f"{WIDGETS}  ")
    assert told.endswith("  whole") == is_whole
    return told


async def tamper(world: World, *statements: Any) -> None:
    """Run what somebody runs who has the database."""

    async def work(unit: Unit) -> None:
        for statement in statements:
            assert await unit.run(Statement(statement)) > 0

    await world.app.database.write(work)


def _event(at: int, **values: Any) -> Any:
    return update(schema.events).where(_E.customer_id == WIDGETS, _E.sequence == at).values(values)


def _head(**values: Any) -> Any:
    return update(schema.chains).where(_H.customer_id == WIDGETS).values(values)


BESIDE: dict[str, tuple[list[Any], str]] = {
    "hidden from the list of its type": (
        [_event(AT, type_number=None)],
        f"event {AT} is number None of those with event_type ",
    ),
    "moved in the list of its actor": (
        [_event(AT + 2, user_number=1000)],
        f"event {AT + 2} is number 1000 of those with user_id ",
    ),
    "hidden from the whole list": (
        [_event(AT, number=AT - 1)],
        f"event {AT} is number {AT - 1} of those that are shown, wrongly",
    ),
    "without a number": (
        [_event(AT, number=None)],
        f"event {AT} lacks the number of those that are shown",
    ),
    "every number shifted": (
        [
            update(schema.events).where(_E.customer_id == WIDGETS).values(number=_E.number + 1),
            _head(number=_H.number + 1),
        ],
        "event 1 is number 2 of those that are shown",
    ),
    "the head shows fewer": ([_head(number=3)], "the head says that 3 events are shown"),
    "the head of another time": ([_head(created_at=1)], "the head says another time"),
    "personal values removed": (
        [_event(AT, personal=None)],
        f"event {AT} lacks description, and no erasure took that",
    ),
    "a personal value removed": (
        [_event(AT, personal="{}")],
        f"event {AT} lacks description, and no erasure took that",
    ),
}


@pytest.mark.parametrize("how", list(BESIDE))
async def test_what_no_hash_covers_is_held_against_what_one_does(world: World, how: str) -> None:
    assert (await verdict(world)).endswith("  whole")
    statements, says = BESIDE[how]
    await tamper(world, *statements)
    told = await verdict(world)
    left = says.partition("{count}")
    assert left[0] in told
    assert left[2] in told


async def erased_nina(world: World) -> int:
    """Erase somebody whom Ada made and deleted; the number of the event that made her."""
    user = await world.ask(ADA, "POST", "/user", data={"login": "nina@example.com", "name": "N E"})
    made, nina = len(await world.events()), user.json()["id"]
    assert (await world.ask(ADA, "DELETE", f"/user/{nina}")).status_code == 200
    body = {"customer_id": WIDGETS, "user_id": nina}
    erased = await world.ask(OPERATOR, "POST", "/_operator/v1/erasures", json=body)
    assert erased.json()["events"] == 2
    assert (await verdict(world)).endswith("  whole")
    return made


async def test_an_erasure_does_not_cover_what_is_taken_away_besides(world: World) -> None:
    await erased_nina(world)
    await tamper(world, _event(AT, personal=None))
    assert f"event {AT} lacks description, " in await verdict(world)


async def test_an_erasure_covers_no_more_of_an_event_than_it_took(world: World) -> None:
    """The address of who made her is still there."""
    made = await erased_nina(world)
    await tamper(world, _event(made, personal=None))
    assert f"event {made} lacks ip, and no erasure took that" in await verdict(world)


async def test_salt_and_value_are_not_parted_anew(world: World) -> None:
    """The text that was hashed is the same, and the value is another."""
    await world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"name": 'Ben "the boss"'})
    *_, (_, _, _, personal, _, at) = await world.events()
    values = msgspec.json.decode(personal)
    place = next(one for one, (_, value) in values.items() if value == 'Ben "the boss"')
    values[place] = [values[place][0] + '"Ben \\', 'the boss"']
    await tamper(world, _event(at, personal=msgspec.json.encode(values).decode()))
    assert (await verdict(world)).endswith(f" has a changed {place}")


async def test_a_log_that_goes_on_is_whole(world: World) -> None:
    """Numbers and counts are held against each other while events are added."""
    for name in ("one", "two"):
        await world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"name": name})
        assert (await verdict(world)).endswith("  whole")


class GoneBehind:
    """A database that nobody can ask any more for what stands behind an event."""

    def __init__(self, database: Database, last: int) -> None:
        self._database, self._last = database, last

    async def one(self, statement: Statement[Any], **given: Any) -> Any:
        return await self._database.one(statement, **given)

    async def all(self, statement: Statement[Any], **given: Any) -> list[Any]:
        if given.get("after", 0) >= self._last:
            raise OSError("gone")
        return await self._database.all(statement, **given)


async def test_a_read_that_fails_behind_a_finding_is_complained_of_by_nobody(world: World) -> None:
    """What is read ahead is not needed once something is wrong before it."""
    complaints: list[Any] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    await tamper(world, _event(AT, number=AT - 1))
    rows, begins = GoneBehind(world.app.database, AT), Place(customer_id=WIDGETS)
    with pytest.raises(Wrong, match=f"event {AT} is number"):
        await chain.follow(rows, begins, 2 * AT, most=AT)
    gc.collect()
    await asyncio.sleep(0)
    assert complaints == []
    with pytest.raises(OSError, match="gone"):
        await chain.follow(rows, Place(AT, None, WIDGETS), 2 * AT)
