"""The same on the command line: by who has the database, in one customer or wherever he was."""

from tenantry.areas.audit import erasure
from tenantry.areas.audit.whereabouts import customers_of
from tenantry.core.context import system_call
from tenantry.core.database import Database
from tenantry.core.errors import not_found
from tenantry.core.secrets import Keyring
from tenantry.core.unit import Unit


async def erase_everywhere(
    database: Database,
    keyring: Keyring,
    customer_id: str | None,
    *,
    user_id: str | None = None,
    login: str | None = None,
) -> list[erasure.Erased]:
    """Erase a person from one customer's log, or from all that he was in. Raises Problem 400, 404.

    Refused in one customer, because he still lives there, he is erased from none.
    """
    customers = await customers_of(database, user_id, login)
    if customer_id is not None and customer_id not in customers:
        raise not_found("user", user_id or login or "")
    wanted = [one for one in customers if customer_id in {None, one}]
    found = [await erasure.look(database, one, user_id, login) for one in wanted]
    return [await _erase(database, keyring, one) for one in found]


async def _erase(database: Database, keyring: Keyring, found: erasure.Found) -> erasure.Erased:
    async def work(unit: Unit) -> erasure.Erased:
        return await erasure.erase(system_call(unit, keyring, found.customer_id), found)

    return await database.write(work, customer_id=found.customer_id)
