"""A change is told with what was and what is, and an end by each thing that ends (billing §8.4).

Compared with the rows themselves: old and new values of every changed column, and of no other. What
is told of customers, users and services that way stands in test_every_event.py.
"""

import asyncio
import json
from operator import itemgetter
from typing import Any

import pytest

from tests.areas.account_calls import session_of
from tests.areas.factor_calls import enrol
from tests.stored import row_of, stored
from tests.table import TABLE
from tests.told import check_said, events_since
from tests.world import ADA, API, BEN, BILL, OPERATOR, WIDGETS, WWW, World
from tests.writes import EXAMPLES, ask, prepare

UNTOLD = frozenset({"updated_at", "name_key", "moved_at"})
"""What follows from the rest."""
SECRET = frozenset({"client_secret"})

_ALL_OF_A_PROVIDER = {
    "name": "Renamed",
    "issuer": "https://192.0.2.2",
    "client_id": "other",
    "client_secret": "another-secret-00000000000000000",
    "scopes": ["openid", "email", "profile"],
    "creates_users": True,
    "default_role": "engineer",
    "groups_claim": "teams",
    "role_map": {"Edge": "billing"},
}
_READ_ONLY = {"data": {"attributes": {"permission": "read_only"}}}
_NAMED = {"name": "Renamed", "description": "Described"}
_BUDGET = {"name": "Budget", "threshold": "500"}
CHANGES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "PATCH /roles/{role_id}": ("roles", "role_id", _NAMED),
    "PATCH /service-groups/{service_group_id}": ("service_groups", "service_group_id", _NAMED),
    "PATCH /user-groups/{user_group_id}": ("user_groups", "user_group_id", _NAMED),
    "PATCH /_tenantry/v1/identity-providers/{identity_provider_id}": (
        *("identity_providers", "identity_provider_id"),
        _ALL_OF_A_PROVIDER,
    ),
    "PUT /_tenantry/v1/spend-alerts/{spend_alert_id}": ("spend_alerts", "spend_alert_id", _BUDGET),
    "PATCH /service-authorizations/{service_authorization_id}": (
        *("service_authorizations", "service_authorization_id"),
        _READ_ONLY,
    ),
}


def _as_told(column: str, value: Any) -> Any:
    """A provider's groups may be named after people: the log has only the roles they get."""
    return sorted(set(json.loads(value).values())) if column == "role_map" else value


@pytest.mark.parametrize("name", list(CHANGES))
async def test_a_change_tells_exactly_what_changed(world: World, name: str) -> None:
    table, part, body = CHANGES[name]
    parts = await prepare(world, name)
    old = row_of(await stored(world), table, id=parts[part])
    since = len(await world.events())
    answer = await world.ask(ADA, TABLE[name].method, TABLE[name].path.format(**parts), json=body)
    assert answer.status_code == 200, answer.text
    new = row_of(await stored(world), table, id=parts[part])
    differing = {one for one in old if old[one] != new[one]} - UNTOLD
    told = differing - SECRET
    assert len(told) == len(body) - ("client_secret" in body)
    (event,) = await events_since(world, since)
    check_said(event)
    metadata = event["metadata"]
    assert metadata["old"] == {one: _as_told(one, old[one]) for one in told}
    assert metadata["new"] == {one: _as_told(one, new[one]) for one in told}
    assert metadata.get("is_secret_new", False) == ("client_secret" in differing)


OF_CUSTOMER: dict[str, dict[str, Any]] = {
    "PUT /_tenantry/v1/sign-in-policy": {"idle_seconds": (3600, 600)},
    "PUT /_operator/v1/retentions/{customer}": {"days": (400, 30)},
    "PUT /_operator/v1/customers/{customer}/tax-status": {"is_exempt": (False, True)},
    "PUT /_operator/v1/customers/{customer}/hourly-writes": {"hourly_writes": (1000, 5000)},
    "PUT /_operator/v1/customers/{customer}/password-policy": {"has_pci_passwords": (False, True)},
    "PUT /_operator/v1/customers/{customer}/plan": {"pricing_plan": ("developer", "growth")},
}


@pytest.mark.parametrize("name", list(OF_CUSTOMER))
async def test_a_setting_tells_what_it_was_and_is(world: World, name: str) -> None:
    parts, since = await prepare(world, name), len(await world.events())
    await ask(world, name, parts)
    (event,) = await events_since(world, since)
    check_said(event)
    old, new = event["metadata"]["old"], event["metadata"]["new"]
    for field, values in OF_CUSTOMER[name].items():
        assert (old[field], new[field]) == values


