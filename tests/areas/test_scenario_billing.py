"""Loading prices, plans, addresses, coupons and usage; a bad file changes nothing."""

import json
from typing import Any

import pytest

from tenantry.areas.operator.scenario import read_file, read_text
from tenantry.areas.operator.scenario_parts import BadScenario
from tenantry.areas.pricing import documents, plans
from tenantry.areas.pricing.months import Month
from tenantry.core import chain
from tests.areas.test_scenario import EXAMPLES, NEW, OWNER, load, refusal, rows, told
from tests.pricing_writes import GROWTH, METRIC, PLAN, TAX
from tests.world import DAY, OPERATOR, OTHER, WIDGETS, World

SHOP = "4ExampleShop0000000000"
PLATFORM = EXAMPLES / "platform.yaml"
GROWTH_PLAN = {"plan_code": "growth", **PLAN}
ADDRESS = {"address_1": "1 Example Way", "country": "US", "state": "DE", "postal_code": "19901"}
COUPON = {"code": "HALF", "kind": "percent", "value": "50", "periods_left": 2}
USE = {
    "id": "1",
    "product_id": "cdn_usage",
    "metric": "requests",
    "region": "usa",
    "quantity": "10000",
    "timestamp": "this month",
}


def scenario(top: dict[str, Any] | None = None, **more: Any) -> Any:
    customer = {"id": NEW, "name": "New Company", "created_at": "last month", "users": [OWNER]}
    return read_text(json.dumps({**(top or {}), "customers": [{**customer, **more}]}))


def whole(**more: Any) -> Any:
    """A customer with everything of billing, and what he is billed by."""
    top = {"plans": [GROWTH_PLAN], "tax_rules": [TAX]}
    given = {
        "plan": "growth",
        "billing_address": ADDRESS,
        "tax_address": {**ADDRESS, "state": "NY"},
        "tax_id": "DE 136695976",
        "is_tax_exempt": True,
        "coupons": [COUPON],
        "services": [{"name": "www"}],
        "usage": [{**USE, "service": "www"}],
    }
    return scenario(top, **{**given, **more})


async def test_the_platform_is_loaded_once(world: World) -> None:
    wanted = read_file(PLATFORM)
    first = await load(world, wanted)
    assert first.created["tax table"] == first.created["plan"] == first.created["coupon"] == 1
    assert first.created["usage event"] == 5
    assert "5 usage events" in str(first)
    assert "1 address" in str(first)
    before = await rows(world)
    second = await load(world, wanted)
    assert (second.created, second.skipped, second.notes) == ({}, {}, [])
    assert sum(second.unchanged.values()) == sum(first.created.values())
    assert await rows(world) == before
    assert (await chain.verify(world.app.database, SHOP)).problem is None


async def test_the_platform_is_billed_as_the_contract_says(world: World) -> None:
    """The worked example (contract: billing §7.3)."""
    await load(world, read_file(PLATFORM))
    world.clock.turn(3 * DAY)
    path = "/_operator/v1/periods/2026-02/post"
    answer = await world.ask(OPERATOR, "POST", path, json={"customer_id": SHOP})
    assert answer.status_code == 200, answer.text
    (invoice,) = (await told(world, "example-shop-paul-0000000000000", "/billing/v3/invoices"))[
        "data"
    ]
    assert str(invoice["monthly_transaction_amount"]) == "2056.75"
    (coupon,) = await told(world, OPERATOR, f"/_operator/v1/customers/{SHOP}/coupons")
    assert coupon["remaining"] == "0"
    again = await load(world, read_file(PLATFORM))
    assert again.created == {}


async def test_everything_of_billing_is_made(world: World) -> None:
    first = await load(world, whole())
    billing = ("plan assignment", "address", "tax id", "tax status", "coupon", "usage event")
    assert [first.created[kind] for kind in billing] == [1, 2, 1, 1, 1, 1]  # type: ignore[index] # kinds, all
    terms = await plans.terms_of(world.app.database, NEW, Month(202602))
    assert terms is not None
    assert (terms.plan.plan_code, terms.tax_id, terms.is_tax_exempt) == (
        "growth",
        "DE136695976",
        True,
    )
    assert terms.address is not None
    assert terms.address.state == "NY"
    (coupon,) = await told(world, OPERATOR, f"/_operator/v1/customers/{NEW}/coupons")
    assert (coupon["value"], coupon["periods_left"]) == ("50", 2)
    before = await rows(world)
    second = await load(world, whole())
    assert (second.created, second.notes) == ({}, [])
    assert await rows(world) == before


