"""Where a usage event ended: on which invoice, in which lines; or why in none yet."""

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from tenantry.areas.invoices import evidence
from tenantry.areas.invoices.evidence import Posting
from tenantry.areas.invoices.lines import Line
from tenantry.areas.pricing.months import Month
from tenantry.areas.usage.event import LONGEST_ID, LONGEST_SOURCE
from tenantry.areas.usage.ledger import LEDGER, Entry
from tenantry.core.errors import not_found
from tenantry.core.session import Reads

MONTHS_BACK = 13
"""How old a month may be to be adjusted still (contract: billing R18)."""

Effect = Literal["counted", "added_later", "taken_back"]
State = Literal[
    "not_invoiced_yet", "invoiced", "awaiting_adjustment", "too_late", "voided", "paid_by_parent"
]


class Ending(msgspec.Struct, frozen=True):
    """A posting in which an event began, or ceased, to count."""

    posting: Posting
    effect: Effect
    lines: list[int]
    """Places on its invoice; none where it changed no amount."""


class Trace(msgspec.Struct, frozen=True):
    """An event, and where it ended."""

    entry: Entry
    state: State
    endings: list[Ending]


async def trace(reads: Reads, customer_id: str, source: str, event_id: str) -> Trace:
    """Follow an event of a customer's own.

    Where the two hold slashes, an address can't tell where one ends: every way is tried, the
    shortest source first. Raises Problem 404.
    """
    entry = await _find(reads, customer_id, f"{source}/{event_id}")
    if entry is None:
        raise not_found("usage event", f"{source}/{event_id}")
    postings = await evidence.postings_since(reads, customer_id, entry.month)
    about = await evidence.lines_about(reads, customer_id, entry.month)
    endings = list(_endings(entry, _counting(postings, entry.month), about))
    return Trace(entry, _state(entry, postings, endings), endings)


async def _find(reads: Reads, customer_id: str, both: str) -> Entry | None:
    for place in _places(both):
        entry = await LEDGER.find(reads, both[:place], both[place + 1 :])
        if entry is not None and entry.customer_id == customer_id:
            return entry
    return None


def _places(both: str) -> Iterator[int]:
    """Where the source can end: neither part is longer than an event's can be."""
    first = len(both) - 1 - LONGEST_ID
    for place, letter in enumerate(both[: LONGEST_SOURCE + 1]):
        if letter == "/" and place >= first:
            yield place


def _counting(postings: Sequence[Posting], month: int) -> list[Posting]:
    """The month's own posting, and those behind it that could adjust it."""
    last = Month(month).plus(MONTHS_BACK).number
    own = next((place for place, one in enumerate(postings) if one.month == month), None)
    if own is None or postings[own].terms.plan.parent_pay:
        return []
    return [one for one in postings[own:] if one.month <= last]


def _endings(
    entry: Entry, postings: list[Posting], about: list[tuple[int, int, Line]]
) -> Iterator[Ending]:
    was_counted = False
    for place, posting in enumerate(postings):
        is_counted = entry.received_at <= posting.posted_at and not (
            entry.voided_at is not None and entry.voided_at <= posting.posted_at
        )
        if is_counted != was_counted:
            later: Effect = "added_later" if is_counted else "taken_back"
            effect = later if place else "counted"
            yield Ending(posting, effect, _lines(entry, posting, about))
        was_counted = is_counted


def _lines(entry: Entry, posting: Posting, about: list[tuple[int, int, Line]]) -> list[int]:
    key = (entry.product_id, entry.metric, entry.region)
    return [
        number
        for invoice_id, number, line in about
        if invoice_id == posting.invoice_id
        and (line.product_id, line.metric, line.region_key) == key
        and (line.adjusts or line.kind) != "recurring"
    ]


def _state(entry: Entry, postings: list[Posting], endings: list[Ending]) -> State:
    own = next((one for one in postings if one.month == entry.month), None)
    if own is None:
        return "not_invoiced_yet" if entry.voided_at is None else "voided"
    if own.terms.plan.parent_pay:
        return "paid_by_parent"
    is_counted = bool(endings) and endings[-1].effect != "taken_back"
    if is_counted == (entry.voided_at is None):
        return "invoiced" if is_counted else "voided"
    newest = max(one.month for one in postings)
    is_over = newest >= Month(entry.month).plus(MONTHS_BACK).number
    return "too_late" if is_over else "awaiting_adjustment"
