"""The id of a refusal: it holds the facts itself, sealed, so that nothing is stored.

Whoever is refused is handed one; looking it up tells what was refused, and why, as of then.
"""

import base64
import hmac

import msgspec

from tenantry.core.clock import Instant
from tenantry.core.secrets import Keyring

_SEAL_BYTES = 16
_LONGEST = 2000


class Refusal(msgspec.Struct, frozen=True, array_like=True):
    """What is known of a 403 where it is answered."""

    operation: str
    token_id: str
    permission: str | None
    service_id: str | None
    title: str
    sequence: int
    """The number of the customer's newest event when the caller was identified."""
    at: Instant


def sealed(keyring: Keyring, customer_id: str, refusal: Refusal) -> str:
    """The id, for its customer alone: base64url of the facts and a truncated HMAC."""
    facts = msgspec.json.encode(refusal)
    text = base64.urlsafe_b64encode(_seal(keyring, customer_id, facts) + facts)
    return text.decode().rstrip("=")


def opened(keyring: Keyring, customer_id: str, text: str) -> Refusal | None:
    """The facts; None for an id that is another customer's, or was never handed out."""
    if len(text) > _LONGEST:
        return None
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
    except ValueError:
        return None
    seal, facts = raw[:_SEAL_BYTES], raw[_SEAL_BYTES:]
    if not hmac.compare_digest(seal, _seal(keyring, customer_id, facts)):
        return None
    return msgspec.json.decode(facts, type=Refusal)


def _seal(keyring: Keyring, customer_id: str, facts: bytes) -> bytes:
    # No token or code is digested with such a beginning: an id tells nothing about any of them.
    text = f"tenantry decision:{customer_id}:{base64.b64encode(facts).decode()}"
    return keyring.digest(text)[:_SEAL_BYTES]
