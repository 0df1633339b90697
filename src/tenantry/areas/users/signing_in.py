"""The one way in: every method of signing in ends here (contract: access §10).

    proved = await signing_in.begin(call, checked, arrival)              a password
    proved = await signing_in.proceed(call, user_id, methods, arrival)   anything after it, or else

Either tells what is next: a second factor, a duty (a new password, a second factor to enrol), or
nothing more: then the session is there, and its secret is told this once. What is between lives in
a step (`steps.py`) whose secret the browser keeps in a cookie.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from tenantry.areas.customers import single_sign_on
from tenantry.areas.users import devices, model, passwords, sessions, sign_in, steps
from tenantry.core import audit, outbox
from tenantry.core.clock import Instant, shown
from tenantry.core.context import Principal, Writing
from tenantry.core.errors import Problem

PASSWORD, ONE_TIME, PASSKEY, RECOVERY, SSO = "pwd", "otp", "hwk", "recovery", "sso"
"""How somebody proved who he is: RFC 8176's words, and two that it lacks."""
STRONG = frozenset({ONE_TIME, PASSKEY, RECOVERY, SSO})
"""Methods beside which no second factor is asked for."""

Waits = Literal["second factor", "new password", "enrol"]
Next = Literal["in", Waits, "another account", sign_in.Outcome]
"""Where somebody is by now; `another account` is open in his browser, and has to be left first."""


class Arrival(msgspec.Struct, frozen=True):
    """What a browser brought along."""

    next_path: str = ""
    """Where it wants to go."""
    device: str = ""
    """The cookie by which it is known again."""
    old: Principal | None = None
    """Who was signed in until now: that session ends."""
    proved_at: Instant | None = None
    """When the provider that vouches for him asked him who he is, if it says so."""


class Proved(msgspec.Struct, frozen=True):
    """What somebody has come to, and what is next."""

    next: Next
    secret: str = ""
    """Of the session if he is in, otherwise of the step that waits."""
    next_path: str = ""
    device: str = ""
    """The cookie by which the browser is to be known again, once he is in."""
    user_id: str = ""
    token_id: str = ""
    """The session, once he is in."""
    old: Principal | None = None
    """Who is still signed in instead, where it is somebody of another account."""


class Waiting(msgspec.Struct, frozen=True):
    """A step under way: who, and by what he proved himself so far."""

    user_id: str
    methods: list[str]
    next_path: str


async def begin(call: Writing, checked: sign_in.Checked, arrival: Arrival) -> Proved:
    """Go on from a compared password. Raises Problem 429.

    What failed is counted and told to the log: the unit must commit all the same.
    """
    outcome = await sign_in.settle_password(call, checked)
    if outcome != "ok" or checked.row is None:
        return Proved(outcome)
    if checked.stronger:
        row = await model.find(call, checked.row.id)
        await model.store(call, msgspec.structs.replace(row, password=checked.stronger))
    return await proceed(call, checked.row.id, [PASSWORD], arrival)


async def proceed(call: Writing, user_id: str, methods: Sequence[str], arrival: Arrival) -> Proved:
    """Go on for a user of the call's customer who has proved himself by these methods.

    Raises Problem 403 where a policy refuses, 404 if the user is gone.
    """
    row = await model.find(call, user_id)
    old = arrival.old
    if old is not None and old.customer_id != row.customer_id:
        # Said no sooner, so that nobody learns whose login is of which account. That session's log
        # is not held here, so that it can't be ended.
        return Proved("another account", next_path=arrival.next_path, old=old)
    await sign_in.check_address(call, row)
    if row.locked_by_superuser:
        raise Problem(403, "This account is locked")
    if SSO not in methods:
        await single_sign_on.check_password_use(call, row.id)
    purpose = _missing(row, methods, call.now)
    if purpose is None:
        return await _enter(call, row, methods, arrival)
    facts = {"methods": list(methods), "next": arrival.next_path}
    secret = await steps.open_step(call, purpose, row.id, facts)
    return Proved(purpose, secret, user_id=row.id)


def _missing(row: model.UserRow, methods: Sequence[str], now: Instant) -> Waits | None:
    is_strong = not STRONG.isdisjoint(methods)
    if row.two_factor_auth_enabled and not is_strong:
        return "second factor"
    if row.needs_new_password(now) and PASSWORD in methods:
        return "new password"
    if row.force_2fa and not row.two_factor_auth_enabled and SSO not in methods:
        return "enrol"
    return None


def waiting(step: steps.Step) -> Waiting:
    """What a step that was opened here holds."""
    facts = step.facts
    return Waiting(step.user_id, facts["methods"], facts["next"])


async def _enter(
    call: Writing, row: model.UserRow, methods: Sequence[str], arrival: Arrival
) -> Proved:
    """Make the session."""
    act_as_himself(call, row)
    if arrival.old is not None:
        await sessions.end_if_open(call, arrival.old.token_id)
    await sessions.forget_ended(call, row)
    device_id = await devices.recognise(call, row.id, arrival.device)
    device = arrival.device
    if device_id is None:
        device_id, device = await devices.remember(call, row.id, arrival.device)
        if row.last_active_at is not None:
            _warn(call, row)
    session = await sessions.new_session(call, row, methods, device_id)
    if SSO in methods:
        session = _vouched_for(session, arrival.proved_at)
    secret = await sessions.start(call, session)
    await model.store(
        call, msgspec.structs.replace(row, failed_sign_ins=0, last_active_at=call.now)
    )
    await audit.record(
        call,
        "user.login",
        f"User '{row.login}' logged in",
        metadata={"token_id": session.id, "methods": list(methods)},
    )
    return Proved("in", secret, arrival.next_path, device, row.id, session.id)


def _vouched_for(session: sessions.NewSession, proved_at: Instant | None) -> sessions.NewSession:
    """A session that began when a provider asked somebody who he is, and not when it told so.

    Where it does not say when that was, nobody can tell whether it is still he: no sudo then.
    """
    if proved_at is None:
        return msgspec.structs.replace(session, sudo_until=None)
    return msgspec.structs.replace(
        session,
        begun_at=proved_at,
        ends_at=session.ends_at - (session.begun_at - proved_at),
        sudo_until=proved_at + sessions.FRESH,
    )


def act_as_himself(call: Writing, row: model.UserRow) -> None:
    """From here on it is he who acts: he has proved himself, and came without a key."""
    call.principal = Principal(
        kind="session",
        customer_id=row.customer_id,
        user_id=row.id,
        login=row.login,
        name=row.name,
        policies=row.policies,
    )


async def renew(call: Writing, hashed: str) -> str:
    """Set the caller's password; of his sessions a new one is left, whose secret this is.

    He was asked for no second factor: it lasts as long as the old one would have, sudo as well.
    """
    principal = call.principal
    row = await model.find(call, principal.user_id or "")
    again = await sessions.like(call, principal.token_id)
    await passwords.set_password(call, row, hashed)
    return await sessions.start(call, again)


def _warn(call: Writing, row: model.UserRow) -> None:
    """Tell a user that he was signed in from a browser that was not seen before."""
    outbox.post(
        call,
        "mail",
        template="new_device",
        to=row.login,
        facts={
            "user_name": row.name,
            "login": row.login,
            "browser": devices.browser_name(call.user_agent),
            "address": call.ip,
            "at": shown(call.now),
            "link": f"{call.public_url}/_tenantry/console/sessions",
        },
    )
