"""Events: on SQLite, rows of their own beside their key, a third of the size.

Follows 0006. Nothing changes on PostgreSQL, which keeps all its rows that way.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_COLUMNS = """
    customer_id TEXT NOT NULL, sequence BIGINT NOT NULL, id TEXT NOT NULL, action TEXT NOT NULL,
    event_type TEXT, user_id TEXT, token_id TEXT, service_id TEXT, created_at BIGINT NOT NULL,
    body TEXT NOT NULL, personal TEXT, hash BLOB NOT NULL, number BIGINT, type_number BIGINT,
    user_number BIGINT, token_number BIGINT, service_number BIGINT,
    CONSTRAINT pk_events PRIMARY KEY (customer_id, sequence)
"""
_NAMES = """
    customer_id, sequence, id, action, event_type, user_id, token_id, service_id, created_at,
    body, personal, hash, number, type_number, user_number, token_number, service_number
"""
_FIELDS = {"event_type": "type", "user_id": "user", "token_id": "token", "service_id": "service"}


def upgrade() -> None:
    """Bring the schema forward."""
    if op.get_bind().dialect.name != "sqlite":
        return
    op.execute(f"CREATE TABLE events_with_rows ({_COLUMNS})")
    # In the order of the key, so that a customer's events stand together as they did.
    op.execute(
        f"INSERT INTO events_with_rows ({_NAMES}) "  # noqa: S608 - names of our own
        f"SELECT {_NAMES} FROM events ORDER BY customer_id, sequence"
    )
    op.execute("DROP TABLE events")
    op.execute("ALTER TABLE events_with_rows RENAME TO events")
    op.execute("CREATE UNIQUE INDEX uq_events_id ON events (customer_id, id)")
    for field, number in _FIELDS.items():
        op.execute(
            f"CREATE UNIQUE INDEX uq_events_{field.removesuffix('_id')} "
            f"ON events (customer_id, {field}, {number}_number) WHERE {field} IS NOT NULL"
        )
