"""Authorization codes: what a browser carries from the page of consent to the program.

A code is good for a minute and once. One that comes twice was read by somebody else as well: what
the first brought ends with it (RFC 6749 §4.1.2).
"""

from typing import Any

import msgspec

from tenantry.areas.realm import pkce
from tenantry.areas.realm.asked import Asked, refusal
from tenantry.areas.users import steps
from tenantry.core.clock import MINUTE, Instant
from tenantry.core.context import Reading, Writing
from tenantry.core.ids import new_id

LIFE = MINUTE
PURPOSE = "authorization code"


class Agreed(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody agreed to, and how he had proved who he is."""

    client_id: str
    redirect_uri: str
    audience: str
    code_challenge: str
    nonce: str | None
    session_id: str
    """Of the browser."""
    methods: list[str]
    signed_in_at: Instant
    family: str
    """What will come of it: see `grants`."""
    good_until: Instant
    is_spent: bool = False


class Code(msgspec.Struct, frozen=True):
    """A code that was found."""

    step: steps.Step
    agreed: Agreed


class Browser(msgspec.Struct, frozen=True):
    """The session in which somebody agrees."""

    session_id: str
    user_id: str
    methods: list[str]
    signed_in_at: Instant


async def issue(call: Writing, asked: Asked, browser: Browser) -> str:
    """A new code; told to nobody but the browser."""
    agreed = Agreed(
        client_id=asked.client_id,
        redirect_uri=asked.redirect_uri,
        audience=asked.audience,
        code_challenge=asked.code_challenge,
        nonce=asked.nonce,
        session_id=browser.session_id,
        methods=browser.methods,
        signed_in_at=browser.signed_in_at,
        family=new_id(),
        good_until=call.now + LIFE,
    )
    facts: dict[str, Any] = msgspec.to_builtins(agreed)
    # The row outlives the code, so that a second use is known for what it is.
    return await steps.open_step(call, PURPOSE, browser.user_id, facts)


async def find(call: Reading, code: str) -> Code | None:
    """What stands behind a code, spent or not; its customer becomes the call's."""
    step = await steps.find_step(call, PURPOSE, code)
    return None if step is None else Code(step, msgspec.convert(step.facts, Agreed))


async def spend(call: Writing, code: Code) -> None:
    """Nobody can use it again; the unit must hold the customer's log, so that nobody else does."""
    spent = msgspec.structs.replace(code.agreed, is_spent=True)
    await steps.change_step(call, code.step, msgspec.to_builtins(spent))


class Redemption(msgspec.Struct, frozen=True, kw_only=True):
    """How a program redeems a code (RFC 6749 §4.1.3)."""

    code: str
    client_id: str
    redirect_uri: str
    code_verifier: str


def check(agreed: Agreed, given: Redemption, now: Instant) -> None:
    """Refuse who is not the one that asked. Raises Problem 400."""
    if now >= agreed.good_until:
        raise refusal("invalid_grant", "the code has expired")
    if given.client_id != agreed.client_id:
        raise refusal("invalid_grant", "the code was issued to another client")
    if given.redirect_uri != agreed.redirect_uri:
        raise refusal("invalid_grant", "redirect_uri is not the one of the request")
    if not pkce.proves(given.code_verifier, agreed.code_challenge):
        raise refusal("invalid_grant", "code_verifier does not match code_challenge")
