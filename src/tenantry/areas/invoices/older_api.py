"""How bills are reached by clients older than billing v3 (contract: billing §5)."""

from typing import Literal

from tenantry.areas.invoices import evidence, model, month_to_date, older, payments
from tenantry.areas.invoices.lines import Usage
from tenantry.areas.invoices.model import Behind, InvoiceRow
from tenantry.areas.invoices.older import Bill
from tenantry.areas.invoices.older_shapes import Status, Told
from tenantry.areas.pricing.months import Month
from tenantry.core.clock import shown
from tenantry.core.context import Reading
from tenantry.core.errors import Problem
from tenantry.core.session import Reads
from tenantry.http.message import Query
from tenantry.http.operation import QueryParameter, operation, permission
from tenantry.http.wire import LEGACY

_SEE = permission("invoice.read")


@operation("GET /billing/year/{year}/month/{month}", allow=_SEE, wire=LEGACY)
async def get_billing(call: Reading, year: str, month: str) -> Told:
    """The bill of a month: posted, or the running one so far."""
    return await _of_month(call, _month(year, month))


@operation("GET /billing/v2/year/{year}/month/{month}", allow=_SEE, wire=LEGACY)
async def get_invoice_by_month(call: Reading, year: str, month: str) -> Told:
    """The bill of a month: posted, or the running one so far."""
    return await _of_month(call, _month(year, month))


@operation(
    "GET /billing/v2/account_customers/{customer_id}/invoices/{invoice_id}",
    allow=_SEE,
    wire=LEGACY,
)
async def get_invoice_by_id(call: Reading, invoice_id: str) -> Told:
    """A posted invoice."""
    row = await model.find(call.rows, call.customer_id, invoice_id)
    if row is None:
        raise _not_found()
    return older.shown(await _posted(call, row))


@operation(
    "GET /billing/v2/account_customers/{customer_id}/mtd_invoice",
    allow=_SEE,
    wire=LEGACY,
    query=(
        QueryParameter("month", description="Two digits; default: the running month"),
        QueryParameter("year", description="Four digits; default: the running year"),
    ),
)
async def get_invoice_mtd(call: Reading, query: Query) -> Told:
    """The running month so far; or the bill of another month."""
    now = Month.of(call.now)
    year, month = query.get("year") or str(now.year), query.get("month") or now.text[5:]
    return await _of_month(call, _month(year, month))


def _not_found() -> Problem:
    return Problem(404, "Record not found", "Cannot find invoice")


def _month(year: str, month: str) -> Month:
    """The month that an address names. Raises Problem 404."""
    try:
        return Month.parse(f"{year}-{month:0>2}")
    except ValueError as problem:
        raise _not_found() from problem


async def _of_month(call: Reading, month: Month) -> Told:
    """Raises Problem 404 for a month that is not posted and not the running one, 422."""
    if month == Month.of(call.now):
        return older.shown(await _running(call))
    row = await model.of_month(call.rows, call.customer_id, month)
    if row is None:
        raise _not_found()
    return older.shown(await _posted(call, row))


async def _running(call: Reading) -> Bill:
    try:
        made = await month_to_date.estimate(call)
    except Problem as problem:
        if problem.status == 404:  # noqa: PLR2004 - HTTP's own number
            raise _not_found() from problem
        raise
    return Bill(
        invoice_id=made.id,
        customer_id=made.customer_id,
        month=made.month,
        terms=made.terms,
        lines=made.lines,
        usage=made.usage,
        total=made.total,
        status=Status(made.id, "MTD", None),
    )


async def _posted(call: Reading, row: InvoiceRow) -> Bill:
    billed = await model.behind(call.rows, row)
    last = await payments.newest(call.rows, row.customer_id, row.id)
    status: Literal["Outstanding", "Paid"] = "Outstanding" if last is None else last.status
    return Bill(
        invoice_id=row.id,
        customer_id=row.customer_id,
        month=Month(row.month),
        terms=billed.terms,
        lines=billed.lines,
        usage=await _used(call.rows, billed),
        total=billed.total,
        status=Status(str(row.id), status, shown(row.posted_at)),
    )


async def _used(reads: Reads, billed: Behind) -> Usage:
    """What was used, as of posting. Only the ledger knows it of packages, and is long to read."""
    if older.is_told_by_lines(billed.terms):
        return older.told_by_lines(billed.terms, billed.lines)
    invoice = billed.invoice
    return await evidence.usage(reads, invoice.customer_id, invoice.month, invoice.posted_at)
