"""Automation tokens that bear several roles, or the customer's own (access §9.1, identity §7)."""

from typing import Any

import pytest

from tests.areas.authorization_calls import document, post
from tests.areas.role_calls import assert_problem, role
from tests.areas.test_automation_tokens import PATH, create
from tests.areas.test_users import BUILT_IN
from tests.world import ADA, API, EVE, WIDGETS, WWW, World


async def shown(world: World, made: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (await world.ask(ADA, "GET", f"{PATH}/{made['id']}")).json()
    return found


async def test_roles_are_told_by_id_and_name(world: World) -> None:
    own = await role(world, "Reviewer", ["token.read_all"])
    made = await create(world, role="user", roles=[own, BUILT_IN["billing"], own])
    expected = [
        {"id": BUILT_IN["billing"], "name": "billing"},
        {"id": own, "name": "Reviewer"},
    ]
    assert (made["role"], made["roles"]) == ("billing", expected)
    assert (await shown(world, made))["roles"] == expected
    await world.ask(ADA, "PATCH", f"/roles/{own}", json={"name": "Auditor"})
    assert (await shown(world, made))["roles"][1] == {"id": own, "name": "Auditor"}


async def test_a_token_with_an_own_role_alone_is_shown_as_a_user(world: World) -> None:
    """And may what its role permits, no more."""
    own = await role(world, "Reviewer", ["token.read_all"])
    made = await create(world, roles=[own])
    assert (made["role"], made["roles"]) == ("user", [{"id": own, "name": "Reviewer"}])
    (listed,) = [
        one for one in (await world.ask(ADA, "GET", PATH)).json()["data"] if one["id"] == made["id"]
    ]
    assert listed["role"] == "user"
    key = made["access_token"]
    assert (await world.ask(key, "GET", f"/customer/{WIDGETS}/tokens")).status_code == 200
    assert (await world.ask(key, "GET", f"/customer/{WIDGETS}/users")).status_code == 403
    assert (await world.ask(key, "GET", "/verify")).json()["services"] == {}


async def test_an_own_role_opens_services_within_the_tokens_list(world: World) -> None:
    own = await role(world, "Reader", ["service.read"])
    made = await create(world, roles=[own])
    seen = await world.ask(made["access_token"], "GET", "/verify")
    assert len(seen.json()["services"]) == 2
    made = await create(world, name="two", roles=[own], limit_services=True)
    seen = await world.ask(made["access_token"], "GET", "/verify")
    assert seen.json()["services"] == {}


async def test_a_program_hands_on_nothing_outside_its_own_list(world: World) -> None:
    """It is no user's: the list is the whole of its rights to services (access §9.6)."""
    names = ("service_authorization.manage", "service.read", "service.stats")
    own = await role(world, "Granter", names)
    made = await create(world, roles=[own], services=[WWW])
    for service_id, status in ((WWW, 200), (API, 404)):
        asked = document(service_id=service_id, permission="read_only")
        answer = await post(world, asked, made["access_token"])
        assert answer.status_code == status


@pytest.mark.parametrize("beside", [[], ["engineer"]])
async def test_another_customers_role_is_none(world: World, beside: list[str]) -> None:
    theirs = await role(world, "Theirs", [], EVE)
    await world.sudo(ADA)
    since = len(await world.events())
    body = {"name": "bot", "roles": [*(BUILT_IN[one] for one in beside), theirs]}
    answer = await world.ask(ADA, "POST", PATH, json=body)
    detail = f"Role '{theirs}' is not one that an automation token can have"
    assert_problem(answer, 400, detail)
    assert await world.actions(since) == []


async def test_a_superuser_is_not_among_the_roles(world: World) -> None:
    own = await role(world, "Reviewer")
    await world.sudo(ADA)
    body = {"name": "bot", "roles": [own, BUILT_IN["superuser"]]}
    answer = await world.ask(ADA, "POST", PATH, json=body)
    detail = f"Role '{BUILT_IN['superuser']}' is not one that an automation token can have"
    assert_problem(answer, 400, detail)


async def test_tls_access_goes_with_one_role(world: World) -> None:
    own = await role(world, "Reviewer")
    await world.sudo(ADA)
    both = {"name": "bot", "tls_access": True, "roles": [own, BUILT_IN["engineer"]]}
    answer = await world.ask(ADA, "POST", PATH, json=both)
    assert_problem(answer, 400, "Tls access can only be given with a single role")
    one = await world.ask(ADA, "POST", PATH, json=both | {"roles": [own]})
    assert (one.status_code, one.json()["tls_access"]) == (200, True)


async def test_changing_a_role_changes_the_token_at_its_next_request(world: World) -> None:
    own = await role(world, "Reviewer", ["token.read_all"])
    key = (await create(world, roles=[own]))["access_token"]
    path = f"/customer/{WIDGETS}/tokens"
    assert (await world.ask(key, "GET", path)).status_code == 200
    tokens = (await world.ask(ADA, "GET", f"/roles/{own}/permissions")).json()["data"]
    body = {"permissions": [{"id": one["id"]} for one in tokens]}
    await world.ask(ADA, "DELETE", f"/roles/{own}/permissions", json=body)
    assert (await world.ask(key, "GET", path)).status_code == 403


async def test_a_programs_role_opens_what_it_opens_to_people(world: World) -> None:
    """Billing addresses too: only what is about oneself is not for programs (access §9.6)."""
    key = (await create(world, role="billing"))["access_token"]
    address = {"type": "tax", "address_1": "1 Example Street", "locality": "Town", "country": "US"}
    answer = await world.ask(key, "POST", "/billing/v3/customer-addresses", json=address)
    assert answer.status_code == 201
    assert (await world.ask(key, "GET", f"/customer/{WIDGETS}/contacts")).status_code == 200
    for method, path in (("GET", "/tokens"), ("POST", "/sudo"), ("GET", "/stars")):
        assert (await world.ask(key, method, path)).status_code == 403, path
    assert (await world.ask(key, "POST", "/service", data={"name": "new"})).status_code == 403
    assert (await world.ask(key, "GET", "/invitations")).status_code == 403
