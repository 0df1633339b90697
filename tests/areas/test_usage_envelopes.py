"""Usage events come as JSON, as lines of it, and as CloudEvents in three modes."""

import json
from typing import Any

import pytest

from tests.areas.usage_calls import AT, PATH, check_sums, encoded, event, later
from tests.world import OPERATOR, WIDGETS, WWW, World

LINES = {"Content-Type": "application/x-ndjson"}
ONE = {"Content-Type": "application/cloudevents+json; charset=utf-8"}
MANY = {"Content-Type": "application/cloudevents-batch+json"}
Became = list[tuple[str, str, str, str | None]]


def cloud(event_id: str, **more: Any) -> dict[str, Any]:
    """The CloudEvent that says what `event` says."""
    said = event(event_id)
    data = {name: said[name] for name in ("product_id", "metric", "region", "quantity")}
    return {
        "specversion": "1.0",
        "type": "com.example.usage",
        "source": said["source"],
        "id": event_id,
        "time": AT,
        "subject": WIDGETS,
        "data": data,
        **more,
    }


async def post(world: World, content: bytes, headers: dict[str, str]) -> Became:
    """Send a body; what became of each event in it."""
    answer = await world.ask(OPERATOR, "POST", PATH, content=content, headers=headers)
    assert answer.status_code == 200, answer.text
    return [
        (one["source"], one["id"], one["status"], one["reason"]) for one in answer.json()["results"]
    ]


def accepted(event_id: str, status: str = "accepted") -> tuple[str, str, str, None]:
    """What is said of an event of the edge's that came for the first time."""
    return ("edge-01", event_id, status, None)


async def test_an_event_is_the_same_however_it_is_written(world: World) -> None:
    later(world)
    headers = {f"ce-{name}": str(cloud("a")[name]) for name in ("source", "id", "time", "subject")}
    headers |= {"ce-specversion": "1.0", "ce-type": "x", "Content-Type": "application/json"}
    data = json.dumps(cloud("a")["data"]).encode()
    bodies = [
        (encoded(event("a")), LINES),
        (json.dumps({"events": [event("a")]}).encode(), {"Content-Type": "application/json"}),
        (json.dumps({"events": [event("a")]}).encode(), {}),
        (json.dumps(cloud("a")).encode(), ONE),
        (json.dumps([cloud("a")]).encode(), MANY),
        (data, headers),
    ]
    became = [await post(world, content, headers) for content, headers in bodies]
    assert became == [[accepted("a")], *[[accepted("a", "duplicate")]] * 5]
    assert await check_sums(world.app.database) == 1


async def test_lines_are_read_each_for_itself(world: World) -> None:
    later(world)
    lines = [
        encoded(event("a")),
        b"",
        b'{"source": "edge-01", "id": "b", "region": 5}\r',
        b'{"source": "edge-01", "id": 3}',
        b'{"source": ["edge-01"], "id": "b\\u0000"}',
        b'{"source": null, "id": "c"}',
        b'{"source": "edge-01", "id": ',
        b'"text"',
        b"\xff\xfe",
        encoded(event("c")),
        b"",
    ]
    malformed = ("", "", "rejected", "malformed")
    assert await post(world, b"\n".join(lines), LINES) == [
        accepted("a"),
        ("edge-01", "b", "rejected", "malformed"),
        ("edge-01", "", "rejected", "malformed"),
        ("", "", "rejected", "nul_character"),
        ("", "c", "rejected", "malformed"),
        *[malformed] * 3,
        accepted("c"),
    ]
    assert await post(world, b"", LINES) == []
    assert await post(world, encoded(event("d")) + b"\n\n" + encoded(event("e")), LINES) == [
        accepted("d"),
        accepted("e"),
    ]


