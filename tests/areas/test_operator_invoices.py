"""An operator opens any invoice by its number, which is all that a posting answers."""

import pytest

from tests.areas.invoice_calls import INVOICES, invoiced_example
from tests.world import ADA, OPERATOR, World

PATH = "/_operator/v1/invoices"


async def test_an_operator_reads_what_its_customer_reads(world: World) -> None:
    invoice_id = await invoiced_example(world)
    for theirs, ours in (
        (f"{INVOICES}/{invoice_id}", f"{PATH}/{invoice_id}"),
        (f"/_tenantry/v1/invoices/{invoice_id}/pdf", f"{PATH}/{invoice_id}/pdf"),
    ):
        shown, read = await world.ask(ADA, "GET", theirs), await world.ask(OPERATOR, "GET", ours)
        assert (shown.status_code, read.status_code) == (200, 200), read.text
        assert read.content == shown.content
        for header in ("content-type", "content-disposition"):
            assert read.headers.get(header) == shown.headers.get(header)


@pytest.mark.changes_nothing
async def test_what_is_no_invoice_is_not_found(world: World) -> None:
    for name in ("1000001", "2147483648", "0", "01", "x"):
        for path in (f"{PATH}/{name}", f"{PATH}/{name}/pdf"):
            answer = await world.ask(OPERATOR, "GET", path)
            told = {"msg": "Record not found", "detail": f"Cannot find invoice '{name}'"}
            assert (answer.status_code, answer.json()) == (404, told)
