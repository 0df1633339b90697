"""How passwords are kept: hashed off the loop, and anew when the cost of hashing has changed."""

import asyncio
from statistics import median
from time import perf_counter

from sqlalchemy import bindparam, select

from tenantry.core import schema
from tenantry.core.secrets import PasswordCost, hash_password
from tenantry.core.statements import Statement
from tests.areas.account_calls import edit_user
from tests.areas.password_costs import USUAL, hashed_at
from tests.areas.test_sign_in import sign_in
from tests.world import BEN, PASSWORD, UMA, Person, World

_STORED = Statement(
    select(schema.users.c.password).where(schema.users.c.login_key == bindparam("login"))
)
DEARER = PasswordCost(memory_kib=20 * 1024, time=3)


async def stored(world: World, person: Person) -> str:
    (row,) = await world.app.database.all(_STORED, login=person.login)
    return str(row[0])


async def test_a_password_is_hashed_anew_when_it_is_next_proved(world: World) -> None:
    with hashed_at(USUAL):
        assert (await sign_in(world, BEN.login)).status_code == 200
        before = await stored(world, BEN)
        assert before.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    with hashed_at(DEARER):
        assert (await sign_in(world, BEN.login, "wrong-Horse-7-battery")).status_code == 400
        assert await stored(world, BEN) == before
        assert (await sign_in(world, BEN.login)).status_code == 200
        after = await stored(world, BEN)
        assert after.startswith("$argon2id$v=19$m=20480,t=3,p=1$")
        assert (await sign_in(world, BEN.login)).status_code == 200
        assert await stored(world, BEN) == after
    assert (await sign_in(world, BEN.login)).status_code == 200


async def test_those_who_prove_it_at_once_are_all_right(world: World) -> None:
    """The first of them has it hashed anew: that makes it no other password, and nobody guessed."""
    with hashed_at(USUAL):
        await edit_user(world, BEN, password=await hash_password(PASSWORD))
    with hashed_at(DEARER):
        lifting = [world.ask(BEN, "POST", "/sudo", data={"password": PASSWORD}) for _ in range(2)]
        answers = await asyncio.gather(*(sign_in(world, BEN.login) for _ in range(7)), *lifting)
    assert [one.status_code for one in answers] == [200] * 9
    assert (await stored(world, BEN)).startswith("$argon2id$v=19$m=20480,t=3,p=1$")


async def test_reads_go_on_while_many_sign_in(world: World) -> None:
    """Hashing has its own few threads: those who wait for it hold up nobody else."""
    with hashed_at(USUAL):
        await edit_user(world, UMA, password=await hash_password(PASSWORD))
        began = perf_counter()
        crowd = [asyncio.create_task(sign_in(world, UMA.login)) for _ in range(20)]
        reads = []
        while not all(one.done() for one in crowd):
            asked = perf_counter()
            assert (await world.ask(BEN, "GET", "/current_user")).status_code == 200
            # A read of SQLite never waits: what else is due gets its turn.
            await asyncio.sleep(0)
            reads.append(perf_counter() - asked)
    assert {one.result().status_code for one in crowd} == {200}
    assert len(reads) >= 20, "reads took as long as sign-ins"
    assert median(reads) < (perf_counter() - began) / 40, "half of them waited for a password"
