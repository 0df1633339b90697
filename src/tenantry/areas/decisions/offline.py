"""The same questions on the command line: by who has the database, about one customer in it."""

from tenantry.areas.decisions import asking
from tenantry.areas.decisions.shapes import Explanation
from tenantry.core import chain
from tenantry.core.context import Reading
from tenantry.core.database import Database
from tenantry.core.errors import bad_request, not_found
from tenantry.core.secrets import Keyring


async def answer(
    database: Database, keyring: Keyring, customer_id: str | None, asked: asking.Asked
) -> Explanation:
    """Answer a question; a customer need not be named where there is but one.

    Raises Problem 400, 404.
    """
    known = await chain.customers(database, customer_id)
    if customer_id is not None and not known:
        raise not_found("customer", customer_id)
    if len(known) != 1:
        detail = f"The database has {len(known)} customers: name one with --customer"
        raise bad_request(detail)
    call = Reading(rows=database, keyring=keyring, now=database.clock(), customer_id=known[0])
    return await asking.answer(call, asked)
