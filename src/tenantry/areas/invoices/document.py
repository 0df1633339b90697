"""What the wire answers of an invoice: written once, when it is posted, and kept byte for byte."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import Meta, Raw

from tenantry.areas.invoices.lines import Line, WireLine, wire
from tenantry.areas.pricing import money
from tenantry.areas.pricing.months import Month
from tenantry.core.clock import SECOND, Instant, shown

Number = Annotated[Raw, Meta(extra_json_schema={"type": "number"})]
"""A JSON number, with every digit that it has."""

_encode = msgspec.json.Encoder().encode


class Closed(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice that is being posted."""

    customer_id: str
    id: int
    month: Month
    posted_at: Instant
    currency: str
    total: Decimal
    """The sum of the lines' amounts, with the currency's decimals (contract: billing R15)."""
    lines: Sequence[Line]


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A posted invoice, its fields in their order (contract: billing §3.1)."""

    customer_id: str
    invoice_id: str
    invoice_posted_on: str
    billing_start_date: str
    billing_end_date: str
    statement_number: str
    currency_code: str
    monthly_transaction_amount: Number
    transaction_line_items: list[WireLine]


def document(invoice: Closed) -> str:
    """The invoice as JSON text."""
    start, end = period(invoice.month)
    told = Document(
        customer_id=invoice.customer_id,
        invoice_id=str(invoice.id),
        invoice_posted_on=shown(invoice.posted_at),
        billing_start_date=start,
        billing_end_date=end,
        statement_number=f"S{invoice.month.number}-{invoice.id}",
        currency_code=invoice.currency,
        monthly_transaction_amount=money.number(invoice.total),
        transaction_line_items=[wire(line) for line in invoice.lines],
    )
    return _encode(told).decode()


def period(month: Month) -> tuple[str, str]:
    """Its first instant and its last whole second, as clients read them."""
    return shown(month.first), shown(month.end - SECOND)
