"""Where somebody asks for a link to a new password, because the old one is forgotten."""

import asyncio

import msgspec

from tenantry.areas.users import forgetting
from tenantry.console.entry import arrive
from tenantry.console.frame import page
from tenantry.core.context import Reading, Writing
from tenantry.core.database import Database
from tenantry.http.body import Body
from tenantry.http.message import Response
from tenantry.http.operation import PUBLIC, Credentials, Then, operation
from tenantry.http.visit import Visit
from tenantry.http.wire import PAGE

PATH = "/_tenantry/console/forgotten-password"


class ForgottenForm(msgspec.Struct):
    """What the page sends."""

    login: str = ""


@operation(f"GET {PATH}", allow=PUBLIC, wire=PAGE)
async def get_forgotten_password_page(call: Reading, visit: Visit) -> Response:
    """The form."""
    return page(call, visit, "forgotten", is_asked=False)


async def check_login(
    call: Reading, body: Body[ForgottenForm], _credentials: Credentials, visit: Visit
) -> forgetting.Asked:
    """Find whose login it is. Raises Problem 429."""
    arrive(call, visit)
    return await forgetting.find(call, body().login)


@operation(f"POST {PATH}", allow=PUBLIC, wire=PAGE, prepare=check_login)
async def ask_for_new_password(call: Writing, visit: Visit, evidence: forgetting.Asked) -> Then:
    """Have a link mailed to whom it helps; everybody is told the same. Raises Problem 429."""
    await forgetting.post(call, evidence)

    async def tell(_: Database) -> Response:
        await asyncio.sleep(evidence.told_at - asyncio.get_running_loop().time())
        return page(call, visit, "forgotten", is_asked=True)

    return Then(work=tell)
