"""Whether the session that a grant rests on is still open."""

from sqlalchemy import bindparam, select

from tenantry.access.sessions import IS_OPEN, STANDING
from tenantry.core.context import Reading
from tenantry.core.security_tables import sessions
from tenantry.core.statements import Statement

_S = sessions.c
_OPEN = Statement(
    select(_S.token_id)
    .select_from(STANDING)
    .where(
        _S.customer_id == bindparam("customer_id"),
        _S.token_id == bindparam("id"),
        _S.user_id == bindparam("user_id"),
        IS_OPEN,
    )
)


async def is_open(call: Reading, session_id: str, user_id: str) -> bool:
    """Whether a session of a user's was neither ended nor is over, as its customer has it now."""
    found = await call.one(
        _OPEN, customer_id=call.customer_id, id=session_id, user_id=user_id, now=call.now
    )
    return found is not None
