"""What PCI DSS asks of passwords, where a customer has it switched on (contract: access §10.4).

None older than 90 days, and none of the last four again. That six failures lock for half an hour
and longer holds everywhere: nothing but a reset or a superuser unlocks.
"""

from sqlalchemy import bindparam, delete, insert, select

from tenantry.areas.users import guesses
from tenantry.areas.users.model import UserRow
from tenantry.core.context import Reading, Writing
from tenantry.core.secrets import password_matches
from tenantry.core.security_tables import former_passwords
from tenantry.core.statements import Statement

REMEMBERED = 4
"""Passwords that may not be used again: that of now, and those before it."""

_F = former_passwords.c
_OF_USER = (_F.customer_id == bindparam("customer"), _F.user_id == bindparam("user"))
_LIST = Statement(
    select(_F.replaced_at, _F.password).where(*_OF_USER).order_by(_F.replaced_at.desc())
)
_ADD = Statement(insert(former_passwords))
_FORGET = Statement(delete(former_passwords).where(*_OF_USER, _F.replaced_at <= bindparam("until")))


async def reuse(call: Reading, row: UserRow, password: str) -> str | None:
    """What is wrong with a password that a user has or had, as a sentence, or None.

    To be told that is to have guessed it (`fitness.refuse` counts). Raises Problem 429 after too
    many guesses, before anything is compared.
    """
    if not (row.has_pci_passwords or row.require_new_password):
        return None
    await guesses.check(call, guesses.of_login(call, row.login_key))
    if not row.has_pci_passwords:
        is_same = await password_matches(row.password, password)
        return "Password must not be the old one" if is_same else None
    former = await call.all(_LIST, customer=row.customer_id, user=row.id)
    for hashed in [row.password, *(hashed for _, hashed in former)][:REMEMBERED]:
        if await password_matches(hashed, password):
            return f"Password must not be one of the last {REMEMBERED}"
    return None


async def remember(call: Writing, row: UserRow) -> None:
    """Keep the hash of a password that is about to be replaced, as long as it counts."""
    former = await call.all(_LIST, customer=row.customer_id, user=row.id)
    newest = former[0][0] if former else 0
    # What counts no more goes: the password of now is one of those that are remembered.
    kept = REMEMBERED - 2 if row.has_pci_passwords else 0
    if len(former) > kept:
        await call.run(_FORGET, customer=row.customer_id, user=row.id, until=former[kept][0])
    if row.has_pci_passwords and row.password is not None:
        await call.run(
            _ADD,
            customer_id=row.customer_id,
            user_id=row.id,
            replaced_at=max(call.now, newest + 1),
            password=row.password,
        )
