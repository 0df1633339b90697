"""Coupons: granted, listed, and withdrawn while unused (contract: billing §9 O6)."""

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import insert

from tenantry.areas.pricing.coupons import coupons_of
from tenantry.core.billing_tables import coupon_uses
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tests.pricing_writes import COUPON, CUSTOMER, GROWTH, PLAN
from tests.stored import changed, stored
from tests.told import events_since
from tests.world import ADA, OPERATOR, OTHER, WIDGETS, World

COUPONS = f"{CUSTOMER}/coupons"
ELSEWHERE = f"/_operator/v1/customers/{OTHER}/coupons"


async def grant(world: World, status: int = 201, path: str = COUPONS, **more: Any) -> Any:
    answer = await world.ask(OPERATOR, "POST", path, json={**COUPON, **more})
    assert answer.status_code == status, answer.text
    return answer.json()


async def use(world: World, code: str) -> None:
    """Have an invoice take something from a coupon."""

    async def work(unit: Unit) -> None:
        row = {"customer_id": WIDGETS, "invoice_id": 1000001, "code": code, "amount": "1.00"}
        await unit.run(Statement(insert(coupon_uses)), **row)

    await world.app.database.write(work)


async def test_a_coupon_is_granted_and_listed(world: World) -> None:
    since = len(await world.events())
    made = await grant(world, valid_from="2026-01-01", valid_until="2026-12-31")
    assert made == {
        "code": "WELCOME100",
        "kind": "fixed",
        "value": "100",
        "remaining": "100",
        "periods_left": None,
        "scope": "all",
        "valid_from": "2026-01-01T00:00:00Z",
        "valid_until": "2027-01-01T00:00:00Z",
        "created_at": "2026-03-01T10:00:00Z",
    }
    assert (await world.ask(OPERATOR, "GET", COUPONS)).json() == [made]
    (event,) = await events_since(world, since)
    assert (event["event_type"], event["admin"]) == ("customer.update", True)
    assert event["metadata"]["action"] == "coupon.create"
    assert event["metadata"]["valid_until"] == "2027-01-01T00:00:00Z"
    assert event["metadata"]["value"] == "100"


async def test_a_coupon_may_be_valid_for_ever(world: World) -> None:
    made = await grant(world, valid_until="9999-12-31")
    assert made["valid_until"] == "9999-12-31T23:59:59Z"
    assert (await world.ask(OPERATOR, "GET", COUPONS)).json() == [made]


async def test_a_percentage_counts_for_so_many_invoices(world: World) -> None:
    made = await grant(
        world, code="half", kind="percent", value="12.5", periods_left=3, scope="cdn_usage"
    )
    assert (made["value"], made["remaining"], made["periods_left"]) == ("12.5", None, 3)
    tiny = await grant(world, code="tiny", kind="percent", value="0.00000010")
    assert tiny["value"] == "0.0000001"
    found = await coupons_of(world.app.database, [WIDGETS, OTHER])
    assert list(found) == [WIDGETS]
    coupon = found[WIDGETS][0]
    assert (coupon.value, coupon.remaining, coupon.periods_left) == (Decimal("12.5"), None, 3)


async def test_coupons_of_many_are_told_apart(world: World) -> None:
    await grant(world)
    world.clock.turn(1_000_000)
    await grant(world, code="AGAIN", value="0.01")
    await grant(world, path=ELSEWHERE)
    found = await coupons_of(world.app.database, [OTHER, WIDGETS])
    assert [one.code for one in found[WIDGETS]] == ["WELCOME100", "AGAIN"]
    assert [one.code for one in found[OTHER]] == ["WELCOME100"]
    assert found[WIDGETS][1].remaining == Decimal("0.01")


