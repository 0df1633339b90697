"""How usage events come: ours, a line each, or as CloudEvents; one reading for all.

| content type | body |
|---|---|
| `application/json` | `{"events": [event, …]}` |
| `application/x-ndjson` | one event a line |
| `application/cloudevents+json` | one CloudEvent (structured mode) |
| `application/cloudevents-batch+json` | a list of CloudEvents |
| `application/json`, header `ce-specversion` | a CloudEvent's data (binary mode) |

Of a CloudEvent (version 1.0), `source` and `id` are the event's own, `time` is its `timestamp` and
`subject` its `customer_id`; everything else stands in `data`, by the names that our events have.
Its `type` and whatever more it says are passed over.

An event that can't be read does not spoil the others: it is `Malformed`. So is one in which a
member stands twice, because decoders keep the last one and say nothing. What holds no events at all
is refused as a whole.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

import msgspec
from msgspec import UNSET

from tenantry.areas.pricing.reading import is_doubled, members
from tenantry.areas.usage.event import Malformed, Sent
from tenantry.core.errors import Problem, bad_request

MOST = 1000
"""Events in one request (contract: billing §9 O1)."""

Came = Sent | Malformed

JSON = "application/json"
LINES = "application/x-ndjson"
CLOUD_EVENT = "application/cloudevents+json"
CLOUD_EVENTS = "application/cloudevents-batch+json"
BINARY_MODE = "ce-specversion"
_VERSION = "1.0"
_DOUBLED = "member_doubled"


class NewUsageEvents(msgspec.Struct):
    """At most 1000 events."""

    events: list[Sent]


class _Whole(Sent, kw_only=True, gc=False):
    """An event that lacks nothing it needs: as nearly all come, and quick to count members of."""

    source: str
    id: str
    customer_id: str
    product_id: str
    metric: str
    quantity: msgspec.Raw
    timestamp: str


_NEEDED = 7


class _WholeEvents(msgspec.Struct):
    events: list[_Whole]


class _Envelope(msgspec.Struct):
    events: list[msgspec.Raw]


class _Data(msgspec.Struct):
    """What stands in a CloudEvent's data."""

    product_id: str = ""
    metric: str = ""
    quantity: msgspec.Raw = msgspec.Raw()
    service_id: str | None = None
    region: str | None = None


class _CloudEvent(msgspec.Struct):
    specversion: str
    source: str = ""
    id: str = ""
    subject: str | None = None
    time: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"{}")


class _Named(msgspec.Struct):
    """Of something malformed: what it is called, if that can be read."""

    source: str = ""
    id: str = ""


_events = msgspec.json.Decoder(_WholeEvents).decode
_envelope = msgspec.json.Decoder(_Envelope).decode
_lines = msgspec.json.Decoder(_Whole).decode_lines
_event = msgspec.json.Decoder(Sent).decode
_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_cloud_event = msgspec.json.Decoder(_CloudEvent).decode
_data = msgspec.json.Decoder(_Data).decode
_named = msgspec.json.Decoder(_Named).decode
_UNREADABLE = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)


def read(media_type: str, raw: bytes, header: Callable[[str], str | None]) -> list[Came]:
    """The events of a body, in their order.

    Raises Problem 400 for what is no envelope of events or holds too many, 415.
    """
    reading = _READINGS.get(media_type or JSON)
    if reading is None:
        detail = f"Content type '{media_type[:100]}' is not taken here"
        raise Problem(415, "Unsupported media type", detail)
    if reading is _read_json and header(BINARY_MODE) is not None:
        return [_read_binary(raw, header)]
    try:
        came = reading(raw)
    except msgspec.ValidationError as problem:
        detail = str(problem).replace("`", "")
        raise bad_request(detail) from problem
    except _UNREADABLE as problem:
        raise bad_request("Invalid JSON") from problem
    if len(came) > MOST:
        detail = f"At most {MOST} events are taken at once, and these are {len(came)}"
        raise bad_request(detail)
    # Escaped is the only way in which a NUL comes through JSON.
    return list(map(_without_nul, came)) if b"\\u0000" in raw else came


def _read_json(raw: bytes) -> list[Came]:
    # What is wrong with one of them is told when each is read alone.
    with suppress(msgspec.ValidationError):
        events = _events(raw).events
        if _count_members(raw) == 1 + _said(events):
            return list(events)
        if not _is_doubled(raw, *_envelope(raw).events):
            return list(events)
    envelope = _envelope(raw)
    if members(raw).count("events") > 1:
        raise bad_request("The body holds events twice")
    return read_each(envelope.events)


