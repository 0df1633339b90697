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

Of a member that stands twice the last one counts, as everywhere (contract: protocol §14).

An event that can't be read does not spoil the others: it is `Malformed`. What holds no events at
all is refused as a whole.
"""

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import unquote

import msgspec

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


class NewUsageEvents(msgspec.Struct):
    """At most 1000 events."""

    events: list[Sent]


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
    data: _Data = msgspec.field(default_factory=_Data)


class _Named(msgspec.Struct):
    """Of something malformed: what it is called, each if it can be read."""

    source: msgspec.Raw = msgspec.Raw(b'""')
    id: msgspec.Raw = msgspec.Raw(b'""')


_events = msgspec.json.Decoder(NewUsageEvents).decode
_envelope = msgspec.json.Decoder(_Envelope).decode
_lines = msgspec.json.Decoder(Sent).decode_lines
_event = msgspec.json.Decoder(Sent).decode
_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_cloud_event = msgspec.json.Decoder(_CloudEvent).decode
_data = msgspec.json.Decoder(_Data).decode
_named = msgspec.json.Decoder(_Named).decode
_text = msgspec.json.Decoder(str).decode
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
    try:
        return list(_events(raw).events)
    except msgspec.ValidationError:
        return read_each(_envelope(raw).events)


def _read_lines(raw: bytes) -> list[Came]:
    try:
        return list(_lines(raw))
    except _UNREADABLE:
        return read_each([line for line in raw.splitlines() if line.strip()])


def read_each(written: Sequence[bytes | msgspec.Raw]) -> list[Came]:
    """Events in our own form, each for itself."""
    return _each(written, _event)


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
    return Malformed(_name(named.source), _name(named.id))


def _name(written: bytes) -> str:
    try:
        return _text(written)
    except _UNREADABLE:
        return ""


def _read_cloud_event(written: bytes) -> Came:
    cloud = _cloud_event(written)
    return _from_cloud(cloud, cloud.data)


def _from_cloud(cloud: _CloudEvent, data: _Data) -> Came:
    if cloud.specversion != _VERSION:
        return Malformed(cloud.source, cloud.id, "specversion_unknown")
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
        said("specversion"), said("source"), said("id"), said("subject"), said("time")
    )
    try:
        return _without_nul(_from_cloud(cloud, _data(raw)))
    except _UNREADABLE:
        return _without_nul(Malformed(cloud.source, cloud.id))


def _without_nul(one: Came) -> Came:
    """PostgreSQL keeps no NUL, and nobody needs one."""
    texts = [value for value in msgspec.structs.astuple(one) if isinstance(value, str)]
    if not any("\0" in text for text in texts):
        return one
    source, event_id = ("" if "\0" in text else text for text in (one.source, one.id))
    return Malformed(source, event_id, "nul_character")
