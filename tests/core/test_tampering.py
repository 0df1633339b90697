"""Whatever is done to a log by who may write to its database is found, and the event is named.

What can be computed anew with the rest is found by a checkpoint that was signed before.
"""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

import msgspec
import pytest
from sqlalchemy import and_, delete, insert, update

from tenantry.areas.audit import verification
from tenantry.core import chain, checkpoint_tables, checkpoints, schema
from tenantry.core.shares import Shares
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tests.core.tampering import Row, changed, computed_anew, put, rows_of
from tests.world import BEN, WIDGETS, World

AT = 7
"""The event that is tampered with."""
I = AT - 1  # noqa: E741 - its index


def _drop(rows: list[Row]) -> list[Row]:
    return rows[:I] + rows[I + 1 :]


def _swap(rows: list[Row]) -> list[Row]:
    one, two = rows[I], rows[I + 1]
    kept = ("customer_id", "sequence")
    return [
        *rows[:I],
        two | {name: one[name] for name in kept},
        one | {name: two[name] for name in kept},
        *rows[I + 2 :],
    ]


def _shifted(rows: list[Row], by: int) -> list[Row]:
    return [row | {"sequence": row["sequence"] + by} for row in rows]


# The database itself refuses a second event of a number or an id: a forger leaves them out.
UNNUMBERED: Row = dict.fromkeys(
    ("number", "type_number", "user_number", "token_number", "service_number")
)


def _put_in(rows: list[Row]) -> list[Row]:
    made_up = changed(rows[I], id="00000007MadeUp00000000")
    made_up |= {"id": "00000007MadeUp00000000", **UNNUMBERED}
    return [*rows[:I], made_up, *_shifted(rows[I:], 1)]


def _with_personal(rows: list[Row], values: Row) -> list[Row]:
    personal = msgspec.json.decode(rows[I]["personal"]) | values
    text = msgspec.json.encode(personal).decode()
    return [*rows[:I], rows[I] | {"personal": text}, *rows[I + 1 :]]


def _with_hash_too(rows: list[Row]) -> list[Row]:
    return [*computed_anew([*rows[:I], changed(rows[I], request_id="x")], I), *rows[I + 1 :]]


TAMPERED: dict[str, tuple[Callable[[list[Row]], list[Row]], str]] = {
    "changed": (
        lambda rows: [*rows[:I], changed(rows[I], user_id=BEN.id), *rows[I + 1 :]],
        f"event {AT} ({{id}}) was changed, or event {AT - 1} and its hash were",
    ),
    "changed with its hash": (
        _with_hash_too,
        f"event {AT + 1} ({{next}}) was changed, or event {AT} and its hash were",
    ),
    "no JSON any more": (
        lambda rows: [*rows[:I], rows[I] | {"body": rows[I]["body"] + "}"}, *rows[I + 1 :]],
        f"event {AT} was changed: ",
    ),
    "deleted": (_drop, f"event {AT} is missing"),
    "several deleted": (
        lambda rows: rows[:I] + rows[I + 3 :],
        f"events {AT} to {AT + 2} are missing",
    ),
    "deleted and numbered anew": (
        lambda rows: rows[:I] + _shifted(rows[I + 1 :], -1),
        f"event {AT} was recorded as event {AT + 1}: ",
    ),
    "swapped": (_swap, f"event {AT} was recorded as event {AT + 1}: "),
    "put in": (_put_in, f"event {AT} (00000007MadeUp00000000) was changed, "),
    "numbered anew": (
        lambda rows: rows[:I] + _shifted(rows[I:], 1),
        f"event {AT} is missing",
    ),
    "cut off": (lambda rows: rows[:AT], f"the end is cut off after event {AT}: "),
    "all gone": (lambda rows: rows[:0], "the end is cut off after event 0: "),
    "put behind": (
        lambda rows: [
            *rows,
            rows[-1]
            | {"sequence": rows[-1]["sequence"] + 1, "id": "00000099Behind00000000"}
            | UNNUMBERED,
        ],
        "event {behind} stands behind the head",
    ),
    "another's": (
        lambda rows: computed_anew(
            [*rows[:I], changed(rows[I], customer_id="2OtherCompany000000000"), *rows[I + 1 :]], I
        ),
        f"event {AT} is another customer's",
    ),
    "a personal value changed": (
        partial(_with_personal, values={"ip": ["salt", "203.0.113.9"]}),
        f"event {AT} ({{id}}) has a changed ip",
    ),
    "a personal value put in": (
        partial(_with_personal, values={"metadata.phone": ["salt", "1"]}),
        f"event {AT} ({{id}}) has a changed metadata.phone",
    ),
    "filed under another type": (
        lambda rows: [*rows[:I], rows[I] | {"event_type": "user.lock"}, *rows[I + 1 :]],
        f"event {AT} ({{id}}) is filed under another event_type than it was recorded with",
    ),
    "filed under another actor": (
        lambda rows: [*rows[:I], rows[I] | {"user_id": BEN.id}, *rows[I + 1 :]],
        f"event {AT} ({{id}}) is filed under another user_id than it was recorded with",
    ),
    "filed under another time": (
        lambda rows: [*rows[:I], rows[I] | {"created_at": 0}, *rows[I + 1 :]],
        f"event {AT} ({{id}}) is filed under another time than it was recorded with",
    ),
}


