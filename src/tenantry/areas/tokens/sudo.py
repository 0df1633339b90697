"""Sudo: lifting the calling token for a while (contract: identity §8)."""

from datetime import UTC, datetime
from http import HTTPStatus

import msgspec

from tenantry.areas.tokens import model
from tenantry.areas.users import sign_in
from tenantry.areas.users.model import login_key
from tenantry.core.clock import HOUR, MINUTE, SECOND, Instant, read
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import Problem, bad_request
from tenantry.http.body import Body
from tenantry.http.operation import CUSTOMER, Credentials, Refused, operation
from tenantry.http.wire import LEGACY

LASTS = 5 * MINUTE
AT_MOST = HOUR


class Proof(msgspec.Struct):
    """What proves it again; clients mix the fields of a token form in, which are ignored."""

    username: str | None = None
    password: str | None = None
    expiry_time: str | None = None


class Sudo(msgspec.Struct):
    """Until when; with `+00:00`, as recorded."""

    expiry_time: str


async def check_password(
    call: Reading,
    body: Body[Proof],
    credentials: Credentials,
) -> sign_in.Checked | None:
    """Compare the password of the token's owner; None if it isn't his. Raises Problem 400, 429."""
    if not call.principal.is_person:
        return None
    form = body()
    username = form.username or credentials.username or call.principal.login
    password = form.password or credentials.password
    if not password or login_key(username) != login_key(call.principal.login):
        return None
    return await sign_in.check(call, username, password, credentials.otp)


_CODE = "forbidden"
"""Of every refusal, beside that of a second factor (contract: identity §8)."""


def _forbidden() -> Problem:
    return Problem(403, "Invalid username or password", code=_CODE)


@operation("POST /sudo", allow=CUSTOMER, wire=LEGACY, prepare=check_password)
async def request_sudo_access(
    call: Writing, body: Body[Proof], evidence: sign_in.Checked | None
) -> Sudo | Refused:
    """Lift the calling token; its role is not changed."""
    if evidence is None:
        raise _forbidden()
    try:
        outcome = await sign_in.settle(call, evidence)
    except Problem as problem:
        if problem.status == HTTPStatus.FORBIDDEN:
            problem.code = _CODE
        raise
    if outcome == "otp":
        return Refused(Problem(403, "2fa.verify", "Invalid one-time password", code="2fa.verify"))
    if outcome != "ok":
        return Refused(_forbidden())
    until = _until(body().expiry_time, call.now)
    await model.lift(call, until)
    return Sudo(datetime.fromtimestamp(until // SECOND, UTC).isoformat())


def _until(text: str | None, now: Instant) -> Instant:
    if not text:
        return now + LASTS
    try:
        until = read(text)
    except ValueError as problem:
        detail = f"Expiry time: '{text[:60]}' is not an RFC 3339 time"
        raise bad_request(detail) from problem
    if until <= now:
        raise bad_request("Expiry time must be in the future")
    return min(until, now + AT_MOST)
