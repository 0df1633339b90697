"""How an operator says how long a customer's events are kept."""

from dataclasses import replace

import msgspec

from tenantry.areas.audit import keeping
from tenantry.core.context import Writing
from tenantry.http.body import Body
from tenantry.http.operation import OPERATOR, operation
from tenantry.http.wire import LEGACY


class NewRetention(msgspec.Struct, kw_only=True):
    """For how long, in days."""

    days: int


@operation("PUT /_operator/v1/retentions/{customer}", allow=OPERATOR, wire=LEGACY)
async def set_retention(
    call: Writing, body: Body[NewRetention], customer: str
) -> keeping.Retention:
    """Keep a customer's events for so many days: what is older is archived, then pruned."""
    return await keeping.keep_for(replace(call, customer_id=customer), body().days)
