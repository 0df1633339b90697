"""Customer contacts, through the front door (contract: identity §4)."""

from typing import Any

import httpx
import msgspec
import pytest

from tenantry.core.clock import MINUTE
from tests.world import ADA, BEN, BILL, BOT, EVE, NED, READ_ONLY, TESS, UMA, WIDGETS, World

PATH = f"/customer/{WIDGETS}/contacts"
PAT = {"name": "Pat Placeholder", "email": "security@example.com", "phone": "+1-555-0101"}
TYPES = ["primary", "billing", "technical", "security", "emergency", "general compliance"]


async def add(world: World, **form: Any) -> dict[str, Any]:
    answer = await world.ask(ADA, "POST", PATH, data=form)
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


def assert_refused(answer: httpx.Response, detail: str) -> None:
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"msg": "Bad request", "detail": detail}


async def test_a_contact_is_told_as_documented(world: World) -> None:
    made = await add(world, contact_type="security", **PAT)
    assert list(made) == [
        "user_id",
        "contact_type",
        "name",
        "email",
        "phone",
        "customer_id",
        "created_at",
        "deleted_at",
        "updated_at",
        "id",
    ]
    assert len(made.pop("id")) == 22
    assert made == {
        "user_id": None,
        "contact_type": "security",
        **PAT,
        "customer_id": WIDGETS,
        "created_at": "2026-03-01T10:00:00Z",
        "deleted_at": None,
        "updated_at": "2026-03-01T10:00:00Z",
    }


@pytest.mark.parametrize("contact_type", TYPES)
async def test_every_type_is_taken_as_a_form_and_as_json(world: World, contact_type: str) -> None:
    first = await add(world, contact_type=contact_type, **PAT)
    answer = await world.ask(ADA, "POST", PATH, json={"contact_type": contact_type, **PAT})
    assert first["contact_type"] == answer.json()["contact_type"] == contact_type


async def test_contacts_are_listed_oldest_first_by_anybody(world: World) -> None:
    assert (await world.ask(UMA, "GET", PATH)).json() == []
    made = []
    for contact_type in ("technical", "billing", "technical"):
        world.clock.turn(1_000_000)
        made.append(await add(world, contact_type=contact_type, **PAT))
    for person in (ADA, BEN, BILL, UMA, TESS, BOT):
        answer = await world.ask(person, "GET", PATH)
        assert answer.status_code == 200
        assert answer.json() == made


async def test_of_a_user_only_the_user_is_kept(world: World) -> None:
    made = await add(world, contact_type="primary", user_id=BEN.id, **PAT)
    assert (made["user_id"], made["name"], made["email"]) == (BEN.id, None, None)
    assert made["phone"] == "+1-555-0101"


async def test_a_python_none_is_nothing(world: World) -> None:
    made = await add(world, contact_type="general compliance", user_id="None", **PAT)
    assert made["user_id"] is None
    assert made["name"] == "Pat Placeholder"


@pytest.mark.changes_nothing
@pytest.mark.parametrize(
    ("form", "detail"),
    [
        ({**PAT}, "Contact type is required"),
        (
            {**PAT, "contact_type": "general+compliance"},
            "Contact type must be one of: " + ", ".join(TYPES),
        ),
        (
            {"contact_type": "billing", "name": "Pat"},
            "User id, or name and email, are required",
        ),
        (
            {"contact_type": "billing", "email": "pat@example.com"},
            "User id, or name and email, are required",
        ),
        (
            {"contact_type": "billing", "user_id": "0nobody000000000000000"},
            "User id must be a user of this customer",
        ),
        (
            {"contact_type": "billing", "user_id": NED.id},
            "User id must be a user of this customer",
        ),
        (
            {"contact_type": "billing", "user_id": "no/id"},
            "User id must be a user of this customer",
        ),
        (
            {**PAT, "contact_type": "billing", "customer_id": "2OtherCompany000000000"},
            "Customer id must be that of the address",
        ),
        (
            {**PAT, "contact_type": "billing", "name": "x" * 256},
            "Name must have 1 to 255 characters",
        ),
        (
            {**PAT, "contact_type": "billing", "phone": "1" * 256},
            "Phone must have 1 to 255 characters",
        ),
    ],
)
async def test_a_wrong_contact_is_refused(world: World, form: dict[str, str], detail: str) -> None:
    before = len(await world.events())
    assert_refused(await world.ask(ADA, "POST", PATH, data=form), detail)
    assert (await world.ask(ADA, "GET", PATH)).json() == []
    assert await world.actions(before) == []


@pytest.mark.parametrize("email", ["nobody", "a@b@example.com", "@example.com", "a b@example.com"])
async def test_an_email_is_an_address(world: World, email: str) -> None:
    answer = await world.ask(
        ADA, "POST", PATH, data={**PAT, "contact_type": "billing", "email": email}
    )
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("Email must be an e-mail address: ")


@pytest.mark.parametrize("contact_type", TYPES)
async def test_who_must_be_reached_at_once_has_a_phone(world: World, contact_type: str) -> None:
    answer = await world.ask(
        ADA, "POST", PATH, data={"contact_type": contact_type, "user_id": BEN.id, "phone": ""}
    )
    if contact_type in {"primary", "technical", "security"}:
        assert_refused(answer, f"Phone is required for a {contact_type} contact")
    else:
        assert answer.status_code == 200
        assert answer.json()["phone"] is None


