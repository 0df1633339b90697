"""The page between a right password and the console, where a second factor is on."""

import msgspec

from tenantry.areas.users import ceremonies, challenges, factors, second_step, signing_in, steps
from tenantry.console.entry import answer, arrive
from tenantry.console.frame import page
from tenantry.core.context import Reading, Writing
from tenantry.http.body import Body
from tenantry.http.cookies import STEP
from tenantry.http.message import Response
from tenantry.http.operation import PUBLIC, Credentials, operation
from tenantry.http.pages import SIGN_IN, see_other
from tenantry.http.visit import Visit
from tenantry.http.wire import PAGE

PATH = "/_tenantry/console/second-factor"
PURPOSE = "second factor"

_WRONG_CODE = (
    "This code is not valid now. Codes change every thirty seconds, each is good once, and after "
    "several wrong ones the account is locked."
)
_WRONG_PASSKEY = "This passkey could not be checked. Try it once more, or use another way."


class SecondFactorForm(msgspec.Struct):
    """What the page sends: a code, or what the browser answers with a passkey."""

    code: str = ""
    challenge: str = ""
    credential: str = ""
    way: str = ""


class Waits(msgspec.Struct, frozen=True):
    """The step that is open, if one is, and what the browser brought."""

    arrival: signing_in.Arrival
    user_id: str = ""
    methods: list[str] = []


async def _form(
    call: Reading, visit: Visit, user_id: str, way: str = "", problem: str = ""
) -> Response:
    held = await factors.load(call, user_id)
    options = challenge = ""
    if held.passkeys and ceremonies.site_of(call) is not None:
        challenge = challenges.new_challenge(call, second_step.beside(user_id))
        known = [one.descriptor() for one in held.passkeys]
        options = await ceremonies.authentication(call, challenge, known, alone=False)
    has_app = bool(held.authenticators)
    return page(
        call,
        visit,
        "second_factor",
        400 if problem else 200,
        script="passkeys" if options else None,
        takes_recovery_code=way == "recovery" or not (has_app or options),
        takes_code=has_app,
        options=options,
        challenge=challenge,
        problem=problem,
    )


@operation(f"GET {PATH}", allow=PUBLIC, wire=PAGE)
async def get_second_factor_page(call: Reading, visit: Visit) -> Response:
    """The form, for whom the password has let in so far."""
    step = await steps.find_step(call, PURPOSE, visit.cookie(STEP))
    if step is None:
        return see_other(SIGN_IN)
    return await _form(call, visit, step.user_id, visit.query.get("way") or "")


async def find_waiting(
    call: Reading, _body: Body[SecondFactorForm], _credentials: Credentials, visit: Visit
) -> Waits:
    """Find the step that is open in this browser."""
    step = await steps.find_step(call, PURPOSE, visit.cookie(STEP))
    if step is None:
        return Waits(arrive(call, visit))
    so_far = signing_in.waiting(step)
    return Waits(arrive(call, visit, so_far.next_path), so_far.user_id, so_far.methods)


@operation(f"POST {PATH}", allow=PUBLIC, wire=PAGE, prepare=find_waiting)
async def prove_second_factor(
    call: Writing, body: Body[SecondFactorForm], visit: Visit, evidence: Waits
) -> Response:
    """Sign in with a second factor; a failure is counted and told on the form.

    Raises Problem 400, 403, 429.
    """
    form, user_id = body(), evidence.user_id
    if not user_id:
        return see_other(SIGN_IN)
    if form.credential:
        signed = ceremonies.read_answer(form.credential)
        method = await second_step.by_passkey(call, user_id, form.challenge, signed)
    else:
        method = await second_step.by_code(call, user_id, form.code)
    if method is None:
        call.principal = evidence.arrival.old or call.principal
        problem = _WRONG_PASSKEY if form.credential else _WRONG_CODE
        return await _form(call, visit, user_id, form.way, problem)
    if await steps.take_step(call, PURPOSE, visit.cookie(STEP)) is None:
        return see_other(SIGN_IN)
    methods = [*evidence.methods, method]
    return answer(call, visit, await signing_in.proceed(call, user_id, methods, evidence.arrival))
