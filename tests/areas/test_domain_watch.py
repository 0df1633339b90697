"""Whether a domain is still its customer's: looked at daily, lost after two weeks without proof."""

import asyncio
import json

from tests.areas.domain_calls import CLAIM, LABEL, ONE, Zone, look, verified
from tests.areas.test_email_domains import zone
from tests.areas.test_force_sso import by_password, force, forced
from tests.console.browser import CONSOLE, Visitor
from tests.console.company import Company, company, problem_in
from tests.federation_writes import DOMAINS, PROVIDERS, operators
from tests.world import ADA, BEN, DAY, EVE, OPERATOR, SUE, UMA, WIDGETS, World

__all__ = ["company", "zone"]

HOURS = DAY // 24


async def state(world: World) -> tuple[bool, str | None, str | None]:
    """Whether the domain is verified, since when its challenge is missing, and when it was lost."""
    told = (await world.ask(ADA, "GET", ONE)).json()
    return told["verified_at"] is not None, told["missing_since"], told["lapsed_at"]


async def test_a_domain_is_looked_at_once_a_day(world: World, zone: Zone) -> None:
    await verified(world, zone)
    since, asked = len(await world.events()), len(zone.asked)
    world.clock.turn(DAY - HOURS)
    assert await look(world) == 0
    world.clock.turn(HOURS)
    assert (await look(world), await look(world)) == (1, 0)
    assert zone.asked[asked:] == [LABEL]
    assert await state(world) == (True, None, None)
    # What is as it was is no news.
    assert await world.actions(since) == []


async def test_of_many_processes_one_looks(world: World, zone: Zone) -> None:
    await verified(world, zone)
    world.clock.turn(DAY)
    del zone.texts[LABEL]
    assert sum(await asyncio.gather(*(look(world) for _ in range(4)))) == 1
    assert len(await world.letters()) == 1


async def test_a_challenge_that_is_gone_is_told_once(world: World, zone: Zone) -> None:
    await verified(world, zone)
    await world.ask(ADA, "PUT", f"/customer/{WIDGETS}", data={"security_contact_id": UMA.id})
    since = len(await world.events())
    del zone.texts[LABEL]
    for _ in range(3):
        world.clock.turn(DAY)
        await look(world)
    assert await state(world) == (True, "2026-03-02T10:00:00Z", None)
    ((action, event_type, body, *_),) = (await world.events())[since:]
    assert (action, event_type) == ("email_domain.miss", "customer.update")
    assert json.loads(body)["metadata"]["until"] == "2026-03-16T10:00:00Z"
    (letter,) = await world.letters()
    assert (letter["template"], letter["to"]) == ("email_domain", UMA.login)
    assert letter["facts"]["until"] == "2026-03-16T10:00:00Z"
    assert letter["facts"]["dns_name"] == LABEL.rstrip(".")


async def test_a_challenge_that_is_back_in_time_is_as_if_never_gone(
    world: World, zone: Zone
) -> None:
    await verified(world, zone)
    texts = zone.texts.pop(LABEL)
    world.clock.turn(DAY)
    await look(world)
    zone.texts[LABEL] = texts
    world.clock.turn(13 * DAY)
    await look(world)
    assert await state(world) == (True, None, None)
    del zone.texts[LABEL]
    world.clock.turn(DAY)
    await look(world)
    # The two weeks begin anew.
    assert await state(world) == (True, "2026-03-16T10:00:00Z", None)
    zone.texts[LABEL] = texts
    await world.sudo(ADA)
    assert (await world.ask(ADA, "POST", f"{ONE}/verify")).status_code == 200
    assert await state(world) == (True, None, None)


async def test_after_two_weeks_a_domain_is_lost(world: World, zone: Zone) -> None:
    await verified(world, zone)
    texts = zone.texts.pop(LABEL)
    since = len(await world.events())
    world.clock.turn(DAY)
    await look(world)
    world.clock.turn(14 * DAY - 1)
    await look(world)
    assert (await state(world))[0] is True
    world.clock.turn(DAY)
    await look(world)
    assert await state(world) == (False, None, "2026-03-17T09:59:59Z")
    assert await world.actions(since) == ["email_domain.miss", "email_domain.lapse"]
    first, second = await world.letters()
    assert (first["to"], second["to"], second["facts"]["until"]) == (ADA.login, ADA.login, "")
    world.clock.turn(DAY)
    assert await look(world) == 0
    zone.texts[LABEL] = texts
    await world.sudo(ADA)
    assert (await world.ask(ADA, "POST", f"{ONE}/verify")).status_code == 200
    assert await state(world) == (True, None, None)


