"""One's API tokens: which there are, making one, revoking one (contract: identity §6)."""

import msgspec

from tenantry.areas.tokens import model, terms
from tenantry.areas.users import factors, standing
from tenantry.console import words
from tenantry.console.frame import page
from tenantry.core.clock import DAY, Instant
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import Problem, not_found
from tenantry.core.permissions import SCOPES
from tenantry.http.body import Body
from tenantry.http.message import Response
from tenantry.http.operation import PERSON, Allow, operation
from tenantry.http.pages import see_other
from tenantry.http.visit import Visit
from tenantry.http.wire import PAGE

PATH = "/_tenantry/console/tokens"
LIVES = {"30": "30 days", "90": "90 days", "365": "One year", "": "Never ends"}
"""For how many days a token may be made, in words."""
DEFAULT_LIFE = "90"
SCOPE_WORDS = {
    "global": "Everything that you may do",
    "global:read": "Only look",
    "purge_select": "Only purge single objects",
    "purge_all": "Only purge whole services",
}


_WAYS_OUT = {
    factors.FORCED: "Set one up under Second factors.",
    standing.LOCKED: "Reset your password, or ask a superuser to unlock it.",
    standing.NEW_PASSWORD: "Choose it on your profile.",
}
"""What to do about what keeps somebody from making tokens."""


class TokenForm(msgspec.Struct):
    """What the form for a new token sends."""

    name: str = ""
    scope: str = "global"
    services: list[str] | None = None
    days: str = DEFAULT_LIFE


async def _tokens(  # noqa: PLR0913 - what stands on the page
    call: Reading,
    visit: Visit,
    *,
    form: TokenForm | None = None,
    problem: Problem | None = None,
    created: model.TokenRow | None = None,
    secret: str = "",
) -> Response:
    listed = await model.list_of_user(call, call.principal.user_id or "")
    return page(
        call,
        visit,
        "tokens",
        200 if problem is None else problem.status,
        tokens=[row for row in listed if row.kind == "user"],
        services=await terms.visible_services(call),
        scopes={name: SCOPE_WORDS[name] for name in SCOPES},
        lives=LIVES,
        filled=form or TokenForm(),
        problem="" if problem is None else _told(problem),
        created=created,
        secret=secret,
        now=call.now,
        words=words,
        notice="The token is revoked." if visit.query.get("done") == "revoked" else "",
    )


def _told(problem: Problem) -> str:
    way_out = _WAYS_OUT.get(problem.title)
    return problem.detail or (f"{problem.title}. {way_out}" if way_out else problem.title)


@operation(f"GET {PATH}", allow=PERSON, wire=PAGE)
async def get_tokens_page(call: Reading, visit: Visit) -> Response:
    """One's tokens, and the form for a new one."""
    return await _tokens(call, visit)


@operation(f"POST {PATH}", allow=Allow(who="person", sudo=True), wire=PAGE)
async def make_token(call: Writing, body: Body[TokenForm], visit: Visit) -> Response:
    """Make a token; its secret stands on the page that answers, and nowhere else."""
    form, principal = body(), call.principal
    try:
        methods = await standing.methods_of(call, principal.token_id)
        await standing.welcome_to_new_keys(call, principal.user_id or "", methods)
        row = await _checked(call, form)
        secret = await model.issue(call, row)
    except Problem as problem:
        return await _tokens(call, visit, form=form, problem=problem)
    return await _tokens(call, visit, created=row, secret=secret)


async def _checked(call: Reading, form: TokenForm) -> model.TokenRow:
    scope = terms.checked_scope(form.scope)
    services = await terms.checked_services(call, form.services or [])
    terms.check_not_wider(call, scope, services or None)
    return model.new_row(
        call,
        "user",
        user_id=call.principal.user_id,
        name=terms.checked_name(form.name),
        scope=scope,
        services=msgspec.json.encode(services).decode(),
        limited=bool(services),
        expires_at=_end(form.days, call.now),
    )


def _end(days: str, now: Instant) -> Instant | None:
    if days not in LIVES:
        raise Problem(400, "Bad request", "Choose for how long the token is to last")
    return now + int(days) * DAY if days else None


async def _own(call: Reading, token_id: str) -> model.TokenRow:
    row = await model.find(call, token_id)
    if row.kind != "user" or row.user_id != call.principal.user_id:
        raise not_found("token", token_id)
    return row


@operation(f"GET {PATH}/{{token_id}}", allow=PERSON, wire=PAGE)
async def get_token_page(call: Reading, visit: Visit, token_id: str) -> Response:
    """Ask whether a token is to be revoked. Raises Problem 404."""
    return page(call, visit, "token", token=await _own(call, token_id), words=words, now=call.now)


@operation(f"POST {PATH}/{{token_id}}", allow=PERSON, wire=PAGE)
async def revoke_own_token(call: Writing, token_id: str) -> Response:
    """Revoke it. Raises Problem 404."""
    await _own(call, token_id)
    await model.revoke(call, [token_id])
    return see_other(f"{PATH}?done=revoked")
