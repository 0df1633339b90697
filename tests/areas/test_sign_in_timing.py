"""How long a refusal takes tells nothing: of a login that is unknown, or a password that is right.

Each pair is measured in turns, so that whatever else the machine does slows both, and what counts
is how many of one kind stand below the middle of both: half, if they are alike; all or none, if one
of them spares itself a hash, or takes one more.
"""

from collections.abc import Awaitable, Callable
from itertools import count
from statistics import median
from time import perf_counter

import httpx
import pytest

from tenantry.areas.users.sign_in import REFUSED_AFTER
from tenantry.core.clock import HOUR
from tenantry.core.secrets import PasswordCost, hash_password
from tests.areas.account_calls import edit_user
from tests.areas.password_costs import hashed_at
from tests.areas.test_sign_in import WRONG
from tests.world import BEN, PASSWORD, UMA, World

HALF = PasswordCost(time=1)
"""Half of the usual cost, so that the test takes less time; far above the noise."""
ROUNDS = 24
ATTEMPTS = 5
_addresses = count(1)

Way = Callable[[World], Awaitable[httpx.Response]]


async def sign_in(world: World, login: str, password: str) -> httpx.Response:
    """From an address that nobody guessed from."""
    number = next(_addresses)
    client = (f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 5000)
    transport = httpx.ASGITransport(app=world.app, client=client)
    form = {"username": login, "password": password}
    async with httpx.AsyncClient(transport=transport, base_url="http://api.example.com") as far:
        return await far.post("/tokens", data=form)


async def unknown(world: World) -> httpx.Response:
    return await sign_in(world, f"nobody-{next(_addresses)}@example.com", WRONG)


async def known(world: World) -> httpx.Response:
    return await sign_in(world, BEN.login, WRONG)


async def locked_right(world: World) -> httpx.Response:
    return await sign_in(world, UMA.login, PASSWORD)


async def locked_wrong(world: World) -> httpx.Response:
    return await sign_in(world, UMA.login, WRONG)


async def timed(world: World, way: Way) -> float:
    began = perf_counter()
    assert (await way(world)).status_code == 400
    return perf_counter() - began


async def share_below(world: World, one: Way, other: Way) -> float:
    """How many of one kind are faster than the middle of both, from 0 to 1."""
    times: dict[Way, list[float]] = {one: [], other: []}
    for number in range(ROUNDS):
        for way in (one, other) if number % 2 else (other, one):
            times[way].append(await timed(world, way))
        await edit_user(world, BEN, failed_sign_ins=0)
        world.clock.turn(HOUR)
    middle = median(times[one] + times[other])
    return sum(each < middle for each in times[one]) / ROUNDS


@pytest.mark.parametrize(("one", "other"), [(unknown, known), (locked_right, locked_wrong)])
async def test_how_long_a_refusal_takes_tells_nothing(world: World, one: Way, other: Way) -> None:
    # Hers is of older parameters: the right one would be hashed anew.
    await edit_user(world, UMA, locked=True)
    with hashed_at(HALF):
        await edit_user(world, BEN, password=await hash_password(PASSWORD))
        shares = []
        for _ in range(ATTEMPTS):
            shares.append(await share_below(world, one, other))
            if 0.3 <= shares[-1] <= 0.7:
                return
    pytest.fail(f"one is faster than the other: {shares}")


async def test_a_refusal_waits_and_a_success_does_not(world: World) -> None:
    assert await timed(world, unknown) >= REFUSED_AFTER
    times = []
    for _ in range(20):
        began = perf_counter()
        assert (await sign_in(world, BEN.login, PASSWORD)).status_code == 200
        times.append(perf_counter() - began)
    assert min(times) < REFUSED_AFTER
