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
    "email_domains",
    *map(sa.column, ("customer_id", "domain", "verified_at", "lapsed_at", "created_at")),
)


def upgrade() -> None:
    """Give each domain its new name.

    Of several that are one, the first that was verified stays, and one claim of each customer who
    has none verified: that of which its people still come in, where it has lapsed.
    """
    connection, rows = op.get_bind(), _DOMAINS.c
    found = sa.select(rows.customer_id, rows.domain, rows.verified_at).order_by(
        rows.verified_at.is_(None),
        rows.verified_at,
        rows.lapsed_at.is_(None),
        rows.lapsed_at.desc(),
        rows.created_at,
        rows.customer_id,
        rows.domain,
    )
    verified: set[str] = set()
    kept: dict[tuple[str, str], str] = {}
    for customer_id, old, verified_at in connection.execute(found).all():
        new = _key(old)
        if (customer_id, new) in kept or (verified_at is not None and new in verified):
            _log.warning("%s of %s is given up: it is one with %s", old, customer_id, new)
            connection.execute(sa.delete(_DOMAINS).where(_is(customer_id, old)))
            continue
        kept[customer_id, new] = old
        if verified_at is not None:
            verified.add(new)
    for (customer_id, new), old in kept.items():
        if new != old:
            this = _is(customer_id, old)
            connection.execute(sa.update(_DOMAINS).where(this).values(domain=new))


def _is(customer_id: str, domain: str) -> sa.ColumnElement[bool]:
    return sa.and_(_DOMAINS.c.customer_id == customer_id, _DOMAINS.c.domain == domain)


def _key(domain: str) -> str:
    domain = unicodedata.normalize("NFC", domain)
    try:
        return idna.decode(idna.encode(domain, uts46=True))
    except idna.IDNAError:
        return domain
