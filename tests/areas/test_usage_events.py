"""Usage is taken in once, exactly, and voided once (contract: billing R21 to R24, §9)."""

from typing import Any

import pytest

from tenantry.areas.operator.founding import found_customer
from tenantry.areas.usage.event import REASONS
from tenantry.areas.usage.sums import month_usage
from tenantry.core.clock import DAY, shown
from tests.areas.usage_calls import PATH, check_sums, event, later, send, void
from tests.world import ADA, OPERATOR, OTHER, WIDGETS, WWW, World

ACCEPTED = ("accepted", None)
DUPLICATE = ("duplicate", None)
CONFLICT = ("conflict", "payload_differs")


async def test_events_are_accepted_and_summed(world: World) -> None:
    later(world)
    became = await send(
        world,
        event("a", quantity="123456789"),
        event("b", quantity="0.000001", service_id=WWW),
        event("c", quantity=2.5, metric="bandwidth", region="europe"),
        event("d", product_id="compute_usage", region=None, quantity=7),
        event("e", customer_id=OTHER, quantity="999999999999999999.999999"),
    )
    assert became == [ACCEPTED] * 5
    assert await month_usage(world.app.database, WIDGETS, 202603) == {
        ("cdn_usage", "requests", "usa"): 123456789_000001,
        ("cdn_usage", "bandwidth", "europe"): 2_500000,
        ("compute_usage", "requests", ""): 7_000000,
    }
    assert await month_usage(world.app.database, OTHER, 202603) == {
        ("cdn_usage", "requests", "usa"): 999999999999999999_999999
    }
    assert await check_sums(world.app.database) == 5


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "unknown customer": ({"customer_id": "0Unknown00000000000000"}, "customer_unknown"),
    "no customer": ({"customer_id": ""}, "customer_unknown"),
    "unknown product": ({"product_id": "teapot"}, "product_unknown"),
    "unknown metric": ({"metric": "teapots"}, "metric_unknown"),
    "unknown service": ({"service_id": "0Unknown00000000000000"}, "service_unknown"),
    "another's service": ({"customer_id": OTHER, "service_id": WWW}, "service_unknown"),
    "no region": ({"region": None}, "region_missing"),
    "unknown region": ({"region": "atlantis"}, "region_unknown"),
    "region of a metric without": ({"product_id": "ngwaf"}, "region_not_allowed"),
    "no quantity": ({"quantity": None}, "quantity_not_a_number"),
    "NaN": ({"quantity": "NaN"}, "quantity_not_a_number"),
    "infinite": ({"quantity": "Infinity"}, "quantity_not_a_number"),
    "a word": ({"quantity": "ten"}, "quantity_not_a_number"),
    "nothing": ({"quantity": ""}, "quantity_not_a_number"),
    "a list": ({"quantity": [1]}, "quantity_not_a_number"),
    "a plus": ({"quantity": "+10"}, "quantity_not_a_number"),
    "a comma": ({"quantity": "1,000"}, "quantity_not_a_number"),
    "other digits": ({"quantity": "\u0661\u0660"}, "quantity_not_a_number"),
    "exponent": ({"quantity": "1e3"}, "quantity_has_exponent"),
    "a number with an exponent": ({"quantity": 1e30}, "quantity_has_exponent"),
    "19 digits": ({"quantity": "1" + "0" * 18}, "quantity_too_long"),
    "7 decimals": ({"quantity": "0.0000001"}, "quantity_too_long"),
    "negative": ({"quantity": "-1"}, "quantity_negative"),
    "a negative number": ({"quantity": -1}, "quantity_negative"),
    "future": ({"timestamp": "2026-03-02T10:05:00.000001Z"}, "timestamp_in_future"),
    "before the customer": ({"timestamp": "2026-03-01T09:59:59.999999Z"}, "timestamp_too_old"),
    "ancient": ({"timestamp": "1969-12-31T23:59:59Z"}, "timestamp_too_old"),
    "no offset": ({"timestamp": "2026-03-01T12:00:00"}, "timestamp_invalid"),
    "no time": ({"timestamp": "2026-03-01"}, "timestamp_invalid"),
    "no such day": ({"timestamp": "2026-02-30T12:00:00Z"}, "timestamp_invalid"),
    "before the first year": ({"timestamp": "0001-01-01T00:00:00+23:00"}, "timestamp_invalid"),
    "after the last year": ({"timestamp": "9999-12-31T23:59:59-23:00"}, "timestamp_invalid"),
    "nothing at all": ({"timestamp": ""}, "timestamp_missing"),
    "no source": ({"source": ""}, "source_missing"),
    "no id": ({"id": ""}, "id_missing"),
    "too long source": ({"source": "s" * 65}, "source_too_long"),
    "too long id": ({"id": "i" * 129}, "id_too_long"),
    "a number for a text": ({"region": 5}, "malformed"),
}


@pytest.mark.parametrize(("more", "reason"), list(WRONG.values()), ids=list(WRONG))
async def test_what_is_wrong_has_a_word_and_spoils_nothing_else(
    world: World, more: dict[str, Any], reason: str
) -> None:
    later(world)
    assert reason in REASONS
    became = await send(world, event("a"), event("b", **more), event("c"))
    assert became == [ACCEPTED, ("rejected", reason), ACCEPTED]
    assert await check_sums(world.app.database) == 2


async def test_a_rejected_event_takes_no_identity(world: World) -> None:
    later(world)
    assert await send(world, event("a", region="atlantis"), event("a")) == [
        ("rejected", "region_unknown"),
        ACCEPTED,
    ]


