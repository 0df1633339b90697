"""What a provider answered, redeemed for who it was (OpenID Connect Core 1.0 §3.1.2.5, §3.1.3)."""

import asyncio
import base64
import hmac
import importlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus, urlencode

import msgspec

from tenantry.areas.federation import issuer as issuers
from tenantry.areas.federation.authorizing import redirect_uri, ties
from tenantry.areas.federation.fetching import Failed, Question, ask, decoded, fetch
from tenantry.areas.federation.id_token import Claims, Expected, Unproven, verified
from tenantry.areas.federation.issuer import Metadata
from tenantry.areas.federation.provider import ProviderRow, secret_of
from tenantry.areas.federation.role_map import has_groups
from tenantry.core.context import Reading

SECONDS = 20.0
"""For all questions of one sign-in together."""
_OK = 200
_LONGEST_WORD = 60


class Returned(msgspec.Struct, frozen=True):
    """What a browser came back with."""

    secret: str
    """Of the step that is open in it."""
    query: Mapping[str, str]


class _Tokens(msgspec.Struct):
    id_token: str
    access_token: str | None = None
    token_type: str = ""


class _Refusal(msgspec.Struct):
    error: str = ""


async def redeem(call: Reading, row: ProviderRow, returned: Returned) -> Claims:
    """Who it was, as the provider says and proves, where it is an answer at all. Raises Failed."""
    try:
        async with asyncio.timeout(SECONDS):
            found = await issuers.discover(call, row.issuer)
            code = _code(row, found, returned)
            tokens = await _exchange(call, row, found, (code, returned.secret))
            claims = await _believed(call, row, found, (tokens, returned.secret))
            return await _completed(call, row, found, (claims, tokens.access_token))
    except TimeoutError as problem:
        raise Failed(f"did not answer within {SECONDS:.0f} seconds") from problem


def is_answer(call: Reading, returned: Returned) -> bool:
    """Whether an answer is to what this browser asked."""
    state = returned.query.get("state") or ""
    expected = ties(call, returned.secret).state
    return hmac.compare_digest(state.encode(), expected.encode())


def _code(row: ProviderRow, found: Metadata, returned: Returned) -> str:
    """The authorization code. Raises Failed."""
    query = returned.query
    # Whether it comes from whom it was asked (RFC 9207 §2.4).
    issuer = query.get("iss")
    is_told = found.authorization_response_iss_parameter_supported
    if issuer != row.issuer and (is_told or issuer is not None):
        raise Failed("did not answer itself: the answer is of another issuer")
    if query.get("error"):
        raise Failed(f"refused: {_word(query['error'])}")
    if not query.get("code"):
        raise Failed("answered without a code")
    return query["code"]


def _word(text: str) -> str:
    """An error's name, as far as it can be shown."""
    kept = "".join(one for one in text[:_LONGEST_WORD] if one.isalnum() or one in "_-. ")
    return kept if kept.isascii() and kept else "unknown error"


async def _exchange(
    call: Reading, row: ProviderRow, found: Metadata, proof: tuple[str, str]
) -> _Tokens:
    code, secret = proof
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri(call, row.id),
        "code_verifier": ties(call, secret).verifier,
    }
    headers = {
        "accept": "application/json",
        "content-type": "application/x-www-form-urlencoded",
        **_authenticated(row, secret_of(call, row), found, form),
    }
    question = Question(found.token_endpoint, urlencode(form).encode(), headers)
    status, body = await ask(call.provider_networks, question)
    if status != _OK:
        raise Failed(f"did not take the code: {_refusal(body)}")
    tokens: _Tokens = decoded(body, _Tokens)
    if tokens.token_type.lower() not in {"", "bearer"}:
        raise Failed("gave a kind of access token that is not known")
    return tokens


def _authenticated(
    row: ProviderRow, client_secret: str, found: Metadata, form: dict[str, str]
) -> dict[str, str]:
    """The header that proves who asks, where it is not proved in the form."""
    offered = found.token_endpoint_auth_methods_supported
    if client_secret and "client_secret_basic" in offered:
        # Each part is encoded as in a form (RFC 6749 §2.3.1).
        pair = f"{quote_plus(row.client_id)}:{quote_plus(client_secret)}"
        return {"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    form["client_id"] = row.client_id
    if client_secret:
        form["client_secret"] = client_secret
    return {}


def _refusal(body: bytes) -> str:
    try:
        refusal: _Refusal = decoded(body, _Refusal)
    except Failed:
        return "no reason given"
    return _word(refusal.error)


async def _believed(
    call: Reading, row: ProviderRow, found: Metadata, proof: tuple[_Tokens, str]
) -> Claims:
    """What the ID token claims; by a key that was changed just now, too. Raises Failed."""
    tokens, secret = proof
    # Loaded when first needed, and off the loop: it takes longer than many a request.
    await asyncio.to_thread(importlib.import_module, "joserfc.jwt")
    nonce = ties(call, secret).nonce
    expected = Expected(row.issuer, row.client_id, nonce, call.now, tokens.access_token)
    try:
        return verified(tokens.id_token, await issuers.keys(call, found), expected)
    except Unproven:
        newer = await issuers.keys(call, found, stays=issuers.AS_OF_NOW)
        return verified(tokens.id_token, newer, expected)


async def _completed(
    call: Reading, row: ProviderRow, found: Metadata, known: tuple[Claims, str | None]
) -> Claims:
    """The same with what is told only when asked for (OpenID Connect Core 1.0 §5.3)."""
    claims, access_token = known
    has_all = "email" in claims and (not row.groups_claim or has_groups(claims, row.groups_claim))
    if has_all or not found.userinfo_endpoint or not access_token or not access_token.isascii():
        return claims
    headers = {"accept": "application/json", "authorization": f"Bearer {access_token}"}
    body = await fetch(call.provider_networks, Question(found.userinfo_endpoint, None, headers))
    more: dict[str, Any] = decoded(body, dict[str, Any])
    if more.get("sub") != claims["sub"]:
        raise Failed("told of somebody else than it had signed for")
    if "email" not in claims:
        # Whether an address is verified is believed of the one that it was said of.
        claims = {name: value for name, value in claims.items() if name != "email_verified"}
    elif "email_verified" not in claims and more.get("email") != claims["email"]:
        more.pop("email_verified", None)
    return {**more, **claims}
