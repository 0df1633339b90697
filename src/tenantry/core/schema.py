"""The tables, as both databases have them.

Portable on purpose: text, whole numbers, booleans and bytes only. Instants are whole microseconds
(`clock.Instant`), lists and documents are JSON text. Every table that holds a customer's rows has
a key that starts with `customer_id`, so that a customer can be exported, partitioned or moved
whole; SQLite stores such a table as one tree by that key (WITHOUT ROWID).
"""

from sqlalchemy import Column, Index, Integer

from tenantry.core.columns import (
    digest,
    flag,
    instant,
    maybe_flag,
    maybe_instant,
    maybe_text,
    metadata,
    number,
    only,
    stamps,
    table,
    text,
)
from tenantry.core.log_tables import chains, events, revisions

__all__ = ["chains", "events", "metadata", "revisions"]

installation = table(
    "installation",
    Column("id", Integer, nullable=False),
    text("secret_fingerprint"),
    instant("created_at"),
    key=("id",),
)

customers = table(
    "customers",
    text("id"),
    text("name"),
    maybe_text("owner_id"),
    maybe_text("billing_contact_id"),
    text("billing_network_type"),
    maybe_text("billing_ref"),
    maybe_flag("can_configure_wordpress"),
    flag("can_reset_passwords"),
    flag("can_upload_vcl"),
    flag("force_2fa"),
    flag("force_sso"),
    flag("has_account_panel"),
    flag("has_improved_events"),
    flag("has_improved_ssl_config"),
    flag("has_openstack_logging"),
    flag("has_pci"),
    flag("has_pci_passwords"),
    text("ip_whitelist"),
    maybe_text("legal_contact_id"),
    text("phone_number"),
    maybe_text("postal_address"),
    text("pricing_plan"),
    text("pricing_plan_id"),
    maybe_text("security_contact_id"),
    maybe_text("technical_contact_id"),
    number("hourly_writes"),
    *stamps(),
    key=("id",),
)

users = table(
    "users",
    text("customer_id"),
    text("id"),
    text("name"),
    text("login"),
    text("login_key"),
    text("role"),
    text("roles"),
    maybe_text("password"),
    maybe_instant("password_changed_at"),
    number("failed_sign_ins"),
    maybe_flag("locked"),
    # An automatic lock stops password use only; one that a superuser set stops tokens too.
    flag("locked_by_superuser"),
    maybe_flag("require_new_password"),
    maybe_flag("two_factor_auth_enabled"),
    flag("limit_services"),
    maybe_instant("last_active_at"),
    *stamps(),
    # A login belongs to one living user of the whole installation; `login_key` is its folded form.
    Index(
        "uq_users_login_key",
        "login_key",
        unique=True,
        **only("deleted_at IS NULL"),
    ),
    key=("customer_id", "id"),
)

tokens = table(
    "tokens",
    text("customer_id"),
    text("id"),
    text("kind"),
    maybe_text("user_id"),
    text("name"),
    digest("digest"),
    text("scope"),
    text("services"),
    # A bit of its own: a token whose last service vanished must not become unrestricted.
    flag("limited"),
    maybe_text("role"),
    text("roles"),
    flag("tls_access"),
    flag("limit_workspaces"),
    text("workspaces"),
    maybe_instant("expires_at"),
    maybe_instant("sudo_expires_at"),
    maybe_instant("last_used_at"),
    maybe_text("ip"),
    maybe_text("user_agent"),
    instant("created_at"),
    instant("updated_at"),
    Index("uq_tokens_digest", "digest", unique=True),
    Index(None, "customer_id", "user_id"),
    key=("customer_id", "id"),
)

contacts = table(
    "contacts",
    text("customer_id"),
    text("id"),
    maybe_text("user_id"),
    text("contact_type"),
    maybe_text("name"),
    maybe_text("email"),
    maybe_text("phone"),
    *stamps(),
    key=("customer_id", "id"),
)

services = table(
    "services",
    text("customer_id"),
    text("id"),
    text("name"),
    text("type"),
    text("comment"),
    *stamps(),
    Index(
        "uq_services_name",
        "customer_id",
        "name",
        unique=True,
        **only("deleted_at IS NULL"),
    ),
    Index(None, "customer_id", "deleted_at", "created_at", "id"),
    key=("customer_id", "id"),
)

service_versions = table(
    "service_versions",
    text("customer_id"),
    text("service_id"),
    number("number"),
    flag("active"),
    flag("locked"),
    text("comment"),
    *stamps(),
    key=("customer_id", "service_id", "number"),
)

stars = table(
    "stars",
    text("customer_id"),
    text("user_id"),
    text("id"),
    text("service_id"),
    *stamps(),
    Index("uq_stars_service", "customer_id", "user_id", "service_id", unique=True),
    key=("customer_id", "user_id", "id"),
)

password_codes = table(
    "password_codes",
    text("customer_id"),
    text("id"),
    text("user_id"),
    text("purpose"),
    digest("digest"),
    instant("expires_at"),
    instant("created_at"),
    Index("uq_password_codes_digest", "digest", unique=True),
    Index(None, "expires_at"),
    key=("customer_id", "user_id", "id"),
)

operator_keys = table(
    "operator_keys",
    text("id"),
    text("name"),
    digest("digest"),
    instant("created_at"),
    Index("uq_operator_keys_digest", "digest", unique=True),
    key=("id",),
)

# One row per user or automation token and clock hour (contract: protocol §13).
write_counts = table(
    "write_counts",
    text("principal_id"),
    number("hour"),
    number("count"),
    key=("principal_id", "hour"),
)

# Guesses at credentials: by login and by address, in windows of one second, so that any 15 minutes
# can be summed (protocol §13.6).
failed_guesses = table(
    "failed_guesses",
    text("subject"),
    number("window"),
    number("count"),
    Index(None, "window"),
    key=("subject", "window"),
)

outbox = table(
    "outbox",
    text("id"),
    maybe_text("customer_id"),
    text("kind"),
    text("payload"),
    instant("due_at"),
    number("attempts"),
    maybe_text("last_error"),
    maybe_instant("failed_at"),
    instant("created_at"),
    Index(
        "ix_outbox_due",
        "due_at",
        **only("failed_at IS NULL"),
    ),
    key=("id",),
)
