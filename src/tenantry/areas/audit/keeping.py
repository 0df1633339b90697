"""How long a customer's events are kept: the operator's to say, 400 days if he says nothing."""

import msgspec
from sqlalchemy import bindparam, select

from tenantry.areas.customers import model as customers
from tenantry.core import audit
from tenantry.core.context import Writing
from tenantry.core.errors import bad_request
from tenantry.core.retention_tables import retentions
from tenantry.core.statements import Statement

DEFAULT_DAYS = 400
LONGEST = 36_500

_DAYS = Statement(
    select(retentions.c.days).where(retentions.c.customer_id == bindparam("customer"))
)
_KEEP = Statement(
    lambda insert: (
        insert(retentions)
        .values(customer_id=bindparam("customer"), days=bindparam("count"))
        .on_conflict_do_update(index_elements=["customer_id"], set_={"days": bindparam("count")})
    )
)


class Retention(msgspec.Struct, frozen=True):
    """For how many days a customer's events are kept."""

    customer_id: str
    days: int


async def keep_for(call: Writing, days: int) -> Retention:
    """Keep the events of the call's customer for so many days. Raises Problem 400, 404."""
    if not 1 <= days <= LONGEST:
        detail = f"Days must be from 1 to {LONGEST}"
        raise bad_request(detail)
    customer = await customers.find(call, call.customer_id)
    await call.unit.head(customer.id)
    (before,) = await call.one(_DAYS, customer=customer.id) or (DEFAULT_DAYS,)
    if before != days:
        await call.run(_KEEP, customer=customer.id, count=days)
        await audit.record(
            call,
            "retention.update",
            f"Events are kept for {days} days",
            event_type=None,
            metadata={"old": {"days": before}, "new": {"days": days}},
        )
    return Retention(customer.id, days)
