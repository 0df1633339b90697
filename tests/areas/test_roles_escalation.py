"""Nobody hands on what he lacks himself, by whatever detour (contract: access §11, rule 5)."""

from typing import Any

import pytest

from tenantry.core.permissions import ROLE_IDS
from tests.areas.authorization_calls import authorize
from tests.areas.group_calls import user_group
from tests.areas.role_calls import (
    assert_forbidden,
    give,
    hold,
    named,
    permits,
    role,
    user,
)
from tests.areas.test_users import BUILT_IN
from tests.world import ADA, API, BEN, BILL, LIM, PASSWORD, SUE, UMA, WWW, World

MANAGER = ("role.read", "role.manage", "contact.read", "tls.read")


async def add(world: World, who: Any, role_id: str, *permissions: str) -> Any:
    body = {"permissions": named(*permissions)}
    return await world.ask(who, "POST", f"/roles/{role_id}/permissions", json=body)


async def test_who_manages_roles_makes_none_that_permits_more(world: World) -> None:
    await hold(world, BEN, *MANAGER)
    since = len(await world.events())
    for lacking in ("user.read", "service.read", "customer.security", "contact.manage"):
        body = {"name": "More", "permissions": named("contact.read", lacking)}
        assert_forbidden(await world.ask(BEN, "POST", "/roles", json=body))
    assert await world.actions(since) == []
    less = await role(world, "Less", ["contact.read", "tls.read"], BEN)
    assert_forbidden(await add(world, BEN, less, "role.manage", "user.update"))
    assert (await add(world, BEN, less, "role.manage")).status_code == 201


async def test_a_permission_held_in_a_restricted_form_is_not_handed_on(world: World) -> None:
    """A role of the customer's own confers the whole form: `user` confers less than that."""
    manager = await role(world, "Manager", ["role.manage"])
    await give(world, BEN, manager, BUILT_IN["user"])
    for restricted in ("customer.read", "user.read", "event.read", "service_authorization.read"):
        body = {"name": "More", "permissions": named(restricted)}
        assert_forbidden(await world.ask(BEN, "POST", "/roles", json=body))
    await role(world, "Same", ["role.read", "contact.read", "service.read"], BEN)


async def test_a_permission_on_some_services_is_not_handed_on_for_all(world: World) -> None:
    manager = await role(world, "Manager", ["role.manage", "service.read", "service.configure"])
    await give(world, LIM, manager)
    await authorize(world, LIM.id, WWW, "full")
    assert (await world.ask(LIM, "GET", f"/service/{WWW}")).status_code == 200
    body = {"name": "More", "permissions": named("service.read")}
    assert_forbidden(await world.ask(LIM, "POST", "/roles", json=body))
    await give(world, LIM, manager, limit_services=False)
    assert (await world.ask(LIM, "POST", "/roles", json=body)).status_code == 201


async def test_nobody_but_a_superuser_changes_a_role_that_he_holds(world: World) -> None:
    """Not even to take away or to delete; its name is no right."""
    own = await hold(world, BEN, *MANAGER)
    body = {"permissions": named("contact.read")}
    for method, path in (
        ("POST", f"/roles/{own}/permissions"),
        ("DELETE", f"/roles/{own}/permissions"),
        ("DELETE", f"/roles/{own}"),
    ):
        assert_forbidden(await world.ask(BEN, method, path, json=body))
    assert await permits(world, own) == ["role.read", "role.manage", "contact.read", "tls.read"]
    renamed = await world.ask(BEN, "PATCH", f"/roles/{own}", json={"name": "Renamed"})
    assert renamed.status_code == 200
    assert (await world.ask(ADA, "DELETE", f"/roles/{own}")).status_code == 204


async def test_nobody_but_a_superuser_changes_a_role_of_his_group(world: World) -> None:
    own = await role(world, "Manager", MANAGER)
    body = {"name": "Managers", "members": [{"id": UMA.id}], "roles": [{"id": own}]}
    assert (await world.ask(ADA, "POST", "/user-groups", json=body)).status_code == 201
    assert_forbidden(await add(world, UMA, own, "contact.read"))
    assert_forbidden(await world.ask(UMA, "DELETE", f"/roles/{own}"))