async def test_what_is_lost_can_be_had_by_its_new_owner(world: World, zone: Zone) -> None:
    await verified(world, zone)
    await world.sudo(EVE)
    eves = (await world.ask(EVE, "POST", DOMAINS, json=CLAIM)).json()
    zone.texts[LABEL] = [f'"{eves["challenge"]}"']
    assert (await world.ask(EVE, "POST", f"{ONE}/verify")).status_code == 409
    for days in (1, 14):
        world.clock.turn(days * DAY)
        await look(world)
    await world.sudo(EVE)
    assert (await world.ask(EVE, "POST", f"{ONE}/verify")).status_code == 200
    await world.sudo(ADA)
    zone.texts[LABEL].append(f'"{(await world.ask(ADA, "GET", ONE)).json()["challenge"]}"')
    assert (await world.ask(ADA, "POST", f"{ONE}/verify")).status_code == 409


async def test_what_an_operator_vouches_for_is_not_looked_at(world: World, zone: Zone) -> None:
    await verified(world, zone)
    vouched = await world.ask(OPERATOR, "PUT", operators("widgets.example.com"))
    assert vouched.json()["proof"] == "operator"
    del zone.texts[LABEL]
    world.clock.turn(30 * DAY)
    assert await look(world) == 0
    assert await state(world) == (True, None, None)


async def test_a_customer_does_not_take_back_what_an_operator_said(
    world: World, zone: Zone
) -> None:
    await verified(world, zone)
    await world.ask(ADA, "DELETE", ONE)
    challenge = (await world.ask(ADA, "POST", DOMAINS, json=CLAIM)).json()["challenge"]
    zone.texts[LABEL] = [f'"{challenge}"']

    async def vouch() -> None:
        await world.ask(OPERATOR, "PUT", operators("widgets.example.com"))

    zone.meanwhile = vouch
    page = f"{CONSOLE}/company/domains/widgets.example.com"
    ada = Visitor(world)
    await ada.sign_in(ADA)
    for _ in range(2):
        told = await world.ask(ADA, "POST", f"{ONE}/verify")
        assert (told.status_code, told.json()["proof"]) == (200, "operator")
        assert (await ada.send(page, {"do": "verify"})).status_code == 303
        assert (await world.ask(ADA, "GET", ONE)).json()["proof"] == "operator"
        zone.texts.clear()


async def test_one_that_is_given_up_meanwhile_stops_no_other(world: World, zone: Zone) -> None:
    await verified(world, zone)
    texts = zone.texts.pop(LABEL)
    other = await world.ask(ADA, "POST", DOMAINS, json={"domain": "other.example.com"})
    second = "_tenantry-challenge.other.example.com."
    zone.texts[second] = [f'"{other.json()["challenge"]}"']
    await world.ask(ADA, "POST", f"{DOMAINS}/other.example.com/verify")
    world.clock.turn(DAY)
    assert await look(world) == 2
    zone.texts[LABEL] = texts
    del zone.texts[second]
    world.clock.turn(DAY)
    await world.sudo(ADA)

    async def give_up() -> None:
        assert (await world.ask(ADA, "DELETE", ONE)).status_code == 204

    zone.meanwhile = give_up
    assert await look(world) == 2
    assert (await world.ask(ADA, "GET", ONE)).status_code == 404
    told = (await world.ask(ADA, "GET", f"{DOMAINS}/other.example.com")).json()
    assert told["missing_since"] == "2026-03-03T10:00:00Z"


async def lose(company: Company, zone: Zone) -> None:
    """The company's domain was shown by a record, and the record went."""
    world = company.world
    await world.sudo(ADA)
    assert (await world.ask(ADA, "DELETE", f"{DOMAINS}/example.com")).status_code == 204
    made = (await world.ask(ADA, "POST", DOMAINS, json={"domain": "example.com"})).json()
    zone.texts["_tenantry-challenge.example.com."] = [f'"{made["challenge"]}"']
    assert (await world.ask(ADA, "POST", f"{DOMAINS}/example.com/verify")).status_code == 200
    await company.sign_in(BEN)
    await forced(company)
    zone.texts.clear()
    for days in (1, 14):
        world.clock.turn(days * DAY)
        await look(world)


async def test_who_is_known_comes_in_and_nobody_new_does(company: Company, zone: Zone) -> None:
    await lose(company, zone)
    assert (await company.sign_in(BEN)).status_code == 303
    assert "does not belong" in problem_in(await company.sign_in(SUE))
    await company.set(creates_users=True)
    assert "does not belong" in problem_in(await company.sign_in("new@example.com"))


async def test_nobody_is_shut_out_by_a_domain_that_is_lost(company: Company, zone: Zone) -> None:
    await lose(company, zone)
    world = company.world
    assert (await by_password(company, ADA)).status_code == 200
    # The last way in stays, and a second one can be taken.
    second = await company.connect(name="Second")
    for path, status in (
        (f"{PROVIDERS}/{second}", 204),
        (f"{PROVIDERS}/{company.id}", 400),
        (f"{DOMAINS}/example.com", 400),
    ):
        assert (await world.ask(ADA, "DELETE", path)).status_code == status, path
    await force(company, "false")
    answer = await force(company)
    assert answer.json()["detail"] == "Force sso needs a verified e-mail domain, and there is none"
