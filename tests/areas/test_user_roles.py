"""Roles of the customer's own on users: which they are, and what they open (access §9)."""

from typing import Any

import httpx
import pytest

from tests.areas.authorization_calls import authorize
from tests.areas.role_calls import (
    UNKNOWN,
    assert_forbidden,
    give,
    hold,
    named,
    role,
    user,
)
from tests.areas.test_users import BUILT_IN, KEYS, REDUCED, bad_request, create
from tests.world import ADA, API, BEN, BOT, EVE, LIM, SUE, UMA, WIDGETS, WWW, World


def roles_of(answer: httpx.Response) -> tuple[str, list[str]]:
    assert answer.status_code == 200, answer.text
    return answer.json()["role"], answer.json()["roles"]


async def test_a_role_and_several_agree(world: World) -> None:
    """A list wins over the single role; all their own show as `user`; superuser is all there is."""
    one, two = sorted([await role(world, "One"), await role(world, "Two")])
    engineer, plain = BUILT_IN["engineer"], BUILT_IN["user"]
    for given, expected in (
        ([one], ("user", [one])),
        ([two, one, two], ("user", [one, two])),
        ([one, plain], ("user", [plain, one])),
        ([two, plain, engineer, one], ("engineer", [engineer, plain, one, two])),
        ([one, BUILT_IN["superuser"], engineer], ("superuser", [BUILT_IN["superuser"]])),
        ([engineer], ("engineer", [engineer])),
    ):
        assert roles_of(await give(world, BEN, *given, role="billing")) == expected
        told = await user(world, BEN)
        assert (told["role"], told["roles"]) == expected
    assert roles_of(await give(world, BEN, one)) == ("user", [one])
    assert roles_of(await give(world, BEN)) == ("user", [one])
    alone = await world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"role": "user"})
    assert roles_of(alone) == ("user", [plain])


async def test_a_user_is_created_with_roles_of_the_customers_own(world: World) -> None:
    one = await role(world, "One", ["token.read_all"])
    made = await create(world, roles=f"{one},{BUILT_IN['billing']}")
    assert (made["role"], made["roles"]) == ("billing", [BUILT_IN["billing"], one])


async def test_only_roles_of_this_customer_can_be_given(world: World) -> None:
    theirs = await role(world, "Theirs", [], EVE)
    own = await role(world, "Own")
    since = len(await world.events())
    for unknown in (theirs, UNKNOWN, "engineer", "no id at all"):
        expected = {"msg": "Record not found", "detail": f"Cannot find role '{unknown}'"}
        answer = await give(world, BEN, own, unknown)
        assert (answer.status_code, answer.json()) == (404, expected)
        body = {"login": "new@example.com", "roles": [own, unknown]}
        answer = await world.ask(ADA, "POST", "/user", json=body)
        assert (answer.status_code, answer.json()) == (404, expected)
    assert await world.actions(since) == []


async def test_the_same_roles_in_another_order_are_no_change(world: World) -> None:
    one, two = await role(world, "One"), await role(world, "Two")
    await give(world, BEN, one, two)
    since = len(await world.events())
    assert (await give(world, BEN, two, one, one)).status_code == 200
    assert await world.actions(since) == []


async def test_who_holds_only_an_own_role_is_no_user(world: World) -> None:
    """He is shown as one; what `user` permits, his role must say."""
    role_id = await hold(world, BEN, "contact.read")
    assert (await user(world, BEN))["role"] == "user"
    contacts = await world.ask(BEN, "GET", f"/customer/{WIDGETS}/contacts")
    assert contacts.status_code == 200
    for path in (f"/customer/{WIDGETS}", f"/customer/{WIDGETS}/users", "/roles", "/permissions"):
        assert_forbidden(await world.ask(BEN, "GET", path))
    assert (await world.ask(BEN, "GET", "/service")).json() == []
    assert (await world.ask(BEN, "GET", f"/service/{WWW}")).status_code == 404
    own = await world.ask(BEN, "GET", "/current_user")
    assert (own.status_code, own.json()["roles"]) == (200, [role_id])


async def test_several_roles_open_what_each_of_them_does(world: World) -> None:
    one = await role(world, "One", ["token.read_all"])
    await give(world, BEN, one, BUILT_IN["billing"])
    assert (await world.ask(BEN, "GET", f"/customer/{WIDGETS}/tokens")).status_code == 200
    form = {"contact_type": "emergency", "name": "Pat", "email": "pat@example.com"}
    made = await world.ask(BEN, "POST", f"/customer/{WIDGETS}/contacts", data=form)
    assert made.status_code == 200
    assert_forbidden(await world.ask(BEN, "POST", "/service", data={"name": "new"}))


async def test_more_permissions_hold_for_the_next_request(world: World) -> None:
    role_id = await hold(world, BEN, "contact.read")
    path = f"/customer/{WIDGETS}/tokens"
    assert_forbidden(await world.ask(BEN, "GET", path))
    body = {"permissions": named("token.read_all")}
    await world.ask(ADA, "POST", f"/roles/{role_id}/permissions", json=body)
    assert (await world.ask(BEN, "GET", path)).status_code == 200
    await world.ask(ADA, "DELETE", f"/roles/{role_id}/permissions", json=body)
    assert_forbidden(await world.ask(BEN, "GET", path))


