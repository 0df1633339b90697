"""A file loaded again: what it says otherwise is told in full, and of its own work nothing."""

import json
from typing import Any

import pytest

from tenantry.areas.operator.scenario import read_text
from tenantry.areas.operator.scenario_parts import BadScenario
from tests.areas import test_scenario_billing as billing
from tests.areas.test_scenario import OWNER, SECRET, load, rows, scenario
from tests.world import DAY, OPERATOR, World

LEFT = " stands, and is left"
ROLE = {"id": "9Auditor", "name": "Auditor", "permissions": ["service.read"]}
LOU = {"id": "9Lou", "login": "lou@example.com", "role": "engineer"}
WWW = {"id": "9Www", "name": "www"}
API = {"id": "9Api", "name": "api"}
HOME = billing.ADDRESS | {"city": "Sampletown", "address_2": "Top floor"}


async def notes(world: World, stands: Any, said: Any) -> list[str]:
    """What is told of the second after the first: of the one customer, by the place in him."""
    await load(world, stands)
    before = await rows(world)
    loaded = await load(world, said)
    assert (loaded.created, await rows(world)) == ({}, before)
    return [note.removeprefix("customers[0].").removesuffix(LEFT) for note in loaded.notes]


SAME: dict[str, dict[str, Any]] = {
    "role beside roles": {
        "roles": [ROLE],
        "users": [OWNER, {"login": "a@example.com", "role": "user", "roles": ["engineer"]}],
        "automation_tokens": [{"name": "bot", "role": "user", "roles": ["engineer", "Auditor"]}],
        "invitations": [{"email": "b@example.com", "role": "user", "roles": ["engineer"]}],
    },
    "nobody is said to own it": {"users": [OWNER | {"owner": False}]},
    "passwords of PCI": {
        "has_pci_passwords": True,
        "users": [OWNER | {"password": "test", "require_new_password": False}],
    },
    "a version that is active, and so locked": {
        "services": [WWW | {"versions": [{"locked": False}, {}], "active_version": 1}]
    },
    "an invitation to services": {
        "services": [WWW, API],
        "users": [OWNER, LOU],
        "invitations": [
            {
                "email": "b@example.com",
                "role": "engineer",
                "services": [{"service": "www"}, {"service": "api", "permission": "read_only"}],
                "invited_by": LOU["login"],
            }
        ],
    },
    "a program of one role": {"automation_tokens": [{"name": "bot", "roles": ["engineer"]}]},
    "no exemption": {"is_tax_exempt": False},
    "a moment": {"created_at": "2026-02-03T04:05:06Z"},
    "a month": {"created_at": "last month"},
}


@pytest.mark.parametrize("what", list(SAME))
async def test_the_same_file_tells_of_nothing(world: World, what: str) -> None:
    wanted = scenario(**SAME[what])
    assert await notes(world, wanted, wanted) == []


