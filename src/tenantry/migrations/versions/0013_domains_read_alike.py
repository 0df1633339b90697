"""Mail domains have one name each: composed, and in their own alphabet where they were in ASCII.

By another one, such as they were claimed by before, nothing finds them any more.

Follows 0012. A process of the version before runs beside this one, but for such domains.
"""

import logging
import unicodedata

import idna
import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_log = logging.getLogger("tenantry.migrations")

_DOMAINS = sa.table(
    "email_domains", *map(sa.column, ("customer_id", "domain", "verified_at", "created_at"))
)


def upgrade() -> None:
    """Give each domain its new name; of several that are one, the first that was verified stays."""
    connection, rows = op.get_bind(), _DOMAINS.c
    is_verified = rows.verified_at.is_not(None)
    found = sa.select(rows.customer_id, rows.domain, rows.verified_at)
    order = (sa.not_(is_verified), rows.verified_at, rows.created_at, rows.customer_id)
    for customer_id, old, verified_at in connection.execute(found.order_by(*order)).all():
        new = _key(old)
        if new == old:
            continue
        named = rows.domain == new
        own = sa.and_(named, rows.customer_id == customer_id)
        rivals = is_verified if verified_at is not None else sa.or_(is_verified, own)
        this = sa.and_(rows.domain == old, rows.customer_id == customer_id)
        if connection.execute(sa.select(rows.domain).where(named, rivals)).first():
            _log.warning("%s of %s is given up: it is one with %s", old, customer_id, new)
            connection.execute(sa.delete(_DOMAINS).where(this))
            continue
        connection.execute(sa.delete(_DOMAINS).where(own))
        connection.execute(sa.update(_DOMAINS).where(this).values(domain=new))


def _key(domain: str) -> str:
    domain = unicodedata.normalize("NFC", domain)
    try:
        return idna.decode(idna.encode(domain, uts46=True))
    except idna.IDNAError:
        return domain
