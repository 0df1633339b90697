"""An event's source and id are its own for ever: what is sent again counts once (billing R21)."""

from typing import Any

import pytest

from tenantry.core.clock import DAY, shown
from tests.areas.usage_calls import check_sums, event, later, send, void
from tests.world import OTHER, WWW, World

ACCEPTED = ("accepted", None)
DUPLICATE = ("duplicate", None)
CONFLICT = ("conflict", "payload_differs")


async def test_what_is_sent_again_counts_once(world: World) -> None:
    later(world)
    assert await send(world, event("a"), event("b")) == [ACCEPTED] * 2
    assert await send(world, event("a"), event("c"), event("b")) == [DUPLICATE, ACCEPTED, DUPLICATE]
    assert await check_sums(world.app.database) == 3


SAME: dict[str, dict[str, Any]] = {
    "zeros behind": {"quantity": "10.000000"},
    "zeros before": {"quantity": "0010"},
    "a number": {"quantity": 10},
    "a number with a fraction": {"quantity": 10.0},
    "another offset": {"timestamp": "2026-03-01T13:00:00.000+01:00"},
    "no service": {"service_id": None},
    "the empty service": {"service_id": ""},
    "members that nobody knows": {"colour": "blue"},
}


@pytest.mark.parametrize("more", list(SAME.values()), ids=list(SAME))
async def test_the_same_said_otherwise_is_a_duplicate(world: World, more: dict[str, Any]) -> None:
    later(world)
    assert await send(world, event("a"), event("a", **more)) == [ACCEPTED, DUPLICATE]
    assert await send(world, event("a", **more)) == [DUPLICATE]
    assert await check_sums(world.app.database) == 1


DIFFERENT: dict[str, dict[str, Any]] = {
    "quantity": {"quantity": "10.000001"},
    "instant": {"timestamp": "2026-03-01T12:00:00.000001Z"},
    "region": {"region": "europe"},
    "metric": {"metric": "bandwidth"},
    "service": {"service_id": WWW},
    "customer": {"customer_id": OTHER},
}


@pytest.mark.parametrize("more", list(DIFFERENT.values()), ids=list(DIFFERENT))
async def test_something_else_by_the_same_name_is_a_conflict(
    world: World, more: dict[str, Any]
) -> None:
    later(world)
    assert await send(world, event("a"), event("a", **more)) == [ACCEPTED, CONFLICT]
    assert await send(world, event("a", **more), event("a"), event("a", **more)) == [
        CONFLICT,
        DUPLICATE,
        CONFLICT,
    ]
    assert await check_sums(world.app.database) == 1


async def test_another_source_or_id_is_another_event(world: World) -> None:
    later(world)
    events = [event("a"), event("A"), event("a", source="edge-02"), event("a ")]
    assert await send(world, *events) == [ACCEPTED] * 4
    assert await check_sums(world.app.database) == 4


async def test_what_was_accepted_is_a_duplicate_for_ever(world: World) -> None:
    later(world)
    assert await send(world, event("a"), event("b"), event("c")) == [ACCEPTED] * 3
    await void(world, "b")
    world.clock.turn(500 * DAY)
    too_old = ("rejected", "timestamp_too_old")
    became = await send(
        world,
        event("a"),
        event("a", quantity="11"),
        event("b"),
        event("new"),
        event("a", timestamp=shown(world.clock.now)),
        event("c", product_id="teapot"),
        event("d", product_id="teapot"),
        event("c", customer_id="0Unknown00000000000000"),
        event("a", quantity="ten"),
        event("a", source="edge-02", timestamp="1066-10-14T09:00:00Z"),
    )
    assert became == [
        *(DUPLICATE, CONFLICT, DUPLICATE, too_old, CONFLICT, CONFLICT),
        *(
            ("rejected", "product_unknown"),
            CONFLICT,
            ("rejected", "quantity_not_a_number"),
            too_old,
        ),
    ]
    assert await send(world, event("new")) == [too_old]
    at = shown(world.clock.now)
    teapot, last = event("e", timestamp=at, product_id="teapot"), event("e", timestamp=at)
    unknown = ("rejected", "product_unknown")
    assert await send(world, teapot, last, teapot) == [unknown, ACCEPTED, CONFLICT]
    assert await send(world, teapot, last, teapot) == [CONFLICT, DUPLICATE, CONFLICT]
    assert await check_sums(world.app.database) == 4
