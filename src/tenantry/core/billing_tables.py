"""The tables of billing: addresses, what things cost, what was used, and what was invoiced.

Money and quantities are exact on both databases. A quantity is counted in millionths of its raw
unit and kept as two whole numbers, `millions` of raw units and the `micros` below: sums of either
stay far below 2^63, and both databases add and carry them alike. Amounts of money are decimal
text, because nothing ever adds them in SQL. A `month` is a number such as 202405, a `day` one such
as 20240531, both in UTC (contract: billing R1).
"""

from sqlalchemy import BigInteger, Column, Index

from tenantry.core.columns import (
    digest,
    flag,
    instant,
    maybe_instant,
    maybe_number,
    maybe_text,
    metadata,
    number,
    table,
    text,
)

__all__ = ["metadata"]

# Two slots a customer, `billing` and `tax` (contract: billing §1, §2).
addresses = table(
    "addresses",
    text("customer_id"),
    text("type"),
    text("id"),
    text("address_1"),
    maybe_text("address_2"),
    maybe_text("city"),
    text("country"),
    maybe_text("locality"),
    text("postal_code"),
    maybe_text("state"),
    instant("created_at"),
    instant("updated_at"),
    key=("customer_id", "type"),
)

# One row a customer who was ever billed or metered. Taking usage in and posting both lock it
# first, in the order of ids, so that they are one after the other (contract: billing R24).
billing_accounts = table(
    "billing_accounts",
    text("customer_id"),
    maybe_text("tax_id"),
    flag("is_tax_exempt"),
    # When usage last came in or a month was posted: the next such thing happens later, whatever
    # the clock of its machine says, so that a line's events are told by their times.
    Column("moved_at", BigInteger, nullable=False, server_default="0"),
    instant("created_at"),
    instant("updated_at"),
    key=("customer_id",),
)

# The catalogue, the tax rules and each plan, every version of them: the newest counts. `kind` is
# `catalogue`, `tax_rules` (both with an empty name) or `plan` (named by its code); all revisions of
# a document share its `id`. `key_name` is the operator key's whose holder wrote it.
pricing_documents = table(
    "pricing_documents",
    text("kind"),
    text("name"),
    number("revision"),
    text("id"),
    text("body"),
    text("key_name"),
    instant("created_at"),
    key=("kind", "name", "revision"),
)

# Which plan rates a customer from a month on, until the next row (contract: billing R20).
plan_assignments = table(
    "plan_assignments",
    text("customer_id"),
    number("from_month"),
    text("plan_code"),
    instant("requested_at"),
    key=("customer_id", "from_month"),
)

coupons = table(
    "coupons",
    text("customer_id"),
    text("code"),
    text("kind"),
    text("value"),
    maybe_text("remaining"),
    maybe_number("periods_left"),
    text("scope"),
    maybe_instant("valid_from"),
    maybe_instant("valid_until"),
    instant("created_at"),
    key=("customer_id", "code"),
)

# Who has used an identity, for ever (contract: billing R21), and where the event stands in the
# ledger. Apart from it, because a ledger in parts by month can't keep them unique; a customer's own
# are found through the ledger.
usage_identities = table(
    "usage_identities",
    text("source"),
    text("id"),
    text("customer_id"),
    number("month"),
    text("product_id"),
    text("metric"),
    text("region"),
    instant("at"),
    # Of the normalised payload: whether what comes again is the same.
    digest("payload"),
    key=("source", "id"),
)

# The ledger: only ever added to, but for the instant at which an event was voided. Events behind
# an invoice's line stand together. PostgreSQL keeps it in parts by month.
usage_events = table(
    "usage_events",
    text("customer_id"),
    number("month"),
    text("product_id"),
    text("metric"),
    text("region"),
    instant("at"),
    text("source"),
    text("id"),
    text("service_id"),
    number("millions"),
    number("micros"),
    instant("received_at"),
    maybe_instant("voided_at"),
    key=("customer_id", "month", "product_id", "metric", "region", "at", "source", "id"),
    postgresql_partition_by="RANGE (month)",
)

# What a service used on a day, kept current by whatever changes the ledger. A service's days of a
# month stand together, so that they are summed as they are read, without being sorted.
usage_days = table(
    "usage_days",
    text("customer_id"),
    number("month"),
    text("product_id"),
    text("metric"),
    text("region"),
    text("service_id"),
    number("day"),
    number("millions"),
    number("micros"),
    key=("customer_id", "month", "product_id", "metric", "region", "service_id", "day"),
)

# And in a month, by all services: what is rated.
usage_months = table(
    "usage_months",
    text("customer_id"),
    number("month"),
    text("product_id"),
    text("metric"),
    text("region"),
    number("millions"),
    number("micros"),
    instant("updated_at"),
    key=("customer_id", "month", "product_id", "metric", "region"),
)

# How often a month's ledger changed, and how many of these changes are invoiced: where they differ
# after the month was posted, usage came late (contract: billing R18).
usage_changes = table(
    "usage_changes",
    text("customer_id"),
    number("month"),
    number("changes"),
    number("invoiced"),
    key=("customer_id", "month"),
)

# A month that was posted, with or without an invoice, and the terms that it was rated by.
postings = table(
    "postings",
    text("customer_id"),
    number("month"),
    maybe_number("invoice_id"),
    instant("posted_at"),
    text("terms"),
    key=("customer_id", "month"),
)

# `document` is what the wire answers, byte for byte, for ever. The database itself refuses to
# change or delete a row of this table and of the next two.
invoices = table(
    "invoices",
    text("customer_id"),
    number("id"),
    number("month"),
    instant("posted_at"),
    text("currency"),
    text("total"),
    text("document"),
    Index("uq_invoices_id", "id", unique=True),
    Index("uq_invoices_month", "customer_id", "month", unique=True),
    key=("customer_id", "id"),
)

# `month` is the one that a line is about: an earlier one, where it adjusts that.
invoice_lines = table(
    "invoice_lines",
    text("customer_id"),
    number("invoice_id"),
    number("number"),
    number("month"),
    text("body"),
    Index(None, "customer_id", "month"),
    key=("customer_id", "invoice_id", "number"),
)

# What a posting took from a coupon.
coupon_uses = table(
    "coupon_uses",
    text("customer_id"),
    number("invoice_id"),
    text("code"),
    text("amount"),
    key=("customer_id", "invoice_id", "code"),
)

# The number that the next invoice gets. One row: whoever posts locks it until the commit, so that
# numbers have no gaps.
invoice_numbers = table(
    "invoice_numbers",
    number("id"),
    number("next"),
    key=("id",),
)

payments = table(
    "payments",
    text("customer_id"),
    number("invoice_id"),
    number("number"),
    text("status"),
    text("reference"),
    instant("created_at"),
    key=("customer_id", "invoice_id", "number"),
)

spend_alerts = table(
    "spend_alerts",
    text("customer_id"),
    text("id"),
    text("name"),
    text("threshold"),
    # The last month in which its mail was sent.
    number("sent_month"),
    instant("created_at"),
    instant("updated_at"),
    key=("customer_id", "id"),
)
