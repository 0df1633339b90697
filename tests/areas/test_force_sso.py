"""Forced single sign-on: what it takes, whom it spares, what it ends (contract: access §10.2)."""

import asyncio
import re

import httpx
import pytest

from tests.areas.account_calls import edit_customer, session_of
from tests.console.browser import Visitor
from tests.console.company import PROFILE, Company, company
from tests.federation_writes import BYPASSES, DOMAINS, PROVIDERS
from tests.world import ADA, BEN, BOT, LIM, OPERATOR, PASSWORD, SUE, WIDGETS, Person

__all__ = ["company"]

CUSTOMER = f"/customer/{WIDGETS}"
REFUSAL = {"msg": "This account signs in through its identity provider"}
UNPROVED = REFUSAL | {
    "detail": "If you are spared from that, your login and password do not belong together"
}
"""What is told to whom nothing shows who he is."""
LAST = "Turn force sso off first: this is the last way to sign in"


async def force(company: Company, value: str = "true") -> httpx.Response:
    """Turn it on."""
    return await company.world.ask(ADA, "PUT", CUSTOMER, data={"force_sso": value})


async def forced(company: Company) -> None:
    """Check the provider, and turn it on."""
    checked = await company.world.ask(ADA, "POST", f"{PROVIDERS}/{company.id}/check")
    assert checked.json()["problems"] == []
    answer = await force(company)
    assert (answer.status_code, answer.json()["force_sso"]) == (200, True), answer.text


async def by_password(company: Company, who: Person) -> httpx.Response:
    """Ask for a token by a password."""
    form = {"username": who.login, "password": PASSWORD, "name": "by password"}
    return await company.world.ask(None, "POST", "/tokens", data=form)


async def test_it_takes_a_provider_that_was_checked_and_a_domain(company: Company) -> None:
    answer = await force(company)
    assert answer.json()["detail"].endswith("that was checked and found right")
    await company.world.ask(ADA, "POST", f"{PROVIDERS}/{company.id}/check")
    await company.world.ask(ADA, "DELETE", f"{DOMAINS}/example.com")
    answer = await force(company)
    assert answer.json()["detail"] == "Force sso needs a verified e-mail domain, and there is none"
    await company.set(is_enabled=False)
    answer = await force(company)
    assert answer.json()["detail"].endswith("none is connected")
    assert answer.status_code == 400
    assert (await company.world.ask(ADA, "GET", CUSTOMER)).json()["force_sso"] is False


async def test_a_change_asks_for_another_check(company: Company) -> None:
    await company.world.ask(ADA, "POST", f"{PROVIDERS}/{company.id}/check")
    await company.set(scopes="openid email")
    assert (await force(company)).status_code == 400


async def test_passwords_and_sessions_end_and_tokens_go_on(company: Company) -> None:
    world = company.world
    session = await session_of(world, BEN)
    since = len(await world.events())
    await forced(company)
    assert (await world.actions(since)) == [
        "identity_provider.check",
        "customer.update",
        "token.destroy",
        "user.logout",
    ]
    assert (await world.ask(session, "GET", "/current_user")).status_code == 401
    for who in (ADA, BEN, BOT):
        assert (await world.ask(who, "GET", "/tokens/self")).status_code == 200, who.name
    # Also if it is turned off again: the passwords are gone.
    await force(company, "false")
    assert (await by_password(company, BEN)).json()["code"] == "invalid_grant"


async def test_passwords_count_for_nobody_but_who_is_spared(company: Company) -> None:
    await company.world.ask(ADA, "PUT", f"{BYPASSES}/{SUE.id}")
    await forced(company)
    for who in (BEN, LIM):
        answer = await by_password(company, who)
        assert (answer.status_code, answer.json()) == (403, UNPROVED), who.name
        sudo = await company.world.ask(who, "POST", "/sudo", data={"password": PASSWORD})
        assert (sudo.status_code, sudo.json()) == (403, {**REFUSAL, "code": "forbidden"})
    for who in (ADA, SUE):
        assert (await by_password(company, who)).status_code == 200, who.name
    await company.world.ask(ADA, "DELETE", f"{BYPASSES}/{SUE.id}")
    assert (await by_password(company, SUE)).status_code == 403


