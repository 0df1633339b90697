"""Customers' identity providers: who connects them, and what may be set."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select, update

from tenantry.areas.federation.provider import PURPOSE
from tenantry.core.permissions import PERMISSION_IDS
from tenantry.core.security_tables import identity_providers
from tenantry.core.statements import Statement
from tests.areas.realm_calls import Program
from tests.console.browser import CONSOLE, Visitor
from tests.console.company import PROFILE, Company, company, problem_in
from tests.console.provider import SECRET
from tests.federation_writes import BYPASSES, DOMAINS, PROVIDER, PROVIDERS, operators
from tests.world import ADA, BEN, EVE, LIM, OPERATOR, SUE, UMA, WIDGETS, World

__all__ = ["company"]

POLICY = "/_tenantry/v1/sign-in-policy"
SUDO = {"msg": "You must POST /sudo to access this endpoint"}
_SECRETS = Statement(select(identity_providers.c.client_secret))


async def test_a_provider_is_told_back_without_its_secret(world: World) -> None:
    await world.sudo(ADA)
    world.secrets.add(PROVIDER["client_secret"])
    answer = await world.ask(ADA, "POST", PROVIDERS, json=PROVIDER)
    made = answer.json()
    assert answer.status_code == 201
    assert PROVIDER["client_secret"] not in answer.text
    place = "https://accounts.example.com/_tenantry/console/sso/callback"
    assert made == {
        "id": made["id"],
        "name": "Example Login",
        "issuer": "https://192.0.2.1",
        "client_id": "tenantry",
        "has_client_secret": True,
        "scopes": ["openid", "email"],
        "is_enabled": False,
        "creates_users": False,
        "default_role": "user",
        "groups_claim": None,
        "role_map": {"Edge": "engineer"},
        "redirect_uri": f"{place}/{made['id']}",
        "checked_at": None,
        "created_at": "2026-03-01T10:00:00Z",
        "updated_at": "2026-03-01T10:00:00Z",
    }
    one = f"{PROVIDERS}/{made['id']}"
    assert (await world.ask(ADA, "GET", one)).json() == made
    assert (await world.ask(ADA, "GET", PROVIDERS)).json() == {"data": [made]}
    bare = await world.ask(ADA, "PATCH", one, json={"client_secret": None})
    assert bare.json()["has_client_secret"] is False


async def test_a_copied_database_holds_no_client_secret(company: Company) -> None:
    ((sealed,),) = await company.world.app.database.all(_SECRETS)
    keyring = company.world.app.keyring
    assert SECRET not in sealed
    assert keyring.unseal(PURPOSE, company.id, sealed).decode() == SECRET
    # For its own row only: moved to another it can't be opened.
    with pytest.raises(ValueError, match="can't be opened"):
        keyring.unseal(PURPOSE, "another row", sealed)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"name": " "}, "Name must have"),
        ({"issuer": "http://login.example.com"}, "Issuer must begin with https://"),
        ({"issuer": "https://login.example.com/?a=b"}, "Issuer must not have a query"),
        ({"issuer": "javascript:alert(1)"}, "Issuer must"),
        ({"client_id": "x" * 256}, "Client id must have"),
        ({"client_secret": "x" * 1025}, "Client secret must have at most"),
        ({"scopes": ['a"b']}, "Scopes must be"),
        ({"default_role": "superuser"}, "Default role must not be superuser"),
        ({"role_map": {"": "user"}}, "Role map must have"),
        ({"role_map": {str(at): "user" for at in range(201)}}, "Role map must have"),
        ({"role_map": {"Edge": 1}}, "Role map"),
        ({"role_map": {" Edge": "user"}}, "Groups must be one line"),
        ({"role_map": {"Edge\nOps": "user"}}, "Groups must be one line"),
        ({"is_enabled": True, "client_id": ""}, "Client id is required"),
    ],
)
async def test_what_can_not_be_is_refused(world: World, change: dict[str, Any], why: str) -> None:
    await world.sudo(ADA)
    since = len(await world.events())
    answer = await world.ask(ADA, "POST", PROVIDERS, json={**PROVIDER, **change})
    assert answer.status_code == 400, answer.text
    assert answer.json()["detail"].startswith(why)
    assert await world.actions(since) == []


async def test_no_other_server_is_sent_the_secret_that_nobody_is_told(company: Company) -> None:
    """A superuser who does not know it could name a server of his own, and sign in."""
    world, path, since = (
        company.world,
        f"{PROVIDERS}/{company.id}",
        len(await company.world.events()),
    )
    elsewhere = {"issuer": "https://192.0.2.1", "name": "Mine"}
    answer = await world.ask(ADA, "PATCH", path, json=elsewhere)
    assert (answer.status_code, "required anew" in answer.json()["detail"]) == (400, True)
    assert await world.actions(since) == []
    same = {"issuer": company.provider.issuer, "name": "Renamed"}
    assert (await world.ask(ADA, "PATCH", path, json=same)).json()["has_client_secret"] is True
    for secret in ("another-secret-of-example-widgets", None):
        told = (
            await world.ask(ADA, "PATCH", path, json={**elsewhere, "client_secret": secret})
        ).json()
        assert told["has_client_secret"] is bool(secret)
    world.secrets.add("another-secret-of-example-widgets")


async def test_a_map_names_roles_that_exist(world: World) -> None:
    await world.sudo(ADA)
    body = {**PROVIDER, "role_map": {"Edge": "0Unknown00000000000000"}}
    assert (await world.ask(ADA, "POST", PROVIDERS, json=body)).status_code == 404


async def test_a_role_that_is_gone_is_given_to_nobody(company: Company) -> None:
    role = await company.world.ask(ADA, "POST", "/roles", json={"name": "Reviewer"})
    role_id = role.json()["id"]
    await company.set(groups_claim="groups", role_map={"Edge": role_id, "Ops": "engineer"})
    await company.world.ask(ADA, "DELETE", f"/roles/{role_id}")
    assert (await company.sign_in(BEN, groups=["Edge"])).status_code == 303
    ben = (await company.world.ask(ADA, "GET", f"/user/{BEN.id}")).json()
    assert ben["role"] == "user"
    # And holds no other change up.
    await company.set(name="Renamed")
    ada, place = Visitor(company.world), f"{CONSOLE}/company/providers/{company.id}"
    await ada.sign_in(ADA)
    lines = f"Edge = {role_id}\nOps = engineer"
    form = {"do": "roles", "default_role": "user", "groups_claim": "teams", "role_map": lines}
    assert (await ada.send(place, form)).headers["location"] == f"{place}?done=saved"
    new = {**form, "role_map": f"{lines}\nNew = {role_id}"}
    assert role_id in problem_in(await ada.send(place, new))


async def test_what_was_stored_before_a_rule_holds_no_change_up(company: Company) -> None:
    stored = update(identity_providers).values(role_map='{" Edge":"engineer"}')
    await company.world.app.database.write(lambda unit: unit.run(Statement(stored)))
    await company.set(name="Renamed", default_role="billing")
    told = (await company.world.ask(ADA, "GET", f"{PROVIDERS}/{company.id}")).json()
    assert (told["name"], told["role_map"]) == ("Renamed", {" Edge": "engineer"})


async def test_only_superusers_say_who_may_come_in(world: World) -> None:
    """A permission of the customer's own is not enough: who sets this up can become anybody."""
    body = {"name": "Security", "permissions": [{"id": PERMISSION_IDS["customer.security"]}]}
    role = (await world.ask(ADA, "POST", "/roles", json=body)).json()
    await world.ask(ADA, "PUT", f"/user/{UMA.id}", json={"roles": [role["id"]]})
    for who in (ADA, UMA):
        await world.sudo(who)
    made = (await world.ask(ADA, "POST", PROVIDERS, json=PROVIDER)).json()
    since = len(await world.events())
    one = f"{PROVIDERS}/{made['id']}"
    assert (await world.ask(UMA, "GET", one)).status_code == 200
    for method, path, more in (
        ("POST", PROVIDERS, {"json": PROVIDER}),
        ("PATCH", one, {"json": {"issuer": "https://evil.example"}}),
        ("DELETE", one, {}),
        ("POST", f"{one}/check", {}),
        ("POST", DOMAINS, {"json": {"domain": "example.com"}}),
        ("PUT", f"{BYPASSES}/{SUE.id}", {}),
        ("DELETE", f"{BYPASSES}/{SUE.id}", {}),
        ("PUT", POLICY, {"json": {"allows_passkey_alone": True}}),
        ("PUT", f"/customer/{WIDGETS}", {"data": {"force_sso": "true"}}),
        ("PUT", f"/customer/{WIDGETS}", {"data": {"ip_whitelist": "192.0.2.0/24"}}),
    ):
        assert (await world.ask(UMA, method, path, **more)).status_code == 403, path
    assert await world.actions(since) == []


