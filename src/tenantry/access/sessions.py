"""Sessions of browsers: by what they are found, and until when they last.

A session is a token of the kind `session`, and a row beside it. Its secret is kept apart from
those of keys: what stands in a cookie opens nothing as a key, and no key opens a page.
"""

from typing import NamedTuple

from sqlalchemy import and_, func, literal_column

from tenantry.core import schema
from tenantry.core.clock import HOUR, SECOND, Instant
from tenantry.core.context import Principal
from tenantry.core.errors import unauthenticated
from tenantry.core.secrets import Keyring
from tenantry.core.security_tables import sessions, sign_in_policies
from tenantry.core.session import Reads
from tenantry.core.statements import point

IDLE_SECONDS = HOUR // SECOND
"""After how long without use a session ends, unless the customer says otherwise."""
SESSION_SECONDS = 12 * HOUR // SECOND
"""After how long it ends in any case."""

_T, _S, _P = schema.tokens.c, sessions.c, sign_in_policies.c


class Life(NamedTuple):
    """What the end of a session follows from."""

    created_at: Instant
    used_at: Instant
    idle_seconds: int
    session_seconds: int

    def ends_at(self) -> Instant:
        """The instant from which on it opens nothing."""
        idle = self.used_at + self.idle_seconds * SECOND
        return min(idle, self.created_at + self.session_seconds * SECOND)


LIFE = (
    _S.created_at,
    func.coalesce(_T.last_used_at, _S.created_at),
    func.coalesce(_P.idle_seconds, literal_column(str(IDLE_SECONDS))),
    func.coalesce(_P.session_seconds, literal_column(str(SESSION_SECONDS))),
)
"""The columns of a `Life`."""
STANDING = sessions.join(
    schema.tokens, and_(_T.customer_id == _S.customer_id, _T.id == _S.token_id)
).outerjoin(sign_in_policies, _P.customer_id == _S.customer_id)
"""Sessions, their tokens and the policies that they are under."""
_LIFE = point(LIFE, STANDING, Life, customer_id=_S.customer_id, token_id=_S.token_id)


def cookie_digest(keyring: Keyring, secret: str) -> bytes:
    """By which a session is found; no header can hold what this is a digest of."""
    return keyring.digest(f"session\0{secret}")


async def check_life(rows: Reads, principal: Principal, now: Instant) -> None:
    """Refuse a session from its end on. Raises Problem 401."""
    life = await rows.one(_LIFE, customer_id=principal.customer_id, token_id=principal.token_id)
    if life is None or now >= life.ends_at():
        raise unauthenticated()