async def test_who_is_added_meanwhile_is_mailed_no_link(company: Company) -> None:
    """Nor by an operator, whom a change in the customer tells nothing."""
    assert (await company.world.ask(ADA, "POST", f"{PROVIDERS}/{company.id}/check")).is_success
    letters = len(await company.world.letters())
    turned, *added = await asyncio.gather(
        force(company),
        company.world.ask(
            OPERATOR, "POST", f"/user?customer_id={WIDGETS}", data={"login": "lin@example.com"}
        ),
        company.world.ask(ADA, "POST", "/user", data={"login": "kim@example.com"}),
    )
    assert turned.json()["force_sso"] is True
    assert [one.status_code for one in added] == [200, 200]
    assert len(await company.world.letters()) == letters


async def test_who_is_demoted_is_spared_no_more(company: Company) -> None:
    await company.world.ask(ADA, "PUT", f"{BYPASSES}/{SUE.id}")
    await forced(company)
    await company.world.ask(ADA, "PUT", f"/user/{SUE.id}", data={"role": "engineer"})
    assert (await by_password(company, SUE)).status_code == 403
    assert (await company.world.ask(ADA, "GET", BYPASSES)).json() == {"data": []}
    # Nor once he is promoted again: it takes somebody to say so.
    await company.world.ask(ADA, "PUT", f"/user/{SUE.id}", data={"role": "superuser"})
    assert (await by_password(company, SUE)).status_code == 403


WAYS_TO_LOSE_A_BYPASS: dict[str, list[str]] = {
    "taken": ["sso_bypass.delete"],
    "demoted": ["user.update", "sso_bypass.delete"],
    "demoted by groups": ["user.link", "user.update", "sso_bypass.delete"],
}


async def lose_bypass(company: Company, way: str) -> None:
    """Sue is spared no longer."""
    match way:
        case "taken":
            await company.world.ask(ADA, "DELETE", f"{BYPASSES}/{SUE.id}")
        case "demoted":
            await company.world.ask(ADA, "PUT", f"/user/{SUE.id}", data={"role": "engineer"})
        case _:
            assert (await company.sign_in(SUE, groups=["Edge"])).status_code == 303


@pytest.mark.parametrize("way", WAYS_TO_LOSE_A_BYPASS)
async def test_what_rests_on_a_bypass_ends_with_it(company: Company, way: str) -> None:
    """Her password, sessions in browsers and of programs, sudo; her API tokens go on."""
    world, sue = company.world, Visitor(company.world)
    await company.set(groups_claim="groups", role_map={"Edge": "engineer"})
    await world.ask(ADA, "PUT", f"{BYPASSES}/{SUE.id}")
    await forced(company)
    assert (await sue.sign_in(SUE)).status_code == 303
    program = await session_of(world, SUE)
    await world.sudo(SUE)
    since = len(await world.events())
    await lose_bypass(company, way)
    ends = ["token.destroy", "token.destroy", "user.logout"]
    actions = await world.actions(since)
    left = [one for one in actions if one not in {"token.create", "user.login"}]
    assert sorted(left) == sorted([*WAYS_TO_LOSE_A_BYPASS[way], *ends])
    assert (await sue.get(PROFILE)).status_code == 303
    assert (await world.ask(program, "GET", "/current_user")).status_code == 401
    token = await world.ask(SUE, "GET", "/tokens/self")
    assert (token.status_code, token.json()["sudo_expires_at"]) == (200, None)
    await force(company, "false")
    assert (await by_password(company, SUE)).json()["code"] == "invalid_grant"


async def test_a_bypass_ends_nothing_while_passwords_count(company: Company) -> None:
    world, sue = company.world, Visitor(company.world)
    await world.ask(ADA, "PUT", f"{BYPASSES}/{SUE.id}")
    await sue.sign_in(SUE)
    await world.ask(ADA, "DELETE", f"{BYPASSES}/{SUE.id}")
    assert (await sue.get(PROFILE)).status_code == 200
    assert (await by_password(company, SUE)).status_code == 200


async def test_nobody_sets_a_password(company: Company) -> None:
    world = company.world
    await world.ask(ADA, "POST", f"/user/{BEN.login}/password/request_reset")
    (letter,) = await world.letters()
    code = world.app.keyring.code_for(*letter["code"])
    await forced(company)
    spent = await world.ask(None, "GET", f"/_tenantry/v1/password/{code}")
    assert spent.status_code == 404
    reset = await world.ask(ADA, "POST", f"/user/{BEN.login}/password/request_reset")
    assert (reset.status_code, reset.json()) == (403, REFUSAL)
    change = {"old_password": PASSWORD, "new_password": "stapled-Sponge-7-otter"}
    answer = await world.ask(BEN, "POST", "/current_user/password", data=change)
    assert (answer.status_code, answer.json()) == (403, REFUSAL)
    owner = await world.ask(ADA, "POST", f"/user/{ADA.login}/password/request_reset")
    assert owner.status_code == 200


