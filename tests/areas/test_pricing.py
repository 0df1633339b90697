"""The catalogue, the taxes and the plans, as an operator sets them (contract: billing §9 O4)."""

import asyncio
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from sqlalchemy import insert

from tenantry.areas.pricing import documents
from tenantry.core.billing_tables import usage_months
from tenantry.core.ids import is_id
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tests.pricing_writes import CATALOGUE, GROWTH, METRIC, PLAN, TAX
from tests.stored import changed, stored
from tests.world import ADA, NOW, OPERATOR, WIDGETS, World

TAX_RULES = "/_operator/v1/tax-rules"
PLANS = "/_operator/v1/plans"
BANDWIDTH = PLAN["charges"][0]
TIERS = BANDWIDTH["tiers"]


async def put(world: World, path: str, body: Any, status: int = 200, who: str = OPERATOR) -> Any:
    answer = await world.ask(who, "PUT", path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def get(world: World, path: str, status: int = 200) -> Any:
    answer = await world.ask(OPERATOR, "GET", path)
    assert answer.status_code == status, answer.text
    return answer.json()


async def use(world: World, product_id: str, metric: str) -> None:
    """Have something of a metric used."""

    async def work(unit: Unit) -> None:
        row = {"customer_id": WIDGETS, "month": 202602, "region": "", "millions": 1, "micros": 0}
        row |= {"product_id": product_id, "metric": metric, "updated_at": NOW}
        await unit.run(Statement(insert(usage_months)), **row)

    await world.app.database.write(work)


async def test_what_is_built_in_is_told_until_it_is_replaced(world: World) -> None:
    found = await get(world, CATALOGUE)
    assert (found["revision"], found["id"], found["created_at"]) == (0, "", None)
    assert len(found["body"]["metrics"]) == 6
    assert (await get(world, TAX_RULES))["body"] == {"tax_rules": []}
    assert await get(world, PLANS) == []
    assert await get(world, f"{CATALOGUE}/history") == []
    await get(world, GROWTH, 404)
    await get(world, f"{GROWTH}/history", 404)


async def test_each_change_is_a_revision_and_what_changes_nothing_is_none(world: World) -> None:
    first = await put(world, CATALOGUE, {"metrics": [METRIC]})
    assert (first["revision"], first["key_name"]) == (1, "operator")
    assert (is_id(first["id"]), len(first["id"])) == (True, 22)
    assert first["created_at"] == "2026-03-01T10:00:00Z"
    assert await put(world, CATALOGUE, {"metrics": [METRIC]}) == first
    second = await put(world, CATALOGUE, {"metrics": [METRIC, {**METRIC, "metric": "stamps"}]})
    assert (second["revision"], second["id"]) == (2, first["id"])
    assert await get(world, CATALOGUE) == second
    assert await get(world, f"{CATALOGUE}/history") == [second, first]
    answer = await world.ask(OPERATOR, "GET", f"{CATALOGUE}/history?per_page=1&page=2")
    assert answer.json() == [first]
    assert 'rel="prev"' in answer.headers["link"]


async def test_a_plan_is_told_with_every_digit(world: World) -> None:
    made = await put(world, GROWTH, PLAN)
    body = made["body"]
    assert (body["plan_code"], body["commit"], body["parent_pay"]) == ("growth", "2000", False)
    assert body["charges"][0]["tiers"] == [
        {"unit_price": "0.12", "up_to": "10000", "flat_fee": "0"},
        {"unit_price": "0.08", "up_to": None, "flat_fee": "0"},
    ]
    # Numbers are the same as texts, and however they are written they are no other revision.
    text = msgspec.json.encode(PLAN).replace(b'"0.12"', b"0.120").replace(b'"300.00"', b"3e2")
    headers = {"Content-Type": "application/json"}
    answer = await world.ask(OPERATOR, "PUT", GROWTH, content=text, headers=headers)
    assert answer.json() == made
    for revision, price in ((2, "0.100000000001"), (3, "0.000000000001")):
        changed_text = text.replace(b"0.120", price.encode())
        answer = await world.ask(OPERATOR, "PUT", GROWTH, content=changed_text, headers=headers)
        for told in (answer.json(), await get(world, GROWTH), (await get(world, PLANS))[0]):
            assert told["revision"] == revision
            assert told["body"]["charges"][0]["tiers"][0]["unit_price"] == price
        plan = await documents.plan(world.app.database, "growth")
        assert plan is not None
        assert plan.charges[0].tiers[0].unit_price == Decimal(price)
    assert [one["revision"] for one in await get(world, f"{GROWTH}/history")] == [3, 2, 1]


def _charge(**more: Any) -> dict[str, Any]:
    return {"charges": [{**BANDWIDTH, **more}]}


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no name": ({"name": None}, "name"),
    "an unknown field": ({"comit": "1"}, "comit: is not known"),
    "another code": ({"plan_code": "other"}, "plan_code: is 'growth' in the path"),
    "no money": ({"commit": "much"}, "commit"),
    "not finite": ({"commit": "NaN"}, "commit"),
    "negative": ({"commit": "-1"}, "commit: is negative"),
    "negative fee": ({"recurring_fees": [{"name": "a", "amount": "-1"}]}, "recurring_fees[0]"),
    "no currency": ({"currency": "US"}, "currency"),
    "no metric": (_charge(metric="letters"), "charges[0].metric: the catalogue has no cdn_usage"),
    "a region of none": (
        _charge(product_id="ngwaf", metric="requests", region="usa"),
        "charges[0].region: ngwaf requests has no regions",
    ),
    "no region": (_charge(region="moon"), "charges[0]"),
    "bounds that fall": (
        _charge(tiers=[{"up_to": "9", "unit_price": "1"}, {"up_to": "9", "unit_price": "1"}]),
        "charges[0]",
    ),
    "a bound at the end": (
        _charge(tiers=[{"up_to": "9", "unit_price": "1"}]),
        "charges[0].tiers[0].up_to",
    ),
    "a tier without a price": (_charge(tiers=[{"up_to": None}]), "charges[0].tiers[0].unit_price"),
    "twice the same": ({"charges": [BANDWIDTH, BANDWIDTH]}, "charges[1]"),
    "13 decimals": (_charge(free_units="0.1234567890123"), "charges[0].free_units"),
}


