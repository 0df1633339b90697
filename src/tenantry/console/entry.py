"""What a browser brings to signing in, and what it is answered: cookies, and where to go next."""

from tenantry.areas.users import devices, passkeys
from tenantry.areas.users.signing_in import Arrival, Proved
from tenantry.console.frame import onward, page
from tenantry.core.context import NOBODY, Reading
from tenantry.http.cookies import DEVICE, FORM, SESSION, STEP
from tenantry.http.message import Header, Response
from tenantry.http.pages import see_other
from tenantry.http.visit import Visit

STEP_SECONDS = 600
NEXT_PAGES = {
    "second factor": "/_tenantry/console/second-factor",
    "new password": "/_tenantry/console/new-password",
    "enrol": "/_tenantry/console/factors/enrol",
}
"""Where each step of signing in that waits is taken."""
OTHER_WAYS: tuple[tuple[str, str], ...] = (("/_tenantry/console/sso", "Single sign-on"),)
"""Ways to sign in without a password: where each begins (`next` is put behind), and its name."""

PASSKEY: tuple[str, str] = ("/_tenantry/console/passkey", "Passkey")


async def ways(call: Reading) -> tuple[tuple[str, str], ...]:
    """Those that may be open to somebody: passkeys alone only where any customer lets them be."""
    return (PASSKEY, *OTHER_WAYS) if await passkeys.may_be_alone(call) else OTHER_WAYS


def arrive(call: Reading, visit: Visit, next_path: str = "") -> Arrival:
    """What the browser brought; to be called while preparing, because from there on he is nobody.

    Who was signed in before proves nothing about who signs in now, and may be of another customer
    than the one whose log the unit of work will hold.
    """
    old = call.principal if call.principal.kind == "session" else None
    call.principal = NOBODY
    return Arrival(next_path, visit.cookie(DEVICE), old)


def answer(call: Reading, visit: Visit, proved: Proved) -> Response:
    """Where to go from a step that was taken, with the cookies that are needed there."""
    if proved.next == "another account":
        call.principal = proved.old or call.principal
        return page(call, visit, "signed_in", 409, next_path=proved.next_path)
    if proved.next != "in":
        step = visit.keep(STEP, proved.secret, seconds=STEP_SECONDS)
        return see_other(NEXT_PAGES[proved.next], (step,))
    headers: tuple[Header, ...] = (
        visit.keep(SESSION, proved.secret),
        visit.keep(DEVICE, proved.device, seconds=devices.LASTS),
        visit.drop(STEP),
        visit.drop(FORM),
    )
    return onward(call, visit, proved.next_path, headers)
