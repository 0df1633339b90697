"""Asking for a new password without the old one (contract: access §10.4; ASVS 5.0, 6.4.3).

Whoever asks is told the same, and as late, whether there is such a login or not, and whether it may
have a link or not: only the mailbox learns more.
"""

import asyncio

import msgspec

from tenantry.areas.users import guesses, model, passwords, sign_in
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import Problem

_COSTS = 3
"""Guesses that a mail about one login counts as: four in any fifteen minutes are enough."""


class Asked(msgspec.Struct, frozen=True):
    """For whom a link was asked for, and what that is counted by."""

    row: model.UserRow | None
    subjects: list[str]
    told_at: float
    """Before which instant of the loop's clock nobody is told anything."""


async def find(call: Reading, login: str) -> Asked:
    """Whose login it is; his customer becomes the call's. Raises Problem 429."""
    about = guesses.subjects(call, f"reset:{model.login_key(login)}")
    here = guesses.subjects(call, f"reset-ip:{guesses.origin(call)}")
    await guesses.check(call, [*about, *here])
    row = await model.find_by_login(call, login)
    if row is not None:
        call.customer_id = row.customer_id
    told_at = asyncio.get_running_loop().time() + sign_in.REFUSED_AFTER
    return Asked(row, about * _COSTS + here, told_at)


async def post(call: Writing, asked: Asked) -> None:
    """Mail a link to who may have one. Raises Problem 429."""
    await guesses.check(call, asked.subjects)
    await guesses.count(call, asked.subjects)
    # Once more: before the log was held he may have been locked.
    row = None if asked.row is None else await model.find_by_login(call, asked.row.login)
    # A link unlocks: whom a superuser has shut out must not let himself in.
    if row is None or row.locked_by_superuser:
        return
    try:
        await sign_in.check_address(call, row)
        await passwords.request_reset(call, row.login)
    except Problem:
        # He may not have one, and who asks is not to learn that there is such a login. The
        # checks come before all changes, so that nothing was done.
        return