async def test_a_new_user_gets_no_link_to_a_password(company: Company) -> None:
    await forced(company)
    letters = len(await company.world.letters())
    answer = await company.world.ask(ADA, "POST", "/user", data={"login": "new@example.com"})
    assert answer.status_code == 200
    by_operator = {"login": "newer@example.com"}
    path = f"/user?customer_id={WIDGETS}"
    answer = await company.world.ask(OPERATOR, "POST", path, data=by_operator)
    assert answer.status_code == 200
    assert len(await company.world.letters()) == letters
    assert (await company.sign_in("new@example.com")).status_code == 303


async def test_a_page_takes_no_password_either_and_the_provider_lets_in(company: Company) -> None:
    await forced(company)
    answer = await company.visitor.sign_in(BEN)
    assert answer.status_code == 403
    assert re.search("signs in through its identity provider", answer.text)
    assert (await company.sign_in(BEN)).status_code == 303
    assert (await Visitor(company.world).sign_in(ADA)).status_code == 303


async def test_programs_get_no_key_through_the_api(company: Company) -> None:
    await company.world.sudo(ADA)
    await forced(company)
    answer = await company.world.ask(ADA, "POST", "/automation-tokens", json={"name": "bot"})
    assert answer.status_code == 403


async def test_the_last_way_in_stays(company: Company) -> None:
    await forced(company)
    one = f"{PROVIDERS}/{company.id}"
    for method, path, more in (
        ("DELETE", one, {}),
        ("PATCH", one, {"json": {"is_enabled": False}}),
        ("DELETE", f"{DOMAINS}/example.com", {}),
    ):
        answer = await company.world.ask(ADA, method, path, **more)
        assert (answer.status_code, answer.json()["detail"]) == (400, LAST), path
    second = await company.connect(name="Second")
    assert (await company.world.ask(ADA, "DELETE", one)).status_code == 204
    answer = await company.world.ask(ADA, "DELETE", f"{PROVIDERS}/{second}")
    assert answer.status_code == 400
    await force(company, "false")
    assert (await company.world.ask(ADA, "DELETE", f"{PROVIDERS}/{second}")).status_code == 204


async def test_ownership_carries_the_exemption_along(company: Company) -> None:
    await forced(company)
    ada = Visitor(company.world)
    assert (await ada.sign_in(ADA)).status_code == 303
    given = await company.world.ask(ADA, "PUT", CUSTOMER, data={"owner_id": SUE.id})
    assert given.status_code == 200
    assert (await by_password(company, ADA)).status_code == 403
    assert (await ada.get(PROFILE)).status_code == 303
    assert (await company.world.ask(ADA, "GET", "/tokens/self")).status_code == 200
    reset = await company.world.ask(SUE, "POST", f"/user/{SUE.login}/password/request_reset")
    assert reset.status_code == 200


@pytest.mark.parametrize("is_forced", [True, False])
async def test_nobody_becomes_the_owner_without_a_way_in(
    company: Company, *, is_forced: bool
) -> None:
    """No provider speaks for an owner: without a password he needs a link to one."""
    world = company.world
    await forced(company)
    await edit_customer(world, can_reset_passwords=False, force_sso=is_forced)
    given = await world.ask(ADA, "PUT", CUSTOMER, data={"owner_id": SUE.id})
    assert (given.status_code, given.json()["detail"]) == (
        400,
        "Owner id must be somebody with a password: there are no links to a new one here",
    )
    assert (await world.ask(ADA, "PUT", CUSTOMER, data={"owner_id": ADA.id})).status_code == 200


async def test_who_has_a_password_becomes_the_owner_without_resets(company: Company) -> None:
    world = company.world
    await world.ask(ADA, "PUT", f"{BYPASSES}/{SUE.id}")
    await forced(company)
    await edit_customer(world, can_reset_passwords=False)
    given = await world.ask(ADA, "PUT", CUSTOMER, data={"owner_id": SUE.id})
    assert given.status_code == 200
    assert (await by_password(company, SUE)).status_code == 200