async def test_deleting_a_role_does_not_make_users_of_others(world: World) -> None:
    """Whose only role goes falls back to `user`, and that confers what this manager lacks."""
    manager = await hold(world, BEN, "role.manage")
    last = await role(world, "Last")
    await give(world, UMA, last)
    assert_forbidden(await world.ask(BEN, "DELETE", f"/roles/{last}"))
    assert (await user(world, UMA))["roles"] == [last]
    await give(world, UMA, last, BUILT_IN["billing"])
    assert (await world.ask(BEN, "DELETE", f"/roles/{last}")).status_code == 204
    last = await role(world, "Last")
    await give(world, UMA, last)
    await give(world, BEN, manager, BUILT_IN["user"])
    assert (await world.ask(BEN, "DELETE", f"/roles/{last}")).status_code == 204


async def test_who_adds_users_adds_none_who_may_more(world: World) -> None:
    small = await role(world, "Small", ["contact.read"])
    large = await role(world, "Large", ["contact.read", "contact.manage"])
    await hold(world, BEN, "user.create", "contact.read", "role.read")
    since = len(await world.events())

    async def ask(**more: Any) -> Any:
        body = {"login": "new@example.com", **more}
        return await world.ask(BEN, "POST", "/user", json=body)

    for more in (
        {},
        {"role": "superuser"},
        {"role": "user"},
        {"roles": [large]},
        {"roles": [small, large]},
        {"roles": [small, BUILT_IN["superuser"]]},
        {"roles": [BUILT_IN["engineer"]], "limit_services": True},
    ):
        assert_forbidden(await ask(**more))
    assert await world.actions(since) == []
    answer = await ask(roles=[small])
    assert answer.status_code == 200
    assert answer.json()["role"] == "user"


async def test_who_changes_users_gives_none_more_than_he_has(world: World) -> None:
    small = await role(world, "Small", ["contact.read"])
    large = await role(world, "Large", ["tls.manage"])
    await hold(world, BEN, "user.update", "contact.read")
    since = len(await world.events())
    for roles in ([large], [small, large], [BUILT_IN["user"]], [BUILT_IN["superuser"]]):
        assert_forbidden(await give(world, BILL, *roles, who=BEN))
    answer = await world.ask(BEN, "PUT", f"/user/{BILL.id}", data={"role": "engineer"})
    assert_forbidden(answer)
    assert await world.actions(since) == []
    assert (await give(world, BILL, small, BUILT_IN["billing"], who=BEN)).status_code == 200
    assert (await give(world, BILL, BUILT_IN["billing"], who=BEN)).status_code == 200
    assert (await give(world, BILL, small, who=BEN)).status_code == 200
    assert_forbidden(await give(world, BILL, BUILT_IN["billing"], who=BEN))


async def test_who_changes_users_does_not_change_his_own_rights(world: World) -> None:
    own = await hold(world, BEN, "user.update", "contact.read")
    since = len(await world.events())
    small = await role(world, "Small", ["contact.read"])
    since = len(await world.events())
    for body in (
        {"roles": [own, small]},
        {"roles": [own]},
        {"role": "user"},
        {"limit_services": False},
        {"locked": False},
        {"require_new_password": True, "name": "Benjamin"},
    ):
        assert_forbidden(await world.ask(BEN, "PUT", f"/user/{BEN.id}", json=body))
    assert await world.actions(since) == []
    named_so = await world.ask(BEN, "PUT", f"/user/{BEN.id}", data={"name": "Benjamin"})
    assert named_so.status_code == 200


async def test_lifting_a_limit_hands_out_what_it_held_back(world: World) -> None:
    own = await role(world, "Own", ["service.configure", "service.read"])
    await give(world, LIM, own)
    await hold(world, BEN, "user.update", "service.read")
    assert_forbidden(await give(world, LIM, limit_services=False, who=BEN))
    await give(world, BEN, await role(world, "All", ["user.update"]), own)
    answer = await give(world, LIM, limit_services=False, who=BEN)
    assert (answer.status_code, answer.json()["limit_services"]) == (200, False)
    back = await give(world, LIM, limit_services=True, who=BEN)
    assert (back.status_code, back.json()["limit_services"]) == (200, True)


