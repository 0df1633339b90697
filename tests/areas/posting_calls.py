"""What the platform's operator does month after month: prices, meters, and posting.

The world begins on 1 March 2026, in the morning, and so do its customers: March is the month of the
worked example (contract: billing §7.3), of which they were there for all 31 days.
"""

from typing import Any

from tenantry.areas.invoices.closing import Outcome, Wanted, close_months
from tenantry.areas.invoices.lines import Usage
from tenantry.areas.pricing.months import Month
from tenantry.core.clock import read
from tests.areas.rating_example import PLAN, RAW, USAGE
from tests.world import BILL, OPERATOR, WIDGETS, Person, World

MARCH, APRIL, MAY = Month(202603), Month(202604), Month(202605)
FIRST = 1_000_001
ADDRESS = {
    "type": "billing",
    "address_1": "1 Example Way",
    "locality": "Exampleville",
    "region": "DE",
    "country": "US",
    "postal_code": "00000",
}
TAX = {"country": "US", "state": "DE", "name": "Example State sales tax", "rate": "0.0825"}
COUPON = {"code": "WELCOME100", "kind": "fixed", "value": "100"}


async def operate(world: World, method: str, path: str, json: Any = None) -> Any:
    """Do something as the operator, which must succeed."""
    answer = await world.ask(OPERATOR, method, f"/_operator/v1{path}", json=json)
    assert answer.status_code < 300, answer.text
    return answer.json() if answer.content else None


async def give_plan(world: World, customer_id: str = WIDGETS, **changes: Any) -> None:
    """Give a customer the plan of the example, or one that differs from it."""
    plan = PLAN | changes
    code = plan["plan_code"]
    body = {name: value for name, value in plan.items() if name != "plan_code"}
    await operate(world, "PUT", f"/plans/{code}", body)
    await operate(world, "PUT", f"/customers/{customer_id}/plan", {"plan_code": code})


async def set_prices(world: World, who: Person = BILL) -> None:
    """Everything that the example is rated by."""
    await give_plan(world, who.customer_id)
    await operate(world, "PUT", "/tax-rules", {"tax_rules": [TAX]})
    await operate(world, "POST", f"/customers/{who.customer_id}/coupons", COUPON)
    answer = await world.ask(who, "POST", "/billing/v3/customer-addresses", json=ADDRESS)
    assert answer.status_code == 201, answer.text


def meter_event(
    at: str,
    quantity: int | str,
    what: tuple[str, str, str] = ("cdn_usage", "bandwidth", "usa"),
    **more: str,
) -> dict[str, str]:
    """A usage event of Ada's customer."""
    product_id, metric, region = what
    event = {
        "source": "edge-01",
        "id": f"{at}/{'/'.join(what)}",
        "customer_id": WIDGETS,
        "product_id": product_id,
        "metric": metric,
        "quantity": str(quantity),
        "timestamp": at,
    }
    return event | ({"region": region} if region else {}) | more


def example(usage: Usage = USAGE, at: str = "2026-03-31T23:00:00Z") -> list[dict[str, str]]:
    """The example's usage as events."""
    return [meter_event(at, micros // RAW, what) for what, micros in usage.items()]


async def use(world: World, *events: dict[str, str]) -> list[str]:
    """Send usage events; what became of each."""
    told = await operate(world, "POST", "/usage-events", {"events": list(events)})
    return [one["status"] for one in told["results"]]


def turn_to(world: World, moment: str) -> None:
    """Let it be that moment."""
    world.clock.now = read(moment)


async def close(world: World, **wanted: Any) -> Outcome:
    """What the worker does every hour."""
    return await close_months(world.app.database, world.app.keyring, Wanted(**wanted))


async def invoice(world: World, number: int, who: Person = BILL) -> str:
    """An invoice as its customer reads it."""
    answer = await world.ask(who, "GET", f"/billing/v3/invoices/{number}")
    assert answer.status_code == 200, answer.text
    return answer.text


async def invoices(world: World, who: Person = BILL) -> list[dict[str, Any]]:
    """All of a customer's, the newest first."""
    answer = await world.ask(who, "GET", "/billing/v3/invoices")
    assert answer.status_code == 200, answer.text
    listed: list[dict[str, Any]] = answer.json()["data"]
    return listed
