"""The page between a right password and the console, where a new password is due."""

import msgspec

from tenantry.areas.users import fitness, model, passwords, signing_in, steps
from tenantry.console.entry import answer, arrive
from tenantry.console.frame import page
from tenantry.core.context import Reading, Writing
from tenantry.core.secrets import hash_password
from tenantry.http.body import Body
from tenantry.http.cookies import STEP
from tenantry.http.message import Response
from tenantry.http.operation import PUBLIC, Credentials, operation
from tenantry.http.pages import SIGN_IN, see_other
from tenantry.http.visit import Visit
from tenantry.http.wire import PAGE

PATH = "/_tenantry/console/new-password"
PURPOSE = "new password"


class NewPasswordForm(msgspec.Struct):
    """What the page sends."""

    password: str = ""
    password_again: str = ""


class Choice(msgspec.Struct, frozen=True):
    """The hash of the password that was chosen, or what is wrong with it."""

    arrival: signing_in.Arrival
    user: model.UserRow | None = None
    hashed: str = ""
    unfit: fitness.Unfit | None = None


def _form(
    call: Reading, visit: Visit, user: model.UserRow, problem: str = "", status: int = 200
) -> Response:
    return page(
        call,
        visit,
        "new_password",
        status,
        login=user.login,
        problem=problem,
        shortest=passwords.SHORTEST,
        longest=passwords.LONGEST,
    )


@operation(f"GET {PATH}", allow=PUBLIC, wire=PAGE)
async def get_new_password_page(call: Reading, visit: Visit) -> Response:
    """The form, for whom the password of now has let in so far."""
    step = await steps.find_step(call, PURPOSE, visit.cookie(STEP))
    if step is None:
        return see_other(SIGN_IN)
    return _form(call, visit, await model.find(call, step.user_id))


async def check_new_password(
    call: Reading, body: Body[NewPasswordForm], _credentials: Credentials, visit: Visit
) -> Choice:
    """Find the step and hash the password, where it is a good one. Raises Problem 400, 429."""
    form = body()
    arrival = arrive(call, visit)
    step = await steps.find_step(call, PURPOSE, visit.cookie(STEP))
    if step is None:
        return Choice(arrival)
    user = await model.find(call, step.user_id)
    unfit = await _wrong(call, user, form)
    if unfit is not None:
        return Choice(arrival, user, unfit=unfit)
    return Choice(arrival, user, hashed=await hash_password(form.password))


async def _wrong(call: Reading, user: model.UserRow, form: NewPasswordForm) -> fitness.Unfit | None:
    if form.password != form.password_again:
        return fitness.Unfit("The two passwords are not the same")
    return await fitness.unfitness(call, user, form.password)


@operation(f"POST {PATH}", allow=PUBLIC, wire=PAGE, prepare=check_new_password)
async def choose_new_password(call: Writing, visit: Visit, evidence: Choice) -> Response:
    """Set it, and go on signing in. Raises Problem 429."""
    user = evidence.user
    if user is not None and evidence.unfit is not None:
        problem = await fitness.refuse(call, user, evidence.unfit)
        return _form(call, visit, user, problem.detail or problem.title, 400)
    step = await steps.take_step(call, PURPOSE, visit.cookie(STEP))
    if step is None or user is None:
        return see_other(SIGN_IN)
    user = await model.find(call, step.user_id)
    await passwords.set_password(call, user, evidence.hashed)
    so_far = signing_in.waiting(step)
    arrival = msgspec.structs.replace(evidence.arrival, next_path=so_far.next_path)
    return answer(call, visit, await signing_in.proceed(call, user.id, so_far.methods, arrival))
