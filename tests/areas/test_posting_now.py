"""An operator posts a month himself, by call or by command (contract: billing §9 O5)."""

import pytest
from sqlalchemy import insert

from tenantry.areas.customers import model as customers
from tenantry.areas.invoices import closing
from tenantry.core.billing_tables import invoice_lines
from tenantry.core.context import system_call
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
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
from tests.told import events_since
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
    "empty": ("2026-03", {"customer_id": ""}, 400),
    "misspelt": ("2026-03", {"customer": WIDGETS}, 400),
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


async def test_one_call_posts_everybody_some_in_each_commit(world: World) -> None:
    names = [f"4More{number:03d}".ljust(22, "0") for number in range(closing.TOGETHER - 1)]
    for customer_id in names:

        async def found(unit: Unit, customer_id: str = customer_id) -> None:
            call = system_call(unit, world.app.keyring, customer_id)
            await customers.found(call, customers.CustomerRow(customer_id, customer_id, None))

        await world.app.database.write(found, customer_id=customer_id)
    for customer_id in (*names, WIDGETS, OTHER):
        await give_plan(world, customer_id)
    turn_to(world, AT_ONCE)
    posted = await operate(world, "POST", f"/periods/{MARCH.text}/post")
    assert posted == [str(FIRST + number) for number in range(closing.TOGETHER + 1)]


async def test_who_cannot_be_posted_keeps_nobody_else_from_it(world: World) -> None:
    """A line that stands in the way stops Eve's."""
    for customer_id in (WIDGETS, OTHER):
        await give_plan(world, customer_id)
    line = {"invoice_id": FIRST + 1, "number": 1, "month": MARCH.number, "body": "{}"}

    async def work(unit: Unit) -> None:
        await unit.run(Statement(insert(invoice_lines)), customer_id=OTHER, **line)

    await world.app.database.write(work)
    turn_to(world, AT_ONCE)
    path = f"/_operator/v1/periods/{MARCH.text}/post"
    answer = await world.ask(OPERATOR, "POST", path)
    assert (answer.status_code, answer.json()["msg"]) == (500, "Not everything was posted")
    assert OTHER in answer.json()["detail"]
    assert [one["invoice_id"] for one in await invoices(world)] == [str(FIRST)]


async def test_the_log_says_which_operator_posted(world: World) -> None:
    await give_plan(world)
    turn_to(world, AT_ONCE)
    since = len(await world.events())
    await operate(world, "POST", f"/periods/{MARCH.text}/post")
    (event,) = await events_since(world, since)
    assert (event["metadata"]["action"], event["admin"]) == ("invoice.post", True)
    assert event["ip"] == "192.0.2.10"


async def test_the_command_posts_a_month_that_is_named(world: World) -> None:
    await give_plan(world)
    turn_to(world, "2026-05-01T00:00:00Z")
    assert str(await close(world, month=APRIL)) == "posted 1 invoice"
    assert str(await close(world, customer_id=WIDGETS)) == "posted 1 invoice"
    assert [one["billing_start_date"][:7] for one in await invoices(world)] == [
        "2026-04",
        "2026-03",
    ]
