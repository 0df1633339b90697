"""Where a program exchanges its access token for a key (contract: identity §9.3)."""

import msgspec

from tenantry.areas.realm import keys, programs, session_keys, web_tokens
from tenantry.areas.realm.issuing import issuer_of
from tenantry.areas.realm.web_tokens import Access
from tenantry.core.clock import shown_or_none
from tenantry.core.context import NOBODY, Reading, Writing
from tenantry.core.errors import unauthenticated
from tenantry.http.operation import PUBLIC, Credentials, Refused, operation
from tenantry.http.wire import LEGACY


class SessionKey(msgspec.Struct, frozen=True):
    """A program's session, with its key."""

    access_token: str
    customer_id: str
    expires_at: str | None
    id: str
    name: str
    user_id: str | None


async def check_token(call: Reading, _body: None, credentials: Credentials) -> Access:
    """The claims of the token, if it is one of ours and good. Raises Problem 401."""
    # A key that is sent along proves nothing here, and may be of another customer.
    call.principal = NOBODY
    token = credentials.bearer
    if token is None:
        raise unauthenticated()
    key = await keys.find_public(call, web_tokens.key_id(token))
    if key is None:
        raise unauthenticated()
    claims = web_tokens.read(key, token, issuer_of(call.public_url), call.now)
    is_ours = claims.aud.removesuffix("/") == call.public_url
    if not is_ours or programs.find(claims.azp) is None:
        raise unauthenticated()
    call.customer_id = claims.customer_id
    return claims


@operation("POST /login-enhanced", allow=PUBLIC, wire=LEGACY, prepare=check_token)
async def create_program_session(call: Writing, evidence: Access) -> SessionKey | Refused:
    """Exchange an access token for the key of a session, which lasts as long as the sign-in."""
    row = await session_keys.exchange(call, evidence)
    if row is None:
        return Refused(unauthenticated())
    return SessionKey(
        access_token=session_keys.key_of(call.keyring, row.id),
        customer_id=row.customer_id,
        expires_at=shown_or_none(row.expires_at),
        id=row.id,
        name=row.name,
        user_id=row.user_id,
    )
