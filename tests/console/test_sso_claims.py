"""What an ID token and what comes with it have to say (OpenID Connect Core 1.0 §3.1.3, §5.3)."""

import base64
import hashlib
from typing import Any

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey

from tests.console.browser import CONSOLE
from tests.console.company import SSO, Company, company, problem_in
from tests.console.provider import SECOND, Key, Provider, as_json
from tests.world import ADA, BEN, SUE, WIDGETS

__all__ = ["company"]


def _half(text: str, name: str = "sha256") -> str:
    digest = hashlib.new(name, text.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).decode().rstrip("=")


KEYS: dict[str, tuple[Key, str]] = {
    "ES256": (ECKey.generate_key("P-256", {"kid": "ec"}), "sha256"),
    "EdDSA": (OKPKey.generate_key("Ed25519", {"kid": "ed"}), "sha512"),
}


@pytest.mark.parametrize("algorithm", KEYS)
async def test_an_access_token_is_the_one_that_the_id_token_names(
    company: Company, algorithm: str
) -> None:
    key, name = KEYS[algorithm]
    company.provider.algorithm, company.provider.key = algorithm, key
    company.provider.published = [key]
    right = await company.sign_in(BEN, at_hash=_half("access", name))
    assert right.status_code == 303, right.text
    for wrong in (_half("another", name), "", None, 1):
        answer = await company.sign_in(BEN, at_hash=wrong)
        assert "another access token" in problem_in(answer), wrong


async def test_a_kind_of_access_token_that_is_not_known_is_not_used(company: Company) -> None:
    def told(provider: Provider, claims: dict[str, Any]) -> str:
        body = {"id_token": provider.signed(claims), "access_token": "a", "token_type": "mac"}
        provider.answers["token"] = as_json(body)
        return ""

    company.provider.sign = told
    await company.sign_in(BEN)
    assert "kind of access token" in problem_in(await company.sign_in(BEN))


@pytest.mark.parametrize(
    ("signed", "told"),
    [
        # The one vouches for an address that it does not name, the other names one.
        ({"email": None, "email_verified": True}, {"email": SUE.login}),
        ({"email": None, "email_verified": True}, {"email": SUE.login, "email_verified": False}),
        ({"groups": None, "email_verified": None}, {"email": SUE.login, "email_verified": True}),
    ],
)
async def test_who_names_an_address_vouches_for_it(
    company: Company, signed: dict[str, Any], told: dict[str, Any]
) -> None:
    await company.set(groups_claim="groups")
    subject = f"subject of {BEN.login}"
    company.provider.userinfo = {"sub": subject, "groups": [], **told}
    company.provider.sign = lambda provider, claims: provider.signed(
        {name: value for name, value in claims.items() if value is not None}
    )
    assert "has not verified" in problem_in(await company.sign_in(BEN, **signed))


async def test_of_two_keys_of_one_name_neither_is_believed(company: Company) -> None:
    """Whichever of them signed: nobody could tell whose the token is."""
    twin = RSAKey.generate_key(2048, {"kid": str(company.provider.key.kid)})
    company.provider.published = [company.provider.key, twin]
    assert "with which of its keys" in problem_in(await company.sign_in(BEN))


async def test_a_key_for_something_else_signs_nobody_in(company: Company) -> None:
    for more in ({"use": "enc"}, {"alg": "PS256"}, {"key_ops": ["encrypt"]}):
        public = {**company.provider.key.as_dict(private=False), **more}
        company.provider.answers["keys"] = as_json({"keys": [public]})
        company.world.clock.turn(SECOND)
        assert "does not publish" in problem_in(await company.sign_in(BEN))


async def test_names_that_differ_only_in_case_are_of_two_people(company: Company) -> None:
    assert (await company.sign_in(BEN, sub="abc")).status_code == 303
    assert "signs in as somebody else" in problem_in(await company.sign_in(BEN, sub="ABC"))


async def test_who_becomes_the_owner_is_spoken_for_no_longer(company: Company) -> None:
    """He was linked before; whoever has the provider would be the owner by it."""
    assert (await company.sign_in(SUE)).status_code == 303
    given = await company.world.ask(ADA, "PUT", f"/customer/{WIDGETS}", data={"owner_id": SUE.id})
    assert given.status_code == 200
    assert "owner" in problem_in(await company.sign_in(SUE))


async def test_an_answer_comes_in_the_address_alone(company: Company) -> None:
    """By a form of another site (`response_mode=form_post`) no cookie of ours would come along."""
    query = company.provider.consent(await company.begin(BEN), email=BEN.login)
    form = dict(part.split("=", 1) for part in query.split("&"))
    answer = await company.visitor.client.post(f"{SSO}/callback/{company.id}", data=form)
    assert answer.status_code == 405
    assert company.provider.requests[-1][0].endswith("openid-configuration")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((200, {}, b"{" + b" " * 300_000), "more than 256 KiB"),
        ((200, {}, b'{"issuer":' * 20_000), "JSON that was expected"),
        ((302, {"Location": "https://evil.example/"}, b""), "status 302"),
        ((200, {"Content-Encoding": "gzip"}, b"\x1f\x8b"), "not asked for"),
        ((500, {}, b""), "status 500"),
    ],
)
async def test_nobody_is_sent_to_a_provider_that_does_not_answer(
    company: Company, answer: Any, why: str
) -> None:
    company.provider.answers["openid-configuration"] = answer
    told = problem_in(await company.visitor.send(SSO, {"login": BEN.login}))
    assert told.startswith("Example Login can't be used at the moment")
    assert why in told


@pytest.mark.parametrize("name", ["state", "code", "iss"])
async def test_what_is_said_twice_is_not_believed(company: Company, name: str) -> None:
    """Parameters must not come more than once (RFC 6749 §3.1): who adds one knows why."""
    known = {"email": BEN.login, "email_verified": True}
    query = company.provider.consent(await company.begin(BEN), **known)
    for more in (f"{query}&{name}=evil", f"{name}=evil&{query}"):
        assert (await company.come_back(more)).status_code == 400
    assert company.visitor.cookie() is None
    assert (await company.visitor.get(f"{CONSOLE}/profile")).status_code == 303
