"""What access loses when a service, a user or a customer ends (contract: access §12)."""

from typing import Any

import pytest
from msgspec.json import decode as read
from sqlalchemy import Table, bindparam, func, select

from tenantry.areas.invitations.model import PURPOSE
from tenantry.core import access_tables, schema
from tenantry.core.clock import HOUR
from tenantry.core.statements import Statement
from tests.areas.authorization_calls import PATH, authorize
from tests.areas.group_calls import role, service_group, user_group
from tests.areas.service_calls import create, names
from tests.world import ADA, API, BEN, EVERYBODY, LIM, OTHER, WIDGETS, WWW, Person, World

_R = schema.revisions.c
_OPEN = Statement(
    select(_R.kind, _R.row_id, _R.body).where(
        _R.customer_id == bindparam("customer_id"), _R.to_sequence.is_(None), _R.body.is_not(None)
    )
)
_STATUSES = Statement(select(access_tables.invitations.c.status))
HELD = (
    access_tables.service_authorizations,
    access_tables.service_group_services,
    access_tables.service_groups,
    access_tables.service_invitations,
    access_tables.user_group_members,
    access_tables.user_group_roles,
    access_tables.user_group_service_groups,
    access_tables.user_groups,
    access_tables.roles,
)


async def standing(world: World, customer_id: str = WIDGETS) -> list[tuple[str, str]]:
    """The kind and id of every row that access still depends on."""
    rows = await world.app.database.all(_OPEN, customer_id=customer_id)
    return sorted((kind, row_id) for kind, row_id, _ in rows)


async def count(world: World, table: Table) -> int:
    """The rows of a table in Ada's customer."""
    counting = Statement(
        select(func.count()).select_from(table).where(table.c.customer_id == WIDGETS)
    )
    row = await world.app.database.one(counting)
    assert row is not None
    return int(row[0])


async def invite(world: World) -> str:
    """Somebody is invited, for both services; the invitation's id."""
    invited = [
        {"type": "service_invitation", "relationships": {"service": {"data": {"id": one}}}}
        for one in (WWW, API)
    ]
    data = {
        "attributes": {"email": "lin@example.com", "role": "engineer", "limit_services": True},
        "relationships": {"service_invitations": {"data": invited}},
    }
    answer = await world.ask(ADA, "POST", "/invitations", json={"data": data})
    assert answer.status_code == 200, answer.text
    invitation_id: str = answer.json()["data"]["id"]
    return invitation_id


