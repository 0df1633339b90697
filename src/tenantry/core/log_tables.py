"""The tables of the log: events, their chain, and the history of rows.

Everything that can be looked for in a log is numbered in it, so that a page of it is a range of
numbers, however far behind, and how many there are is the newest less the oldest: `numbering.py`.
"""

from sqlalchemy import Index

from tenantry.core.columns import (
    digest,
    instant,
    maybe_number,
    maybe_text,
    number,
    only,
    table,
    text,
)

# The head of each customer's log. A row of its own, because every write locks it: who holds it is
# the only writer in that customer, and its sequence is the version that cached access is kept by.
chains = table(
    "chains",
    text("customer_id"),
    number("sequence"),
    digest("hash"),
    instant("created_at"),
    number("number"),
    key=("customer_id",),
)


def index_of(field: str) -> str:
    """The index that finds events by the value of a field."""
    return f"uq_events_{field.removesuffix('_id')}"


def _numbered(field: str, ordinal: str) -> Index:
    """Finds the event with a number among those with one value of a field."""
    named = index_of(field)
    return Index(named, "customer_id", field, ordinal, unique=True, **only(f"{field} IS NOT NULL"))


RANDOM_IDS = "001"
"""From here on ids may be random, as those of the first events were; others begin with their place.

Only the latter of logs of more than 900 million events stand here as well.
"""

# `number` counts the events that the wire shows, up to and with this one; the other numbers count
# those with the same value, and an event that the wire does not show has none of them. SQLite keeps
# these rows apart from their key: in a tree by key, a row of more than 1002 bytes, as most are,
# takes a page of its own besides, which made the log three times as large.
events = table(
    "events",
    text("customer_id"),
    number("sequence"),
    text("id"),
    text("action"),
    maybe_text("event_type"),
    maybe_text("user_id"),
    maybe_text("token_id"),
    maybe_text("service_id"),
    instant("created_at"),
    text("body"),
    maybe_text("personal"),
    digest("hash"),
    maybe_number("number"),
    maybe_number("type_number"),
    maybe_number("user_number"),
    maybe_number("token_number"),
    maybe_number("service_number"),
    Index("uq_events_id", "customer_id", "id", unique=True, **only(f"id >= '{RANDOM_IDS}'")),
    _numbered("event_type", "type_number"),
    _numbered("user_id", "user_number"),
    _numbered("token_id", "token_number"),
    _numbered("service_id", "service_number"),
    key=("customer_id", "sequence"),
    sqlite_with_rowid=True,
)

revisions = table(
    "revisions",
    text("customer_id"),
    text("kind"),
    text("row_id"),
    number("from_sequence"),
    maybe_number("to_sequence"),
    maybe_text("body"),
    Index(None, "customer_id", "from_sequence"),
    key=("customer_id", "kind", "row_id", "from_sequence"),
)
