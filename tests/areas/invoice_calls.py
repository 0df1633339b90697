"""Calls that lead to invoices: a plan, usage, a month posted; and the worked example of it all."""

from typing import Any

from tenantry.areas.pricing.money import decode_exactly
from tenantry.areas.pricing.months import Month
from tenantry.core.clock import DAY, read
from tests.areas.rating_example import PLAN
from tests.world import ADA, OPERATOR, WIDGETS, WWW, Person, World

MARCH = Month(202603)
"""The month in which the world begins."""
INVOICES = "/billing/v3/invoices"
MTD = f"{INVOICES}/month-to-date"
TAX = {"country": "US", "state": "DE", "name": "Example State sales tax", "rate": "0.0825"}
ADDRESS = {
    "type": "billing",
    "address_1": "1 Example Way",
    "locality": "Exampleville",
    "region": "DE",
    "country": "US",
    "postal_code": "00000",
}
USED = {
    "usa-bandwidth": ("cdn_usage", "bandwidth", "usa", "12345678901234"),
    "usa-requests": ("cdn_usage", "requests", "usa", "123456789"),
    "europe-bandwidth": ("cdn_usage", "bandwidth", "europe", "3500000000"),
    "europe-requests": ("cdn_usage", "requests", "europe", "5000"),
    "images": ("image_optimizer", "requests", None, "1250000"),
}
"""The use of the worked example (contract: billing §7.3), by the id of its events."""


async def done(world: World, method: str, path: str, body: Any = None) -> Any:
    """Have the operator do something; what is answered."""
    sent = {} if body is None else {"json": body}
    answer = await world.ask(OPERATOR, method, path, **sent)
    assert answer.is_success, (path, answer.text)
    return answer.json() if answer.content else None


async def give_plan(world: World, plan: dict[str, Any] = PLAN, customer_id: str = WIDGETS) -> None:
    """Give a customer a plan, which rates his whole time."""
    body = {name: value for name, value in plan.items() if name != "plan_code"}
    await done(world, "PUT", f"/_operator/v1/plans/{plan['plan_code']}", body)
    path = f"/_operator/v1/customers/{customer_id}/plan"
    await done(world, "PUT", path, {"plan_code": plan["plan_code"]})


def event(name: str, used: tuple[str, str, str | None, str], **more: Any) -> dict[str, Any]:
    """A usage event of the first day of March, at noon."""
    product_id, metric, region, quantity = used
    return {
        "source": "edge-01",
        "id": name,
        "customer_id": WIDGETS,
        "service_id": WWW,
        "product_id": product_id,
        "metric": metric,
        **({} if region is None else {"region": region}),
        "quantity": quantity,
        "timestamp": "2026-03-01T12:00:00Z",
        **more,
    }


async def use(world: World, *events: dict[str, Any]) -> None:
    """Take usage events in; they are of any time up to now."""
    answer = await done(world, "POST", "/_operator/v1/usage-events", {"events": list(events)})
    outcomes = [one["status"] for one in answer["results"]]
    assert outcomes == ["accepted"] * len(events), answer


async def void(world: World, name: str, source: str = "edge-01") -> None:
    """Void a usage event."""
    await done(world, "POST", "/_operator/v1/usage-events/void", {"source": source, "id": name})


async def post(world: World, month: Month = MARCH, customer_id: str = WIDGETS) -> list[str]:
    """Post a customer's month that is over; the ids of his invoices for it."""
    body = {"customer_id": customer_id}
    ids: list[str] = await done(world, "POST", f"/_operator/v1/periods/{month.text}/post", body)
    return ids


def turn_to(world: World, time: str) -> None:
    """Let time pass until then."""
    world.clock.now = read(time)


async def use_example(world: World) -> None:
    """Agree on the worked example's terms, and use what it uses, a day after the world began."""
    await give_plan(world)
    await done(world, "PUT", "/_operator/v1/tax-rules", {"tax_rules": [TAX]})
    await world.ask(ADA, "POST", "/billing/v3/customer-addresses", json=ADDRESS)
    coupon = {"code": "WELCOME100", "kind": "fixed", "value": "100.00"}
    await done(world, "POST", f"/_operator/v1/customers/{WIDGETS}/coupons", coupon)
    world.clock.turn(DAY)
    await use(world, *(event(name, used) for name, used in USED.items()))


async def invoiced_example(world: World) -> str:
    """The worked example, posted on the fourth of April; the invoice's id."""
    await use_example(world)
    turn_to(world, "2026-04-04T00:00:00Z")
    (invoice_id,) = await post(world)
    return invoice_id


async def got(world: World, path: str, who: Person = ADA, **more: Any) -> Any:
    """What is answered to somebody who may, its numbers exact."""
    answer = await world.ask(who, "GET", path, **more)
    assert answer.status_code == 200, (path, answer.text)
    return decode_exactly(answer.content)


async def credited(world: World) -> str:
    """An invoice that gives back what was voided after it was billed; its id."""
    await give_plan(world, {**PLAN, "commit": "0"})
    turn_to(world, "2026-03-02T10:00:00Z")
    await use(world, event("one", ("cdn_usage", "bandwidth", "usa", "1000000000000")))
    turn_to(world, "2026-04-04T00:00:00Z")
    await post(world)
    await void(world, "one")
    turn_to(world, "2026-05-04T00:00:00Z")
    (invoice_id,) = await post(world, MARCH.plus(1))
    return invoice_id
