"""Signing in: second factors, sessions, identity providers.

Follows 0007.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    _prove()
    _sign_in()
    _federate()


def _prove() -> None:
    """What proves who somebody is."""
    op.create_table(
        "authenticators",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "user_id", "id", name=op.f("pk_authenticators")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "passkeys",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("transports", sa.Text(), nullable=False),
        sa.Column("aaguid", sa.Text(), nullable=False),
        sa.Column("is_backed_up", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("customer_id", "user_id", "id", name=op.f("pk_passkeys")),
        sqlite_with_rowid=False,
    )
    op.create_index("uq_passkeys_credential", "passkeys", ["credential_id"], unique=True)
    op.create_table(
        "recovery_codes",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "user_id", "digest", name=op.f("pk_recovery_codes")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "former_passwords",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("replaced_at", sa.BigInteger(), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "customer_id", "user_id", "replaced_at", name=op.f("pk_former_passwords")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sign_in_policies",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("allows_passkey_alone", sa.Boolean(), nullable=False),
        sa.Column("idle_seconds", sa.BigInteger(), nullable=False),
        sa.Column("session_seconds", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_sign_in_policies")),
        sqlite_with_rowid=False,
    )


def _sign_in() -> None:
    """Signing in, and being signed in."""
    op.create_table(
        "sign_in_steps",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_sign_in_steps")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_sign_in_steps_expires_at", "sign_in_steps", ["expires_at"])
    op.create_index(
        "ix_sign_in_steps_customer_id_user_id", "sign_in_steps", ["customer_id", "user_id"]
    )
    op.create_table(
        "sessions",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("token_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("methods", sa.Text(), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "token_id", name=op.f("pk_sessions")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_sessions_customer_id_user_id", "sessions", ["customer_id", "user_id"])
    op.create_table(
        "devices",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("user_agent", sa.Text(), nullable=False),
        sa.Column("ip", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "user_id", "id", name=op.f("pk_devices")),
        sqlite_with_rowid=False,
    )


def _federate() -> None:
    """Other servers' word, and ours."""
    op.create_table(
        "identity_providers",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("client_secret", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("creates_users", sa.Boolean(), nullable=False),
        sa.Column("default_role", sa.Text(), nullable=False),
        sa.Column("groups_claim", sa.Text(), nullable=True),
        sa.Column("role_map", sa.Text(), nullable=False),
        sa.Column("checked_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_identity_providers")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "email_domains",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("challenge", sa.Text(), nullable=False),
        sa.Column("verified_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "domain", name=op.f("pk_email_domains")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "uq_email_domains",
        "email_domains",
        ["domain"],
        unique=True,
        sqlite_where=sa.text("verified_at IS NOT NULL"),
        postgresql_where=sa.text("verified_at IS NOT NULL"),
    )
    op.create_table(
        "federated_identities",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "customer_id", "issuer", "subject", name=op.f("pk_federated_identities")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_federated_identities_customer_id_user_id",
        "federated_identities",
        ["customer_id", "user_id"],
    )
    op.create_table(
        "sso_bypasses",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "user_id", name=op.f("pk_sso_bypasses")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "refresh_tokens",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("methods", sa.Text(), nullable=False),
        sa.Column("signed_in_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("exchanged_at", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_refresh_tokens")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_refresh_tokens_customer_id_family", "refresh_tokens", ["customer_id", "family"]
    )
    op.create_index("uq_refresh_tokens_digest", "refresh_tokens", ["digest"], unique=True)
    op.create_table(
        "provider_keys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("private_key", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("retired_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_keys")),
        sqlite_with_rowid=False,
    )
