"""How people come in, set up on pages: providers, mail domains, rules."""

import re
from html import unescape

import pytest

from tenantry.core.clock import MINUTE
from tenantry.core.permissions import PERMISSION_IDS
from tests.areas.domain_calls import LABEL, ONE, Zone
from tests.areas.test_email_domains import zone
from tests.console.browser import CONSOLE, Visitor
from tests.console.company import Company, company, problem_in
from tests.console.provider import CLIENT, SECOND, SECRET
from tests.federation_writes import PROVIDER, PROVIDERS
from tests.world import ADA, BEN, EVE, NOW, SUE, UMA, WIDGETS, Person, World

__all__ = ["company", "zone"]

COMPANY = f"{CONSOLE}/company"
RULES = {"do": "rules", "idle_minutes": "60", "session_minutes": "720"}
POLICY = "/_tenantry/v1/sign-in-policy"


async def signed_in(world: World, who: Person = ADA) -> Visitor:
    visitor = Visitor(world)
    assert (await visitor.sign_in(who)).status_code == 303
    return visitor


async def provider_page(visitor: Visitor) -> str:
    """Where the first provider of the list is."""
    found = re.search(r'href="([^"]+/company/providers/[^"]+)"', (await visitor.get(COMPANY)).text)
    assert found is not None
    return found[1]


async def test_a_provider_is_connected_checked_and_turned_on(company: Company) -> None:
    world, ada = company.world, await signed_in(company.world)
    await ada.send(await provider_page(ada), {"do": "remove"})
    since = len(await world.events())
    form = {
        "do": "provider",
        "name": "Example Login",
        "issuer": company.provider.issuer,
        "client_id": CLIENT,
        "client_secret": SECRET,
    }
    answer = await ada.send(COMPANY, form)
    assert answer.headers["location"].endswith("?done=made")
    company.id = answer.headers["location"].split("/")[-1].partition("?")[0]
    place = f"{COMPANY}/providers/{company.id}"
    told = (await ada.get(place)).text
    assert f"{CONSOLE}/sso/callback/{company.id}" in told
    assert SECRET not in told
    assert (await ada.send(place, {"do": "check"})).headers["location"] == f"{place}?done=right"
    # The secret is not sent back, and stays.
    saved = {**form, "do": "save", "client_secret": "", "is_enabled": "true"}
    assert (await ada.send(place, saved)).headers["location"] == f"{place}?done=saved"
    assert await world.actions(since) == [
        "identity_provider.create",
        "identity_provider.check",
        "identity_provider.update",
    ]
    assert (await company.sign_in(BEN)).status_code == 303


async def test_what_is_wrong_is_told_beside_the_form(company: Company) -> None:
    world, ada = company.world, await signed_in(company.world)
    place, since = await provider_page(ada), len(await world.events())
    bad = {"name": "Login", "issuer": "http://login.example.com", "client_id": "x"}
    for path, form, why in (
        (COMPANY, {**bad, "do": "provider"}, "Issuer must begin with https://"),
        (COMPANY, {"do": "domain", "domain": "a b"}, "Domain must be one"),
        (COMPANY, {**RULES, "idle_minutes": "1"}, "Idle seconds must be between"),
        (COMPANY, {**RULES, "force_sso": "true"}, "that was checked and found right"),
        (place, {**bad, "do": "save"}, "Issuer must begin with https://"),
    ):
        answer = await ada.send(path, form)
        assert why in problem_in(answer), form
    company.provider.published = []
    assert "has no keys" in problem_in(await ada.send(place, {"do": "check"}))
    assert await world.actions(since) == []
    for form in ({"do": "everything"}, {}):
        assert (await ada.send(COMPANY, form)).status_code == 400


async def test_roles_of_groups_and_scopes_are_set_on_the_page(company: Company) -> None:
    world, ada = company.world, await signed_in(company.world)
    own = (await world.ask(ADA, "POST", "/roles", json={"name": "Reviewer"})).json()["id"]
    place, since = await provider_page(ada), len(await world.events())
    lines = f"Platform = team=engineer\r\n\r\n Auditors ={own} "
    form = {"do": "roles", "default_role": "billing", "groups_claim": "groups", "role_map": lines}
    for wrong, why in (
        ("Platform", "'Platform' must be a group"),
        ("A = user\nA = billing", "'A' stands there twice"),
        ("= user", "Role map must have"),
        ("A = nobody", "nobody"),
    ):
        answer = await ada.send(place, {**form, "role_map": wrong})
        assert why in problem_in(answer), wrong
        assert f">{wrong}</textarea>" in unescape(answer.text)
    assert "must not be superuser" in problem_in(
        await ada.send(place, {**form, "default_role": "superuser"})
    )
    assert await world.actions(since) == []
    assert (await ada.send(place, form)).headers["location"] == f"{place}?done=saved"
    saved = {"do": "save", "name": "Login", "issuer": company.provider.issuer, "client_id": CLIENT}
    await ada.send(place, {**saved, "is_enabled": "true", "scopes": "email  groups"})
    told = (await world.ask(ADA, "GET", f"{PROVIDERS}/{company.id}")).json()
    assert told["role_map"] == {"Platform = team": "engineer", "Auditors": own}
    assert (told["default_role"], told["groups_claim"]) == ("billing", "groups")
    assert told["scopes"] == ["openid", "email", "groups"]
    page = unescape((await ada.get(place)).text)
    assert "Platform = team = engineer</textarea>" in page
    assert f"<dt>Reviewer</dt><dd><code>{own}</code>" in page
    # By no other form is it lost.
    await ada.send(place, {**saved, "is_enabled": "true"})
    assert (await world.ask(ADA, "GET", f"{PROVIDERS}/{company.id}")).json()["role_map"] != {}