async def shown(world: World, path: str) -> Any:
    answer = await world.ask(ADA, "GET", path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_deleted_service_takes_what_was_for_it_along(world: World) -> None:
    """Its authorizations, its places in service groups and in pending invitations."""
    first, second = await authorize(world), await authorize(world, BEN.id)
    kept = await authorize(world, service_id=API)
    group = await service_group(world, "Storefront", WWW, API)
    untouched = await service_group(world, "Rest", API)
    invitation_id = await invite(world)
    world.clock.turn(HOUR)
    since = len(await world.events())
    answer = await world.ask(ADA, "DELETE", f"/service/{WWW}")
    assert answer.status_code == 200, answer.text
    assert await world.actions(since) == [
        "service_authorization.delete",
        "service_authorization.delete",
        "service.delete",
    ]
    listed = (await shown(world, PATH))["data"]
    assert [one["id"] for one in listed] == [kept]
    reduced = await shown(world, f"/service-groups/{group}")
    assert (reduced["services_count"], reduced["updated_at"]) == (1, "2026-03-01T11:00:00Z")
    other = await shown(world, f"/service-groups/{untouched}")
    assert (other["services_count"], other["updated_at"]) == (1, "2026-03-01T10:00:00Z")
    invitation = (await shown(world, f"/invitations/{invitation_id}"))["data"]
    assert len(invitation["relationships"]["service_invitations"]["data"]) == 1
    left = {row_id for kind, row_id in await standing(world) if kind == "service_authorization"}
    assert left == {kept}
    assert {first, second}.isdisjoint(left)
    assert await names(world, LIM) == ["api"]


async def test_a_new_service_of_the_same_name_begins_without_access(world: World) -> None:
    await authorize(world)
    await world.ask(ADA, "DELETE", f"/service/{WWW}")
    await create(world, BEN, name="www")
    assert await names(world, LIM) == []


async def test_a_deleted_user_takes_what_was_his_along(world: World) -> None:
    await authorize(world)
    await authorize(world, service_id=API)
    others = await authorize(world, BEN.id)
    group = await user_group(world, "Edge team", LIM, BEN)
    world.clock.turn(HOUR)
    await world.ask(ADA, "DELETE", f"/tokens/{LIM.token_id}")
    since = len(await world.events())
    answer = await world.ask(ADA, "DELETE", f"/user/{LIM.id}")
    assert answer.status_code == 200, answer.text
    assert await world.actions(since) == [
        "service_authorization.delete",
        "service_authorization.delete",
        "user.destroy",
    ]
    assert [one["id"] for one in (await shown(world, PATH))["data"]] == [others]
    members = (await shown(world, f"/user-groups/{group}/members"))["data"]
    assert [one["id"] for one in members] == [BEN.id]
    reduced = await shown(world, f"/user-groups/{group}")
    assert (reduced["users_count"], reduced["updated_at"]) == (1, "2026-03-01T11:00:00Z")
    left = {row_id for kind, row_id in await standing(world) if kind == "service_authorization"}
    assert left == {others}


@pytest.mark.parametrize("end", ["withdrawn", "accepted", "reduced"])
async def test_what_leaves_a_user_group_by_itself_changes_it(world: World, end: str) -> None:
    """An invitation that ends, or a service group that is deleted (contract: access §8)."""
    invitation = await invite(world)
    collected = await service_group(world, "Storefront", WWW)
    group = await user_group(world, "Edge team", service_groups=[collected])
    await user_group(world, "Untouched")
    members = {"members": [{"id": invitation, "object": "invitation"}]}
    assert (await world.ask(ADA, "POST", f"/user-groups/{group}/members", json=members)).is_success
    world.clock.turn(HOUR)
    code = world.app.keyring.code_for(PURPOSE, invitation)
    newcomer = {"name": "Lin", "password": "stapled-Sponge-7-otter"}
    calls: dict[str, tuple[Person | None, str, str]] = {
        "withdrawn": (ADA, "DELETE", f"/invitations/{invitation}"),
        "accepted": (None, "PUT", f"/invitation/accept/{code}"),
        "reduced": (ADA, "DELETE", f"/service-groups/{collected}"),
    }
    answer = await world.ask(*calls[end], json=newcomer)
    assert answer.is_success
    changed = [one["updated_at"] for one in (await shown(world, "/user-groups"))["data"]]
    assert sorted(changed) == ["2026-03-01T10:00:00Z", "2026-03-01T11:00:00Z"]


async def test_a_closed_customer_leaves_nothing_that_access_depends_on(world: World) -> None:
    """Groups, roles and authorizations are gone, and the codes of invitations dead."""
    await authorize(world)
    collected = await service_group(world, "Storefront", WWW)
    own = await role(world, "Purger", "service.purge_all", "service.read")
    await user_group(world, "Edge team", LIM, roles=[own], service_groups=[collected])
    code = world.app.keyring.code_for("invitation", await invite(world))
    for service_id in (WWW, API):
        await world.ask(ADA, "DELETE", f"/service/{service_id}")
    elsewhere = await standing(world, OTHER)
    since = len(await world.events())
    answer = await world.ask(ADA, "DELETE", f"/customer/{WIDGETS}")
    assert answer.status_code == 200, answer.text
    assert set(await world.actions(since)) == {
        "customer.delete",
        "token.destroy",
        "user.destroy",
        "user.logout",
    }
    assert [await count(world, table) for table in HELD] == [0] * len(HELD)
    # Memberships have no revisions of their own to close: without both sides they do not count.
    kinds = {kind for kind, _ in await standing(world)}
    assert kinds == {
        "customer",
        "service_group_service",
        "user_group_member",
        "user_group_role",
        "user_group_service_group",
    }
    assert await standing(world, OTHER) == elsewhere
    for person in EVERYBODY:
        if person.customer_id == WIDGETS:
            assert (await world.ask(person, "GET", "/tokens/self")).status_code == 401
    body = {"name": "Lin", "password": "stapled-Sponge-7-otter"}
    accepted = await world.ask(None, "PUT", f"/invitation/accept/{code}", json=body)
    assert accepted.status_code == 404
    assert await world.app.database.all(_STATUSES) == [("withdrawn",)]
    revised = {row for one in (await world.events())[since:] for row in read(one[2])["rows"]}
    assert {f"role/{own}", f"service_group/{collected}", f"user/{LIM.id}"} <= revised
