"""Proving who one is with a password: checked before the unit of work, settled inside it.

A hash takes 50 ms, and a unit of work holds its customer's log: so the password is compared
first, and the unit only makes sure that it is still the same one. A failure is an answer that
commits: it is counted, told to the log, and locks the user after six in a row (contract:
identity §3.9, protocol §13.6).

An allowlist that keeps somebody out is told to whom the password was right for. Forced single
sign-on is told to whoever is bound by it, and of every login in a domain that is verified for it,
so that nobody learns there who has a login.
"""

import asyncio
from collections.abc import Sequence
from typing import Literal

import msgspec
from sqlalchemy import bindparam, select

from tenantry.areas.customers import single_sign_on
from tenantry.areas.users import factors, guesses, model, steps
from tenantry.core import audit, schema
from tenantry.core.addresses import EVERYWHERE, is_allowed
from tenantry.core.clock import Instant
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import Problem
from tenantry.core.mail_address import domain_key
from tenantry.core.secrets import hash_password, needs_rehash, password_matches
from tenantry.core.security_tables import email_domains
from tenantry.core.statements import Statement

MAX_FAILURES = 6
NO_CODE = "no one-time password"
NO_PASSWORD = "no password"  # noqa: S105 - why nobody came in
"""Where none is set none is guessed, so that it locks nobody."""
_GUESSED = frozenset({"one-time password", "password"})
"""What somebody guesses at whose failures in a row lock."""
LONGEST_PASSWORD = 1024
REFUSED_AFTER = 0.05
"""Seconds from comparing a password to refusing it. What is noted of a known login takes longer
than of an unknown one, by a few milliseconds that somebody could measure."""

_C = schema.customers.c
_POLICIES = Statement(
    select(_C.force_sso, _C.ip_whitelist).where(_C.id == bindparam("customer_id"))
)

_D = email_domains.c
_SSO_DOMAIN = Statement(
    select(_D.domain)
    .select_from(email_domains.join(schema.customers, _C.id == _D.customer_id))
    .where(
        _D.domain == bindparam("domain"),
        _D.verified_at.is_not(None),
        _C.force_sso.is_(True),
        _C.deleted_at.is_(None),
    )
)

Outcome = Literal["ok", "invalid", "locked", "otp", "elsewhere", "sso"]
_KEPT_OUT: dict[Outcome, str] = {
    "elsewhere": "Access from this IP address is not allowed",
    "sso": "This account signs in through its identity provider",
}
_UNPROVED: dict[Outcome, str] = {
    "sso": "If you are spared from that, your login and password do not belong together",
}
"""What is told beside it, where nobody knows who comes: it may be somebody whom it spares."""


class Checked(msgspec.Struct, frozen=True):
    """What comparing a password found."""

    row: model.UserRow | None
    subjects: list[str]
    matches: bool
    stronger: str | None = None
    """The password hashed anew, where the stored hash was made with older parameters."""
    code: str | None = None
    """Of a second factor, where one came along (`Fastly-OTP`)."""
    login: str = ""

    @property
    def is_right(self) -> bool:
        """Whether to go on with it: a lock refuses the right one as it does a wrong one."""
        return self.matches and self.row is not None and not self.row.locked


async def check(call: Reading, login: str, password: str, code: str | None = None) -> Checked:
    """Compare a password; takes as long for an unknown login. Raises Problem 429.

    Names the user's customer as the call's, so that the unit of work locks its log.
    """
    row = await model.find_by_login(call, login)
    subjects = guesses.of_login(call, model.login_key(login))
    stored = None if row is None else row.password
    async with guesses.turn(call):
        await guesses.check(call, subjects)
        matches = len(password) <= LONGEST_PASSWORD and await password_matches(stored, password)
    call.refused_at = asyncio.get_running_loop().time() + REFUSED_AFTER
    stronger = None
    if matches and row is not None and not row.locked and needs_rehash(stored or ""):
        stronger = await hash_password(password)
    if row is not None:
        call.customer_id = row.customer_id
    return Checked(row, subjects, matches, stronger, code, login)


async def settle(
    call: Writing, checked: Checked, *, changes_password: bool = False, is_lifted: bool = False
) -> Outcome:
    """Note how it ended, inside the unit of work; a key in sudo mode has shown its second factor.

    Raises Problem 403 where a policy refuses, 429 after too many guesses.
    """
    outcome = await settle_password(call, checked)
    if outcome != "ok" or checked.row is None:
        return outcome
    row = await model.find(call, checked.row.id)
    if (
        row.two_factor_auth_enabled
        and not is_lifted
        and not await settle_code(call, row, checked.subjects, checked.code)
    ):
        return "otp"
    if not changes_password:
        check_duties(row, call.now)
    if row.failed_sign_ins:
        # Only failures in a row lock; what may follow writes the whole row again.
        await model.store(call, msgspec.structs.replace(row, failed_sign_ins=0))
    return "ok"


async def settle_code(
    call: Writing, row: model.UserRow, subjects: Sequence[str], code: str | None
) -> factors.Method | None:
    """Use a code of a second factor, a recovery code included; what it was, or None.

    To come without any is no guess, and yet told to the log: somebody knows the password.
    """
    if not code:
        await note_failure(call, row, subjects, NO_CODE)
        return None
    method = await factors.use_code(call, row, code)
    if method is None:
        await note_failure(call, row, subjects, "one-time password")
    return method


