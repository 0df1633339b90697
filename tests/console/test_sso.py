"""Signing in through one's company: who comes in, as whom, and with which roles."""

from base64 import b64decode
from urllib.parse import parse_qsl, urlsplit

from joserfc.jwk import ECKey, OKPKey

from tests.areas.account_calls import edit_customer, edit_user
from tests.areas.realm_calls import Program, wanted
from tests.areas.realm_calls import claims as claims_of
from tests.console.browser import CONSOLE, Visitor
from tests.console.company import PROFILE, SSO, Company, company, problem_in
from tests.console.provider import CLIENT, SECOND, as_json
from tests.federation_writes import PROVIDERS
from tests.world import ADA, BEN, EVE, HOUR, LIM, NED, OTHER, SUE, WWW

__all__ = ["company"]

NEW = "nia@example.com"
GROUPS = {"groups_claim": "groups", "role_map": {"Edge": "engineer", "Boss": "superuser"}}


async def test_somebody_signs_in_through_his_company(company: Company) -> None:
    since = len(await company.world.events())
    answer = await company.sign_in(BEN)
    assert (answer.status_code, answer.headers["location"]) == (303, PROFILE)
    assert BEN.login in (await company.visitor.get(PROFILE)).text
    assert await company.world.actions(since) == ["user.link", "token.create", "user.login"]
    again = await company.sign_in(BEN)
    assert again.status_code == 303
    assert "user.link" not in await company.world.actions(since + 3)


async def test_what_is_asked_ties_the_answer_to_this_browser(company: Company) -> None:
    place = await company.begin(BEN)
    asked = dict(parse_qsl(urlsplit(place).query))
    assert place.startswith(f"{company.provider.issuer}/authorize?tenant=example&")
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert (asked["client_id"], asked["login_hint"]) == (CLIENT, BEN.login)
    assert asked["redirect_uri"] == f"https://accounts.example.com{SSO}/callback/{company.id}"
    other = dict(parse_qsl(urlsplit(await company.begin(BEN)).query))
    for tie in ("state", "nonce", "code_challenge"):
        assert len(asked[tie]) >= 32
        assert asked[tie] != other[tie]


async def test_who_proves_anew_that_it_is_he_is_asked_there_too(company: Company) -> None:
    """Otherwise the provider would send back whoever sits there, unasked."""
    assert "prompt=" not in await company.begin(BEN)
    assert (await company.sign_in(BEN)).status_code == 303
    assert "&max_age=600&prompt=login" in await company.begin(BEN)


async def test_the_provider_asks_whom_it_has_not_asked_for_so_long(company: Company) -> None:
    """And has to say when it did, because that is wanted (OpenID Connect Core 1.0 §2)."""
    assert "&max_age=3600" in await company.begin(BEN)
    await _set_policy(company, idle=900, session=1800)
    assert "&max_age=900" in await company.begin(BEN)


async def _set_policy(company: Company, idle: int, session: int) -> None:
    policy = {"idle_seconds": idle, "session_seconds": session, "allows_passkey_alone": False}
    await company.world.sudo(ADA)
    answer = await company.world.ask(ADA, "PUT", "/_tenantry/v1/sign-in-policy", json=policy)
    assert answer.status_code == 200, answer.text


async def test_a_session_begins_when_the_provider_asked(company: Company) -> None:
    world, cli = company.world, Program(company.world)
    await _set_policy(company, idle=1800, session=1800)
    cli.browser, asked = company.visitor, world.clock() // SECOND - 1000
    assert (await company.sign_in(BEN, auth_time=asked)).status_code == 303
    assert wanted(await cli.open(max_age="999"))
    assert "Allow" in (await cli.open(max_age="1000")).text
    assert claims_of((await cli.tokens())["id_token"])["auth_time"] == asked
    # And ends as much sooner.
    world.clock.turn((1800 - 1000) * SECOND - 1)
    assert (await company.visitor.get(PROFILE)).status_code == 200
    world.clock.turn(1)
    assert (await company.visitor.get(PROFILE)).status_code == 303


