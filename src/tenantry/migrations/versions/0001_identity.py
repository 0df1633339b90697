"""The first tables: customers, users, tokens, services, and the log.

Follows nothing.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "chains",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_chains")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "contacts",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("contact_type", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_contacts")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "customers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Text(), nullable=True),
        sa.Column("billing_contact_id", sa.Text(), nullable=True),
        sa.Column("billing_network_type", sa.Text(), nullable=False),
        sa.Column("billing_ref", sa.Text(), nullable=True),
        sa.Column("can_configure_wordpress", sa.Boolean(), nullable=True),
        sa.Column("can_reset_passwords", sa.Boolean(), nullable=False),
        sa.Column("can_upload_vcl", sa.Boolean(), nullable=False),
        sa.Column("force_2fa", sa.Boolean(), nullable=False),
        sa.Column("force_sso", sa.Boolean(), nullable=False),
        sa.Column("has_account_panel", sa.Boolean(), nullable=False),
        sa.Column("has_improved_events", sa.Boolean(), nullable=False),
        sa.Column("has_improved_ssl_config", sa.Boolean(), nullable=False),
        sa.Column("has_openstack_logging", sa.Boolean(), nullable=False),
        sa.Column("has_pci", sa.Boolean(), nullable=False),
        sa.Column("has_pci_passwords", sa.Boolean(), nullable=False),
        sa.Column("ip_whitelist", sa.Text(), nullable=False),
        sa.Column("legal_contact_id", sa.Text(), nullable=True),
        sa.Column("phone_number", sa.Text(), nullable=False),
        sa.Column("postal_address", sa.Text(), nullable=True),
        sa.Column("pricing_plan", sa.Text(), nullable=False),
        sa.Column("pricing_plan_id", sa.Text(), nullable=False),
        sa.Column("security_contact_id", sa.Text(), nullable=True),
        sa.Column("technical_contact_id", sa.Text(), nullable=True),
        sa.Column("hourly_writes", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "events",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=True),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("token_id", sa.Text(), nullable=True),
        sa.Column("service_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("personal", sa.Text(), nullable=True),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "sequence", name=op.f("pk_events")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_events_customer_id_id"), ["customer_id", "id"], unique=False
        )

    op.create_table(
        "failed_guesses",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("window", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "window", name=op.f("pk_failed_guesses")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("secret_fingerprint", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "operator_keys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operator_keys")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("operator_keys", schema=None) as batch_op:
        batch_op.create_index("uq_operator_keys_digest", ["digest"], unique=True)

    op.create_table(
        "outbox",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("failed_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index(
            "ix_outbox_due",
            ["due_at"],
            unique=False,
            sqlite_where=sa.text("failed_at IS NULL"),
            postgresql_where=sa.text("failed_at IS NULL"),
        )

    op.create_table(
        "password_codes",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "user_id", "id", name=op.f("pk_password_codes")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("password_codes", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_password_codes_expires_at"), ["expires_at"], unique=False
        )
        batch_op.create_index("uq_password_codes_digest", ["digest"], unique=True)

    op.create_table(
        "revisions",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("row_id", sa.Text(), nullable=False),
        sa.Column("from_sequence", sa.BigInteger(), nullable=False),
        sa.Column("to_sequence", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint(
            "customer_id", "kind", "row_id", "from_sequence", name=op.f("pk_revisions")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "service_versions",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("service_id", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("locked", sa.Boolean(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint(
            "customer_id", "service_id", "number", name=op.f("pk_service_versions")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "services",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_services")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("services", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_services_customer_id_deleted_at_created_at_id"),
            ["customer_id", "deleted_at", "created_at", "id"],
            unique=False,
        )
        batch_op.create_index(
            "uq_services_name",
            ["customer_id", "name"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )

    op.create_table(
        "stars",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("service_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("customer_id", "user_id", "id", name=op.f("pk_stars")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("stars", schema=None) as batch_op:
        batch_op.create_index(
            "uq_stars_service", ["customer_id", "user_id", "service_id"], unique=True
        )

    op.create_table(
        "tokens",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("services", sa.Text(), nullable=False),
        sa.Column("limited", sa.Boolean(), nullable=False),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("tls_access", sa.Boolean(), nullable=False),
        sa.Column("limit_workspaces", sa.Boolean(), nullable=False),
        sa.Column("workspaces", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("sudo_expires_at", sa.BigInteger(), nullable=True),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.Column("ip", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_tokens")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("tokens", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_tokens_customer_id_user_id"), ["customer_id", "user_id"], unique=False
        )
        batch_op.create_index("uq_tokens_digest", ["digest"], unique=True)

    op.create_table(
        "users",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("login_key", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("password_changed_at", sa.BigInteger(), nullable=True),
        sa.Column("failed_sign_ins", sa.BigInteger(), nullable=False),
        sa.Column("locked", sa.Boolean(), nullable=True),
        sa.Column("locked_by_superuser", sa.Boolean(), nullable=False),
        sa.Column("require_new_password", sa.Boolean(), nullable=True),
        sa.Column("two_factor_auth_enabled", sa.Boolean(), nullable=True),
        sa.Column("limit_services", sa.Boolean(), nullable=False),
        sa.Column("last_active_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_users")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.create_index(
            "uq_users_login_key",
            ["login_key"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )

    op.create_table(
        "write_counts",
        sa.Column("principal_id", sa.Text(), nullable=False),
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("principal_id", "hour", name=op.f("pk_write_counts")),
        sqlite_with_rowid=False,
    )
