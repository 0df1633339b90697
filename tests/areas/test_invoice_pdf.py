"""An invoice as a PDF: what it says, to whom it is given, and that it never changes."""

import asyncio
import threading
from functools import partial
from typing import Any

import pytest

from tenantry.areas.invoices import pdf as typesetting
from tenantry.areas.invoices.paper import Group, Item, Paper, Party, Sum
from tenantry.areas.invoices.words import Words
from tenantry.areas.pricing import sellers
from tenantry.areas.pricing.parties import Seller
from tenantry.core.errors import Problem
from tests.areas.invoice_calls import credited, give_plan, invoiced_example, post, turn_to
from tests.areas.pdf_calls import dated, fetch, pages, text
from tests.areas.rating_example import PLAN
from tests.world import ADA, BEN, BILL, EVE, WIDGETS, World

SELLER = Seller("Example Networks", ("5 Sample Street", "8000 Zürich"), "CHE-123.456.789")
FEES = {**PLAN, "commit": "0", "charges": []}
POSTED = "2026-04-04T00:00:00Z"


async def sell(world: World, seller: Seller = SELLER) -> None:
    """Start the server with these settings."""
    await sellers.begin(world.app.database, world.app.keyring, seller)


async def posted(world: World, **plan: Any) -> bytes:
    """What Ada's customer gets for March by a plan of his own."""
    await give_plan(world, {**FEES, **plan})
    turn_to(world, POSTED)
    (number,) = await post(world)
    return await fetch(world, number)


def fee(name: str, amount: str = "5.00") -> dict[str, str]:
    return {"name": name, "amount": amount}


async def rename(world: World, name: str) -> None:
    answer = await world.ask(ADA, "PUT", f"/customer/{WIDGETS}", data={"name": name})
    assert answer.status_code == 200, answer.text


WHOLE = """Example Networks Invoice
BILLED TO
Example Widgets
1 Example Way
Exampleville DE 00000
UNITED STATES
FROM
Example Networks
5 Sample Street
8000 Zürich
Tax ID: CHE-123.456.789
Statement number S202603-1000001
Issued 4 April 2026
Due 19 April 2026
Billing period 1 - 31 March 2026
Customer 1ExampleWidgets0000000
Plan Example Growth
USD 2,056.75 due by 19 April 2026
DESCRIPTION UNITS RATE AMOUNT, USD
Full-Site Delivery
North America Bandwidth - Tier 1 10,000 0.12 1,200.00
North America Bandwidth - Tier 2 2,345.678901234 0.08 187.65
North America Requests 12,345.6789 0.0075 92.59
Europe Bandwidth - Tier 1 3.5 0.12 0.42
Europe Requests 0.5 0.009 0.00
Full-Site Delivery 1,480.66
Image Optimizer
Image Optimizer Requests - Included 100 0.00 0.00
Image Optimizer Requests 25 0.35 8.75
Image Optimizer 8.75
Minimum commitment
Commit shortfall 1 510.59 510.59
Subtotal 2,000.00
Credit WELCOME100 -100.00
Example State sales tax
8.25% of 1,900.00
156.75
Total USD 2,056.75
Net 15: please pay by 19 April 2026, naming statement S202603-1000001.
Months, days and times are in UTC.
Example Networks S202603-1000001 Page 1 of 1"""


async def test_the_worked_example(world: World) -> None:
    await sell(world)
    assert text(await fetch(world, await invoiced_example(world))) == WHOLE


async def test_it_is_a_file_with_a_name_for_its_customer_alone(world: World) -> None:
    path = f"/_tenantry/v1/invoices/{await invoiced_example(world)}/pdf"
    answer = await world.ask(BILL, "GET", path)
    disposition = 'attachment; filename="S202603-1000001.pdf"'
    assert answer.headers["content-disposition"] == disposition
    assert (await world.ask(BEN, "GET", path)).status_code == 403
    foreign = await world.ask(EVE, "GET", path)
    unknown = await world.ask(EVE, "GET", path.replace("1000001", "1000007"))
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert foreign.text == unknown.text.replace("1000007", "1000001")


async def test_it_is_the_same_for_ever(world: World) -> None:
    """Whatever changes afterwards, and whoever sets it: another process has a fresh compiler."""
    await sell(world)
    number = await invoiced_example(world)
    before = await fetch(world, number)
    assert dated(before) == POSTED
    await rename(world, "Renamed")
    await sell(world, Seller("Sold Networks"))
    await give_plan(world, {**PLAN, "name": "Dearer", "commit": "9000"})
    for path, body in (
        ("customer-addresses/billing", {"address_1": "7 Other Road", "country": "CH"}),
        ("tax-id", {"tax_id": "CHE-116.281.710 MWST"}),
    ):
        await world.ask(ADA, "PUT", f"/billing/v3/{path}", json=body)
    turn_to(world, "2026-05-20T09:30:01Z")
    typesetting._compiler.cache_clear()  # noqa: SLF001 - as in another process
    assert await fetch(world, number) == before


async def test_who_sells_may_be_said_later(world: World) -> None:
    number = await invoiced_example(world)
    assert text(await fetch(world, number)).startswith("Tenantry Invoice\nBILLED TO\n")
    await sell(world)
    assert text(await fetch(world, number)) == WHOLE


