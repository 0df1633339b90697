"""Nobody gives by way of groups what he lacks, and nobody gives to himself (access §11).

Uma, an ordinary user, manages groups: a role of the customer's own lets her, given by a group.
"""

from typing import Any

import httpx
import pytest

from tenantry.core.permissions import ROLE_IDS
from tests.areas.group_calls import (
    FORBIDDEN,
    SERVICE_GROUPS,
    USER_GROUPS,
    create,
    extend,
    ids,
    reduce,
    role,
    service_group,
    shown_ids,
    user_group,
)
from tests.world import (
    ADA,
    API,
    BEN,
    BILL,
    BOT,
    LIM,
    OPERATOR,
    READ_ONLY,
    SUE,
    UMA,
    WIDGETS,
    WWW,
    Person,
    World,
)

MANAGES = (
    "service_group.manage",
    "service_group.read",
    "user_group.manage",
    "user_group.read",
)
ENGINEER, BILLING, USER = (ROLE_IDS[one] for one in ("engineer", "billing", "user"))


async def managers(world: World, *people: Person) -> str:
    """The group of those who manage groups; its id."""
    manages = await role(world, "Manages groups", *MANAGES)
    return await user_group(world, "Managers", *people, roles=[manages])


def refused(answer: httpx.Response) -> bool:
    return answer.status_code == 403 and answer.json()["msg"] == FORBIDDEN["msg"]


async def test_who_may_not_manage_changes_nothing(world: World) -> None:
    group = await user_group(world, "Edge team", BEN)
    path, since = f"{USER_GROUPS}/{group}", len(await world.events())
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", USER_GROUPS, {"name": "New"}),
        ("PATCH", path, {"name": "New"}),
        ("DELETE", path, {}),
        ("POST", f"{path}/members", {"members": ids(UMA.id)}),
        ("DELETE", f"{path}/roles", {"roles": ids(USER)}),
        ("POST", f"{path}/service-groups", {"service_groups": ids(UMA.id)}),
    ]
    for person in (BEN, BILL, UMA, BOT):
        for method, where, body in calls:
            assert refused(await world.ask(person, method, where, json=body))
    reading = await world.ask(READ_ONLY, "DELETE", path)
    assert reading.json() == {"msg": "Read only tokens are not allowed to access this endpoint"}
    assert len(await world.events()) == since


async def test_who_manages_groups_by_a_role_of_ones_own_does_so(world: World) -> None:
    await managers(world, UMA)
    group = await create(world, USER_GROUPS, UMA, name="Readers", roles=ids(USER))
    path = f"{USER_GROUPS}/{group['id']}"
    assert (await extend(world, f"{path}/members", BEN.id, LIM.id, who=UMA)).status_code == 201
    assert (await reduce(world, f"{path}/members", BEN.id, who=UMA)).status_code == 204
    assert await shown_ids(world, f"{path}/members", UMA) == [LIM.id]
    services = await create(world, SERVICE_GROUPS, UMA, name="All", services=ids(WWW, API))
    found = await extend(world, f"{path}/service-groups", services["id"], who=UMA)
    assert found.status_code == 201
    assert (await world.ask(LIM, "GET", f"/service/{WWW}")).status_code == 200
    assert (await world.ask(UMA, "DELETE", path)).status_code == 204
    assert (await world.ask(LIM, "GET", f"/service/{WWW}")).status_code == 404


@pytest.mark.parametrize("given", ["superuser", "engineer", "billing", "own"])
async def test_a_role_beyond_ones_own_goes_into_no_group(world: World, given: str) -> None:
    await managers(world, UMA)
    group = await user_group(world, "Edge team", BEN)
    beyond = await role(world, "Settings", "customer.update")
    wanted = beyond if given == "own" else ROLE_IDS[given]
    path, since = f"{USER_GROUPS}/{group}/roles", len(await world.events())
    assert refused(await extend(world, path, USER, wanted, who=UMA))
    body = {"name": "New", "roles": ids(wanted), "members": ids(BEN.id)}
    assert refused(await world.ask(UMA, "POST", USER_GROUPS, json=body))
    assert len(await world.events()) == since
    assert (await extend(world, path, USER, who=UMA)).status_code == 201


async def test_nobody_is_let_into_a_group_that_gives_more_than_one_has(world: World) -> None:
    await managers(world, UMA)
    purges = await role(world, "Purges", "service.purge_all")
    services = await service_group(world, "Storefront", WWW)
    accounting = await user_group(world, "Accounting", roles=[BILLING])
    purging = await user_group(world, "Purging", roles=[purges], service_groups=[services])
    idle = await user_group(world, "Idle", roles=[purges])
    for group in (accounting, purging):
        path = f"{USER_GROUPS}/{group}/members"
        assert refused(await extend(world, path, BEN.id, who=UMA))
        assert await shown_ids(world, path) == []
    # Without services the role gives nothing, so there is nothing to hand out.
    answer = await extend(world, f"{USER_GROUPS}/{idle}/members", BEN.id, who=UMA)
    assert answer.status_code == 201


