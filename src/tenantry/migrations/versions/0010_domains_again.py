"""Domains are looked at again: how one was shown, when, since when it is not, and when it was lost.

Sessions of programs get the row beside their token that those of browsers have.

Follows 0009.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_ADD_SESSIONS = """
INSERT INTO sessions (customer_id, token_id, user_id, methods, device_id, created_at)
SELECT customer_id, id, user_id, '[]', NULL, created_at FROM tokens
WHERE kind = 'session' AND user_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM sessions
    WHERE sessions.customer_id = tokens.customer_id AND sessions.token_id = tokens.id
)
"""


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("email_domains", sa.Column("proof", sa.Text(), nullable=True))
    for name in ("looked_at", "missing_since", "lapsed_at"):
        op.add_column("email_domains", sa.Column(name, sa.BigInteger(), nullable=True))
    op.execute(_ADD_SESSIONS)
