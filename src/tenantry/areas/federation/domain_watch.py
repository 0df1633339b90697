"""Looking again whether domains still are whose they were.

A domain runs out, is sold or moved: whoever has it next could make mail addresses there, and become
by them whom a provider has not seen before. So each is looked at daily, except those for which an
operator vouched. Any number of processes may look at once: each domain is with one of them.
"""

import asyncio
import contextlib
from functools import partial

from sqlalchemy import and_, bindparam, func, select, update

from tenantry.areas.customers import model as customers
from tenantry.areas.federation import domains
from tenantry.areas.federation.domain_proof import dns_name, find_proof
from tenantry.areas.federation.domains import DomainRow
from tenantry.core import schema
from tenantry.core.clock import DAY, Instant, shown
from tenantry.core.context import Writing, system_call
from tenantry.core.database import Database
from tenantry.core.errors import Problem
from tenantry.core.outbox import post
from tenantry.core.secrets import Keyring
from tenantry.core.security_contacts import security_contacts_or_owner
from tenantry.core.security_tables import email_domains
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit

AGAIN = DAY
"""How long a look counts: a question a day is a burden to nobody."""
GRACE = 14 * DAY
"""How long a challenge may be missing: time to read a mail, come back from holidays, and to move a
zone to other name servers; and far less than the 30 days in which a domain that ran out can be had
back by who had it (ICANN's redemption period)."""
TOGETHER = 20
"""Domains that are looked at at once."""

_D, _C = email_domains.c, schema.customers.c
_THIS = (_D.customer_id == bindparam("customer"), _D.domain == bindparam("of_domain"))
_SEEN = func.coalesce(_D.looked_at, 0)
_DUE = Statement(
    select(*(_D[name] for name in DomainRow.__struct_fields__))
    .select_from(
        email_domains.join(schema.customers, and_(_C.id == _D.customer_id, _C.deleted_at.is_(None)))
    )
    .where(
        _D.verified_at.is_not(None),
        _D.proof.is_distinct_from("operator"),
        bindparam("before") >= _SEEN,
    )
    .order_by(_SEEN, _D.domain)
    .limit(TOGETHER),
    DomainRow,
)
_TAKE = Statement(
    update(email_domains)
    .where(*_THIS, bindparam("seen") == _SEEN)
    .values(looked_at=bindparam("at"))
)


async def look_again(database: Database, keyring: Keyring, networks: str) -> int:
    """Look at every domain whose turn it is; how many were this process's to look at.

    `networks` are those off the internet in which customers' servers may stand.
    """
    count = 0
    while due := await database.all(_DUE, before=database.clock() - AGAIN):
        looks = (_look(database, keyring, networks, row) for row in due)
        count += sum(await asyncio.gather(*looks))
    return count


async def _look(database: Database, keyring: Keyring, networks: str, row: DomainRow) -> bool:
    if not await database.write(partial(_take, row)):
        return False
    how = await find_proof(networks, row)
    if how is None or row.missing_since is not None:
        work = partial(_settle, keyring, row, how)
        # It may have been given up or become somebody else's while it was looked at.
        with contextlib.suppress(Problem):
            await database.write(work, customer_id=row.customer_id)
    return True


async def _take(row: DomainRow, unit: Unit) -> int:
    this = {"customer": row.customer_id, "of_domain": row.domain}
    return await unit.run(_TAKE, **this, seen=row.looked_at or 0, at=unit.now)


async def _settle(keyring: Keyring, row: DomainRow, how: str | None, unit: Unit) -> None:
    call = system_call(unit, keyring, row.customer_id)
    if how is not None:
        await domains.verify(call, row, how)
    elif row.missing_since is None:
        until = call.now + GRACE
        if await domains.miss(call, row, until):
            await _tell(call, row, until)
    elif call.now >= row.missing_since + GRACE and await domains.lapse(call, row):
        await _tell(call, row, None)


async def _tell(call: Writing, row: DomainRow, until: Instant | None) -> None:
    customer = await customers.find(call, row.customer_id)
    facts = {
        "customer_name": customer.name,
        "domain": row.domain,
        "dns_name": dns_name(row),
        "challenge": row.challenge,
        "until": "" if until is None else shown(until),
    }
    for address in await security_contacts_or_owner(call, row.customer_id):
        post(call, "mail", template="email_domain", to=address, facts=facts)
