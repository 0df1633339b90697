"""How an operator gives a customer a plan (contract: billing §9 O2)."""

from dataclasses import replace

import msgspec

from tenantry.areas.pricing import plans
from tenantry.areas.pricing.months import Month
from tenantry.core.clock import shown
from tenantry.core.context import Reading, Writing
from tenantry.http.body import Body
from tenantry.http.operation import OPERATOR, operation
from tenantry.http.wire import LEGACY


class NewAssignment(msgspec.Struct):
    """Which plan."""

    plan_code: str


class Assignment(msgspec.Struct):
    """A plan that rates a customer from a month on, until the next one does."""

    customer_id: str
    plan_code: str
    from_month: str
    """The first month that it rates, such as 2024-06."""
    requested_at: str


class Assignments(msgspec.Struct):
    """The plans of a customer."""

    plan_code: str | None
    """The one that rates the month that runs."""
    assignments: list[Assignment]
    """All of them, the oldest first; the last may be yet to come."""


def _shown(customer: str, row: plans.Assignment) -> Assignment:
    month = Month(row.from_month).text
    return Assignment(customer, row.plan_code, month, shown(row.requested_at))


@operation("PUT /_operator/v1/customers/{customer}/plan", allow=OPERATOR, wire=LEGACY)
async def assign_plan(call: Writing, body: Body[NewAssignment], customer: str) -> Assignment:
    """Give a customer a plan: the first from his beginning on, another from the next month on."""
    row = await plans.assign(replace(call, customer_id=customer), body().plan_code)
    return _shown(customer, row)


@operation("GET /_operator/v1/customers/{customer}/plan", allow=OPERATOR, wire=LEGACY)
async def get_plan_assignments(call: Reading, customer: str) -> Assignments:
    """Which plans a customer had, has and will have."""
    rows = await plans.assignments(replace(call, customer_id=customer))
    now = Month.of(call.now).number
    codes = [row.plan_code for row in rows if row.from_month <= now]
    return Assignments(codes[-1] if codes else None, [_shown(customer, row) for row in rows])
