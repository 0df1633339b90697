"""What an operator's till tells of an invoice (contract: billing §9 O7, §8.4)."""

import asyncio

import pytest

from tenantry.http.paging import cursor
from tests.areas.invoice_calls import INVOICES, done, got, invoiced_example
from tests.told import events_since
from tests.world import ADA, BILL, OPERATOR, WIDGETS, World

PAID = {"status": "Paid", "reference": "till-1"}


def _payments(invoice_id: str) -> str:
    return f"/_operator/v1/invoices/{invoice_id}/payments"


async def test_a_payment_and_a_failure_are_told_in_the_log(world: World) -> None:
    invoice_id = await invoiced_example(world)
    path, since = _payments(invoice_id), len(await world.events())
    unchanged = await world.ask(ADA, "GET", f"{INVOICES}/{invoice_id}")
    failed = await done(world, "POST", path, {"status": "Outstanding"})
    assert failed == {
        "number": 1,
        "status": "Outstanding",
        "reference": "",
        "created_at": "2026-04-04T00:00:00Z",
    }
    paid = await done(world, "POST", path, PAID)
    events = await events_since(world, since)
    told = {"invoice_id": invoice_id, "amount": "2056.75", "currency": "USD"}
    assert [(one["event_type"], one["description"]) for one in events] == [
        ("invoice.failed_payment", f"Invoice {invoice_id} payment failed"),
        ("invoice.payment", f"Invoice {invoice_id} was paid"),
    ]
    assert all((one["metadata"], one["customer_id"]) == (told, WIDGETS) for one in events)
    assert await done(world, "GET", path) == {
        "invoice_id": invoice_id,
        "currency": "USD",
        "amount": "2056.75",
        "status": "Paid",
        "limit": 100,
        "next_cursor": "",
        "data": [paid, failed],
    }
    shown = await world.ask(ADA, "GET", f"{INVOICES}/{invoice_id}")
    assert shown.content == unchanged.content
    seen = await got(world, "/events?filter[event_type]=invoice.payment")
    assert len(seen["data"]) == 1


async def test_the_same_payment_told_again_counts_once(world: World) -> None:
    path = _payments(await invoiced_example(world))
    first = await done(world, "POST", path, PAID)
    since = len(await world.events())
    again = await asyncio.gather(*(done(world, "POST", path, PAID) for _ in range(5)))
    assert again == [first] * 5
    assert len(await world.events()) == since
    back = await done(world, "POST", path, {**PAID, "status": "Outstanding"})
    assert back["number"] == 2


async def test_told_at_the_same_moment_it_counts_once(world: World) -> None:
    path = _payments(await invoiced_example(world))
    since = len(await world.events())
    await asyncio.gather(*(done(world, "POST", path, PAID) for _ in range(8)))
    assert await world.actions(since) == ["invoice.payment"]


async def test_pages_join(world: World) -> None:
    path = _payments(await invoiced_example(world))
    for number in range(5):
        await done(world, "POST", path, {"status": "Paid", "reference": f"till-{number}"})
    walked, following = list[int](), ""
    while not walked or following:
        body = await done(world, "GET", f"{path}?limit=2&cursor={following}")
        walked += [one["number"] for one in body["data"]]
        following = body["next_cursor"]
    assert walked == [5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    "body",
    [{}, {"status": "paid"}, {"status": "Failed"}, {"status": "Paid", "reference": "x" * 256}],
)
async def test_what_says_nothing_is_refused(world: World, body: dict[str, str]) -> None:
    path = _payments(await invoiced_example(world))
    since = len(await world.events())
    answer = await world.ask(OPERATOR, "POST", path, json=body)
    assert answer.status_code == 400, answer.text
    assert len(await world.events()) == since


async def test_it_is_the_operators_alone_and_of_an_invoice(world: World) -> None:
    path = _payments(await invoiced_example(world))
    for who in (ADA, BILL):
        assert (await world.ask(who, "POST", path, json=PAID)).status_code == 403
        assert (await world.ask(who, "GET", path)).status_code == 403
    for absent in ("999", "x", "0", "2147483648"):
        for method in ("GET", "POST"):
            answer = await world.ask(OPERATOR, method, _payments(absent), json=PAID)
            assert answer.status_code == 404
    for wrong in ("x", "W10", "WzBd", cursor(3), cursor(999, 3)):
        answer = await world.ask(OPERATOR, "GET", f"{path}?cursor={wrong}")
        assert answer.status_code == 400


async def test_told_to_two_processes_at_once_it_counts_once(world: World, elsewhere: World) -> None:
    path = _payments(await invoiced_example(world))
    elsewhere.clock.now = world.clock.now
    since = len(await world.events())
    both = [done(one, "POST", path, PAID) for _ in range(8) for one in (world, elsewhere)]
    told = await asyncio.gather(*both)
    assert [one["number"] for one in told] == [1] * 16
    assert await world.actions(since) == ["invoice.payment"]
