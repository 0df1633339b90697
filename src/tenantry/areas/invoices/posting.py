"""Posting a month: what was used, by the terms that hold now, becomes an invoice for ever.

One transaction, which some customers share: terms and ledger sums are read, the lines are written
with the number and the very text that the wire answers, coupons are consumed, and the month's
changes are marked as invoiced (contract: billing R17). A customer's billing account is locked
meanwhile, so that what is metered is either in the invoice or adjusts it later (R24).

A month without lines is closed without an invoice. So is that of a customer whose plan says that
another account pays.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import msgspec
from sqlalchemy import bindparam, insert, select, update

from tenantry.areas.invoices import numbers
from tenantry.areas.invoices.announcing import announce
from tenantry.areas.invoices.document import Closed, document
from tenantry.areas.invoices.drafting import Draft, draft_all
from tenantry.areas.invoices.lines import Line
from tenantry.areas.pricing.money import plain
from tenantry.areas.pricing.months import Month
from tenantry.areas.usage.accounts import lock, move
from tenantry.core import audit
from tenantry.core.billing_tables import (
    coupon_uses,
    coupons,
    invoice_lines,
    invoices,
    postings,
    usage_changes,
)
from tenantry.core.clock import Instant
from tenantry.core.context import Writing
from tenantry.core.statements import Statement, is_one_of

_P, _K, _U = postings.c, coupons.c, usage_changes.c
_POSTED = Statement(
    select(_P.customer_id, _P.invoice_id).where(
        is_one_of(_P.customer_id, "customers"), _P.month == bindparam("in_month")
    )
)
_ADD_POSTING = Statement(insert(postings))
_ADD_INVOICE = Statement(insert(invoices))
_ADD_LINE = Statement(insert(invoice_lines))
_ADD_USE = Statement(insert(coupon_uses))
_CONSUME = Statement(
    update(coupons)
    .where(_K.customer_id == bindparam("customer"), _K.code == bindparam("with_code"))
    .values(remaining=bindparam("left"), periods_left=bindparam("periods"))
)
_SETTLE = Statement(
    update(usage_changes)
    .where(_U.customer_id == bindparam("customer"), _U.month == bindparam("in_month"))
    .values(invoiced=bindparam("count"))
)


class Posted(msgspec.Struct, frozen=True):
    """A customer's month that is posted."""

    customer_id: str
    invoice_id: int | None
    """None: it was closed without an invoice."""
    is_new: bool = True


async def post(call: Writing, customer_ids: Iterable[str], month: Month) -> list[Posted]:
    """Post a month that is over, of customers who are there; nothing of who has no plan.

    What was posted before stays, and is told again. Raises NoneLeft.
    """
    wanted = sorted(set(customer_ids))
    # The ends of logs before accounts: whoever writes in a customer holds the first already.
    await call.unit.hold(wanted)
    at = await lock(call.unit, wanted)
    posted = await _posted(call, wanted, month)
    before = {one.customer_id for one in posted}
    drafts = await draft_all(call, [one for one in wanted if one not in before], month)
    numbered = await _number(call, drafts)
    await _write(call, numbered, at)
    await move(call.unit, [draft.customer_id for draft in drafts], at)
    for draft, number in numbered:
        await _tell(replace(call, customer_id=draft.customer_id), draft, number)
    await announce(call, {number: draft for draft, number in numbered if number is not None}, at)
    return posted + [Posted(draft.customer_id, number) for draft, number in numbered]


async def _posted(call: Writing, customer_ids: list[str], month: Month) -> list[Posted]:
    rows = await call.all(_POSTED, customers=customer_ids, in_month=month.number)
    return [Posted(customer_id, invoice_id, is_new=False) for customer_id, invoice_id in rows]


Numbered = list[tuple[Draft, int | None]]


async def _number(call: Writing, drafts: Sequence[Draft]) -> Numbered:
    """Give numbers, in the order of customers; last of all, because who posts waits for them."""
    taken = iter(await numbers.take(call.unit, sum(bool(draft.lines) for draft in drafts)))
    return [(draft, next(taken) if draft.lines else None) for draft in drafts]


async def _write(call: Writing, numbered: Numbered, at: Instant) -> None:
    rows: dict[Statement[Any], list[dict[str, Any]]] = {}
    for draft, number in numbered:
        for statement, row in _rows(draft, number, at):
            rows.setdefault(statement, []).append(row)
    for statement, some in rows.items():
        await call.run_many(statement, some)


def _rows(
    draft: Draft, number: int | None, at: Instant
) -> Iterable[tuple[Statement[Any], dict[str, Any]]]:
    """Every row of a posting, with the statement that writes it."""
    of = {"customer_id": draft.customer_id}
    yield (
        _ADD_POSTING,
        {
            **of,
            "month": draft.month.number,
            "invoice_id": number,
            "posted_at": at,
            "terms": draft.terms.to_json(),
        },
    )
    for settled, count in draft.settled.items():
        where = {"customer": draft.customer_id, "in_month": settled}
        yield _SETTLE, {**where, "count": count}
    if number is not None:
        yield from _invoice_rows(draft, number, at)


def _invoice_rows(
    draft: Draft, number: int, at: Instant
) -> Iterable[tuple[Statement[Any], dict[str, Any]]]:
    of = {"customer_id": draft.customer_id, "invoice_id": number}
    closed = Closed(
        customer_id=draft.customer_id,
        id=number,
        month=draft.month,
        posted_at=at,
        currency=draft.currency,
        total=draft.total,
        lines=draft.lines,
    )
    invoice = {
        "customer_id": draft.customer_id,
        "id": number,
        "month": draft.month.number,
        "posted_at": at,
        "currency": draft.currency,
        "total": plain(draft.total),
        "document": document(closed),
    }
    yield _ADD_INVOICE, invoice
    for place, line in enumerate(draft.lines, 1):
        yield _ADD_LINE, {**of, "number": place, "month": line.month, "body": _text(line)}
    for code, amount in draft.credits().items():
        yield _ADD_USE, {**of, "code": code, "amount": plain(amount)}
    for coupon in draft.coupons_after:
        left = None if coupon.remaining is None else plain(coupon.remaining)
        where = {"customer": draft.customer_id, "with_code": coupon.code}
        yield _CONSUME, {**where, "left": left, "periods": coupon.periods_left}


def _text(line: Line) -> str:
    return msgspec.json.encode(line).decode()


async def _tell(call: Writing, draft: Draft, number: int | None) -> None:
    """Record it in the customer's log; the wire has no name of its own for it (billing §8.3)."""
    month = draft.month.text
    if number is None:
        told = {"action": "invoice.omit", "month": month}
        said = f"{month} was closed without an invoice"
        await audit.record(call, "invoice.omit", said, event_type="customer.update", metadata=told)
        return
    await audit.record(
        call,
        "invoice.post",
        f"Invoice {number} for {month} was posted",
        event_type="customer.update",
        metadata={
            "action": "invoice.post",
            "amount": plain(draft.total),
            "currency": draft.currency,
            "invoice_id": str(number),
            "month": month,
        },
    )
