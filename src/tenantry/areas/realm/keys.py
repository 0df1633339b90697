"""The keys that sign what this server says as an identity provider (RFC 7517).

The first is made when it is first needed; the private half is sealed with the installation's
secret, and a key that another one sealed is nobody's. A key that was replaced stays published while
what it signed is good.
"""

import asyncio
from functools import lru_cache

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from sqlalchemy import bindparam, insert, or_, select, update

from tenantry.areas.realm import web_tokens
from tenantry.core import schema
from tenantry.core.context import Reading, Writing
from tenantry.core.secrets import Keyring
from tenantry.core.security_tables import provider_keys
from tenantry.core.session import Reads
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit

BITS = 3072
"""As strong as a symmetric key of 128 bits (NIST SP 800-57, part 1, table 2)."""
PURPOSE = "provider key"

_K = provider_keys.c


class ProviderKey(msgspec.Struct, array_like=True, frozen=True):
    """A key as it is stored."""

    id: str
    """Its thumbprint (RFC 7638)."""
    private_key: str
    public_key: str


class PublishedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as programs get it (RFC 7517 §4)."""

    kty: str
    use: str
    alg: str
    kid: str
    n: str
    e: str


_COLUMNS = (_K.id, _K.private_key, _K.public_key)
_STANDING = Statement(
    select(*_COLUMNS)
    .where(or_(_K.retired_at.is_(None), _K.retired_at > bindparam("since")))
    .order_by(_K.created_at.desc(), _K.id),
    ProviderKey,
)
_CURRENT = Statement(
    select(*_COLUMNS).where(_K.retired_at.is_(None)).order_by(_K.created_at.desc(), _K.id),
    ProviderKey,
)
_ADD = Statement(insert(provider_keys))
_RETIRE = Statement(
    update(provider_keys).where(_K.retired_at.is_(None)).values(retired_at=bindparam("now"))
)
# Whoever makes a key holds this row: of two processes at once, the second finds the first's.
_LOCK = Statement(select(schema.installation.c.id).with_for_update())


async def published(call: Reading) -> list[PublishedKey]:
    """Every key that something which is still good may have been signed with, newest first."""
    standing = await call.all(_STANDING, since=call.now - web_tokens.LIFE)
    return [
        msgspec.json.decode(key.public_key, type=PublishedKey)
        for key in standing
        if _is_ours(call.keyring, key)
    ]


async def find_public(call: Reading, key_id: str) -> RSAKey | None:
    """The public half of one of those keys."""
    for key in await published(call):
        if key.kid == key_id:
            return RSAKey.import_key(msgspec.to_builtins(key))
    return None


async def spare(call: Reading) -> RSAKey | None:
    """A new key, if there is none that can sign; made off the event loop (about half a second)."""
    current = await call.rows.all(_CURRENT)
    # To open one takes a tenth of a second; what is found is kept for the unit of work.
    if current and await asyncio.to_thread(_opened, call.keyring, current[0]) is not None:
        return None
    return await asyncio.to_thread(generated)


async def signing(call: Writing, spare_key: RSAKey | None) -> RSAKey:
    """The key that signs now; the spare one becomes it if there still is none."""
    key = await _signing(call.unit, call.keyring)
    if key is not None:
        return key
    await call.unit.all(_LOCK)
    key = await _signing(call.unit, call.keyring)
    if key is not None:
        return key
    if spare_key is None:
        spare_key = await asyncio.to_thread(generated)
    await _begin(call.unit, call.keyring, spare_key)
    return spare_key


async def rotate(unit: Unit, keyring: Keyring) -> str:
    """Begin a new key; its id. What the old one signed is good to its end (five minutes)."""
    key = await asyncio.to_thread(generated)
    await unit.all(_LOCK)
    await _begin(unit, keyring, key)
    return key.thumbprint()


async def _signing(rows: Reads, keyring: Keyring) -> RSAKey | None:
    current = await rows.all(_CURRENT)
    return _opened(keyring, current[0]) if current else None


async def _begin(unit: Unit, keyring: Keyring, key: RSAKey) -> None:
    await unit.run(_RETIRE, now=unit.now)
    key_id = key.thumbprint()
    public = {**key.as_dict(private=False), "kid": key_id, "use": "sig"}
    await unit.run(
        _ADD,
        id=key_id,
        private_key=keyring.seal(PURPOSE, key_id, key.as_der(private=True)),
        public_key=msgspec.json.encode(public | {"alg": web_tokens.ALGORITHM}).decode(),
        created_at=unit.now,
        retired_at=None,
    )


def generated() -> RSAKey:
    """A new private key."""
    return RSAKey.generate_key(BITS, private=True, auto_kid=True)


@lru_cache(maxsize=16)
def _is_ours(keyring: Keyring, key: ProviderKey) -> bool:
    """Whether today's secret sealed the private half of it: who has the database can write any."""
    try:
        keyring.unseal(PURPOSE, key.id, key.private_key)
        public = RSAKey.import_key(msgspec.json.decode(key.public_key))
    except (JoseError, ValueError):
        return False
    return public.thumbprint() == key.id


@lru_cache(maxsize=4)
def _opened(keyring: Keyring, key: ProviderKey) -> RSAKey | None:
    """The private half; None if it was sealed with another secret than today's."""
    try:
        private = keyring.unseal(PURPOSE, key.id, key.private_key)
    except ValueError:
        return None
    return RSAKey.import_key(private, {"kid": key.id})
