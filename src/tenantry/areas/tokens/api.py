"""How users' tokens are reached (contract: identity §6)."""

from typing import Any

import msgspec

from tenantry.access.decide import decide
from tenantry.areas.tokens import model, terms
from tenantry.areas.tokens.shapes import CreatedToken, Token, created_token, shown_token
from tenantry.areas.users import sign_in, standing
from tenantry.areas.users.model import login_key
from tenantry.core.clock import shown, shown_or_none
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import (
    Problem,
    bad_request,
    not_authorized,
    not_found,
    sudo_missing,
    unauthenticated,
)
from tenantry.http.body import Body
from tenantry.http.gate import check_address, check_scope, is_lifted
from tenantry.http.operation import (
    ANY_KEY,
    PERSON,
    PUBLIC,
    Allow,
    Credentials,
    Refused,
    operation,
    permission,
)
from tenantry.http.wire import LEGACY

DEFAULT_NAME = "Unnamed token"
_READ = Allow(who="customer", widened="token.read_all")
_REVOKE = Allow(who="customer", widened="token.revoke_all")


class NewToken(msgspec.Struct, kw_only=True):
    """The form that a token is created from; official clients send it to /sudo as well."""

    username: str | None = None
    password: str | None = None
    name: str | None = None
    scope: str | None = None
    services: list[str] | None = None
    expires_at: str | None = None


@operation("GET /tokens", allow=PERSON, wire=LEGACY, compatibility="token")
async def list_tokens_user(call: Reading) -> list[Token]:
    """The caller's own tokens and sessions."""
    rows = await model.list_of_user(call, call.principal.user_id or "")
    return [shown_token(row, call) for row in rows]


@operation(
    "GET /customer/{customer_id}/tokens",
    allow=permission("token.read_all"),
    wire=LEGACY,
    compatibility="token",
)
async def list_tokens_customer(call: Reading) -> list[Token]:
    """The tokens and sessions of everybody in the customer."""
    return [shown_token(row, call) for row in await model.list_of_people(call)]


@operation("GET /tokens/self", allow=ANY_KEY, wire=LEGACY, compatibility="token")
async def get_token_current(call: Reading) -> Token:
    """The calling token, whatever its kind and scope."""
    return shown_token(await model.current(call), call)


@operation("GET /tokens/{token_id}", allow=_READ, wire=LEGACY, compatibility="token")
async def get_token(call: Reading, token_id: str) -> Token:
    """One's own token; any of the customer for who may read all. Others are as if absent."""
    row = await model.find_standing(call, token_id)
    if not model.is_own(call, row) and not decide(call.principal.grants, "token.read_all").allowed:
        raise not_found("token", token_id)
    return shown_token(row, call)


async def check_password(
    call: Reading, body: Body[NewToken], credentials: Credentials
) -> sign_in.Checked | Problem | None:
    """Compare the password that came, by Basic or in the form; None if none did.

    What is refused is handed on, so that it counts like every other write. Raises Problem 429.
    """
    _check_key(call)
    form = body()
    principal = call.principal
    username = credentials.username or form.username
    password = credentials.password or form.password
    if principal.is_person:
        if username and login_key(username) != login_key(principal.login):
            return _refusal("invalid")
        username = principal.login
    elif credentials.has_key and not (username and password):
        return unauthenticated(principal.refused)
    elif not username or not password:
        return Problem(400, "Username and password are required", code="invalid_request")
    if not password:
        return None
    return await sign_in.check(call, username, password, credentials.otp)


def _check_key(call: Reading) -> None:
    """Refuse a key that makes none, whatever is asked for. Raises Problem 403."""
    if call.principal.is_person:
        check_address(call)
        check_scope(call.principal, "POST")
    elif call.principal.kind != "nobody":
        raise not_authorized()


def _refusal(outcome: sign_in.Outcome) -> Problem:
    if outcome == "otp":
        return Problem(400, "2fa.verify", "Invalid one-time password", code="2fa.verify")
    if outcome == "locked":
        return Problem(400, "This account is locked", code="account_locked")
    kept_out = sign_in.refusal(outcome)
    return kept_out or Problem(400, "Invalid username or password", code="invalid_grant")


