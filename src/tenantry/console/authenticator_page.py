"""Setting up an authenticator app: a QR code, and a code of it that confirms."""

import msgspec
from markupsafe import Markup

from tenantry.areas.users import authenticators, ceremonies, factors
from tenantry.areas.users.authenticators import Authenticator
from tenantry.areas.users.signing_in import ONE_TIME
from tenantry.console.enrolment import (
    FACTORS,
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
from tenantry.http.body import Body
from tenantry.http.message import Response
from tenantry.http.operation import PUBLIC, operation
from tenantry.http.pages import see_other
from tenantry.http.visit import Visit
from tenantry.http.wire import PAGE

ONE = f"{PATH}/authenticator/{{factor_id}}"

_WRONG = (
    "This is not the code that the app should show now. Check the time of the device that it runs "
    "on, and enter the newest code."
)


class NewAuthenticatorForm(msgspec.Struct):
    """How the app is to be called."""

    name: str = ""


class ConfirmationForm(msgspec.Struct):
    """A first code of the app."""

    code: str = ""


@operation(f"GET {PATH}", allow=PUBLIC, wire=PAGE)
async def get_enrol_page(call: Reading, visit: Visit) -> Response:
    """The choice of factors."""
    who = await find_enrolling(call, visit)
    return page(
        call,
        visit,
        "enrol",
        frame=who.frame,
        is_forced=who.arrival is not None,
        takes_passkeys=ceremonies.site_of(call) is not None,
    )


@operation(f"POST {PATH}", allow=PUBLIC, wire=PAGE, prepare=arrive_enrolling)
async def begin_authenticator(
    call: Writing, body: Body[NewAuthenticatorForm], evidence: Enrolling
) -> Response:
    """Make a secret, and go on to where it is shown. Raises Problem 400."""
    name = factors.checked_name(body().name, "Authenticator app")
    user = await user_of(call, evidence)
    return see_other(ONE.format(factor_id=await authenticators.begin(call, user, name)))


async def _form(
    call: Reading, visit: Visit, who: Enrolling, one: Authenticator, problem: str = ""
) -> Response:
    user = await user_of(call, who)
    return page(
        call,
        visit,
        "authenticator",
        400 if problem else 200,
        frame=who.frame,
        path=ONE.format(factor_id=one.id),
        picture=_picture(authenticators.address(call, one, user.login)),
        secret=authenticators.shown_secret(call, one),
        problem=problem,
    )


def _picture(text: str) -> Markup:
    """A QR code as SVG: dark on light whatever the page's colours, or no camera reads it."""
    import segno  # noqa: PLC0415 - seldom needed

    made = segno.make(text, error="m")
    svg = made.svg_inline(
        scale=5, border=3, light="#fff", title="QR code for your authenticator app"
    )
    return Markup(svg)  # noqa: S704 - made here, of squares alone


@operation(f"GET {ONE}", allow=PUBLIC, wire=PAGE)
async def get_authenticator_page(call: Reading, visit: Visit, factor_id: str) -> Response:
    """The QR code, and the secret as text. Raises Problem 404."""
    who = await find_enrolling(call, visit)
    one = await authenticators.find(call, who.user_id, factor_id)
    if one.confirmed_at is not None:
        return see_other(FACTORS)
    return await _form(call, visit, who, one)


@operation(f"POST {ONE}", allow=PUBLIC, wire=PAGE, prepare=arrive_enrolling)
async def confirm_authenticator(
    call: Writing,
    body: Body[ConfirmationForm],
    visit: Visit,
    factor_id: str,
    evidence: Enrolling,
) -> Response:
    """Let the app count from now on. Raises Problem 401, 403, 404."""
    one = await authenticators.find(call, evidence.user_id, factor_id)
    if one.confirmed_at is not None:
        return see_other(FACTORS)
    code = "".join(body().code.split())
    if not await authenticators.confirm(call, evidence.user_id, one, code):
        as_before(call, evidence)
        return await _form(call, visit, evidence, one, _WRONG)
    return await finish(call, visit, evidence, ("authenticator", one.id, one.name), ONE_TIME)