@pytest.mark.changes_nothing
@pytest.mark.parametrize("what", list(REFUSED))
async def test_a_bad_plan_is_refused_with_its_place(world: World, what: str) -> None:
    change, place = REFUSED[what]
    before = await stored(world)
    told = await put(world, GROWTH, {**PLAN, **change}, 400)
    assert told["msg"] == "Bad request"
    assert told["detail"].startswith(place), told
    assert changed(before, await stored(world)) == set()


@pytest.mark.changes_nothing
@pytest.mark.parametrize("code", ["a%20b", "-a", "a" * 65, "%C3%A9", "a%2Fb"])
async def test_a_plan_has_a_code_that_can_stand_in_a_path(world: World, code: str) -> None:
    answer = await world.ask(OPERATOR, "PUT", f"{PLANS}/{code}", json=PLAN)
    assert answer.status_code in {400, 404}
    assert await get(world, PLANS) == []


async def test_a_plan_keeps_its_currency(world: World) -> None:
    await put(world, GROWTH, PLAN)
    told = await put(world, GROWTH, {**PLAN, "currency": "EUR"}, 400)
    assert told["detail"] == "currency: the plan is in USD, and stays so"
    await put(world, f"{PLANS}/euro", {**PLAN, "currency": "eur"})
    found = [(one["body"]["plan_code"], one["body"]["currency"]) for one in await get(world, PLANS)]
    assert found == [("euro", "EUR"), ("growth", "USD")]


@pytest.mark.changes_nothing
@pytest.mark.parametrize("divisor", [0, 3, 20, -10, 5000, "ten"])
async def test_a_divisor_is_a_power_of_ten(world: World, divisor: Any) -> None:
    told = await put(world, CATALOGUE, {"metrics": [{**METRIC, "divisor": divisor}]}, 400)
    assert told["detail"].startswith("metrics[0].divisor")


async def test_what_a_plan_charges_stays_in_the_catalogue(world: World) -> None:
    await put(world, GROWTH, PLAN)
    told = await put(world, CATALOGUE, {"metrics": [METRIC]}, 409)
    assert told["code"] == "in_use"
    assert "'growth'" in told["detail"]
    assert "charges[0].metric" in told["detail"]
    regional = (await get(world, CATALOGUE))["body"]["metrics"]
    flat = [{**one, "is_regional": False} for one in regional]
    told = await put(world, CATALOGUE, {"metrics": flat}, 409)
    assert "charges[1].region" in told["detail"]
    assert (await get(world, CATALOGUE))["revision"] == 0
    await put(world, CATALOGUE, {"metrics": [*regional[:2], METRIC]})


async def test_what_was_used_goes_on_to_be_counted_as_it_was(world: World) -> None:
    await put(world, CATALOGUE, {"metrics": [METRIC]})
    await put(world, CATALOGUE, {"metrics": [{**METRIC, "divisor": 10}]})
    await use(world, "mail", "letters")
    other = {**METRIC, "metric": "stamps"}
    for metrics in ([other], [{**METRIC, "divisor": 100}], [{**METRIC, "is_regional": True}]):
        told = await put(world, CATALOGUE, {"metrics": metrics}, 409)
        assert "There is usage of mail letters" in told["detail"]
    renamed = {**METRIC, "divisor": 10, "name": "Post"}
    assert (await put(world, CATALOGUE, {"metrics": [renamed, other]}))["revision"] == 3


