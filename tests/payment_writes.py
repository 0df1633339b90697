"""An example of what an operator's till writes."""

from sqlalchemy import insert

from tenantry.core.billing_tables import invoices
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tests.world import NOW, OPERATOR, WIDGETS, World
from tests.write import Write

INVOICE_ID = 1_000_001
_ADD = Statement(insert(invoices))


async def _invoice(world: World) -> dict[str, str]:
    """An invoice, as a posting leaves it."""
    row = {
        "customer_id": WIDGETS,
        "id": INVOICE_ID,
        "month": 202602,
        "posted_at": NOW,
        "currency": "USD",
        "total": "2056.75",
        "document": "{}",
    }

    async def work(unit: Unit) -> None:
        await unit.run(_ADD, **row)

    await world.app.database.write(work)
    return {"invoice_id": str(INVOICE_ID)}


async def fail_to_pay(world: World) -> None:
    """A payment that did not come through."""
    await _invoice(world)
    path = f"/_operator/v1/invoices/{INVOICE_ID}/payments"
    answer = await world.ask(OPERATOR, "POST", path, json={"status": "Outstanding"})
    assert answer.status_code == 200, answer.text


PAYMENTS: dict[str, Write] = {
    "POST /_operator/v1/invoices/{invoice_id}/payments": Write(
        ["invoice.payment"],
        body={"status": "Paid", "reference": "till-1"},
        before=_invoice,
        who=OPERATOR,
    ),
}
