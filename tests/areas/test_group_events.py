"""What the log tells of groups, and the history of access that it seals (access §2.8, §8)."""

from typing import Any

import pytest
from sqlalchemy import bindparam, select

from tenantry.areas.groups import service_groups_api, user_group_sets_api, user_groups_api
from tenantry.core import schema
from tenantry.core.chain import opened, verify
from tenantry.core.context import Reading
from tenantry.core.permissions import ROLE_IDS
from tenantry.core.statements import Statement
from tenantry.http.message import Query
from tests.areas.group_calls import (
    SERVICE_GROUPS,
    USER_GROUPS,
    create,
    extend,
    ids,
    reduce,
    service_group,
    user_group,
)
from tests.areas.test_service_lists import queries
from tests.world import ADA, API, BEN, LIM, OTHER, UMA, WIDGETS, WWW, World

_V = schema.revisions.c
_CURRENT = Statement(
    select(_V.kind, _V.row_id, _V.body).where(
        _V.customer_id == bindparam("customer_id"),
        _V.to_sequence.is_(None),
        _V.body.is_not(None),
        _V.from_sequence > bindparam("after"),
    )
)
BILLING = ROLE_IDS["billing"]


async def told(world: World, since: int) -> list[tuple[str, str, Any]]:
    """The newest events: our name, the wire's name, the metadata."""
    return [
        (action, event_type, opened(body, personal)["metadata"])
        for action, event_type, body, personal, *_ in (await world.events())[since:]
    ]


async def history(world: World, since: int) -> dict[str, str]:
    """The rows that stand now among those which were revised after the first `since` events."""
    rows = await world.app.database.all(_CURRENT, customer_id=WIDGETS, after=since)
    return {f"{kind} {row_id}": body for kind, row_id, body in rows}


async def test_members_are_told_each_by_an_event_of_his_own(world: World) -> None:
    group = await user_group(world, "Edge team", BEN)
    path, since = f"{USER_GROUPS}/{group}/members", len(await world.events())
    await extend(world, path, BEN.id, UMA.id, LIM.id)
    await reduce(world, path, UMA.id, UMA.id)
    about = {"action": "iam.user_group.members.add", "user_group_id": group}
    added = {"user_groups": [group]}
    assert await told(world, since) == [
        (about["action"], "customer.update", {**about, "members": [UMA.id, LIM.id]}),
        ("user.update", "user.update", {"user_id": UMA.id, "added": added}),
        ("user.update", "user.update", {"user_id": LIM.id, "added": added}),
        (
            "iam.user_group.members.remove",
            "customer.update",
            {**about, "action": "iam.user_group.members.remove", "members": [UMA.id]},
        ),
        ("user.update", "user.update", {"user_id": UMA.id, "removed": added}),
    ]


async def test_a_change_of_roles_is_told_for_every_user_in_the_group(world: World) -> None:
    group = await user_group(world, "Edge team", BEN, UMA)
    path, since = f"{USER_GROUPS}/{group}/roles", len(await world.events())
    await extend(world, path, BILLING)
    await extend(world, path, BILLING)
    events = await told(world, since)
    assert [action for action, *_ in events] == ["iam.user_group.roles.add", *["user.update"] * 2]
    changed = {"user_group_id": group, "added": {"roles": [BILLING]}}
    assert sorted((metadata for *_, metadata in events[1:]), key=str) == [
        {"user_id": person.id, **changed} for person in (BEN, UMA)
    ]
    await world.ask(ADA, "DELETE", f"{USER_GROUPS}/{group}")
    (about, *users) = (await told(world, since))[3:]
    assert about[2] == {
        "action": "iam.user_group.delete",
        "user_group_id": group,
        "name": "Edge team",
    }
    assert [metadata["user_id"] for *_, metadata in users] == [BEN.id, UMA.id]