async def test_a_page_tells_whose_sessions_end_with_a_provider(company: Company) -> None:
    ada = await signed_in(company.world)
    place = await provider_page(ada)
    assert "ends the 0 sessions that are open by it" in (await ada.get(place)).text
    await company.sign_in(BEN)
    # On one that is turned off nothing rests, though it has the same issuer.
    other = await company.connect(name="Another", is_enabled=False)
    off = await ada.get(f"{COMPANY}/providers/{other}")
    assert "ends the 0 sessions that are open by it" in off.text
    path = f"{PROVIDERS}/{other}"
    for method, more in (("PATCH", {"json": {"client_id": "other"}}), ("DELETE", {})):
        assert (await company.world.ask(ADA, method, path, **more)).status_code < 300
    assert (await ada.get(place)).text.count("ends the one session that is open by it") == 2
    await ada.send(place, {"do": "remove"})
    assert (await company.visitor.get(COMPANY)).headers["location"].startswith(f"{CONSOLE}/sign-in")
    assert (await ada.get(COMPANY)).status_code == 200


async def test_a_domain_is_claimed_shown_and_given_up(world: World, zone: Zone) -> None:
    ada, since = await signed_in(world), len(await world.events())
    answer = await ada.send(COMPANY, {"do": "domain", "domain": "Widgets.example.com"})
    place = f"{COMPANY}/domains/widgets.example.com"
    assert answer.headers["location"] == place
    assert "is not found yet" in problem_in(await ada.send(place, {"do": "verify"}))
    challenge = (await world.ask(ADA, "GET", ONE)).json()["challenge"]
    assert challenge in (await ada.get(place)).text
    zone.texts[LABEL] = [f'"{challenge}"']
    verified = await ada.send(place, {"do": "verify"})
    assert verified.headers["location"] == f"{place}?done=verified"
    assert "Verified" in (await ada.get(COMPANY)).text
    gone = await ada.send(place, {"do": "remove"})
    assert gone.headers["location"] == f"{COMPANY}?done=domain"
    assert await world.actions(since) == [
        "email_domain.create",
        "email_domain.verify",
        "email_domain.delete",
    ]
    assert (await ada.get(place)).status_code == 404


async def test_rules_are_set_and_the_last_way_in_stays(company: Company) -> None:
    world, ada = company.world, await signed_in(company.world)
    place = await provider_page(ada)
    await ada.send(place, {"do": "check"})
    since = len(await world.events())
    rules = {**RULES, "force_sso": "true", "idle_minutes": "30", "allows_passkey_alone": "on"}
    assert (await ada.send(COMPANY, rules)).headers["location"] == f"{COMPANY}?done=rules"
    assert await world.actions(since) == ["customer.update", "sign_in_policy.update"]
    assert (await world.ask(ADA, "GET", POLICY)).json() == {
        "idle_seconds": 1800,
        "session_seconds": 43_200,
        "allows_passkey_alone": True,
    }
    answer = await ada.send(place, {"do": "remove"})
    assert (answer.status_code, "last way to sign in" in answer.text) == (400, True)
    off = {"do": "save", "name": "Off", "issuer": company.provider.issuer, "client_id": CLIENT}
    assert (await ada.send(place, off)).status_code == 400
    told = (await world.ask(ADA, "GET", f"{PROVIDERS}/{company.id}")).json()
    assert (told["name"], told["is_enabled"]) == ("Example Login", True)
    # Who signs in by it sets it up on these pages: he has no password to lift a key with.
    await company.sign_in(SUE)
    assert (await company.visitor.send(COMPANY, RULES)).status_code == 303
    assert (await world.ask(ADA, "GET", f"/customer/{WIDGETS}")).json()["force_sso"] is False


