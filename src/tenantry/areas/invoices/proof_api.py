"""How what is behind invoices is reached: from a line to its events, and from an event to lines."""

import msgspec

from tenantry.areas.invoices import explaining, model, payments, proofs, tracing
from tenantry.areas.invoices.arithmetic import Step, raw_of
from tenantry.areas.invoices.evidence import START, Change, Place
from tenantry.areas.invoices.model import Behind
from tenantry.areas.invoices.proofs import Asked, Proof
from tenantry.areas.invoices.spreadsheet import lines_as_csv
from tenantry.areas.pricing.money import plain
from tenantry.areas.pricing.months import Month
from tenantry.core.clock import shown, shown_or_none
from tenantry.core.context import Reading
from tenantry.core.errors import bad_request, not_found
from tenantry.http.message import Query, Response
from tenantry.http.operation import CURSORED, QueryParameter, operation, permission
from tenantry.http.paging import cursor, limited, position
from tenantry.http.wire import PLAIN

_SEE = permission("invoice.read")
_INVOICE = "/_tenantry/v1/invoices/{invoice_id}"
_CSV = "text/csv; charset=utf-8; header=present"


class LineEvent(msgspec.Struct, frozen=True):
    """A usage event behind a line."""

    source: str
    id: str
    service_id: str
    quantity: str
    """In raw units; negative where the line takes the event back."""
    timestamp: str
    received_at: str
    voided_at: str | None


class LateUsage(msgspec.Struct, frozen=True):
    """What came, or was voided, after the invoice was posted: none of it is the line's own."""

    events: int
    quantity: str
    """In raw units; what was voided counts negative."""


_MadeFor = list[str | int]
"""Invoice, line, and whether late: what a cursor is good for."""


class PageMeta(msgspec.Struct, frozen=True):
    """Where the next page of events begins; empty on the last."""

    limit: int
    next_cursor: str


class LineUsage(msgspec.Struct, frozen=True, kw_only=True):
    """What is behind a line of an invoice."""

    invoice_id: str
    line: int
    description: str
    kind: str
    month: str
    """The one that the line is about."""
    product_id: str
    metric: str
    region: str
    units: str
    rate: str
    amount: str
    steps: list[Step] | msgspec.UnsetType
    """From the sum of the events to the amount; on the first page."""
    late: LateUsage | msgspec.UnsetType
    """On the first page."""
    data: list[LineEvent]
    meta: PageMeta


class EventEnding(msgspec.Struct, frozen=True):
    """A posting in which an event began, or ceased, to count."""

    invoice_id: str | None
    """Null where the month was posted without an invoice."""
    month: str
    """The month that the invoice bills."""
    posted_at: str
    effect: tracing.Effect
    lines: list[int]
    """Their numbers on the invoice; none where no amount changed."""


class TracedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A usage event, and the invoices in which it ended."""

    source: str
    id: str
    customer_id: str
    service_id: str
    product_id: str
    metric: str
    region: str
    month: str
    quantity: str
    timestamp: str
    received_at: str
    voided_at: str | None
    state: tracing.State
    invoices: list[EventEnding]


class ExplainedInvoice(msgspec.Struct, frozen=True):
    """An invoice in words."""

    invoice_id: str
    explanation: list[str]


@operation(
    f"GET {_INVOICE}/lines/{{line_number}}/usage",
    allow=_SEE,
    wire=PLAIN,
    query=(
        QueryParameter("late", "boolean", "What came after the posting, not the line's own"),
        *CURSORED,
    ),
)
async def get_line_usage(
    call: Reading, query: Query, invoice_id: str, line_number: str
) -> LineUsage:
    """The usage events behind a line, and how they become its amount, step by step."""
    invoice = await _find(call, invoice_id)
    line = proofs.line_at(invoice, line_number)
    if line is None:
        raise not_found("line", line_number)
    limit, is_late = limited(query, default=100), _is_true(query, "late")
    made_for: _MadeFor = [invoice_id, line_number, int(is_late)]
    asked = Asked(is_late, _place(query, made_for), limit + 1)
    proof = await proofs.prove(call.rows, invoice, line, asked)
    following = (
        cursor(*made_for, *proof.changes[limit - 1].place) if len(proof.changes) > limit else ""
    )
    return _shown(invoice, proof, PageMeta(limit, following))


@operation("GET /_tenantry/v1/usage-events/{source}/{usage_event_id}", allow=_SEE, wire=PLAIN)
async def get_usage_event(call: Reading, source: str, usage_event_id: str) -> TracedEvent:
    """A usage event, and on which invoices it ended, in which lines. Slashes need no escape."""
    traced = await tracing.trace(call.rows, call.customer_id, source, usage_event_id)
    entry = traced.entry
    return TracedEvent(
        source=entry.source,
        id=entry.id,
        customer_id=entry.customer_id,
        service_id=entry.service_id,
        product_id=entry.product_id,
        metric=entry.metric,
        region=entry.region,
        month=Month(entry.month).text,
        quantity=plain(raw_of(entry.quantity)),
        timestamp=shown(entry.at),
        received_at=shown(entry.received_at),
        voided_at=shown_or_none(entry.voided_at),
        state=traced.state,
        invoices=[_ending(one) for one in traced.endings],
    )


@operation(f"GET {_INVOICE}/explain", allow=_SEE, wire=PLAIN)
async def explain_invoice(call: Reading, invoice_id: str) -> ExplainedInvoice:
    """An invoice in words: plan and period, each line, the commit, credits and taxes, and why."""
    invoice = await _find(call, invoice_id)
    deducted = await proofs.deducted(call.rows, invoice)
    payment = await payments.newest(call.rows, call.customer_id, invoice.invoice.id)
    return ExplainedInvoice(invoice_id, explaining.explain(invoice, deducted, payment))


@operation(f"GET {_INVOICE}/lines.csv", allow=_SEE, wire=PLAIN)
async def get_invoice_csv(call: Reading, invoice_id: str) -> Response:
    """The lines of an invoice as CSV (RFC 4180)."""
    text = lines_as_csv(await _find(call, invoice_id))
    named = (("content-disposition", f'attachment; filename="invoice-{invoice_id}.csv"'),)
    return Response(200, text.encode(), _CSV, named)


async def _find(call: Reading, invoice_id: str) -> Behind:
    row = await model.find(call.rows, call.customer_id, invoice_id)
    if row is None:
        raise not_found("invoice", invoice_id)
    return await model.behind(call.rows, row)


def _shown(invoice: Behind, proof: Proof, meta: PageMeta) -> LineUsage:
    line, page = proof.line, proof.changes[: meta.limit]
    late = proof.late
    return LineUsage(
        invoice_id=str(invoice.invoice.id),
        line=next(place for place, one in enumerate(invoice.lines, 1) if one is line),
        description=line.description,
        kind=line.kind,
        month=Month(line.month).text,
        product_id=line.product_id,
        metric=line.metric,
        region=line.region_key,
        units=plain(line.units),
        rate=plain(line.rate),
        amount=plain(line.amount),
        steps=msgspec.UNSET if proof.steps is None else proof.steps,
        late=msgspec.UNSET if late is None else LateUsage(late[0], plain(raw_of(late[1]))),
        data=[_event(change) for change in page],
        meta=meta,
    )


def _event(change: Change) -> LineEvent:
    return LineEvent(
        source=change.source,
        id=change.id,
        service_id=change.service_id,
        quantity=plain(raw_of(change.quantity)),
        timestamp=shown(change.at),
        received_at=shown(change.received_at),
        voided_at=shown_or_none(change.voided_at),
    )


def _ending(one: tracing.Ending) -> EventEnding:
    posting = one.posting
    invoice_id = None if posting.invoice_id is None else str(posting.invoice_id)
    month, at = Month(posting.month).text, shown(posting.posted_at)
    return EventEnding(invoice_id, month, at, one.effect, one.lines)


def _place(query: Query, made_for: _MadeFor) -> Place:
    """Where the page before ended, of the same line's events. Raises Problem 400."""
    text = query.get("cursor")
    if not text:
        return START
    match position(text):
        case [*of, int(at), str(source), str(event_id)] if of == made_for and 0 <= at < 1 << 62:
            return at, source, event_id
        case _:
            raise bad_request("The cursor is not valid")


def _is_true(query: Query, name: str) -> bool:
    given = (query.get(name) or "false").lower()
    if given not in {"0", "1", "false", "true"}:
        detail = f"{name} must be true or false"
        raise bad_request(detail)
    return given in {"1", "true"}
