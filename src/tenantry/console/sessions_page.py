"""One's sessions: where one is signed in, and ending that."""

import msgspec

from tenantry.areas.users import model, sessions
from tenantry.console import words
from tenantry.console.frame import page
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import bad_request
from tenantry.http.body import Body
from tenantry.http.cookies import SESSION
from tenantry.http.message import Response
from tenantry.http.operation import PERSON, Allow, operation
from tenantry.http.pages import SIGN_IN, see_other
from tenantry.http.visit import Visit
from tenantry.http.wire import PAGE

PATH = "/_tenantry/console/sessions"

_NOTICES = {
    "ended": "That session has ended.",
    "others": "All other sessions have ended. Only this one is left.",
}


class EndForm(msgspec.Struct):
    """What a button of the page sends: a session's id, or `others` for all but this."""

    session: str = ""


@operation(f"GET {PATH}", allow=PERSON, wire=PAGE)
async def get_sessions_page(call: Reading, visit: Visit) -> Response:
    """Every session of one's own that is open, this one first."""
    user_id, this = call.principal.user_id or "", call.principal.token_id
    listed = await sessions.list_sessions(call, user_id)
    return page(
        call,
        visit,
        "sessions",
        sessions=sorted(listed, key=lambda one: one.id != this),
        this=this,
        now=call.now,
        words=words,
        notice=_NOTICES.get(visit.query.get("done") or "", ""),
    )


# Who finds an unlocked browser must not be able to hide in another (ASVS 5.0, 7.5.2).
@operation(f"POST {PATH}", allow=Allow(who="person", sudo=True), wire=PAGE)
async def end_session(call: Writing, body: Body[EndForm], visit: Visit) -> Response:
    """End one session, or all but the one that asks. Raises Problem 400, 404."""
    wanted, principal = body().session, call.principal
    if not wanted:
        raise bad_request("Choose a session to end")
    if wanted == "others":
        user = await model.find(call, principal.user_id or "")
        await sessions.end_sessions(call, user, but=principal.token_id)
        return see_other(f"{PATH}?done=others")
    await sessions.end_one(call, wanted, user_id=principal.user_id)
    if wanted == principal.token_id:
        return see_other(f"{SIGN_IN}?why=out", (visit.drop(SESSION),))
    return see_other(f"{PATH}?done=ended")
