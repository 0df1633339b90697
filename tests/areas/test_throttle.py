"""Who guesses is stopped by where he is and by what he guesses at (contract: protocol §13.6)."""

import asyncio

import httpx
import pytest
from sqlalchemy import func, select

from tenantry.areas.users.guesses import MOST_LETTERS
from tenantry.core import schema
from tenantry.core.addresses import origin_of
from tenantry.core.clock import MINUTE
from tenantry.core.statements import Statement
from tests.areas.invitation_calls import LIN, document, invite
from tests.areas.test_sign_in import INVALID, LOCKED, WRONG
from tests.world import ADA, BEN, BILL, EVE, LIM, PASSWORD, SUE, UMA, World, open_world

_KEPT = Statement(select(func.count()).select_from(schema.failed_guesses))


async def sign_in(world: World, login: str, password: str, address: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=world.app, client=(address, 5000))
    form = {"username": login, "password": password}
    async with httpx.AsyncClient(transport=transport, base_url="http://api.example.com") as far:
        return await far.post("/tokens", data=form)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.10", "192.0.2.10"),
        ("::ffff:192.0.2.10", "192.0.2.10"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("no address", "no address"),
    ],
)
def test_one_line_is_one_origin(address: str, expected: str) -> None:
    assert origin_of(address) == expected


async def test_other_addresses_of_one_line_are_stopped_too(world: World) -> None:
    for number in range(10):
        answer = await sign_in(world, f"{number}@example.com", WRONG, f"2001:db8:1:2::{number}")
        assert answer.json() == INVALID
    answer = await sign_in(world, BEN.login, PASSWORD, "2001:db8:1:2:ffff::1")
    assert answer.status_code == 429
    assert (await sign_in(world, BEN.login, PASSWORD, "2001:db8:1:3::1")).status_code == 200


async def test_who_locks_people_out_is_stopped_at_the_second(world: World) -> None:
    """From one line, fifteen minutes are enough to lock one person out, and not two."""
    people = [ADA, SUE, BEN, LIM, BILL]
    for person in people:
        for _ in range(6):
            await sign_in(world, person.login, WRONG, "198.51.100.7")
    answers = [await sign_in(world, one.login, PASSWORD, "192.0.2.10") for one in people]
    assert [one.json() == LOCKED for one in answers] == [True, False, False, False, False]
    # Whom it hit goes on with what he has, and lets himself in again by a link.
    assert (await world.ask(ADA, "GET", "/current_user")).status_code == 200
    reset = await world.ask(ADA, "POST", f"/user/{ADA.login}/password/request_reset")
    assert reset.status_code == 200


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_who_guesses_all_at_once_waits_in_a_line_of_his_own(world: World) -> None:
    guesses = [
        asyncio.create_task(sign_in(world, f"{number}@example.com", WRONG, "198.51.100.7"))
        for number in range(40)
    ]
    await asyncio.sleep(0)
    assert (await sign_in(world, BEN.login, PASSWORD, "192.0.2.10")).status_code == 200
    assert sum(guess.done() for guess in guesses) < 20
    answers = await asyncio.gather(*guesses)
    assert [answer.json() == INVALID for answer in answers].count(True) == 10


async def test_every_process_knows_of_every_guess(world: World) -> None:
    other = await open_world(world.app.settings.database, world.log_path.parent)
    for number in range(10):
        where = (world, other)[number % 2]
        await sign_in(where, f"{number}@example.com", WRONG, "198.51.100.7")
    for where in (world, other):
        assert (await sign_in(where, UMA.login, PASSWORD, "198.51.100.7")).status_code == 429
    await other.stop()


async def test_what_counts_no_more_is_forgotten(world: World) -> None:
    for number in range(5):
        await sign_in(world, f"{number}@example.com", WRONG, "198.51.100.7")
        world.clock.turn(MINUTE)
    assert await world.app.database.all(_KEPT) == [(10,)]
    world.clock.turn(12 * MINUTE)
    await sign_in(world, "last@example.com", WRONG, "198.51.100.8")
    assert await world.app.database.all(_KEPT) == [(6,)]
    world.clock.turn(15 * MINUTE)
    await sign_in(world, "last@example.com", WRONG, "198.51.100.8")
    assert await world.app.database.all(_KEPT) == [(2,)]


async def test_nobody_has_a_mailbox_filled(world: World) -> None:
    """Who asks for letters to an address is stopped by how many there were; others are not."""
    path = f"/invitations/{(await invite(world, BEN))['id']}"
    again = f"{path}/notifications"
    answers = [(await world.ask(BEN, "POST", again)).status_code for _ in range(MOST_LETTERS)]
    assert answers == [*[204] * (MOST_LETTERS - 1), 429]
    assert (await world.ask(BEN, "DELETE", path)).status_code == 204
    refused = await world.ask(ADA, "POST", "/invitations", json=document(LIN.upper()))
    assert refused.json() == {"msg": "Too many letters to this address, try again later"}
    assert len(await world.letters()) == MOST_LETTERS
    await invite(world, EVE)
    await invite(world, BEN, "other@example.com")
    world.clock.turn(15 * MINUTE)
    await invite(world, BEN)


async def test_nor_with_links_to_a_password(world: World) -> None:
    path = f"/user/{BEN.login}/password/request_reset"
    answers = [(await world.ask(SUE, "POST", path)).status_code for _ in range(MOST_LETTERS + 1)]
    assert answers == [*[200] * MOST_LETTERS, 429]
    assert len(await world.letters()) == MOST_LETTERS