async def test_what_stands_is_left_and_told(world: World) -> None:
    await load(world, whole())
    other = {
        "plan": "small",
        "billing_address": {**ADDRESS, "city": "Sampletown"},
        "coupons": [{**COUPON, "value": "5"}],
        "tax_id": "DE 123456788",
    }
    changed = {"plans": [{**GROWTH_PLAN, "commit": "1"}, {**GROWTH_PLAN, "plan_code": "small"}]}
    before = await documents.plan(world.app.database, "growth")
    loaded = await load(world, scenario(changed, **other))
    assert loaded.created == {"plan": 1}
    assert loaded.notes == [
        "plans[0]: another plan stands, and is left",
        "customers[0].plan: 'growth' stands, and is left",
        "customers[0].billing_address.city: None stands, and is left",
        "customers[0].tax_id: 'DE136695976' stands, and is left",
        "customers[0].coupons[0].value: '50' stands, and is left",
    ]
    assert await documents.plan(world.app.database, "growth") == before


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no such plan": ({"plan": "none"}, "customers[0].plan: there is no plan 'none'"),
    "two plans": (
        {"pricing_plan": "enterprise"},
        "customers[0].pricing_plan: leave it out: there is a plan",
    ),
    "no such metric": (
        {"usage": [{**USE, "metric": "letters"}]},
        "customers[0].usage[0]: The product has no such metric",
    ),
    "no region": (
        {"usage": [USE, {**USE, "id": "2", "region": None}]},
        "customers[0].usage[1]: The metric is counted by region, and it names none",
    ),
    "too old": (
        {"usage": [{**USE, "timestamp": "2025-12-31T00:00:00Z"}]},
        "customers[0].usage[0]: It happened before the customer was created",
    ),
    "to come": (
        {"usage": [{**USE, "timestamp": "2026-03-09T00:00:00Z"}]},
        "customers[0].usage[0]: It happened more than 5 minutes from now",
    ),
    "no time": (
        {"usage": [{**USE, "timestamp": "next month"}]},
        "customers[0].usage[0].timestamp: is neither an RFC 3339 time nor",
    ),
    "less than nothing": (
        {"usage": [{**USE, "quantity": "-1"}]},
        "customers[0].usage[0]: Its quantity is negative",
    ),
    "the same event twice": (
        {"usage": [USE, USE]},
        "customers[0].usage[1].id: is the same as customers[0].usage[0].id",
    ),
    "no such service": (
        {"usage": [{**USE, "service": "api"}]},
        "customers[0].usage[0].service: 'api' is no service of this customer",
    ),
    "no such scope": (
        {"coupons": [COUPON, {**COUPON, "code": "B", "scope": "letters"}]},
        "customers[0].coupons[1].scope: nothing that is sold is 'letters'",
    ),
    "the same coupon twice": ({"coupons": [COUPON, COUPON]}, "customers[0].coupons[1]: is the"),
    "parts of a cent": (
        {"coupons": [{**COUPON, "kind": "fixed", "value": "0.001"}]},
        "customers[0].coupons[0].value: has more decimals than the 2 of USD",
    ),
    "no tax id": ({"tax_id": "DE1"}, "customers[0].tax_id: Tax id"),
    "yet to come": (
        {"created_at": "2027-01-01T00:00:00Z"},
        "customers[0].created_at: is yet to come",
    ),
}


@pytest.mark.changes_nothing
@pytest.mark.parametrize("what", list(REFUSED))
async def test_a_bad_file_is_refused_with_its_place(world: World, what: str) -> None:
    change, why = REFUSED[what]
    told_of = await refusal_of(world, change)
    assert told_of.startswith(why), told_of


async def refusal_of(world: World, change: dict[str, Any]) -> str:
    """What is said of a file, whether as it is read or as it is held against what stands."""
    try:
        wanted = whole(**change)
    except BadScenario as problem:
        return str(problem)
    return await refusal(world, wanted)


PRICES: dict[str, tuple[dict[str, Any], str]] = {
    "no such metric": (
        {"plans": [GROWTH_PLAN], "catalogue": {"metrics": [METRIC]}},
        "plans[0].charges[0].metric: the catalogue has no cdn_usage bandwidth",
    ),
    "twice": ({"plans": [GROWTH_PLAN, GROWTH_PLAN]}, "plans[1].plan_code: is the same as"),
    "no code": ({"plans": [{**GROWTH_PLAN, "plan_code": "a b"}]}, "plans[0].plan_code: may have"),
    "no price": (
        {"plans": [{**GROWTH_PLAN, "charges": [{**PLAN["charges"][1], "unit_price": "x"}]}]},
        "plans[0].charges[0].unit_price",
    ),
    "unknown": ({"plans": [{**GROWTH_PLAN, "comit": "1"}]}, "plans[0].comit: is no key of this"),
    "no rate": ({"tax_rules": [{**TAX, "rate": None}]}, "tax_rules[0].rate"),
    "a tax on nothing": (
        {"tax_rules": [TAX, {**TAX, "applies_to": ["Mail"]}]},
        "tax_rules[1].applies_to[0]: nothing that is sold is of the product line 'Mail'",
    ),
    "no divisor": (
        {"catalogue": {"metrics": [{**METRIC, "divisor": 3}]}},
        "catalogue.metrics[0]: divisor: must be a power of ten",
    ),
}


