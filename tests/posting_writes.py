"""An example of posting, and what else it may leave in a log."""

from tenantry.areas.invoices.closing import Wanted, close_months
from tests.areas.account_calls import edit_customer
from tests.pricing_writes import PLAN
from tests.world import DAY, NOW, OPERATOR, WIDGETS, World
from tests.write import Write

_PLAN = f"/_operator/v1/customers/{WIDGETS}/plan"


async def _customer_of_february(world: World) -> None:
    """Nobody in the world was there before this month began."""
    await edit_customer(world, created_at=NOW - 20 * DAY)
    await world.ask(OPERATOR, "PUT", "/_operator/v1/plans/growth", json=PLAN)
    await world.ask(OPERATOR, "PUT", _PLAN, json={"plan_code": "growth"})


async def close_without_invoice(world: World) -> None:
    """A month in which nothing was used, of a plan that asks for nothing."""
    await world.ask(OPERATOR, "PUT", "/_operator/v1/plans/free", json={"name": "Free"})
    await world.ask(OPERATOR, "PUT", _PLAN, json={"plan_code": "free"})
    world.clock.turn(40 * DAY)
    closed = await close_months(world.app.database, world.app.keyring, Wanted())
    assert (closed.months, closed.invoices) == (1, 0)


POSTINGS = {
    "POST /_operator/v1/periods/{period}/post": Write(
        ["invoice.post"],
        path={"period": "2026-02"},
        body={"customer_id": WIDGETS},
        before=_customer_of_february,
        who=OPERATOR,
    )
}
