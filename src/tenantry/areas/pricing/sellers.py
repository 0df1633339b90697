"""Who sells: what the installation's settings said last, in every revision, as of any document.

An invoice keeps the one that held when it was posted.
"""

from functools import lru_cache, partial

import msgspec

from tenantry.areas.pricing import documents
from tenantry.areas.pricing.parties import Seller
from tenantry.core.context import system_call
from tenantry.core.database import Database
from tenantry.core.secrets import Keyring
from tenantry.core.session import Reads
from tenantry.core.unit import Unit


async def begin(database: Database, keyring: Keyring, seller: Seller) -> None:
    """Say who sells from now on; a seller without a name says nothing."""
    if seller.name and await current(database) != seller:
        await database.write(partial(_put, keyring, seller))


async def _put(keyring: Keyring, seller: Seller, unit: Unit) -> None:
    call = system_call(unit, keyring)
    await documents.lock(call)
    await documents.put(call, "seller", "", seller)


async def current(reads: Reads) -> Seller | None:
    """Who sells now; None if nobody said."""
    found = await documents.find(reads, "seller")
    return None if found is None else _seller(found.body)


@lru_cache(maxsize=4)
def _seller(body: str) -> Seller:
    return msgspec.json.decode(body, type=Seller)