async def test_who_was_asked_too_long_ago_is_told_to_sign_out_there(company: Company) -> None:
    since, now = len(await company.world.events()), company.world.clock() // SECOND
    for asked in (0, now - 12 * 3600):
        answer = await company.sign_in(BEN, auth_time=asked)
        assert "asked you too long ago" in problem_in(answer), asked
    assert company.visitor.cookie() is None
    assert await company.world.actions(since) == ["user.login_failure"] * 2
    assert (await company.sign_in(BEN, auth_time=now - 12 * 3600 + 1)).status_code == 303


async def test_the_client_proves_who_it_is(company: Company) -> None:
    await company.sign_in(BEN)
    headers, body = company.provider.asked("token")
    pair = b64decode(headers["authorization"].removeprefix("Basic ")).decode()
    assert pair == "tenantry:client-secret-of-example%2Bwidgets"
    assert "client_secret" not in body
    company.provider.discovery = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    company.world.clock.turn(HOUR)
    assert (await company.sign_in(BEN)).status_code == 303
    headers, body = company.provider.asked("token")
    assert "authorization" not in headers
    assert "client_secret=client-secret-of-example%2Bwidgets" in body


async def test_a_newcomer_becomes_a_user_where_that_is_allowed(company: Company) -> None:
    refused = await company.sign_in(NEW, name="Nia")
    assert "no user in this account" in problem_in(refused)
    await company.set(creates_users=True)
    assert (await company.sign_in(NEW, name="Nia")).status_code == 303
    users = (await company.world.ask(ADA, "GET", f"/customer/{ADA.customer_id}/users")).json()
    (nia,) = [user for user in users if user["login"] == NEW]
    assert (nia["name"], nia["role"]) == ("Nia", "user")


async def test_roles_follow_groups_at_each_sign_in(company: Company) -> None:
    await company.set(creates_users=True, **GROUPS)
    expected = [(["Edge"], "engineer"), (["Boss", "Edge"], "superuser"), ([], "user")]
    for groups, role in expected:
        assert (await company.sign_in(NEW, groups=groups)).status_code == 303
        assert (await company.visitor.get(PROFILE)).status_code == 200
        users = (await company.world.ask(ADA, "GET", f"/customer/{ADA.customer_id}/users")).json()
        assert [user["role"] for user in users if user["login"] == NEW] == [role]


async def test_a_role_that_was_lost_is_lost_for_tokens_at_once(company: Company) -> None:
    await company.set(**GROUPS)
    await company.sign_in(SUE, groups=["Edge"])
    assert (await company.world.ask(SUE, "GET", PROVIDERS)).status_code == 403


async def test_no_provider_speaks_for_the_owner(company: Company) -> None:
    """Another superuser may have connected it, to become him."""
    await company.set(**GROUPS)
    assert "owner" in problem_in(await company.sign_in(ADA, groups=[]))
    assert (await company.world.ask(ADA, "GET", PROVIDERS)).status_code == 200


async def test_a_limit_to_services_is_not_lost_by_a_group(company: Company) -> None:
    await company.set(groups_claim="groups", role_map={"Bills": "billing"})
    since = len(await company.world.events())
    assert "limited to services" in problem_in(await company.sign_in(LIM, groups=["Bills"]))
    assert await company.world.actions(since) == ["user.login_failure"]
    assert (await company.world.ask(LIM, "GET", f"/service/{WWW}")).status_code == 404


async def test_what_only_userinfo_tells_is_asked_for(company: Company) -> None:
    company.provider.userinfo = {
        "sub": "subject-of-ben",
        "email": BEN.login,
        "email_verified": True,
    }
    place = await company.begin(BEN)
    answer = await company.come_back(company.provider.consent(place))
    assert answer.status_code == 303
    company.provider.userinfo["sub"] = "somebody else"
    place = await company.begin(BEN)
    answer = await company.come_back(company.provider.consent(place))
    assert "somebody else" in problem_in(answer)


async def test_the_providers_own_name_for_somebody_counts_not_his_address(
    company: Company,
) -> None:
    await company.sign_in(BEN, sub="1")
    # His address changed hands there: who has it now is not he.
    assert "signs in as somebody else" in problem_in(await company.sign_in(BEN, sub="2"))
    renamed = await company.sign_in(BEN, sub="1", email="benjamin@example.com")
    assert renamed.status_code == 303
    assert BEN.login in (await company.visitor.get(PROFILE)).text