async def test_no_service_comes_under_a_role_that_does_more_than_one_may(world: World) -> None:
    """Neither by attaching a service group nor by putting services into one that is attached."""
    await managers(world, UMA)
    purges = await role(world, "Purges", "service.purge_all")
    full, empty = await service_group(world, "Full", WWW), await service_group(world, "Empty")
    group = await user_group(world, "Purging", BEN, roles=[purges])
    path = f"{USER_GROUPS}/{group}/service-groups"
    assert refused(await extend(world, path, full, who=UMA))
    assert (await extend(world, path, empty, who=UMA)).status_code == 201
    assert refused(await extend(world, f"{SERVICE_GROUPS}/{empty}/services", WWW, who=UMA))
    assert await shown_ids(world, f"{SERVICE_GROUPS}/{empty}/services") == []
    assert await shown_ids(world, path) == [empty]
    loose = f"{SERVICE_GROUPS}/{full}/services"
    assert (await extend(world, loose, API, who=UMA)).status_code == 201


async def test_what_one_holds_on_some_services_is_handed_on_for_these(world: World) -> None:
    """Lim purges www by a group, and hands that on for www alone."""
    await managers(world, LIM)
    purges = await role(world, "Purges", "service.read", "service.purge_all")
    www, api = await service_group(world, "W", WWW), await service_group(world, "A", API)
    await user_group(world, "Lim's", LIM, roles=[purges], service_groups=[www])
    group = await user_group(world, "Purging", roles=[purges], service_groups=[www])
    path = f"{USER_GROUPS}/{group}"
    assert (await extend(world, f"{path}/members", UMA.id, who=LIM)).status_code == 201
    assert refused(await extend(world, f"{path}/service-groups", api, who=LIM))
    await extend(world, f"{path}/service-groups", api)
    assert refused(await extend(world, f"{path}/members", BEN.id, who=LIM))
    # The role as such would act on whatever services come later.
    other = await user_group(world, "Other")
    assert refused(await extend(world, f"{USER_GROUPS}/{other}/roles", purges, who=LIM))


async def test_nobody_lets_himself_in_or_out(world: World) -> None:
    group, other = await managers(world, UMA), await user_group(world, "Other")
    since = len(await world.events())
    assert refused(await extend(world, f"{USER_GROUPS}/{other}/members", UMA.id, who=UMA))
    assert refused(await reduce(world, f"{USER_GROUPS}/{other}/members", UMA.id, who=UMA))
    assert refused(await reduce(world, f"{USER_GROUPS}/{group}/members", UMA.id, who=UMA))
    assert refused(await extend(world, f"{USER_GROUPS}/{other}/members", BEN.id, UMA.id, who=UMA))
    body = {"name": "New", "members": ids(UMA.id)}
    assert refused(await world.ask(UMA, "POST", USER_GROUPS, json=body))
    assert len(await world.events()) == since
    answer = await extend(world, f"{USER_GROUPS}/{group}/members", BEN.id, who=UMA)
    assert answer.status_code == 201


async def test_nobody_changes_what_his_own_group_gives(world: World) -> None:
    group = await managers(world, UMA)
    services, loose = await service_group(world, "Mine", WWW), await service_group(world, "Loose")
    await extend(world, f"{USER_GROUPS}/{group}/service-groups", services)
    since, path = len(await world.events()), f"{USER_GROUPS}/{group}"
    assert refused(await extend(world, f"{path}/roles", USER, who=UMA))
    assert refused(await reduce(world, f"{path}/roles", USER, who=UMA))
    assert refused(await extend(world, f"{path}/service-groups", loose, who=UMA))
    assert refused(await reduce(world, f"{path}/service-groups", services, who=UMA))
    assert refused(await extend(world, f"{SERVICE_GROUPS}/{services}/services", API, who=UMA))
    assert refused(await reduce(world, f"{SERVICE_GROUPS}/{services}/services", WWW, who=UMA))
    assert refused(await world.ask(UMA, "DELETE", f"{SERVICE_GROUPS}/{services}"))
    assert refused(await world.ask(UMA, "DELETE", path))
    assert len(await world.events()) == since
    assert (await world.ask(UMA, "PATCH", path, json={"name": "Chiefs"})).status_code == 200
    assert (await world.ask(UMA, "DELETE", f"{SERVICE_GROUPS}/{loose}")).status_code == 204


async def test_superusers_and_operators_are_bound_by_none_of_this(world: World) -> None:
    group = await user_group(world, "Engineers", SUE, roles=[ENGINEER])
    path = f"{USER_GROUPS}/{group}"
    assert (await extend(world, f"{path}/roles", BILLING, who=SUE)).status_code == 201
    assert (await reduce(world, f"{path}/members", SUE.id, who=SUE)).status_code == 204
    assert (await extend(world, f"{path}/members", SUE.id, who=SUE)).status_code == 201
    inside = f"{path}/members?customer_id={WIDGETS}"
    answer = await world.ask(OPERATOR, "POST", inside, json={"members": ids(ADA.id)})
    assert answer.status_code == 201
    assert sorted(await shown_ids(world, f"{path}/members")) == sorted([SUE.id, ADA.id])
