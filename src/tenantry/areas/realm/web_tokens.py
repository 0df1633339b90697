"""JSON Web Tokens (RFC 7519) that this server signs, and reads back.

One algorithm, RS256, named here and nowhere in a token (RFC 8725 §3.1); the key is looked up among
our own by its id, so that a token can bring none along; and a token says what it is for: `at+jwt`
opens a session (RFC 9068), an ID token tells a program who signed in.
"""

from typing import Any

import msgspec
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from tenantry.core.clock import MINUTE, SECOND, Instant
from tenantry.core.errors import unauthenticated

ALGORITHM = "RS256"
ACCESS = "at+jwt"
LIFE = 5 * MINUTE
"""For how long a token is good; it is exchanged at once."""
SKEW = MINUTE
"""By how much the clock of the machine that issued one may be ahead: any of ours may be asked."""
LONGEST = 4096


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """The claims of an access token."""

    iss: str
    sub: str
    aud: str
    """A single one, as text (contract: identity §9.3)."""
    azp: str
    client_id: str
    customer_id: str
    email: str
    jti: str
    scope: str
    amr: list[str]
    auth_time: int
    iat: int
    exp: int


class Identity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The claims of an ID token (OpenID Connect Core §2)."""

    iss: str
    sub: str
    aud: str
    azp: str
    email: str
    amr: list[str]
    auth_time: int
    iat: int
    exp: int
    nonce: str | None = None


def signed(key: RSAKey, claims: Access | Identity) -> str:
    """The token, as it is sent."""
    kind = ACCESS if isinstance(claims, Access) else "JWT"
    header = {"alg": ALGORITHM, "kid": key.kid, "typ": kind}
    built: dict[str, Any] = msgspec.to_builtins(claims)
    return jwt.encode(header, built, key, algorithms=[ALGORITHM])


def key_id(token: str) -> str:
    """Which of our keys it says that it was signed with. Raises Problem 401.

    Nothing else of it is believed before its signature was checked.
    """
    if len(token) > LONGEST:
        raise unauthenticated()
    try:
        header = jws.extract_compact(token.encode()).headers()
    except (JoseError, ValueError) as problem:
        raise unauthenticated() from problem
    named = header.get("kid")
    if header.get("alg") != ALGORITHM or not isinstance(named, str):
        raise unauthenticated()
    return named


def read(key: RSAKey, token: str, issuer: str, now: Instant) -> Access:
    """The claims of an access token of ours that is good now. Raises Problem 401."""
    try:
        opened = jwt.decode(token, key, algorithms=[ALGORITHM])
        claims = msgspec.convert(opened.claims, Access)
    except (JoseError, ValueError) as problem:
        raise unauthenticated() from problem
    is_in_time = claims.iat * SECOND - SKEW <= now < claims.exp * SECOND
    if opened.header.get("typ") != ACCESS or claims.iss != issuer or not is_in_time:
        raise unauthenticated()
    return claims
