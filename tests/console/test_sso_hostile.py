"""What a hostile provider, a thief of codes or a stranger's link come to: nothing."""

import asyncio
import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from tests.console.browser import CONSOLE, Visitor
from tests.console.company import SSO, Company, company, problem_in
from tests.console.provider import CLIENT, SECOND, SECRET, Provider, as_json
from tests.world import ADA, BEN, NOW, SUE, WIDGETS

__all__ = ["company"]

KNOWN = {"email": BEN.login, "email_verified": True}
_NOW = NOW // SECOND

Sign = Callable[[Provider, dict[str, Any]], str]


def _part(document: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def _unsigned(_: Provider, claims: dict[str, Any]) -> str:
    return f"{_part({'alg': 'none'})}.{_part(claims)}."


def _without_signature(provider: Provider, claims: dict[str, Any]) -> str:
    return provider.signed(claims).rpartition(".")[0] + "."


def _by_secret(_: Provider, claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET))


def _by_public_key(provider: Provider, claims: dict[str, Any]) -> str:
    """The published key, taken for a shared secret (RFC 8725 §2.1)."""
    public = provider.key.as_pem(private=False)
    head = {"alg": "HS256", "kid": provider.key.kid}
    return jwt.encode(head, claims, OctKey.import_key(public.hex()))


def _by_another_key(provider: Provider, claims: dict[str, Any]) -> str:
    other = RSAKey.generate_key(2048)
    return jwt.encode({"alg": "RS256", "kid": provider.key.kid}, claims, other)


def _by_an_unknown_key(_: Provider, claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "RS256", "kid": "other"}, claims, RSAKey.generate_key(2048))


def _with_a_key_of_its_own(_: Provider, claims: dict[str, Any]) -> str:
    other = RSAKey.generate_key(2048)
    header = {"alg": "RS256", "jwk": other.as_dict(private=False)}
    return jwt.encode(header, claims, other)


def _by_a_weak_key(provider: Provider, claims: dict[str, Any]) -> str:
    with pytest.warns(match="2048"):
        weak = RSAKey.generate_key(1024, {"kid": "weak"})
    provider.published = [weak]
    return jwt.encode({"alg": "RS256", "kid": "weak"}, claims, weak)


def _by_another_curve(provider: Provider, claims: dict[str, Any]) -> str:
    other = ECKey.generate_key("P-384", {"kid": "p384"})
    provider.published = [other]
    header = {"alg": "ES384", "kid": "p384"}
    return jwt.encode(header, claims, other, algorithms=["ES384"])


def _changed(provider: Provider, claims: dict[str, Any]) -> str:
    head, _, signature = provider.signed(claims).split(".")
    return f"{head}.{_part({**claims, 'email': SUE.login})}.{signature}"


FORGED: dict[str, tuple[Sign, str]] = {
    "alg none": (_unsigned, "not trusted"),
    "no signature": (_without_signature, "signature is wrong"),
    "HS256 by the secret": (_by_secret, "not trusted"),
    "HS256 by the public key": (_by_public_key, "not trusted"),
    "another key": (_by_another_key, "signature is wrong"),
    "an unknown key": (_by_an_unknown_key, "does not publish"),
    "a key in the header": (_with_a_key_of_its_own, "can't be read"),
    "a weak key": (_by_a_weak_key, "a key of 1024 bits"),
    "an algorithm that is not on the list": (_by_another_curve, "not trusted"),
    "changed claims": (_changed, "signature is wrong"),
    "no token at all": (lambda _, __: "garbage", "ID token that is none"),
    "broken": (lambda _, __: "e30.e30.!", "can't be read"),
    "huge": (lambda provider, claims: provider.signed({**claims, "x": "x" * 40_000}), "is none"),
    "encrypted": (lambda _, __: "a.b.c.d.e", "ID token that is none"),
}


