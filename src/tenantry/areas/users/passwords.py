"""Passwords: which are good enough, changing one, and the mailed links that set one."""

from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, select

from tenantry.access.granting import check_may_change_rights
from tenantry.areas.customers import single_sign_on
from tenantry.areas.users import model, pci_passwords, sessions, sign_in, steps
from tenantry.core import audit, outbox, schema
from tenantry.core.breaches import is_breached
from tenantry.core.bulk import adding
from tenantry.core.clock import DAY, HOUR
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import Problem, not_found
from tenantry.core.ids import new_id
from tenantry.core.secrets import off_the_loop
from tenantry.core.statements import Statement

SHORTEST, LONGEST = 12, 128
GUESSABLE = 3
"""zxcvbn's score, 0 to 4, under which a password is refused: fewer than 10^8 guesses find it."""
ESTIMATED = 24
"""Characters that zxcvbn looks at: its time grows with their number, without a bound in sight."""
LONG_ENOUGH_FOR_WORDS = 16
SHORTEST_WORD = 4
"""Letters; shorter words stand in any random text."""
SHORTEST_COMMON = 6
"""Characters, digits included; shorter common passwords do likewise."""
CONTEXT = ("tenantry",)
"""Words that are easy to guess here, beside a person's own name and login."""
_MECHANICAL = frozenset({"repeat", "sequence", "spatial"})
LINKS = {"set_password": (7 * DAY, "7 days"), "reset_password": (HOUR, "1 hour")}

_P, _C = schema.password_codes.c, schema.customers.c
_CODE_COLUMNS = [_P.customer_id, _P.id, _P.user_id, _P.purpose, _P.expires_at]
_ADD_CODE = adding(schema.password_codes, [column.name for column in schema.password_codes.columns])
_FIND_CODE = Statement(select(*_CODE_COLUMNS).where(_P.digest == bindparam("digest")))
_VOID = Statement(
    delete(schema.password_codes).where(
        _P.customer_id == bindparam("customer"), _P.user_id == bindparam("user")
    )
)
_VOID_OLDER = Statement(
    delete(schema.password_codes).where(
        _P.customer_id == bindparam("customer"),
        _P.user_id == bindparam("user"),
        _P.purpose == bindparam("of_purpose"),
    )
)
_CAN_RESET = Statement(
    select(_C.can_reset_passwords, _C.name).where(_C.id == bindparam("customer_id"))
)


class Code(msgspec.Struct, array_like=True, frozen=True):
    """A mailed link that is still open."""

    customer_id: str
    id: str
    user_id: str
    purpose: str
    expires_at: int


async def weakness(password: str, *, login: str, name: str) -> str | None:
    """What is wrong with a new password, as a sentence, or None (contract: access §10.4)."""
    if not SHORTEST <= len(password) <= LONGEST:
        return f"Password must have {SHORTEST} to {LONGEST} characters"
    has_letter = any(character.isalpha() for character in password)
    has_digit = any(character.isdigit() for character in password)
    if not has_letter or not has_digit or password.isalnum():
        return "Password must include letters, numbers and special characters"
    if password.casefold() in {login.casefold(), name.casefold()}:
        return "Password must not be the login or the name"
    return await off_the_loop(_guessability, password, login, name)


@lru_cache(maxsize=1)
def _estimator() -> Any:
    from zxcvbn import zxcvbn  # noqa: PLC0415 - its word lists are large, and seldom needed

    return zxcvbn


def _guessability(password: str, login: str, name: str) -> str | None:
    if is_breached(password):
        return "Password became known elsewhere: it stands in a list of such passwords"
    # The worst 24 characters take half a second, the worst 72 that it accepts six: a password is
    # at least as good as its beginning.
    own = [login, login.partition("@")[0], name, *CONTEXT]
    found = _estimator()(password[:ESTIMATED], user_inputs=own)
    if found["score"] >= GUESSABLE:
        return _pattern_in(found["sequence"], password)
    hint = found["feedback"]["warning"] or "It is too easy to guess"
    return f"Password is too weak: {hint.rstrip('.')}"


def _pattern_in(sequence: list[dict[str, Any]], password: str) -> str | None:
    if all(part["pattern"] in _MECHANICAL for part in sequence):
        return "Password must be more than a sequence, a repetition or a run of the keyboard"
    if len(password) < LONG_ENOUGH_FOR_WORDS and any(map(_is_word, sequence)):
        return f"Password with a word in it must have at least {LONG_ENOUGH_FOR_WORDS} characters"
    return None


def _is_word(part: dict[str, Any]) -> bool:
    """Whether it stands in a dictionary, that of common passwords included."""
    if part["pattern"] != "dictionary":
        return False
    is_common = part["dictionary_name"] == "passwords" and len(part["token"]) >= SHORTEST_COMMON
    return is_common or sum(map(str.isalpha, part["token"])) >= SHORTEST_WORD


