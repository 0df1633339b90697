"""Sending a browser to a provider (OpenID Connect Core 1.0 §3.1.2, RFC 9700).

Everything that ties the answer to this browser and this sign-in follows from the secret of the
step that is open in it: the state, the nonce, and what PKCE proves the code with. None of it is
stored, and who has not the browser's cookie can't make an answer that fits.
"""

import base64
import hashlib
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit, urlunsplit

import msgspec

from tenantry.areas.federation.issuer import Metadata
from tenantry.areas.federation.provider import ProviderRow
from tenantry.core.context import Reading

PURPOSE = "sso"
"""Of steps that wait for a provider's answer."""
CALLBACK = "/_tenantry/console/sso/callback"


class Ties(msgspec.Struct, frozen=True):
    """What ties an answer to the browser that asked."""

    state: str
    nonce: str
    verifier: str


def ties(call: Reading, secret: str) -> Ties:
    """They, by the secret of the step."""
    first, second = (call.keyring.code_for(f"sso verifier {part}", secret) for part in "12")
    return Ties(
        call.keyring.code_for("sso state", secret),
        call.keyring.code_for("sso nonce", secret),
        first + second,
    )


def redirect_uri(call: Reading, provider_id: str) -> str:
    """Where a provider sends browsers back to.

    Each has its own, so that none can pass another's code off as its own (RFC 9700 §4.4.2.2).
    """
    return f"{call.public_url}{CALLBACK}/{provider_id}"


def facts_of(row: ProviderRow, next_path: str) -> Mapping[str, str]:
    """What a step keeps of the provider that was asked: another is not believed."""
    return {
        "provider": row.id,
        "issuer": row.issuer,
        "client_id": row.client_id,
        "next": next_path,
    }


class Asking(msgspec.Struct, frozen=True):
    """How somebody is asked for."""

    address: str
    """By which the provider may know him."""
    is_anew: bool
    """Whether he is signed in here already, and is to prove that it is still he."""
    max_age: int
    """How many seconds ago he may have proved at the provider who he is."""


def location(call: Reading, row: ProviderRow, found: Metadata, secret: str, asking: Asking) -> str:
    """Where the browser goes to sign in."""
    tied = ties(call, secret)
    asked = {
        "response_type": "code",
        "client_id": row.client_id,
        "redirect_uri": redirect_uri(call, row.id),
        "scope": row.scopes,
        "state": tied.state,
        "nonce": tied.nonce,
        "code_challenge": _challenge(tied.verifier),
        "code_challenge_method": "S256",
        "login_hint": asking.address,
        # Whoever is asked so has to say when that was (OpenID Connect Core 1.0 §2, `auth_time`).
        "max_age": str(asking.max_age),
    }
    if asking.is_anew:
        asked["prompt"] = "login"
    place = urlsplit(found.authorization_endpoint)
    query = "&".join(part for part in (place.query, urlencode(asked)) if part)
    return urlunsplit(place._replace(query=query))


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
