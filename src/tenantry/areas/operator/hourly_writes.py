"""How many changes each user and automation token of a customer may make in an hour.

contract: protocol §13.3
"""

import msgspec

from tenantry.areas.customers import model as customers
from tenantry.core import audit
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import bad_request

MOST = 1_000_000_000


class HourlyWrites(msgspec.Struct, frozen=True):
    """So many."""

    hourly_writes: int


async def load(call: Reading) -> HourlyWrites:
    """What holds for the call's customer. Raises Problem 404."""
    row = await customers.find(call, call.customer_id)
    return HourlyWrites(row.hourly_writes)


async def change(call: Writing, new: HourlyWrites) -> HourlyWrites:
    """Let the call's customer have so many, from the next write on. Raises Problem 400, 404."""
    if not 1 <= new.hourly_writes <= MOST:
        detail = f"Hourly writes must be from 1 to {MOST}"
        raise bad_request(detail)
    await call.unit.head(call.customer_id)
    row = await customers.find(call, call.customer_id)
    old = HourlyWrites(row.hourly_writes)
    if old != new:
        values = msgspec.structs.asdict(new)
        row = msgspec.structs.replace(row, **values, updated_at=call.now)
        await customers.store(call, row)
        await audit.record(
            call,
            "customer.update",
            f"Customer '{row.name}' was updated",
            metadata={"old": msgspec.structs.asdict(old), "new": values},
        )
    return new
