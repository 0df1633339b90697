"""How an operator's till says what became of an invoice (contract: billing §9 O7)."""

from dataclasses import replace

import msgspec

from tenantry.areas.invoices import model, payments
from tenantry.areas.invoices.model import InvoiceRow
from tenantry.areas.invoices.payments import Payment, Status
from tenantry.core.clock import shown
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import bad_request
from tenantry.http.body import Body
from tenantry.http.message import Query
from tenantry.http.operation import CURSORED, OPERATOR, operation
from tenantry.http.paging import cursor, limited, position
from tenantry.http.wire import LEGACY

_FIRST = 1 << 62


class NewPayment(msgspec.Struct, kw_only=True):
    """What became of an invoice."""

    status: Status
    """Paid; or Outstanding, if a payment failed or came back."""
    reference: str | None = None
    """What the till calls it: telling of the same one again changes nothing."""


class ShownPayment(msgspec.Struct):
    """What became of an invoice, and when."""

    number: int
    status: Status
    reference: str
    created_at: str


class Payments(msgspec.Struct):
    """All that became of an invoice, the newest first."""

    invoice_id: str
    currency: str
    amount: str
    """What the invoice comes to."""
    status: Status
    """How it stands now."""
    limit: int
    next_cursor: str
    data: list[ShownPayment]


@operation("POST /_operator/v1/invoices/{invoice_id}/payments", allow=OPERATOR, wire=LEGACY)
async def create_payment(call: Writing, body: Body[NewPayment], invoice_id: str) -> ShownPayment:
    """Record that an invoice was paid, or that a payment of it failed. The invoice stays."""
    invoice = await model.named_by(call, invoice_id)
    new, of_customer = body(), replace(call, customer_id=invoice.customer_id)
    return _shown(await payments.record(of_customer, invoice, new.status, new.reference or ""))


@operation(
    "GET /_operator/v1/invoices/{invoice_id}/payments",
    allow=OPERATOR,
    wire=LEGACY,
    query=CURSORED,
)
async def list_payments(call: Reading, query: Query, invoice_id: str) -> Payments:
    """What became of an invoice, the newest first, and how it stands."""
    invoice = await model.named_by(call, invoice_id)
    limit, before = limited(query, default=100), _before(query, invoice)
    found = await payments.page(call.rows, invoice, before, limit + 1)
    newest = await payments.newest(call.rows, invoice.customer_id, invoice.id)
    page = found[:limit]
    return Payments(
        invoice_id=str(invoice.id),
        currency=invoice.currency,
        amount=invoice.total,
        status="Outstanding" if newest is None else newest.status,
        limit=limit,
        next_cursor=cursor(invoice.id, page[-1].number) if len(found) > limit else "",
        data=[_shown(payment) for payment in page],
    )


def _shown(payment: Payment) -> ShownPayment:
    at = shown(payment.created_at)
    return ShownPayment(payment.number, payment.status, payment.reference, at)


def _before(query: Query, invoice: InvoiceRow) -> int:
    text = query.get("cursor")
    if not text:
        return _FIRST
    match position(text):
        case [invoice.id, int(number)] if 0 < number <= _FIRST:
            return number
        case _:
            raise bad_request("The cursor is not valid")