async def test_who_says_who_may_come_in_proves_once_more_that_it_is_he(world: World) -> None:
    """Whoever finds a key must not let himself in for good."""
    await world.ask(OPERATOR, "PUT", operators("example.com"))
    since = len(await world.events())
    writes: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("POST", PROVIDERS, {"json": PROVIDER}),
        ("PATCH", f"{PROVIDERS}/x", {"json": {"issuer": "https://evil.example"}}),
        ("DELETE", f"{PROVIDERS}/x", {}),
        ("POST", f"{PROVIDERS}/x/check", {}),
        ("POST", DOMAINS, {"json": {"domain": "evil.example"}}),
        ("POST", f"{DOMAINS}/example.com/verify", {}),
        ("DELETE", f"{DOMAINS}/example.com", {}),
        ("PUT", f"{BYPASSES}/{SUE.id}", {}),
        ("DELETE", f"{BYPASSES}/{SUE.id}", {}),
        ("PUT", POLICY, {"json": {"allows_passkey_alone": True}}),
    )
    for method, path, more in writes:
        answer = await world.ask(ADA, method, path, **more)
        assert (answer.status_code, answer.json()) == (403, SUDO), path
    assert await world.actions(since) == []
    await world.sudo(ADA)
    assert [
        (await world.ask(ADA, method, path, **more)).status_code for method, path, more in writes
    ] == [*(201, 404, 404, 404, 201, 200, 204, 200, 204, 200)]


