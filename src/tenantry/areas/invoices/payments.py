"""Payments: what became of an invoice after it was posted, as an operator's till tells it.

The invoice itself never changes. Its status is that of the newest payment (contract: billing §5,
§9 O7).
"""

from typing import Literal

import msgspec
from sqlalchemy import bindparam, insert, select

from tenantry.areas.invoices.model import InvoiceRow
from tenantry.core import audit
from tenantry.core.billing_tables import payments
from tenantry.core.clock import Instant
from tenantry.core.context import Writing
from tenantry.core.errors import bad_request
from tenantry.core.session import Reads
from tenantry.core.statements import Statement

Status = Literal["Paid", "Outstanding"]
"""Paid, or not: a payment failed, or came back."""

LONGEST_REFERENCE = 255

_P = payments.c


class Payment(msgspec.Struct, frozen=True, array_like=True):
    """What became of an invoice at a moment."""

    number: int
    status: Status
    reference: str
    created_at: Instant


_COLUMNS = (_P.number, _P.status, _P.reference, _P.created_at)
_OF = (_P.customer_id == bindparam("customer"), _P.invoice_id == bindparam("invoice"))
_NEWEST = Statement(select(*_COLUMNS).where(*_OF).order_by(_P.number.desc()).limit(1), Payment)
_PAGE = Statement(
    select(*_COLUMNS)
    .where(*_OF, _P.number < bindparam("before"))
    .order_by(_P.number.desc())
    .limit(bindparam("most")),
    Payment,
)
_SAME = Statement(
    select(*_COLUMNS).where(
        *_OF, _P.status == bindparam("as_status"), _P.reference == bindparam("by_reference")
    ),
    Payment,
)
_ADD = Statement(insert(payments))


async def newest(reads: Reads, customer_id: str, number: int) -> Payment | None:
    """What became of an invoice last; None if nothing did."""
    return await reads.one(_NEWEST, customer=customer_id, invoice=number)


async def page(reads: Reads, invoice: InvoiceRow, before: int, most: int) -> list[Payment]:
    """What became of an invoice, the newest first, from below a number on."""
    of = {"customer": invoice.customer_id, "invoice": invoice.id}
    return await reads.all(_PAGE, **of, before=before, most=most)


async def record(call: Writing, invoice: InvoiceRow, status: Status, reference: str) -> Payment:
    """Say what became of an invoice; once for each reference. Raises Problem 400."""
    if len(reference) > LONGEST_REFERENCE:
        detail = f"Reference must have at most {LONGEST_REFERENCE} characters"
        raise bad_request(detail)
    # Whoever tells of the same payment at the same time waits here, and then finds it.
    await call.unit.head(invoice.customer_id)
    of = {"customer": invoice.customer_id, "invoice": invoice.id}
    if reference:
        same = await call.one(_SAME, **of, as_status=status, by_reference=reference)
        if same is not None:
            return same
    last = await call.one(_NEWEST, **of)
    payment = Payment(1 if last is None else last.number + 1, status, reference, call.now)
    await call.run(
        _ADD,
        customer_id=invoice.customer_id,
        invoice_id=invoice.id,
        **msgspec.structs.asdict(payment),
    )
    await _tell(call, invoice, status)
    return payment


async def _tell(call: Writing, invoice: InvoiceRow, status: Status) -> None:
    is_paid = status == "Paid"
    await audit.record(
        call,
        "invoice.payment" if is_paid else "invoice.failed_payment",
        f"Invoice {invoice.id} {'was paid' if is_paid else 'payment failed'}",
        metadata={
            "invoice_id": str(invoice.id),
            "amount": invoice.total,
            "currency": invoice.currency,
        },
    )
