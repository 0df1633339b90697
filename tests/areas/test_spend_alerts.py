"""Spend alerts: who may set them, and that each tells once a month, when its amount is passed."""

import asyncio
from typing import Any

import pytest

from tenantry.areas.invoices.alerts_watch import Watch
from tests.areas.invoice_calls import event, give_plan, turn_to, use
from tests.areas.rating_example import PLAN
from tests.areas.test_invoice_mail import delivered, words
from tests.spend_alert_writes import ALERTS
from tests.world import ADA, BEN, BILL, DAY, EVE, OTHER, UMA, WIDGETS, Person, World

TERABYTE = ("cdn_usage", "bandwidth", "usa", "1000000000000")
"""Costs 120.00."""


async def alert(world: World, threshold: str, name: str = "Budget", who: Person = BILL) -> Any:
    answer = await world.ask(who, "POST", ALERTS, json={"name": name, "threshold": threshold})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def send(world: World, watch: Watch | None = None) -> list[dict[str, Any]]:
    """What a watch tells; by default one that has just begun."""
    letters = len(await world.letters())
    await (watch or Watch(world.app.database, world.app.keyring)).look()
    return (await world.letters())[letters:]


async def spend(world: World, name: str) -> None:
    """Another 120.00 of Ada's customer, a day later."""
    world.clock.turn(DAY)
    await use(world, event(name, TERABYTE))


async def test_they_are_set_changed_and_removed(world: World) -> None:
    made = await alert(world, "250.00", "  Half of it ")
    assert (made["name"], made["threshold"], made["sent_month"]) == ("Half of it", "250", None)
    path = f"{ALERTS}/{made['id']}"
    assert (await world.ask(BILL, "GET", path)).json() == made
    world.clock.turn(DAY)
    body = {"name": "All of it", "threshold": "500.5"}
    changed = (await world.ask(BILL, "PUT", path, json=body)).json()
    assert {key: changed[key] for key in body} == body
    assert (await world.ask(ADA, "GET", ALERTS)).json() == {"data": [changed]}
    assert (await world.ask(BILL, "DELETE", path)).status_code == 204
    for method in ("GET", "PUT", "DELETE"):
        sent = {"json": body} if method == "PUT" else {}
        assert (await world.ask(BILL, method, path, **sent)).status_code == 404
    assert (await world.ask(BILL, "GET", ALERTS)).json() == {"data": []}


async def test_they_are_their_customers_alone(world: World) -> None:
    path = f"{ALERTS}/{(await alert(world, '1'))['id']}"
    body = {"name": "x", "threshold": "2"}
    for method, sent in (("GET", {}), ("PUT", {"json": body}), ("DELETE", {})):
        assert (await world.ask(EVE, method, path, **sent)).status_code == 404
        assert (await world.ask(BEN, method, path, **sent)).status_code == 403
        assert (await world.ask(UMA, method, path, **sent)).status_code == 403
    assert (await world.ask(EVE, "GET", ALERTS)).json() == {"data": []}


@pytest.mark.changes_nothing
@pytest.mark.parametrize(
    "body",
    [
        {"name": "x"},
        {"threshold": "1"},
        {"name": " ", "threshold": "1"},
        {"name": "x" * 256, "threshold": "1"},
        *({"name": "x", "threshold": bad} for bad in ("0", "-1", "1e3", "NaN", "", "1.0000001")),
        {"name": "x", "threshold": 250},
    ],
)
async def test_what_can_be_no_alert_is_refused(world: World, body: dict[str, Any]) -> None:
    answer = await world.ask(BILL, "POST", ALERTS, json=body)
    assert (answer.status_code, answer.json()["title"]) == (400, "Bad request")


async def test_there_are_at_most_a_hundred(world: World) -> None:
    for number in range(100):
        await alert(world, str(number + 1), who=ADA)
    body = {"name": "x", "threshold": "1"}
    assert (await world.ask(ADA, "POST", ALERTS, json=body)).status_code == 409


