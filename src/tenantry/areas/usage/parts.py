"""The parts, one a month, in which PostgreSQL keeps the ledger: old ones can be moved away whole.

They are made before the transaction that needs them, each in a short one of its own; SQLite keeps
one table.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import BigInteger, bindparam, false, func, select
from sqlalchemy.dialects import postgresql

from tenantry.areas.pricing.months import Month
from tenantry.core.database import Database
from tenantry.core.session import Reads
from tenantry.core.statements import Statement


def _composed(insert_: Any) -> Any:
    if insert_ is not postgresql.insert:
        return select(false())
    months = (bindparam(name, type_=BigInteger) for name in ("month", "next"))
    return select(func.make_usage_part(*months))


_MAKE = Statement(_composed)
"""The function makes what is missing, whoever else asks for it at the same time."""


async def make(rows: Reads, months: Collection[int]) -> None:
    """Make the parts of these months that are missing."""
    for month in sorted(months):
        await rows.all(_MAKE, month=month, next=Month(month).plus(1).number)


async def make_ahead(database: Database) -> None:
    """Make this month's part and the next one's, for the worker."""
    month = Month.of(database.clock())
    await make(database, (month.number, month.plus(1).number))