@pytest.mark.parametrize(("sign", "why"), FORGED.values(), ids=FORGED)
async def test_a_forged_token_lets_nobody_in(company: Company, sign: Sign, why: str) -> None:
    company.provider.sign = sign
    since = len(await company.world.events())
    assert why in problem_in(await company.sign_in(BEN))
    assert company.visitor.cookie() is None
    assert await company.world.actions(since) == ["user.login_failure"]


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "another nonce": ({"nonce": "another"}, "another sign-in"),
    "no nonce": ({"nonce": None}, "another sign-in"),
    "another audience": ({"aud": "other"}, "not for this server"),
    "several audiences, unnamed": ({"aud": [CLIENT, "other"]}, "not for this server"),
    "a party that is a list": ({"azp": [CLIENT]}, "somebody else"),
    "a party that is an object": ({"azp": {CLIENT: CLIENT}}, "somebody else"),
    "another party": ({"aud": [CLIENT, "other"], "azp": "other"}, "somebody else"),
    "another issuer": ({"iss": "https://evil.example"}, "another issuer"),
    "expired": ({"exp": _NOW - 61}, "expired"),
    "of the future": ({"iat": _NOW + 61}, "future"),
    "not yet": ({"nbf": _NOW + 61}, "future"),
    "long ago": ({"iat": _NOW - 601}, "too old"),
    "no end": ({"exp": None}, "without its times"),
    "an end in words": ({"exp": "never"}, "without its times"),
    "nobody": ({"sub": ""}, "names nobody"),
    "a name that can't be stored": ({"sub": "a\0b"}, "names nobody"),
    "no subject": ({"sub": None}, "names nobody"),
}


@pytest.mark.parametrize(("claims", "why"), WRONG.values(), ids=WRONG)
async def test_a_token_that_says_the_wrong_thing_lets_nobody_in(
    company: Company, claims: dict[str, Any], why: str
) -> None:
    assert why in problem_in(await company.sign_in(BEN, **claims))
    assert company.visitor.cookie() is None


