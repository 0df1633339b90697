"""Rating what stands in a file, without a database: the invoice that posting it would give."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from tenantry.areas.invoices.document import Closed, document
from tenantry.areas.invoices.lines import Usage
from tenantry.areas.invoices.numbers import FIRST
from tenantry.areas.invoices.offline_file import Case, read_case
from tenantry.areas.invoices.offline_table import table
from tenantry.areas.invoices.rating import rate_month
from tenantry.areas.pricing.months import Month
from tenantry.areas.usage.envelopes import read_each
from tenantry.areas.usage.event import REASONS, Check, Sent, Span, read_time
from tenantry.core.clock import HOUR

GRACE = 72 * HOUR
"""How long after its end a month is posted (contract: billing R17)."""


class Answer(msgspec.Struct, frozen=True):
    """What came of a file."""

    month: Month
    invoice: Closed | None
    """None: nothing is owed, so none would be posted."""
    refused: list[str]
    """What of the file was not rated, and why."""

    def json(self) -> str:
        """The invoice as the API answers it (contract: billing §3.1)."""
        return "null" if self.invoice is None else document(self.invoice)

    def text(self) -> str:
        """The invoice with its arithmetic, for people."""
        if self.invoice is None:
            return f"{self.month.text} has no lines, so no invoice would be posted."
        return "\n".join(table(self.invoice))


def rate_file(path: Path) -> Answer:
    """Rate what a file holds. Raises BadTerms, OSError."""
    case = read_case(path.read_bytes())
    ledger = _Ledger(case)
    ledger.take(case.events)
    refused = [f"{what}, and has no effect" for what in case.idle]
    return Answer(case.month, _invoice(case, ledger), refused + ledger.refused)


def _invoice(case: Case, ledger: "_Ledger") -> Closed | None:
    if case.terms.plan.parent_pay:
        return None
    rated = rate_month(case.terms, case.month, ledger.usage, case.coupons)
    if not rated.lines:
        return None
    return Closed(
        customer_id=ledger.customer_id,
        id=FIRST,
        month=case.month,
        posted_at=case.month.end + GRACE,
        currency=case.terms.plan.currency,
        total=rated.total,
        lines=rated.lines,
    )


class _Ledger:
    """The events that count, summed; each once, whoever sent it again (contract: billing R21)."""

    def __init__(self, case: Case) -> None:
        self.customer_id = case.customer_id
        self.refused: list[str] = []
        self._usage: dict[tuple[str, str, str], int] = {}
        self._digests: dict[tuple[str, str], bytes] = {}
        self._case = case

    @property
    def usage(self) -> Usage:
        """What was used in the month."""
        return self._usage

    def take(self, raws: Sequence[msgspec.Raw]) -> None:
        """Take events, and note why others are refused; those of other months pass silently."""
        came = read_each(raws)
        events = [one for one in came if isinstance(one, Sent)]
        named = (one.customer_id for one in events if one.customer_id)
        self.customer_id = self.customer_id or next(named, "")
        check = self._check(events)
        for number, one in enumerate(came, 1):
            reason = self._take_one(check, one) if isinstance(one, Sent) else one.reason
            if reason:
                name = f" ({one.source} / {one.id})" if one.source or one.id else ""
                self.refused.append(f"event {number}{name}: {reason}: {REASONS[reason]}")

    def _check(self, sent: list[Sent]) -> Check:
        """As ingestion checks, at the time of posting; a file's services are taken as given."""
        terms = self._case.terms
        return Check(
            self._case.month.end + GRACE,
            terms.catalogue,
            {self.customer_id: Span(terms.active_from or 0, terms.active_until)},
            {(self.customer_id, each.service_id) for each in sent if each.service_id},
        )

    def _take_one(self, check: Check, sent: Sent) -> str:
        """Why it is refused; empty where it is not."""
        sent.customer_id = sent.customer_id or self.customer_id
        event = check(sent)
        if isinstance(event, str):
            return "" if self._is_of_another_month(event, sent) else event
        known = self._digests.setdefault((event.source, event.id), event.digest)
        if known is not event.digest:
            return "" if known == event.digest else "payload_differs"
        if event.month == self._case.month.number:
            key = (event.product_id, event.metric, event.region)
            self._usage[key] = self._usage.get(key, 0) + event.quantity
        return ""

    def _is_of_another_month(self, reason: str, sent: Sent) -> bool:
        """Whether it is refused only for a time that is none of the month's."""
        is_about_time = reason in {"timestamp_in_future", "timestamp_too_old"}
        return is_about_time and Month.of(read_time(sent.timestamp)) != self._case.month
