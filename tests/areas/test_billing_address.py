"""The billing address as a JSON:API resource, through the front door (contract: billing §1)."""

import asyncio
from typing import Any

import msgspec
import pytest
from sqlalchemy import func, select

from tenantry.core import schema
from tenantry.core.billing_tables import addresses
from tenantry.core.clock import MINUTE
from tenantry.core.statements import Statement
from tests.address_writes import ATTRIBUTES, document
from tests.areas.address_calls import (
    AS_JSON_API,
    FOREIGN,
    JSON_API,
    NOWHERE,
    PATH,
    address,
    assert_refused,
    patch,
    post,
)
from tests.told import events_since
from tests.world import (
    ADA,
    BEN,
    BILL,
    BOT,
    EVE,
    LIM,
    OPERATOR,
    OTHER,
    READ_ONLY,
    SUE,
    UMA,
    WIDGETS,
    World,
)

_ROWS = Statement(select(func.count()).select_from(addresses))
_REVISIONS = Statement(select(schema.revisions.c.body))


async def test_it_is_told_as_documented(world: World) -> None:
    answer = await post(world)
    assert (answer.status_code, answer.headers["content-type"]) == (201, JSON_API)
    data = answer.json()["data"]
    assert list(data) == ["id", "type", "attributes", "relationships"]
    assert list(data["attributes"]) == [*ATTRIBUTES, "customer_id"]
    assert len(data.pop("id")) == 22
    assert data == {
        "type": "billing_address",
        "attributes": {**ATTRIBUTES, "customer_id": WIDGETS},
        "relationships": {"customer": {"data": {"id": WIDGETS, "type": "customer"}}},
    }
    got = await world.ask(ADA, "GET", PATH)
    assert (got.status_code, got.content) == (200, answer.content)
    assert got.headers["content-type"] == JSON_API


async def test_it_lives_from_post_to_delete(world: World) -> None:
    for method in ("GET", "DELETE"):
        answer = await world.ask(ADA, method, PATH)
        assert (answer.status_code, answer.json()) == (404, NOWHERE)
        assert answer.headers["content-type"] == JSON_API
    answer = await patch(world, city="Sampletown")
    assert (answer.status_code, answer.json()) == (404, NOWHERE)
    made = (await post(world)).json()["data"]
    world.clock.turn(MINUTE)
    changed = await patch(world, city="Sampletown")
    assert changed.status_code == 200
    made["attributes"]["city"] = "Sampletown"
    assert changed.json()["data"] == made == await address(world)
    gone = await world.ask(ADA, "DELETE", PATH)
    assert (gone.status_code, gone.content) == (204, b"")
    assert "content-type" not in gone.headers
    again = await world.ask(ADA, "DELETE", PATH)
    assert (again.status_code, again.json()) == (404, NOWHERE)
    assert (await post(world)).json()["data"]["id"] != made["id"]


async def test_there_is_one_at_most(world: World) -> None:
    first = await post(world)
    second = await post(world, city="Sampletown")
    assert (second.status_code, second.headers["content-type"]) == (409, JSON_API)
    error = {
        "title": "Conflict",
        "detail": "Customer already has a billing address",
        "status": "409",
    }
    assert second.json() == {"errors": [error]}
    assert await address(world) == first.json()["data"]


