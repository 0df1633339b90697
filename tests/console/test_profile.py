"""One's profile: name and password."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tenantry.core.clock import HOUR, MINUTE, SECOND
from tests.areas.account_calls import edit_customer, edit_user
from tests.console.browser import CONSOLE, Visitor, form_token
from tests.console.test_new_device import letters
from tests.console.test_sessions import flush
from tests.world import ADA, BEN, PASSWORD, World

PROFILE, CHANGE = f"{CONSOLE}/profile", f"{CONSOLE}/profile/password"
NEW = "stapled-Sponge-7-otter"
OTHER_NEW = "unplugged-Kettle-9-fjord"
FORM = {"old_password": PASSWORD, "password": NEW, "password_again": NEW}


async def signed_in(world: World) -> Visitor:
    ben = Visitor(world)
    await ben.sign_in(BEN)
    return ben


async def signs_in(world: World, password: str) -> bool:
    form = {"username": BEN.login, "password": password}
    return (await world.ask(None, "POST", "/tokens", data=form)).status_code == 200


async def test_it_tells_who_one_is(world: World) -> None:
    page = (await (await signed_in(world)).get(PROFILE)).text
    for told in ("Ben", "ben@example.com", "Example Widgets", BEN.id):
        assert told in page
    assert "Owner" not in page
    ada = Visitor(world)
    await ada.sign_in(ADA)
    assert "Owner" in (await ada.get(PROFILE)).text


async def test_the_name_is_changed(world: World) -> None:
    ben = await signed_in(world)
    since = len(await world.events())
    answer = await ben.send(PROFILE, {"name": "  Benjamin "})
    assert answer.headers["location"] == f"{PROFILE}?done=name"
    page = (await ben.get(answer.headers["location"])).text
    assert "Your name is changed." in page
    assert 'value="Benjamin"' in page
    assert await world.actions(since) == ["user.update"]
    answer = await ben.send(PROFILE, {"name": " "})
    assert (answer.status_code, "Name must have 1 to 255" in answer.text) == (400, True)


async def test_a_form_changes_nothing_but_the_name(world: World) -> None:
    ben = await signed_in(world)
    form = {"name": "Ben", "role": "superuser", "locked": "false", "limit_services": "false"}
    assert (await ben.send(PROFILE, form)).status_code == 303
    assert (await world.ask(ADA, "GET", f"/user/{BEN.id}")).json()["role"] == "engineer"


async def test_the_password_is_changed_and_this_browser_stays_signed_in(world: World) -> None:
    ben, elsewhere = await signed_in(world), await signed_in(world)
    old, mailed = ben.cookie(), await letters(world)
    since = len(await world.events())
    answer = await ben.send(CHANGE, FORM)
    assert answer.headers["location"] == f"{PROFILE}?done=password", answer.text
    assert await world.actions(since) == [
        "token.destroy",
        "token.destroy",
        "user.logout",
        "user.password_update",
        "token.create",
    ]
    assert ben.cookie() != old
    assert "Your password is changed." in (await ben.get(answer.headers["location"])).text
    assert (await elsewhere.get(PROFILE)).status_code == 303
    thief = Visitor(world)
    thief.plant(old or "")
    assert (await thief.get(PROFILE)).status_code == 303
    assert (await signs_in(world, NEW), await signs_in(world, PASSWORD)) == (True, False)
    assert (await world.ask(BEN, "GET", "/current_user")).status_code == 200
    assert await letters(world) == mailed


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"old_password": ""}, "Please enter your password of now"),
        ({"old_password": "not-His-password-1"}, "That is not your password of now"),
        ({"password_again": OTHER_NEW}, "The two new passwords are not the same"),
        ({"password": "short", "password_again": "short"}, "12 to 128 characters"),
        ({"password": "", "password_again": ""}, "12 to 128 characters"),
        ({"password": PASSWORD, "password_again": PASSWORD}, "must not be the old one"),
    ],
)
async def test_a_bad_change_is_told_and_changes_nothing(
    world: World, change: dict[str, str], told: str
) -> None:
    ben = await signed_in(world)
    answer = await ben.send(CHANGE, FORM | change)
    assert (answer.status_code, told in answer.text) == (400, True)
    assert NEW not in answer.text
    assert PASSWORD not in answer.text
    assert await signs_in(world, PASSWORD)
    assert (await ben.get(PROFILE)).status_code == 200


async def test_guessing_the_old_password_is_counted_and_locks(world: World) -> None:
    ben = await signed_in(world)
    since = len(await world.events())
    for _ in range(6):
        await ben.send(CHANGE, FORM | {"old_password": "not-His-password-1"})
    assert (await world.actions(since)).count("user.login_failure") == 6
    answer = await ben.send(CHANGE, FORM)
    assert (answer.status_code, "is locked" in answer.text) == (400, True)
    assert not await signs_in(world, NEW)


async def _pci_passwords(world: World) -> None:
    await edit_customer(world, has_pci_passwords=True)
    await edit_user(world, BEN, password_changed_at=world.clock.now)


async def _new_one_is_due(world: World) -> None:
    await edit_user(world, BEN, require_new_password=True)


@pytest.mark.parametrize("rule", [_pci_passwords, _new_one_is_due])
async def test_the_new_password_says_nothing_of_the_old_one_to_who_does_not_know_it(
    world: World, rule: Callable[[World], Awaitable[None]]
) -> None:
    """Each guess at it is counted, wherever it is written (contract: protocol §13.6)."""
    ben = await signed_in(world)
    await rule(world)
    wrong, since = FORM | {"old_password": "not-His-password-1"}, len(await world.events())
    for guess in (PASSWORD, NEW, "short"):
        answer = await ben.send(CHANGE, wrong | {"password": guess, "password_again": guess})
        assert answer.status_code == 400
        assert "That is not your password of now" in answer.text
        assert "must not be" not in answer.text
    assert await world.actions(since) == ["user.login_failure"] * 3
    same = FORM | {"password": PASSWORD, "password_again": PASSWORD}
    answer = await ben.send(CHANGE, same)
    assert (answer.status_code, "Password must not be" in answer.text) == (400, True)
    assert (await ben.send(CHANGE, FORM)).status_code == 303


async def test_of_two_changes_at_once_one_wins(world: World) -> None:
    ben = await signed_in(world)
    fields = [form_token(await ben.get(CHANGE)) for _ in range(2)]
    forms = [
        {"old_password": PASSWORD, "password": new, "password_again": new, "form_token": field}
        for new, field in zip((NEW, OTHER_NEW), fields, strict=True)
    ]
    since = len(await world.events())
    answers = await asyncio.gather(*(ben.post(CHANGE, form) for form in forms))
    locations = [answer.headers.get("location", "") for answer in answers]
    assert sum(place.endswith("done=password") for place in locations) == 1
    assert (await world.actions(since)).count("user.password_update") == 1


async def is_lifted(visitor: Visitor) -> bool:
    """Whether what needs sudo is open: to set up a second factor."""
    return (await visitor.get(f"{CONSOLE}/factors/enrol")).status_code == 200


async def test_a_new_password_gives_no_sudo(world: World) -> None:
    """Who found a session open and the password is not asked for the second factor there."""
    ben = await signed_in(world)
    world.clock.turn(10 * MINUTE)
    assert not await is_lifted(ben)
    assert (await ben.send(CHANGE, FORM)).status_code == 303
    assert not await is_lifted(ben)
    again = await ben.sign_in_again(BEN, NEW)
    assert (again.status_code, await is_lifted(ben)) == (303, True)
    newer = {"old_password": NEW, "password": OTHER_NEW, "password_again": OTHER_NEW}
    world.clock.turn(10 * MINUTE - SECOND)
    assert (await ben.send(CHANGE, newer)).status_code == 303
    assert await is_lifted(ben)
    world.clock.turn(SECOND)
    assert not await is_lifted(ben)


async def test_a_new_password_makes_no_session_last_longer(world: World) -> None:
    ben = await signed_in(world)
    for _ in range(23):
        world.clock.turn(HOUR // 2)
        assert (await ben.get(PROFILE)).status_code == 200
        await flush(world)
    assert (await ben.send(CHANGE, FORM)).status_code == 303
    assert "1 March 2026, 10:00 UTC" in (await ben.get(f"{CONSOLE}/sessions")).text
    world.clock.turn(HOUR // 2 - SECOND)
    assert (await ben.get(PROFILE)).status_code == 200
    world.clock.turn(SECOND)
    assert (await ben.get(PROFILE)).status_code == 303
