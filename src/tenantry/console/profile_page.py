"""Who one is, and one's password."""

import msgspec

from tenantry.areas.users import changing, fitness, model, passwords, sign_in, signing_in
from tenantry.console.frame import HOME, page
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import Problem
from tenantry.http.body import Body
from tenantry.http.cookies import SESSION
from tenantry.http.message import Response
from tenantry.http.operation import PERSON, PUBLIC, Credentials, operation
from tenantry.http.pages import see_other
from tenantry.http.visit import Visit
from tenantry.http.wire import CONSOLE, PAGE

PASSWORD = f"{HOME}/password"

_NOTICES = {
    "name": "Your name is changed.",
    "password": "Your password is changed. You were signed out everywhere else.",
}
_WRONG = "That is not your password of now."
_LOCKED = "Your account is locked after too many wrong passwords."


class NameForm(msgspec.Struct):
    """What the profile page sends."""

    name: str = ""


class PasswordForm(msgspec.Struct):
    """What the password page sends."""

    old_password: str = ""
    password: str = ""
    password_again: str = ""


async def _profile(
    call: Reading, visit: Visit, *, name: str | None = None, problem: str = ""
) -> Response:
    user = await model.find(call, call.principal.user_id or "")
    return page(
        call,
        visit,
        "profile",
        400 if problem else 200,
        user=user,
        name=user.name if name is None else name,
        roles=sorted(call.principal.grants.roles),
        problem=problem,
        notice=_NOTICES.get(visit.query.get("done") or "", ""),
    )


@operation(f"GET {CONSOLE}", allow=PUBLIC, wire=PAGE)
async def get_console(call: Reading) -> Response:  # noqa: ARG001 - the same for everybody
    """Lead to where the console begins."""
    return see_other(HOME)


@operation(f"GET {HOME}", allow=PERSON, wire=PAGE)
async def get_profile_page(call: Reading, visit: Visit) -> Response:
    """One's name, login and account."""
    return await _profile(call, visit)


@operation(f"POST {HOME}", allow=PERSON, wire=PAGE)
async def change_profile(call: Writing, body: Body[NameForm], visit: Visit) -> Response:
    """Change one's name."""
    name = body().name
    change = changing.UserChange(name=name)
    try:
        row = await model.find(call, call.principal.user_id or "")
        await changing.change(call, row, change)
    except Problem as problem:
        return await _profile(call, visit, name=name, problem=problem.detail or problem.title)
    return see_other(f"{HOME}?done=name")


def _password_form(call: Reading, visit: Visit, problem: str = "") -> Response:
    return page(
        call,
        visit,
        "password",
        400 if problem else 200,
        problem=problem,
        shortest=passwords.SHORTEST,
        longest=passwords.LONGEST,
    )


@operation(f"GET {PASSWORD}", allow=PERSON, wire=PAGE)
async def get_change_password_page(call: Reading, visit: Visit) -> Response:
    """The form, for who has a password."""
    user = await model.find(call, call.principal.user_id or "")
    return _password_form(call, visit) if user.password else see_other(HOME)


async def check_change(
    call: Reading, body: Body[PasswordForm], _credentials: Credentials
) -> fitness.Replacement | str:
    """Compare the old password and hash the new one, or what the form lacks.

    Raises Problem 400, 429.
    """
    form = body()
    if not form.old_password:
        return "Please enter your password of now."
    if form.password != form.password_again:
        return "The two new passwords are not the same."
    checked = await sign_in.check(call, call.principal.login, form.old_password)
    return await fitness.check_change(call, checked, form.old_password, form.password)


@operation(f"POST {PASSWORD}", allow=PERSON, wire=PAGE, prepare=check_change)
async def change_password(
    call: Writing, visit: Visit, evidence: fitness.Replacement | str
) -> Response:
    """Change it: every session ends, and this browser gets a new one. Raises Problem 403, 429."""
    if isinstance(evidence, str):
        return _password_form(call, visit, evidence)
    outcome = await sign_in.settle_password(call, evidence.checked)
    if outcome != "ok" or evidence.checked.row is None:
        # What failed is counted: the unit commits.
        return _password_form(call, visit, _LOCKED if outcome == "locked" else _WRONG)
    if evidence.unfit is not None:
        problem = await fitness.refuse(call, evidence.checked.row, evidence.unfit)
        return _password_form(call, visit, problem.detail or problem.title)
    secret = await signing_in.renew(call, evidence.hashed)
    return see_other(f"{HOME}?done=password", (visit.keep(SESSION, secret),))
