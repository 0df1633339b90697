"""Authenticator apps: one-time passwords by time (RFC 6238), each good once.

One that was begun counts for nothing until a code of it confirms that the app has taken it in.
"""

import base64
import hmac
import secrets

import msgspec
import pyotp
from sqlalchemy import bindparam, delete, insert, select, update

from tenantry.areas.users.model import UserRow
from tenantry.core.clock import MINUTE, SECOND, Instant
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import bad_request, not_found
from tenantry.core.ids import new_id
from tenantry.core.security_tables import authenticators
from tenantry.core.statements import Statement

DIGITS = 6
STEP = 30 * SECOND
DRIFT = 1
"""Steps by which the clock of somebody's telephone may be off, either way (RFC 6238 §5.2)."""
SECRET_BYTES = 20
"""As many as SHA-1's output has (RFC 4226 §4), which is the one hash that every app knows."""
OPEN_FOR = 30 * MINUTE
"""How long one that was begun waits for its first code."""
MOST = 10
ISSUER = "Tenantry"
_PURPOSE = "authenticator"

_A = authenticators.c
_MINE = (_A.customer_id == bindparam("customer"), _A.user_id == bindparam("user"))
_THIS = (*_MINE, _A.id == bindparam("authenticator"))


class Authenticator(msgspec.Struct, array_like=True, frozen=True):
    """One of a user's."""

    id: str
    name: str
    secret: str
    """Sealed."""
    confirmed_at: Instant | None
    last_step: int
    created_at: Instant

    @property
    def used_at(self) -> Instant:
        """About when its newest code was used."""
        return self.last_step * STEP


_COLUMNS = (_A.id, _A.name, _A.secret, _A.confirmed_at, _A.last_step, _A.created_at)
_LIST = Statement(select(*_COLUMNS).where(*_MINE).order_by(_A.created_at, _A.id), Authenticator)
_FIND = Statement(select(*_COLUMNS).where(*_THIS), Authenticator)
_ADD = Statement(insert(authenticators))
_CONFIRM = Statement(
    update(authenticators)
    .where(*_THIS, _A.confirmed_at.is_(None))
    .values(confirmed_at=bindparam("now"), last_step=bindparam("step"))
)
# Of two that bring one code at the same instant, one finds its step used.
_USE = Statement(
    update(authenticators)
    .where(*_THIS, _A.confirmed_at.is_not(None), _A.last_step < bindparam("step"))
    .values(last_step=bindparam("step"))
)
_REMOVE = Statement(delete(authenticators).where(*_THIS))
_FORGET = Statement(delete(authenticators).where(*_MINE))
_TIDY = Statement(
    delete(authenticators).where(
        *_MINE, _A.confirmed_at.is_(None), _A.created_at <= bindparam("before")
    )
)


async def list_all(call: Reading, user_id: str) -> list[Authenticator]:
    """Those of a user that count, oldest first."""
    every = await call.all(_LIST, customer=call.customer_id, user=user_id)
    return [one for one in every if one.confirmed_at is not None]


async def find(call: Reading, user_id: str, authenticator_id: str) -> Authenticator:
    """One of a user's, also one that is begun and can still be confirmed. Raises Problem 404."""
    found = await call.one(
        _FIND, customer=call.customer_id, user=user_id, authenticator=authenticator_id
    )
    if found is None or (found.confirmed_at is None and not _is_open(call, found)):
        raise not_found("authenticator", authenticator_id)
    return found


def _is_open(call: Reading, one: Authenticator) -> bool:
    """Whether an app can still take one in that was begun."""
    return one.created_at + OPEN_FOR > call.now and _counter(call, one) is not None


async def begin(call: Writing, row: UserRow, name: str) -> str:
    """Make a secret for an app to take in; the new authenticator's id. Raises Problem 400."""
    before = call.now - OPEN_FOR
    await call.run(_TIDY, customer=row.customer_id, user=row.id, before=before)
    if len(await call.all(_LIST, customer=row.customer_id, user=row.id)) >= MOST:
        detail = f"Nobody can have more than {MOST} authenticator apps"
        raise bad_request(detail)
    authenticator_id = new_id()
    secret = secrets.token_bytes(SECRET_BYTES)
    await call.run(
        _ADD,
        customer_id=row.customer_id,
        user_id=row.id,
        id=authenticator_id,
        name=name,
        secret=call.keyring.seal(_PURPOSE, authenticator_id, secret),
        last_step=0,
        confirmed_at=None,
        created_at=call.now,
    )
    return authenticator_id


async def confirm(call: Writing, user_id: str, one: Authenticator, code: str) -> bool:
    """Let one count from now on, if the code is its own; only the first of several does."""
    steps = _steps_of(call, one, code)
    return bool(steps) and bool(
        await call.run(
            _CONFIRM,
            customer=call.customer_id,
            user=user_id,
            authenticator=one.id,
            now=call.now,
            step=steps[-1],
        )
    )


async def use(call: Writing, user_id: str, code: str) -> bool:
    """Whether this is a code of one of a user's apps, and not used before; now it is."""
    # All are compared whatever is found: how long it takes tells nothing.
    found = [
        (one.id, step)
        for one in await list_all(call, user_id)
        for step in _steps_of(call, one, code)
    ]
    for authenticator_id, step in found:
        if await call.run(
            _USE,
            customer=call.customer_id,
            user=user_id,
            authenticator=authenticator_id,
            step=step,
        ):
            return True
    return False


async def remove(call: Writing, user_id: str, authenticator_id: str) -> None:
    """Take one away. Raises Problem 404."""
    if not await call.run(
        _REMOVE, customer=call.customer_id, user=user_id, authenticator=authenticator_id
    ):
        raise not_found("authenticator", authenticator_id)


async def forget(call: Writing, user_id: str) -> None:
    """Take all of a user's away."""
    await call.run(_FORGET, customer=call.customer_id, user=user_id)


def shown_secret(call: Reading, one: Authenticator) -> str:
    """The secret as people type it into an app: base32, in groups of four."""
    text = _base32(call, one)
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def address(call: Reading, one: Authenticator, login: str) -> str:
    """The secret as apps read it from a QR code: `otpauth://totp/…`."""
    return pyotp.TOTP(_base32(call, one)).provisioning_uri(name=login, issuer_name=ISSUER)


def _base32(call: Reading, one: Authenticator) -> str:
    return base64.b32encode(call.keyring.unseal(_PURPOSE, one.id, one.secret)).decode()


def _counter(call: Reading, one: Authenticator) -> pyotp.TOTP | None:
    """What counts its codes; None if it was sealed with an earlier key (decision 7)."""
    try:
        return pyotp.TOTP(_base32(call, one), digits=DIGITS)
    except ValueError:
        return None


def _steps_of(call: Reading, one: Authenticator, code: str) -> list[int]:
    """The steps around now that have this code; in any likelihood one or none."""
    counter = _counter(call, one)
    if counter is None:
        return []
    now = call.now // STEP
    steps = range(now - DRIFT, now + DRIFT + 1)
    given = code.encode()
    return [
        step for step in steps if hmac.compare_digest(counter.generate_otp(step).encode(), given)
    ]
