"""What the commands of billing do."""

from tenantry.areas.invoices import closing, numbers
from tenantry.areas.pricing import sellers
from tenantry.areas.pricing.months import Month
from tenantry.areas.pricing.parties import Seller
from tenantry.opening import opened
from tenantry.progress import bar
from tenantry.settings import Settings


async def post_invoices(settings: Settings, month: Month | None, customer_id: str | None) -> str:
    """Post what is due, or a month that is over; what was done, as a line.

    Raises Problem 404, 409, closing.NotPosted.
    """
    wanted = closing.Wanted(settings.posting_grace_hours, month, customer_id)
    async with opened(settings) as (database, keyring):
        await numbers.begin(database, settings.first_invoice)
        await sellers.begin(database, keyring, Seller(*settings.seller))
        with bar("Posting") as progress:
            return str(await closing.close_months(database, keyring, wanted, progress))
