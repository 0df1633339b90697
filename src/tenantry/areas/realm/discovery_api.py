"""What programs look up before anybody signs in (OpenID Connect Discovery 1.0, RFC 7517)."""

import msgspec

from tenantry.areas.realm import asked, keys, pkce, web_tokens
from tenantry.areas.realm.issuing import issuer_of
from tenantry.areas.realm.keys import PublishedKey
from tenantry.core.context import Reading
from tenantry.http.operation import PUBLIC, operation
from tenantry.http.wire import LEGACY

_CLAIMS = ("amr", "aud", "auth_time", "azp", "email", "exp", "iat", "iss", "nonce", "sub")


class Discovery(msgspec.Struct, frozen=True, kw_only=True):
    """OpenID Provider Metadata (OpenID Connect Discovery 1.0 §3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    response_types_supported: tuple[str, ...] = ("code",)
    response_modes_supported: tuple[str, ...] = ("query",)
    grant_types_supported: tuple[str, ...] = ("authorization_code", "refresh_token")
    subject_types_supported: tuple[str, ...] = ("public",)
    id_token_signing_alg_values_supported: tuple[str, ...] = (web_tokens.ALGORITHM,)
    scopes_supported: tuple[str, ...] = (asked.SCOPE,)
    claims_supported: tuple[str, ...] = _CLAIMS
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("none",)
    code_challenge_methods_supported: tuple[str, ...] = (pkce.METHOD,)
    prompt_values_supported: tuple[str, ...] = tuple(sorted(asked.PROMPTS))
    authorization_response_iss_parameter_supported: bool = True
    """Answers bear `iss`, so that none passes for another provider's (RFC 9207)."""
    claims_parameter_supported: bool = False
    request_parameter_supported: bool = False
    request_uri_parameter_supported: bool = False


class KeySet(msgspec.Struct, frozen=True):
    """A JWK Set (RFC 7517 §5)."""

    keys: list[PublishedKey]


@operation("GET /realms/fastly/.well-known/openid-configuration", allow=PUBLIC, wire=LEGACY)
async def get_openid_configuration(call: Reading) -> Discovery:
    """What the CLI fetches before almost every command (contract: identity §9.1)."""
    issuer = issuer_of(call.public_url)
    connect = f"{issuer}/protocol/openid-connect"
    return Discovery(
        issuer=issuer,
        authorization_endpoint=f"{connect}/auth",
        token_endpoint=f"{connect}/token",
        jwks_uri=f"{connect}/certs",
    )


@operation("GET /realms/fastly/protocol/openid-connect/certs", allow=PUBLIC, wire=LEGACY)
async def get_provider_keys(call: Reading) -> KeySet:
    """The keys by which this server's web tokens are checked; the newest signs."""
    return KeySet(await keys.published(call))
