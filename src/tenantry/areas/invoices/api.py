"""How invoices are reached: billing v3 (contract: billing §3)."""

import re
from datetime import date

import msgspec

from tenantry.areas.invoices import model, month_to_date
from tenantry.areas.invoices.document import Document
from tenantry.areas.invoices.month_to_date import MonthToDate
from tenantry.core.context import Reading
from tenantry.core.errors import Problem, bad_request
from tenantry.http.message import Query, Response
from tenantry.http.operation import QueryParameter, operation, permission
from tenantry.http.paging import cursor, limited, position
from tenantry.http.wire import BILLING

_SEE = permission("invoice.read")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOST, _DEFAULT = 200, 100
_LIST = "invoices"


class InvoiceMeta(msgspec.Struct):
    """What a list says of itself, in the order of the model (contract: billing §3.2)."""

    next_cursor: str
    """Where the next page begins; empty on the last."""
    limit: int
    sort: str
    total: int
    """Invoices on all pages."""


class InvoiceList(msgspec.Struct):
    """A page of invoices, the newest first."""

    data: list[Document]
    meta: InvoiceMeta


class _SentList(msgspec.Struct):
    """The same from stored documents, which are sent as they are."""

    data: list[msgspec.Raw]
    meta: InvoiceMeta


@operation(
    "GET /billing/v3/invoices",
    allow=_SEE,
    wire=BILLING,
    query=(
        QueryParameter("billing_start_date", description="Only those that begin then or later"),
        QueryParameter("billing_end_date", description="Only those that end then or earlier"),
        QueryParameter("limit", description="Records in one answer, at most 200"),
        QueryParameter("cursor", description="Where the answer before ended"),
    ),
    answers=InvoiceList,
)
async def list_invoices(call: Reading, query: Query) -> Response:
    """The invoices that were posted, the newest first."""
    limit, span = limited(query, default=_DEFAULT, most=_MOST), _span(query)
    asked: list[str | int] = [_LIST, call.customer_id, *span]
    before = _before(asked, query)
    records = await model.count(call.rows, call.customer_id, span)
    found = await model.page(call.rows, call.customer_id, span, before, limit + 1)
    page = found[:limit]
    following = cursor(*asked, page[-1][0]) if len(found) > limit else ""
    return BILLING.success(
        200,
        _SentList(
            data=[msgspec.Raw(document.encode()) for _, document in page],
            meta=InvoiceMeta(following, limit, "billing_start_date", records),
        ),
    )


@operation("GET /billing/v3/invoices/month-to-date", allow=_SEE, wire=BILLING)
async def get_month_to_date_invoice(call: Reading) -> MonthToDate:
    """What the running month would be billed if it ended now: fees and usage."""
    return month_to_date.shown(await month_to_date.estimate(call))


@operation("GET /billing/v3/invoices/{invoice_id}", allow=_SEE, wire=BILLING, answers=Document)
async def get_invoice_by_invoice_id(call: Reading, invoice_id: str) -> Response:
    """A posted invoice: the same bytes for ever."""
    row = await model.find(call.rows, call.customer_id, invoice_id)
    if row is None:
        raise Problem(404, "Invoice not found")
    return Response(200, row.document.encode(), BILLING.content_type)


def _span(query: Query) -> model.Span:
    """The months whose invoices are asked for. Raises Problem 400."""
    first, last = model.ALWAYS
    start, end = _date(query, "billing_start_date"), _date(query, "billing_end_date")
    if start is not None and end is not None and start > end:
        raise bad_request("billing_start_date is later than billing_end_date")
    if start is not None:
        first = model.first_month(start)
    if end is not None:
        last = model.last_month(end)
    return first, last


def _date(query: Query, name: str) -> date | None:
    text = query.get(name)
    if not text:
        return None
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError as problem:
        detail = f"{name}: there is no such day"
        raise bad_request(detail) from problem
    detail = f"{name} must be a day such as 2024-05-01"
    raise bad_request(detail)


def _before(asked: list[str | int], query: Query) -> int:
    """The month at which the page before ended, of the same list. Raises Problem 400."""
    text = query.get("cursor")
    if not text:
        return model.ALWAYS[1] + 1
    place = position(text)
    if place[:-1] != asked or not isinstance(place[-1], int):
        raise bad_request("The cursor is not valid")
    return min(max(place[-1], 0), model.ALWAYS[1])