async def test_taxes_are_a_table(world: World) -> None:
    rule = {**TAX, "country": "us"}
    made = await put(world, TAX_RULES, {"tax_rules": [rule]})
    assert made["body"]["tax_rules"][0]["rate"] == "0.0825"
    assert made["body"]["tax_rules"][0]["country"] == "US"
    for wrong, place in (
        ({"tax_rules": [{**TAX, "rate": "x"}]}, "tax_rules[0].rate: "),
        ({"tax_rules": [TAX, {**TAX, "country": "USA"}]}, "tax_rules[1].country: "),
        ({"rules": []}, "tax_rules: must be the list"),
        ({}, "tax_rules: must be the list"),
    ):
        told = await put(world, TAX_RULES, wrong, 400)
        assert told["detail"].startswith(place)
    assert await get(world, TAX_RULES) == made
    (rule_read,) = await documents.tax_rules(world.app.database)
    assert rule_read.rate == Decimal("0.0825")


async def test_a_tax_is_for_what_is_sold(world: World) -> None:
    """A line that is misspelt would never be taxed, and nobody would hear of it."""
    fee = {"name": "Support", "amount": "300.00", "product_line": "Services"}
    rule = {**TAX, "applies_to": ["Network Services", "Account"]}
    for named in ("Network services", "cdn_usage", "Services", "Tax", ""):
        told = await put(
            world, TAX_RULES, {"tax_rules": [TAX, {**rule, "applies_to": ["Compute", named]}]}, 400
        )
        why = f"nothing that is sold is of the product line '{named}'"
        assert told["detail"] == f"tax_rules[1].applies_to[1]: {why}"
    assert (await get(world, TAX_RULES))["revision"] == 0
    await put(world, GROWTH, {**PLAN, "recurring_fees": [fee]})
    await put(world, TAX_RULES, {"tax_rules": [rule, {**rule, "applies_to": ["Services"]}]})


async def test_what_a_tax_is_for_stays(world: World) -> None:
    fee = {"name": "Support", "amount": "300.00", "product_line": "Services"}
    metrics = (await get(world, CATALOGUE))["body"]["metrics"]
    await put(world, GROWTH, {**PLAN, "recurring_fees": [fee]})
    lines = ["Security", "Services"]
    await put(world, TAX_RULES, {"tax_rules": [{**TAX, "applies_to": lines}]})
    renamed = {**metrics[4], "product_line": "Safety"}
    for path, body, line in (
        (CATALOGUE, {"metrics": [*metrics[:2], renamed]}, "Security"),
        (GROWTH, PLAN, "Services"),
    ):
        told = await put(world, path, body, 409)
        assert (told["code"], told["detail"]) == (
            "in_use",
            f"Tax rule 'Example State sales tax' taxes the product line '{line}'",
        )
    await put(world, CATALOGUE, {"metrics": [*metrics[:2], metrics[4]]})
    await put(world, f"{PLANS}/other", {**PLAN, "recurring_fees": [fee]})
    await put(world, GROWTH, PLAN)


async def test_two_processes_write_one_after_the_other(world: World, elsewhere: World) -> None:
    bodies = [{**PLAN, "name": f"Number {number}"} for number in range(12)]
    both = (world, elsewhere) * 6
    made = await asyncio.gather(
        *(put(one, GROWTH, body) for one, body in zip(both, bodies, strict=True))
    )
    assert sorted(one["revision"] for one in made) == list(range(1, 13))
    assert len({one["id"] for one in made}) == 1


async def test_what_one_needs_and_another_takes_away_at_once(
    world: World, elsewhere: World
) -> None:
    """One of both is refused, whoever comes first."""
    metrics = (await get(world, CATALOGUE))["body"]["metrics"]
    for _ in range(5):
        await put(world, GROWTH, {**PLAN, "charges": []})
        await put(world, CATALOGUE, {"metrics": metrics})
        answers = await asyncio.gather(
            world.ask(OPERATOR, "PUT", CATALOGUE, json={"metrics": [METRIC]}),
            elsewhere.ask(OPERATOR, "PUT", GROWTH, json=PLAN),
        )
        assert sorted(one.status_code for one in answers) in ([200, 400], [200, 409])


@pytest.mark.parametrize("path", [CATALOGUE, TAX_RULES, GROWTH, PLANS, f"{GROWTH}/history"])
async def test_customers_see_no_prices_of_the_installation(world: World, path: str) -> None:
    await put(world, GROWTH, PLAN)
    assert (await world.ask(ADA, "GET", path)).status_code == 403
    assert (await world.ask(None, "GET", path)).status_code == 401