async def test_of_two_at_once_one_is_taken(world: World) -> None:
    since = len(await world.events())
    answers = await asyncio.gather(*(post(world, city=f"Town {n}") for n in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    assert await world.actions(since) == ["address.create"]
    assert await world.app.database.all(_ROWS) == [(1,)]


async def test_who_bills_may_and_engineers_may_not(world: World) -> None:
    assert (await post(world, BILL)).status_code == 201
    for person in (BILL, SUE, OPERATOR):
        path = PATH + (f"?customer_id={WIDGETS}" if person is OPERATOR else "")
        assert (await world.ask(person, "GET", path)).status_code == 200
    for person in (BEN, LIM, UMA, BOT):
        for method in ("GET", "POST", "PATCH", "DELETE"):
            answer = await world.ask(person, method, PATH)
            assert answer.status_code == 403
            assert answer.headers["content-type"] == "application/json"
            assert answer.json() == {"msg": "You are not authorized to perform this action"}
    assert (await world.ask(READ_ONLY, "GET", PATH)).status_code == 200
    refused = await world.ask(READ_ONLY, "PATCH", PATH, json=document({"city": "Sampletown"}))
    assert refused.status_code == 403
    msg = "Read only tokens are not allowed to access this endpoint"
    assert refused.json() == {"msg": msg}


async def test_another_customers_is_as_if_the_customer_were_absent(world: World) -> None:
    await post(world)
    await world.ask(EVE, "POST", FOREIGN, json=document(ATTRIBUTES))
    for customer_id in (OTHER, "0Unknown00000000000000"):
        for method in ("GET", "POST", "PATCH", "DELETE"):
            path = f"/customer/{customer_id}/billing_address"
            answer = await world.ask(ADA, method, path)
            assert answer.status_code == 404
            assert answer.headers["content-type"] == "application/json"
            detail = f"Cannot find customer '{customer_id}'"
            assert answer.json() == {"msg": "Record not found", "detail": detail}
    assert (await world.ask(EVE, "GET", FOREIGN)).status_code == 200


async def test_an_absent_body_is_a_bad_request(world: World) -> None:
    """As the Python client sends it when its optional body is left out."""
    for method, before in (("POST", None), ("PATCH", post)):
        if before is not None:
            await before(world)
        for typed in (AS_JSON_API, {}):
            headers = {**typed, "Content-Length": "0"}
            answer = await world.ask(ADA, method, PATH, content=b"", headers=headers)
            assert_refused(answer, "Invalid JSON")


BROKEN: dict[str, tuple[Any, str]] = {
    "no data": ({}, "Data is required"),
    "null": ({"data": None}, "Data: Expected object, got null"),
    "a list": ({"data": [document(ATTRIBUTES)["data"]]}, "Data: Expected object, got array"),
    "no attributes": (
        {"data": {"type": "billing_address"}},
        "Attributes is required",
    ),
    "another type": (
        {"data": {"type": "address", "attributes": ATTRIBUTES}},
        "The type of data must be 'billing_address'",
    ),
    "no address": (
        document({"city": "Exampleville", "country": "US"}),
        "Address 1 is required",
    ),
    "no country": (document({"address_1": "1 Example Way"}), "Country is required"),
    "no city": (document({**ATTRIBUTES, "city": None}), "City is required"),
    "a blank city": (document({**ATTRIBUTES, "city": " "}), "City is required"),
    "an empty address": (document({**ATTRIBUTES, "address_1": ""}), "Address 1 is required"),
    "a blank address": (document({**ATTRIBUTES, "address_1": "  "}), "Address 1 is required"),
}


@pytest.mark.changes_nothing
@pytest.mark.parametrize("what", list(BROKEN))
async def test_a_malformed_document_is_refused(world: World, what: str) -> None:
    since = len(await world.events())
    body, detail = BROKEN[what]
    answer = await world.ask(ADA, "POST", PATH, json=body)
    assert_refused(answer, detail)
    assert (await world.ask(ADA, "GET", PATH)).status_code == 404
    assert await world.actions(since) == []


WRONG: dict[str, dict[str, Any]] = {
    "address as a number": {"address_1": 1},
    "address as null": {"address_1": None},
    "address too long": {"address_1": "x" * 256},
    "second line too long": {"address_2": "x" * 256},
    "second line as a list": {"address_2": ["x"]},
    "city too long": {"city": "x" * 256},
    "country as null": {"country": None},
    "country in full": {"country": "USA"},
    "country in digits": {"country": "12"},
    "country that grows in upper case": {"country": "ß"},
    "locality too long": {"locality": "x" * 256},
    "postal code as null": {"postal_code": None},
    "postal code as a number": {"postal_code": 12345},
    "postal code too long": {"postal_code": "1" * 33},
    "state too long": {"state": "x" * 256},
    "state as an object": {"state": {}},
    "a NUL": {"city": "a\0b"},
}


@pytest.mark.parametrize("what", list(WRONG))
@pytest.mark.parametrize("skipped", [False, True])
async def test_a_wrong_value_is_refused_whether_verified_or_not(
    world: World, what: str, *, skipped: bool
) -> None:
    for ask in (post, patch):
        answer = await ask(world, skipped=skipped, **WRONG[what])
        assert answer.status_code == 400, answer.text
        assert answer.headers["content-type"] == JSON_API
        assert answer.json()["errors"][0]["title"] == "Bad request"
        await post(world)
    attributes = (await address(world))["attributes"]
    assert attributes == {**ATTRIBUTES, "customer_id": WIDGETS}


async def test_the_longest_values_are_taken(world: World) -> None:
    longest = dict.fromkeys(("address_1", "address_2", "city", "locality", "state"), "ü" * 255)
    longest["postal_code"] = "9" * 32
    answer = await post(world, skipped=True, **longest)
    assert answer.status_code == 201
    assert (await address(world))["attributes"].items() >= longest.items()


async def test_what_is_not_sent_stays_and_null_clears(world: World) -> None:
    await post(world, address_2="Unit 3", locality="Old Town")
    answer = await patch(world, address_2=None, city=None)
    attributes = answer.json()["data"]["attributes"]
    expected = {**ATTRIBUTES, "city": None, "locality": "Old Town", "customer_id": WIDGETS}
    assert attributes == expected
    for body in ('{"data": {}}', '{"data": {"attributes": {}}}'):
        answer = await world.ask(ADA, "PATCH", PATH, content=body, headers=AS_JSON_API)
        assert answer.json()["data"]["attributes"] == expected


async def test_what_clients_send_besides_is_passed_over(world: World) -> None:
    body = document({**ATTRIBUTES, "customer_id": OTHER, "created_at": "x", "nonsense": [1]})
    body["included"] = [{"type": "customer", "id": OTHER}]
    answer = await world.ask(ADA, "POST", PATH, json=body)
    assert answer.json()["data"]["attributes"]["customer_id"] == WIDGETS
    body = {"data": {"type": "", "id": "", "attributes": {"country": "us"}}}
    for headers in (AS_JSON_API, {"Content-Type": "application/json; charset=utf-8"}, {}):
        content = msgspec.json.encode(body) + b"\n"
        answer = await world.ask(ADA, "PATCH", PATH, content=content, headers=headers)
        assert answer.status_code == 200, answer.text


async def test_an_id_in_the_body_must_be_the_addresss(world: World) -> None:
    made = (await post(world)).json()["data"]
    same = {"data": {"id": made["id"], "attributes": {"city": "Sampletown"}}}
    assert (await world.ask(ADA, "PATCH", PATH, json=same)).status_code == 200
    other = {"data": {"id": "x", "attributes": {"city": "Elsewhere"}}}
    answer = await world.ask(ADA, "PATCH", PATH, json=other)
    assert_refused(answer, f"The id of data must be '{made['id']}'")
    assert (await address(world))["attributes"]["city"] == "Sampletown"


async def test_a_lower_case_country_is_taken_in_upper_case(world: World) -> None:
    answer = await post(world, country="us")
    assert answer.json()["data"]["attributes"]["country"] == "US"


async def test_the_log_names_fields_and_never_values(world: World) -> None:
    since = len(await world.events())
    await post(world, address_2="Unit 3")
    await patch(world, city="Sampletown", address_2=None, state="DE")
    await patch(world, city="Sampletown")
    await world.ask(ADA, "DELETE", PATH)
    created, updated, deleted = await events_since(world, since)
    known = ["address_1", "city", "country", "postal_code", "state"]
    assert created["metadata"] == {
        "type": "billing",
        "changed": ["address_1", "address_2", *known[1:]],
    }
    assert updated["metadata"] == {"type": "billing", "changed": ["address_2", "city"]}
    assert deleted["metadata"] == {"type": "billing", "changed": known}
    assert created["description"] == "Billing address was created"
    rows = (await world.events())[since:]
    kept = str([*rows, *await world.app.database.all(_REVISIONS)])
    for value in ("Example Way", "Exampleville", "Sampletown", "Unit 3", "00000-"):
        assert value not in kept


async def test_it_stays_when_the_customer_is_closed(world: World) -> None:
    """His last months are posted, and taxed, after that."""
    await post(world)
    for service in (await world.ask(ADA, "GET", "/service")).json():
        await world.ask(ADA, "DELETE", f"/service/{service['id']}")
    assert (await world.ask(ADA, "DELETE", f"/customer/{WIDGETS}")).status_code == 200
    assert (await world.ask(ADA, "GET", PATH)).status_code == 401
    assert await world.app.database.all(_ROWS) == [(1,)]