async def set_password(call: Writing, row: model.UserRow, hashed: str) -> model.UserRow:
    """Store a new password; sudo and sessions end, API tokens stay (contract: identity §3.7)."""
    await pci_passwords.remember(call, row)
    row = msgspec.structs.replace(
        row,
        password=hashed,
        password_changed_at=call.now,
        require_new_password=False,
        failed_sign_ins=0,
        updated_at=call.now,
    )
    await model.store(call, row)
    await sessions.end_sudo(call, row)
    await void_links(call, row)
    await sessions.end_sessions(call, row)
    await steps.void_waiting(call, row.customer_id, row.id)
    await audit.record(
        call,
        "user.password_update",
        f"Password for user '{row.login}' was updated",
        metadata={"user_id": row.id},
        # By a mailed link or his old password he proves himself without a key.
        user_id=row.id if call.principal.kind == "nobody" else None,
        rows=[model.revision(row)],
    )
    return row


async def void_links(call: Writing, row: model.UserRow) -> None:
    """Spend every link that was mailed to a user."""
    await call.run(_VOID, customer=row.customer_id, user=row.id)


async def post_link(call: Writing, row: model.UserRow, purpose: str) -> None:
    """Mail a single-use link that sets the password; older ones for the same purpose are void.

    Others stay: anybody may ask for a reset, and a newcomer's first link must outlive that.
    """
    await call.run(_VOID_OLDER, customer=row.customer_id, user=row.id, of_purpose=purpose)
    await post_first_link(call, row, purpose)


async def post_first_link(call: Writing, row: model.UserRow, purpose: str) -> None:
    """As `post_link`, for somebody who was just added and has no older links."""
    lasts, valid_for = LINKS[purpose]
    code_id = new_id()
    code = call.keyring.code_for(purpose, code_id)
    call.unit.run_later(
        _ADD_CODE,
        customer_id=row.customer_id,
        id=code_id,
        user_id=row.id,
        purpose=purpose,
        digest=call.keyring.digest(code),
        expires_at=call.now + lasts,
        created_at=call.now,
    )
    customer_name = call.principal.customer_name or await _customer_name(call)
    outbox.post(
        call,
        "mail",
        template=purpose,
        to=row.login,
        facts={
            "customer_name": customer_name,
            "login": row.login,
            "user_name": row.name,
            "valid_for": valid_for,
        },
        code=[purpose, code_id],
    )


async def _customer_name(call: Reading) -> str:
    row = await call.one(_CAN_RESET, customer_id=call.customer_id)
    return "" if row is None else str(row[1])


async def request_reset(call: Writing, login: str) -> None:
    """Mail a reset link to a user of the call's customer. Raises Problem 403, 404."""
    row = await model.find_by_login(call, login)
    if row is None or row.customer_id != call.customer_id:
        raise not_found("user", login)
    allowed = await call.one(_CAN_RESET, customer_id=call.customer_id)
    if allowed is None or not allowed[0]:
        raise Problem(403, "You are not authorized to perform this action")
    if row.locked_by_superuser:
        # Following the link unlocks: only who may do that himself has it mailed.
        check_may_change_rights(call, row.role)
    await single_sign_on.check_password_use(call, row.id)
    await post_link(call, row, "reset_password")
    await audit.record(
        call,
        "user.password_reset_request",
        f"A password reset was requested for '{row.login}'",
        event_type=None,
        metadata={"user_id": row.id},
    )


async def find_code(call: Reading, code: str) -> tuple[Code, model.UserRow] | None:
    """The open link that a code belongs to, and whose it is.

    Raises Problem 403 where the customer lets nobody in from there, or by no password of theirs;
    the link stays open.
    """
    opened = await call.one(_FIND_CODE, digest=call.keyring.digest(code))
    if opened is None:
        return None
    found = Code(*opened)
    if call.now >= found.expires_at:
        return None
    call.customer_id = found.customer_id
    row = await model.find(call, found.user_id)
    await sign_in.check_address(call, row)
    await single_sign_on.check_password_use(call, row.id)
    return found, row


async def complete(call: Writing, code: str, hashed: str) -> model.UserRow | None:
    """Set the password that a link was mailed for; None if the link is spent or expired."""
    opened = await find_code(call, code)
    if opened is None:
        return None
    _, row = opened
    was_locked = bool(row.locked)
    row = msgspec.structs.replace(row, locked=False, locked_by_superuser=False)
    row = await set_password(call, row, hashed)
    if was_locked:
        await audit.record(
            call,
            "user.unlock",
            f"User '{row.login}' was unlocked",
            metadata={"user_id": row.id, "login": row.login, "reason": "password reset"},
            user_id=row.id,
        )
    return row
