"""Where a usage event ended: on which invoices, in which lines, or why in none yet."""

from typing import Any
from urllib.parse import quote

import pytest

from tenantry.areas.invoices import tracing
from tenantry.areas.pricing.months import Month
from tenantry.core.clock import DAY, HOUR
from tenantry.core.errors import Problem
from tests.areas.invoice_calls import (
    MARCH,
    event,
    give_plan,
    got,
    invoiced_example,
    post,
    turn_to,
    use,
    use_example,
    void,
)
from tests.areas.rating_example import PLAN
from tests.areas.test_plans import Counted
from tests.world import ADA, BEN, BILL, EVE, WIDGETS, WWW, World

EVENTS = "/_tenantry/v1/usage-events"
APRIL = Month(202604)
LATE = ("cdn_usage", "bandwidth", "usa", "1000000000000")


async def trace(world: World, name: str, source: str = "edge-01") -> Any:
    """Where an event ended."""
    return await got(world, f"{EVENTS}/{source}/{name}", BILL)


def ended(traced: Any) -> tuple[str, list[tuple[str, str, list[int]]]]:
    """Its state, and of each ending the invoice's month, the effect, the lines."""
    endings = [(one["month"], one["effect"], one["lines"]) for one in traced["invoices"]]
    return traced["state"], endings


async def test_until_its_month_is_posted_it_is_on_no_invoice(world: World) -> None:
    await use_example(world)
    assert await trace(world, "usa-bandwidth") == {
        "source": "edge-01",
        "id": "usa-bandwidth",
        "customer_id": WIDGETS,
        "service_id": WWW,
        "product_id": "cdn_usage",
        "metric": "bandwidth",
        "region": "usa",
        "month": "2026-03",
        "quantity": "12345678901234",
        "timestamp": "2026-03-01T12:00:00Z",
        "received_at": "2026-03-02T10:00:00Z",
        "voided_at": None,
        "state": "not_invoiced_yet",
        "invoices": [],
    }
    await void(world, "usa-bandwidth")
    assert ended(await trace(world, "usa-bandwidth")) == ("voided", [])
    turn_to(world, "2026-04-04T00:00:00Z")
    await post(world)
    assert ended(await trace(world, "usa-bandwidth")) == ("voided", [])


async def test_it_is_in_every_line_that_counts_it(world: World) -> None:
    invoice_id = await invoiced_example(world)
    traced = await trace(world, "usa-bandwidth")
    assert traced["invoices"] == [
        {
            "invoice_id": invoice_id,
            "month": "2026-03",
            "posted_at": "2026-04-04T00:00:00Z",
            "effect": "counted",
            "lines": [1, 2],
        }
    ]
    assert ended(await trace(world, "images")) == ("invoiced", [("2026-03", "counted", [6, 7])])


@pytest.mark.parametrize("later", [HOUR, 0, -HOUR], ids=["later", "at once", "by a slow clock"])
async def test_what_came_late_ends_on_the_next_invoice(world: World, later: int) -> None:
    await invoiced_example(world)
    world.clock.now += later
    await use(world, event("late", LATE))
    await void(world, "usa-requests")
    assert ended(await trace(world, "late")) == ("awaiting_adjustment", [])
    waiting = ended(await trace(world, "usa-requests"))
    assert waiting == ("awaiting_adjustment", [("2026-03", "counted", [3])])
    world.clock.now = APRIL.end + 4 * DAY
    await post(world, APRIL)
    assert ended(await trace(world, "late")) == ("invoiced", [("2026-04", "added_later", [1])])
    gone = ended(await trace(world, "usa-requests"))
    assert gone == ("voided", [("2026-03", "counted", [3]), ("2026-04", "taken_back", [2])])


async def test_what_came_and_went_between_two_postings_is_on_none(world: World) -> None:
    await invoiced_example(world)
    world.clock.turn(HOUR)
    await use(world, event("late", LATE))
    world.clock.turn(HOUR)
    await void(world, "late")
    world.clock.now = APRIL.end + 4 * DAY
    await post(world, APRIL)
    assert ended(await trace(world, "late")) == ("voided", [])


async def test_what_changed_no_amount_names_no_line(world: World) -> None:
    await invoiced_example(world)
    world.clock.turn(HOUR)
    await use(world, event("tiny", ("cdn_usage", "requests", "europe", "1")))
    world.clock.now = APRIL.end + 4 * DAY
    await post(world, APRIL)
    assert ended(await trace(world, "tiny")) == ("invoiced", [("2026-04", "added_later", [])])


async def test_of_who_is_paid_for_it_is_on_no_invoice(world: World) -> None:
    await give_plan(world, {**PLAN, "parent_pay": True})
    world.clock.turn(DAY)
    await use(world, event("a", LATE))
    world.clock.now = MARCH.end + 4 * DAY
    await post(world)
    assert ended(await trace(world, "a")) == ("paid_by_parent", [])


ODD = [
    ("edge-01", "2026-03-01T23:00Z/usa/requests"),
    ("https://meters.example.com/edge/1", "urn:event:1"),
    ("a/b", "c/d"),
    ("a", "b//c"),
    ("ü 1", "100 % + ?x=1#y"),
    ("a:b", "..;c"),
    ("a/" * 32, "/b" * 64),
]
"""The last pair is as long as any can be."""


@pytest.mark.parametrize(("source", "name"), ODD, ids=[name for _, name in ODD])
@pytest.mark.parametrize("safe", ["", "/"])
async def test_ids_may_hold_anything(world: World, source: str, name: str, safe: str) -> None:
    """Percent-encoded as a whole, or but for their slashes."""
    await give_plan(world)
    world.clock.turn(DAY)
    await use(world, event(name, LATE, source=source))
    path = f"{EVENTS}/{quote(source, safe)}/{quote(name, safe)}"
    traced = await got(world, path)
    assert (traced["source"], traced["id"]) == (source, name)


async def test_others_do_not_see_it(world: World) -> None:
    await use_example(world)
    path = f"{EVENTS}/edge-01/images"
    assert (await world.ask(BEN, "GET", path)).status_code == 403
    foreign = await world.ask(EVE, "GET", path)
    unknown = await world.ask(EVE, "GET", f"{EVENTS}/edge-01/imagez")
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert foreign.text == unknown.text.replace("imagez", "images")


async def test_no_more_is_looked_for_than_can_be_an_event(world: World) -> None:
    many = await world.ask(ADA, "GET", f"{EVENTS}{'/x' * 4000}")
    assert many.status_code == 404
    for length, most in ((4000, 0), (96, 33)):
        reads = Counted(world.app.database)
        with pytest.raises(Problem, match="Cannot find usage event"):
            await tracing.trace(reads, WIDGETS, "x", "/".join("x" * length))
        assert reads.count <= most