async def test_the_limits_themselves_are_within(world: World) -> None:
    later(world)
    became = await send(
        world,
        event("i" * 128, source="s" * 64),
        event("€" * 128, source="€" * 64),
        event("first", timestamp="2026-03-01T10:00:00Z"),
        event("last", timestamp="2026-03-02T10:05:00Z"),
        event("most", quantity="999999999999999999.999999"),
        event("least", quantity="0.000000"),
    )
    assert became == [ACCEPTED] * 6
    assert await check_sums(world.app.database) == 6


async def test_the_second_that_is_shown_as_a_customers_first_is_his(world: World) -> None:
    """He is never told that he came in the midst of it."""
    world.clock.turn(700_000)
    founded = await found_customer(
        world.app.database, world.app.keyring, name="New", login="new@example.com", password="x"
    )
    since = shown(world.clock.now)
    assert since == "2026-03-01T10:00:00Z"
    became = await send(
        world,
        event("a", customer_id=founded.customer_id, timestamp=since),
        event("b", customer_id=founded.customer_id, timestamp="2026-03-01T09:59:59.999999Z"),
    )
    assert became == [ACCEPTED, ("rejected", "timestamp_too_old")]


async def test_what_happened_over_13_months_ago_is_too_old(world: World) -> None:
    world.clock.turn(426 * DAY)  # 2027-05-01T10:00:00Z
    assert shown(world.clock.now) == "2027-05-01T10:00:00Z"
    became = await send(
        world,
        event("a", timestamp="2026-04-01T10:00:00Z"),
        event("b", timestamp="2026-04-01T09:59:59.999999Z"),
    )
    assert became == [ACCEPTED, ("rejected", "timestamp_too_old")]


async def test_months_are_utc(world: World) -> None:
    world.clock.turn(40 * DAY)
    became = await send(
        world,
        event("a", timestamp="2026-03-31T23:59:59.999999Z"),
        event("b", timestamp="2026-04-01T00:00:00Z"),
        event("c", timestamp="2026-04-01T01:00:00+02:00"),
    )
    assert became == [ACCEPTED] * 3
    key = ("cdn_usage", "requests", "usa")
    assert await month_usage(world.app.database, WIDGETS, 202603) == {key: 20_000000}
    assert await month_usage(world.app.database, WIDGETS, 202604) == {key: 10_000000}
    assert await check_sums(world.app.database) == 3


async def test_usage_of_a_closed_customer_counts_until_then(world: World) -> None:
    later(world)
    for service in (await world.ask(ADA, "GET", "/service")).json():
        await world.ask(ADA, "DELETE", f"/service/{service['id']}")
    assert (await world.ask(ADA, "DELETE", f"/customer/{WIDGETS}")).status_code == 200
    became = await send(
        world,
        event("a", service_id=WWW),
        event("b", timestamp="2026-03-02T10:00:00Z"),
        event("c", timestamp="2026-03-02T10:01:00Z"),
    )
    assert became == [ACCEPTED, *[("rejected", "customer_closed")] * 2]


async def test_an_event_is_voided_once(world: World) -> None:
    later(world)
    await send(world, event("a", quantity="0.3"), event("b", quantity="5", service_id=WWW))
    since = len(await world.events())
    assert await void(world, "b") == (200, "accepted")
    assert await void(world, "b") == (200, "duplicate")
    assert await world.actions(since) == ["usage.void"]
    assert await month_usage(world.app.database, WIDGETS, 202603) == {
        ("cdn_usage", "requests", "usa"): 300000
    }
    assert await check_sums(world.app.database) == 2
    assert await send(world, event("b", quantity="5", service_id=WWW)) == [DUPLICATE]
    assert await send(world, event("b", quantity="6", service_id=WWW)) == [CONFLICT]
    assert await check_sums(world.app.database) == 2


async def test_what_is_not_there_is_not_voided(world: World) -> None:
    later(world)
    await send(world, event("a"))
    for event_id, source in (("b", "edge-01"), ("a", "edge-02"), ("", ""), ("€", "x" * 500)):
        status, detail = await void(world, event_id, source)
        assert (status, detail) == (404, f"Cannot find usage event '{source}/{event_id}'")


async def test_a_thousand_events_of_the_longest_kind_fit(world: World) -> None:
    later(world)
    events = [
        event(f"{n:0128}", source="s" * 64, service_id=WWW, quantity="999999999999.999999")
        for n in range(1000)
    ]
    assert await send(world, *events) == [ACCEPTED] * 1000
    assert await check_sums(world.app.database) == 1000


ENVELOPES: dict[str, tuple[Any, str]] = {
    "no events": ({}, "Object missing required field events"),
    "one event": (event("a"), "Object missing required field events"),
    "events as an object": ({"events": {}}, "Expected array, got object - at $.events"),
    "null": ({"events": None}, "Expected array, got null - at $.events"),
    "a list": ([event("a")], "Expected object, got array"),
    "1001 events": (
        {"events": [event("a")] * 1001},
        "At most 1000 events are taken at once, and these are 1001",
    ),
}


@pytest.mark.changes_nothing
@pytest.mark.parametrize(("body", "detail"), list(ENVELOPES.values()), ids=list(ENVELOPES))
async def test_what_is_no_envelope_is_refused(world: World, body: Any, detail: str) -> None:
    answer = await world.ask(OPERATOR, "POST", PATH, json=body)
    assert (answer.status_code, answer.json()) == (400, {"msg": "Bad request", "detail": detail})
    assert await check_sums(world.app.database) == 0


async def test_nothing_is_nothing(world: World) -> None:
    assert await send(world) == []


async def test_only_operators_send_usage(world: World) -> None:
    later(world)
    for path in (PATH, f"{PATH}/void"):
        assert (await world.ask(ADA, "POST", path, json={})).status_code == 403
        assert (await world.ask(None, "POST", path, json={})).status_code == 401
