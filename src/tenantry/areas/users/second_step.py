"""The second step of signing in: a code or a passkey, counted and told as passwords are.

What fails commits all the same: it is an answer, not a refusal.
"""

from typing import Any

from tenantry.areas.users import challenges, factors, guesses, model, passkeys, sign_in
from tenantry.areas.users.model import UserRow
from tenantry.areas.users.passkeys import Passkey
from tenantry.areas.users.signing_in import PASSKEY
from tenantry.core.context import Reading, Writing

ALONE = "a passkey alone"
COPIED = (
    "Somebody tried to sign in with a copy of your passkey, or the passkey is broken: it was not "
    "let in. Remove the passkey, and add it anew."
)


def beside(user_id: str) -> str:
    """The purpose of a challenge for a user whose password was right."""
    return f"a passkey of {user_id}"


async def by_code(call: Writing, user_id: str, code: str) -> str | None:
    """The method that a code is of, an app's or a recovery code; None if it is of none.

    Raises Problem 429.
    """
    row = await model.find(call, user_id)
    subjects = guesses.of_login(call, row.login_key)
    await guesses.check(call, subjects)
    if row.locked:
        await sign_in.note_failure(call, row, subjects, "locked")
        return None
    return await sign_in.settle_code(call, row, subjects, code)


async def by_passkey(
    call: Writing, user_id: str, challenge: str, answer: dict[str, Any]
) -> str | None:
    """The method, if a passkey of the user's signed the challenge. Raises Problem 429."""
    row = await model.find(call, user_id)
    one = await passkeys.find_by_answer(call, answer)
    is_own = one is not None and (one.customer_id, one.user_id) == (row.customer_id, row.id)
    purpose = beside(row.id)
    return await _by(call, row, one if is_own else None, (purpose, challenge), answer)


async def by_passkey_alone(
    call: Writing, one: Passkey, challenge: str, answer: dict[str, Any]
) -> str | None:
    """The method, if a passkey signed the challenge and its owner unlocked it for that.

    Raises Problem 404, 429.
    """
    row = await model.find(call, one.user_id)
    return await _by(call, row, one, (ALONE, challenge), answer)


def _counted_by(call: Reading, row: UserRow, one: Passkey | None, purpose: str) -> list[str]:
    """Who guesses at somebody's password does not keep his passkey out, which nobody guesses."""
    if one is None or purpose != ALONE:
        return guesses.of_login(call, row.login_key)
    return guesses.subjects(call, f"passkey:{one.id}")


async def _by(
    call: Writing,
    row: UserRow,
    one: Passkey | None,
    asked: tuple[str, str],
    answer: dict[str, Any],
) -> str | None:
    purpose, challenge = asked
    subjects = _counted_by(call, row, one, purpose)
    await guesses.check(call, subjects)
    if row.locked and purpose != ALONE:
        await sign_in.note_failure(call, row, subjects, "locked")
        return None
    is_fresh = await challenges.spend(call, purpose, challenge)
    if one is None or not is_fresh:
        await sign_in.note_failure(call, row, subjects, "passkey")
        return None
    outcome = await passkeys.use(call, one, challenge, answer, alone=purpose == ALONE)
    if outcome == "ok":
        return PASSKEY
    if outcome == "copied":
        factors.tell(call, row, COPIED)
    reason = "passkey counter" if outcome == "copied" else "passkey"
    await sign_in.note_failure(call, row, subjects, reason)
    return None
