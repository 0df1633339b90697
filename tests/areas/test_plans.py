"""Which plan a customer has from which month on, and what rates a month (contract: billing R20)."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from tenantry.areas.pricing import plans
from tenantry.areas.pricing.months import Month
from tenantry.areas.pricing.terms import Terms
from tenantry.core import schema
from tenantry.core.billing_tables import addresses, billing_accounts, plan_assignments
from tenantry.core.clock import DAY
from tenantry.core.session import Reads
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tests.pricing_writes import CUSTOMER, PLAN, TAX
from tests.stored import changed, stored
from tests.told import events_since
from tests.world import ADA, NOW, OPERATOR, OTHER, WIDGETS, World

ASSIGNED = Statement(select(plan_assignments.c.from_month, plan_assignments.c.plan_code))
MARCH, APRIL, MAY = Month(202603), Month(202604), Month(202605)


async def offer(world: World, code: str, **more: Any) -> Any:
    body = {**PLAN, **more}
    answer = await world.ask(OPERATOR, "PUT", f"/_operator/v1/plans/{code}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def assign(
    world: World, code: Any, status: int = 200, customer: str = WIDGETS, who: str = OPERATOR
) -> Any:
    path = f"/_operator/v1/customers/{customer}/plan"
    answer = await world.ask(who, "PUT", path, json={"plan_code": code})
    assert answer.status_code == status, answer.text
    return answer.json()


async def terms(world: World, month: Month, customer: str = WIDGETS) -> Terms:
    found = await plans.terms_of(world.app.database, customer, month)
    assert found is not None
    return found


async def put_row(world: World, table: Any, **row: Any) -> None:
    async def work(unit: Unit) -> None:
        await unit.run(Statement(insert(table)), **row)

    await world.app.database.write(work)


async def test_the_first_plan_rates_all_of_a_customers_time(world: World) -> None:
    plan = await offer(world, "growth")
    assert await plans.terms_of(world.app.database, WIDGETS, MARCH) is None
    world.clock.turn(70 * DAY)
    since = len(await world.events())
    assert await assign(world, "growth") == {
        "customer_id": WIDGETS,
        "plan_code": "growth",
        "from_month": "2026-03",
        "requested_at": "2026-05-10T10:00:00Z",
    }
    assert (await terms(world, MARCH)).plan.plan_code == "growth"
    (event,) = await events_since(world, since)
    old = {"pricing_plan": "developer", "pricing_plan_id": "0DeveloperPlan00000000"}
    new = {"pricing_plan": "growth", "pricing_plan_id": plan["id"]}
    assert (event["action"], event["admin"]) == ("customer.pricing", True)
    assert event["metadata"] == {"old": old, "new": new}
    assert event["description"] == "Pricing plan was changed from 'developer' to 'growth'"
    customer = (await world.ask(ADA, "GET", "/current_customer")).json()
    assert {name: customer[name] for name in new} == new
    told = (await world.ask(ADA, "GET", "/events?filter[event_type]=customer.pricing")).json()
    assert told["data"][0]["attributes"]["metadata"]["new"] == new


async def test_a_later_plan_counts_from_the_next_month_on(world: World) -> None:
    for code in ("growth", "small", "large"):
        await offer(world, code)
    await assign(world, "growth")
    assert (await assign(world, "small"))["from_month"] == "2026-04"
    assert (await assign(world, "large"))["from_month"] == "2026-04"
    for month, code in ((MARCH, "growth"), (APRIL, "large"), (MAY, "large")):
        assert (await terms(world, month)).plan.plan_code == code
    found = (await world.ask(OPERATOR, "GET", f"{CUSTOMER}/plan")).json()
    assert found["plan_code"] == "growth"
    assert [(one["from_month"], one["plan_code"]) for one in found["assignments"]] == [
        ("2026-03", "growth"),
        ("2026-04", "large"),
    ]
    world.clock.turn(31 * DAY)
    found = (await world.ask(OPERATOR, "GET", f"{CUSTOMER}/plan")).json()
    assert found["plan_code"] == "large"
    assert (await assign(world, "small"))["from_month"] == "2026-05"
    assert (await terms(world, APRIL)).plan.plan_code == "large"


async def test_who_thinks_better_of_it_keeps_his_plan(world: World) -> None:
    for code in ("growth", "small"):
        await offer(world, code)
    await assign(world, "growth")
    await assign(world, "small")
    assert (await assign(world, "growth"))["from_month"] == "2026-04"
    assert (await terms(world, APRIL)).plan.plan_code == "growth"


async def test_the_last_plan_again_changes_nothing(world: World) -> None:
    await offer(world, "growth")
    first = await assign(world, "growth")
    before = await stored(world)
    world.clock.turn(40 * DAY)
    assert await assign(world, "growth") == first
    assert changed(before, await stored(world)) == set()


@pytest.mark.changes_nothing
@pytest.mark.parametrize("code", ["none", "", None, 7, ["growth"]])
async def test_a_plan_that_there_is_not_is_refused(world: World, code: Any) -> None:
    before = await stored(world)
    told = await assign(world, code, 400)
    assert told["detail"].startswith("Plan code")
    if code == "none":
        assert told["code"] == "unknown_plan"
    assert changed(before, await stored(world)) == set()


async def test_a_customer_that_there_is_not_is_not_found(world: World) -> None:
    await offer(world, "growth")
    before = await stored(world)
    for unknown in ("0Unknown00000000000000", "'--", "a%00b"):
        await assign(world, "growth", 404 if "%" not in unknown else 400, unknown)
    assert changed(before, await stored(world)) == set()
    path = "/_operator/v1/customers/0Unknown00000000000000/plan"
    assert (await world.ask(OPERATOR, "GET", path)).status_code == 404
    assert (await world.ask(ADA, "PUT", f"{CUSTOMER}/plan", json={})).status_code == 403


async def test_a_replaced_plan_counts_for_what_is_rated_from_then_on(world: World) -> None:
    plan = await offer(world, "growth")
    await assign(world, "growth")
    await offer(world, "growth", commit="1.50", parent_pay=True)
    found = await terms(world, MARCH)
    assert (str(found.plan.commit), found.plan.parent_pay) == ("1.5", True)
    customer = (await world.ask(ADA, "GET", "/current_customer")).json()
    assert customer["pricing_plan_id"] == plan["id"]


async def _settle(world: World) -> None:
    """An address in either slot, a tax id, and a table of taxes."""
    place = {"address_1": "1 Example Way", "created_at": NOW, "updated_at": NOW}
    place |= {"city": None, "address_2": None, "locality": None, "customer_id": WIDGETS}
    billing = {"type": "billing", "id": "a", "country": "US", "state": "DE", "postal_code": "00000"}
    await put_row(world, addresses, **place, **billing)
    account = {"customer_id": WIDGETS, "tax_id": "DE123456788", "is_tax_exempt": True}
    stamps = {"created_at": NOW, "updated_at": NOW, "moved_at": 0}
    await put_row(world, billing_accounts, **account, **stamps)
    answer = await world.ask(
        OPERATOR, "PUT", "/_operator/v1/tax-rules", json={"tax_rules": [{**TAX}]}
    )
    assert answer.status_code == 200


async def test_terms_are_everything_that_rates_a_month(world: World) -> None:
    await offer(world, "growth")
    await assign(world, "growth")
    await assign(world, "growth", customer=OTHER)
    await _settle(world)
    found = await terms(world, MARCH)
    assert found.address is not None
    assert (found.address.country, found.address.state) == ("US", "DE")
    assert (found.tax_id, found.is_tax_exempt) == ("DE123456788", True)
    assert (found.active_from, found.active_until) == (NOW, None)
    assert [rule.name for rule in found.tax_rules] == [TAX["name"]]
    assert Terms.from_json(found.to_json()) == found
    tax = {"type": "tax", "id": "b", "country": "DE", "state": None, "postal_code": "10115"}
    place = {"address_1": "x", "address_2": None, "city": None, "locality": None}
    stamps = {"created_at": NOW, "updated_at": NOW}
    await put_row(world, addresses, customer_id=WIDGETS, **tax, **place, **stamps)
    found = await terms(world, MARCH)
    assert found.address is not None
    assert (found.address.country, found.address.postal_code) == ("DE", "10115")
    other = await terms(world, MARCH, OTHER)
    assert (other.address, other.tax_id, other.is_tax_exempt) == (None, None, False)


async def test_a_closed_customer_is_rated_until_then(world: World) -> None:
    await offer(world, "growth")
    await assign(world, "growth", customer=OTHER)
    closing = update(schema.customers).where(schema.customers.c.id == OTHER)

    async def work(unit: Unit) -> None:
        await unit.run(Statement(closing.values(deleted_at=NOW + DAY)))

    await world.app.database.write(work)
    assert (await terms(world, MARCH, OTHER)).active_until == NOW + DAY


class Counted:
    """Reads, and counts how often."""

    def __init__(self, rows: Reads) -> None:
        self.rows = rows
        self.count = 0

    async def one(self, statement: Statement[Any], **given: Any) -> Any:
        self.count += 1
        return await self.rows.one(statement, **given)

    async def all(self, statement: Statement[Any], **given: Any) -> list[Any]:
        self.count += 1
        return await self.rows.all(statement, **given)


async def test_terms_of_many_take_no_more_queries_than_those_of_one(world: World) -> None:
    for code, customer in (("growth", WIDGETS), ("small", OTHER)):
        await offer(world, code)
        await assign(world, code, customer=customer)
    counts = []
    for ids in ([WIDGETS], [WIDGETS, OTHER, "0Unknown00000000000000"]):
        reads = Counted(world.app.database)
        found = await plans.terms_of_many(reads, MARCH, ids)
        assert set(found) == set(ids) - {"0Unknown00000000000000"}
        assert found[WIDGETS].plan.plan_code == "growth"
        counts.append(reads.count)
    assert counts[0] == counts[1] <= 5
    assert (await terms(world, MARCH, OTHER)).plan.plan_code == "small"
    assert await plans.terms_of_many(world.app.database, MARCH, []) == {}


async def test_two_processes_assign_one_after_the_other(world: World, elsewhere: World) -> None:
    """The first alone counts from the beginning, and each event tells what stood before it."""
    codes = [f"plan{number}" for number in range(12)]
    for code in codes:
        await offer(world, code)
    since = len(await world.events())
    both = (world, elsewhere) * 6
    told = await asyncio.gather(*(assign(one, code) for one, code in zip(both, codes, strict=True)))
    assert sorted(one["from_month"] for one in told) == ["2026-03", *["2026-04"] * 11]
    assert len(await world.app.database.all(ASSIGNED)) == 2
    changes = [event["metadata"] for event in await events_since(world, since)]
    assert [one["old"] for one in changes[1:]] == [one["new"] for one in changes[:-1]]
    customer = (await world.ask(ADA, "GET", "/current_customer")).json()
    last = (await terms(world, APRIL)).plan.plan_code
    assert customer["pricing_plan"] == last == changes[-1]["new"]["pricing_plan"]
