"""Asking for a new password without the old one."""

import asyncio
from time import perf_counter

import pytest

from tenantry.areas.users.sign_in import REFUSED_AFTER
from tenantry.core.clock import DAY, HOUR, MINUTE
from tenantry.core.unit import Unit
from tests.console.browser import CONSOLE, Visitor, form_token
from tests.world import ADA, BEN, PASSWORD, WIDGETS, World

PATH, SIGN_IN = f"{CONSOLE}/forgotten-password", f"{CONSOLE}/sign-in"
NEW = "stapled-Sponge-7-otter"


async def links(world: World) -> list[str]:
    """Where the mailed links lead."""
    letters = [one for one in await world.letters() if one.get("template") == "reset_password"]
    codes = [world.app.keyring.code_for(*one["code"]) for one in letters]
    return [f"/_tenantry/v1/password/{code}" for code in codes]


async def test_a_link_is_mailed_that_sets_a_password_and_unlocks(world: World) -> None:
    ben = Visitor(world)
    for _ in range(6):
        await ben.sign_in(BEN, "not-His-password-1")
    assert PATH in (await ben.get(SIGN_IN)).text
    since = len(await world.events())
    answer = await ben.send(PATH, {"login": BEN.login.upper()})
    assert (answer.status_code, "Look into your mail" in answer.text) == (200, True)
    assert await world.actions(since) == ["user.password_reset_request"]
    (link,) = await links(world)
    await world.ask(None, "POST", link, data={"password": NEW, "password_again": NEW})
    assert (await ben.sign_in(BEN, NEW)).status_code == 303


@pytest.mark.parametrize("login", ["nobody@example.com", "", "x" * 300, "'--", "\x01"])
async def test_an_unknown_login_is_told_the_same(world: World, login: str) -> None:
    known = await Visitor(world).send(PATH, {"login": BEN.login})
    since = len(await world.events())
    unknown = await Visitor(world).send(PATH, {"login": login})
    assert (unknown.status_code, unknown.text) == (known.status_code, known.text)
    assert await world.actions(since) == []


async def test_nobody_is_told_sooner_than_another(world: World) -> None:
    """What is done for a login that is known takes longer, and is hidden in what all wait."""
    for login in (BEN.login, "nobody@example.com"):
        visitor = Visitor(world)
        form = {"login": login, "form_token": form_token(await visitor.get(PATH))}
        began = perf_counter()
        assert (await visitor.post(PATH, form)).status_code == 200
        assert perf_counter() - began >= REFUSED_AFTER


async def test_whom_a_superuser_locked_gets_none(world: World) -> None:
    await world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"locked": "true"})
    answer = await Visitor(world).send(PATH, {"login": BEN.login})
    assert answer.status_code == 200
    assert await links(world) == []


async def test_nor_whom_one_locks_meanwhile(world: World) -> None:
    """Both wait for the log, and the lock is first; whose login it is was read before that."""
    begun, let_go = asyncio.Event(), asyncio.Event()

    async def hold(_: Unit) -> None:
        begun.set()
        await let_go.wait()

    async def wait() -> None:
        # What reads takes its turn among others; what writes stands still.
        for _ in range(5):
            await world.ask(ADA, "GET", f"/user/{BEN.id}")

    ben = Visitor(world)
    form = {"login": BEN.login, "form_token": form_token(await ben.get(PATH))}
    async with asyncio.TaskGroup() as together:
        together.create_task(world.app.database.write(hold, customer_id=WIDGETS))
        await begun.wait()
        lock = world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"locked": "true"})
        locking = together.create_task(lock)
        await wait()
        asking = together.create_task(ben.post(PATH, form))
        await wait()
        assert not locking.done()
        assert not asking.done()
        let_go.set()
    assert (locking.result().status_code, asking.result().status_code) == (200, 200)
    assert await links(world) == []


async def test_from_an_address_that_is_not_allowed_none_is_mailed(world: World) -> None:
    await world.ask(ADA, "PUT", f"/customer/{WIDGETS}", data={"ip_whitelist": "192.0.2.0/24"})
    outside = Visitor(world, address="198.51.100.7")
    assert (await outside.send(PATH, {"login": BEN.login})).status_code == 200
    assert await links(world) == []
    assert (await Visitor(world).send(PATH, {"login": BEN.login})).status_code == 200
    assert len(await links(world)) == 1


