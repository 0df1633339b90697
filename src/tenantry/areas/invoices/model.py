"""An invoice: what a customer owes for a month. It is posted once and never changes.

What the wire answers was stored when it was posted, byte for byte; here it is found and listed.
"""

import calendar
import re
from datetime import date

import msgspec
from sqlalchemy import bindparam, func, select

from tenantry.areas.invoices.numbers import LARGEST
from tenantry.areas.pricing.months import Month
from tenantry.core.billing_tables import invoices, postings
from tenantry.core.clock import Instant
from tenantry.core.session import Reads
from tenantry.core.statements import Statement, point

_I, _P = invoices.c, postings.c
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


_COLUMNS = [invoices.c[name] for name in InvoiceRow.__struct_fields__]
_FIND = point(_COLUMNS, invoices, InvoiceRow, customer_id=_I.customer_id, id=_I.id)
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
    select(_P.terms, _P.posted_at).where(
        _P.customer_id == bindparam("customer"), _P.month == bindparam("in_month")
    )
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


async def posted_terms(reads: Reads, customer_id: str, month: int) -> tuple[str, Instant] | None:
    """What a month was rated by when it was posted, and when that was; None if it was not."""
    row = await reads.one(_TERMS, customer=customer_id, in_month=month)
    return None if row is None else (row[0], row[1])


def first_month(start: date) -> int:
    """The first month that begins on a day or later (contract: billing §3.2)."""
    number = start.year * 100 + start.month
    return number if start.day == 1 else Month(number).plus(1).number


def last_month(end: date) -> int:
    """The last month that ends on a day or earlier (contract: billing §3.2)."""
    number = end.year * 100 + end.month
    is_whole = end.day == calendar.monthrange(end.year, end.month)[1]
    return number if is_whole else Month(number).plus(-1).number