@operation(
    "POST /tokens",
    allow=PUBLIC,
    wire=LEGACY,
    prepare=check_password,
    compatibility="token",
)
async def create_token(
    call: Writing, body: Body[NewToken], evidence: sign_in.Checked | Problem | None
) -> CreatedToken | Refused:
    """Make a token of one's own, proved by a password or by a key in sudo mode."""
    _check_key(call)
    form = body()
    if isinstance(evidence, Problem):
        raise evidence
    if evidence is not None:
        lifted = is_lifted(call.principal, call.now)
        outcome = await sign_in.settle(call, evidence, is_lifted=lifted)
        if outcome != "ok" or evidence.row is None:
            return Refused(_refusal(outcome))
        user_id = evidence.row.id
    elif not is_lifted(call.principal, call.now):
        raise sudo_missing()
    else:
        user_id = call.principal.user_id or ""
        await standing.welcome_to_new_keys(call, user_id, standing.BY_PASSWORD)
    row = await _checked_row(call, form, user_id)
    if evidence is not None:
        await sign_in.sign_in(call, evidence)
    return created_token(row, await model.issue(call, row))


async def _checked_row(call: Writing, form: NewToken, user_id: str) -> model.TokenRow:
    scope = terms.checked_scope(form.scope)
    expires_at = terms.checked_expiry(form.expires_at, call.now)
    asked = form.services or []
    if call.principal.is_person:
        terms.check_not_wider(call, scope, asked or None)
        services = await terms.checked_services(call, asked)
    else:
        services = await terms.checked_services_of(call, user_id, asked)
    return model.new_row(
        call,
        "user",
        user_id=user_id,
        name=terms.checked_name(form.name or DEFAULT_NAME),
        scope=scope,
        services=msgspec.json.encode(services).decode(),
        limited=bool(services),
        expires_at=expires_at,
    )


@operation("DELETE /tokens/self", allow=ANY_KEY, wire=LEGACY, status=204)
async def revoke_token_current(call: Writing) -> None:
    """Revoke the calling token, whatever its kind and scope; no operator's key."""
    if call.principal.kind == "operator":
        # It is no customer's, so no log would tell who ended the installation's own key.
        raise not_authorized()
    await model.revoke(call, [call.principal.token_id])


@operation("DELETE /tokens/{token_id}", allow=_REVOKE, wire=LEGACY, status=204)
async def revoke_token(call: Writing, token_id: str) -> None:
    """Revoke one's own token; any of the customer, automation tokens too, for who may."""
    await model.revoke(call, [token_id])


class TokenReference(msgspec.Struct):
    """A JSON:API resource identifier."""

    id: str
    type: str = "token"


class TokenReferences(msgspec.Struct):
    """The body of a bulk revocation."""

    data: list[Any]


MAX_BULK = 1000


@operation("DELETE /tokens", allow=_REVOKE, wire=LEGACY, status=204)
async def bulk_revoke_tokens(call: Writing, body: Body[TokenReferences]) -> None:
    """Revoke many, all or none; the calling token may be among them."""
    data = body().data
    if not 1 <= len(data) <= MAX_BULK:
        raise bad_request("Data must name 1 to 1000 tokens")
    try:
        references = msgspec.convert(data, list[TokenReference])
    except msgspec.ValidationError as problem:
        raise bad_request("Data must be a list of objects with a type and an id") from problem
    # Some Go programs send no type (contract: protocol §11.2).
    if any(one.type not in {"", "token"} for one in references):
        raise bad_request("Type must be 'token'")
    await model.revoke(call, list(dict.fromkeys(one.id for one in references)))


class Verification(msgspec.Struct):
    """Who a key is, as the CLI's `whoami` decodes it (contract: identity §9.2)."""

    customer: dict[str, str]
    user: dict[str, str]
    services: dict[str, str]
    token: dict[str, str | None]


@operation("GET /verify", allow=ANY_KEY, wire=LEGACY)
async def verify_token(call: Reading) -> Verification:
    """Who the key is and which services it sees."""
    principal = call.principal
    token = await model.current(call)
    return Verification(
        customer={"id": call.customer_id, "name": principal.customer_name},
        # An automation token is its own principal (contract: identity §9.2).
        user={
            "id": principal.user_id or token.id,
            "name": principal.name if principal.is_person else token.name,
            "login": principal.login,
        },
        services=await terms.visible_services(call),
        token={
            "id": token.id,
            "name": token.name,
            "created_at": shown(token.created_at),
            "expires_at": shown_or_none(token.expires_at),
            "scope": token.scope,
        },
    )
