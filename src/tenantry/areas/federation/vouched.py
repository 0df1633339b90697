"""The sessions that rest on a provider's word: they end with it.

A browser's and those of programs alike. Of two providers of one issuer, who came in by which is not
told apart: with either, the sessions of whoever that issuer knows end. On one that is turned off
none rest: they ended when it was.
"""

from sqlalchemy import and_, bindparam, func, select

from tenantry.access.sessions import IS_OPEN, STANDING
from tenantry.areas.customers import keys
from tenantry.areas.customers.policies import Session
from tenantry.areas.federation.provider import ProviderRow
from tenantry.areas.users.signing_in import SSO
from tenantry.core import schema
from tenantry.core.context import Reading, Writing
from tenantry.core.security_tables import federated_identities, sessions
from tenantry.core.statements import Statement

_T, _S, _F = schema.tokens.c, sessions.c, federated_identities.c
_KNOWN = (
    select(_F.user_id)
    .where(_F.customer_id == bindparam("customer"), _F.issuer == bindparam("of_issuer"))
    .scalar_subquery()
)
_RESTING = and_(
    _S.customer_id == bindparam("customer"),
    _S.methods.contains(f'"{SSO}"'),
    _S.user_id.in_(_KNOWN),
)
_COUNT_OPEN = Statement(select(func.count()).select_from(STANDING).where(_RESTING, IS_OPEN))
_LIST = Statement(
    select(_S.user_id, _T.id, _T.name, _T.kind, _T.scope, _T.services, _T.expires_at)
    .select_from(STANDING)
    .where(_RESTING)
    .order_by(_S.user_id, _T.id),
    Session,
)


async def count_open(call: Reading, row: ProviderRow) -> int:
    """How many sessions would end with a provider's word."""
    if not row.is_enabled:
        return 0
    found = await call.one(
        _COUNT_OPEN, customer=row.customer_id, of_issuer=row.issuer, now=call.now
    )
    return 0 if found is None else int(found[0])


async def end_sessions(call: Writing, row: ProviderRow) -> None:
    """End them, and the sudo that was in them; API tokens go on, as when `force_sso` is set."""
    if not row.is_enabled:
        return
    resting = await call.all(_LIST, customer=row.customer_id, of_issuer=row.issuer)
    await keys.end(call, resting)
