"""Steps of signing in that wait: how many there may be, and what becomes of those that end."""

from typing import Any

from sqlalchemy import func, insert, select

from tenantry.areas.federation.authorizing import PURPOSE
from tenantry.areas.users import steps
from tenantry.core.clock import MINUTE
from tenantry.core.security_tables import sign_in_steps
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tests.areas.account_calls import edit_customer
from tests.areas.realm_calls import program
from tests.console.browser import CONSOLE, Visitor, form_token
from tests.console.company import SSO, Company, company
from tests.console.test_factors import ENROL, begun, codes_in, signed_in
from tests.console.test_sign_in import enable_two_factors
from tests.world import BEN, EVE, HOUR, NOW, OTHER, SUE, WIDGETS, World

__all__ = ["company"]

_COUNT = Statement(select(func.count()).select_from(sign_in_steps))
_DIGESTS = Statement(select(sign_in_steps.c.digest))
_ADD = Statement(insert(sign_in_steps))
SECOND = f"{CONSOLE}/second-factor"


async def count(world: World) -> int:
    """How many are kept."""
    (row,) = await world.app.database.all(_COUNT)
    return int(row[0])


async def test_one_person_keeps_no_more_than_ten_open(world: World) -> None:
    """The newest, so that nobody who knows the password keeps him from going on."""
    await enable_two_factors(world, BEN.id)
    await enable_two_factors(world, SUE.id)
    browsers = [Visitor(world) for _ in range(12)]
    other = Visitor(world)
    await other.sign_in(SUE)
    for browser in browsers:
        world.clock.turn(1)
        await browser.sign_in(BEN)
    assert await count(world) == steps.MOST_OF_USER + 1
    pages = [(await browser.get(SECOND)).status_code for browser in browsers]
    assert pages == [303] * 2 + [200] * 10
    assert (await other.get(SECOND)).status_code == 200


async def test_a_program_asks_for_no_more_codes_than_that(world: World) -> None:
    cli = await program(world, BEN)
    codes = [await cli.code() for _ in range(12)]
    assert await count(world) == steps.MOST_OF_USER
    assert (await cli.redeem(codes[-1])).status_code == 200


async def begin(company: Company, times: int) -> list[int]:
    """Be sent to the provider so often, at once; the statuses."""
    token = form_token(await company.visitor.get(SSO))
    form = {"login": BEN.login, "form_token": token}
    answers = [await company.visitor.post(SSO, form) for _ in range(times)]
    return [answer.status_code for answer in answers]


async def test_strangers_begin_so_often_from_one_address(company: Company) -> None:
    world, most = company.world, steps.MOST_OF_ORIGIN
    assert await begin(company, most + 2) == [200] * most + [429] * 2
    assert await count(world) == most
    elsewhere = Visitor(world, address="198.51.100.7")
    assert (await elsewhere.send(SSO, {"login": BEN.login})).status_code == 200
    assert (await company.visitor.sign_in(BEN)).status_code == 303
    world.clock.turn(15 * MINUTE)
    assert await begin(company, 1) == [200]


async def test_strangers_of_one_company_crowd_each_other_out(company: Company) -> None:
    """The oldest first; those of others stay, and so do its own people's."""
    world, most = company.world, steps.MOST_OF_STRANGERS

    async def fill(unit: Unit) -> None:
        rows = [_step(WIDGETS, number) for number in range(most)]
        await unit.run_many(_ADD, [*rows, _step(OTHER, most), _step(WIDGETS, -1, user_id=BEN.id)])

    await world.app.database.write(fill)
    place = await company.begin(BEN)
    assert await count(world) == most + 2
    query = company.provider.consent(place, email=BEN.login, email_verified=True)
    assert (await company.come_back(query)).status_code == 303
    digests = {row[0] for row in await world.app.database.all(_DIGESTS)}
    gone = [number for number in range(-1, most + 1) if _digest(number) not in digests]
    assert gone == [0]


def _digest(number: int) -> bytes:
    return (number + 1).to_bytes(32)


def _step(customer_id: str, number: int, user_id: str = "") -> dict[str, Any]:
    return {
        "digest": _digest(number),
        "purpose": PURPOSE,
        "customer_id": customer_id,
        "user_id": user_id,
        "state": "{}",
        "expires_at": NOW + MINUTE,
        "created_at": NOW - HOUR + number,
    }


async def test_what_has_ended_is_put_away_by_the_worker(world: World) -> None:
    await enable_two_factors(world, BEN.id)
    old, new = Visitor(world), Visitor(world)
    await old.sign_in(BEN)
    world.clock.turn(5 * MINUTE)
    await new.sign_in(BEN)
    for later, left in ((0, 2), (5 * MINUTE + 1, 1), (5 * MINUTE, 0)):
        world.clock.turn(later)
        await world.app.worker().chores[0].work()
        assert await count(world) == left
    assert (await new.get(SECOND)).status_code == 303


async def test_nobody_enrols_for_one_account_while_signed_in_to_another(world: World) -> None:
    """Her session came into his browser meanwhile: he would go on in her profile."""
    await edit_customer(world, force_2fa=True)
    ben, eve = Visitor(world), await signed_in(world, EVE)
    await ben.sign_in(BEN)
    place, app = await begun(world, ben)
    ben.plant(eve.cookie() or "")
    since, hers = len(await world.events()), len(await world.events(OTHER))
    answer = await ben.send(place, {"code": app.code()}, at=f"{CONSOLE}/sign-out")
    assert (answer.status_code, codes_in(world, answer)) == (409, [])
    for path in (ENROL, place):
        answer = await ben.get(path)
        assert (answer.status_code, "at another account" in answer.text) == (409, True)
    assert (await world.actions(since), await world.actions(hers, OTHER)) == ([], [])
    ben.plant("")
    answer = await ben.send(place, {"code": app.code()})
    assert (answer.status_code, len(codes_in(world, answer))) == (200, 10)