async def _found(world: World) -> str | None:
    """What is wrong with the log, read at once and in many blocks."""
    by = (chain.follow, partial(chain.follow, most=2))
    checked = [await chain.verify(world.app.database, WIDGETS, by=one) for one in by]
    assert checked[0].problem == checked[1].problem
    assert checked[0].events == checked[1].events
    return checked[0].problem


@pytest.mark.parametrize("how", list(TAMPERED))
async def test_tampering_is_found_and_named(world: World, how: str) -> None:
    database = world.app.database
    rows = await rows_of(database)
    assert (await chain.verify(database, WIDGETS)).events == len(rows) > AT + 3
    tamper, says = TAMPERED[how]
    assert await _found(world) is None
    await put(database, tamper(rows))
    names = {"id": rows[I]["id"], "next": rows[I + 1]["id"], "behind": len(rows) + 1}
    problem = await _found(world)
    assert problem is not None
    assert problem.startswith(says.format(**names)), problem


async def _sign(world: World) -> checkpoints.Checkpoint:
    app = world.app

    async def work(unit: Unit) -> checkpoints.Checkpoint:
        return await checkpoints.keep(unit, app.keyring, WIDGETS, app.settings.base_url)

    return await app.database.write(work, customer_id=WIDGETS)


async def _unsign(unit: Unit) -> None:
    await unit.run(_UNSIGN)


_UNSIGN = Statement(delete(checkpoint_tables.checkpoints))


_R = schema.revisions.c
_LATER = and_(_R.customer_id == WIDGETS, _R.from_sequence > AT)
_FORGET = Statement(delete(schema.revisions).where(_LATER))
_REOPEN = Statement(
    update(schema.revisions)
    .where(_R.customer_id == WIDGETS, _R.to_sequence > AT)
    .values(to_sequence=None)
)


async def _forget_the_rest(unit: Unit) -> None:
    await unit.run(_FORGET)
    await unit.run(_REOPEN)


async def _verdict(world: World, **asked: Any) -> verification.Verdict:
    given = verification.Asked(customer_id=WIDGETS, **asked)
    return await verification.verify(world.app.database, world.app.keyring, given)


