"""Failed guesses are found by their time, to forget those that count no more.

Follows 0008.
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_index("ix_failed_guesses_window", "failed_guesses", ["window"])
