"""How an operator says how much a customer's people may change (contract: protocol §13.3)."""

from dataclasses import replace

from tenantry.areas.operator import hourly_writes
from tenantry.areas.operator.hourly_writes import HourlyWrites
from tenantry.core.context import Reading, Writing
from tenantry.http.body import Body
from tenantry.http.operation import OPERATOR, operation
from tenantry.http.wire import LEGACY

PATH = "/_operator/v1/customers/{customer}/hourly-writes"


@operation(f"GET {PATH}", allow=OPERATOR, wire=LEGACY)
async def get_hourly_writes(call: Reading, customer: str) -> HourlyWrites:
    """How many changes each user and automation token of a customer may make in an hour."""
    return await hourly_writes.load(replace(call, customer_id=customer))


@operation(f"PUT {PATH}", allow=OPERATOR, wire=LEGACY)
async def set_hourly_writes(call: Writing, body: Body[HourlyWrites], customer: str) -> HourlyWrites:
    """Say how many; what was made in the running hour counts."""
    return await hourly_writes.change(replace(call, customer_id=customer), body())