async def test_superusers_are_spared_by_name_and_no_longer(company: Company) -> None:
    world, ada, sue = company.world, await signed_in(company.world), Visitor(company.world)
    await ada.send(await provider_page(ada), {"do": "check"})
    since = len(await world.events())
    answer = await ada.send(COMPANY, {"do": "spare", "login": f" {SUE.login.title()} "})
    assert answer.headers["location"] == f"{COMPANY}?done=spared"
    for login, why in (
        (BEN.login, "Only superusers can bypass"),
        (EVE.login, "No superuser of this account"),
        ("nobody@example.com", "No superuser of this account"),
    ):
        answer = await ada.send(COMPANY, {"do": "spare", "login": login})
        assert (answer.status_code, why in answer.text) == (400, True), login
    await ada.send(COMPANY, {**RULES, "force_sso": "true"})
    assert (await sue.sign_in(SUE)).status_code == 303
    assert SUE.login in (await ada.get(COMPANY)).text
    answer = await ada.send(COMPANY, {"do": "bind", "user_id": SUE.id})
    assert answer.headers["location"] == f"{COMPANY}?done=bound"
    assert (await sue.get(COMPANY)).status_code == 303
    assert SUE.login not in (await ada.get(COMPANY)).text
    assert (await ada.send(COMPANY, {"do": "bind", "user_id": SUE.id})).status_code == 400
    assert await world.actions(since) == [
        *("sso_bypass.create", "customer.update", "token.create", "user.login"),
        *("sso_bypass.delete", "token.destroy", "user.logout"),
    ]


async def test_it_asks_who_it_is_after_ten_minutes(company: Company) -> None:
    world, ada = company.world, await signed_in(company.world)
    place = await provider_page(ada)
    world.clock.turn(10 * MINUTE)
    since = len(await world.events())
    for path, form in ((COMPANY, RULES), (place, {"do": "remove"})):
        answer = await ada.send(path, form)
        assert answer.headers["location"].endswith("&why=confirm"), path
    assert await world.actions(since) == []


@pytest.mark.parametrize(
    ("told", "is_fresh"),
    [
        (None, False),
        (NOW // SECOND, True),
        (NOW // SECOND - 599, True),
        (NOW // SECOND - 600, False),
        (1e300, True),
        ("yesterday", False),
    ],
)
async def test_an_old_sign_in_at_the_provider_proves_nothing_now(
    company: Company,
    told: object,
    is_fresh: bool,  # noqa: FBT001 - the example
) -> None:
    """Its session lasts longer than ours: whoever sits there would be sent back unasked."""
    assert (await company.sign_in(SUE, auth_time=told)).status_code == 303
    answer = await company.visitor.send(COMPANY, RULES)
    assert answer.headers["location"].endswith("?done=rules" if is_fresh else "&why=confirm")


async def test_a_sign_in_without_all_that_was_asked_proves_nothing_now(company: Company) -> None:
    """Whoever sits there can sign out first, and change what his browser asks."""
    place = await company.begin(SUE)
    asked = place.replace("&max_age=3600", "")
    assert asked != place
    known = {"email": SUE.login, "email_verified": True}
    answer = await company.come_back(company.provider.consent(asked, **known))
    assert answer.status_code == 303
    answer = await company.visitor.send(COMPANY, RULES)
    assert answer.headers["location"].endswith("&why=confirm")


@pytest.mark.parametrize("who", [BEN, UMA])
async def test_only_superusers_change_it(company: Company, who: Person) -> None:
    world = company.world
    place = f"{COMPANY}/providers/{company.id}"
    body = {"name": "Security", "permissions": [{"id": PERMISSION_IDS["customer.security"]}]}
    role = (await world.ask(ADA, "POST", "/roles", json=body)).json()
    await world.ask(ADA, "PUT", f"/user/{UMA.id}", json={"roles": [role["id"]]})
    visitor, since = await signed_in(world, who), len(await world.events())
    # A role of the customer's own with the permission lets one look.
    assert (await visitor.get(COMPANY)).status_code == (200 if who is UMA else 403)
    domain = f"{COMPANY}/domains/example.com"
    for path, form in (
        (COMPANY, RULES),
        *((place, {"do": do}) for do in ("check", "remove")),
        *((domain, {"do": do}) for do in ("verify", "remove")),
    ):
        answer = await visitor.send(path, form, at=f"{CONSOLE}/profile")
        assert answer.status_code == 403, path
    assert COMPANY not in (await visitor.get(f"{CONSOLE}/profile")).text
    assert await world.actions(since) == []


async def test_other_accounts_are_as_if_absent(company: Company) -> None:
    eve, since = await signed_in(company.world, EVE), len(await company.world.events())
    page = (await eve.get(COMPANY)).text
    assert COMPANY in (await eve.get(f"{CONSOLE}/profile")).text
    assert company.id not in page
    for path in (f"{COMPANY}/providers/{company.id}", f"{COMPANY}/domains/example.com"):
        assert (await eve.get(path)).status_code == 404
        answer = await eve.send(path, {"do": "remove"}, at=f"{CONSOLE}/profile")
        assert answer.status_code == 404
    assert await company.world.actions(since) == []


async def test_a_name_of_a_provider_is_only_text(world: World) -> None:
    await world.sudo(ADA)
    await world.ask(ADA, "POST", PROVIDERS, json={**PROVIDER, "name": "<b>x</b>{{ 7 * 7 }}"})
    ada = await signed_in(world)
    for path in (COMPANY, await provider_page(ada)):
        told = (await ada.get(path)).text
        assert "&lt;b&gt;x&lt;/b&gt;{{ 7 * 7 }}" in told