async def settle_password(call: Writing, checked: Checked) -> Outcome:
    """As `settle`, but nothing is asked for beside the password, and no success is noted."""
    # Once more: those that were guessed all at once have been counted by now.
    await guesses.check(call, checked.subjects)
    row = None if checked.row is None else await model.find_by_login(call, checked.row.login)
    if row is None or checked.row is None:
        await guesses.count(call, checked.subjects)
        return await _unproved(call, checked)
    kept_out = await _kept_out(call, row)
    is_known = call.principal.user_id == row.id
    if kept_out is not None and is_known:
        # His key proves who he is.
        raise Problem(403, _KEPT_OUT[kept_out])
    if row.locked:
        await note_failure(call, row, checked.subjects, "locked")
        return "locked"
    if not checked.matches or not _is_unchanged(row, checked.row):
        reason = "password" if row.password else NO_PASSWORD
        await note_failure(call, row, checked.subjects, reason)
        if kept_out == "sso":
            # Whatever he typed: he has no password any more (contract: access §10.2).
            return "sso"
        return "invalid" if is_known else await _unproved(call, checked)
    if kept_out is not None:
        await note_failure(call, row, checked.subjects, kept_out)
    return kept_out or "ok"


def _is_unchanged(row: model.UserRow, compared: model.UserRow) -> bool:
    """Whether the password is still the one that was compared, maybe hashed anew by now."""
    return row.password is not None and row.password_changed_at == compared.password_changed_at


async def _unproved(call: Reading, checked: Checked) -> Outcome:
    """What is told of a login for which no password was right, whether there is such a one or not.

    That an address signs in elsewhere anybody can see on the page for single sign-on.
    """
    domain = domain_key(checked.login.rpartition("@")[2])
    if "\0" in domain or await call.one(_SSO_DOMAIN, domain=domain) is None:
        return "invalid"
    return "sso"


async def _kept_out(call: Reading, row: model.UserRow) -> Outcome | None:
    """Which policy keeps a user out who comes with a password."""
    is_sso_forced, allowlist = await _policies(call, row)
    if not is_allowed(call.ip, allowlist):
        return "elsewhere"
    return "sso" if is_sso_forced and await single_sign_on.is_bound(call, row.id) else None


def refusal(outcome: Outcome) -> Problem | None:
    """What a policy refuses with, if one kept somebody out whose password was right, or unknown."""
    title = _KEPT_OUT.get(outcome)
    return None if title is None else Problem(403, title, _UNPROVED.get(outcome))


def check_duties(row: model.UserRow, now: Instant) -> None:
    """Refuse new tokens and sudo while a duty waits (contract: access §10). Raises Problem 403."""
    if row.force_2fa and not row.two_factor_auth_enabled:
        raise Problem(403, factors.FORCED, headers=(("fastly-otp", "setup"),))
    if row.needs_new_password(now):
        raise Problem(403, "A new password is required", headers=(("fastly-password", "rotate"),))


async def check_address(call: Reading, row: model.UserRow) -> None:
    """Refuse to let somebody in from where his customer allows nobody. Raises Problem 403."""
    _, allowlist = await _policies(call, row)
    if not is_allowed(call.ip, allowlist):
        raise Problem(403, _KEPT_OUT["elsewhere"])


async def _policies(call: Reading, row: model.UserRow) -> tuple[bool, str]:
    found = await call.one(_POLICIES, customer_id=row.customer_id)
    return (False, EVERYWHERE) if found is None else found


async def sign_in(call: Writing, checked: Checked) -> model.UserRow:
    """Note a successful sign-in."""
    row = await model.find(call, checked.row.id if checked.row else "")
    row = msgspec.structs.replace(
        row,
        failed_sign_ins=0,
        last_active_at=call.now,
        password=checked.stronger or row.password,
    )
    await model.store(call, row)
    await audit.record(call, "user.login", f"User '{row.login}' logged in", user_id=row.id)
    return row


async def note_failure(
    call: Writing, row: model.UserRow, subjects: Sequence[str], reason: str
) -> None:
    """Tell the log of a failed sign-in, and count it; the sixth guess in a row locks."""
    if reason != NO_CODE:
        await guesses.count(call, subjects)
    failures = row.failed_sign_ins + (reason in _GUESSED)
    locks = failures >= MAX_FAILURES and not row.locked
    if failures != row.failed_sign_ins:
        await model.store(
            call,
            msgspec.structs.replace(row, failed_sign_ins=failures, locked=locks or row.locked),
        )
    await audit.record(
        call,
        "user.login_failure",
        f"User '{row.login}' failed to log in",
        metadata={"reason": reason},
        user_id=row.id,
    )
    if locks:
        await steps.void_waiting(call, row.customer_id, row.id)
        await audit.record(
            call,
            "user.lock",
            f"User '{row.login}' was locked",
            metadata={"user_id": row.id, "login": row.login, "reason": "failed sign-ins"},
        )
