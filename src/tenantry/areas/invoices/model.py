"""An invoice: what a customer owes for a month. It is posted once and never changes.

What the wire answers was stored when it was posted, byte for byte; here it is found and listed.
"""

import calendar
import re
from datetime import date
from decimal import Decimal

import msgspec
from sqlalchemy import bindparam, func, select

from tenantry.areas.invoices.lines import Line
from tenantry.areas.invoices.numbers import LARGEST
from tenantry.areas.pricing.months import Month
from tenantry.areas.pricing.terms import Terms
from tenantry.core.billing_tables import invoice_lines, invoices, postings
from tenantry.core.clock import Instant
from tenantry.core.context import Reading
from tenantry.core.errors import not_found
from tenantry.core.session import Reads
from tenantry.core.statements import Statement, point

_I, _P, _L = invoices.c, postings.c, invoice_lines.c
_NUMBER = re.compile(r"[1-9][0-9]{0,9}")
ALWAYS = (0, 999_912)
"""Every month there is."""


class InvoiceRow(msgspec.Struct, frozen=True, array_like=True):
    """An invoice as it is stored."""

    customer_id: str
    id: int
    month: int
    posted_at: Instant
    currency: str
    total: str
    document: str


class Behind(msgspec.Struct, frozen=True):
    """An invoice, and what it was made from."""

    invoice: InvoiceRow
    terms: Terms
    lines: list[Line]

    @property
    def month(self) -> Month:
        """The one that it bills."""
        return Month(self.invoice.month)

    @property
    def total(self) -> Decimal:
        """What it comes to."""
        return Decimal(self.invoice.total)


_COLUMNS = [invoices.c[name] for name in InvoiceRow.__struct_fields__]
_FIND = point(_COLUMNS, invoices, InvoiceRow, customer_id=_I.customer_id, id=_I.id)
_NUMBERED = Statement(select(*_COLUMNS).where(_I.id == bindparam("invoice")), InvoiceRow)
_OF_MONTH = point(_COLUMNS, invoices, InvoiceRow, customer_id=_I.customer_id, month=_I.month)
_AMONG = (
    _I.customer_id == bindparam("customer"),
    _I.month >= bindparam("low"),
    _I.month <= bindparam("high"),
)
_COUNT = Statement(select(func.count()).where(*_AMONG))
_PAGE = Statement(
    select(_I.month, _I.document)
    .where(*_AMONG, _I.month < bindparam("before"))
    .order_by(_I.month.desc())
    .limit(bindparam("most"))
)
_TERMS = Statement(
    select(_P.terms).where(
        _P.customer_id == bindparam("customer"), _P.month == bindparam("in_month")
    ),
    Terms.from_json,
)
_LINES = Statement(
    select(_L.body)
    .where(_L.customer_id == bindparam("customer"), _L.invoice_id == bindparam("invoice"))
    .order_by(_L.number),
    msgspec.json.Decoder(Line).decode,
)


def invoice_number(text: str) -> int | None:
    """The number that an address names; None if it can't be an invoice's (billing §3.1, §3.3)."""
    if _NUMBER.fullmatch(text) is None or int(text) > LARGEST:
        return None
    return int(text)


async def find(reads: Reads, customer_id: str, invoice_id: str) -> InvoiceRow | None:
    """A customer's own invoice; None if there is none."""
    number = invoice_number(invoice_id)
    if number is None:
        return None
    return await reads.one(_FIND, customer_id=customer_id, id=number)


async def named_by(call: Reading, invoice_id: str) -> InvoiceRow:
    """The invoice with this number, whoever's it is. Raises Problem 404."""
    number = invoice_number(invoice_id)
    if number is not None:
        row = await call.one(_NUMBERED, invoice=number)
        if row is not None:
            return row
    raise not_found("invoice", invoice_id)


async def of_month(reads: Reads, customer_id: str, month: Month) -> InvoiceRow | None:
    """The invoice for a month; None if none was posted."""
    return await reads.one(_OF_MONTH, customer_id=customer_id, month=month.number)


Span = tuple[int, int]
"""The first and the last month of a list."""


async def count(reads: Reads, customer_id: str, span: Span) -> int:
    """How many invoices there are for these months."""
    counted = await reads.one(_COUNT, customer=customer_id, low=span[0], high=span[1])
    return counted[0] if counted else 0


async def page(
    reads: Reads, customer_id: str, span: Span, before: int, most: int
) -> list[tuple[int, str]]:
    """Month and document of the invoices for these months before one, the newest first."""
    low, high = span
    rows = await reads.all(
        _PAGE, customer=customer_id, low=low, high=high, before=before, most=most
    )
    return [(month, document) for month, document in rows]


async def behind(reads: Reads, invoice: InvoiceRow) -> Behind:
    """What an invoice was made from."""
    of = {"customer": invoice.customer_id}
    terms = await reads.one(_TERMS, **of, in_month=invoice.month)
    assert terms is not None  # noqa: S101 - both rows are of one commit
    return Behind(invoice, terms, await reads.all(_LINES, **of, invoice=invoice.id))


def first_month(start: date) -> int:
    """The first month that begins on a day or later (contract: billing §3.2)."""
    number = start.year * 100 + start.month
    return number if start.day == 1 else Month(number).plus(1).number


def last_month(end: date) -> int:
    """The last month that ends on a day or earlier (contract: billing §3.2)."""
    number = end.year * 100 + end.month
    is_whole = end.day == calendar.monthrange(end.year, end.month)[1]
    return number if is_whole else Month(number).plus(-1).number