async def test_nor_does_it_hand_out_what_a_group_gives_only_the_unlimited(world: World) -> None:
    """A group's role of engineer lets its members invite, but not while they are limited."""
    inviting = ("invitation.create", "invitation.delete", "invitation.read")
    await give(world, LIM, await role(world, "Nothing"))
    await user_group(world, "Edge team", LIM, roles=[ROLE_IDS["engineer"]])
    await hold(world, BEN, "user.update")
    assert_forbidden(await give(world, LIM, limit_services=False, who=BEN))
    await give(world, BEN, await role(world, "More", ["user.update", *inviting]))
    answer = await give(world, LIM, limit_services=False, who=BEN)
    assert (answer.status_code, answer.json()["limit_services"]) == (200, False)


@pytest.mark.parametrize(
    "body",
    [
        {"role": "user"},
        {"roles": []},
        {"locked": True},
        {"limit_services": True},
        {"require_new_password": True},
        {"role": "superuser"},
    ],
)
async def test_only_superusers_change_a_superusers_rights(
    world: World, body: dict[str, Any]
) -> None:
    """Others could shut them out; sending what is so already changes nothing."""
    manager = await role(world, "Manager", ["user.update"])
    await give(world, BEN, manager, BUILT_IN["user"])
    answer = await world.ask(BEN, "PUT", f"/user/{SUE.id}", json=body)
    if body in ({"roles": []}, {"role": "superuser"}):
        assert answer.status_code == 200
    else:
        assert_forbidden(answer)
    sue = await user(world, SUE)
    assert (sue["role"], sue["locked"], sue["require_new_password"]) == ("superuser", None, None)


async def test_nor_harden_a_lock_that_anybody_can_bring_about(world: World) -> None:
    """Six wrong passwords lock her: her keys go on, until a superuser locks her."""
    await give(world, BEN, await role(world, "Manager", ["user.update"]), BUILT_IN["user"])
    wrong = {"username": SUE.login, "password": "wrong"}
    for _ in range(6):
        await world.ask(None, "POST", "/tokens", data=wrong)
    for locked in ("true", "false"):
        form = {"locked": locked}
        assert_forbidden(await world.ask(BEN, "PUT", f"/user/{SUE.id}", data=form))
    assert (await user(world, SUE))["locked"] is True
    assert (await world.ask(SUE, "GET", "/tokens/self")).status_code == 200


async def test_who_makes_automation_tokens_makes_none_that_may_more(world: World) -> None:
    small = await role(world, "Small", ["contact.read"])
    await hold(world, BEN, "automation_token.manage", "contact.read")
    await world.sudo(BEN)

    async def ask(**more: Any) -> Any:
        body = {"name": "bot", **more}
        return await world.ask(BEN, "POST", "/automation-tokens", json=body)

    for more in ({}, {"role": "engineer"}, {"roles": [small, BUILT_IN["user"]]}):
        assert_forbidden(await ask(**more))
    made = await ask(roles=[small])
    assert made.status_code == 200
    assert made.json()["roles"] == [{"id": small, "name": "Small"}]


async def test_a_limited_maker_makes_tokens_for_his_services(world: World) -> None:
    own = await role(world, "Own", ["automation_token.manage", "service.read"])
    reader = await role(world, "Reader", ["service.read"])
    await give(world, LIM, own)
    await authorize(world, LIM.id, WWW, "read_only")
    sudo = await world.ask(LIM, "POST", "/sudo", data={"password": PASSWORD})
    assert sudo.status_code == 200

    async def ask(**more: Any) -> Any:
        body = {"name": "bot", "roles": [reader], **more}
        return await world.ask(LIM, "POST", "/automation-tokens", json=body)

    assert_forbidden(await ask())
    assert_forbidden(await ask(services=[WWW], limit_services=False))
    assert (await ask(services=[API])).status_code == 400
    made = await ask(services=[WWW])
    assert made.status_code == 200, made.text
    seen = await world.ask(made.json()["access_token"], "GET", "/verify")
    assert seen.json()["services"] == {WWW: "www"}
