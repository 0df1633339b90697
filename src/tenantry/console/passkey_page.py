"""Signing in with a passkey alone, where the customer's policy says that it is enough."""

from typing import Any

import msgspec

from tenantry.areas.users import ceremonies, challenges, passkeys, second_step, signing_in
from tenantry.areas.users.passkeys import Passkey
from tenantry.areas.users.sign_in_policy import find_policy
from tenantry.console.entry import answer, arrive
from tenantry.console.frame import checked_path, page
from tenantry.core.context import Reading, Writing
from tenantry.http.body import Body
from tenantry.http.message import Response
from tenantry.http.operation import PUBLIC, Credentials, operation
from tenantry.http.visit import Visit
from tenantry.http.wire import PAGE

PATH = "/_tenantry/console/passkey"

_UNKNOWN = "This passkey is not known here, or could not be checked. Sign in with your password."
_NOT_ALONE = "Your account asks for your password as well. Sign in with it first."


class PasskeyForm(msgspec.Struct):
    """What the browser answers, and where to go from there."""

    challenge: str = ""
    credential: str = ""
    next: str = ""


class Shown(msgspec.Struct, frozen=True):
    """The passkey that signed, if it is known, and what the browser brought."""

    arrival: signing_in.Arrival
    answer: dict[str, Any]
    one: Passkey | None


async def _form(call: Reading, visit: Visit, next_path: str, problem: str = "") -> Response:
    challenge = challenges.new_challenge(call, second_step.ALONE)
    return page(
        call,
        visit,
        "passkey",
        400 if problem else 200,
        script="passkeys",
        challenge=challenge,
        options=await ceremonies.authentication(call, challenge, [], alone=True),
        next_path=next_path,
        problem=problem,
    )


@operation(f"GET {PATH}", allow=PUBLIC, wire=PAGE)
async def get_passkey_page(call: Reading, visit: Visit) -> Response:
    """The form; a script asks the browser. Raises Problem 400 where there can be no passkeys."""
    return await _form(call, visit, checked_path(visit.query.get("next")))


async def find_shown(
    call: Reading, body: Body[PasskeyForm], _credentials: Credentials, visit: Visit
) -> Shown:
    """Find whose it is. Raises Problem 400."""
    form = body()
    arrival = arrive(call, visit, checked_path(form.next))
    signed = ceremonies.read_answer(form.credential)
    one = await passkeys.find_by_answer(call, signed)
    if one is not None:
        call.customer_id = one.customer_id
    return Shown(arrival, signed, one)


@operation(f"POST {PATH}", allow=PUBLIC, wire=PAGE, prepare=find_shown)
async def sign_in_with_passkey(
    call: Writing, body: Body[PasskeyForm], visit: Visit, evidence: Shown
) -> Response:
    """Sign in; a failure is told to the log. Raises Problem 403, 429."""
    arrival, one = evidence.arrival, evidence.one
    challenge, signed = body().challenge, evidence.answer
    method = one and await second_step.by_passkey_alone(call, one, challenge, signed)
    is_enough = bool(method) and (await find_policy(call)).allows_passkey_alone
    if one is None or not method or not is_enough:
        call.principal = arrival.old or call.principal
        return await _form(call, visit, arrival.next_path, _NOT_ALONE if method else _UNKNOWN)
    return answer(call, visit, await signing_in.proceed(call, one.user_id, [method], arrival))
