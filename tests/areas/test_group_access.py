"""What groups give: roles, and services to use them on, on the very next request (access §9.6)."""

from collections.abc import Awaitable, Callable

import pytest

from tenantry.core.permissions import PERMISSION_IDS, ROLE_IDS
from tests.areas.group_calls import (
    SERVICE_GROUPS,
    USER_GROUPS,
    assert_missing,
    extend,
    reduce,
    role,
    service_group,
    user_group,
)
from tests.areas.service_calls import names, not_found
from tests.world import ADA, API, BILL, LIM, PASSWORD, UMA, WIDGETS, WWW, Person, World

ENGINEER = ROLE_IDS["engineer"]
SEES = {"permissions": [{"id": PERMISSION_IDS["service.read"]}]}


async def configures(world: World, who: Person | str, service_id: str) -> int:
    """How an attempt to change a service ends."""
    form = {"comment": "changed"}
    return (await world.ask(who, "PUT", f"/service/{service_id}", data=form)).status_code


async def test_a_group_shows_a_limited_user_the_services_in_its_service_groups(
    world: World,
) -> None:
    """Group role and service group grant to a limited user: that service, and no other."""
    assert await names(world, LIM) == []
    services = await service_group(world, "Storefront", WWW)
    await user_group(world, "Edge team", LIM, roles=[ENGINEER], service_groups=[services])
    assert await names(world, LIM) == ["www"]
    assert await configures(world, LIM, WWW) == 200
    unseen = await world.ask(LIM, "GET", f"/service/{API}")
    assert (unseen.status_code, unseen.json()) == (404, not_found(API))


async def test_a_group_gives_no_more_on_a_service_than_its_roles(world: World) -> None:
    services = await service_group(world, "Storefront", WWW)
    await user_group(world, "Readers", LIM, roles=[ROLE_IDS["user"]], service_groups=[services])
    assert await names(world, LIM) == ["www"]
    assert await configures(world, LIM, WWW) == 403
    assert await configures(world, LIM, API) == 404


async def test_a_group_adds_to_what_an_unlimited_user_may_do(world: World) -> None:
    services = await service_group(world, "Storefront", WWW)
    assert await configures(world, UMA, WWW) == 403
    await user_group(world, "Edge team", UMA, roles=[ENGINEER], service_groups=[services])
    assert await configures(world, UMA, WWW) == 200
    assert await configures(world, UMA, API) == 403
    assert sorted(await names(world, UMA)) == ["api", "www"]


async def test_a_group_without_service_groups_gives_no_service_permissions(world: World) -> None:
    """Its account permissions count all the same: an engineer creates services."""
    form = {"name": "new"}
    assert (await world.ask(UMA, "POST", "/service", data=form)).status_code == 403
    group = await user_group(world, "Edge team", UMA, LIM, roles=[ENGINEER])
    assert (await world.ask(UMA, "POST", "/service", data=form)).status_code == 200
    assert await configures(world, UMA, WWW) == 403
    assert await names(world, LIM) == []
    empty = await service_group(world, "Empty")
    await extend(world, f"{USER_GROUPS}/{group}/service-groups", empty)
    assert await configures(world, UMA, WWW) == 403
    assert await names(world, LIM) == []
    await extend(world, f"{SERVICE_GROUPS}/{empty}/services", WWW)
    assert await configures(world, UMA, WWW) == 200
    assert await names(world, LIM) == ["www"]


Ending = Callable[[World, dict[str, str]], Awaitable[object]]
ENDINGS: dict[str, Ending] = {
    "he leaves": lambda world, of: reduce(world, f"{of['group']}/members", LIM.id),
    "the role goes": lambda world, of: reduce(world, f"{of['group']}/roles", of["role"]),
    "the service groups go": lambda world, of: reduce(
        world, f"{of['group']}/service-groups", of["services"]
    ),
    "the service goes": lambda world, of: reduce(
        world, f"{SERVICE_GROUPS}/{of['services']}/services", WWW
    ),
    "the group is deleted": lambda world, of: world.ask(ADA, "DELETE", of["group"]),
    "the service group is deleted": lambda world, of: world.ask(
        ADA, "DELETE", f"{SERVICE_GROUPS}/{of['services']}"
    ),
    "the role is deleted": lambda world, of: world.ask(ADA, "DELETE", f"/roles/{of['role']}"),
    "the role permits less": lambda world, of: world.ask(ADA, "DELETE", of["permits"], json=SEES),
}


async def _sees(world: World) -> str:
    return await role(world, "Sees services", "service.read", "service.configure")


@pytest.mark.parametrize("ending", list(ENDINGS))
async def test_what_a_group_gives_ends_at_once_when(world: World, ending: str) -> None:
    sees, services = await _sees(world), await service_group(world, "Storefront", WWW)
    group = await user_group(world, "Edge team", LIM, roles=[sees], service_groups=[services])
    assert (await world.ask(LIM, "GET", f"/service/{WWW}")).status_code == 200
    assert await configures(world, LIM, WWW) == 200
    parts = {
        "group": f"{USER_GROUPS}/{group}",
        "services": services,
        "role": sees,
        "permits": f"/roles/{sees}/permissions",
    }
    await ENDINGS[ending](world, parts)
    assert (await world.ask(LIM, "GET", f"/service/{WWW}")).status_code == 404
    assert await configures(world, LIM, WWW) == 404
    assert await names(world, LIM) == []


