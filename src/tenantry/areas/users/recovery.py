"""Recovery codes: a second factor for who has lost the others, each good once.

Only digests are kept. A code holds 120 random bits, so a keyed digest is enough (OWASP ASVS 5.0,
6.5.2).
"""

import re
import secrets

from sqlalchemy import bindparam, delete, func, insert, select

from tenantry.core.context import Reading, Writing
from tenantry.core.security_tables import recovery_codes
from tenantry.core.statements import Statement

CODES = 10
GROUPS, GROUP = 4, 6
LENGTH = GROUPS * GROUP
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32: nothing that people mistake for something else."""
_MISREAD = str.maketrans("OIL", "011")

_R = recovery_codes.c
_MINE = (_R.customer_id == bindparam("customer"), _R.user_id == bindparam("user"))
_ADD = Statement(insert(recovery_codes))
_COUNT = Statement(select(func.count()).select_from(recovery_codes).where(*_MINE))
# Of two that bring one code at the same instant, one finds it gone.
_USE = Statement(delete(recovery_codes).where(*_MINE, _R.digest == bindparam("digest_of")))
_FORGET = Statement(delete(recovery_codes).where(*_MINE))


async def count(call: Reading, user_id: str) -> int:
    """How many a user has left."""
    row = await call.one(_COUNT, customer=call.customer_id, user=user_id)
    return int(row[0]) if row else 0


async def renew(call: Writing, user_id: str) -> list[str]:
    """Make new ones in place of those that were left; told this once."""
    await forget(call, user_id)
    codes = [_new_code() for _ in range(CODES)]
    rows = [
        {
            "customer_id": call.customer_id,
            "user_id": user_id,
            "digest": _digest(call, user_id, code),
            "created_at": call.now,
        }
        for code in codes
    ]
    await call.run_many(_ADD, rows)
    return codes


async def use(call: Writing, user_id: str, code: str) -> bool:
    """Whether this is a code of a user's that was not used before; now it is."""
    digest = _digest(call, user_id, code)
    return bool(await call.run(_USE, customer=call.customer_id, user=user_id, digest_of=digest))


async def forget(call: Writing, user_id: str) -> None:
    """Take all of a user's away."""
    await call.run(_FORGET, customer=call.customer_id, user=user_id)


def _new_code() -> str:
    letters = "".join(secrets.choice(_LETTERS) for _ in range(LENGTH))
    return "-".join(letters[at : at + GROUP] for at in range(0, LENGTH, GROUP))


def _digest(call: Reading, user_id: str, code: str) -> bytes:
    plain = re.sub(r"[\s-]", "", code).upper().translate(_MISREAD)
    return call.keyring.digest(f"recovery\0{user_id}\0{plain}")
