"""Second factors: which a user has, and what follows when one is added, used or taken away.

`two_factor_auth_enabled` follows: it is true as long as there is an authenticator app or a passkey.
Recovery codes stand in for those, and go with the last of them (contract: access §10.1).
"""

import re
from typing import Any, Literal

import msgspec

from tenantry.areas.users import authenticators, devices, model, passkeys, recovery, sessions, steps
from tenantry.areas.users.authenticators import Authenticator
from tenantry.areas.users.model import UserRow
from tenantry.areas.users.passkeys import Passkey
from tenantry.core import audit, outbox
from tenantry.core.clock import shown
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import bad_request, not_found

Kind = Literal["authenticator", "passkey"]
Method = Literal["otp", "recovery"]

LONGEST_NAME = 60
LONGEST_CODE = 60
FORCED = "Two-factor authentication is required for this account"
_WORDS: dict[Kind, str] = {"authenticator": "An authenticator app", "passkey": "A passkey"}


class Factors(msgspec.Struct, frozen=True):
    """What a user has."""

    authenticators: list[Authenticator]
    passkeys: list[Passkey]
    recovery_codes: int
    """How many are left."""

    @property
    def count(self) -> int:
        """How many there are; recovery codes are none."""
        return len(self.authenticators) + len(self.passkeys)

    def find(self, factor_id: str) -> tuple[Kind, str]:
        """What one is, and its name. Raises Problem 404."""
        for one in self.authenticators:
            if one.id == factor_id:
                return "authenticator", one.name
        for other in self.passkeys:
            if other.id == factor_id:
                return "passkey", other.name
        raise not_found("factor", factor_id)


async def load(call: Reading, user_id: str) -> Factors:
    """What a user of the call's customer has."""
    return Factors(
        await authenticators.list_all(call, user_id),
        await passkeys.list_all(call, user_id),
        await recovery.count(call, user_id),
    )


def checked_name(text: str, default: str) -> str:
    """How a factor is called. Raises Problem 400."""
    name = text.strip() or default
    if len(name) > LONGEST_NAME:
        detail = f"A name must have at most {LONGEST_NAME} characters"
        raise bad_request(detail)
    return name


async def record_added(
    call: Writing, user_id: str, kind: Kind, factor_id: str, name: str
) -> list[str]:
    """Note a factor that was just added; with the first come recovery codes, told this once."""
    row = await model.find(call, user_id)
    about = {"factor_id": factor_id, "name": name}
    await _record(call, row, f"{kind}.create", f"{_WORDS[kind]} was added", **about)
    codes: list[str] = []
    if not row.two_factor_auth_enabled:
        codes = await recovery.renew(call, row.id)
        await _turn(call, row, on=True)
    tell(call, row, f"{_WORDS[kind]} was added: {name}.")
    return codes


async def rename(call: Writing, user_id: str, passkey_id: str, name: str) -> None:
    """Call a passkey otherwise. Raises Problem 404."""
    row = await model.find(call, user_id)
    one = await passkeys.find(call, row.id, passkey_id)
    if one.name == name:
        return
    await passkeys.rename(call, row.id, passkey_id, name)
    about = {"factor_id": passkey_id, "old": {"name": one.name}, "new": {"name": name}}
    await _record(call, row, "passkey.update", "A passkey was renamed", **about)


async def remove(call: Writing, user_id: str, factor_id: str) -> None:
    """Take a factor away, as its owner.

    Raises Problem 404, and 400 for the last one while the customer forces two factors.
    """
    row = await model.find(call, user_id)
    held = await load(call, row.id)
    kind, name = held.find(factor_id)
    if held.count == 1 and row.force_2fa:
        raise bad_request(FORCED)
    where = authenticators if kind == "authenticator" else passkeys
    await where.remove(call, row.id, factor_id)
    about = {"factor_id": factor_id, "name": name}
    await _record(call, row, f"{kind}.delete", f"{_WORDS[kind]} was removed", **about)
    if held.count == 1:
        await recovery.forget(call, row.id)
        await _turn(call, row, on=False)
    tell(call, row, f"{_WORDS[kind]} was removed: {name}.")


async def renew_recovery_codes(call: Writing, user_id: str) -> list[str]:
    """Make new recovery codes, told this once; the old ones are void. Raises Problem 400."""
    row = await model.find(call, user_id)
    if not row.two_factor_auth_enabled:
        raise bad_request("Recovery codes stand in for a second factor: add one first")
    codes = await recovery.renew(call, row.id)
    await _record(call, row, "recovery_codes.create", "Recovery codes were made")
    tell(call, row, "New recovery codes were made; those from before are void.")
    return codes


async def use_code(call: Writing, row: UserRow, code: str) -> Method | None:
    """Which factor of a user's a code is of; by that it is used. None if it is of none."""
    plain = re.sub(r"\s", "", code[:LONGEST_CODE])
    if len(plain) <= authenticators.DIGITS:
        return "otp" if await authenticators.use(call, row.id, plain) else None
    if not await recovery.use(call, row.id, plain):
        return None
    left = await recovery.count(call, row.id)
    await _record(call, row, "recovery_code.use", "A recovery code was used")
    tell(call, row, f"A recovery code was used to sign in. {left} are left.")
    return "recovery"


async def take_away(call: Writing, user_id: str) -> None:
    """Take all factors from a user who has lost them, as an operator; his sessions end.

    Raises Problem 404.
    """
    row = await model.find(call, user_id)
    held = await load(call, row.id)
    if not held.count and not held.recovery_codes and not row.two_factor_auth_enabled:
        return
    await forget(call, row.id)
    await _turn(call, row, on=False)
    await sessions.end_sessions(call, row)
    tell(call, row, "All your second factors were taken away by an operator of this server.")


async def forget(call: Writing, user_id: str) -> None:
    """Take away all that a user has."""
    await authenticators.forget(call, user_id)
    await passkeys.forget(call, user_id)
    await recovery.forget(call, user_id)


async def _turn(call: Writing, row: UserRow, *, on: bool) -> None:
    changed = msgspec.structs.replace(row, two_factor_auth_enabled=on, updated_at=call.now)
    await model.store(call, changed)
    await steps.void_waiting(call, row.customer_id, row.id)
    # In the browser where he sets one up he has just shown it.
    await sessions.end_sudo(call, row, but=call.principal.token_id)
    word = "enable" if on else "disable"
    await audit.record(
        call,
        f"two_factor_auth.{word}",
        f"Two-factor authentication was {word}d for '{row.login}'",
        metadata={"user_id": row.id, "login": row.login},
        user_id=_actor(call, row),
    )


async def _record(call: Writing, row: UserRow, action: str, what: str, **about: Any) -> None:
    await audit.record(
        call,
        action,
        f"{what} for user '{row.login}'",
        event_type="user.update",
        metadata={"action": action, "user_id": row.id, **about},
        user_id=_actor(call, row),
    )


def _actor(call: Writing, row: UserRow) -> str | None:
    # In the midst of signing in nobody has a key yet.
    return row.id if call.principal.kind == "nobody" else None


def tell(call: Writing, row: UserRow, what: str) -> None:
    """Tell a user by mail what became of his second factors."""
    is_operator = call.principal.kind == "operator"
    outbox.post(
        call,
        "mail",
        template="factors_changed",
        to=row.login,
        facts={
            "user_name": row.name,
            "login": row.login,
            "what": what,
            "browser": "The operator" if is_operator else devices.browser_name(call.user_agent),
            "address": "" if is_operator else call.ip,
            "at": shown(call.now),
            "link": f"{call.public_url}/_tenantry/console/factors",
        },
    )
