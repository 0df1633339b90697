"""Invoice numbers: one after the other, without gaps, whoever posts (contract: billing §3.1).

The row that holds the next one stays locked until the commit: a posting that fails gives its
numbers back, because nobody could take later ones meanwhile.
"""

from sqlalchemy import bindparam, select, update

from tenantry.core.billing_tables import invoice_numbers, invoices
from tenantry.core.database import Database
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit

LARGEST = 2**31 - 1
"""Some clients take a number of 32 bits."""
FIRST = 1_000_001

_N = invoice_numbers.c
_SEEN = Statement(select(_N.next).where(_N.id == 1))
_NEXT = Statement(select(_N.next).where(_N.id == 1).with_for_update())
_ANY_INVOICE = Statement(select(invoices.c.id).limit(1))
_BEGIN = Statement(
    lambda insert_: (
        insert_(invoice_numbers)
        .values(id=1, next=bindparam("first"))
        .on_conflict_do_nothing(index_elements=["id"])
    )
)
_BEGIN_AT = Statement(update(invoice_numbers).where(_N.id == 1).values(next=bindparam("first")))
_TAKE = Statement(
    update(invoice_numbers)
    .where(_N.id == 1, _N.next + bindparam("count") <= LARGEST + 1)
    .values(next=_N.next + bindparam("count"))
)


class NoneLeft(RuntimeError):
    """Every number that clients can read was used."""


async def begin(database: Database, first: int) -> None:
    """Say which number the first invoice gets; without effect once there is an invoice."""
    known = await database.one(_SEEN)
    if known == (first,) or (known and await database.one(_ANY_INVOICE) is not None):
        return

    async def work(unit: Unit) -> None:
        await unit.run(_BEGIN, first=first)
        # Whoever posts just now is waited for, and his invoice is seen then.
        await unit.one(_NEXT)
        if await unit.one(_ANY_INVOICE) is None:
            await unit.run(_BEGIN_AT, first=first)

    await database.write(work)


async def take(unit: Unit, count: int) -> range:
    """The next so many numbers, this unit's alone. Raises NoneLeft."""
    if not count:
        return range(0)
    if not await unit.run(_TAKE, count=count):
        await unit.run(_BEGIN, first=FIRST)
        if not await unit.run(_TAKE, count=count):
            message = f"no {count} invoice numbers are left: {LARGEST} is the largest"
            raise NoneLeft(message)
    after = await unit.one(_NEXT)
    assert after is not None  # noqa: S101 - its row was changed just now
    return range(after[0] - count, after[0])
