"""In which currency a customer is billed, and until when it may be another."""

from typing import Any

import pytest

from tenantry.core.billing_tables import postings, usage_changes
from tests.areas.invoice_calls import INVOICES, got, post, turn_to
from tests.areas.test_plans import MARCH, assign, offer, put_row, terms
from tests.pricing_writes import COUPON, CUSTOMER
from tests.spend_alert_writes import ALERTS
from tests.stored import changed, stored
from tests.world import ADA, NOW, OPERATOR, OTHER, WIDGETS, Person, World

COUPONS = f"{CUSTOMER}/coupons"
STANDING: dict[str, tuple[Person | str, str, dict[str, str], str]] = {
    "a coupon": (OPERATOR, COUPONS, COUPON, "code"),
    "an alert": (ADA, ALERTS, {"name": "Budget", "threshold": "100"}, "id"),
}
"""Who sets it where, and what names it."""


async def test_a_customer_stays_with_the_currency_of_his_invoices(world: World) -> None:
    """What is still adjusted on the months of before would be in another one."""
    await offer(world, "growth")
    await offer(world, "euro", currency="EUR")
    await assign(world, "growth")
    posting = {"customer_id": WIDGETS, "month": 202603, "invoice_id": 1000001, "posted_at": NOW}
    await put_row(world, postings, **posting, terms="{}")
    before = await stored(world)
    told = await assign(world, "euro", 409)
    assert told["code"] == "other_currency"
    assert changed(before, await stored(world)) == set()
    await assign(world, "euro", customer=OTHER)


async def test_who_used_something_stays_with_the_currency_of_his_plan(world: World) -> None:
    """March would be billed in one, and what is late of it in April's."""
    await offer(world, "growth")
    await offer(world, "euro", currency="EUR")
    await assign(world, "growth")
    row = {"customer_id": WIDGETS, "month": 202603, "changes": 1, "invoiced": 0}
    await put_row(world, usage_changes, **row)
    before = await stored(world)
    assert (await assign(world, "euro", 409))["code"] == "other_currency"
    assert changed(before, await stored(world)) == set()


async def test_a_currency_that_was_a_slip_is_another_from_the_beginning(world: World) -> None:
    await offer(world, "growth")
    await offer(world, "euro", currency="EUR")
    await assign(world, "growth")
    await assign(world, "euro")
    for month in (MARCH, MARCH.plus(1)):
        assert (await terms(world, month)).plan.currency == "EUR"


async def test_a_month_that_is_over_stays_in_the_currency_of_its_plan(world: World) -> None:
    """Of who pays fees alone, nothing but the plan says so until it is posted."""
    await offer(world, "growth")
    await offer(world, "euro", currency="EUR")
    await assign(world, "euro")
    turn_to(world, "2026-04-02T00:00:00Z")
    before = await stored(world)
    assert (await assign(world, "growth", 409))["code"] == "other_currency"
    assert changed(before, await stored(world)) == set()
    (number,) = await post(world)
    assert (await got(world, f"{INVOICES}/{number}"))["currency_code"] == "EUR"


async def test_a_slip_of_this_month_is_put_right_for_the_months_before(world: World) -> None:
    """No plan rated March while it ran."""
    await offer(world, "growth")
    await offer(world, "euro", currency="EUR")
    turn_to(world, "2026-04-02T00:00:00Z")
    await assign(world, "euro")
    await assign(world, "growth")
    (number,) = await post(world)
    assert (await got(world, f"{INVOICES}/{number}"))["currency_code"] == "USD"


async def ask(world: World, who: Person | str, method: str, path: str, **body: Any) -> Any:
    answer = await world.ask(who, method, path, **({"json": body} if body else {}))
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


@pytest.mark.parametrize("what", list(STANDING))
async def test_no_amount_is_taken_for_one_in_another_currency(world: World, what: str) -> None:
    """100 euros would become 100 yen."""
    await offer(world, "euro", currency="EUR")
    await offer(world, "yen", currency="JPY")
    await assign(world, "euro")
    await ask(world, OPERATOR, "POST", COUPONS, code="HALF", kind="percent", value="50")
    who, path, body, name = STANDING[what]
    made = (await ask(world, who, "POST", path, **body))[name]
    before = await stored(world)
    told = await assign(world, "yen", 409)
    assert (told["code"], "EUR" in told["detail"]) == ("other_currency", True)
    assert changed(before, await stored(world)) == set()
    await ask(world, who, "DELETE", f"{path}/{made}")
    await assign(world, "yen")


@pytest.mark.parametrize("parts", [{"value": "10.50"}, {"value": "10", "remaining": "0.5"}])
async def test_a_first_plan_is_not_in_a_currency_that_a_coupon_has_too_many_decimals_for(
    world: World, parts: dict[str, str]
) -> None:
    """The last half of a yen could never be taken off."""
    await offer(world, "yen", currency="JPY")
    await offer(world, "euro", currency="EUR")
    await ask(world, OPERATOR, "POST", COUPONS, **{**COUPON, **parts})
    before = await stored(world)
    told = await assign(world, "yen", 409)
    assert told["code"] == "other_currency"
    assert "more decimals than the 0 of JPY" in told["detail"]
    assert changed(before, await stored(world)) == set()
    await assign(world, "euro")
