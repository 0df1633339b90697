"""A usage event: as it is sent, what can be wrong with it, and as the ledger takes it.

What is wrong is one word, because machines read it: `REASONS` says what each means. A quantity is
never a float: it is read from the very characters that were sent.
"""

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

import msgspec

from tenantry.areas.pricing.catalogue import Catalogue
from tenantry.areas.pricing.money import MICROS, to_micros
from tenantry.areas.pricing.months import Month, day_number
from tenantry.areas.pricing.regions import REGIONS
from tenantry.core.clock import DAY, MINUTE, SECOND, Instant

LONGEST_SOURCE = 64
LONGEST_ID = 128
AHEAD = 5 * MINUTE
"""How far in the future an event may say that it happened: clocks differ (R22)."""
MONTHS_BACK = 13
"""And how far in the past."""

REASONS = {
    "customer_closed": "It happened after the customer was closed",
    "customer_unknown": "There is no such customer",
    "id_missing": "It has no id",
    "id_too_long": f"Its id has more than {LONGEST_ID} characters",
    "malformed": "It is no JSON object, or a member of it has the wrong type",
    "metric_unknown": "The product has no such metric",
    "nul_character": "A text in it holds a NUL",
    "payload_differs": "Another event with this source and id was accepted before",
    "product_unknown": "The catalogue has no such product",
    "quantity_has_exponent": "Its quantity is written with an exponent",
    "quantity_missing": "It has no quantity",
    "quantity_negative": "Its quantity is negative: void an event to take usage back",
    "quantity_not_a_number": "Its quantity is no decimal number",
    "quantity_too_long": "Its quantity has more than 18 digits before the point or 6 after it",
    "region_missing": "The metric is counted by region, and it names none",
    "region_not_allowed": "The metric is not counted by region, and it names one",
    "region_unknown": "There is no such region",
    "service_unknown": "The customer has no such service",
    "source_missing": "It has no source",
    "source_too_long": f"Its source has more than {LONGEST_SOURCE} characters",
    "specversion_unknown": "It is a CloudEvent of another version than 1.0",
    "timestamp_in_future": "It happened more than 5 minutes from now",
    "timestamp_invalid": "Its time is not written as RFC 3339 says, with an offset",
    "timestamp_missing": "It does not say when it happened",
    "timestamp_too_old": "It happened before the customer was created, or over 13 months ago",
}
"""Why an event is not accepted."""

_WRONG_QUANTITIES = {
    "has an exponent": "quantity_has_exponent",
    "is negative": "quantity_negative",
    "is not a number": "quantity_not_a_number",
}
# JSON says that a quotation mark at one end has its like at the other.
_QUANTITY = re.compile(rb'"?([0-9]{1,18})(?:\.([0-9]{1,6}))?"?')
_STRING = msgspec.json.Decoder(str)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})"
)


class Sent(msgspec.Struct, gc=False):
    """An event as it is sent (contract: billing §7.1); what is missing is found by `Check`."""

    source: str = ""
    id: str = ""
    customer_id: str = ""
    product_id: str = ""
    metric: str = ""
    quantity: msgspec.Raw = msgspec.field(default_factory=msgspec.Raw)
    timestamp: str = ""
    service_id: str | None = None
    region: str | None = None


class Malformed(msgspec.Struct):
    """What stands where an event should, and is none; by which name, if it has one."""

    source: str = ""
    id: str = ""
    reason: str = "malformed"


class Event(msgspec.Struct, frozen=True, gc=False):
    """An event that may be accepted, its values normalised."""

    customer_id: str
    month: int
    day: int
    product_id: str
    metric: str
    region: str
    """Empty for what is not counted by region."""
    at: Instant
    source: str
    id: str
    service_id: str
    """Empty for what no service used."""
    quantity: int
    """In micro-units."""
    digest: bytes
    """Of everything but the identity: equal for what says the same (R21)."""


class Refused(msgspec.Struct, frozen=True):
    """An event that is not accepted now; once it may have been, and then it is a duplicate."""

    event: Event
    reason: str


class Span(msgspec.Struct, frozen=True):
    """When a customer was there."""

    created_at: Instant
    deleted_at: Instant | None


