"""Domains are looked at again: how one was shown, when, since when it is not, and when it was lost.

Follows 0009.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("email_domains", sa.Column("proof", sa.Text(), nullable=True))
    for name in ("looked_at", "missing_since", "lapsed_at"):
        op.add_column("email_domains", sa.Column(name, sa.BigInteger(), nullable=True))