async def test_who_reads_by_an_own_role_reads_whole_records(world: World) -> None:
    """Built-in roles below superuser see reduced ones; the matrix's `r` is theirs alone."""
    reduced = await world.ask(UMA, "GET", f"/customer/{WIDGETS}")
    assert "ip_whitelist" not in reduced.json()
    assert list((await world.ask(UMA, "GET", f"/user/{BEN.id}")).json()) == REDUCED
    await hold(world, UMA, "customer.read", "user.read")
    for path in (f"/customer/{WIDGETS}", "/current_customer"):
        whole = (await world.ask(ADA, "GET", path)).json()
        assert "ip_whitelist" in whole
        assert (await world.ask(UMA, "GET", path)).json() == whole
    assert list((await world.ask(UMA, "GET", f"/user/{BEN.id}")).json()) == KEYS
    users = (await world.ask(UMA, "GET", f"/customer/{WIDGETS}/users")).json()
    assert all(list(one) == KEYS for one in users)


async def test_an_own_role_on_services_opens_those_of_the_customer(world: World) -> None:
    await hold(world, BEN, "service.read", "service.stats")
    assert (await world.ask(BEN, "GET", f"/service/{WWW}")).status_code == 200
    assert_forbidden(await world.ask(BEN, "PUT", f"/service/{WWW}", data={"comment": "x"}))
    assert_forbidden(await world.ask(BEN, "POST", "/service", data={"name": "new"}))


async def test_no_own_role_makes_a_superuser(world: World) -> None:
    """Not even one with every permission: it can't own the account, and can be limited."""
    everything = (await world.ask(ADA, "GET", "/permissions")).json()["data"]
    body = {"name": "Everything", "permissions": [{"id": one["id"]} for one in everything]}
    all_of_it = (await world.ask(ADA, "POST", "/roles", json=body)).json()["id"]
    assert roles_of(await give(world, BEN, all_of_it)) == ("user", [all_of_it])
    owned = await world.ask(ADA, "PUT", f"/customer/{WIDGETS}", data={"owner_id": BEN.id})
    detail = "Owner id must be an unlocked superuser of this customer"
    assert (owned.status_code, owned.json()) == (400, bad_request(detail))
    assert_forbidden(await world.ask(BEN, "DELETE", f"/customer/{WIDGETS}"))
    taken = await world.ask(BEN, "PUT", f"/customer/{WIDGETS}", data={"owner_id": BEN.id})
    assert_forbidden(taken)
    assert_forbidden(await give(world, UMA, BUILT_IN["superuser"], who=BEN))
    assert len((await world.ask(BEN, "GET", "/service")).json()) == 2
    limited = await give(world, BEN, all_of_it, limit_services=True)
    assert (limited.status_code, limited.json()["limit_services"]) == (200, True)
    assert (await world.ask(BEN, "GET", "/service")).json() == []


async def test_an_own_role_is_masked_by_service_authorizations(world: World) -> None:
    role_id = await role(world, "One", ["service.read", "service.configure", "token.read_all"])
    await give(world, LIM, role_id, limit_services=True)
    await authorize(world, LIM.id, WWW, "full")
    await authorize(world, LIM.id, API, "read_only")
    for service, status in ((WWW, 200), (API, 403)):
        assert (await world.ask(LIM, "GET", f"/service/{service}")).status_code == 200
        changed = await world.ask(LIM, "PUT", f"/service/{service}", data={"comment": "x"})
        assert changed.status_code == status
    assert (await world.ask(LIM, "GET", f"/customer/{WIDGETS}/tokens")).status_code == 200


@pytest.mark.parametrize(
    ("others", "refused"),
    [
        ([], None),
        (["engineer"], None),
        (["engineer", "user"], "user"),
        (["billing"], "billing"),
        (["billing", "engineer", "tls_admin"], "billing"),
    ],
)
async def test_every_role_of_a_limited_user_is_one_that_can_be(
    world: World, others: list[str], refused: str | None
) -> None:
    own = await role(world, "Own")
    roles = [own, *(BUILT_IN[one] for one in others)]
    told = "" if refused is None else f"Role '{refused}' is not allowed to be service limited"
    body: dict[str, Any] = {"login": "new@example.com", "roles": roles, "limit_services": True}
    for answer in (
        await world.ask(ADA, "POST", "/user", json=body),
        await give(world, LIM, *roles),
        await give(world, BEN, *roles, limit_services=True),
    ):
        if refused is None:
            assert (answer.status_code, answer.json()["limit_services"]) == (200, True)
        else:
            expected = {"msg": "Record invalid", "detail": told}
            assert (answer.status_code, answer.json()) == (400, expected)
    assert (await give(world, LIM, *roles, limit_services=False)).status_code == 200


async def test_promotion_among_several_lifts_the_limit(world: World) -> None:
    own = await role(world, "Own")
    await give(world, LIM, own, BUILT_IN["engineer"])
    answer = await give(world, LIM, own, BUILT_IN["superuser"])
    assert roles_of(answer) == ("superuser", [BUILT_IN["superuser"]])
    assert answer.json()["limit_services"] is False


async def test_the_owner_is_not_demoted_by_a_list_of_roles(world: World) -> None:
    own = await role(world, "Own")
    for who in (ADA, SUE):
        answer = await give(world, ADA, own, BUILT_IN["engineer"], who=who)
        expected = bad_request("Transfer account ownership first")
        assert (answer.status_code, answer.json()) == (400, expected)
    assert (await give(world, SUE, own, who=SUE)).status_code == 200


async def test_an_own_role_opens_nothing_of_a_persons_to_a_program(world: World) -> None:
    """Bot stays without a user of its own, whatever role it bears."""
    role_id = await role(world, "One", ["automation_token.manage", "invitation.create"])
    await world.sudo(ADA)
    body = {"name": "bot", "roles": [role_id]}
    made = (await world.ask(ADA, "POST", "/automation-tokens", json=body)).json()
    key = made["access_token"]
    assert (await world.ask(key, "GET", "/current_user")).status_code == 404
    path = f"/automation-tokens/{BOT.token_id}"
    assert_forbidden(await world.ask(key, "DELETE", path))