async def test_an_address_counts_only_if_both_may_speak_for_it(company: Company) -> None:
    for claims, why in (
        ({"email_verified": False}, "has not verified"),
        ({"email_verified": None}, "has not verified"),
        ({"email": None}, "does not say"),
        ({"email": "ben@elsewhere.example.org"}, "does not belong to this account"),
        ({"email": EVE.login}, "of another account"),
    ):
        assert why in problem_in(await company.sign_in(BEN, **claims)), claims


async def test_keys_are_changed_at_any_time(company: Company) -> None:
    assert (await company.sign_in(BEN)).status_code == 303
    company.provider.rotate()
    company.world.clock.turn(SECOND)
    assert (await company.sign_in(BEN)).status_code == 303


async def test_keys_that_are_known_count_while_newer_ones_can_not_be_had(company: Company) -> None:
    provider, honest = company.provider, company.provider.key
    assert (await company.sign_in(BEN)).status_code == 303
    company.world.clock.turn(SECOND)
    provider.answers["keys"] = as_json({}, 503)
    provider.key = ECKey.generate_key("P-256", {"kid": "unknown"})
    provider.algorithm = "ES256"
    assert "status 503" in problem_in(await company.sign_in(BEN))
    provider.key, provider.algorithm = honest, "RS256"
    assert (await company.sign_in(BEN)).status_code == 303
    company.world.clock.turn(HOUR)
    assert "status 503" in problem_in(await company.sign_in(BEN))


async def test_keys_of_every_trusted_kind_are_taken(company: Company) -> None:
    for algorithm, key in (
        ("ES256", ECKey.generate_key("P-256", {"kid": "ec"})),
        ("EdDSA", OKPKey.generate_key("Ed25519", {"kid": "ed"})),
        ("PS256", company.provider.key),
    ):
        company.world.clock.turn(SECOND)
        company.provider.algorithm, company.provider.key = algorithm, key
        company.provider.published = [key]
        assert (await company.sign_in(BEN)).status_code == 303, algorithm


async def test_a_provider_that_is_disabled_lets_nobody_in(company: Company) -> None:
    place = await company.begin(BEN)
    await company.set(is_enabled=False)
    query = company.provider.consent(place, email=BEN.login, email_verified=True)
    assert "not under way" in problem_in(await company.come_back(query))
    answer = await company.visitor.send(SSO, {"login": BEN.login})
    assert "No single sign-on is set up" in problem_in(answer)


async def test_one_of_several_providers_is_chosen(company: Company) -> None:
    await company.connect(name="Second Login", issuer=f"{company.provider.issuer}/")
    answer = await company.visitor.send(SSO, {"login": BEN.login})
    assert answer.status_code == 200
    assert "Example Login" in answer.text
    assert "Second Login" in answer.text
    chosen = {"login": BEN.login, "identity_provider_id": company.id}
    assert "authorize" in (await company.visitor.send(SSO, chosen)).text


async def test_the_way_back_is_kept(company: Company) -> None:
    form = {"login": BEN.login, "next": f"{CONSOLE}/sessions"}
    answer = await company.visitor.send(SSO, form)
    place = answer.text.split("url=")[1].split('"')[0].replace("&amp;", "&")
    query = company.provider.consent(place, email=BEN.login, email_verified=True)
    answer = await company.come_back(query)
    assert answer.headers["location"] == f"{CONSOLE}/sessions"
    evil = await company.visitor.send(SSO, {"login": BEN.login, "next": "//evil.example"})
    assert "evil.example" not in evil.text


async def test_policies_hold_for_who_comes_this_way(company: Company) -> None:
    await edit_user(company.world, BEN, locked=True, locked_by_superuser=True)
    assert (await company.sign_in(BEN)).status_code == 403
    await edit_customer(company.world, ip_whitelist="198.51.100.7")
    assert (await company.sign_in(SUE)).status_code == 403


async def test_who_is_signed_in_elsewhere_signs_out_first(company: Company) -> None:
    await company.visitor.sign_in(NED)
    answer = await company.visitor.send(SSO, {"login": BEN.login})
    assert answer.status_code == 409
    other = Visitor(company.world)
    place = await company.begin(BEN, other)
    query = company.provider.consent(place, email=BEN.login, email_verified=True)
    assert (await company.come_back(query, other)).status_code == 303
    assert len(await company.world.events(OTHER)) > 0
