"""How users' tokens are reached (contract: identity §6)."""

from typing import Any

import msgspec

from tenantry.areas.tokens import model, terms
from tenantry.areas.users import sign_in
from tenantry.areas.users.model import find as find_user
from tenantry.core.clock import shown, shown_or_none
from tenantry.core.context import Principal, Reading, Writing
from tenantry.core.errors import (
    Problem,
    bad_request,
    not_authorized,
    not_found,
    sudo_missing,
    unauthenticated,
)
from tenantry.http.body import Body
from tenantry.http.gate import is_lifted
from tenantry.http.operation import (
    ANY_KEY,
    CUSTOMER,
    PERSON,
    PUBLIC,
    Credentials,
    Refused,
    operation,
    permission,
)
from tenantry.http.wire import LEGACY

DEFAULT_NAME = "Unnamed token"


class NewToken(msgspec.Struct, kw_only=True):
    """The form that a token is created from; official clients send it to /sudo as well."""

    username: str | None = None
    password: str | None = None
    name: str | None = None
    scope: str | None = None
    services: list[str] | None = None
    expires_at: str | None = None


class Token(msgspec.Struct):
    """A token as listed; its secret is never shown again."""

    id: str
    user_id: str | None
    customer_id: str
    name: str
    last_used_at: str | None
    created_at: str
    expires_at: str | None
    ip: str | None
    user_agent: str | None
    sudo_expires_at: str | None
    scopes: list[str]
    scope: str
    services: list[str]
    service_id: str | None


class CreatedToken(msgspec.Struct):
    """A token as it is told once, with its secret."""

    id: str
    name: str
    user_id: str
    customer_id: str
    service_id: str | None
    expires_at: str | None
    created_at: str
    updated_at: str
    scope: str
    services: list[str]
    access_token: str


def shown_token(row: model.TokenRow, call: Reading) -> Token:
    """A token; of the calling one, the very use that is under way."""
    if row.id == call.principal.token_id:
        row = msgspec.structs.replace(
            row, last_used_at=call.now, ip=call.ip[:255], user_agent=call.user_agent
        )
    services = row.service_ids
    return Token(
        id=row.id,
        # An automation token is its own principal (contract: identity §6.2).
        user_id=row.id if row.kind == "automation" else row.user_id,
        customer_id=row.customer_id,
        name=row.name,
        last_used_at=shown_or_none(row.last_used_at),
        created_at=shown(row.created_at),
        expires_at=shown_or_none(row.expires_at),
        ip=row.ip,
        user_agent=row.user_agent,
        sudo_expires_at=shown_or_none(row.sudo_expires_at),
        scopes=row.scope.split(),
        scope=row.scope,
        services=services,
        service_id=services[-1] if services else None,
    )


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
    return shown_token(await model.find(call, call.principal.token_id), call)


@operation("GET /tokens/{token_id}", allow=CUSTOMER, wire=LEGACY, compatibility="token")
async def get_token(call: Reading, token_id: str) -> Token:
    """One's own token; any of the customer for who may read all. Others are as if absent."""
    row = await model.find(call, token_id)
    if not model.may_revoke(call, row):
        raise not_found("token", token_id)
    return shown_token(row, call)


async def check_password(
    call: Reading, body: Body[NewToken], credentials: Credentials
) -> sign_in.Checked | None:
    """Compare the password that came, by Basic or in the form; None if none did.

    Raises Problem 400 (somebody else's name), 401, 403 (automation tokens), 429.
    """
    form = body()
    principal = call.principal
    if principal.kind == "automation":
        raise not_authorized()
    username = credentials.username or form.username
    password = credentials.password or form.password
    if principal.is_person:
        if username and username.casefold() != principal.login.casefold():
            raise _refusal("invalid")
        username = principal.login
    elif username and password:
        pass
    elif credentials.has_key:
        raise unauthenticated()
    if not username or not password:
        if not principal.is_person:
            title = "Username and password are required"
            raise Problem(400, title, code="invalid_request")
        return None
    return await sign_in.check(call, username, password)


