"""Mail domains: whose they are, and how that is shown."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.areas.domain_calls import CLAIM, LABEL, ONE, Zone, served
from tests.federation_writes import DOMAINS, operators
from tests.world import ADA, EVE, OPERATOR, OTHER, World


@pytest.fixture
async def zone() -> AsyncIterator[Zone]:
    """The name server that this machine's resolver asks."""
    async with served() as zone:
        yield zone


async def test_a_domain_is_shown_to_be_ones_own_in_dns(world: World, zone: Zone) -> None:
    await world.sudo(ADA)
    claimed = (await world.ask(ADA, "POST", DOMAINS, json=CLAIM)).json()
    assert claimed == {
        "domain": "widgets.example.com",
        "challenge": claimed["challenge"],
        "dns_name": LABEL.rstrip("."),
        "file_url": "https://widgets.example.com/.well-known/tenantry-challenge",
        "verified_at": None,
        "proof": None,
        "missing_since": None,
        "lapsed_at": None,
        "created_at": "2026-03-01T10:00:00Z",
    }
    early = await world.ask(ADA, "POST", f"{ONE}/verify")
    assert early.status_code == 400
    assert early.json()["detail"].startswith("The challenge stands neither in a TXT record")
    zone.texts[LABEL] = ['"another"', f'"{claimed["challenge"]}"']
    since = len(await world.events())
    verified = await world.ask(ADA, "POST", f"{ONE}/verify")
    assert verified.json()["verified_at"] == "2026-03-01T10:00:00Z"
    assert await world.actions(since) == ["email_domain.verify"]
    assert LABEL in zone.asked


async def test_a_challenge_is_its_claimants_own(world: World, zone: Zone) -> None:
    await world.sudo(ADA)
    await world.sudo(EVE)
    ada = (await world.ask(ADA, "POST", DOMAINS, json=CLAIM)).json()
    eve = (await world.ask(EVE, "POST", DOMAINS, json=CLAIM)).json()
    assert ada["challenge"] != eve["challenge"]
    zone.texts[LABEL] = [f'"{ada["challenge"]}"']
    assert (await world.ask(EVE, "POST", f"{ONE}/verify")).status_code == 400
    assert (await world.ask(ADA, "POST", f"{ONE}/verify")).status_code == 200
    # Who can publish later what he could not before has to be given it by whom it belongs to.
    zone.texts[LABEL] = [f'"{eve["challenge"]}"']
    late = await world.ask(EVE, "POST", f"{ONE}/verify")
    assert (late.status_code, late.json()["detail"]) == (
        409,
        "Duplicate email domain: 'widgets.example.com'",
    )
    await world.ask(ADA, "DELETE", ONE)
    assert (await world.ask(EVE, "POST", f"{ONE}/verify")).status_code == 200


async def test_of_two_at_once_one_gets_it(world: World, zone: Zone) -> None:
    await world.sudo(ADA)
    await world.sudo(EVE)
    made = [(await world.ask(who, "POST", DOMAINS, json=CLAIM)).json() for who in (ADA, EVE)]
    zone.texts[LABEL] = [f'"{one["challenge"]}"' for one in made]
    answers = await asyncio.gather(*(world.ask(who, "POST", f"{ONE}/verify") for who in (ADA, EVE)))
    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_an_operator_vouches_for_a_domain(world: World) -> None:
    answer = await world.ask(OPERATOR, "PUT", operators("Widgets.Example.com"))
    assert answer.json()["verified_at"] is not None
    assert (await world.ask(ADA, "GET", ONE)).json() == answer.json()
    again = await world.ask(OPERATOR, "PUT", operators("widgets.example.com"))
    assert again.json() == answer.json()
    other = await world.ask(OPERATOR, "PUT", operators("widgets.example.com", OTHER))
    assert other.status_code == 409
    assert (await world.ask(EVE, "GET", DOMAINS)).json() == {"data": []}
    unknown = await world.ask(OPERATOR, "PUT", operators("a.example.com", "0Unknown00000000000000"))
    assert unknown.status_code == 404
    assert (await world.ask(ADA, "PUT", operators("b.example.com"))).status_code == 403


@pytest.mark.parametrize(
    "domain", ["", "com", "a b.com", "x@example.com", "-.example.com", "example..com", "a/b.com"]
)
async def test_what_is_no_domain_is_refused(world: World, domain: str) -> None:
    await world.sudo(ADA)
    answer = await world.ask(ADA, "POST", DOMAINS, json={"domain": domain})
    assert answer.status_code == 400, answer.text


async def test_claiming_again_changes_nothing(world: World) -> None:
    await world.sudo(ADA)
    first = (await world.ask(ADA, "POST", DOMAINS, json=CLAIM)).json()
    since = len(await world.events())
    assert (await world.ask(ADA, "POST", DOMAINS, json=CLAIM)).json() == first
    assert await world.actions(since) == []


async def test_a_closed_customer_has_no_domain(world: World) -> None:
    await world.ask(OPERATOR, "PUT", operators("widgets.example.com", OTHER))
    for service in (await world.ask(EVE, "GET", "/service")).json():
        await world.ask(EVE, "DELETE", f"/service/{service['id']}")
    assert (await world.ask(EVE, "DELETE", f"/customer/{OTHER}")).status_code == 200
    answer = await world.ask(OPERATOR, "PUT", operators("widgets.example.com"))
    assert answer.status_code == 200