async def test_an_end_cut_off_with_all_its_traces_is_found_by_a_checkpoint(world: World) -> None:
    signed = await _sign(world)
    rows = await rows_of(world.app.database)
    assert await _verdict(world) == ([f"{WIDGETS}  {len(rows)} events  whole"], True)
    await put(world.app.database, rows[:AT], with_head=True)
    await world.app.database.write(_forget_the_rest)
    assert (await chain.verify(world.app.database, WIDGETS)).problem is None
    says = f"the end is cut off after event {AT}: {len(rows)} was signed at 2026-03-01T10:00:00Z"
    assert await _verdict(world) == ([f"{WIDGETS}  {says}"], False)
    # Likewise where the checkpoint was removed from the database, and had been kept elsewhere.
    await world.app.database.write(_unsign)
    assert (await _verdict(world))[1]
    assert await _verdict(world, checkpoints=[signed]) == ([f"{WIDGETS}  {says}"], False)
    lines, is_whole = await _verdict(world, head=signed.hash)
    assert (lines[1], is_whole) == (
        f"no event has the hash {signed.hash}: it was rewritten, or cut off",
        False,
    )


async def test_a_tail_computed_anew_is_found_by_a_checkpoint(world: World) -> None:
    rows = await rows_of(world.app.database)
    await _sign(world)
    lied = [*rows[:I], changed(rows[I], request_id="x"), *rows[I + 1 :]]
    await put(world.app.database, computed_anew(lied, I), with_head=True)
    assert (await chain.verify(world.app.database, WIDGETS)).problem is None
    says = (
        f"event {len(rows)} is not the one signed at 2026-03-01T10:00:00Z: "
        "it, or what is before, was rewritten"
    )
    assert await _verdict(world) == ([f"{WIDGETS}  {says}"], False)


async def test_a_checkpoint_that_was_forged_is_found(world: World) -> None:
    signed = await _sign(world)
    forged = msgspec.structs.replace(signed, sequence=AT)
    lines, is_whole = await _verdict(world, checkpoints=[forged])
    says = f"the checkpoint at event {AT} is not signed by a key of ours"
    assert (lines, is_whole) == ([f"{WIDGETS}  {says}"], False)
    stranger = msgspec.structs.replace(signed, key_id="0" * 16)
    assert not (await _verdict(world, checkpoints=[stranger]))[1]


def _revision(at: int, **values: Any) -> Statement[Any]:
    """A change of the first revision that an event made."""
    return Statement(
        update(schema.revisions)
        .where(_R.customer_id == WIDGETS, _R.from_sequence == at)
        .values(**values)
    )


HISTORY: dict[str, tuple[Statement[Any], str]] = {
    "changed": (_revision(AT, body='{"role":"superuser"}'), " was changed"),
    "taken away": (
        Statement(
            delete(schema.revisions).where(_R.customer_id == WIDGETS, _R.from_sequence == AT)
        ),
        " is missing",
    ),
    "put in": (
        Statement(
            insert(schema.revisions).values(
                customer_id=WIDGETS, kind="role", row_id="9MadeUp", from_sequence=AT, body="{}"
            )
        ),
        " was put in",
    ),
    "ended": (_revision(AT, to_sequence=AT + 1), " has another end"),
}


@pytest.mark.parametrize("how", list(HISTORY))
async def test_tampering_with_history_is_found_and_named(world: World, how: str) -> None:
    statement, says = HISTORY[how]

    async def work(unit: Unit) -> None:
        assert await unit.run(statement) == 1

    await world.app.database.write(work)
    problem = await _found(world)
    assert problem is not None
    assert problem.startswith("the revision of ")
    assert f" by event {AT}" in problem
    assert problem.endswith(says)


async def test_several_processes_find_the_same(world: World, database_url: str) -> None:
    """Each has its share of the log; what is wrong first is told, whoever finds what."""
    rows = await rows_of(world.app.database)
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        follow = Shares(database_url, pool, 2, least=1).follow
        middle = len(rows) // 2
        for gone, says in (
            ((), None),
            ((3, middle + 2), "event 3 is missing"),
            ((middle,), f"event {middle} is missing"),
            ((middle + 1,), f"event {middle + 1} is missing"),
            ((middle - 1, middle, middle + 1), f"events {middle - 1} to {middle + 1} are missing"),
        ):
            left = [row for row in rows if row["sequence"] not in gone]
            await put(world.app.database, left)
            checked = await chain.verify(world.app.database, WIDGETS, by=follow)
            assert checked.problem == says
