"""What is behind a line of an invoice: the events of the ledger, and how they become the amount."""

from decimal import Decimal

import msgspec
from sqlalchemy import bindparam, select

from tenantry.areas.invoices import arithmetic, evidence
from tenantry.areas.invoices.arithmetic import Step
from tenantry.areas.invoices.deductions import Deducted, credit_steps, tax_steps
from tenantry.areas.invoices.evidence import ALWAYS, NEVER, START, Change, Key, Place, Window
from tenantry.areas.invoices.lines import Line
from tenantry.areas.invoices.model import Behind
from tenantry.areas.invoices.rating import rate_usage
from tenantry.areas.pricing.coupon import Coupon
from tenantry.areas.pricing.coupons import coupons_of
from tenantry.areas.pricing.money import added
from tenantry.areas.pricing.months import Month
from tenantry.areas.pricing.terms import Terms
from tenantry.core.billing_tables import coupon_uses
from tenantry.core.session import Reads
from tenantry.core.statements import Statement

METERED = frozenset({"fee", "included", "uncharged", "usage"})
"""Kinds of lines that the ledger's events are behind."""

_U = coupon_uses.c
_USES = Statement(
    select(_U.code, _U.amount).where(
        _U.customer_id == bindparam("customer"), _U.invoice_id >= bindparam("invoice")
    )
)


class Proof(msgspec.Struct, frozen=True):
    """What is behind a line."""

    line: Line
    steps: list[Step] | None
    """None where a later page was asked for: they stand on the first."""
    window: Window
    """What of the ledger is the line's own."""
    late: tuple[int, int] | None
    """Events that came or were voided after it was posted, and what they come to; as `steps`."""
    changes: list[Change]


class Asked(msgspec.Struct, frozen=True):
    """Which part of a proof is wanted."""

    is_late: bool = False
    """What came after the invoice was posted, in place of the line's own."""
    after: Place = START
    limit: int = 100


def line_at(invoice: Behind, number: str) -> Line | None:
    """The line that an address names; None if there is none."""
    if not (number.isascii() and number.isdigit() and len(number) <= 9):  # noqa: PLR2004 - enough lines
        return None
    place = int(number)
    return invoice.lines[place - 1] if 1 <= place <= len(invoice.lines) else None


async def prove(reads: Reads, invoice: Behind, line: Line, asked: Asked) -> Proof:
    """What is behind a line: a page of events, and the steps from their sum to its amount."""
    window = await _window(reads, invoice, line)
    is_metered = (line.adjusts or line.kind) in METERED
    key = Key.of(invoice.invoice.customer_id, line)
    later = Window(invoice.invoice.posted_at, ALWAYS)
    changes: list[Change] = []
    if is_metered:
        wanted = later if asked.is_late else window
        changes = await evidence.page(reads, key, wanted, asked.after, asked.limit)
    if asked.after != START:
        return Proof(line, None, window, None, changes)
    late = await evidence.counted(reads, key, later) if is_metered else (0, 0)
    steps = await steps_of(reads, invoice, line, window)
    return Proof(line, steps, window, late, changes)


async def _window(reads: Reads, invoice: Behind, line: Line) -> Window:
    """What of the ledger a line counts: of an adjustment, what no posting before it did."""
    posted_at = invoice.invoice.posted_at
    if line.kind != "adjustment":
        return Window(NEVER, posted_at)
    before = NEVER
    for one in await evidence.postings_since(reads, invoice.invoice.customer_id, line.month):
        if one.month == invoice.invoice.month:
            break
        before = one.posted_at
    return Window(before, posted_at)


async def steps_of(reads: Reads, invoice: Behind, line: Line, window: Window) -> list[Step]:
    """How a line comes to its amount."""
    terms, month = invoice.terms, Month(line.month)
    own = [one for one in invoice.lines if one.kind in METERED or one.kind == "recurring"]
    match line.kind:
        case "recurring":
            return arithmetic.recurring(terms, line, _place(invoice, line))
        case "shortfall":
            return arithmetic.shortfall(terms, month, own)
        case "credit":
            return credit_steps(await deducted(reads, invoice), _place(invoice, line))
        case "tax":
            return tax_steps(await deducted(reads, invoice), _place(invoice, line))
        case "adjustment":
            return await _adjusted(reads, invoice, line, window)
        case _:
            key = Key.of(invoice.invoice.customer_id, line)
            return arithmetic.metered(terms, line, *await evidence.counted(reads, key, window))


def _place(invoice: Behind, line: Line) -> int:
    """Where it stands among those of its kind."""
    # By identity: two fees may be alike.
    alike = [one for one in invoice.lines if one.kind == line.kind]
    return next(place for place, one in enumerate(alike) if one is line)


async def deducted(reads: Reads, invoice: Behind) -> Deducted:
    """The invoice with the coupons that it used, as they were before it."""
    customer_id = invoice.invoice.customer_id
    granted = (await coupons_of(reads, [customer_id])).get(customer_id, [])
    known = {coupon.code: coupon for coupon in granted}
    uses = await reads.all(_USES, customer=customer_id, invoice=invoice.invoice.id)
    used = [known[line.coupon] for line in invoice.lines if line.kind == "credit"]
    before = [
        _before(coupon, [amount for code, amount in uses if code == coupon.code]) for coupon in used
    ]
    return Deducted(invoice.terms, invoice.month, invoice.lines, before)


def _before(coupon: Coupon, taken: list[str]) -> Coupon:
    """A coupon as it was before these amounts were taken from it."""
    remaining = coupon.remaining
    if remaining is not None:
        remaining = added([remaining, *map(Decimal, taken)])
    return msgspec.structs.replace(coupon, remaining=remaining, periods_left=None)


async def _adjusted(reads: Reads, invoice: Behind, line: Line, window: Window) -> list[Step]:
    customer_id, month = invoice.invoice.customer_id, Month(line.month)
    posted = await evidence.postings_since(reads, customer_id, line.month)
    terms = next(one.terms for one in posted if one.month == line.month)
    about = await evidence.lines_about(reads, customer_id, line.month)
    billed = [
        one.amount
        for invoice_id, _, one in about
        if invoice_id < invoice.invoice.id and _subject(one) == _subject(line)
    ]
    steps, now = await _owed(reads, invoice, line, (terms, month, window))
    return [*steps, *arithmetic.difference(line, now, billed, terms.plan.currency)]


Known = tuple[Terms, Month, Window]


async def _owed(
    reads: Reads, invoice: Behind, line: Line, known: Known
) -> tuple[list[Step], Decimal]:
    """What an adjusted line comes to by now, and how."""
    terms, month, window = known
    customer_id = invoice.invoice.customer_id
    if line.adjusts == "shortfall":
        used = await evidence.usage(reads, customer_id, month.number, window.until)
        steps = arithmetic.shortfall(terms, month, rate_usage(terms, month, used))
        return steps, Decimal(steps[-1].value)
    key = Key.of(customer_id, line)
    before = await evidence.counted(reads, key, Window(NEVER, window.after))
    changed = await evidence.counted(reads, key, window)
    steps = arithmetic.changed(terms, line, before[1], changed)
    used = {(line.product_id, line.metric, line.region_key): before[1] + changed[1]}
    rated = rate_usage(terms, month, used)
    same = [one.amount for one in rated if _subject(one) == _subject(line)]
    return steps, added(same)


def _subject(line: Line) -> tuple[str, str, str, str, int]:
    """What an adjustment is about, and what it is compared with (contract: billing R18)."""
    kind = line.adjusts or line.kind
    return line.product_id, line.metric, line.region_key, kind, line.tier
