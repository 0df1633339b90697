"""An operator posts a month himself, by call or by command (contract: billing §9 O5)."""

import pytest

from tenantry.areas.operator import postings_api
from tests.areas.posting_calls import (
    APRIL,
    FIRST,
    MARCH,
    close,
    give_plan,
    invoices,
    operate,
    turn_to,
)
from tests.stored import changed, stored
from tests.world import EVE, OPERATOR, OTHER, WIDGETS, World

AT_ONCE = "2026-04-01T00:00:00Z"


async def test_a_month_is_posted_as_soon_as_it_is_over(world: World) -> None:
    for customer_id in (WIDGETS, OTHER):
        await give_plan(world, customer_id)
    turn_to(world, AT_ONCE)
    assert (await close(world)).months == 0
    told = await operate(world, "POST", f"/periods/{MARCH.text}/post")
    assert told == [str(FIRST), str(FIRST + 1)]
    assert await operate(world, "POST", f"/periods/{MARCH.text}/post") == told


async def test_one_customers_month_is_posted_alone(world: World) -> None:
    for customer_id in (WIDGETS, OTHER):
        await give_plan(world, customer_id)
    turn_to(world, AT_ONCE)
    for _ in range(2):
        told = await operate(world, "POST", f"/periods/{MARCH.text}/post", {"customer_id": OTHER})
        assert told == [str(FIRST)]
    assert [one["invoice_id"] for one in await invoices(world, EVE)] == [str(FIRST)]
    assert await invoices(world) == []


REFUSED = {
    "running": ("2026-04", None, 409),
    "to come": ("2026-05", None, 409),
    "no month": ("2026-13", None, 400),
    "another way to write it": ("202603", None, 400),
    "nobody": ("2026-03", {"customer_id": "0Unknown00000000000000"}, 404),
    "nobody, running": ("2026-04", {"customer_id": "0Unknown00000000000000"}, 404),
    "no text": ("2026-03", {"customer_id": 7}, 400),
}


@pytest.mark.parametrize("what", list(REFUSED))
async def test_what_cannot_be_posted_is_refused(world: World, what: str) -> None:
    month, body, status = REFUSED[what]
    await give_plan(world)
    turn_to(world, AT_ONCE)
    before = await stored(world)
    path = f"/_operator/v1/periods/{month}/post"
    answer = await world.ask(OPERATOR, "POST", path, json=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["detail"]
    assert changed(before, await stored(world)) == set()


async def test_an_open_month_is_refused_to_the_last_instant(world: World) -> None:
    await give_plan(world)
    turn_to(world, "2026-03-31T23:59:59Z")
    path = f"/_operator/v1/periods/{MARCH.text}/post"
    assert (await world.ask(OPERATOR, "POST", path)).status_code == 409
    world.clock.turn(1_000_000)
    assert (await world.ask(OPERATOR, "POST", path)).status_code == 200


async def test_only_operators_post(world: World) -> None:
    turn_to(world, AT_ONCE)
    path = f"/_operator/v1/periods/{MARCH.text}/post"
    assert (await world.ask(EVE, "POST", path)).status_code == 403
    assert (await world.ask(None, "POST", path)).status_code == 401


async def test_a_rehearsal_posts_nothing(world: World) -> None:
    await give_plan(world)
    turn_to(world, AT_ONCE)
    before = await stored(world)
    path = f"/_operator/v1/periods/{MARCH.text}/post?dry_run=true"
    answer = await world.ask(OPERATOR, "POST", path, json={"customer_id": WIDGETS})
    assert answer.json().get("dry_run") is True, answer.text
    assert changed(before, await stored(world)) == set()


async def test_one_call_posts_no_more_than_it_may(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postings_api, "MOST", 1)
    for customer_id in (WIDGETS, OTHER):
        await give_plan(world, customer_id)
    turn_to(world, AT_ONCE)
    path = f"/_operator/v1/periods/{MARCH.text}/post"
    first, second = [await world.ask(OPERATOR, "POST", path) for _ in range(2)]
    assert (first.status_code, first.json()) == (202, [str(FIRST)])
    assert (second.status_code, second.json()) == (200, [str(FIRST), str(FIRST + 1)])


async def test_the_command_posts_a_month_that_is_named(world: World) -> None:
    await give_plan(world)
    turn_to(world, "2026-05-01T00:00:00Z")
    assert str(await close(world, month=APRIL)) == "posted 1 invoice"
    assert str(await close(world, customer_id=WIDGETS)) == "posted 1 invoice"
    assert [one["billing_start_date"][:7] for one in await invoices(world)] == [
        "2026-04",
        "2026-03",
    ]
