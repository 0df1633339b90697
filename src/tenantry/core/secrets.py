"""Secrets: what is handed out, and the little of it that is kept.

Tokens and codes are random, so a keyed digest (HMAC-SHA-256) is enough to find them again and,
without the key, worth nothing: a copied database opens no door. Passwords are chosen by people
and get argon2id (OWASP Password Storage Cheat Sheet: t=2, m=19 MiB, p=1, or what is set).
"""

import asyncio
import base64
import hmac
import os
import secrets
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

T = TypeVar("T")

_NONCE_BYTES = 12
_KEY_BYTES = 32


# A running hash holds 19 MiB and a core: two at a time, so that passwords cannot starve requests.
def _new_pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=2, thread_name_prefix="passwords")


class PasswordCost(NamedTuple):
    """What argon2id spends on one password."""

    memory_kib: int = 19 * 1024
    time: int = 2
    """Passes over that memory."""
    parallelism: int = 1

    def is_enough(self) -> bool:
        """Whether it is at least one of the settings that OWASP holds to be the least."""
        return any(self.memory_kib >= memory and self.time >= time for memory, time in _LEAST)


# OWASP Password Storage Cheat Sheet: KiB and passes, each as strong as the others.
_LEAST = ((46 * 1024, 1), (19 * 1024, 2), (12 * 1024, 3), (9 * 1024, 4), (7 * 1024, 5))


class _Hashing:
    """How this process hashes passwords."""

    def __init__(self, cost: PasswordCost) -> None:
        self.cost = cost
        self.hasher = PasswordHasher(
            time_cost=cost.time, memory_cost=cost.memory_kib, parallelism=cost.parallelism
        )
        # Verified when there is no password to verify, so that the time taken tells nothing.
        self.nobody = self.hasher.hash(secrets.token_hex())


_POOL = _new_pool()
_HASHING = _Hashing(PasswordCost())


def set_password_cost(cost: PasswordCost) -> None:
    """Hash passwords at that cost from now on, in this process; what is stored still opens."""
    global _HASHING  # noqa: PLW0603 - one cost a process
    if cost != _HASHING.cost:
        _HASHING = _Hashing(cost)


def new_token() -> str:
    """32 characters of `[A-Za-z0-9_-]`, 192 random bits (contract: identity §1.3).

    The first is a letter or a digit: command lines take what begins with a dash for an option.
    """
    token = secrets.token_urlsafe(24)
    return token if token[0].isalnum() else new_token()


class Keyring:
    """Everything that needs the installation's secret key."""

    def __init__(self, key: bytes) -> None:
        """Take the key; 32 random bytes."""
        # Copied for each digest: to take in the key every time takes longer than all the rest.
        self._keyed = hmac.new(key, digestmod="sha256")

    def digest(self, secret: str) -> bytes:
        """What is stored of a token or code."""
        mac = self._keyed.copy()
        mac.update(secret.encode())
        return mac.digest()

    def code_for(self, purpose: str, row_id: str) -> str:
        """The secret of a mailed link: derived from its row, so that it is stored nowhere."""
        digest = self.digest(f"{purpose}:{row_id}")
        return base64.urlsafe_b64encode(digest[:24]).decode()

    def seal(self, purpose: str, row_id: str, secret: bytes) -> str:
        """A secret that is needed again, as it may be stored: only in that row, for that purpose.

        AES-256-GCM (NIST SP 800-38D) with a random nonce, under a key of the purpose's own.
        """
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._cipher(purpose).encrypt(nonce, secret, row_id.encode())
        return base64.urlsafe_b64encode(nonce + sealed).decode()

    def unseal(self, purpose: str, row_id: str, sealed: str) -> bytes:
        """What was sealed. Raises ValueError if it is of another row, purpose or key, or broken."""
        raw = base64.urlsafe_b64decode(sealed)
        try:
            return self._cipher(purpose).decrypt(
                raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], row_id.encode()
            )
        except InvalidTag as problem:
            raise ValueError("what was sealed can't be opened") from problem

    def _cipher(self, purpose: str) -> AESGCM:
        return AESGCM(self.digest(f"tenantry: seal {purpose}"))

    def fingerprint(self) -> str:
        """Tells two keys apart without telling either."""
        return self.digest("tenantry: which key is this")[:8].hex()


def read_key(path: Path, *, makes: bool) -> Keyring:
    """The key kept in a file; if it is not there and may be made, one is, with mode 0600.

    Its folder is not made. Raises ValueError if the file holds something else, OSError if it can't
    be read or written.
    """
    try:
        text = path.read_text("ascii").strip()
    except FileNotFoundError:
        if not makes:
            raise
        text = _make_key_file(path)
    return parse_key(text)


def parse_key(text: str) -> Keyring:
    """A key written as 64 hexadecimal digits. Raises ValueError."""
    key = bytes.fromhex(text)
    if len(key) != _KEY_BYTES:
        message = f"a secret key has {_KEY_BYTES * 2} hexadecimal digits, not {len(text)}"
        raise ValueError(message)
    return Keyring(key)


def _make_key_file(path: Path) -> str:
    text = secrets.token_hex(_KEY_BYTES)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(
        os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR), "w"
    ) as file:
        file.write(text + "\n")
    try:
        # Linking refuses to replace: of two first starts at once, one key wins for both.
        path.hardlink_to(draft)
    except FileExistsError:
        text = path.read_text("ascii").strip()
    finally:
        draft.unlink()
    return text


def _renew_pool() -> None:
    """Begin anew in a forked process: it inherits the pool, but none of the pool's threads."""
    global _POOL  # noqa: PLW0603 - one pool a process
    _POOL = _new_pool()


os.register_at_fork(after_in_child=_renew_pool)


async def off_the_loop(work: Callable[..., T], *given: Any) -> T:
    """What a long look at a password finds, with two such looks at a time in a process."""
    return await asyncio.get_running_loop().run_in_executor(_POOL, work, *given)


async def hash_password(password: str) -> str:
    """The argon2id string that is stored; made off the event loop (about 50 ms)."""
    return await off_the_loop(_HASHING.hasher.hash, password)


async def password_matches(stored: str | None, password: str) -> bool:
    """Whether this is the password. Takes as long when there is none."""
    matches = await off_the_loop(_verify, stored or _HASHING.nobody, password)
    return matches and stored is not None


def _verify(stored: str, password: str) -> bool:
    try:
        return _HASHING.hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


def needs_rehash(stored: str) -> bool:
    """Whether a stored password was made with other parameters than today's."""
    return _HASHING.hasher.check_needs_rehash(stored)