async def test_a_mailbox_is_not_flooded(world: World) -> None:
    for turn in range(6):
        visitor = Visitor(world, address=f"198.51.{turn}.7")
        answer = await visitor.send(PATH, {"login": BEN.login})
        assert answer.status_code == (200 if turn < 4 else 429)
    assert len(await links(world)) == 4
    assert (await Visitor(world).sign_in(BEN)).status_code == 303
    world.clock.turn(15 * MINUTE)
    assert (await Visitor(world).send(PATH, {"login": BEN.login})).status_code == 200


async def test_one_address_does_not_ask_for_everybody(world: World) -> None:
    visitor = Visitor(world)
    for turn in range(11):
        answer = await visitor.send(PATH, {"login": f"nobody-{turn}@example.com"})
        assert answer.status_code == (200 if turn < 10 else 429)
    # Who forgot keeps nobody from signing in.
    assert (await visitor.sign_in(ADA)).status_code == 303


async def test_who_is_signed_in_may_ask_too_and_stays_so(world: World) -> None:
    ada = Visitor(world)
    await ada.sign_in(ADA)
    answer = await ada.send(PATH, {"login": BEN.login})
    assert answer.status_code == 200
    assert (await ada.get(f"{CONSOLE}/profile")).status_code == 200
    form = {"username": BEN.login, "password": PASSWORD}
    assert (await world.ask(None, "POST", "/tokens", data=form)).status_code == 200
    assert form_token(await ada.get(PATH))


async def mailed(world: World, login: str) -> dict[str, str]:
    """Where the links to somebody lead, by what they are for."""
    letters = [one for one in await world.letters() if one.get("to") == login]
    return {
        one["template"]: f"/_tenantry/v1/password/{world.app.keyring.code_for(*one['code'])}"
        for one in letters
    }


@pytest.mark.parametrize("used", ["set_password", "reset_password"])
async def test_a_stranger_takes_no_newcomers_link(world: World, used: str) -> None:
    """Both links work, until one of them is used."""
    new = "nia@example.com"
    await world.ask(ADA, "POST", "/user", data={"login": new})
    await Visitor(world).send(PATH, {"login": new})
    links = await mailed(world, new)
    assert sorted(links) == ["reset_password", "set_password"]
    for link in links.values():
        assert (await world.ask(None, "GET", link)).status_code == 200
    form = {"password": NEW, "password_again": NEW}
    assert (await world.ask(None, "POST", links[used], data=form)).status_code == 200
    for link in links.values():
        assert (await world.ask(None, "GET", link)).status_code == 404
        assert (await world.ask(None, "POST", link, data=form)).status_code == 404


async def test_a_newcomers_link_lasts_as_long_as_was_said(world: World) -> None:
    new = "nia@example.com"
    await world.ask(ADA, "POST", "/user", data={"login": new})
    await Visitor(world).send(PATH, {"login": new})
    links = await mailed(world, new)
    world.clock.turn(HOUR)
    assert (await world.ask(None, "GET", links["reset_password"])).status_code == 404
    world.clock.turn(7 * DAY - HOUR - 1)
    assert (await world.ask(None, "GET", links["set_password"])).status_code == 200


async def test_a_new_password_voids_every_link(world: World) -> None:
    new = "nia@example.com"
    await world.ask(ADA, "POST", "/user", data={"login": new})
    first = (await mailed(world, new))["set_password"]
    form = {"password": NEW, "password_again": NEW}
    await world.ask(None, "POST", first, data=form)
    await Visitor(world).send(PATH, {"login": new})
    reset = (await mailed(world, new))["reset_password"]
    change = {"old_password": NEW, "new_password": "unplugged-Kettle-9-fjord"}
    basic = (new, NEW)
    changed = await world.ask(None, "POST", "/current_user/password", data=change, auth=basic)
    assert changed.status_code == 200
    assert (await world.ask(None, "GET", reset)).status_code == 404