async def test_a_code_is_granted_once(world: World) -> None:
    await grant(world)
    before = await stored(world)
    told = await grant(world, 409, value="5")
    assert told == {"msg": "Duplicate record", "detail": "Duplicate coupon: 'WELCOME100'"}
    assert changed(before, await stored(world)) == set()


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no code": ({"code": ""}, "code: must have 1 to 255 characters"),
    "a code with a blank": ({"code": "a b"}, "code: may have 64"),
    "no kind": ({"kind": "gift"}, "kind"),
    "no value": ({"value": "lots"}, "value"),
    "nothing": ({"value": "0"}, "value: must be more than 0"),
    "negative": ({"value": "-5"}, "value: is negative"),
    "infinite": ({"value": "Infinity"}, "value: is not a number"),
    "more than all": ({"kind": "percent", "value": "101"}, "value: must be at most 100 percent"),
    "more than its value": ({"remaining": "100.01"}, "remaining: must be more than 0 and at most"),
    "used up": ({"remaining": "0"}, "remaining: must be more than 0 and at most"),
    "for no invoice": ({"periods_left": 0}, "periods_left: must be at least 1"),
    "for more invoices than there will be": (
        {"periods_left": 2**63},
        "periods_left: must be at most 100000",
    ),
    "odd digits": ({"value": "1_0"}, "value: is not a number"),
    "for nothing that is sold": ({"scope": "letters"}, "scope: nothing that is sold is 'letters'"),
    "no time": ({"valid_from": "soon"}, "valid_from: 'soon' is not an RFC 3339 time"),
    "over before it begins": (
        {"valid_from": "2026-05-02", "valid_until": "2026-05-01"},
        "valid_until: must be later than valid_from",
    ),
    "an unknown field": ({"periods": 3}, "periods: is not known"),
    "less than a cent": ({"value": "10.005"}, "value: has more decimals than the 2 of USD"),
}


@pytest.mark.parametrize("what", list(REFUSED))
async def test_a_bad_coupon_is_refused_with_its_place(world: World, what: str) -> None:
    change, place = REFUSED[what]
    await world.ask(OPERATOR, "PUT", GROWTH, json=PLAN)
    await world.ask(OPERATOR, "PUT", f"{CUSTOMER}/plan", json={"plan_code": "growth"})
    before = await stored(world)
    told = await grant(world, 400, **change)
    assert told["detail"].startswith(place), told
    assert changed(before, await stored(world)) == set()


async def test_a_fee_of_a_plan_can_be_what_it_is_for(world: World) -> None:
    fee = {"name": "Websockets", "amount": "5", "product_id": "websockets"}
    await world.ask(OPERATOR, "PUT", GROWTH, json={**PLAN, "recurring_fees": [fee]})
    assert (await grant(world, scope="websockets"))["scope"] == "websockets"
    assert (await grant(world, code="2", scope="Network Services"))["scope"] == "Network Services"


async def test_an_unused_coupon_is_withdrawn(world: World) -> None:
    await grant(world)
    path = f"{COUPONS}/WELCOME100"
    assert (await world.ask(OPERATOR, "DELETE", path)).status_code == 204
    assert (await world.ask(OPERATOR, "GET", COUPONS)).json() == []
    assert (await world.ask(OPERATOR, "DELETE", path)).status_code == 404
    await grant(world, value="7")
    await use(world, "WELCOME100")
    before = await stored(world)
    answer = await world.ask(OPERATOR, "DELETE", path)
    assert (answer.status_code, answer.json()["code"]) == (409, "in_use")
    assert changed(before, await stored(world)) == set()


async def test_coupons_are_of_customers_that_there_are(world: World) -> None:
    nobody = "/_operator/v1/customers/0Unknown00000000000000/coupons"
    before = await stored(world)
    await grant(world, 404, nobody)
    assert (await world.ask(OPERATOR, "GET", nobody)).status_code == 404
    assert (await world.ask(OPERATOR, "DELETE", f"{nobody}/A")).status_code == 404
    assert changed(before, await stored(world)) == set()
    for method in ("GET", "POST"):
        assert (await world.ask(ADA, method, COUPONS, json=COUPON)).status_code == 403
