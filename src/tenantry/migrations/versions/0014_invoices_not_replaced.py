"""What was invoiced is not replaced either.

SQLite's `INSERT OR REPLACE` takes away what stands under a key without asking the triggers that
refuse deletions. PostgreSQL has nothing of the kind: its upserts are updates.

Follows 0013. A process of the version before runs beside this one.
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_STANDS = {
    "invoices": (
        "SELECT 1 FROM invoices "
        "WHERE id = NEW.id OR (customer_id = NEW.customer_id AND month = NEW.month)"
    ),
    "invoice_lines": (
        "SELECT 1 FROM invoice_lines WHERE customer_id = NEW.customer_id "
        "AND invoice_id = NEW.invoice_id AND number = NEW.number"
    ),
    "coupon_uses": (
        "SELECT 1 FROM coupon_uses WHERE customer_id = NEW.customer_id "
        "AND invoice_id = NEW.invoice_id AND code = NEW.code"
    ),
}


def upgrade() -> None:
    """Refuse to write where something stands."""
    if op.get_bind().dialect.name != "sqlite":
        return
    for table, stands in _STANDS.items():
        op.execute(
            f"CREATE TRIGGER IF NOT EXISTS {table}_refuse_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS ({stands}) "
            f"BEGIN SELECT RAISE(ABORT, '{table}: what was invoiced never changes'); END"
        )