def _refusal(outcome: sign_in.Outcome) -> Problem:
    if outcome == "otp":
        return Problem(400, "2fa.verify", "Invalid one-time password", code="2fa.verify")
    if outcome == "locked":
        return Problem(400, "This account is locked", code="account_locked")
    return Problem(400, "Invalid username or password", code="invalid_grant")


@operation(
    "POST /tokens",
    allow=PUBLIC,
    wire=LEGACY,
    prepare=check_password,
    compatibility="token",
)
async def create_token(
    call: Writing, body: Body[NewToken], evidence: sign_in.Checked | None
) -> CreatedToken | Refused:
    """Make a token of one's own, proved by a password or by a key in sudo mode."""
    form = body()
    _check_maker(call.principal)
    if evidence is not None:
        outcome = await sign_in.settle(call, evidence)
        if outcome != "ok" or evidence.row is None:
            return Refused(_refusal(outcome))
        if call.principal.is_person and call.principal.user_id != evidence.row.id:
            return Refused(_refusal("invalid"))
        user_id = evidence.row.id
    elif not is_lifted(call.principal, call.now):
        raise sudo_missing()
    else:
        user_id = call.principal.user_id or ""
    row = await _checked_row(call, form, user_id)
    if evidence is not None:
        await sign_in.sign_in(call, evidence)
    return _created(row, await model.issue(call, row))


def _check_maker(principal: Principal) -> None:
    if principal.kind == "nobody":
        return
    if not principal.is_person:
        raise not_authorized()
    scopes = principal.grants.scopes
    if "global" not in scopes and "global:read" in scopes:
        raise Problem(403, "Read only tokens are not allowed to access this endpoint")
    if "global" not in scopes:
        raise not_authorized()


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


def _created(row: model.TokenRow, secret: str) -> CreatedToken:
    services = row.service_ids
    return CreatedToken(
        id=row.id,
        name=row.name,
        user_id=row.user_id or "",
        customer_id=row.customer_id,
        service_id=services[-1] if services else None,
        expires_at=shown_or_none(row.expires_at),
        created_at=shown(row.created_at),
        updated_at=shown(row.updated_at),
        scope=row.scope,
        services=services,
        access_token=secret,
    )


@operation("DELETE /tokens/self", allow=ANY_KEY, wire=LEGACY, status=204)
async def revoke_token_current(call: Writing) -> None:
    """Revoke the calling token, whatever its kind and scope."""
    await model.revoke(call, [call.principal.token_id])


@operation("DELETE /tokens/{token_id}", allow=CUSTOMER, wire=LEGACY, status=204)
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


@operation("DELETE /tokens", allow=CUSTOMER, wire=LEGACY, status=204)
async def bulk_revoke_tokens(call: Writing, body: Body[TokenReferences]) -> None:
    """Revoke many, all or none; the calling token may be among them."""
    data = body().data
    if not 1 <= len(data) <= MAX_BULK:
        raise bad_request("Data must name 1 to 1000 tokens")
    try:
        references = msgspec.convert(data, list[TokenReference])
    except msgspec.ValidationError as problem:
        raise bad_request("Data must be a list of objects with a type and an id") from problem
    if any(one.type != "token" for one in references):
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
    user = {"id": principal.token_id, "name": principal.token_name, "login": ""}
    if principal.user_id is not None:
        row = await find_user(call, principal.user_id)
        user = {"id": row.id, "name": row.name, "login": row.login}
    token = await model.find(call, principal.token_id)
    return Verification(
        customer={"id": principal.customer_id, "name": principal.customer_name},
        user=user,
        services=await terms.visible_services(call),
        token={
            "id": token.id,
            "name": token.name,
            "created_at": shown(token.created_at),
            "expires_at": shown_or_none(token.expires_at),
            "scope": token.scope,
        },
    )