CLAIMS = (
    *("iss", "aud", "azp", "nonce", "sub", "exp", "iat", "nbf", "at_hash", "auth_time"),
    *("email", "email_verified", "name", "groups"),
)
ODD: dict[str, Any] = {
    "nothing": None,
    "a truth": True,
    "a huge number": 10**400,
    "a number below zero": -(2**63),
    "a text that can't be stored": "\0",
    "a long text": "x" * 9000,
    "a list": [["x"], {}],
    "an object": {"x": ["x"]},
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
async def test_a_claim_of_any_kind_is_believed_or_refused(company: Company, odd: Any) -> None:
    await company.set(groups_claim="groups", creates_users=True)
    for name in CLAIMS:
        company.world.clock.turn(1000 * SECOND)
        visitor, since = company.visitor, len(await company.world.events())
        answer = await company.sign_in(BEN, **{name: odd})
        assert answer.status_code in {303, 400}, (name, answer.text)
        if answer.status_code == 400:
            assert await company.world.actions(since) == ["user.login_failure"], name
        visitor.client.cookies.clear()


@pytest.mark.parametrize("name", ["a b", "x" * 300, '"a"', "a@b", "\u200bx", "\x7f"])
async def test_an_address_of_any_kind_is_believed_or_refused(company: Company, name: str) -> None:
    await company.set(creates_users=True)
    since = len(await company.world.events())
    answer = await company.sign_in(f"{name}@example.com", sub="subject of nobody")
    assert answer.status_code == 400, answer.text
    assert await company.world.actions(since) == ["user.login_failure"]


@pytest.mark.parametrize("claims", [{"exp": _NOW - 59}, {"iat": _NOW + 59}, {"azp": CLIENT}])
async def test_clocks_may_differ_a_little(company: Company, claims: dict[str, Any]) -> None:
    assert (await company.sign_in(BEN, **claims)).status_code == 303


async def test_a_code_works_once(company: Company) -> None:
    query = company.provider.consent(await company.begin(BEN), **KNOWN)
    step = company.visitor.cookie("__Host-tenantry-step")
    assert (await company.come_back(query)).status_code == 303
    thief = Visitor(company.world)
    thief.client.cookies.set("__Host-tenantry-step", step or "", "accounts.example.com")
    for visitor in (company.visitor, thief):
        assert "not under way" in problem_in(await company.come_back(query, visitor))


async def test_of_many_at_once_one_gets_in(company: Company) -> None:
    """Even where the provider takes its code more than once."""
    query = company.provider.consent(await company.begin(BEN), **KNOWN)
    company.provider.takes_codes_again = True
    since = len(await company.world.events())
    answers = await asyncio.gather(*(company.come_back(query) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [303, 400, 400, 400, 400]
    assert (await company.world.actions(since)).count("user.login") == 1


async def test_an_answer_belongs_to_the_browser_that_asked(company: Company) -> None:
    query = company.provider.consent(await company.begin(BEN), **KNOWN)
    mallory = Visitor(company.world)
    # He has the link, and even a sign-in of his own under way: neither helps.
    assert "not under way" in problem_in(await company.come_back(query, mallory))
    await company.begin(BEN, mallory)
    assert "not under way" in problem_in(await company.come_back(query, mallory))
    assert mallory.cookie() is None
    assert (await company.come_back(query)).status_code == 303


async def test_a_link_that_nobody_asked_for_signs_nobody_in(company: Company) -> None:
    """Nor can anybody be signed in as somebody else by a link (login CSRF)."""
    mallory = Visitor(company.world)
    query = company.provider.consent(await company.begin(SUE, mallory), email=SUE.login)
    assert "not under way" in problem_in(await company.come_back(query))
    assert "not under way" in problem_in(await company.come_back("code=x&state=y"))
    assert company.provider.requests[-1][0].endswith("openid-configuration")


async def test_a_step_ends_after_ten_minutes(company: Company) -> None:
    query = company.provider.consent(await company.begin(BEN), **KNOWN)
    company.world.clock.turn(600 * SECOND)
    assert "not under way" in problem_in(await company.come_back(query))


async def test_no_provider_answers_for_another(company: Company) -> None:
    other = await company.connect(name="Other", issuer=f"{company.provider.issuer}/")
    form = {"login": BEN.login, "identity_provider_id": company.id}
    answer = await company.visitor.send(SSO, form)
    place = answer.text.split("url=")[1].split('"')[0].replace("&amp;", "&")
    query = company.provider.consent(place, **KNOWN)
    assert "not under way" in problem_in(await company.come_back(query, to=other))
    mixed = f"{query}&iss=https%3A%2F%2Fevil.example"
    assert "another issuer" in problem_in(await company.come_back(mixed))


async def test_who_promises_to_name_itself_has_to(company: Company) -> None:
    company.provider.discovery = {"authorization_response_iss_parameter_supported": True}
    query = company.provider.consent(await company.begin(BEN), **KNOWN)
    assert "another issuer" in problem_in(await company.come_back(query))


async def test_a_provider_that_changed_meanwhile_is_not_believed(company: Company) -> None:
    query = company.provider.consent(await company.begin(BEN), **KNOWN)
    await company.set(client_id="another")
    assert "not under way" in problem_in(await company.come_back(query))


async def test_what_a_provider_refuses_is_told_without_its_markup(company: Company) -> None:
    await company.begin(BEN)
    place = await company.begin(BEN)
    state = place.split("&state=")[1].split("&")[0]
    answer = await company.come_back(f"error=access_denied%3Cscript%3E&state={state}")
    assert "refused: access_deniedscript" in problem_in(answer)


@pytest.mark.parametrize(
    ("last", "answer", "why"),
    [
        ("token", as_json({"error": "invalid_client"}, 401), "invalid_client"),
        ("token", (200, {}, b"<html>"), "JSON that was expected"),
        ("token", as_json({"access_token": "x"}), "JSON that was expected"),
        ("token", (302, {"Location": "https://evil.example/"}, b""), "did not take the code"),
        ("token", (200, {}, b"[" * 300_000), "more than 256 KiB"),
        ("keys", as_json({"keys": []}), "has no keys"),
        ("keys", as_json({"keys": [{"kty": "RSA", "n": "AA", "e": "AQAB"}]}), "does not publish"),
        ("keys", (301, {"Location": "/keys2"}, b""), "status 301"),
    ],
)
async def test_a_broken_provider_lets_nobody_in(
    company: Company, last: str, answer: Any, why: str
) -> None:
    company.provider.answers[last] = answer
    assert why in problem_in(await company.sign_in(BEN))
    assert company.visitor.cookie() is None


async def test_ten_failures_are_enough(company: Company) -> None:
    for _ in range(10):
        assert "another sign-in" in problem_in(await company.sign_in(BEN, nonce="x"))
    asked = len(company.provider.requests)
    assert (await company.visitor.send(SSO, {"login": BEN.login})).status_code == 429
    assert len(company.provider.requests) == asked


async def test_looking_spends_nothing(company: Company) -> None:
    query = company.provider.consent(await company.begin(BEN), **KNOWN)
    head = await company.visitor.client.head(f"{CONSOLE}/sso/callback/{company.id}?{query}")
    assert head.status_code == 405
    assert (await company.come_back(query)).status_code == 303


async def test_no_secret_is_told_where_people_look(company: Company) -> None:
    await company.sign_in(BEN)
    listed = await company.world.ask(ADA, "GET", "/_tenantry/v1/identity-providers")
    assert SECRET not in listed.text
    assert listed.json()["data"][0]["has_client_secret"] is True
    assert all(SECRET not in event[2] for event in await company.world.events(WIDGETS))
