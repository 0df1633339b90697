"""The ledger as it stood when a month was posted, and what changed in it between two postings.

A posting counts what had been received by then and was not voided by then. What came later, or
was voided later, is never a line's own: the next posting that adjusts the month takes it up.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import BindParameter, and_, bindparam, case, func, or_, select, tuple_

from tenantry.areas.invoices.lines import Line, Usage
from tenantry.areas.pricing.terms import Terms
from tenantry.areas.usage.sums import MILLION
from tenantry.core.billing_tables import invoice_lines, postings, usage_events
from tenantry.core.clock import Instant
from tenantry.core.session import Reads
from tenantry.core.statements import Statement

NEVER: Instant = -1
ALWAYS: Instant = 1 << 62
_PART = 10**6
"""Sums of millionths are made in two halves: of all of them at once, SQLite's would overflow."""

Place = tuple[Instant, str, str]
START: Place = (NEVER, "", "")
"""Before every event."""


class Key(msgspec.Struct, frozen=True):
    """Whose use of what in which month."""

    customer: str
    in_month: int
    product: str
    of_metric: str
    in_region: str

    @staticmethod
    def of(customer_id: str, line: Line) -> "Key":
        """The use that a line is about."""
        return Key(customer_id, line.month, line.product_id, line.metric, line.region_key)


class Window(msgspec.Struct, frozen=True):
    """What changed after one moment, and until another."""

    after: Instant
    until: Instant


class Change(msgspec.Struct, frozen=True):
    """An event that was added in a window, or one of before that was voided in it."""

    at: Instant
    source: str
    id: str
    service_id: str
    quantity: int
    """In micro-units; negative where it was taken back."""
    received_at: Instant
    voided_at: Instant | None

    @property
    def place(self) -> Place:
        """Where it stands among others."""
        return self.at, self.source, self.id


class Posting(msgspec.Struct, frozen=True, array_like=True):
    """A month that was posted."""

    month: int
    invoice_id: int | None
    posted_at: Instant
    terms: Terms


_E, _P, _L = usage_events.c, postings.c, invoice_lines.c
_AFTER: BindParameter[int] = bindparam("after")
_UNTIL: BindParameter[int] = bindparam("until")
_IS_ADDED = and_(
    _E.received_at > _AFTER,
    _E.received_at <= _UNTIL,
    or_(_E.voided_at.is_(None), _E.voided_at > _UNTIL),
)
_IS_TAKEN_BACK = and_(_E.received_at <= _AFTER, _E.voided_at > _AFTER, _E.voided_at <= _UNTIL)
_SIGN = case((_E.received_at > _AFTER, 1), else_=-1)
_OF_MONTH = (_E.customer_id == bindparam("customer"), _E.month == bindparam("in_month"))
_OF_KEY = (
    *_OF_MONTH,
    _E.product_id == bindparam("product"),
    _E.metric == bindparam("of_metric"),
    _E.region == bindparam("in_region"),
)
_SUMS: tuple[Any, ...] = (
    func.sum(_SIGN * _E.millions),
    func.sum(_SIGN * (_E.micros // _PART)),
    func.sum(_SIGN * (_E.micros % _PART)),
)
_IN_WINDOW = or_(_IS_ADDED, _IS_TAKEN_BACK)
_SUM = Statement(select(func.count(), *_SUMS).where(*_OF_KEY, _IN_WINDOW))
_ALL_SUMS = Statement(
    select(_E.product_id, _E.metric, _E.region, *_SUMS)
    .where(*_OF_MONTH, _IN_WINDOW)
    .group_by(_E.product_id, _E.metric, _E.region)
)


def _change(*row: Any) -> Change:
    at, source, event_id, service_id, sign, millions, micros, received_at, voided_at = row
    quantity = sign * (millions * MILLION + micros)
    return Change(at, source, event_id, service_id, quantity, received_at, voided_at)


_PAGE = Statement(
    select(
        _E["at"],
        _E.source,
        _E.id,
        _E.service_id,
        _SIGN,
        _E.millions,
        _E.micros,
        _E.received_at,
        _E.voided_at,
    )
    .where(
        *_OF_KEY,
        _IN_WINDOW,
        tuple_(_E["at"], _E.source, _E.id)
        > tuple_(bindparam("from_at"), bindparam("from_source"), bindparam("from_id")),
    )
    .order_by(_E["at"], _E.source, _E.id)
    .limit(bindparam("most")),
    _change,
)
_POSTINGS = Statement(
    select(_P.month, _P.invoice_id, _P.posted_at, _P.terms)
    .where(_P.customer_id == bindparam("customer"), _P.month >= bindparam("since"))
    .order_by(_P.posted_at, _P.month),
    lambda month, invoice_id, posted_at, terms: Posting(
        month, invoice_id, posted_at, Terms.from_json(terms)
    ),
)
_ABOUT = Statement(
    select(_L.invoice_id, _L.number, _L.body)
    .where(_L.customer_id == bindparam("customer"), _L.month == bindparam("in_month"))
    .order_by(_L.invoice_id, _L.number)
)
_decode_line = msgspec.json.Decoder(Line).decode


async def counted(reads: Reads, key: Key, window: Window) -> tuple[int, int]:
    """How many events changed in a window, and what these changes come to in micro-units."""
    row = await reads.one(_SUM, **_given(key), **_given(window))
    if row is None or not row[0]:
        return 0, 0
    return row[0], _joined(row[1:])


async def usage(reads: Reads, customer_id: str, month: int, until: Instant) -> Usage:
    """All that had been used in a month, as it was known at a moment."""
    window = Window(NEVER, until)
    rows = await reads.all(_ALL_SUMS, customer=customer_id, in_month=month, **_given(window))
    return {
        (product_id, metric, region): _joined(sums) for product_id, metric, region, *sums in rows
    }


async def page(reads: Reads, key: Key, window: Window, after: Place, most: int) -> list[Change]:
    """What changed in a window, in the order of time, source and id, from behind a place on."""
    place = dict(zip(("from_at", "from_source", "from_id"), after, strict=True))
    return await reads.all(_PAGE, **_given(key), **_given(window), **place, most=most)


async def postings_since(reads: Reads, customer_id: str, month: int) -> list[Posting]:
    """The postings of a month and of those behind it, in the order in which they were made.

    One that another account paid for adjusts nothing: it is left out, but for the month's own.
    """
    found = await reads.all(_POSTINGS, customer=customer_id, since=month)
    return [one for one in found if one.month == month or not one.terms.plan.parent_pay]


async def lines_about(reads: Reads, customer_id: str, month: int) -> list[tuple[int, int, Line]]:
    """Every line about a month: the invoice's id, the line's place on it, the line."""
    rows = await reads.all(_ABOUT, customer=customer_id, in_month=month)
    return [(invoice_id, number, _decode_line(body)) for invoice_id, number, body in rows]


def _given(struct: msgspec.Struct) -> dict[str, Any]:
    return msgspec.structs.asdict(struct)


def _joined(sums: Sequence[Any]) -> int:
    # PostgreSQL adds whole numbers up to decimals.
    millions, upper, lower = (int(one or 0) for one in sums)
    return millions * MILLION + upper * _PART + lower
