"""Domains of mail addresses that a customer has shown to be its own; only one can have each.

A domain is claimed with a challenge, and verified once the challenge is published where only its
owner can: in its DNS, or on its web server. It decides where people with such addresses sign in.
Whether it still is the customer's is looked at again and again (domain_watch.py).
"""

import re
import secrets
from typing import Any

import msgspec
from sqlalchemy import and_, bindparam, delete, func, insert, or_, select, update

from tenantry.areas.customers import single_sign_on
from tenantry.areas.federation.model import check_superuser
from tenantry.core import audit, schema
from tenantry.core.clock import Instant, shown
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import bad_request, duplicate, not_found
from tenantry.core.mail_address import checked_address, domain_key
from tenantry.core.security_tables import email_domains
from tenantry.core.session import UniqueViolation
from tenantry.core.statements import Statement, point

MOST = 100
"""Domains of one customer."""
_DOMAIN = re.compile(r"[^@\s/]{3,253}")

_D, _C = email_domains.c, schema.customers.c


class DomainRow(msgspec.Struct, array_like=True, frozen=True):
    """A domain as it is stored."""

    customer_id: str
    domain: str
    challenge: str
    verified_at: int | None
    created_at: int
    proof: str | None = None
    """How it was shown: `dns`, `https` or `operator`."""
    looked_at: int | None = None
    missing_since: int | None = None
    """Since when the challenge is nowhere to be found, of a domain that is verified."""
    lapsed_at: int | None = None
    """When it was lost, because the challenge stayed away."""


_COLUMNS = [_D[name] for name in DomainRow.__struct_fields__]
_FIND = point(_COLUMNS, email_domains, DomainRow, customer_id=_D.customer_id, domain=_D.domain)
_LIST = Statement(
    select(*_COLUMNS).where(_D.customer_id == bindparam("customer_id")).order_by(_D.domain),
    DomainRow,
)
_ADD = Statement(insert(email_domains))
_THIS = (_D.customer_id == bindparam("customer"), _D.domain == bindparam("of_domain"))
_VERIFY = Statement(
    update(email_domains)
    .where(
        *_THIS,
        or_(
            _D.verified_at.is_(None),
            _D.missing_since.is_not(None),
            # An operator's word stands until the domain is given up: nobody else takes it back.
            and_(
                _D.proof.is_distinct_from(bindparam("how")),
                _D.proof.is_distinct_from("operator"),
            ),
        ),
    )
    .values(
        verified_at=func.coalesce(_D.verified_at, bindparam("at")),
        proof=bindparam("how"),
        looked_at=bindparam("at"),
        missing_since=None,
        lapsed_at=None,
    )
)
_MISS = Statement(
    update(email_domains)
    .where(*_THIS, _D.verified_at.is_not(None), _D.missing_since.is_(None))
    .values(missing_since=bindparam("at"))
)
_LAPSE = Statement(
    update(email_domains)
    .where(*_THIS, _D.verified_at.is_not(None), _D.missing_since == bindparam("since"))
    .values(verified_at=None, missing_since=None, lapsed_at=bindparam("at"))
)
_REMOVE = Statement(delete(email_domains).where(*_THIS))
_OF_LIVING = email_domains.join(
    schema.customers, and_(_C.id == _D.customer_id, _C.deleted_at.is_(None))
)
_OWNER = Statement(
    select(_D.customer_id)
    .select_from(_OF_LIVING)
    .where(_D.domain == bindparam("domain"), _D.verified_at.is_not(None)),
    str,
)
_LAST_OWNER = Statement(
    select(_D.customer_id)
    .select_from(_OF_LIVING)
    .where(_D.domain == bindparam("domain"), _D.lapsed_at.is_not(None))
    .order_by(_D.lapsed_at.desc(), _D.customer_id)
    .limit(1),
    str,
)


def domain_of(address: str) -> str:
    """The domain of a mail address, as domains are compared."""
    return domain_key(address.rpartition("@")[2])