@pytest.mark.parametrize(
    ("change", "ends"),
    [
        (None, True),
        ({"is_enabled": False}, True),
        ({"issuer": "https://192.0.2.1", "client_secret": None}, True),
        ({"client_id": "another"}, True),
        ({"name": "Other", "client_secret": "renewed", "creates_users": True}, False),
    ],
)
async def test_sessions_end_with_the_provider_that_made_them(
    company: Company, change: dict[str, Any] | None, *, ends: bool
) -> None:
    """Those of programs too; nobody else's, and no API token."""
    world, cli, lims = company.world, Program(company.world), Visitor(company.world)
    cli.browser = company.visitor
    assert (await company.sign_in(SUE)).status_code == 303
    issued, session = await cli.session()
    await lims.sign_in(LIM)
    since = len(await world.events())
    await world.sudo(ADA)
    if change is None:
        await world.ask(ADA, "DELETE", f"{PROVIDERS}/{company.id}")
    else:
        await company.set(**change)
    word = "delete" if change is None else "update"
    ended = ["token.destroy", "token.destroy", "user.logout"] if ends else []
    assert (await world.actions(since))[-1 - len(ended) :] == [f"identity_provider.{word}", *ended]
    status = 303 if ends else 200
    assert (await company.visitor.get(PROFILE)).status_code == status
    key = session["access_token"]
    assert (await world.ask(key, "GET", "/tokens/self")).status_code == (401 if ends else 200)
    assert (await cli.refresh(issued["refresh_token"])).status_code == (400 if ends else 200)
    assert (await lims.get(PROFILE)).status_code == 200
    assert (await world.ask(SUE, "GET", "/tokens/self")).status_code == 200


async def test_an_operator_connects_one_for_a_customer(world: World) -> None:
    path = f"{PROVIDERS}?customer_id={WIDGETS}"
    assert (await world.ask(OPERATOR, "POST", path, json=PROVIDER)).status_code == 201
    assert len((await world.ask(ADA, "GET", PROVIDERS)).json()["data"]) == 1
    assert (await world.ask(EVE, "GET", PROVIDERS)).json() == {"data": []}


async def test_a_check_says_what_is_wrong(company: Company) -> None:
    async def problems(**more: Any) -> list[str]:
        company.provider.discovery = more
        path = f"{PROVIDERS}/{company.id}/check"
        answer = await company.world.ask(ADA, "POST", path)
        assert answer.status_code == 200, answer.text
        found: list[str] = answer.json()["problems"]
        told = (await company.world.ask(ADA, "GET", f"{PROVIDERS}/{company.id}")).json()
        assert answer.json()["is_right"] is (not found) is (told["checked_at"] is not None)
        return found

    since = len(await company.world.events())
    assert await problems() == []
    assert "says that its issuer is" in (await problems(issuer="https://evil.example"))[0]
    assert "names a token_endpoint that" in (await problems(token_endpoint="http://x"))[0]
    wrong = await problems(authorization_endpoint="javascript:alert(1)")
    assert "names a authorization_endpoint that" in wrong[0]
    assert "code flow" in (await problems(response_types_supported=["id_token"]))[0]
    assert "PKCE" in (await problems(code_challenge_methods_supported=["plain"]))[0]
    algorithms = await problems(id_token_signing_alg_values_supported=["HS256"])
    assert "signs in none of these ways" in algorithms[0]
    assert "do not offer" not in str(await problems(scopes_supported=["openid", "email"]))
    assert "profile" in (await problems(scopes_supported=["openid", "email"]))[0]
    # What was wrong before and still is changes nothing.
    assert await company.world.actions(since) == ["identity_provider.check"] * 2
    company.provider.published = []
    assert "has no keys" in (await problems())[0]


async def test_a_check_asks_nothing_of_a_private_network(company: Company) -> None:
    for issuer in ("https://10.0.0.1", "https://169.254.169.254", "https://[::1]:8443"):
        await company.set(issuer=issuer, client_secret=None)
        answer = await company.world.ask(ADA, "POST", f"{PROVIDERS}/{company.id}/check")
        (problem,) = answer.json()["problems"]
        assert problem == "The issuer stands at an address that is not on the public internet"


async def test_no_more_than_twenty(world: World) -> None:
    await world.sudo(ADA)
    bodies = [{**PROVIDER, "name": f"Login {at}"} for at in range(21)]
    answers = await asyncio.gather(
        *(world.ask(ADA, "POST", PROVIDERS, json=body) for body in bodies)
    )
    assert sorted(answer.status_code for answer in answers) == [201] * 20 + [400]
