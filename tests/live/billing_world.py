"""Customers of a live server who were there for months, with plan and usage."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from tenantry.areas.customers import model as customers
from tenantry.areas.pricing.months import Month
from tenantry.core.billing_tables import (
    coupon_uses,
    coupons,
    invoice_lines,
    invoices,
    postings,
    usage_changes,
)
from tenantry.core.clock import HOUR, system_clock
from tenantry.core.context import system_call
from tenantry.core.database import Database
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tests.areas.posting_calls import give_plan, operate, use
from tests.world import World, settings

THIS_MONTH = Month.of(system_clock() - settings("").posting_grace_hours * HOUR)
"""The one after the newest that is due: a command posts by the machine's own clock."""

TABLES = {
    table.name: (table, Statement(select(table)))
    for table in (invoices, invoice_lines, postings, coupons, coupon_uses, usage_changes)
}


def day(month: Month, number: int = 15) -> str:
    """A moment in a month."""
    return datetime(month.year, month.number % 100, number, tzinfo=UTC).isoformat()


async def found(world: World, names: list[str], months: int, **plan: Any) -> list[str]:
    """Found customers on the first of a month so many months ago; their ids."""
    world.clock.now = THIS_MONTH.plus(-months).first
    ids = [f"4Billed{name}".ljust(22, "0") for name in names]
    for customer_id in ids:

        async def work(unit: Unit, customer_id: str = customer_id) -> None:
            call = system_call(unit, world.app.keyring, customer_id)
            await customers.found(call, customers.CustomerRow(customer_id, customer_id, None))

        await world.app.database.write(work, customer_id=customer_id)
        await give_plan(world, customer_id, **plan)
    world.clock.now = system_clock()
    return ids


async def meter(world: World, customer_ids: list[str], months: list[Month]) -> None:
    """Have each use one unit of requests in each of the months."""
    events = [
        {
            "source": "edge-01",
            "id": f"{customer_id}/{month.text}",
            "customer_id": customer_id,
            "product_id": "cdn_usage",
            "metric": "requests",
            "region": "usa",
            "quantity": "10000",
            "timestamp": day(month),
        }
        for customer_id in customer_ids
        for month in months
    ]
    assert set(await use(world, *events)) == {"accepted"}


async def grant(world: World, customer_id: str, **coupon: Any) -> None:
    """Grant him a coupon."""
    await operate(world, "POST", f"/customers/{customer_id}/coupons", coupon)


async def read(database: Database, name: str) -> list[dict[str, Any]]:
    """Every row of a table of billing."""
    table, statement = TABLES[name]
    columns = [column.name for column in table.columns]
    return [dict(zip(columns, row, strict=True)) for row in await database.all(statement)]