def _read_lines(raw: bytes) -> list[Came]:
    with suppress(*_UNREADABLE):
        events = _lines(raw)
        if _count_members(raw) == _said(events):
            return list(events)
    return read_each([line for line in raw.splitlines() if line.strip()])


def _count_members(raw: bytes) -> int:
    """At least as many as there are at any depth: none is without a quotation mark and a colon."""
    return raw.translate(None, b" \t\r\n").count(b'":')


def _said(events: Sequence[_Whole]) -> int:
    """How many members there are, if none stands twice: if there are no more, none does.

    A hundredth of what taking an event in costs; to look at each member would be a fifth.
    """
    services = sum([one.service_id is not UNSET for one in events])
    return _NEEDED * len(events) + services + sum([one.region is not UNSET for one in events])


def _is_doubled(written: bytes | msgspec.Raw, *inner: msgspec.Raw) -> bool:
    """Whether a member stands twice; quick if no objects are in it but `inner` ones."""
    known = sum([len(_object(one)) for one in (written, *inner)])
    return _count_members(bytes(written)) != known and is_doubled(written)


def read_each(written: Sequence[bytes | msgspec.Raw]) -> list[Came]:
    """Events in our own form, each for itself."""
    return _each(written, _read_event)


def _read_event(written: bytes | msgspec.Raw) -> Came:
    sent = _event(written)
    return Malformed(sent.source, sent.id, _DOUBLED) if _is_doubled(written) else sent


def _read_cloud_events(raw: bytes) -> list[Came]:
    return _each(_list(raw), _read_cloud_event)


def _read_one_cloud_event(raw: bytes) -> list[Came]:
    whole = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    return _each([raw] if whole else [], _read_cloud_event)


_READINGS: dict[str, Callable[[bytes], list[Came]]] = {
    JSON: _read_json,
    LINES: _read_lines,
    CLOUD_EVENT: _read_one_cloud_event,
    CLOUD_EVENTS: _read_cloud_events,
}


def _each(written: Sequence[Any], reading: Callable[[Any], Came]) -> list[Came]:
    """Each alone, because one of them is malformed or may be."""
    came: list[Came] = []
    for one in written:
        try:
            came.append(reading(one))
        except _UNREADABLE:
            came.append(_called(one))
    return came


def _called(written: bytes) -> Malformed:
    try:
        named = _named(written)
    except _UNREADABLE:
        return Malformed()
    return Malformed(named.source, named.id)


def _read_cloud_event(written: bytes) -> Came:
    cloud = _cloud_event(written)
    came = _from_cloud(cloud)
    is_bad = _is_doubled(written, cloud.data)
    return Malformed(cloud.source, cloud.id, _DOUBLED) if is_bad else came


def _from_cloud(cloud: _CloudEvent) -> Came:
    if cloud.specversion != _VERSION:
        return Malformed(cloud.source, cloud.id, "specversion_unknown")
    data = _data(cloud.data)
    return Sent(
        source=cloud.source,
        id=cloud.id,
        customer_id=cloud.subject or "",
        product_id=data.product_id,
        metric=data.metric,
        quantity=data.quantity,
        timestamp=cloud.time or "",
        service_id=data.service_id,
        region=data.region,
    )


def _read_binary(raw: bytes, header: Callable[[str], str | None]) -> Came:
    """A CloudEvent whose attributes are headers, percent-encoded where they are not ASCII."""

    def said(name: str) -> str:
        return unquote(header(f"ce-{name}") or "")

    cloud = _CloudEvent(
        *(said("specversion"), said("source"), said("id"), said("subject"), said("time")),
        data=msgspec.Raw(raw),
    )
    try:
        came = _from_cloud(cloud)
        is_bad = _is_doubled(raw)
        return _without_nul(Malformed(cloud.source, cloud.id, _DOUBLED) if is_bad else came)
    except _UNREADABLE:
        return _without_nul(Malformed(cloud.source, cloud.id))


def _without_nul(one: Came) -> Came:
    """PostgreSQL keeps no NUL, and nobody needs one."""
    texts = [value for value in msgspec.structs.astuple(one) if isinstance(value, str)]
    if not any("\0" in text for text in texts):
        return one
    source, event_id = ("" if "\0" in text else text for text in (one.source, one.id))
    return Malformed(source, event_id, "nul_character")
