"""Logins and invited addresses are compared as people read them: composed, in lower case.

Folded further, as they were before, two mailboxes became one (`ß` and `ss`); and uncomposed, two
that look the same were different.

Follows 0011. A process of the version before runs beside this one, but for such addresses.
"""

import logging
import unicodedata
from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_log = logging.getLogger("tenantry.migrations")

_COLUMNS = ("customer_id", "id", "created_at")
_USERS = sa.table("users", *map(sa.column, (*_COLUMNS, "login", "login_key", "deleted_at")))
_INVITATIONS = sa.table("invitations", *map(sa.column, (*_COLUMNS, "email", "email_key", "status")))


def upgrade() -> None:
    """Bring the data forward."""
    of_users, of_invitations = _USERS.c, _INVITATIONS.c
    living = of_users.deleted_at.is_(None)
    _rewrite(_USERS, of_users.login, of_users.login_key, lambda _: living)
    _rewrite(
        _INVITATIONS,
        of_invitations.email,
        of_invitations.email_key,
        lambda customer_id: sa.and_(
            of_invitations.customer_id == customer_id, of_invitations.status == "pending"
        ),
    )


def _key(address: str) -> str:
    return unicodedata.normalize("NFC", address.strip().lower())


def _rewrite(
    rows: sa.TableClause,
    text: sa.ColumnClause[str],
    key: sa.ColumnClause[str],
    rivals: Callable[[str], sa.ColumnElement[bool]],
) -> None:
    """Give each row its new key, unless another has it among its rivals, from before or by now.

    Of those that shall all get the same one, the oldest does. Who keeps an old one that nobody can
    enter is found by it no more (docs/upkeep.md tells what to do).

    Plain addresses, nearly all there are, have the same key as before.
    """
    connection = op.get_bind()
    is_sqlite = connection.dialect.name == "sqlite"
    # In bytes; SQLite has not had octet_length for long.
    size = (
        sa.func.length(sa.cast(text, sa.LargeBinary)) if is_sqlite else sa.func.octet_length(text)
    )
    found = sa.select(rows.c.customer_id, rows.c.id, text, key).where(size > sa.func.length(text))
    for customer_id, row_id, address, old in connection.execute(
        found.order_by(rows.c.created_at, rows.c.id)
    ).all():
        new = _key(address)
        this = sa.and_(rows.c.customer_id == customer_id, rows.c.id == row_id)
        is_rival = rivals(customer_id)
        mine = sa.select(rows.c.id).where(is_rival, this)
        others = sa.select(rows.c.id).where(is_rival, key == new, sa.not_(this))
        if new != old and all(connection.execute(one).first() for one in (mine, others)):
            _log.warning(
                "%s %s keeps a key of old: another has its address; delete and invite anew",
                rows.name,
                row_id,
            )
            continue
        connection.execute(sa.update(rows).where(this).values({key.name: new}))
