"""What a role of the customer's own does not reach, whatever it permits."""

from tenantry.core.permissions import PERMISSION_IDS, ROLE_IDS
from tests.areas.role_calls import assert_forbidden, hold
from tests.world import ADA, BEN, BILL, LIM, SUE, UMA, WIDGETS, WWW, World


async def _give_uma(world: World, *names: str) -> None:
    permissions = [{"id": PERMISSION_IDS[name]} for name in names]
    role = await world.ask(ADA, "POST", "/roles", json={"name": "R", "permissions": permissions})
    await world.ask(ADA, "PUT", f"/user/{UMA.id}", data={"roles": role.json()["id"]})


async def test_settings_are_not_security(world: World) -> None:
    """`customer.update` changes the name, and superusers alone the policies (access §10)."""
    await _give_uma(world, "customer.update")
    path = f"/customer/{WIDGETS}"
    assert (await world.ask(UMA, "PUT", path, data={"name": "New"})).status_code == 200
    policy = {"ip_whitelist": "192.0.2.0/24"}
    assert (await world.ask(UMA, "PUT", path, data=policy)).status_code == 403
    # What is sent as it is changes nothing.
    same = {"ip_whitelist": "0.0.0.0/0", "name": "Newer"}
    assert (await world.ask(UMA, "PUT", path, data=same)).status_code == 200
    await _give_uma_more(world)
    assert (await world.ask(UMA, "PUT", path, data=policy)).status_code == 403
    assert (await world.ask(ADA, "PUT", path, data=policy)).status_code == 200


async def _give_uma_more(world: World) -> None:
    roles = (await world.ask(ADA, "GET", "/roles")).json()["data"]
    (role,) = [one["id"] for one in roles if one["custom"]]
    body = {"permissions": [{"id": PERMISSION_IDS["customer.security"]}]}
    assert (await world.ask(ADA, "POST", f"/roles/{role}/permissions", json=body)).is_success


async def test_superusers_are_deleted_by_superusers(world: World) -> None:
    await _give_uma(world, "user.delete", "token.revoke_all")
    await world.ask(UMA, "DELETE", f"/tokens/{SUE.token_id}")
    assert (await world.ask(UMA, "DELETE", f"/user/{SUE.id}")).status_code == 403
    assert (await world.ask(UMA, "DELETE", f"/user/{ADA.id}")).status_code == 403
    assert (await world.ask(ADA, "GET", f"/user/{SUE.id}")).status_code == 200


async def test_only_who_may_unlock_mails_a_link_to_whom_a_superuser_locked(world: World) -> None:
    """Following it unlocks, and a superuser is let in again by superusers (decision 0008)."""
    await hold(world, UMA, "user.read", "user.reset_password")
    await hold(world, BILL, "user.read", "user.reset_password", "user.update")
    for person in (SUE, LIM):
        assert (await world.ask(ADA, "PUT", f"/user/{person.id}", data={"locked": 1})).is_success
    sue, lim, ben = (f"/user/{one.login}/password/request_reset" for one in (SUE, LIM, BEN))
    for who, path in ((UMA, sue), (UMA, lim), (BILL, sue)):
        assert_forbidden(await world.ask(who, "POST", path))
    assert await world.letters() == []
    for who, path in ((UMA, ben), (BILL, lim), (ADA, sue)):
        assert (await world.ask(who, "POST", path)).status_code == 200


async def test_a_limited_user_invites_nobody_by_a_groups_engineer_role(world: World) -> None:
    group = (await world.ask(ADA, "POST", "/user-groups", json={"name": "G"})).json()["id"]
    for kind, member in (("members", LIM.id), ("roles", ROLE_IDS["engineer"])):
        body = {kind: [{"id": member}]}
        assert (await world.ask(ADA, "POST", f"/user-groups/{group}/{kind}", json=body)).is_success
    assert (await world.ask(LIM, "GET", "/invitations")).status_code == 403


async def test_own_authorizations_are_ones_own_affair(world: World) -> None:
    """Whoever holds nothing but a role of the customer's own sees his own (access §9.2)."""
    await _give_uma(world, "service.read", "service.stats")
    linked = {
        "user": {"data": {"type": "user", "id": UMA.id}},
        "service": {"data": {"type": "service", "id": WWW}},
    }
    made = await world.ask(
        ADA, "POST", "/service-authorizations", json={"data": {"relationships": linked}}
    )
    assert made.status_code == 200, made.text
    seen = (await world.ask(UMA, "GET", "/service-authorizations")).json()
    assert [one["id"] for one in seen["data"]] == [made.json()["data"]["id"]]


async def test_what_is_not_ones_to_give_is_told_before_what_is_wrong(world: World) -> None:
    """The order of refusals: contract: access §2.5."""
    await hold(world, UMA, "user.create")
    form = {"login": "no address", "role": "superuser"}
    assert_forbidden(await world.ask(UMA, "POST", "/user", data=form))
    assert (await world.ask(ADA, "POST", "/user", data=form)).status_code == 400
    unknown = {**form, "roles": "0Unknown00000000000000"}
    assert (await world.ask(ADA, "POST", "/user", data=unknown)).status_code == 404


async def test_an_id_of_any_characters_is_not_found(world: World) -> None:
    odd = 'a"b\\,]'
    answer = await world.ask(ADA, "PUT", f"/user/{UMA.id}", json={"roles": [odd]})
    assert (answer.status_code, answer.json()["detail"]) == (404, f"Cannot find role '{odd}'")
    body = {"data": [{"id": odd, "type": "service_authorization"}]}
    bulk = await world.ask(ADA, "DELETE", "/service-authorizations", json=body)
    assert bulk.status_code == 404
