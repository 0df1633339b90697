"""Whoever was signed in from a browser that was not seen before is told."""

from typing import Any

from sqlalchemy import func, select

from tenantry.areas.users.devices import LASTS
from tenantry.core.clock import SECOND
from tenantry.core.security_tables import devices
from tenantry.core.statements import Statement
from tests.console.browser import CONSOLE, ORIGIN, Visitor
from tests.world import ADA, BEN, NED, World

_COUNT = Statement(select(func.count()).select_from(devices))


async def test_a_new_browser_is_told_by_mail_but_not_the_first_or_a_known_one(
    world: World,
) -> None:
    home, office = Visitor(world), Visitor(world, agent="Mozilla/5.0 (Windows NT) Edg/140.0")
    await home.sign_in(NED)
    assert await letters(world) == []
    await home.send(f"{CONSOLE}/sign-out", {})
    await home.sign_in(NED)
    assert await letters(world) == []
    await office.sign_in(NED)
    (letter,) = await letters(world)
    assert letter["to"] == NED.login
    assert letter["facts"]["browser"] == "Edge on Windows"
    assert letter["facts"]["address"] == "192.0.2.10"
    assert letter["facts"]["link"] == f"{ORIGIN}/_tenantry/console/sessions"


async def letters(world: World) -> list[dict[str, Any]]:
    return [one for one in await world.letters() if one.get("template") == "new_device"]


async def test_a_known_browser_is_known_for_each_of_its_people(world: World) -> None:
    shared = Visitor(world)
    await shared.sign_in(ADA)
    await shared.sign_in_again(BEN)
    assert await letters(world) == []
    await shared.sign_in_again(ADA)
    await shared.sign_in_again(BEN)
    assert await letters(world) == []


async def test_a_browser_that_has_lost_its_cookie_is_forgotten(world: World) -> None:
    home, office, third = (Visitor(world) for _ in range(3))
    await home.sign_in(NED)
    world.clock.turn(LASTS * SECOND - 1)
    await office.sign_in(NED)
    assert await world.app.database.all(_COUNT) == [(2,)]
    world.clock.turn(1)
    await third.sign_in(NED)
    assert await world.app.database.all(_COUNT) == [(2,)]
    await office.sign_in_again(NED)
    assert len(await letters(world)) == 2