async def test_a_long_one_repeats_its_heads_and_counts_its_pages(world: World) -> None:
    told = pages(await posted(world, recurring_fees=[fee(f"Fee {n}.") for n in range(1, 401)]))
    assert len(told) > 5
    lines = [line for page in told for line in page.splitlines()]
    assert [line for line in lines if line.startswith("Fee ")] == [
        f"Fee {n}. 1 5.00 5.00" for n in range(1, 401)
    ]
    for place, page in enumerate(told, 1):
        assert page.splitlines()[-1].endswith(f"S202603-1000001 Page {place} of {len(told)}")
        if "Fee " in page:
            assert "DESCRIPTION UNITS RATE AMOUNT, USD\nRecurring fees\nFee " in page
    assert "Total USD 2,000.00" in told[-1]


SCRIPTS = (
    *("דוגמה תעשיות", "شركة المثال للتجارة", "Παράδειγμα", "Приклад"),
    *(
        "示例网络有限公司",
        "範例網路股份有限公司",
        "サンプル・ネットワーク株式会社",
        "주식회사 예시네트웍스",
    ),
)


@pytest.mark.parametrize("name", SCRIPTS)
async def test_names_are_written_in_their_own_scripts(world: World, name: str) -> None:
    await rename(world, name)
    content = await posted(world, recurring_fees=[fee("Support")])
    told = text(content)
    assert "[U+" not in told
    assert set(name) <= set(told)
    assert b"/FontFile2" in content or b"/FontFile3" in content


async def test_what_no_font_has_is_told_by_its_number(world: World) -> None:
    await rename(world, "ตัว Widgets 😀")
    told = " ".join(text(await posted(world, recurring_fees=[fee("Support")])).split())
    assert "[U+0E15][U+0E31][U+0E27] Widgets [U+1F600]" in told


CLEVER = '#read("invoice.typ") #panic() $x$ *b* `c` <d> @e \\ // "'


async def test_what_somebody_wrote_is_never_carried_out(world: World) -> None:
    await rename(world, CLEVER)
    plan = {"name": CLEVER, "recurring_fees": [fee(CLEVER)]}
    told = " ".join(text(await posted(world, **plan)).split())
    assert told.count(CLEVER) == 3


async def test_a_currency_without_decimals(world: World) -> None:
    told = text(await posted(world, currency="JPY", recurring_fees=[fee("Support", "12500")]))
    assert "AMOUNT, JPY" in told
    assert "Support 1 12,500 12,500" in told
    assert "Total JPY 12,500\n" in told


async def test_a_total_in_the_customers_favour_is_a_credit_note(world: World) -> None:
    number = await credited(world)
    told = text(await fetch(world, number))
    assert told.startswith("Tenantry Credit note\nBILLED TO\n")
    assert "Adjustment 2026-03: North America Bandwidth - Tier 1 -1,000 0.12 -120.00" in told
    assert "USD -120.00 no payment is due\n" in told
    assert "\nDue " not in told
    assert "The total is in your favour: there is nothing to pay." in told


async def test_others_are_served_meanwhile(world: World) -> None:
    fees = [fee(f"Fee {n}.") for n in range(400)]
    await posted(world, recurring_fees=fees)
    typesetting._compiler.cache_clear()  # noqa: SLF001 - so that it takes long
    asked = asyncio.create_task(fetch(world, 1_000_001))
    turns = 0
    while not asked.done():
        await asyncio.sleep(0)
        turns += 1
    await asked
    assert turns > 100


async def test_only_so_many_wait() -> None:
    """Who comes when too many wait is told to come again; the others get theirs."""
    begun, go = threading.Event(), threading.Event()

    def slowly() -> Paper:
        begun.set()
        go.wait()
        raise LookupError

    press = typesetting.Press()
    waiting = [asyncio.create_task(press.run(slowly)) for _ in range(typesetting.MOST_WAITING)]
    await asyncio.to_thread(begun.wait)
    with pytest.raises(Problem) as refused:
        await press.run(slowly)
    assert (refused.value.status, refused.value.headers) == (503, (("retry-after", "5"),))
    go.set()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {LookupError}


def sheet(lines: int, coupons: int) -> Paper:
    """An invoice with so many lines, and so many coupons used on it."""
    name = Words("Example Widgets")
    item = Item(Words("Europe Requests"), "1", "5.00", "5.00")
    return Paper(
        title="Invoice",
        number="S202603-1000001",
        date=(2026, 4, 4),
        heading=name,
        customer=Party(name, []),
        seller=None,
        facts=[],
        currency="USD",
        total="USD\u00a05.00",
        due="no payment is due",
        groups=[Group(name, "5.00", [item] * lines)],
        sums=[Sum(Words(f"Credit C{number:03}"), "\u22121.00") for number in range(coupons)],
        closing=["There is nothing to pay."],
    )


async def typeset(lines: int, coupons: int) -> list[str]:
    """The text of its pages."""
    return pages(await typesetting._press.run(partial(sheet, lines, coupons)))  # noqa: SLF001 - no invoice stands behind it


async def test_what_is_to_be_done_stands_below_the_total() -> None:
    """Also where a page ends just there: on a page of its own it says nothing."""
    found = set[int]()
    for lines in range(22, 33):
        *_, last = await typeset(lines, 2)
        assert "Total USD 5.00\nThere is nothing to pay." in last
        found.add(last.count("Europe Requests"))
    assert 0 in found


async def test_any_number_of_credits_is_shown() -> None:
    told = await typeset(1, 200)
    assert max(page.count("Credit C") for page in told) < 60
    assert sum(page.count("Credit C") for page in told) == 200
