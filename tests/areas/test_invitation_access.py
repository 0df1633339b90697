"""What an invitation hands out besides built-in roles, and who may (contract: access §4, §11)."""

from collections.abc import Sequence
from typing import Any

from tenantry.access.history import State, load
from tenantry.access.holdings import grants_of_user
from tenantry.core.context import Grants
from tenantry.core.permissions import PERMISSION_IDS, ROLE_IDS
from tests.areas.invitation_calls import (
    DONE,
    LIN,
    NOT_ALLOWED,
    accept,
    codes,
    document,
    invite,
    join,
    pending,
    refused,
    token,
    user_called,
)
from tests.world import ADA, API, BEN, BOT, DAY, LIM, PASSWORD, UMA, WIDGETS, WWW, Person, World

MAY_INVITE = ("invitation.create", "invitation.read", "invitation.delete")


async def make(world: World, path: str, **body: Any) -> str:
    """Create a role or a group as Ada; its id."""
    answer = await world.ask(ADA, "POST", path, json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def role(world: World, name: str, *permissions: str) -> str:
    """A role of the customer's own; its id."""
    named = [{"id": PERMISSION_IDS[one]} for one in permissions]
    return await make(world, "/roles", name=name, permissions=named)


async def give(world: World, person: Person, *roles: str, **more: Any) -> None:
    """Let somebody have exactly these roles."""
    form = {"roles": ",".join(roles), **more}
    answer = await world.ask(ADA, "PUT", f"/user/{person.id}", data=form)
    assert answer.status_code == 200, answer.text


async def group_with(world: World, invitation_id: str, name: str, roles: Sequence[str]) -> str:
    """A user group in which an invitation keeps a place, with these roles on www; its id."""
    services = await make(world, "/service-groups", name=name, services=[{"id": WWW}])
    return await make(
        world,
        "/user-groups",
        name=name,
        members=[{"id": invitation_id, "object": "invitation"}],
        roles=[{"id": one} for one in roles],
        service_groups=[{"id": services}],
    )


async def members(world: World, group_id: str) -> list[tuple[str, str]]:
    """Who is in a group, and as what."""
    answer = await world.ask(ADA, "GET", f"/user-groups/{group_id}/members")
    return [(one["id"], one["object"]) for one in answer.json()["data"]]


async def recorded(world: World) -> State:
    """What the revisions say of access now."""
    return await load(world.app.database, WIDGETS, len(await world.events()), world.clock())


async def as_recorded(world: World, user_id: str) -> Grants:
    """What the revisions say that somebody holds; the same as what he is let do."""
    held = (await recorded(world)).grants_of_user(user_id)
    assert held == await grants_of_user(world.app.database, WIDGETS, user_id)
    return held


async def test_a_place_in_a_group_goes_to_who_accepts(world: World) -> None:
    """Accepting puts the new user into every group that the invitation was in."""
    made = await invite(world, role="engineer", limit_services=True)
    groups = [
        await group_with(world, made["id"], name, [ROLE_IDS["engineer"]]) for name in ("a", "b")
    ]
    assert await members(world, groups[0]) == [(made["id"], "invitation")]
    assert len((await recorded(world)).groups_of(made["id"])) == 2
    (code,) = await codes(world)
    since = len(await world.events())
    assert await accept(world, code) == DONE
    assert await world.actions(since) == ["user.create", "invitation.accept"]
    user = await user_called(world)
    for group_id in groups:
        assert await members(world, group_id) == [(user["id"], "user")]
    shown = (await world.ask(ADA, "GET", f"/user-groups/{groups[0]}")).json()
    assert (shown["users_count"], shown["invitations_count"]) == (1, 0)
    key = await token(world)
    change = await world.ask(key, "PUT", f"/service/{WWW}", data={"comment": "mine"})
    assert change.status_code == 200
    assert (await world.ask(key, "GET", f"/service/{API}")).status_code == 404
    held = await as_recorded(world, user["id"])
    assert sorted(group.id for group in held.groups) == sorted(groups)
    assert (await recorded(world)).groups_of(made["id"]) == ()


async def test_withdrawing_frees_the_place_in_a_group(world: World) -> None:
    made = await invite(world)
    group_id = await group_with(world, made["id"], "a", [])
    await world.ask(ADA, "DELETE", f"/invitations/{made['id']}")
    assert await members(world, group_id) == []
    assert (await recorded(world)).groups_of(made["id"]) == ()
    again = await invite(world)
    assert again["id"] != made["id"]
    assert await members(world, group_id) == []


async def test_an_expired_invitation_keeps_no_place(world: World) -> None:
    made = await invite(world)
    group_id = await group_with(world, made["id"], "a", [])
    world.clock.turn(7 * DAY)
    assert await members(world, group_id) == []
    await invite(world)
    assert await members(world, group_id) == []
    shown = (await world.ask(ADA, "GET", f"/user-groups/{group_id}")).json()
    assert shown["invitations_count"] == 0


async def test_what_comes_with_an_invitation_is_recorded(world: World) -> None:
    """The revisions tell of the new user and his authorizations what the tables tell."""
    await join(world, role="engineer", services=[(WWW, "purge_all"), (API, "read_only")])
    held = await as_recorded(world, (await user_called(world))["id"])
    assert held.authorizations == {WWW: "purge_all", API: "read_only"}


async def test_a_role_of_the_customers_own_comes_with_an_invitation(world: World) -> None:
    own = await role(world, "Auditor", "event.read", "invoice.read")
    made = await invite(world, roles=[own, ROLE_IDS["billing"]])
    assert made["attributes"]["role"] == "billing"
    assert sorted(made["attributes"]["roles"]) == sorted([own, ROLE_IDS["billing"]])
    alone = await invite(world, email="alone@example.com", roles=[own])
    assert (alone["attributes"]["role"], alone["attributes"]["roles"]) == ("user", [own])
    limited = await invite(
        world, email="limited@example.com", roles=[own], services=[(WWW, "full")]
    )
    assert limited["attributes"]["limit_services"] is True
    (code,) = await codes(world)
    assert await accept(world, code) == DONE
    assert own in (await user_called(world))["roles"]


async def test_a_role_that_is_deleted_meanwhile_is_lost(world: World) -> None:
    own = await role(world, "Auditor", "event.read")
    await invite(world, roles=[own])
    assert (await world.ask(ADA, "DELETE", f"/roles/{own}")).status_code == 204
    (code,) = await codes(world)
    assert await accept(world, code) == DONE
    assert (await user_called(world))["roles"] == [ROLE_IDS["user"]]


async def test_who_may_invite_by_a_role_hands_on_no_more_than_he_has(world: World) -> None:
    """Nobody grants what he lacks: not by a role, an authorization, or what is left unlimited."""
    inviting = await role(world, "Inviting", *MAY_INVITE)
    richer = await role(world, "Richer", *MAY_INVITE, "contact.manage")
    await give(world, UMA, inviting, ROLE_IDS["user"])
    for number, roles in enumerate(([inviting], [ROLE_IDS["user"]], [inviting, ROLE_IDS["user"]])):
        await invite(world, UMA, f"n{number}@example.com", roles=roles)
    for attributes in (
        {"roles": [richer]},
        {"roles": [inviting, richer]},
        {"role": "engineer"},
        {"role": "superuser"},
        {"roles": [ROLE_IDS["superuser"]]},
        {"roles": [inviting], "services": [(WWW, "full")]},
    ):
        assert await refused(world, UMA, 403, document(**attributes)) == NOT_ALLOWED["msg"]
    await invite(world, UMA, roles=[inviting], services=[(WWW, "read_only")])


async def test_who_may_invite_by_a_role_deals_with_everybodys(world: World) -> None:
    inviting = await role(world, "Inviting", *MAY_INVITE)
    await give(world, UMA, inviting)
    path = f"/invitations/{(await invite(world))['id']}"
    assert await pending(world, UMA) == [LIN]
    assert (await world.ask(UMA, "POST", f"{path}/notifications")).status_code == 204
    assert (await world.ask(UMA, "DELETE", path)).status_code == 204


async def test_a_service_out_of_sight_is_not_found(world: World) -> None:
    inviting = await role(world, "Inviting", *MAY_INVITE)
    await give(world, LIM, inviting, ROLE_IDS["engineer"])
    let = {"user": {"data": {"id": LIM.id}}, "service": {"data": {"id": WWW}}}
    body = {"data": {"attributes": {"permission": "purge_select"}, "relationships": let}}
    assert (await world.ask(ADA, "POST", "/service-authorizations", json=body)).is_success
    unseen = document(roles=[inviting], services=[(API, "read_only")])
    assert await refused(world, LIM, 404, unseen) == f"Cannot find service '{API}'"
    further = document(roles=[inviting], services=[(WWW, "purge_all")])
    assert await refused(world, LIM, 403, further) == NOT_ALLOWED["msg"]
    unlimited = document(role="engineer")
    assert await refused(world, LIM, 403, unlimited) == NOT_ALLOWED["msg"]
    await invite(world, LIM, roles=[inviting], services=[(WWW, "purge_select")])


async def test_an_engineers_token_hands_on_no_more_than_it_may(world: World) -> None:
    """A token that is limited to services does not make somebody who is not."""
    form = {"password": PASSWORD, "services": WWW, "name": "limited"}
    limited = (await world.ask(BEN, "POST", "/tokens", data=form)).json()["access_token"]
    for body in (document(role="engineer"), document()):
        assert await refused(world, limited, 403, body) == NOT_ALLOWED["msg"]


async def test_a_program_invites_nobody_whatever_its_role(world: World) -> None:
    """An invitation needs a person who invites; a program may see and withdraw what there is."""
    inviting = await role(world, "Inviting", *MAY_INVITE)
    await world.sudo(ADA)
    body = {"name": "inviting bot", "roles": [inviting]}
    made = await world.ask(ADA, "POST", "/automation-tokens", json=body)
    assert made.status_code == 200, made.text
    program = made.json()["access_token"]
    path = f"/invitations/{(await invite(world))['id']}"
    assert await pending(world, program) == [LIN]
    assert await refused(world, program, 403, document("new@example.com")) == NOT_ALLOWED["msg"]
    again = await world.ask(program, "POST", f"{path}/notifications")
    assert (again.status_code, again.json()) == (403, NOT_ALLOWED)
    assert (await world.ask(BOT, "DELETE", path)).status_code == 403
    assert (await world.ask(program, "DELETE", path)).status_code == 204


async def test_a_role_by_a_group_lets_a_limited_engineer_invite_nobody(world: World) -> None:
    """What only engineers without a limit may stays with them, however they came by the role."""
    await make(
        world,
        "/user-groups",
        name="engineers",
        members=[{"id": LIM.id}],
        roles=[{"id": ROLE_IDS["engineer"]}],
    )
    assert await refused(world, LIM, 403, document()) == NOT_ALLOWED["msg"]
