"""Invoices as clients read them: one, lists of them, pages (contract: billing §3.1 to §3.3)."""

from decimal import Decimal
from typing import Any

import pytest

from tenantry.areas.invoices.model import ALWAYS
from tenantry.areas.pricing.months import Month
from tenantry.http.paging import cursor
from tests.areas.invoice_calls import (
    INVOICES,
    MARCH,
    done,
    event,
    give_plan,
    got,
    invoiced_example,
    post,
    turn_to,
    use,
)
from tests.areas.rating_example import LINES
from tests.world import ADA, BILL, EVE, OPERATOR, OTHER, WIDGETS, World

SMALL: dict[str, Any] = {
    "plan_code": "small",
    "name": "Small",
    "recurring_fees": [{"name": "Platform", "amount": "10.00"}],
}


async def _post_months(world: World, count: int) -> list[str]:
    """Invoices for March and the months after it, of one fee each; their ids."""
    await give_plan(world, SMALL)
    month, ids = MARCH, []
    for _ in range(count):
        world.clock.now = month.end
        ids += await post(world, month)
        month = month.plus(1)
    return ids


async def test_the_worked_example_as_it_is_posted(world: World) -> None:
    invoice_id = await invoiced_example(world)
    answer = await world.ask(BILL, "GET", f"{INVOICES}/{invoice_id}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    head, _, lines = answer.text.partition('"transaction_line_items":')
    assert head == (
        f'{{"customer_id":"{WIDGETS}","invoice_id":"{invoice_id}",'
        '"invoice_posted_on":"2026-04-04T00:00:00Z","billing_start_date":"2026-03-01T00:00:00Z",'
        f'"billing_end_date":"2026-03-31T23:59:59Z","statement_number":"S202603-{invoice_id}",'
        '"currency_code":"USD","monthly_transaction_amount":2056.75,'
    )
    for description, units, rate, amount in LINES:
        coupon = '"credit_coupon_code":"WELCOME100",' if description.startswith("Credit") else ""
        numbers = f'"amount":{amount},{coupon}"rate":{rate},"units":{units},"product_name":'
        assert f'{{"description":"{description}",{numbers}' in lines
    assert lines.count("description") == len(LINES)


async def test_it_is_the_same_bytes_for_ever(world: World) -> None:
    """Whatever becomes of plan, address, taxes, catalogue, usage and payments."""
    invoice_id = await invoiced_example(world)
    path = f"{INVOICES}/{invoice_id}"
    before = await world.ask(ADA, "GET", path)
    await give_plan(world, {**SMALL, "plan_code": "growth", "name": "Other"})
    await give_plan(world, SMALL)
    await done(world, "PUT", "/_operator/v1/tax-rules", {"tax_rules": []})
    catalogue = (await done(world, "GET", "/_operator/v1/catalogue"))["body"]
    renamed = [
        {**one, "name": "Renamed", "product_name": "Renamed"} for one in catalogue["metrics"]
    ]
    await done(world, "PUT", "/_operator/v1/catalogue", {"metrics": renamed})
    moved = {"locality": "Elsewhere", "country": "CH", "region": "ZH", "postal_code": "8000"}
    put = await world.ask(ADA, "PUT", "/billing/v3/customer-addresses/billing", json=moved)
    assert put.status_code == 202
    await use(world, event("late", ("cdn_usage", "bandwidth", "usa", "1000000000000")))
    await done(world, "POST", f"/_operator/v1/invoices/{invoice_id}/payments", {"status": "Paid"})
    assert await post(world) == [invoice_id]
    after = await world.ask(ADA, "GET", path)
    assert (after.content, after.headers["content-type"]) == (
        before.content,
        before.headers["content-type"],
    )
    turn_to(world, "2026-05-04T00:00:00Z")
    await post(world, Month(202604))
    assert (await world.ask(ADA, "GET", path)).content == before.content
    assert before.text in (await world.ask(ADA, "GET", INVOICES)).text


@pytest.mark.parametrize(
    "invoice_id",
    ["0", "01000001", "-1", "+1000001", "1000001.0", "1e6", "2147483648", "99999999999", "x", "१"],
)
async def test_what_is_no_number_is_no_invoice(world: World, invoice_id: str) -> None:
    (own,) = await _post_months(world, 1)
    assert (await world.ask(ADA, "GET", f"{INVOICES}/{own}")).status_code == 200
    answer = await world.ask(ADA, "GET", f"{INVOICES}/{invoice_id}")
    assert (answer.status_code, answer.json()) == (404, NOT_FOUND)


NOT_FOUND = {
    "type": "about:blank",
    "title": "Invoice not found",
    "code": "not_found",
    "status": "404",
}


async def test_another_customers_is_as_if_absent(world: World) -> None:
    (own,) = await _post_months(world, 1)
    answer = await world.ask(EVE, "GET", f"{INVOICES}/{own}")
    assert (answer.status_code, answer.json()) == (404, NOT_FOUND)
    assert (await got(world, INVOICES, EVE))["data"] == []
    impersonated = await world.ask(OPERATOR, "GET", f"{INVOICES}/{own}?customer_id={WIDGETS}")
    assert impersonated.status_code == 200
    other = await world.ask(OPERATOR, "GET", f"{INVOICES}/{own}?customer_id={OTHER}")
    assert other.status_code == 404


async def test_no_invoices_are_an_empty_list(world: World) -> None:
    answer = await world.ask(ADA, "GET", INVOICES)
    assert answer.text == (
        '{"data":[],"meta":{"next_cursor":"","limit":100,"sort":"billing_start_date","total":0}}'
    )


async def test_the_newest_is_first_and_pages_join(world: World) -> None:
    ids = await _post_months(world, 5)
    whole = await world.ask(ADA, "GET", INVOICES)
    assert [one["invoice_id"] for one in whole.json()["data"]] == ids[::-1]
    walked, following, pages = list[str](), "", 0
    while pages == 0 or following:
        body = await got(world, INVOICES, params={"limit": "2", "cursor": following})
        assert (body["meta"]["limit"], body["meta"]["total"]) == (2, 5)
        assert list(body) == ["data", "meta"]
        assert list(body["meta"]) == ["next_cursor", "limit", "sort", "total"]
        walked += [one["invoice_id"] for one in body["data"]]
        following, pages = body["meta"]["next_cursor"], pages + 1
    assert (walked, pages) == (ids[::-1], 3)
    span = {"billing_start_date": "2026-04-01", "billing_end_date": "2026-07-31", "limit": "2"}
    following = (await got(world, INVOICES, params=span))["meta"]["next_cursor"]
    body = await got(world, INVOICES, params={**span, "cursor": following})
    assert [one["invoice_id"] for one in body["data"]] == ids[2:0:-1]
    for other in ({}, {**span, "billing_end_date": "2026-06-30"}):
        answer = await world.ask(ADA, "GET", INVOICES, params={**other, "cursor": following})
        assert answer.status_code == 400, "a cursor of another span"


FILTERS: dict[str, tuple[dict[str, str], list[int]]] = {
    "from its very start": ({"billing_start_date": "2026-04-01"}, [4, 5]),
    "from a day later": ({"billing_start_date": "2026-04-02"}, [5]),
    "to its very end": ({"billing_end_date": "2026-04-30"}, [3, 4]),
    "to a day earlier": ({"billing_end_date": "2026-04-29"}, [3]),
    "one month": ({"billing_start_date": "2026-04-01", "billing_end_date": "2026-04-30"}, [4]),
    "less than a month": (
        {"billing_start_date": "2026-04-02", "billing_end_date": "2026-05-30"},
        [],
    ),
    "one day": ({"billing_start_date": "2026-04-01", "billing_end_date": "2026-04-01"}, []),
    "long ago": ({"billing_end_date": "0001-01-01"}, []),
    "far ahead": ({"billing_start_date": "9999-12-31"}, []),
    "all time": ({"billing_start_date": "0001-01-01", "billing_end_date": "9999-12-31"}, [3, 4, 5]),
    "nothing given": ({"billing_start_date": "", "billing_end_date": "", "cursor": ""}, [3, 4, 5]),
}


async def test_filters_are_by_whole_days_both_ends_in(world: World) -> None:
    await _post_months(world, 3)
    for what, (parameters, months) in FILTERS.items():
        body = await got(world, INVOICES, params=parameters)
        found = [int(one["billing_start_date"][5:7]) for one in body["data"]]
        assert (found, body["meta"]["total"]) == (months[::-1], len(months)), what


WRONG: dict[str, dict[str, str]] = {
    "no date": {"billing_start_date": "soon"},
    "no such day": {"billing_start_date": "2026-02-30"},
    "no such month": {"billing_end_date": "2026-13-01"},
    "a time": {"billing_end_date": "2026-03-01T00:00:00Z"},
    "short": {"billing_end_date": "2026-3-1"},
    "a week": {"billing_start_date": "2026-W10-1"},
    "other digits": {"billing_start_date": "२०२६-03-01"},
    "end before start": {"billing_start_date": "2026-03-02", "billing_end_date": "2026-03-01"},
    "zero": {"limit": "0"},
    "negative": {"limit": "-1"},
    "a fraction": {"limit": "1.5"},
    "a word": {"limit": "many"},
    "no cursor": {"cursor": "x"},
    "no place": {"cursor": cursor("invoices")},
    "another list's cursor": {"cursor": cursor("events", WIDGETS, 202603)},
    "another customer's cursor": {"cursor": cursor("invoices", OTHER, *ALWAYS, 202603)},
    "another span's cursor": {"cursor": cursor("invoices", WIDGETS, 202601, 202612, 202603)},
    "a word for a place": {"cursor": cursor("invoices", WIDGETS, *ALWAYS, "202603")},
}


@pytest.mark.changes_nothing
@pytest.mark.parametrize("what", list(WRONG))
async def test_bad_parameters_are_told(world: World, what: str) -> None:
    answer = await world.ask(ADA, "GET", INVOICES, params=WRONG[what])
    assert answer.status_code == 400, answer.text
    body = answer.json()
    assert (body["code"], body["status"], set(body)) == (
        "bad_request",
        "400",
        {"type", "title", "code", "status"},
    )


async def test_a_limit_is_clamped(world: World) -> None:
    for asked, effective in (("201", 200), ("200", 200), ("1", 1), ("9" * 30, 200)):
        body = await got(world, INVOICES, params={"limit": asked})
        assert body["meta"]["limit"] == effective


async def test_what_is_not_posted_is_not_there(world: World) -> None:
    """Between its end and its posting a month is neither listed nor the month to date (R17)."""
    await give_plan(world, SMALL)
    world.clock.now = MARCH.end
    assert (await got(world, INVOICES))["data"] == []
    running = await got(world, f"{INVOICES}/month-to-date")
    assert running["billing_start_date"] == "2026-04-01T00:00:00Z"
    await post(world)
    (one,) = (await got(world, INVOICES))["data"]
    assert one["monthly_transaction_amount"] == Decimal("10.00")
