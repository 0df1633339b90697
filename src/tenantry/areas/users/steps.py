"""Steps of signing in that wait for the next one, each found by a secret and used once.

Who holds the secret holds the step: it stands in a cookie or goes to a program, never in a log.
What a step is for is part of what it is found by, so that none passes for another.

Only so many are open at once, and the oldest go first: of a user, who has proved something, or of
a customer's strangers, who have proved nothing and may open only so many from where they are.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, insert, or_, select

from tenantry.areas.users import guesses
from tenantry.core.clock import MINUTE
from tenantry.core.context import Reading, Writing
from tenantry.core.secrets import new_token
from tenantry.core.security_tables import sign_in_steps
from tenantry.core.statements import Statement

LASTS = 10 * MINUTE
MOST_OF_USER = 10
"""Steps for one purpose: browsers and programs in which one person signs in at the same time."""
MOST_OF_STRANGERS = 5000
"""Steps for one purpose of a customer's: its people who all sign on in the same ten minutes."""
MOST_OF_ORIGIN = 300
"""What strangers may open from one address in fifteen minutes, where a whole office may sit."""

_S = sign_in_steps.c
_ADD = Statement(insert(sign_in_steps))
_OPEN = (_S.digest == bindparam("digest_of"), _S.expires_at > bindparam("now"))


class Step(msgspec.Struct, array_like=True, frozen=True):
    """A step that is open."""

    digest: bytes
    purpose: str
    customer_id: str
    user_id: str
    state: str

    @property
    def facts(self) -> dict[str, Any]:
        """What was kept with it."""
        facts: dict[str, Any] = msgspec.json.decode(self.state)
        return facts


_FIND = Statement(
    select(_S.digest, _S.purpose, _S.customer_id, _S.user_id, _S.state).where(*_OPEN), Step
)
_TAKE = Statement(delete(sign_in_steps).where(*_OPEN))
WAITING = ("enrol", "new password", "second factor")
"""What a step of signing in may wait for once a password was right."""
_VOID = Statement(
    delete(sign_in_steps).where(
        _S.customer_id == bindparam("customer"),
        _S.user_id == bindparam("user"),
        or_(*(_S.purpose == purpose for purpose in WAITING)),
    )
)
_OF = (
    _S.customer_id == bindparam("customer"),
    _S.user_id == bindparam("user"),
    _S.purpose == bindparam("of_purpose"),
)
_OLDEST = select(_S.digest).where(*_OF).order_by(_S.created_at.desc(), _S.digest)
_CROWD_OUT = {
    most: Statement(delete(sign_in_steps).where(_S.digest.in_(_OLDEST.offset(most - 1))))
    for most in (MOST_OF_USER, MOST_OF_STRANGERS)
}
_UPDATE = Statement(sign_in_steps.update().where(*_OPEN).values(state=bindparam("new_state")))


async def open_step(
    call: Writing, purpose: str, user_id: str, facts: Mapping[str, Any], *, lasts: int = LASTS
) -> str:
    """Open a step for a user of the call's customer, or for nobody yet; its secret, told once.

    Raises Problem 429 for strangers who open too many.
    """
    if not user_id:
        await _count_stranger(call)
    await call.run(
        _CROWD_OUT[MOST_OF_USER if user_id else MOST_OF_STRANGERS],
        customer=call.customer_id,
        user=user_id,
        of_purpose=purpose,
    )
    secret = new_token()
    await call.run(
        _ADD,
        digest=_digest(call, purpose, secret),
        purpose=purpose,
        customer_id=call.customer_id,
        user_id=user_id,
        state=msgspec.json.encode(facts).decode(),
        expires_at=call.now + lasts,
        created_at=call.now,
    )
    return secret


async def _count_stranger(call: Writing) -> None:
    here = guesses.subjects(call, f"step:{guesses.origin(call)}")
    await guesses.check(call, here, most=MOST_OF_ORIGIN)
    await guesses.count(call, here)


async def find_step(call: Reading, purpose: str, secret: str) -> Step | None:
    """The step that is open for a secret; None if it is used, expired or for something else.

    Its customer becomes the call's, so that a unit of work locks that customer's log.
    """
    if not secret:
        return None
    step = await call.one(_FIND, digest_of=_digest(call, purpose, secret), now=call.now)
    if step is not None and step.customer_id:
        call.customer_id = step.customer_id
    return step


async def take_step(call: Writing, purpose: str, secret: str) -> Step | None:
    """As `find_step`, and the step is used by that: of several at once, one gets it."""
    step = await find_step(call, purpose, secret)
    if step is None or not await call.run(_TAKE, digest_of=step.digest, now=call.now):
        return None
    return step


async def void_waiting(call: Writing, customer_id: str, user_id: str) -> None:
    """Close what waits for a user: it rests on what he proved himself by, and that has changed."""
    await call.run(_VOID, customer=customer_id, user=user_id)


async def change_step(call: Writing, step: Step, facts: Mapping[str, Any]) -> bool:
    """Keep other facts with an open step; whether it was still open."""
    state = msgspec.json.encode(facts).decode()
    return bool(await call.run(_UPDATE, digest_of=step.digest, now=call.now, new_state=state))


def _digest(call: Reading, purpose: str, secret: str) -> bytes:
    return call.keyring.digest(f"step\0{purpose}\0{secret}")
