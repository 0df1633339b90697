"""The keys that sign checkpoints: Ed25519 (RFC 8032), one generation after the other.

A private key is derived from the installation's secret and its generation (HKDF-Expand, RFC 5869
§2.3), so there is nothing more to keep safe, and every process has it. What is stored is public:
old keys stay published for who checks what they signed, also when the secret was changed. The
first checkpoint that is kept writes its key down; until then it is worked out at each question.
"""

import base64
import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)
from sqlalchemy import select

from tenantry.core import schema
from tenantry.core.chain import canonical
from tenantry.core.checkpoint_tables import signing_keys
from tenantry.core.clock import Instant, shown
from tenantry.core.secrets import Keyring
from tenantry.core.session import Reads
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit


class PublicKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as it is published; the signature is that of the key before, over all the rest."""

    format: int = 1
    algorithm: str = "Ed25519"
    generation: int
    key_id: str
    """The first 16 hexadecimal digits of the SHA-256 of the key in DER (RFC 8410)."""
    public_key: str
    """PEM."""
    created_at: str
    previous_key_id: str | None = None
    signature: str | None = None


class SigningKey(msgspec.Struct, frozen=True):
    """The private key of a generation, and how it is published."""

    private: Ed25519PrivateKey
    published: PublicKey
    is_kept: bool
    """Whether its public half is written down."""

    def signed(self, document: Any) -> str:
        """The signature of a document's canonical text, in base64."""
        return base64.b64encode(self.private.sign(text_of(document))).decode()


_KEYS = Statement(select(signing_keys).order_by(signing_keys.c.generation))
_BEGUN = Statement(select(schema.installation.c.created_at))
_KEEP = Statement(
    lambda insert_: insert_(signing_keys).on_conflict_do_nothing(index_elements=["generation"])
)


def text_of(document: Any) -> bytes:
    """What of a document is signed: its canonical JSON (RFC 8785), without the signature."""
    members = msgspec.to_builtins(document).items()
    return canonical({name: value for name, value in members if name != "signature"})


def is_signed(document: Any, public_key: str) -> bool:
    """Whether a document's signature is that of a key, in PEM."""
    key = load_pem_public_key(public_key.encode())
    if not isinstance(key, Ed25519PublicKey):
        return False
    try:
        key.verify(base64.b64decode(document.signature), text_of(document))
    except (InvalidSignature, ValueError):
        return False
    return True


def trusted(
    keyring: Keyring, published: Sequence[PublicKey], known: Sequence[PublicKey] = ()
) -> dict[str, str]:
    """Keys that may sign, in PEM by their ids: who has the database can publish what he likes.

    They are those that the secret makes, those that are `known` from elsewhere, and those that one
    of these has signed.
    """
    keys = {id_of(one.public_key): one.public_key for one in known}
    for one in published:
        is_ours = derived(keyring, one.generation, 0).published.public_key == one.public_key
        by = keys.get(one.previous_key_id or "")
        if is_ours or (by is not None and one.signature is not None and is_signed(one, by)):
            keys[id_of(one.public_key)] = one.public_key
    return keys


def id_of(public_key: str) -> str:
    """The id of a key in PEM. Raises ValueError."""
    key = load_pem_public_key(public_key.encode())
    return _id_of(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def _id_of(der: bytes) -> str:
    return hashlib.sha256(der).hexdigest()[:16]


async def signing_key(rows: Reads, keyring: Keyring) -> SigningKey:
    """The key that signs now: the newest generation, or the next if the secret was changed."""
    known = [_read(*row) for row in await rows.all(_KEYS)]
    if known:
        key = derived(keyring, known[-1].generation, 0)
        if key.published.key_id == known[-1].key_id:
            return SigningKey(key.private, known[-1], is_kept=True)
    begun = await rows.one(_BEGUN)
    return derived(keyring, known[-1].generation + 1 if known else 1, begun[0] if begun else 0)


def derived(keyring: Keyring, generation: int, created_at: Instant) -> SigningKey:
    """The key of a generation, not written down yet."""
    # No token or code that is digested ends so: see `Keyring.digest`.
    seed = keyring.digest(f"tenantry signing key:{generation}\x01")
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public, form = private.public_key(), PublicFormat.SubjectPublicKeyInfo
    published = PublicKey(
        generation=generation,
        key_id=_id_of(public.public_bytes(Encoding.DER, form)),
        public_key=public.public_bytes(Encoding.PEM, form).decode(),
        created_at=shown(created_at),
    )
    return SigningKey(private, published, is_kept=False)


async def public_keys(rows: Reads, keyring: Keyring) -> list[PublicKey]:
    """Every key that ever signed, oldest first."""
    kept = [_read(*row) for row in await rows.all(_KEYS)]
    newest = await signing_key(rows, keyring)
    return kept if newest.is_kept else [*kept, newest.published]


async def keep(unit: Unit, keyring: Keyring) -> SigningKey:
    """The key that signs now, written down."""
    key = await signing_key(unit, keyring)
    if not key.is_kept:
        await _write(unit, key.published, unit.now)
    return key


async def rotate(unit: Unit, keyring: Keyring) -> PublicKey:
    """Begin a new generation, which the one before signs. The old keys stay published."""
    old = await keep(unit, keyring)
    generation = old.published.generation + 1
    new = derived(keyring, generation, unit.now).published
    new = msgspec.structs.replace(new, previous_key_id=old.published.key_id)
    new = msgspec.structs.replace(new, signature=old.signed(new))
    await _write(unit, new, unit.now)
    return new


async def _write(unit: Unit, key: PublicKey, now: Instant) -> None:
    await unit.run(
        _KEEP,
        generation=key.generation,
        key_id=key.key_id,
        public_key=key.public_key,
        previous_key_id=key.previous_key_id,
        signature=key.signature,
        created_at=now,
    )


def _read(  # noqa: PLR0913, PLR0917 - a row's columns
    generation: int,
    key_id: str,
    public_key: str,
    previous_key_id: str | None,
    signature: str | None,
    created_at: Instant,
) -> PublicKey:
    return PublicKey(
        generation=generation,
        key_id=key_id,
        public_key=public_key,
        created_at=shown(created_at),
        previous_key_id=previous_key_id,
        signature=signature,
    )
