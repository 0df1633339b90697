"""A new invoice comes by mail, to whom it concerns, with the PDF in it: at a real SMTP server."""

from email.message import EmailMessage
from typing import Any

from tenantry.core.jobs import Worker
from tenantry.core.mail import sender
from tests.areas.erasure_calls import erase
from tests.areas.invoice_calls import credited, give_plan, invoiced_example, post, turn_to
from tests.areas.pdf_calls import fetch
from tests.areas.rating_example import PLAN
from tests.core.letters import ROBOT, read
from tests.core.test_mail import smtp_server
from tests.posting_writes import close_without_invoice
from tests.world import ADA, BILL, SUE, WIDGETS, World


async def delivered(world: World) -> dict[str, EmailMessage]:
    """What arrives when the worker has done its work, by recipient."""
    faults: list[BaseException] = []
    async with smtp_server() as postmaster:
        app, post_office = world.app, sender(f"smtp://{postmaster.url}", ROBOT)
        worker = Worker(app.database, app.keyring, post_office, "https://x.example", faults.append)
        while await worker.deliver_due():
            pass
    assert not faults, faults
    letters = [(one.rcpt_tos, one.content) for one in postmaster.envelopes]
    assert all(len(recipients) == 1 for recipients, _ in letters)
    return {recipient: read(content) for (recipient,), content in letters}  # type: ignore[arg-type] # bytes


def words(letter: EmailMessage, kind: str) -> str:
    body = letter.get_body((kind,))
    assert body is not None
    return " ".join(body.get_content().split())


async def contact(world: World, **body: Any) -> None:
    path = f"/customer/{WIDGETS}/contacts"
    answer = await world.ask(ADA, "POST", path, data={"contact_type": "billing", **body})
    assert answer.status_code == 200, answer.text


async def test_the_owner_gets_it_with_the_invoice_in_it(world: World) -> None:
    number = await invoiced_example(world)
    letters = await delivered(world)
    assert list(letters) == [ADA.login]
    letter = letters[ADA.login]
    assert letter["Subject"] == "Invoice S202603-1000001 from Tenantry: USD 2,056.75"
    for kind in ("plain", "html"):
        told = words(letter, kind)
        assert "invoice of Tenantry to Example Widgets for March 2026" in told
        assert "19 April 2026" in told
    (attached,) = letter.iter_attachments()
    assert (attached.get_content_type(), attached.get_filename()) == (
        "application/pdf",
        "S202603-1000001.pdf",
    )
    assert attached.get_content() == await fetch(world, number)


async def test_billing_contacts_get_it_instead_of_the_owner(world: World) -> None:
    await contact(world, user_id=BILL.id)
    await contact(world, user_id=SUE.id)
    await contact(world, name="Pat", email="pat@example.com")
    # Once each, however often and however written he is named.
    await contact(world, name="Sue at work", email=SUE.login.upper())
    await invoiced_example(world)
    told = sorted(map(str.lower, await delivered(world)))
    assert told == [BILL.login, "pat@example.com", SUE.login]


async def test_billing_contacts_of_a_closed_account_get_its_last(world: World) -> None:
    """Unless they were erased; whoever else was to be turned to is forgotten with the account."""
    await give_plan(world, {**PLAN, "recurring_fees": [{"name": "Support", "amount": "300"}]})
    await contact(world, user_id=BILL.id)
    for name in ("Pat", "Kim"):
        await contact(world, name=name, email=f"{name.lower()}@example.com")
    await contact(world, contact_type="emergency", name="Zoe", email="zoe@example.com")
    turn_to(world, "2026-03-10T12:00:00Z")
    for service in (await world.ask(ADA, "GET", "/service")).json():
        await world.ask(ADA, "DELETE", f"/service/{service['id']}")
    await world.sudo(ADA)
    closed = await world.ask(ADA, "DELETE", f"/customer/{WIDGETS}")
    assert closed.status_code == 200, closed.text
    assert (await erase(world, customer_id=WIDGETS, login="kim@example.com"))[1]["contacts"] == 1
    assert (await erase(world, customer_id=WIDGETS, login="zoe@example.com"))[0] == 404
    turn_to(world, "2026-04-04T00:00:00Z")
    await post(world)
    assert sorted(await delivered(world)) == [BILL.login, "pat@example.com"]


async def test_an_invoice_comes_once(world: World) -> None:
    await invoiced_example(world)
    await delivered(world)
    await post(world)
    assert await delivered(world) == {}


async def test_where_nothing_is_owed_nothing_is_asked_for(world: World) -> None:
    await give_plan(world, {**PLAN, "commit": "0", "recurring_fees": [{"name": "F", "amount": 0}]})
    turn_to(world, "2026-04-04T00:00:00Z")
    await post(world)
    (letter,) = (await delivered(world)).values()
    assert "There is nothing to pay." in words(letter, "plain")
    assert "Due" not in words(letter, "plain")


async def test_one_that_gives_back_is_a_credit_note(world: World) -> None:
    number = await credited(world)
    letter = (await delivered(world))[ADA.login]
    assert letter["Subject"] == f"Credit note S202604-{number} from Tenantry: USD \u2212120.00"
    for kind in ("plain", "html"):
        assert "This is the credit note of Tenantry to Example Widgets" in words(letter, kind)
        assert "There is nothing to pay." in words(letter, kind)


async def test_a_month_without_an_invoice_is_no_news(world: World) -> None:
    await close_without_invoice(world)
    assert await delivered(world) == {}