async def test_a_group_that_is_created_whole_is_told_step_by_step(world: World) -> None:
    services = await service_group(world, "Storefront", WWW)
    since, elsewhere = len(await world.events()), len(await world.events(OTHER))
    body: dict[str, Any] = {
        "roles": ids(BILLING),
        "service_groups": ids(services),
        "members": ids(BEN.id),
    }
    await create(world, USER_GROUPS, name="Edge team", **body)
    assert await world.actions(since) == [
        "iam.user_group.create",
        "iam.user_group.roles.add",
        "iam.user_group.service_groups.add",
        "iam.user_group.members.add",
        "user.update",
    ]
    assert len(await world.events(OTHER)) == elsewhere
    checked = await verify(world.app.database, WIDGETS)
    assert checked.problem is None


async def test_the_history_of_access_follows_every_change(world: World) -> None:
    """What access depends on is revised with the event that changed it; nothing personal is."""
    since = len(await world.events())
    services = await service_group(world, "Storefront", WWW, API)
    group = await user_group(world, "Edge", BEN, UMA, roles=[BILLING], service_groups=[services])
    await reduce(world, f"{USER_GROUPS}/{group}/members", UMA.id)
    await reduce(world, f"{SERVICE_GROUPS}/{services}/services", API)
    await world.ask(ADA, "PATCH", f"{USER_GROUPS}/{group}", json={"name": "Core"})
    of_services = f'"service_group_id":"{services}"'
    assert await history(world, since) == {
        f"service_group {services}": '{"name":"Storefront"}',
        f"service_group_service {services}/{WWW}": f'{{{of_services},"service_id":"{WWW}"}}',
        f"user_group {group}": '{"name":"Core"}',
        f"user_group_member {group}/{BEN.id}": (
            f'{{"kind":"user","member_id":"{BEN.id}","user_group_id":"{group}"}}'
        ),
        f"user_group_role {group}/{BILLING}": (
            f'{{"role_id":"{BILLING}","user_group_id":"{group}"}}'
        ),
        f"user_group_service_group {group}/{services}": (
            f'{{{of_services},"user_group_id":"{group}"}}'
        ),
    }
    await extend(world, f"{USER_GROUPS}/{group}/members", UMA.id)
    assert f"user_group_member {group}/{UMA.id}" in await history(world, since)
    await world.ask(ADA, "DELETE", f"{USER_GROUPS}/{group}")
    # What was in it is in no group of that id, should there be one again.
    assert not [one for one in await history(world, since) if group in one]
    await user_group(world, "Others", service_groups=[services])
    await world.ask(ADA, "DELETE", f"{SERVICE_GROUPS}/{services}")
    assert not [one for one in await history(world, since) if services in one]


LISTS = {
    "service groups": (service_groups_api.list_service_groups, None, 2),
    "services": (service_groups_api.list_service_group_services, "service_group", 2),
    "user groups": (user_groups_api.list_user_groups, None, 2),
    "members": (user_group_sets_api.list_user_group_members, "user_group", 2),
    "roles": (user_group_sets_api.list_user_group_roles, "user_group", 2),
    "groups of services": (user_group_sets_api.list_user_group_service_groups, "user_group", 2),
}


@pytest.mark.parametrize("name", list(LISTS))
async def test_a_list_asks_as_many_queries_for_many_rows_as_for_few(
    world: World, name: str
) -> None:
    function, kind, expected = LISTS[name]
    services = await service_group(world, "group 0", WWW)
    group = await user_group(world, "group 0", BEN, roles=[BILLING], service_groups=[services])
    of_kind = {"service_group": services, "user_group": group}

    async def ask(call: Reading, query: Query) -> Any:
        if kind is None:
            return await function(call, query)
        return await function(call, of_kind[kind], query)

    assert await queries(world, ADA.token, ask, "") == expected
    for number in range(1, 6):
        await user_group(world, f"group {number}", UMA, roles=[BILLING])
        more = await service_group(world, f"group {number}", API)
        await extend(world, f"{USER_GROUPS}/{group}/service-groups", more)
    await extend(world, f"{SERVICE_GROUPS}/{services}/services", API)
    await extend(world, f"{USER_GROUPS}/{group}/members", UMA.id, LIM.id)
    await extend(world, f"{USER_GROUPS}/{group}/roles", ROLE_IDS["user"])
    assert await queries(world, ADA.token, ask, "") == expected