async def test_deleting_a_group_leaves_what_was_in_it(world: World) -> None:
    sees, services = await _sees(world), await service_group(world, "Storefront", WWW)
    group = await user_group(world, "Edge team", LIM, roles=[sees], service_groups=[services])
    other = await user_group(world, "Others", roles=[sees], service_groups=[services])
    await world.ask(ADA, "DELETE", f"{USER_GROUPS}/{group}")
    shown = (await world.ask(ADA, "GET", f"{SERVICE_GROUPS}/{services}")).json()
    assert shown["services_count"] == 1
    await world.ask(ADA, "DELETE", f"{SERVICE_GROUPS}/{services}")
    assert (await world.ask(ADA, "GET", f"/service/{WWW}")).status_code == 200
    assert (await world.ask(ADA, "GET", f"/user/{LIM.id}")).status_code == 200
    left = (await world.ask(ADA, "GET", f"{USER_GROUPS}/{other}")).json()
    assert (left["roles_count"], left["service_groups_count"]) == (1, 0)


async def test_a_deleted_service_or_user_leaves_every_group(world: World) -> None:
    services = await service_group(world, "Storefront", WWW, API)
    group = await user_group(world, "Edge team", UMA, BILL)
    await world.ask(ADA, "DELETE", f"/service/{WWW}")
    shown = (await world.ask(ADA, "GET", f"{SERVICE_GROUPS}/{services}")).json()
    assert shown["services_count"] == 1
    await world.ask(UMA, "DELETE", "/tokens/self")
    assert (await world.ask(ADA, "DELETE", f"/user/{UMA.id}")).status_code == 200
    assert (await world.ask(ADA, "GET", f"{USER_GROUPS}/{group}")).json()["users_count"] == 1
    again = await extend(world, f"{USER_GROUPS}/{group}/members", BILL.id, UMA.id)
    assert_missing(again, "user", UMA.id)
    again = await extend(world, f"{SERVICE_GROUPS}/{services}/services", WWW)
    assert_missing(again, "service", WWW)


async def test_billing_by_a_group_reads_and_changes_what_billing_does(world: World) -> None:
    path = f"/customer/{WIDGETS}"
    contact = {"contact_type": "emergency", "name": "Pat", "email": "pat@example.com"}
    assert "billing_ref" not in (await world.ask(UMA, "GET", path)).json()
    assert (await world.ask(UMA, "POST", f"{path}/contacts", data=contact)).status_code == 403
    group = await user_group(world, "Accounting", UMA, roles=[ROLE_IDS["billing"]])
    assert "billing_ref" in (await world.ask(UMA, "GET", path)).json()
    assert (await world.ask(UMA, "POST", f"{path}/contacts", data=contact)).status_code == 200
    await reduce(world, f"{USER_GROUPS}/{group}/members", UMA.id)
    assert "billing_ref" not in (await world.ask(UMA, "GET", path)).json()


async def test_a_role_of_ones_own_by_a_group_shows_whole_records(world: World) -> None:
    assert "email_hash" not in (await world.ask(UMA, "GET", f"/user/{BILL.id}")).json()
    reads = await role(world, "Reads users", "user.read")
    await user_group(world, "Readers", UMA, roles=[reads])
    assert "email_hash" in (await world.ask(UMA, "GET", f"/user/{BILL.id}")).json()


async def test_a_token_that_is_limited_gets_no_more_by_a_group(world: World) -> None:
    form = {"password": PASSWORD, "services[]": API, "name": "limited"}
    made = await world.ask(UMA, "POST", "/tokens", data=form)
    limited = made.json()["access_token"]
    read = {"password": PASSWORD, "scope": "global:read", "name": "reading"}
    reading = (await world.ask(UMA, "POST", "/tokens", data=read)).json()["access_token"]
    services = await service_group(world, "Everything", WWW, API)
    await user_group(world, "Edge team", UMA, roles=[ENGINEER], service_groups=[services])
    assert await configures(world, limited, API) == 200
    assert await configures(world, limited, WWW) == 404
    assert await configures(world, reading, API) == 403


async def test_two_groups_add_up_without_mixing(world: World) -> None:
    """Roles of one group do not act on the services of another."""
    www, api = await service_group(world, "W", WWW), await service_group(world, "A", API)
    reads = ROLE_IDS["user"]
    await user_group(world, "Engineers of www", LIM, roles=[ENGINEER], service_groups=[www])
    await user_group(world, "Readers of api", LIM, roles=[reads], service_groups=[api])
    assert sorted(await names(world, LIM)) == ["api", "www"]
    assert await configures(world, LIM, WWW) == 200
    assert await configures(world, LIM, API) == 403
