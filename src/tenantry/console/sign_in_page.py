"""Signing in with a password, and signing out."""

import msgspec

from tenantry.areas.users import sessions, sign_in, signing_in
from tenantry.console.entry import answer, arrive, ways
from tenantry.console.frame import checked_path, page, sign_in_path
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import Problem
from tenantry.http.body import Body
from tenantry.http.cookies import SESSION, STEP
from tenantry.http.message import Response
from tenantry.http.operation import PUBLIC, Credentials, operation
from tenantry.http.pages import SIGN_IN, see_other
from tenantry.http.visit import Visit
from tenantry.http.wire import PAGE

SIGN_OUT = "/_tenantry/console/sign-out"

_WORDS = {
    "confirm": "Sign in once more to go on: what you are about to do needs it.",
    "ended": "Your session has ended. Please sign in again.",
    "out": "You are signed out.",
}
_INVALID = "This login and password do not belong together. Please check both."
_LOCKED = (
    "This account is locked after too many wrong passwords. Ask an administrator of your account "
    "for a link to a new password."
)
_ELSEWHERE = "Access from this IP address is not allowed by your account."
_SSO = (
    "This account signs in through its identity provider: choose single sign-on. If you are spared "
    "from that, your login and password do not belong together."
)
_REFUSALS: dict[signing_in.Next, tuple[int, str]] = {
    "invalid": (400, _INVALID),
    "locked": (400, _LOCKED),
    "elsewhere": (403, _ELSEWHERE),
    "sso": (403, _SSO),
}
"""What is told on the form: the status, and the sentence."""


class SignInForm(msgspec.Struct):
    """What the sign-in page sends."""

    login: str = ""
    password: str = ""
    next: str = ""


class Attempt(msgspec.Struct, frozen=True):
    """A compared password, and what the browser brought."""

    checked: sign_in.Checked | Problem
    arrival: signing_in.Arrival


async def _form(  # noqa: PLR0913 - what stands in the form
    call: Reading,
    visit: Visit,
    *,
    next_path: str,
    login: str = "",
    notice: str = "",
    problem: str = "",
    status: int = 200,
) -> Response:
    return page(
        call,
        visit,
        "sign_in",
        status,
        next_path=next_path,
        login=login,
        notice=notice,
        problem=problem,
        ways=await ways(call),
    )


@operation(f"GET {SIGN_IN}", allow=PUBLIC, wire=PAGE)
async def get_sign_in_page(call: Reading, visit: Visit) -> Response:
    """The form; who is signed in may go on as who he is, or sign in as another."""
    next_path = checked_path(visit.query.get("next"))
    why = visit.query.get("why") or ""
    if call.principal.kind == "session" and why != "confirm":
        return page(call, visit, "signed_in", next_path=next_path)
    login = call.principal.login if why == "confirm" else visit.query.get("login") or ""
    return await _form(call, visit, next_path=next_path, login=login, notice=_WORDS.get(why, ""))


async def check_sign_in(
    call: Reading, body: Body[SignInForm], _credentials: Credentials, visit: Visit
) -> Attempt:
    """Compare the password. Raises Problem 400, 429."""
    form = body()
    arrival = arrive(call, visit, checked_path(form.next))
    if not form.login.strip() or not form.password:
        return Attempt(Problem(400, "Please enter your login and your password."), arrival)
    return Attempt(await sign_in.check(call, form.login, form.password), arrival)


@operation(f"POST {SIGN_IN}", allow=PUBLIC, wire=PAGE, prepare=check_sign_in)
async def sign_in_with_password(
    call: Writing, body: Body[SignInForm], visit: Visit, evidence: Attempt
) -> Response:
    """Sign in, or go on to what else is needed; a failure is counted and told on the form."""
    checked, arrival = evidence.checked, evidence.arrival
    form = body()
    if isinstance(checked, Problem):
        call.principal = arrival.old or call.principal
        return await _form(
            call,
            visit,
            next_path=arrival.next_path,
            login=form.login,
            problem=checked.title,
            status=400,
        )
    proved = await signing_in.begin(call, checked, arrival)
    if proved.next not in _REFUSALS:
        return answer(call, visit, proved)
    call.principal = arrival.old or call.principal
    status, problem = _REFUSALS[proved.next]
    return await _form(
        call,
        visit,
        next_path=arrival.next_path,
        login=form.login,
        problem=problem,
        status=status,
    )


@operation(f"GET {SIGN_OUT}", allow=PUBLIC, wire=PAGE)
async def get_sign_out_page(call: Reading, visit: Visit) -> Response:
    """A button: no link signs anybody out."""
    if call.principal.kind != "session":
        return see_other(SIGN_IN)
    return page(call, visit, "sign_out", next_path=checked_path(visit.query.get("next")))


class SignOutForm(msgspec.Struct):
    """What the sign-out button sends."""

    next: str = ""


@operation(f"POST {SIGN_OUT}", allow=PUBLIC, wire=PAGE)
async def sign_out(call: Writing, body: Body[SignOutForm], visit: Visit) -> Response:
    """End the session, here and on the server."""
    if call.principal.kind == "session":
        await sessions.end_one(call, call.principal.token_id)
    next_path = checked_path(body().next)
    place = sign_in_path(next_path) if next_path else f"{SIGN_IN}?why=out"
    return see_other(place, (visit.drop(SESSION), visit.drop(STEP)))
