"""What the people of a customer hear of a new invoice."""

import msgspec

from tenantry.core.context import Writing


class NewInvoice(msgspec.Struct, frozen=True):
    """An invoice that is being posted, as who announces it needs it."""

    id: int
    month: str
    """The one that it bills: "2024-05"."""
    currency: str
    total: str


async def announce(call: Writing, invoice: NewInvoice) -> None:
    """Tell the customer of it, in the unit that posts it.

    Nobody is told by mail yet: invoices are read where they are listed.
    """
