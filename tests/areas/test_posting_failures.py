"""What cannot be posted harms nobody else, and leaves no gap between the numbers."""

from typing import Any

import msgspec
import pytest
from sqlalchemy import insert, select, update

from tenantry.areas.invoices import numbers
from tenantry.areas.invoices.closing import NotPosted
from tenantry.core.billing_tables import coupons, invoice_lines, invoice_numbers
from tenantry.core.billing_tables import invoices as invoice_table
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tests.areas.posting_calls import (
    COUPON,
    FIRST,
    MARCH,
    close,
    give_plan,
    invoice,
    invoices,
    operate,
    turn_to,
)
from tests.world import EVE, OTHER, WIDGETS, World

_POSTED = Statement(
    select(invoice_table.c.id, invoice_table.c.customer_id, invoice_table.c.month).order_by(
        invoice_table.c.id
    )
)
_NEXT = Statement(select(invoice_numbers.c.next), int)


async def _run(world: World, statement: Any, **values: Any) -> None:
    composed: Statement[Any] = Statement(statement)

    async def work(unit: Unit) -> None:
        await unit.run(composed, **values)

    await world.app.database.write(work)


async def _both_have_a_plan(world: World) -> None:
    for customer_id in (WIDGETS, OTHER):
        await give_plan(world, customer_id)


async def test_a_posting_that_fails_gives_its_number_back(world: World) -> None:
    """A line that stands in the way stops Eve's, when its number has been taken already."""
    await _both_have_a_plan(world)
    line = {"invoice_id": FIRST + 1, "number": 1, "month": MARCH.number, "body": "{}"}
    await _run(world, insert(invoice_lines), customer_id=OTHER, **line)
    turn_to(world, "2026-04-04T00:00:00Z")
    with pytest.raises(
        NotPosted, match=f"1 customers could not be posted, first {OTHER} in 2026-03"
    ):
        await close(world)
    assert await world.app.database.all(_POSTED) == [(FIRST, WIDGETS, 202603)]
    assert await world.app.database.all(_NEXT) == [FIRST + 1]
    turn_to(world, "2026-05-04T00:00:00Z")
    with pytest.raises(NotPosted):
        await close(world)
    # His April does not overtake his March.
    assert (await world.app.database.all(_POSTED))[1:] == [(FIRST + 1, WIDGETS, 202604)]
    assert (await close(world)).invoices == 2
    assert (await world.app.database.all(_POSTED))[2:] == [
        (FIRST + 2, OTHER, 202603),
        (FIRST + 3, OTHER, 202604),
    ]
    assert await world.app.database.all(_NEXT) == [FIRST + 4]


async def test_one_customers_broken_coupon_stops_only_him(world: World) -> None:
    await _both_have_a_plan(world)
    await operate(world, "POST", f"/customers/{WIDGETS}/coupons", COUPON)
    await _run(world, update(coupons).values(value="a lot"))
    turn_to(world, "2026-04-04T00:00:00Z")
    with pytest.raises(NotPosted, match=WIDGETS):
        await close(world)
    assert [one["invoice_id"] for one in await invoices(world, EVE)] == [str(FIRST)]
    assert await invoices(world) == []
    await _run(world, update(coupons).values(value="100"))
    assert (await close(world)).invoices == 1
    assert '"credit_coupon_code":"WELCOME100"' in await invoice(world, FIRST + 1)


async def test_the_first_number_is_as_it_was_set_until_it_is_used(world: World) -> None:
    await _both_have_a_plan(world)
    turn_to(world, "2026-04-04T00:00:00Z")
    for first in (7, 42):
        await numbers.begin(world.app.database, first)
    assert (await close(world, customer_id=WIDGETS)).invoices == 1
    await numbers.begin(world.app.database, 7)
    await close(world)
    assert [row[:2] for row in await world.app.database.all(_POSTED)] == [
        (42, WIDGETS),
        (43, OTHER),
    ]


async def test_no_number_is_larger_than_clients_can_read(world: World) -> None:
    await _both_have_a_plan(world)
    await numbers.begin(world.app.database, numbers.LARGEST)
    turn_to(world, "2026-04-04T00:00:00Z")
    with pytest.raises(numbers.NoneLeft):
        await close(world)
    assert (await close(world, customer_id=OTHER)).invoices == 1
    assert [one["invoice_id"] for one in await invoices(world, EVE)] == ["2147483647"]
    with pytest.raises(numbers.NoneLeft):
        await close(world)
    assert len(await world.app.database.all(_POSTED)) == 1


async def test_the_worker_posts_what_is_due_once_an_hour(world: World) -> None:
    await give_plan(world)
    worker = world.app.worker()
    turn_to(world, "2026-04-03T23:59:59Z")
    for moment, posted in (
        ("2026-04-03T23:59:59Z", 0),
        ("2026-04-04T00:00:00Z", 1),
        ("2026-05-04T00:00:00Z", 2),
    ):
        turn_to(world, moment)
        for chore in worker.chores:
            await chore.do(world.clock())
        assert len(await invoices(world)) == posted


async def test_the_grace_is_as_it_was_set(world: World) -> None:
    await give_plan(world)
    world.app.settings = msgspec.structs.replace(world.app.settings, posting_grace_hours=0)
    turn_to(world, "2026-04-01T00:00:00Z")
    for chore in world.app.worker().chores:
        await chore.do(world.clock())
    assert len(await invoices(world)) == 1