def checked_domain(text: str) -> str:
    """A domain as mail addresses have it. Raises Problem 400."""
    domain = domain_key(text).rstrip(".")
    try:
        checked = checked_address(f"x@{domain}") if _DOMAIN.fullmatch(domain) else ""
    except ValueError:
        checked = ""
    if not checked:
        raise bad_request("Domain must be one that mail addresses can have")
    return domain_of(checked)


async def owner_of(call: Reading, address: str) -> str | None:
    """The id of the customer whose verified domain a mail address is in."""
    if "\0" in address or "@" not in address:
        return None
    return await call.one(_OWNER, domain=domain_of(address))


async def leads_to(call: Reading, address: str) -> str | None:
    """The id of the customer through whose provider somebody with a mail address signs in.

    Who lost a domain to nobody yet still has those of its people whom the provider knows already:
    they are known by the provider's own names, and not by their addresses.
    """
    owner = await owner_of(call, address)
    if owner is not None or "\0" in address or "@" not in address:
        return owner
    return await call.one(_LAST_OWNER, domain=domain_of(address))


async def find(call: Reading, domain: str) -> DomainRow:
    """A domain that the call's customer has claimed. Raises Problem 404."""
    row = await call.one(_FIND, customer_id=call.customer_id, domain=domain_key(domain))
    if row is None:
        raise not_found("email domain", domain)
    return row


async def list_all(call: Reading) -> list[DomainRow]:
    """The domains that the customer has claimed, verified or not."""
    return await call.all(_LIST, customer_id=call.customer_id)


async def claim(call: Writing, text: str) -> DomainRow:
    """Claim a domain; one that is claimed already is told again. Raises Problem 400, 403."""
    check_superuser(call)
    domain = checked_domain(text)
    rows = {row.domain: row for row in await list_all(call)}
    if domain in rows:
        return rows[domain]
    if len(rows) >= MOST:
        detail = f"A customer has at most {MOST} email domains"
        raise bad_request(detail)
    # Others may have claimed it too, and even have it: who can publish this decides.
    challenge = f"tenantry-challenge={secrets.token_urlsafe(24)}"
    row = DomainRow(call.customer_id, domain, challenge, None, call.now)
    await call.run(_ADD, **msgspec.structs.asdict(row))
    await _record(call, "create", "claimed", row)
    return row


async def verify(call: Writing, row: DomainRow, how: str) -> DomainRow:
    """Note that a domain is the customer's, from now on or still. Raises Problem 404, 409."""
    try:
        verified = await call.run(
            _VERIFY, customer=row.customer_id, of_domain=row.domain, at=call.now, how=how
        )
    except UniqueViolation as problem:
        raise duplicate("email domain", row.domain) from problem
    if not verified:
        # It was verified meanwhile, or is not claimed any more.
        return await find(call, row.domain)
    await _record(call, "verify", "verified", row, how=how)
    return await find(call, row.domain)


async def miss(call: Writing, row: DomainRow, until: Instant) -> bool:
    """Note that a verified domain can't be seen to be the customer's; whether that is new."""
    if not await call.run(_MISS, customer=row.customer_id, of_domain=row.domain, at=call.now):
        return False
    await _record(call, "miss", "found without its challenge", row, until=shown(until))
    return True


async def lapse(call: Writing, row: DomainRow) -> bool:
    """Take a domain from who could not show for long that it is his; whether it was his still."""
    if not await call.run(
        _LAPSE,
        customer=row.customer_id,
        of_domain=row.domain,
        since=row.missing_since,
        at=call.now,
    ):
        return False
    await _record(call, "lapse", "lost, for its challenge stayed away", row)
    return True


async def remove(call: Writing, domain: str) -> None:
    """Give a domain up. Raises Problem 400, 403, 404."""
    check_superuser(call)
    row = await find(call, domain)
    await call.run(_REMOVE, customer=row.customer_id, of_domain=row.domain)
    await single_sign_on.check_way_in(call)
    await _record(call, "delete", "given up", row)


async def _record(call: Writing, word: str, done: str, row: DomainRow, **about: Any) -> None:
    action = f"email_domain.{word}"
    await audit.record(
        call,
        action,
        f"E-mail domain '{row.domain}' was {done}",
        event_type="customer.update",
        metadata={"action": action, "domain": row.domain, **about},
    )
