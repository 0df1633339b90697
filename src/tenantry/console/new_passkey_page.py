"""Adding a passkey."""

import msgspec

from tenantry.areas.users import ceremonies, challenges, devices, factors, passkeys
from tenantry.areas.users.signing_in import PASSKEY
from tenantry.console.enrolment import (
    PATH,
    Enrolling,
    arrive_enrolling,
    as_before,
    find_enrolling,
    finish,
    user_of,
)
from tenantry.console.frame import page
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import Problem
from tenantry.http.body import Body
from tenantry.http.message import Response
from tenantry.http.operation import PUBLIC, operation
from tenantry.http.visit import Visit
from tenantry.http.wire import PAGE

NEW = f"{PATH}/passkey"

_STALE = "That took too long, or was sent twice. Please try once more."


class NewPasskeyForm(msgspec.Struct):
    """How it is to be called, and what the browser made."""

    name: str = ""
    challenge: str = ""
    credential: str = ""


def _purpose(user_id: str) -> str:
    return f"a new passkey of {user_id}"


async def _form(
    call: Reading, visit: Visit, who: Enrolling, name: str, problem: str = ""
) -> Response:
    user = await user_of(call, who)
    known = await passkeys.check_room(call, user.id)
    challenge = challenges.new_challenge(call, _purpose(user.id))
    options = await ceremonies.registration(call, challenge, user.id, user.login, user.name, known)
    return page(
        call,
        visit,
        "new_passkey",
        400 if problem else 200,
        script="passkeys",
        frame=who.frame,
        path=NEW,
        name=name,
        challenge=challenge,
        options=options,
        problem=problem,
    )


@operation(f"GET {NEW}", allow=PUBLIC, wire=PAGE)
async def get_new_passkey_page(call: Reading, visit: Visit) -> Response:
    """The form; a script asks the browser. Raises Problem 400 where there can be no passkeys."""
    who = await find_enrolling(call, visit)
    return await _form(call, visit, who, devices.browser_name(call.user_agent))


@operation(f"POST {NEW}", allow=PUBLIC, wire=PAGE, prepare=arrive_enrolling)
async def add_passkey(
    call: Writing, body: Body[NewPasskeyForm], visit: Visit, evidence: Enrolling
) -> Response:
    """Keep it. Raises Problem 400, 401, 403."""
    form = body()
    name = factors.checked_name(form.name, "Passkey")
    user = await user_of(call, evidence)
    made = ceremonies.read_answer(form.credential)
    if not await challenges.spend(call, _purpose(user.id), form.challenge):
        as_before(call, evidence)
        return await _form(call, visit, evidence, name, _STALE)
    try:
        one = await passkeys.add(call, user, form.challenge, made, name)
    except Problem as problem:
        as_before(call, evidence)
        return await _form(call, visit, evidence, name, problem.title)
    return await finish(call, visit, evidence, ("passkey", one.id, one.name), PASSKEY)