@pytest.mark.parametrize("contact_type", TYPES)
async def test_the_first_user_of_a_type_becomes_the_customers(
    world: World, contact_type: str
) -> None:
    form = {"contact_type": contact_type, "phone": "1"}
    await add(world, **form, name="Pat", email="pat@example.com")
    await add(world, **form, user_id=BILL.id)
    await add(world, **form, user_id=BEN.id)
    customer = (await world.ask(ADA, "GET", f"/customer/{WIDGETS}")).json()
    named = {
        kind: customer[f"{kind}_contact_id"]
        for kind in ("billing", "legal", "technical", "security")
    }
    expected = dict.fromkeys(named)
    if contact_type in {"billing", "technical", "security"}:
        expected[contact_type] = BILL.id
    assert named == expected


async def test_the_log_hears_of_contacts_under_the_names_it_has(world: World) -> None:
    before = len(await world.events())
    made = await add(world, contact_type="billing", user_id=BILL.id)
    await world.ask(ADA, "DELETE", f"{PATH}/{made['id']}")
    plain = await add(world, contact_type="technical", **PAT)
    events = (await world.events())[before:]
    assert [event[:2] for event in events] == [
        ("contact.create", "customer.update"),
        ("billing.contact_update", "billing.contact_update"),
        ("customer.update", "customer.update"),
        ("contact.delete", "customer.update"),
        ("billing.contact_update", "billing.contact_update"),
        ("contact.create", "customer.update"),
    ]
    body = msgspec.json.decode(events[-1][2])
    assert body["metadata"]["action"] == "contact.create"
    assert body["metadata"]["contact_id"] == plain["id"]
    for value in PAT.values():
        assert value not in events[-1][2]
        assert value in events[-1][3]


@pytest.mark.parametrize("word", ["contacts", "contact"])
async def test_a_contact_is_removed_by_both_addresses(world: World, word: str) -> None:
    made = await add(world, contact_type="emergency", **PAT)
    path = f"/customer/{WIDGETS}/{word}/{made['id']}"
    answer = await world.ask(BILL, "DELETE", path)
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}
    assert (await world.ask(BILL, "GET", PATH)).json() == []
    again = await world.ask(BILL, "DELETE", path)
    assert again.status_code == 404
    assert again.json() == {
        "msg": "Record not found",
        "detail": f"Cannot find contact '{made['id']}'",
    }


async def test_only_superusers_and_billing_write_contacts(world: World) -> None:
    made = await add(world, contact_type="emergency", **PAT)
    form = {"contact_type": "emergency", **PAT}
    assert (await world.ask(BILL, "POST", PATH, data=form)).status_code == 200
    for person in (BEN, UMA, TESS, BOT, READ_ONLY):
        for method, path in (
            ("POST", PATH),
            ("DELETE", f"{PATH}/{made['id']}"),
            ("DELETE", f"/customer/{WIDGETS}/contact/{made['id']}"),
        ):
            answer = await world.ask(person, method, path, data=form)
            assert answer.status_code == 403, (person, method)


async def test_another_customers_contacts_are_not_there(world: World) -> None:
    made = await add(world, contact_type="emergency", **PAT)
    theirs = f"/customer/{EVE.customer_id}"
    for method, path in (
        ("GET", PATH),
        ("POST", PATH),
        ("DELETE", f"{PATH}/{made['id']}"),
        ("DELETE", f"{theirs}/contacts/{made['id']}"),
        ("DELETE", f"{theirs}/contact/{made['id']}"),
    ):
        answer = await world.ask(EVE, method, path, data={"contact_type": "emergency", **PAT})
        assert answer.status_code == 404, (method, path)
    assert len((await world.ask(ADA, "GET", PATH)).json()) == 1


async def test_a_contact_stays_when_its_user_leaves(world: World) -> None:
    """Nobody it points at any more, but still somebody to write to; others are not touched."""
    his = await add(world, contact_type="technical", user_id=BILL.id, phone="+1-555-0102")
    named = await add(world, contact_type="security", **PAT)
    bens = await add(world, contact_type="technical", user_id=BEN.id, phone="+1-555-0103")
    assert (await world.ask(BILL, "DELETE", "/tokens/self")).status_code == 204
    world.clock.turn(MINUTE)
    since = len(await world.events())
    assert (await world.ask(ADA, "DELETE", f"/user/{BILL.id}")).status_code == 200
    left = his | {
        "user_id": None,
        "name": "Bill",
        "email": "bill@example.com",
        "updated_at": "2026-03-01T10:01:00Z",
    }
    told = (await world.ask(ADA, "GET", PATH)).json()
    assert sorted(told, key=str) == sorted([left, named, bens], key=str)
    customer = (await world.ask(ADA, "GET", f"/customer/{WIDGETS}")).json()
    assert customer["technical_contact_id"] is None
    assert customer["updated_at"] == "2026-03-01T10:01:00Z"
    assert [event[:2] for event in (await world.events())[since:]] == [
        ("contact.update", "customer.update"),
        ("customer.update", "customer.update"),
        ("user.destroy", "user.destroy"),
    ]
    assert "bill@example.com" not in (await world.events())[since][2]


async def test_a_billing_contact_that_is_left_is_told_as_such(world: World) -> None:
    await add(world, contact_type="billing", user_id=BILL.id)
    await world.ask(BILL, "DELETE", "/tokens/self")
    since = len(await world.events())
    await world.ask(ADA, "DELETE", f"/user/{BILL.id}")
    assert await world.actions(since) == [
        "contact.update",
        "billing.contact_update",
        "customer.update",
        "billing.contact_update",
        "user.destroy",
    ]
