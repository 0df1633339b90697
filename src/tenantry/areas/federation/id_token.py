"""Whether an ID token is what it says (OpenID Connect Core 1.0 §3.1.3.7, RFC 8725)."""

import base64
import hashlib
import importlib
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tenantry.areas.federation.fetching import Failed
from tenantry.areas.federation.issuer import ALGORITHMS
from tenantry.core.clock import SECOND, Instant

LONGEST = 32 * 1024
SKEW = 60
"""Seconds by which another server's clock may differ."""
OLDEST = 600
"""Seconds ago that it was issued, at most: a sign-in takes no longer."""
LONGEST_SUBJECT = 255
_KINDS = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "EdDSA": "OKP", "Ed25519": "OKP"}
_CURVES = {"ES256": "P-256", "EdDSA": "Ed25519", "Ed25519": "Ed25519"}
_HASHES = {"EdDSA": "sha512", "Ed25519": "sha512"}
"""What an algorithm hashes with, where it is not SHA-256 (RFC 8032 §5.1)."""
_SHORTEST_RSA, _LONGEST_RSA = 2048, 8192

Claims = Mapping[str, Any]
Keys = Sequence[Mapping[str, Any]]


class Unproven(Failed):
    """None of the keys at hand has signed it; maybe a newer one has."""


class Expected(msgspec.Struct, frozen=True):
    """What an ID token has to say."""

    issuer: str
    client_id: str
    nonce: str
    now: Instant
    access_token: str | None = None
    """That came along."""


def verified(token: str, keys: Keys, expected: Expected) -> Claims:
    """What a token claims, once its signature and all that it has to say are right.

    Raises Failed, Unproven.
    """
    if len(token) > LONGEST or token.count(".") != 2:  # noqa: PLR2004 - header, claims, signature
        raise Failed("sent an ID token that is none")
    header = _header(token)
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS:
        raise Failed("signed its ID token in a way that is not trusted")
    claims = _opened(token, algorithm, _candidates(keys, algorithm, header.get("kid")))
    _check(claims, expected)
    _check_access_token(claims, algorithm, expected.access_token)
    return claims


def _header(token: str) -> dict[str, Any]:
    jose = importlib.import_module("joserfc.jws")
    try:
        header: dict[str, Any] = jose.extract_compact(token.encode("ascii")).headers()
    except Exception as problem:  # whatever a stranger sends, the library finds a way to say no
        raise Failed("sent an ID token that can't be read") from problem
    if "crit" in header:
        raise Failed("sent an ID token with extensions that are not known")
    return header


def _candidates(keys: Keys, algorithm: str, key_id: Any) -> list[Mapping[str, Any]]:
    """The keys that may have signed it. Raises Unproven."""
    fitting = [one for one in keys if _fits(one, algorithm)]
    if key_id is not None:
        fitting = [one for one in fitting if one.get("kid") == key_id]
    if not fitting:
        raise Unproven("signed its ID token with a key that it does not publish")
    if len(fitting) > 1:
        raise Failed("does not say with which of its keys it signed the ID token")
    return fitting


def usable(key: Mapping[str, Any]) -> bool:
    """Whether a key can check any ID token at all."""
    return any(_fits(key, algorithm) for algorithm in ALGORITHMS)


def _fits(key: Mapping[str, Any], algorithm: str) -> bool:
    operations = key.get("key_ops")
    return (
        key.get("kty") == _KINDS[algorithm]
        and key.get("crv") == _CURVES.get(algorithm)
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and (not isinstance(operations, list) or "verify" in operations)
    )


def _opened(token: str, algorithm: str, keys: list[Mapping[str, Any]]) -> dict[str, Any]:
    jws, jwk = (importlib.import_module(f"joserfc.{name}") for name in ("jws", "jwk"))
    public = {name: keys[0][name] for name in ("kty", "n", "e", "crv", "x", "y") if name in keys[0]}
    try:
        with warnings.catch_warnings():
            # That EdDSA is called Ed25519 by now (RFC 9864), and of keys that are refused below.
            warnings.simplefilter("ignore")
            key = jwk.import_key(public)
            _check_size(key, algorithm)
            opened = jws.deserialize_compact(token, key, algorithms=[algorithm])
        claims = msgspec.json.decode(opened.payload, type=dict[str, Any])
    except Failed:
        raise
    except Exception as problem:  # likewise: a key or a signature that is none
        raise Unproven("sent an ID token whose signature is wrong") from problem
    return claims


def _check_size(key: Any, algorithm: str) -> None:
    if _KINDS[algorithm] != "RSA":
        return
    bits = key.public_key.key_size
    if not _SHORTEST_RSA <= bits <= _LONGEST_RSA:
        raise Failed(f"signs with a key of {bits} bits")


def _check(claims: Claims, expected: Expected) -> None:
    """Raises Failed."""
    if claims.get("iss") != expected.issuer:
        raise Failed("sent an ID token of another issuer")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    party = claims.get("azp")
    if expected.client_id not in audiences or (party is None and len(audiences) > 1):
        raise Failed("sent an ID token that is not for this server")
    if party is not None and party != expected.client_id:
        raise Failed("sent an ID token that was issued to somebody else")
    if claims.get("nonce") != expected.nonce:
        raise Failed("sent an ID token of another sign-in")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject.isprintable():
        raise Failed("sent an ID token that names nobody")
    if not 0 < len(subject) <= LONGEST_SUBJECT:
        raise Failed("sent an ID token that names nobody")
    _check_times(claims, expected.now // SECOND)


def _check_access_token(claims: Claims, algorithm: str, access_token: str | None) -> None:
    """Where the token says which access token belongs to it, it is that one (§3.1.3.8).

    Raises Failed.
    """
    if access_token is None or "at_hash" not in claims:
        return
    digest = hashlib.new(_HASHES.get(algorithm, "sha256"), access_token.encode()).digest()
    half = base64.urlsafe_b64encode(digest[: len(digest) // 2]).decode().rstrip("=")
    if claims["at_hash"] != half:
        raise Failed("sent an ID token that belongs to another access token")


def _check_times(claims: Claims, now: int) -> None:
    expires, issued = _seconds(claims, "exp"), _seconds(claims, "iat")
    starts = _seconds(claims, "nbf") if "nbf" in claims else issued
    if now >= expires + SKEW:
        raise Failed("sent an ID token that has expired")
    if issued > now + SKEW or starts > now + SKEW:
        raise Failed("sent an ID token of the future; the clocks of the two servers differ")
    if issued < now - OLDEST:
        raise Failed("sent an ID token that is too old")


def asked_at(claims: Claims, now: Instant) -> Instant | None:
    """When the provider asked somebody who he is, if it says so (§2, `auth_time`)."""
    told = claims.get("auth_time")
    if not isinstance(told, int | float) or isinstance(told, bool):
        return None
    return int(min(max(told, 0), now // SECOND)) * SECOND


def _seconds(claims: Claims, name: str) -> float:
    value = claims.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise Failed("sent an ID token without its times")
    return value
