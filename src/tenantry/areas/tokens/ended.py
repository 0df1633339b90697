"""Puts away sessions that have ended by themselves: of every customer, a few in each commit."""

from functools import partial

from sqlalchemy import bindparam, not_, select

from tenantry.access.sessions import IS_OPEN, STANDING
from tenantry.areas.customers import keys
from tenantry.areas.customers.policies import Session
from tenantry.core import schema
from tenantry.core.context import system_call
from tenantry.core.database import Database
from tenantry.core.secrets import Keyring
from tenantry.core.security_tables import sessions
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit

TOGETHER = 100
"""Sessions of one commit, each with its events: others of the customer wait meanwhile."""

_T, _S = schema.tokens.c, sessions.c
_CUSTOMERS = Statement(
    select(_S.customer_id)
    .distinct()
    .select_from(STANDING)
    .where(not_(IS_OPEN))
    .order_by(_S.customer_id),
    str,
)
_ENDED = Statement(
    select(_T.user_id, _T.id, _T.name, _T.kind, _T.scope, _T.services, _T.expires_at)
    .select_from(STANDING)
    .where(_S.customer_id == bindparam("customer_id"), not_(IS_OPEN))
    .order_by(_S.token_id)
    .limit(bindparam("most")),
    Session,
)


async def put_away_ended(database: Database, keyring: Keyring, together: int = TOGETHER) -> None:
    """End what has ended, and tell the log; of several processes at once each finds the rest."""
    for customer_id in await database.all(_CUSTOMERS, now=database.clock()):
        work = partial(_put_away, keyring, customer_id, together)
        while await database.write(work, customer_id=customer_id) == together:
            pass


async def _put_away(keyring: Keyring, customer_id: str, most: int, unit: Unit) -> int:
    await unit.head(customer_id)
    call = system_call(unit, keyring, customer_id)
    ended = await call.all(_ENDED, customer_id=customer_id, now=call.now, most=most)
    await keys.end(call, ended)
    return len(ended)