async def test_what_two_processes_change_at_once_is_told_as_it_was(
    world: World, elsewhere: World
) -> None:
    """An operator says something of a customer while its owner says something else of it."""
    path, since = f"/_operator/v1/customers/{WIDGETS}/password-policy", len(await world.events())
    for number in range(10):
        name, is_pci = f"Name {number}", number % 2 == 0
        await asyncio.gather(
            world.ask(ADA, "PUT", f"/customer/{WIDGETS}", data={"name": name}),
            elsewhere.ask(OPERATOR, "PUT", path, json={"has_pci_passwords": is_pci}),
        )
        row = row_of(await stored(world), "customers", id=WIDGETS)
        assert (row["name"], row["has_pci_passwords"]) == (name, is_pci)
    told = [one["metadata"]["new"] for one in await events_since(world, since)]
    assert [one["name"] for one in told if "name" in one] == [f"Name {n}" for n in range(10)]


async def test_an_operator_who_takes_factors_away_takes_nothing_else_back(
    world: World, elsewhere: World
) -> None:
    for role in ("user", "billing", "engineer", "user", "billing", "engineer"):
        await enrol(world, BEN)
        await asyncio.gather(
            elsewhere.ask(OPERATOR, "DELETE", f"/_operator/v1/users/{BEN.id}/factors"),
            world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"role": role}),
        )
        row = row_of(await stored(world), "users", id=BEN.id)
        assert (row["role"], row["two_factor_auth_enabled"]) == (role, False)


async def test_of_an_address_only_the_names_of_its_fields_are_told(world: World) -> None:
    name = "PATCH /customer/{customer_id}/billing_address"
    parts = await prepare(world, name)
    old = row_of(await stored(world), "addresses", type="billing")
    since = len(await world.events())
    await ask(world, name, parts)
    new = row_of(await stored(world), "addresses", type="billing")
    (event,) = await events_since(world, since)
    differing = [one for one in old if old[one] != new[one] and one not in UNTOLD]
    assert event["metadata"] == {"type": "billing", "changed": differing}
    assert str(new["city"]) not in str(event)


async def test_a_contact_whose_user_leaves_tells_what_it_becomes(world: World) -> None:
    form = {"contact_type": "emergency", "user_id": BILL.id, "phone": "+1 555 0100"}
    await world.ask(ADA, "POST", f"/customer/{WIDGETS}/contacts", data=form)
    await world.ask(ADA, "DELETE", f"/tokens/{BILL.token_id}")
    since = len(await world.events())
    assert (await world.ask(ADA, "DELETE", f"/user/{BILL.id}")).status_code == 200
    (event,) = [one for one in await events_since(world, since) if "contact" in one["action"]]
    check_said(event)
    assert event["metadata"]["old"] == {"user_id": BILL.id, "name": None, "email": None}
    assert event["metadata"]["new"] == {"user_id": None, "name": "Bill", "email": BILL.login}


async def test_of_a_closed_account_every_end_is_told(world: World) -> None:
    """Each key, who was signed in, and each person, by an event of its own."""
    await session_of(world, BEN)
    for service_id in (WWW, API):
        await world.ask(ADA, "DELETE", f"/service/{service_id}")
    before, since = await stored(world), len(await world.events())
    keys = [row for row in before["tokens"] if row["customer_id"] == WIDGETS]
    people = [row for row in before["users"] if row["customer_id"] == WIDGETS]
    await world.ask(ADA, "DELETE", f"/customer/{WIDGETS}")
    *events, last = await events_since(world, since)
    assert last["action"] == "customer.delete"
    ended: dict[str, list[str]] = {}
    for event in events:
        check_said(event)
        ended.setdefault(event["action"], []).append(event["description"])
        assert (event["user_id"], event["token_id"]) == (ADA.id, ADA.token_id)
    assert ended == {
        "token.destroy": [
            f"Token '{row['name']}' was destroyed"
            for row in sorted(keys, key=itemgetter("created_at", "id"))
        ],
        "user.logout": [f"User '{ADA.login}' logged out", f"User '{BEN.login}' was logged out"],
        "user.destroy": [
            f"User '{row['login']}' was deleted" for row in sorted(people, key=itemgetter("id"))
        ],
    }
    assert {f"token/{row['id']}" for row in keys} <= {row for one in events for row in one["rows"]}


def test_whatever_can_be_changed_is_looked_at() -> None:
    """Each call that says it changed something has a test of its old and new values."""
    elsewhere = {
        "PUT /customer/{customer_id}",
        "PUT /user/{user_id}",
        "PUT /service/{service_id}",
        "PUT /service/{service_id}/version/{version_id}",
        "PATCH /customer/{customer_id}/billing_address",
        "PUT /billing/v3/customer-addresses/{address_type}",
        "PATCH /service-authorizations",
    }
    update = {
        name
        for name, one in EXAMPLES.items()
        if any(action.endswith((".update", ".pricing")) for action in one.actions[:1])
        and name.startswith(("PUT", "PATCH"))
    }
    assert update - elsewhere - {"PUT /_tenantry/v1/tax-id"} == set(CHANGES) | set(OF_CUSTOMER)
