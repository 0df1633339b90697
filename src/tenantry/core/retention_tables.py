"""The tables of retention: how long logs are kept, and what of them was archived."""

from tenantry.core.columns import digest, instant, maybe_instant, number, table, text

# Only of customers for whom the operator chose otherwise than the default.
retentions = table("retentions", text("customer_id"), number("days"), key=("customer_id",))

# `first` to `last` are the events in a file. One is planned before its file is written, so that
# whoever comes after a crash, or at the same time, writes the same one.
archives = table(
    "archives",
    text("customer_id"),
    number("last"),
    number("first"),
    digest("hash_before"),
    digest("hash"),
    text("file"),
    instant("planned_at"),
    maybe_instant("pruned_at"),
    key=("customer_id", "last"),
)
