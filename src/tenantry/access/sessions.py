"""Sessions: by what those of browsers are found, and until when each lasts.

A session is a token of the kind `session`, and a row beside it. A browser's secret is kept apart
from those of keys: what stands in a cookie opens nothing as a key, and no key opens a page.
"""

from typing import NamedTuple

from sqlalchemy import BigInteger, and_, bindparam, case, func, literal_column, or_

from tenantry.core import schema
from tenantry.core.clock import HOUR, SECOND, Instant
from tenantry.core.context import Principal
from tenantry.core.errors import unauthenticated
from tenantry.core.secrets import Keyring
from tenantry.core.security_tables import sessions, sign_in_policies
from tenantry.core.session import Reads
from tenantry.core.statements import point

IDLE_SECONDS = HOUR // SECOND
"""After how long without use a browser's session ends, unless the customer says otherwise."""
SESSION_SECONDS = 12 * HOUR // SECOND
"""After how long any session ends in any case; a program's may lie idle so long."""

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


_IDLE = literal_column(str(IDLE_SECONDS), BigInteger)
_LONGEST = literal_column(str(SESSION_SECONDS), BigInteger)
LIFE = (
    _S.created_at,
    func.coalesce(_T.last_used_at, _S.created_at),
    # Commands are hours apart: a program's session lies idle as long as nobody set a policy.
    func.coalesce(_P.idle_seconds, case((_S.device_id.is_(None), _LONGEST), else_=_IDLE)),
    func.coalesce(_P.session_seconds, _LONGEST),
)
"""The columns of a `Life`."""
STANDING = sessions.join(
    schema.tokens, and_(_T.customer_id == _S.customer_id, _T.id == _S.token_id)
).outerjoin(sign_in_policies, _P.customer_id == _S.customer_id)
"""Sessions, their tokens and the policies that they are under."""
WITH_TOKENS = schema.tokens.outerjoin(
    sessions, and_(_S.customer_id == _T.customer_id, _S.token_id == _T.id)
).outerjoin(sign_in_policies, _P.customer_id == _T.customer_id)
"""The same of all tokens, also of those that are no sessions."""
_NOW = bindparam("now", type_=BigInteger)
IS_OPEN = and_(
    or_(_T.expires_at.is_(None), _T.expires_at > _NOW),
    LIFE[1] + LIFE[2] * SECOND > _NOW,
    LIFE[0] + LIFE[3] * SECOND > _NOW,
)
"""Whether a session has not ended by itself, among those that are `STANDING`."""
_LIFE = point(LIFE, STANDING, Life, customer_id=_S.customer_id, token_id=_S.token_id)


def cookie_digest(keyring: Keyring, secret: str) -> bytes:
    """By which a session is found; no header can hold what this is a digest of."""
    return keyring.digest(f"session\0{secret}")


async def check_life(rows: Reads, principal: Principal, now: Instant) -> None:
    """Refuse a session from its end on. Raises Problem 401."""
    life = await rows.one(_LIFE, customer_id=principal.customer_id, token_id=principal.token_id)
    if life is None or now >= life.ends_at():
        raise unauthenticated()
