"""What a program gets for a code or a refresh token (RFC 6749 §5.1, OpenID Connect §3.1.3.3)."""

from typing import Literal

import msgspec
from joserfc.jwk import RSAKey

from tenantry.areas.realm import codes, grants, open_sessions, web_tokens
from tenantry.areas.realm.asked import SCOPE, refusal
from tenantry.areas.realm.grants import Grant
from tenantry.areas.realm.web_tokens import Access, Identity
from tenantry.areas.users.model import UserRow
from tenantry.areas.users.standing import welcome
from tenantry.core.clock import SECOND
from tenantry.core.context import Writing
from tenantry.core.errors import Problem


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of the token endpoint (contract: identity §9.3)."""

    access_token: str
    expires_in: int
    """Seconds."""
    id_token: str
    refresh_expires_in: int
    """Seconds."""
    refresh_token: str
    scope: str = SCOPE
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the name of a scheme


def issuer_of(public_url: str) -> str:
    """By which name this server signs."""
    return f"{public_url}/realms/fastly"


async def redeem(call: Writing, key: RSAKey, given: codes.Redemption) -> Issued | Problem:
    """Give a program what somebody agreed to.

    A Problem that is returned must commit with what was done: a code that came with a wrong proof
    is spent by that, and what a code brought ends when it comes twice. Raises Problem 400.
    """
    code = await codes.find(call, given.code)
    if code is None:
        raise refusal("invalid_grant", "the code is unknown or has expired")
    if code.agreed.is_spent:
        await grants.end(call, code.agreed.family, "an authorization code was used twice")
        return refusal("invalid_grant", "the code was used before")
    await codes.spend(call, code)
    user_id = code.step.user_id
    try:
        codes.check(code.agreed, given, call.now)
        row = await _welcome(call, user_id, code.agreed.session_id, code.agreed.methods)
    except Problem as problem:
        return problem
    grant, secret = await grants.begin(call, code.agreed, user_id)
    return _issued(call, key, Issue(grant, secret, row, code.agreed.nonce))


async def refresh(call: Writing, key: RSAKey, secret: str, client_id: str) -> Issued | Problem:
    """Give a program the next of its refresh tokens, and a new access token.

    A Problem that is returned must commit: the family of a token that came twice has ended. Raises
    Problem 400, which leaves the token as it was.
    """
    grant = await grants.find_by_secret(call, secret)
    if grant is None or call.now >= grant.expires_at:
        raise refusal("invalid_grant", "the refresh token is unknown or has expired")
    if client_id != grant.client_id:
        raise refusal("invalid_grant", "the refresh token was issued to another client")
    used = await grants.use(call, grant)
    if used is None:
        await grants.end(call, grant.family, "a refresh token was used twice")
        return refusal("invalid_grant", "the refresh token was used before")
    row = await _welcome(call, grant.user_id, grant.session_id, grant.amr)
    return _issued(call, key, Issue(*used, row))


async def _welcome(call: Writing, user_id: str, session_id: str, methods: list[str]) -> UserRow:
    """Who agreed, if he still may and is still signed in. Raises Problem 400."""
    try:
        row = await welcome(call, user_id, methods)
    except Problem as problem:
        raise refusal("invalid_grant", problem.detail or problem.title) from problem
    if not await open_sessions.is_open(call, session_id, user_id):
        raise refusal("invalid_grant", "the session that this rests on has ended")
    return row


class Issue(msgspec.Struct, frozen=True):
    """What tokens are made of."""

    grant: Grant
    secret: str
    row: UserRow
    nonce: str | None = None


def _issued(call: Writing, key: RSAKey, issue: Issue) -> Issued:
    grant, now = issue.grant, call.now // SECOND
    ends_at = min(now + web_tokens.LIFE // SECOND, grant.expires_at // SECOND)
    issuer, login = issuer_of(call.public_url), issue.row.login
    access = Access(
        iss=issuer,
        sub=grant.user_id,
        aud=grant.audience,
        azp=grant.client_id,
        client_id=grant.client_id,
        customer_id=grant.customer_id,
        email=login,
        jti=grant.id,
        scope=SCOPE,
        amr=grant.amr,
        auth_time=grant.signed_in_at // SECOND,
        iat=now,
        exp=ends_at,
    )
    identity = Identity(
        iss=issuer,
        sub=grant.user_id,
        aud=grant.client_id,
        azp=grant.client_id,
        email=login,
        amr=grant.amr,
        auth_time=grant.signed_in_at // SECOND,
        iat=now,
        exp=ends_at,
        nonce=issue.nonce,
    )
    return Issued(
        access_token=web_tokens.signed(key, access),
        expires_in=ends_at - now,
        id_token=web_tokens.signed(key, identity),
        refresh_expires_in=grant.expires_at // SECOND - now,
        refresh_token=issue.secret,
    )
