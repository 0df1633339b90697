"""Who looks at a page: a cookie tells, and nothing else does.

Keys in headers never sign a page in, and the API never looks at cookies: what a browser sends by
itself moves nothing there.
"""

import msgspec

from tenantry.access.principals import Finder
from tenantry.access.sessions import check_life, cookie_digest
from tenantry.core.clock import Instant
from tenantry.core.context import NOBODY, Principal
from tenantry.core.errors import Problem, unauthenticated
from tenantry.core.secrets import Keyring
from tenantry.http import gate
from tenantry.http.cookies import SESSION, read_cookie
from tenantry.http.message import Request


async def identify(
    request: Request, principals: Finder, keyring: Keyring, now: Instant
) -> tuple[Principal, bytes]:
    """Who is signed in, and the digest of his session. Raises Problem 401."""
    secret = read_cookie(request, SESSION)
    if not secret:
        raise unauthenticated()
    digest = cookie_digest(keyring, secret)
    principal = await principals.find(digest)
    if principal is None or principal.kind != "session":
        raise unauthenticated()
    gate.check_expiry(principal, now)
    await check_life(principals.rows, principal, now)
    return principal, digest


async def identify_if_any(
    request: Request, principals: Finder, keyring: Keyring, now: Instant
) -> tuple[Principal, bytes]:
    """As `identify`, where nobody need be signed in."""
    try:
        return await identify(request, principals, keyring, now)
    except Problem as problem:
        return msgspec.structs.replace(NOBODY, refused=problem.title), b""
