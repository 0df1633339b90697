"""The log: events are numbered by what they are looked for by, and counted.

Follows 0002. A process of the version before writes events without numbers, which the next write
of a newer one adds.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_FIELDS = {
    "event_type": "type_number",
    "user_id": "user_number",
    "token_id": "token_number",
    "service_id": "service_number",
}


def upgrade() -> None:
    """Bring the schema forward."""
    for name in ("number", *_FIELDS.values()):
        op.add_column("events", sa.Column(name, sa.BigInteger(), nullable=True))
    for name in ("created_at", "number", "numbered"):
        column = sa.Column(name, sa.BigInteger(), nullable=False, server_default="0")
        op.add_column("chains", column)
    op.create_table(
        "event_counts",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "field", "value", name=op.f("pk_event_counts")),
        sqlite_with_rowid=False,
    )
    _number()
    _count()
    # Unique, also because SQLite then knows that there is one, and does not look through the log.
    op.create_index("uq_events_id", "events", ["customer_id", "id"], unique=True)
    op.drop_index("ix_events_customer_id_id", "events")
    for field, number in _FIELDS.items():
        condition = sa.text(f"{field} IS NOT NULL")
        op.create_index(
            f"uq_events_{field.removesuffix('_id')}",
            "events",
            ["customer_id", field, number],
            unique=True,
            sqlite_where=condition,
            postgresql_where=condition,
        )


def _number() -> None:
    """Number the events that are there."""
    shown = "SUM(CASE WHEN event_type IS NULL THEN 0 ELSE 1 END)"
    among = ", ".join(
        f"CASE WHEN event_type IS NOT NULL AND {field} IS NOT NULL THEN {shown} OVER "
        f"(PARTITION BY customer_id, {field} ORDER BY sequence) END AS {number}"
        for field, number in _FIELDS.items()
    )
    assigned = ", ".join(f"{name} = made.{name}" for name in ("number", *_FIELDS.values()))
    op.execute(
        f"UPDATE events SET {assigned} FROM (SELECT customer_id, sequence, {shown} OVER "  # noqa: S608 - names of our own
        f"(PARTITION BY customer_id ORDER BY sequence) AS number, {among} FROM events) AS made "
        "WHERE events.customer_id = made.customer_id AND events.sequence = made.sequence"
    )


def _count() -> None:
    """Count them, and have the heads say so."""
    for field, number in _FIELDS.items():
        op.execute(
            "INSERT INTO event_counts (customer_id, field, value, count) "  # noqa: S608 - likewise
            f"SELECT customer_id, '{field}', {field}, MAX({number}) FROM events "
            f"WHERE {number} IS NOT NULL GROUP BY customer_id, {field}"
        )
    of_chain = "FROM events WHERE events.customer_id = chains.customer_id"
    op.execute(
        f"UPDATE chains SET number = (SELECT COALESCE(MAX(number), 0) {of_chain}), "  # noqa: S608 - likewise
        f"created_at = (SELECT COALESCE(MAX(created_at), 0) {of_chain}), numbered = sequence"
    )
