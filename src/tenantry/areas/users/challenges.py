"""Challenges for passkeys: each for one purpose, good for ten minutes and once.

What a browser is asked to sign proves by itself that this server made it, and when. So a page can
be looked at without anything being written, by strangers too; only the use of a challenge is kept,
among the steps of signing in, where two uses at once collide.
"""

import hmac
import secrets

from tenantry.core.clock import MINUTE, SECOND
from tenantry.core.context import Reading, Writing
from tenantry.core.security_tables import sign_in_steps
from tenantry.core.statements import Statement

LASTS = 10 * MINUTE
_USE = Statement(
    lambda insert: insert(sign_in_steps).on_conflict_do_nothing(index_elements=["digest"])
)


def new_challenge(call: Reading, purpose: str) -> str:
    """One to be signed, as text."""
    made = f"{call.now // SECOND}.{secrets.token_urlsafe(24)}"
    return f"{made}.{_seal(call, purpose, made)}"


async def spend(call: Writing, purpose: str, challenge: str) -> bool:
    """Whether this is a challenge for that purpose which was not used before; now it is."""
    made, _, seal = challenge.rpartition(".")
    if not hmac.compare_digest(seal.encode(), _seal(call, purpose, made).encode()):
        return False
    made_at = int(made.partition(".")[0]) * SECOND
    if call.now >= made_at + LASTS:
        return False
    return bool(
        await call.run(
            _USE,
            digest=call.keyring.digest(f"challenge used\0{challenge}"),
            purpose="challenge used",
            customer_id=call.customer_id,
            user_id="",
            state="{}",
            expires_at=made_at + LASTS,
            created_at=call.now,
        )
    )


def _seal(call: Reading, purpose: str, made: str) -> str:
    return call.keyring.digest(f"challenge made\0{purpose}\0{made}").hex()
