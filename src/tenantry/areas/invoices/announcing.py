"""What the people of a customer hear of a new invoice: a mail, with the invoice in it.

The letter is of the posting's own commit. It names the invoice, whose PDF is made when the mail is
sent: what was stored never changes.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tenantry.areas.invoices import model, paper
from tenantry.areas.invoices.billing_contacts import addresses_of
from tenantry.areas.invoices.drafting import Draft
from tenantry.areas.invoices.pdf import pdf
from tenantry.core import jobs
from tenantry.core.clock import Instant
from tenantry.core.context import Writing
from tenantry.core.mail import Attachment
from tenantry.core.outbox import post


async def announce(call: Writing, invoices: Mapping[int, Draft], at: Instant) -> None:
    """Tell the customers of these invoices, by their numbers, in the unit that posts them."""
    told = await addresses_of(call.rows, [draft.customer_id for draft in invoices.values()])
    for number, draft in invoices.items():
        mine = replace(call, customer_id=draft.customer_id)
        facts = _facts(draft, number, at)
        of = {"customer_id": draft.customer_id, "invoice_id": str(number)}
        for address in told.get(draft.customer_id, []):
            post(mine, "invoice", template="invoice", to=address, facts=facts, **of)


def _facts(draft: Draft, number: int, at: Instant) -> dict[str, str]:
    terms = draft.terms
    return {
        "customer_name": draft.customer_id if terms.customer is None else terms.customer.name,
        "due": paper.long(paper.due(at)) if draft.total > 0 else "",
        "month": paper.month_name(draft.month),
        "number": paper.statement_number(draft.month.number, number),
        "title": paper.title(draft.total),
        "seller_name": jobs.PRODUCT if terms.seller is None else terms.seller.name,
        "total": paper.money(draft.total, draft.currency),
    }


async def deliver(worker: jobs.Worker, payload: Any) -> None:
    """Send the mail, with the invoice as it stands in the database."""
    database = worker._database  # noqa: SLF001 - a delivery is the worker's own doing
    row = await model.find(database, payload["customer_id"], payload["invoice_id"])
    assert row is not None  # noqa: S101 - letter and invoice are of one commit
    name = f"{paper.named(row)}.pdf"
    await worker.deliver_mail(payload, (Attachment(name, await pdf(database, row)),))


jobs.DELIVERIES["invoice"] = deliver