class Check:
    """What makes events of what was sent, or says why not."""

    def __init__(
        self,
        now: Instant,
        catalogue: Catalogue,
        customers: Mapping[str, Span],
        services: Collection[tuple[str, str]],
    ) -> None:
        """Against what there is: customers by id, and services as (customer's id, id)."""
        self._earliest, self._latest = earliest(now), now + AHEAD
        self._metrics = {key: each.is_regional for key, each in catalogue.metrics.items()}
        self._products = {product_id for product_id, _ in self._metrics}
        self._customers = customers
        self._services = services
        self._times: dict[str, tuple[Instant, int, int]] = {}
        self._metered: dict[tuple[str, str, str], str] = {}

    def __call__(self, sent: Sent) -> Event | str:
        """The event, or the reason why it is none, or is not accepted."""
        event = self.look(sent)
        return event.reason if isinstance(event, Refused) else event

    def look(self, sent: Sent) -> Event | Refused | str:
        """The event, or the reason why it is none; an event that is not accepted with both."""
        source, event_id, customer_id = sent.source, sent.id, sent.customer_id
        if not 0 < len(source) <= LONGEST_SOURCE or not 0 < len(event_id) <= LONGEST_ID:
            return _wrong_identity(sent)
        time = self._times.get(sent.timestamp) or self._read_time(sent.timestamp)
        if isinstance(time, str):
            return time
        quantity = _read_quantity(sent.quantity)
        if isinstance(quantity, str):
            return quantity
        at, month, day = time
        service_id, metered = (
            sent.service_id or "",
            (sent.product_id, sent.metric, sent.region or ""),
        )
        said = "\0".join((customer_id, service_id, *metered, str(quantity), str(at)))
        digest = blake2b(said.encode(), digest_size=16).digest()
        event = Event(
            customer_id, month, day, *metered, at, source, event_id, service_id, quantity, digest
        )
        wrong = self._metered.get(metered)
        if wrong is None:
            wrong = self._metered[metered] = self._wrong_metric(*metered)
        wrong = wrong or self._wrong_place(customer_id, service_id, at)
        return Refused(event, wrong) if wrong else event

    def _wrong_metric(self, product_id: str, metric: str, region: str) -> str:
        is_regional = self._metrics.get((product_id, metric))
        if is_regional is None:
            return "metric_unknown" if product_id in self._products else "product_unknown"
        if not is_regional:
            return "region_not_allowed" if region else ""
        if not region:
            return "region_missing"
        return "" if region in REGIONS else "region_unknown"

    def _wrong_place(self, customer_id: str, service_id: str, at: Instant) -> str:
        """What is wrong with whose it is, and with when it was."""
        span = self._customers.get(customer_id)
        if span is None:
            return "customer_unknown"
        if service_id and (customer_id, service_id) not in self._services:
            return "service_unknown"
        if at > self._latest:
            return "timestamp_in_future"
        # As he is told when he came: in whole seconds.
        if at < self._earliest or at < span.created_at - span.created_at % SECOND:
            return "timestamp_too_old"
        if span.deleted_at is not None and at >= span.deleted_at:
            return "customer_closed"
        return ""

    def _read_time(self, text: str) -> tuple[Instant, int, int] | str:
        try:
            at = read_time(text)
            # An offset can lead out of the years that there are.
            day = day_number(at)
        except (ValueError, OverflowError):
            return "timestamp_invalid" if text else "timestamp_missing"
        time = self._times[text] = (at, day // 100, day)
        return time


def earliest(now: Instant) -> Instant:
    """The same time of the day, 13 months ago: what happened before is too old (R22)."""
    month = Month.of(now)
    into, then = now - month.first, month.plus(-MONTHS_BACK)
    # The 31st of a month that has 30 days is its last.
    return then.first + min(into, then.days * DAY - DAY + into % DAY)


def read_time(text: str) -> Instant:
    """An RFC 3339 date-time, to the microsecond. Raises ValueError."""
    upper = text.upper()
    if _TIME.fullmatch(upper) is None:
        message = f"{text!r} is no RFC 3339 date-time with an offset"
        raise ValueError(message)
    moment = datetime.fromisoformat(upper)
    return (moment - _EPOCH) // _MICROSECOND


def _wrong_identity(sent: Sent) -> str:
    for name, value, longest in (
        ("source", sent.source, LONGEST_SOURCE),
        ("id", sent.id, LONGEST_ID),
    ):
        if not value or len(value) > longest:
            return f"{name}_too_long" if value else f"{name}_missing"
    return "malformed"


def _read_quantity(raw: msgspec.Raw) -> int | str:
    """Micro-units, of a JSON string or number; or the reason why not."""
    written = bytes(raw)
    found = _QUANTITY.fullmatch(written)
    if found is not None:
        whole, fraction = found.groups()
        return int(whole + (fraction or b"").ljust(MICROS, b"0"))
    if not written:
        return "quantity_missing"
    try:
        return to_micros(_text(written))
    except msgspec.DecodeError:
        return "quantity_not_a_number"
    except ValueError as problem:
        return _WRONG_QUANTITIES.get(str(problem), "quantity_too_long")


def _text(written: bytes) -> str:
    """What a JSON string says, or how anything else is written. Raises msgspec.DecodeError."""
    if written[:1] != b'"':
        return written.decode()
    text: str = _STRING.decode(written)
    return text