async def test_each_tells_when_its_amount_is_passed_and_once_a_month(world: World) -> None:
    await give_plan(world, {**PLAN, "commit": "0"})
    watch = Watch(world.app.database, world.app.keyring)
    await alert(world, "120", "Some")
    await alert(world, "300", "Much")
    assert await send(world, watch) == []
    await spend(world, "one")
    (letter,) = await send(world, watch)
    facts = {
        "alert_name": "Some",
        "amount": "USD\u00a0120.00",
        "customer_name": "Example Widgets",
        "month": "March 2026",
        "threshold": "USD\u00a0120",
    }
    assert (letter["template"], letter["to"], letter["facts"]) == ("spend_alert", ADA.login, facts)
    assert await send(world, watch) == []
    await spend(world, "two")
    assert await send(world, watch) == []
    await spend(world, "three")
    assert [one["facts"]["alert_name"] for one in await send(world, watch)] == ["Much"]
    assert await send(world) == []
    listed = (await world.ask(BILL, "GET", ALERTS)).json()["data"]
    assert [one["sent_month"] for one in listed] == ["2026-03", "2026-03"]
    turn_to(world, "2026-04-02T10:00:00Z")
    assert await send(world, watch) == []
    await use(world, event("four", TERABYTE, timestamp="2026-04-02T09:00:00Z"))
    assert [one["facts"]["month"] for one in await send(world, watch)] == ["April 2026"]


async def test_the_mail_arrives(world: World) -> None:
    await give_plan(world, {**PLAN, "commit": "0"})
    await spend(world, "one")
    await alert(world, "100.50", "<Budget>")
    await send(world)
    (letter,) = (await delivered(world)).values()
    assert letter["Subject"] == "Example Widgets spent USD 120.00 in March 2026: <Budget>"
    assert "has come to USD 120.00 so far" in words(letter, "plain")
    assert "&lt;Budget&gt;" in words(letter, "html")


async def test_at_another_amount_it_may_tell_again(world: World) -> None:
    await give_plan(world, {**PLAN, "commit": "0"})
    await spend(world, "one")
    path = f"{ALERTS}/{(await alert(world, '100'))['id']}"
    watch = Watch(world.app.database, world.app.keyring)
    assert len(await send(world, watch)) == 1
    await world.ask(BILL, "PUT", path, json={"name": "Other name", "threshold": "100"})
    assert await send(world, watch) == []
    await world.ask(BILL, "PUT", path, json={"name": "Other name", "threshold": "110"})
    assert len(await send(world, watch)) == 1


async def test_prices_and_plans_that_change_are_seen(world: World) -> None:
    watch = Watch(world.app.database, world.app.keyring)
    await spend(world, "one")
    await alert(world, "100")
    assert await send(world, watch) == []
    world.clock.turn(DAY)
    await give_plan(world, {**PLAN, "commit": "0", "charges": []})
    assert await send(world, watch) == []
    world.clock.turn(DAY)
    await give_plan(world, {**PLAN, "commit": "0"})
    assert len(await send(world, watch)) == 1


async def test_who_is_paid_for_is_not_told(world: World) -> None:
    await give_plan(world, {**PLAN, "parent_pay": True})
    await spend(world, "one")
    await alert(world, "1")
    assert await send(world) == []


async def test_of_several_processes_one_tells(world: World) -> None:
    """All look at once, and find the same."""
    for customer in (WIDGETS, OTHER):
        await give_plan(world, {**PLAN, "recurring_fees": [{"name": "F", "amount": "9"}]}, customer)
    for who in (BILL, EVE):
        for threshold in ("5", "8"):
            await alert(world, threshold, who=who)
    database, keyring = world.app.database, world.app.keyring
    told = await asyncio.gather(*(Watch(database, keyring).look() for _ in range(5)))
    assert sum(told) == 4
    assert len(await world.letters()) == 4
    sent = [one for one in await world.actions(0) if one == "spend_alert.send"]
    assert len(sent) == 2
