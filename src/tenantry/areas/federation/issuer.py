"""What a provider says of itself: its discovery document and its keys.

Both are remembered for an hour. Keys are looked up again when none of them fits, so that a provider
can change them at any time: once in a sign-in, after the provider itself has taken the code.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Generic, TypeVar
from weakref import WeakValueDictionary

import msgspec

from tenantry.areas.federation.fetching import Failed, checked_url, fetch_json
from tenantry.core.clock import HOUR, SECOND, Instant
from tenantry.core.context import Reading

T = TypeVar("T")

LASTS, FAILURE_LASTS = HOUR, 10 * SECOND
AS_OF_NOW = 1
"""How old an answer may be that is to be of this very request."""
MOST = 256
"""Providers that are remembered."""
MOST_KEYS = 64
MOST_WORDS, LONGEST_WORD = 500, 255
"""Of a list in a discovery document, as far as it is remembered."""
LONGEST_MEMBER = 2048
"""Characters, of a member of a key: the longest key that is taken has 1366."""
_MEMBERS = ("alg", "crv", "e", "kid", "kty", "n", "use", "x", "y")
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")
"""Of signatures that are believed; none is without a key of its own, and none has a shared one."""


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """A discovery document, as far as it matters here (OpenID Connect Discovery 1.0 §3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    response_types_supported: tuple[str, ...] = ("code",)
    id_token_signing_alg_values_supported: tuple[str, ...] = ("RS256",)
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    code_challenge_methods_supported: tuple[str, ...] | None = None
    scopes_supported: tuple[str, ...] | None = None
    authorization_response_iss_parameter_supported: bool = False


class _KeySet(msgspec.Struct):
    keys: list[dict[str, Any]]


class Remembered(msgspec.Struct, Generic[T]):
    """What was found when, or why it was not."""

    at: Instant
    found: T | None
    failure: Failed | None = None


def _is_good(kept: Remembered[T] | None, now: Instant) -> bool:
    """Whether an answer still counts: a server that fails for a moment does not take it back."""
    return kept is not None and kept.failure is None and now - kept.at < LASTS


class _Memory(Generic[T]):
    """The newest answers, a bounded number of them; one question at a time about each."""

    def __init__(self) -> None:
        self._kept: dict[str, Remembered[T]] = {}
        # Each as long as somebody asks: who chooses the names must not make us keep them.
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def get(
        self, name: str, now: Instant, stays: Instant, ask: Callable[[], Awaitable[T]]
    ) -> T:
        """What was found at most so long ago, or is found now. Raises Failed."""
        lock = self._locks.setdefault(name, asyncio.Lock())
        async with lock:
            kept = self._kept.get(name)
            if kept is None or now - kept.at >= (FAILURE_LASTS if kept.failure else stays):
                newer = await self._asked(now, ask)
                if newer.failure is None or not _is_good(kept, now):
                    self._kept[name] = newer
                    self._forget_oldest()
                kept = newer
        if kept.failure is not None:
            raise Failed(*kept.failure.args) from kept.failure
        assert kept.found is not None  # noqa: S101 - one of the two is there
        return kept.found

    @staticmethod
    async def _asked(now: Instant, ask: Callable[[], Awaitable[T]]) -> Remembered[T]:
        try:
            return Remembered(now, await ask())
        except Failed as failure:
            return Remembered(now, None, failure)

    def forget(self, name: str) -> None:
        """Ask anew the next time."""
        self._kept.pop(name, None)

    def _forget_oldest(self) -> None:
        while len(self._kept) > MOST:
            oldest = min(self._kept, key=lambda name: self._kept[name].at)
            del self._kept[oldest]


_documents: _Memory[Metadata] = _Memory()
_key_sets: _Memory[list[dict[str, Any]]] = _Memory()


def forget(issuer: str) -> None:
    """Look at a provider anew, because it is being set up."""
    _documents.forget(issuer)


async def discover(call: Reading, issuer: str) -> Metadata:
    """A provider's discovery document, where it is one that can be worked with. Raises Failed."""

    async def ask() -> Metadata:
        url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        found: Metadata = await fetch_json(call.provider_networks, url, Metadata)
        wrong = problems(call, issuer, found)
        if wrong:
            raise Failed(wrong[0])
        return lean_document(found)

    return await _documents.get(issuer, call.now, LASTS, ask)


def problems(call: Reading, issuer: str, found: Metadata) -> list[str]:
    """What is wrong with a discovery document, as sentences."""
    wrong = []
    if found.issuer != issuer:
        # Also how one provider passes itself off as another (RFC 9207 §1).
        wrong.append(f"says that its issuer is '{found.issuer[:255]}'")
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"):
        url = getattr(found, name)
        try:
            if url or name != "userinfo_endpoint":
                checked_url(url, call.provider_networks)
        except Failed as failure:
            wrong.append(f"names a {name} that {failure}")
    if "code" not in found.response_types_supported:
        wrong.append("does not offer the authorization code flow")
    if not set(ALGORITHMS) & set(found.id_token_signing_alg_values_supported):
        wrong.append(f"signs in none of these ways: {', '.join(ALGORITHMS)}")
    methods = found.code_challenge_methods_supported
    if methods is not None and "S256" not in methods:
        wrong.append("does not take PKCE with S256")
    return wrong


async def keys(call: Reading, found: Metadata, *, stays: Instant = LASTS) -> list[dict[str, Any]]:
    """A provider's keys, found at most so long ago. Raises Failed."""

    async def ask() -> list[dict[str, Any]]:
        key_set: _KeySet = await fetch_json(call.provider_networks, found.jwks_uri, _KeySet)
        if not key_set.keys:
            raise Failed("has no keys")
        return [lean_key(key) for key in key_set.keys[:MOST_KEYS]]

    return await _key_sets.get(found.jwks_uri, call.now, stays, ask)


def lean_key(key: Mapping[str, Any]) -> dict[str, Any]:
    """What matters of a key: a provider could have us keep anything beside it. Null is none."""
    given = {name: key.get(name) for name in _MEMBERS}
    lean: dict[str, Any] = {name: _member(x) for name, x in given.items() if x is not None}
    operations = key.get("key_ops")
    if isinstance(operations, list):
        lean["key_ops"] = ["verify"] if "verify" in operations else []
    return lean


def _member(value: Any) -> str:
    """What it is, or what fits nothing."""
    return value if isinstance(value, str) and len(value) <= LONGEST_MEMBER else ""


def lean_document(found: Metadata) -> Metadata:
    """Likewise of a discovery document, whose lists have no end of their own."""
    lists = {name: getattr(found, name) for name in Metadata.__struct_fields__}
    return msgspec.structs.replace(
        found,
        **{
            name: tuple(word for word in words[:MOST_WORDS] if len(word) <= LONGEST_WORD)
            for name, words in lists.items()
            if isinstance(words, tuple)
        },
    )