async def test_cloud_events_are_read_each_for_itself(world: World) -> None:
    later(world)
    extension = {"dataschema": "https://example.com/usage.json", "partitionkey": "x"}
    events = [
        cloud("a", **extension),
        cloud("b", specversion="0.3"),
        cloud("c", time=None),
        cloud("d", subject=None),
        cloud("e", data={**cloud("e")["data"], "quantity": 0.1}),
        cloud("f", data="text"),
        {"source": "edge-01", "id": "g"},
        cloud("h", data={**cloud("h")["data"], "service_id": WWW, "customer_id": "ignored"}),
        7,
        cloud("i", id=3),
    ]
    reasons = [
        *(None, "specversion_unknown", "timestamp_missing", "customer_unknown", None),
        *("malformed", "malformed", None, "malformed", "malformed"),
    ]
    became = await post(world, json.dumps(events).encode(), MANY)
    assert [one[3] for one in became] == reasons
    assert [one[1] for one in became] == [*"abcdefgh", "", ""]
    assert [one[0] for one in became] == [*["edge-01"] * 8, "", "edge-01"]
    assert await check_sums(world.app.database) == 3


async def test_a_cloud_event_in_headers_is_decoded(world: World) -> None:
    later(world)
    data = json.dumps(cloud("a")["data"]).encode()
    headers = {
        "Content-Type": "application/json",
        "ce-specversion": "1.0",
        "ce-source": "edge%2D01",
        "ce-id": "Euro%20%E2%82%AC",
        "ce-time": AT,
        "ce-subject": WIDGETS,
    }
    assert await post(world, data, headers) == [accepted("Euro €")]
    assert (await post(world, data, {**headers, "ce-id": "a%00b"}))[0][1:] == (
        "",
        "rejected",
        "nul_character",
    )
    assert await post(world, b"[", headers) == [("edge-01", "Euro €", "rejected", "malformed")]
    assert await check_sums(world.app.database) == 1


@pytest.mark.parametrize(
    "name", ["source", "id", "customer_id", "service_id", "product_id", "metric", "region"]
)
async def test_a_nul_is_refused_wherever_it_stands(world: World, name: str) -> None:
    later(world)
    body = encoded(event("a", **{name: "x\0y"}), event("b"))
    (_, _, *nul), second = await post(world, body, LINES)
    assert (nul, second) == (["rejected", "nul_character"], accepted("b"))


UNREADABLE: dict[str, tuple[bytes, dict[str, str], str]] = {
    "an object as a batch": (b'{"events": []}', MANY, "Expected array, got object"),
    "a list as one": (b"[]", ONE, "Expected object, got array"),
    "no JSON": (b"x", ONE, "Invalid JSON"),
    "half a batch": (b"[{", MANY, "Invalid JSON"),
    "a bottomless batch": (b"[" * 100_000, MANY, "Invalid JSON"),
}


@pytest.mark.changes_nothing
@pytest.mark.parametrize(
    ("content", "headers", "detail"), list(UNREADABLE.values()), ids=list(UNREADABLE)
)
async def test_what_holds_no_events_is_refused(
    world: World, content: bytes, headers: dict[str, str], detail: str
) -> None:
    answer = await world.ask(OPERATOR, "POST", PATH, content=content, headers=headers)
    assert (answer.status_code, answer.json()["detail"]) == (400, detail)


async def test_too_many_lines_are_refused(world: World) -> None:
    later(world)
    lines = encoded(*(event(str(n)) for n in range(1001)))
    answer = await world.ask(OPERATOR, "POST", PATH, content=lines, headers=LINES)
    assert answer.status_code == 400
    assert await check_sums(world.app.database) == 0


async def test_other_types_are_not_taken(world: World) -> None:
    for name in ("text/csv", "application/x-www-form-urlencoded", "application/vnd.api+json"):
        answer = await world.ask(
            OPERATOR, "POST", PATH, content=b"a=b", headers={"Content-Type": name}
        )
        assert (answer.status_code, answer.json()["detail"]) == (
            415,
            f"Content type '{name}' is not taken here",
        )


async def test_of_a_member_that_stands_twice_the_last_counts(world: World) -> None:
    later(world)
    whole = encoded(event("a", quantity="2"))
    assert await post(world, b'{"quantity": "1", ' + whole[1:], LINES) == [accepted("a")]
    assert await post(world, whole, LINES) == [accepted("a", "duplicate")]