@pytest.mark.changes_nothing
@pytest.mark.parametrize("what", list(PRICES))
async def test_bad_prices_are_refused_with_their_place(world: World, what: str) -> None:
    top, why = PRICES[what]
    try:
        told_of = await refusal(world, scenario(top))
    except BadScenario as problem:
        told_of = str(problem)
    assert told_of.startswith(why), told_of


async def test_a_catalogue_that_a_standing_plan_needs_more_of_is_refused(world: World) -> None:
    await world.ask(OPERATOR, "PUT", GROWTH, json=PLAN)
    wanted = scenario({"catalogue": {"metrics": [METRIC]}})
    assert await refusal(world, wanted) == "catalogue: plan 'growth' stands, and needs more"


async def test_a_catalogue_is_loaded_before_what_is_used_by_it(world: World) -> None:
    letters = {"id": "a", "product_id": "mail", "metric": "letters", "quantity": 5}
    wanted = scenario(
        {"catalogue": {"metrics": [METRIC]}}, usage=[{**letters, "timestamp": "last month"}]
    )
    assert (await load(world, wanted)).created["usage event"] == 1
    assert (await load(world, wanted)).created == {}
    other = scenario({"catalogue": {"metrics": [{**METRIC, "name": "Post"}]}})
    assert (await load(world, other)).notes == ["catalogue: another catalogue stands, and is left"]


async def test_what_a_plan_of_the_file_sells_can_be_taxed(world: World) -> None:
    fee = {"name": "Letters", "amount": "5", "product_line": "Mail"}
    top = {
        "tax_rules": [{**TAX, "applies_to": ["Mail"]}],
        "plans": [{**GROWTH_PLAN, "recurring_fees": [fee]}],
    }
    assert (await load(world, scenario(top))).created["tax table"] == 1


async def test_an_event_of_another_customer_is_refused(world: World) -> None:
    await load(world, whole())
    users = [{"login": "vera@example.com", "role": "superuser"}]
    other = whole(id="5AnotherCompany0000000", name="Another", users=users)
    assert await refusal(world, other) == (
        "customers[0].usage[0].id: an event of another customer has it"
    )


async def test_more_usage_than_is_written_at_once_is_all_taken_in(world: World) -> None:
    many = [{**USE, "id": str(number), "quantity": "0.000001"} for number in range(450)]
    wanted = whole(usage=many)
    assert (await load(world, wanted)).created["usage event"] == 450
    assert (await load(world, wanted)).unchanged["usage event"] == 450
    path = "/billing/v3/usage-metrics?start_month=2026-03&end_month=2026-03"
    answer = await world.ask(OPERATOR, "GET", f"{path}&customer_id={NEW}")
    (metric,) = answer.json()["data"]
    assert str(metric["raw_quantity"]) == "0.00045"


def test_numbers_are_exact_as_they_stand_in_a_file() -> None:
    head = "plans:\n  - {plan_code: a, name: A, commit: "
    for written, exact in (("0.1", "0.1"), ("1_000.10", "1000.1"), ("7", "7")):
        (plan,) = read_text(f"{head}{written}}}").plans
        assert str(plan.commit) == exact
    text = '{"plans": [{"plan_code": "a", "name": "A", "commit": 0.100000000001}]}'
    (plan,) = read_text(text, is_json=True).plans
    assert str(plan.commit) == "0.100000000001"
    for odd in (".inf", ".nan", "-1", "0.1234567890123"):
        with pytest.raises(BadScenario):
            read_text(f"{head}{odd}}}")


async def test_a_customer_that_stands_gets_what_it_lacks(world: World) -> None:
    top = {"plans": [GROWTH_PLAN]}
    given = {"id": WIDGETS, "name": "Example Widgets", "plan": "growth", "coupons": [COUPON]}
    wanted = read_text(json.dumps({**top, "customers": [given]}))
    assert (await load(world, wanted)).created == {"plan": 1, "plan assignment": 1, "coupon": 1}
    assert (await load(world, wanted)).created == {}
    assert await plans.terms_of(world.app.database, OTHER, Month(202603)) is None
