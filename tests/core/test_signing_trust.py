"""Which keys count when checkpoints are checked: who has the database can publish any."""

from typing import Any

import msgspec
from sqlalchemy import insert, update

from tenantry.areas.audit import verification
from tenantry.core import checkpoints, signing
from tenantry.core.checkpoint_tables import checkpoints as kept
from tenantry.core.checkpoint_tables import signing_keys
from tenantry.core.checkpoints import Checkpoint, sign
from tenantry.core.secrets import Keyring
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tests.core.tampering import changed, computed_anew, put, rows_of
from tests.world import ADA, BEN, WIDGETS, World

STRANGER = signing.derived(Keyring(b"6" * 32), 9, 0)
"""Made by another secret."""


async def verdict(world: World, **asked: Any) -> verification.Verdict:
    given = verification.Asked(customer_id=WIDGETS, **asked)
    return await verification.verify(world.app.database, world.app.keyring, given)


async def keep(world: World) -> Checkpoint:
    app = world.app
    return await app.database.write(
        lambda unit: checkpoints.keep(unit, app.keyring, WIDGETS, app.settings.base_url),
        customer_id=WIDGETS,
    )


async def run(world: World, statement: Any) -> None:
    async def work(unit: Unit) -> None:
        assert await unit.run(Statement(statement)) == 1

    await world.app.database.write(work)


def row_of(key: signing.PublicKey, **values: Any) -> dict[str, Any]:
    columns = ("generation", "key_id", "public_key", "previous_key_id", "signature")
    return {name: getattr(key, name) for name in columns} | {"created_at": 0} | values


async def test_checkpoints_of_keys_that_were_rotated_hold(world: World) -> None:
    app = world.app
    for name in ("one", "two", "three"):
        await keep(world)
        await app.database.write(lambda unit: signing.rotate(unit, app.keyring))
        await world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"name": name})
    count = len(await world.events())
    assert await verdict(world) == ([f"{WIDGETS}  {count} events  whole"], True)
    first, *_ = await signing.public_keys(app.database, app.keyring)
    assert (await verdict(world, keys=[first]))[1]


async def test_a_key_that_the_secret_does_not_make_is_named(world: World) -> None:
    """The whole tail is computed anew and signed, by a key that was put into the table."""
    genuine = await keep(world)
    keys = await signing.public_keys(world.app.database, world.app.keyring)
    rows = await rows_of(world.app.database)
    await put(
        world.app.database,
        computed_anew([*rows[:6], changed(rows[6], request_id="x"), *rows[7:]], 6),
        with_head=True,
    )
    forged = msgspec.structs.replace(genuine, hash=await _head(world))
    await run(world, insert(signing_keys).values(row_of(STRANGER.published)))
    signed = sign(STRANGER, forged)
    await run(world, update(kept).values(_row(signed)))
    lines, is_whole = await verdict(world)
    named = f"NOT of this secret, compare it with what you kept: key {signed.key_id}"
    assert (lines[1:], is_whole) == ([named], True)
    lines, is_whole = await verdict(world, keys=keys)
    assert not is_whole
    assert lines[0].endswith(" is not signed by a key of ours")


async def test_a_published_key_that_was_replaced_does_not_count(world: World) -> None:
    signed = await keep(world)
    lie = update(signing_keys).values(public_key=STRANGER.published.public_key)
    await run(world, lie)
    lines, is_whole = await verdict(world, checkpoints=[signed])
    assert not is_whole
    assert lines[0].endswith(
        f"the checkpoint at event {signed.sequence} is not signed by a key of ours"
    )


async def test_a_published_key_that_is_none_does_not_count(world: World) -> None:
    signed = await keep(world)
    await run(world, update(signing_keys).values(public_key="nothing"))
    lines, is_whole = await verdict(world)
    assert not is_whole
    says = f"the checkpoint at event {signed.sequence} is not signed by a key of ours"
    assert lines[0].endswith(says)


async def test_a_fork_is_found(world: World) -> None:
    """An old database was put back and went on: two checkpoints of one number differ."""
    other = msgspec.structs.replace(await keep(world), hash="0" * 64)
    key = await signing.signing_key(world.app.database, world.app.keyring)
    lines, is_whole = await verdict(world, checkpoints=[sign(key, other)])
    assert not is_whole
    assert f"event {other.sequence} is not the one signed at " in lines[0]


async def _head(world: World) -> str:
    return str((await world.events())[-1][4].hex())


def _row(signed: Checkpoint) -> dict[str, Any]:
    return {
        "hash": bytes.fromhex(signed.hash),
        "key_id": signed.key_id,
        "signature": signed.signature,
    }