OTHERWISE: dict[str, tuple[dict[str, Any], dict[str, Any], list[str]]] = {
    "several roles": (
        {"roles": [ROLE], "users": [OWNER, {"login": "a@example.com", "roles": ["9Auditor"]}]},
        {"users": [OWNER, {"login": "a@example.com", "role": "user"}]},
        ["users[1].role: ['9Auditor']"],
    ),
    "locked versions": (
        {"services": [WWW | {"versions": [{}, {"locked": True}]}]},
        {"services": [WWW | {"versions": [{"locked": True}, {"locked": False}]}]},
        ["services[0].versions[0].locked: False", "services[0].versions[1].locked: True"],
    ),
    "fewer versions": (
        {"services": [WWW | {"versions": [{"comment": "a"}, {}]}]},
        {"services": [WWW | {"versions": [{"comment": "a"}]}]},
        ["services[0].versions: ['a', '']"],
    ),
    "another owner": (
        {"users": [OWNER, {"login": "sven@example.com", "role": "superuser"}]},
        {"users": [{"login": "sven@example.com", "role": "superuser", "owner": True}]},
        ["users[0].owner: False"],
    ),
    "since when": (
        {"created_at": "2026-02-03T04:05:06Z"},
        {"created_at": "2026-02-01T00:00:00Z"},
        ["created_at: '2026-02-03T04:05:06Z'"],
    ),
    "since another month": (
        {"created_at": "last month"},
        {"created_at": "2026-01-01T00:00:00Z"},
        ["created_at: '2026-02-01T00:00:00Z'"],
    ),
    "whom an authorization is for": (
        {
            "users": [OWNER, LOU],
            "services": [WWW, API],
            "service_authorizations": [{"id": "9Auth", "user": "9Lou", "service": "www"}],
        },
        {"service_authorizations": [{"id": "9Auth", "user": "9Lou", "service": "api"}]},
        ["service_authorizations[0].service: '9Www'"],
    ),
    "an invitation": (
        {
            "users": [OWNER, LOU],
            "services": [WWW],
            "invitations": [
                {"email": "b@example.com", "role": "engineer", "services": [{"service": "www"}]}
            ],
        },
        {
            "invitations": [
                {
                    "email": "b@example.com",
                    "role": "engineer",
                    "services": [{"service": "www", "permission": "purge_all"}],
                    "invited_by": "9Lou",
                }
            ]
        },
        ["invitations[0].services: {'9Www': 'full'}", "invitations[0].invited_by: '9Olive'"],
    ),
    "what is left out": (
        {
            "roles": [ROLE],
            "users": [OWNER, LOU],
            "services": [WWW],
            "tokens": [
                {"user": "9Lou", "access_token": SECRET, "name": "mine", "scope": "global:read"}
            ],
            "automation_tokens": [{"name": "bot", "scope": "purge_all"}],
            "invitations": [
                {"email": "b@example.com", "role": "engineer", "services": [{"service": "www"}]}
            ],
            "billing_address": HOME,
        },
        {
            "roles": [{"name": "Auditor"}],
            "tokens": [{"user": "9Lou", "access_token": SECRET}],
            "automation_tokens": [{"name": "bot"}],
            "invitations": [{"email": "b@example.com"}],
            "billing_address": {"address_1": HOME["address_1"], "country": "US"},
        },
        [],
    ),
}


@pytest.mark.parametrize("what", list(OTHERWISE))
async def test_what_a_file_says_otherwise_is_told(world: World, what: str) -> None:
    stands, said, wanted = OTHERWISE[what]
    people = {"users": [OWNER]}
    assert await notes(world, scenario(**people | stands), scenario(**people | said)) == wanted


async def test_of_billing_what_is_said_otherwise_is_told_and_nothing_else(world: World) -> None:
    coupon = billing.COUPON | {"scope": "cdn_usage", "valid_until": "2026-12-31"}
    stands = billing.whole(coupons=[coupon])
    bare = {"id": "1", "product_id": "cdn_usage", "metric": "requests", "quantity": "10000"}
    said = billing.scenario(
        is_tax_exempt=False,
        coupons=[{"code": "HALF", "kind": "percent", "value": "50"}],
        usage=[bare | {"timestamp": "this month"}],
    )
    assert await notes(world, stands, said) == ["is_tax_exempt: True"]
    usage = [billing.USE | {"timestamp": "2026-02-01T00:00:00Z"}]
    loaded = await load(world, billing.scenario(usage=usage))
    assert loaded.notes == [f"customers[0].usage[0].timestamp: '2026-03-01T00:00:00Z'{LEFT}"]
    await load(world, stands)
    world.clock.turn(40 * DAY)
    # `this month` and `last month` are others by now.
    assert (await load(world, stands)).notes == []


async def test_usage_that_was_voided_is_left_out_and_told(world: World) -> None:
    wanted = billing.whole()
    await load(world, wanted)
    body = {"source": "scenario", "id": "1"}
    answer = await world.ask(OPERATOR, "POST", "/_operator/v1/usage-events/void", json=body)
    assert answer.status_code == 200, answer.text
    before = await rows(world)
    loaded = await load(world, wanted)
    assert loaded.notes == ["customers[0].usage[0]: was voided, and stays so"]
    assert (loaded.created, loaded.skipped) == ({}, {"usage event": 1})
    assert await rows(world) == before


def test_a_plan_and_the_name_of_another_are_not_said_together() -> None:
    for name in ("pricing_plan", "pricing_plan_id"):
        customer = {"name": "New Company", "plan": "growth", name: "developer"}
        with pytest.raises(BadScenario, match=rf"{name}: leave it out: there is a plan"):
            read_text(json.dumps({"customers": [customer]}))
