"""The code of an invitation: it works once, for seven days, and is not to be guessed."""

import asyncio

from tenantry.core.clock import MINUTE
from tests.areas.invitation_calls import (
    CHOSEN,
    DEAD,
    DONE,
    TOO_MANY,
    accept,
    codes,
    invite,
    user_called,
)
from tests.world import ADA, BEN, DAY, ELSEWHERE, EVE, WWW, World


async def test_a_code_works_once(world: World) -> None:
    await invite(world)
    (code,) = await codes(world)
    assert await accept(world, code) == DONE
    assert await accept(world, code, "Eve") == DEAD
    assert (await user_called(world))["name"] == "Lin"


async def test_of_two_at_once_one_wins(world: World) -> None:
    """A concurrent double accept makes one user."""
    await invite(world, role="engineer", services=[(WWW, "full")])
    (code,) = await codes(world)
    since = len(await world.events())
    answers = await asyncio.gather(*(accept(world, code, name) for name in ("One", "Two")))
    assert sorted(answers, key=lambda one: one[0]) == [DONE, DEAD]
    assert await world.actions(since) == [
        "user.create",
        "service_authorization.create",
        "invitation.accept",
    ]


async def test_all_dead_codes_are_told_alike(world: World) -> None:
    await invite(world, email="used@example.com")
    await invite(world, email="late@example.com")
    withdrawn = await invite(world, email="withdrawn@example.com")
    await world.ask(ADA, "DELETE", f"/invitations/{withdrawn['id']}")
    dead = [
        (await codes(world, f"{name}@example.com"))[0] for name in ("used", "withdrawn", "late")
    ]
    await accept(world, dead[0])
    world.clock.turn(7 * DAY)
    since = len(await world.events())
    for code in (*dead, "no-such-code", "é", "0" * 3000, BEN.token):
        assert await accept(world, code) == DEAD
    assert await world.actions(since) == []


async def test_a_code_ends_at_its_very_instant(world: World) -> None:
    """An invitation expires at 7 days, and not a microsecond before."""
    for email in ("before@example.com", "after@example.com"):
        await invite(world, email=email)
    world.clock.turn(7 * DAY - 1)
    (before,) = await codes(world, "before@example.com")
    assert await accept(world, before) == DONE
    world.clock.turn(1)
    (after,) = await codes(world, "after@example.com")
    assert await accept(world, after) == DEAD


async def test_a_customer_that_closes_takes_its_codes_along(world: World) -> None:
    await invite(world, EVE)
    (code,) = await codes(world)
    assert (await world.ask(EVE, "DELETE", f"/service/{ELSEWHERE}")).status_code == 200
    assert (await world.ask(EVE, "DELETE", f"/customer/{EVE.customer_id}")).status_code == 200
    assert await accept(world, code) == DEAD


async def test_whose_key_is_sent_along_does_not_matter(world: World) -> None:
    for number, person in enumerate((ADA, BEN, EVE)):
        email = f"n{number}@example.com"
        await invite(world, email=email)
        (code,) = await codes(world, email)
        since = len(await world.events())
        body = {"name": "New", "password": CHOSEN}
        answer = await world.ask(person, "PUT", f"/invitation/accept/{code}", json=body)
        assert (answer.status_code, answer.json()) == DONE
        assert "fastly-ratelimit-remaining" not in answer.headers
        created = (await world.events())[since]
        assert '"token_id":null' in created[2]
        assert person.id not in created[2]


async def test_guessing_codes_is_slowed_down(world: World) -> None:
    """Ten codes that open nothing are enough for an address, for a quarter of an hour."""
    await invite(world)
    (code,) = await codes(world)
    for number in range(10):
        assert await accept(world, f"guess-{number}") == DEAD
    assert await accept(world, "guess") == TOO_MANY
    assert await accept(world, code) == TOO_MANY
    proof = {"username": BEN.login, "password": "wrong"}
    assert (await world.ask(None, "POST", "/tokens", data=proof)).status_code == 400
    world.clock.turn(15 * MINUTE)
    assert await accept(world, code) == DONE


async def test_guesses_all_at_once_are_counted(world: World) -> None:
    answers = await asyncio.gather(*(accept(world, f"guess-{number}") for number in range(30)))
    assert sorted(status for status, _ in answers) == [404] * 10 + [429] * 20


async def test_a_code_is_not_tried_on_and_on(world: World) -> None:
    await invite(world)
    await invite(world, email="other@example.com")
    (code,) = await codes(world)
    for _ in range(10):
        assert (await accept(world, code, password="short"))[0] == 400
    assert await accept(world, code) == TOO_MANY
    (other,) = await codes(world, "other@example.com")
    assert await accept(world, other) == DONE


async def test_a_code_is_stored_and_logged_nowhere(world: World) -> None:
    await invite(world)
    (code,) = await codes(world)
    answers = [
        await world.ask(ADA, "GET", "/invitations"),
        await world.ask(None, "GET", f"/_tenantry/v1/invitation/{code}"),
    ]
    await accept(world, code)
    assert code not in str(await world.letters())
    assert code not in str(await world.events())
    assert all(code not in answer.text for answer in answers)
    await asyncio.sleep(0)
    log = world.log_path.read_text()
    assert "/invitation/accept/{code}" in log
    assert code not in log
