"""Who may enrol a second factor: whoever has just proved himself, or must enrol to come in."""

from typing import Any

import msgspec

from tenantry.areas.users import factors, model, signing_in, steps
from tenantry.console.entry import NEXT_PAGES, answer, arrive
from tenantry.console.frame import HOME, page
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import Problem, sudo_missing, unauthenticated
from tenantry.http.body import Body
from tenantry.http.cookies import STEP
from tenantry.http.gate import check_address, is_lifted
from tenantry.http.message import Response
from tenantry.http.operation import Credentials
from tenantry.http.pages import see_other
from tenantry.http.visit import Visit

PATH = "/_tenantry/console/factors/enrol"
FACTORS = "/_tenantry/console/factors"
PURPOSE = "enrol"


class Enrolling(msgspec.Struct, frozen=True):
    """Whose factor it will be, and how far he has come if he is not signed in yet."""

    user_id: str
    arrival: signing_in.Arrival | None = None
    methods: list[str] = []

    @property
    def frame(self) -> str:
        """The template that the pages extend."""
        return "console.html.j2" if self.arrival is None else "page.html.j2"


async def find_enrolling(call: Reading, visit: Visit) -> Enrolling:
    """Who enrols: by the step that is open in this browser, else whoever is signed in.

    Raises Problem 401, 403 for whom has not signed in lately, 409 for whom is signed in at another
    account.
    """
    step = await steps.find_step(call, PURPOSE, visit.cookie(STEP))
    if step is not None:
        so_far = signing_in.waiting(step)
        old = call.principal if call.principal.kind == "session" else None
        if old is not None and old.customer_id != step.customer_id:
            # Else he would enrol here, and go on in the pages of that one.
            raise Problem(409, "You are signed in at another account", "Sign out there first.")
        arrival = signing_in.Arrival(so_far.next_path, old=old)
        return Enrolling(so_far.user_id, arrival, so_far.methods)
    if call.principal.kind != "session":
        raise unauthenticated()
    check_address(call)
    if not is_lifted(call.principal, call.now):
        raise sudo_missing()
    return Enrolling(call.principal.user_id or "")


async def arrive_enrolling(
    call: Reading, _body: Body[Any], _credentials: Credentials, visit: Visit
) -> Enrolling:
    """The same while preparing a write: from there on who is not signed in yet is nobody."""
    found = await find_enrolling(call, visit)
    if found.arrival is None:
        return found
    arrival = arrive(call, visit, found.arrival.next_path)
    return msgspec.structs.replace(found, arrival=arrival)


def as_before(call: Reading, who: Enrolling) -> None:
    """Let a form that is shown once more be bound to what it was bound to before."""
    if who.arrival is not None:
        call.principal = who.arrival.old or call.principal


async def finish(
    call: Writing, visit: Visit, who: Enrolling, factor: tuple[factors.Kind, str, str], method: str
) -> Response:
    """Note a factor that was added (its kind, id and name); whoever had to do so is let in.

    Raises Problem 401 where another was faster, 403.
    """
    if who.arrival is None:
        codes = await factors.record_added(call, who.user_id, *factor)
        place = f"{FACTORS}?done=added"
        return shown_codes(call, visit, codes, place) if codes else see_other(place)
    if await steps.take_step(call, PURPOSE, visit.cookie(STEP)) is None:
        raise unauthenticated()
    codes = await factors.record_added(call, who.user_id, *factor)
    methods = [*who.methods, method]
    proved = await signing_in.proceed(call, who.user_id, methods, who.arrival)
    cookies = tuple(one for one in answer(call, visit, proved).headers if one[0] == "set-cookie")
    place = NEXT_PAGES.get(proved.next) or proved.next_path or HOME
    response = page(call, visit, "recovery_codes", frame="page.html.j2", codes=codes, place=place)
    response.headers += cookies
    return response


def shown_codes(call: Reading, visit: Visit, codes: list[str], place: str = FACTORS) -> Response:
    """Recovery codes, this once, and where to go on to."""
    return page(call, visit, "recovery_codes", frame="console.html.j2", codes=codes, place=place)


async def user_of(call: Reading, who: Enrolling) -> model.UserRow:
    """Whose factor it will be. Raises Problem 404."""
    return await model.find(call, who.user_id)
