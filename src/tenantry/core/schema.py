"""The tables, as both databases have them.

Portable on purpose: text, whole numbers, booleans and bytes only. Instants are whole microseconds
(`clock.Instant`), lists and documents are JSON text. Every table that holds a customer's rows has
a key that starts with `customer_id`, so that a customer can be exported, partitioned or moved
whole; SQLite stores such a table as one tree by that key (WITHOUT ROWID).
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

metadata = MetaData(
    naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"}
)


def _text(name: str, default: str | None = None) -> Column[str]:
    return Column(name, Text, nullable=False, server_default=default)


def _maybe_text(name: str) -> Column[str]:
    return Column(name, Text)


def _instant(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def _maybe_instant(name: str) -> Column[int]:
    return Column(name, BigInteger)


def _number(name: str, default: str | None = None) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default=default)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


def _maybe_flag(name: str) -> Column[bool]:
    return Column(name, Boolean)


def _stamps() -> tuple[Column[int], ...]:
    return _instant("created_at"), _instant("updated_at"), _maybe_instant("deleted_at")


def _table(name: str, *parts: Any, key: tuple[str, ...]) -> Table:
    return Table(name, metadata, *parts, PrimaryKeyConstraint(*key), sqlite_with_rowid=False)


installation = _table(
    "installation",
    Column("id", Integer, nullable=False),
    _text("secret_fingerprint"),
    _instant("created_at"),
    key=("id",),
)

customers = _table(
    "customers",
    _text("id"),
    _text("name"),
    _maybe_text("owner_id"),
    _maybe_text("billing_contact_id"),
    _text("billing_network_type"),
    _maybe_text("billing_ref"),
    _maybe_flag("can_configure_wordpress"),
    _flag("can_reset_passwords"),
    _flag("can_upload_vcl"),
    _flag("force_2fa"),
    _flag("force_sso"),
    _flag("has_account_panel"),
    _flag("has_improved_events"),
    _flag("has_improved_ssl_config"),
    _flag("has_openstack_logging"),
    _flag("has_pci"),
    _flag("has_pci_passwords"),
    _text("ip_whitelist"),
    _maybe_text("legal_contact_id"),
    _text("phone_number"),
    _maybe_text("postal_address"),
    _text("pricing_plan"),
    _text("pricing_plan_id"),
    _maybe_text("security_contact_id"),
    _maybe_text("technical_contact_id"),
    _number("hourly_writes"),
    *_stamps(),
    key=("id",),
)

# The head of each customer's log. A row of its own, because every write locks it: who holds it is
# the only writer in that customer, and its sequence is the version that cached access is kept by.
chains = _table(
    "chains",
    _text("customer_id"),
    _number("sequence"),
    Column("hash", LargeBinary, nullable=False),
    key=("customer_id",),
)

events = _table(
    "events",
    _text("customer_id"),
    _number("sequence"),
    _text("id"),
    _text("action"),
    _maybe_text("event_type"),
    _maybe_text("user_id"),
    _maybe_text("token_id"),
    _maybe_text("service_id"),
    _instant("created_at"),
    _text("body"),
    _maybe_text("personal"),
    Column("hash", LargeBinary, nullable=False),
    Index(None, "customer_id", "id"),
    key=("customer_id", "sequence"),
)

revisions = _table(
    "revisions",
    _text("customer_id"),
    _text("kind"),
    _text("row_id"),
    _number("from_sequence"),
    Column("to_sequence", BigInteger),
    _maybe_text("body"),
    key=("customer_id", "kind", "row_id", "from_sequence"),
)

users = _table(
    "users",
    _text("customer_id"),
    _text("id"),
    _text("name"),
    _text("login"),
    _text("login_key"),
    _text("role"),
    _text("roles"),
    _maybe_text("password"),
    _maybe_instant("password_changed_at"),
    _number("failed_sign_ins"),
    _maybe_flag("locked"),
    # An automatic lock stops password use only; one that a superuser set stops tokens too.
    _flag("locked_by_superuser"),
    _maybe_flag("require_new_password"),
    _maybe_flag("two_factor_auth_enabled"),
    _flag("limit_services"),
    _maybe_instant("last_active_at"),
    *_stamps(),
    # A login belongs to one living user of the whole installation; `login_key` is its folded form.
    Index(
        "uq_users_login_key",
        "login_key",
        unique=True,
        sqlite_where=text("deleted_at IS NULL"),
        postgresql_where=text("deleted_at IS NULL"),
    ),
    key=("customer_id", "id"),
)

tokens = _table(
    "tokens",
    _text("customer_id"),
    _text("id"),
    _text("kind"),
    _maybe_text("user_id"),
    _text("name"),
    Column("digest", LargeBinary, nullable=False),
    _text("scope"),
    _text("services"),
    # A bit of its own: a token whose last service vanished must not become unrestricted.
    _flag("limited"),
    _maybe_text("role"),
    _text("roles"),
    _flag("tls_access"),
    _flag("limit_workspaces"),
    _text("workspaces"),
    _maybe_instant("expires_at"),
    _maybe_instant("sudo_expires_at"),
    _maybe_instant("last_used_at"),
    _maybe_text("ip"),
    _maybe_text("user_agent"),
    _instant("created_at"),
    _instant("updated_at"),
    Index("uq_tokens_digest", "digest", unique=True),
    Index(None, "customer_id", "user_id"),
    key=("customer_id", "id"),
)

contacts = _table(
    "contacts",
    _text("customer_id"),
    _text("id"),
    _maybe_text("user_id"),
    _text("contact_type"),
    _maybe_text("name"),
    _maybe_text("email"),
    _maybe_text("phone"),
    *_stamps(),
    key=("customer_id", "id"),
)

services = _table(
    "services",
    _text("customer_id"),
    _text("id"),
    _text("name"),
    _text("type"),
    _text("comment"),
    *_stamps(),
    Index(
        "uq_services_name",
        "customer_id",
        "name",
        unique=True,
        sqlite_where=text("deleted_at IS NULL"),
        postgresql_where=text("deleted_at IS NULL"),
    ),
    Index(None, "customer_id", "created_at", "id"),
    key=("customer_id", "id"),
)

service_versions = _table(
    "service_versions",
    _text("customer_id"),
    _text("service_id"),
    _number("number"),
    _flag("active"),
    _flag("locked"),
    _text("comment"),
    *_stamps(),
    key=("customer_id", "service_id", "number"),
)

stars = _table(
    "stars",
    _text("customer_id"),
    _text("user_id"),
    _text("id"),
    _text("service_id"),
    *_stamps(),
    Index("uq_stars_service", "customer_id", "user_id", "service_id", unique=True),
    key=("customer_id", "user_id", "id"),
)

password_codes = _table(
    "password_codes",
    _text("customer_id"),
    _text("id"),
    _text("user_id"),
    _text("purpose"),
    Column("digest", LargeBinary, nullable=False),
    _instant("expires_at"),
    _instant("created_at"),
    Index("uq_password_codes_digest", "digest", unique=True),
    key=("customer_id", "id"),
)

operator_keys = _table(
    "operator_keys",
    _text("id"),
    _text("name"),
    Column("digest", LargeBinary, nullable=False),
    _instant("created_at"),
    Index("uq_operator_keys_digest", "digest", unique=True),
    key=("id",),
)

# One row per user or automation token and clock hour (contract: protocol §13).
write_counts = _table(
    "write_counts",
    _text("principal_id"),
    _number("hour"),
    _number("count"),
    key=("principal_id", "hour"),
)

# Guesses at credentials: by login and by address, in windows of 15 minutes (protocol §13.6).
failed_guesses = _table(
    "failed_guesses",
    _text("subject"),
    _number("window"),
    _number("count"),
    key=("subject", "window"),
)

outbox = _table(
    "outbox",
    _text("id"),
    _maybe_text("customer_id"),
    _text("kind"),
    _text("payload"),
    _instant("due_at"),
    _number("attempts"),
    _maybe_text("last_error"),
    _maybe_instant("failed_at"),
    _instant("created_at"),
    Index(
        "ix_outbox_due",
        "due_at",
        sqlite_where=text("failed_at IS NULL"),
        postgresql_where=text("failed_at IS NULL"),
    ),
    key=("id",),
)
