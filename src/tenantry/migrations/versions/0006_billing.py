"""Billing: addresses, prices, usage and invoices.

Follows 0005.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


FINAL = ("invoices", "invoice_lines", "coupon_uses")


def upgrade() -> None:
    """Bring the schema forward."""
    _configure()
    _meter()
    _invoice()
    if op.get_bind().dialect.name == "sqlite":
        _seal_on_sqlite()
    else:
        _seal_on_postgresql()
        _part_on_postgresql()


def _seal_on_sqlite() -> None:
    """Refuse to change what was invoiced."""
    for table in FINAL:
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_refuse_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table}: what was invoiced never changes'); END"
            )


def _seal_on_postgresql() -> None:
    """Likewise."""
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION '%: what was invoiced never changes', TG_TABLE_NAME; END $$"
    )
    for table in FINAL:
        op.execute(
            f"CREATE TRIGGER {table}_refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def _part_on_postgresql() -> None:
    """Have a month's part of the ledger made by whoever needs it, without stopping anybody else."""
    op.execute(
        "CREATE FUNCTION make_usage_part(part bigint, next bigint) RETURNS boolean "
        "LANGUAGE plpgsql AS $$ DECLARE name text := 'usage_events_' || part; BEGIN "
        "IF to_regclass(name) IS NOT NULL THEN RETURN false; END IF; "
        "PERFORM pg_advisory_xact_lock(hashtext('make_usage_part')); "
        # Asked anew of the catalogue itself: to_regclass may remember that there was none.
        "IF EXISTS (SELECT FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid "
        "WHERE inhparent = 'usage_events'::regclass AND relname = name) "
        "THEN RETURN false; END IF; "
        "EXECUTE format('CREATE TABLE %I (LIKE usage_events INCLUDING ALL)', name); "
        "EXECUTE format('ALTER TABLE usage_events ATTACH PARTITION %I "
        "FOR VALUES FROM (%s) TO (%s)', name, part, next); "
        "RETURN true; END $$"
    )


def _configure() -> None:
    """Who is billed, and by which terms."""
    op.create_table(
        "addresses",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("address_1", sa.Text(), nullable=False),
        sa.Column("address_2", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("locality", sa.Text(), nullable=True),
        sa.Column("postal_code", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "type", name=op.f("pk_addresses")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "billing_accounts",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("tax_id", sa.Text(), nullable=True),
        sa.Column("is_tax_exempt", sa.Boolean(), nullable=False),
        sa.Column("moved_at", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_billing_accounts")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "pricing_documents",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("key_name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", "revision", name=op.f("pk_pricing_documents")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "plan_assignments",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("from_month", sa.BigInteger(), nullable=False),
        sa.Column("plan_code", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "from_month", name=op.f("pk_plan_assignments")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "coupons",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("remaining", sa.Text(), nullable=True),
        sa.Column("periods_left", sa.BigInteger(), nullable=True),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=True),
        sa.Column("valid_until", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "code", name=op.f("pk_coupons")),
        sqlite_with_rowid=False,
    )


def _meter() -> None:
    """The ledger, and its sums."""
    op.create_table(
        "usage_identities",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("month", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.Text(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("source", "id", name=op.f("pk_usage_identities")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "usage_events",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("month", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.Text(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("service_id", sa.Text(), nullable=False),
        sa.Column("millions", sa.BigInteger(), nullable=False),
        sa.Column("micros", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("voided_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint(
            "customer_id",
            "month",
            "product_id",
            "metric",
            "region",
            "at",
            "source",
            "id",
            name=op.f("pk_usage_events"),
        ),
        postgresql_partition_by="RANGE (month)",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "usage_days",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("month", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.Text(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("service_id", sa.Text(), nullable=False),
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.Column("millions", sa.BigInteger(), nullable=False),
        sa.Column("micros", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "customer_id",
            "month",
            "product_id",
            "metric",
            "region",
            "service_id",
            "day",
            name=op.f("pk_usage_days"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "usage_months",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("month", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.Text(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("millions", sa.BigInteger(), nullable=False),
        sa.Column("micros", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "customer_id", "month", "product_id", "metric", "region", name=op.f("pk_usage_months")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "usage_changes",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("month", sa.BigInteger(), nullable=False),
        sa.Column("changes", sa.BigInteger(), nullable=False),
        sa.Column("invoiced", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "month", name=op.f("pk_usage_changes")),
        sqlite_with_rowid=False,
    )


def _invoice() -> None:
    """What was billed."""
    op.create_table(
        "postings",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("month", sa.BigInteger(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=True),
        sa.Column("posted_at", sa.BigInteger(), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "month", name=op.f("pk_postings")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "invoices",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("month", sa.BigInteger(), nullable=False),
        sa.Column("posted_at", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("total", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_invoices")),
        sqlite_with_rowid=False,
    )
    op.create_index("uq_invoices_id", "invoices", ["id"], unique=True)
    op.create_index("uq_invoices_month", "invoices", ["customer_id", "month"], unique=True)
    op.create_table(
        "invoice_lines",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("month", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "customer_id", "invoice_id", "number", name=op.f("pk_invoice_lines")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_invoice_lines_customer_id_month", "invoice_lines", ["customer_id", "month"])
    op.create_table(
        "coupon_uses",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("amount", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "invoice_id", "code", name=op.f("pk_coupon_uses")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "invoice_numbers",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("next", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_numbers")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "payments",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "invoice_id", "number", name=op.f("pk_payments")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "spend_alerts",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("threshold", sa.Text(), nullable=False),
        sa.Column("sent_month", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_spend_alerts")),
        sqlite_with_rowid=False,
    )
