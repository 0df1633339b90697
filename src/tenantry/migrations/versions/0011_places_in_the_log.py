"""The log: what an index tells already is not kept beside it.

The newest number of a list is at the end of its index, and an event's id tells its place.

Follows 0010. A process of the version before can't write beside this one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
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
    _number_the_rest()
    op.drop_table("event_counts")
    op.drop_column("chains", "numbered")
    op.drop_index("uq_events_id", "events")
    # Those of events that are older than 0003 don't.
    condition = sa.text("id >= '001'")
    op.create_index(
        "uq_events_id",
        "events",
        ["customer_id", "id"],
        unique=True,
        sqlite_where=condition,
        postgresql_where=condition,
    )


def _number_the_rest() -> None:
    """Number the events that a process older than 0003 has written and no later one has seen."""
    unnumbered = (
        "FROM events JOIN chains ON chains.customer_id = events.customer_id "
        "WHERE events.sequence > chains.numbered"
    )
    found = "events.customer_id = made.customer_id AND events.sequence = made.sequence"
    for field, number in _FIELDS.items():
        counted = (
            "SELECT count FROM event_counts WHERE event_counts.customer_id = events.customer_id "  # noqa: S608 - names of our own
            f"AND event_counts.field = '{field}' AND event_counts.value = events.{field}"
        )
        op.execute(
            f"UPDATE events SET {number} = made.place + COALESCE(({counted}), 0) FROM ("  # noqa: S608 - likewise
            "SELECT events.customer_id, events.sequence, COUNT(*) OVER "
            f"(PARTITION BY events.customer_id, {field} ORDER BY events.sequence) AS place "
            f"{unnumbered} AND event_type IS NOT NULL AND {field} IS NOT NULL"
            f") AS made WHERE {found}"
        )
    op.execute(
        "UPDATE events SET number = made.place FROM ("  # noqa: S608 - likewise
        "SELECT events.customer_id, events.sequence, chains.number + COUNT(event_type) OVER "
        "(PARTITION BY events.customer_id ORDER BY events.sequence) AS place "
        f"{unnumbered}) AS made WHERE {found}"
    )
    newest = "SELECT MAX(number) FROM events WHERE events.customer_id = chains.customer_id"
    op.execute(f"UPDATE chains SET number = ({newest}) WHERE numbered < sequence")  # noqa: S608 - likewise
