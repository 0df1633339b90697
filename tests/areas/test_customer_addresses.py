"""Both addresses in billing v3, through the front door (contract: billing §2, identity §5)."""

import asyncio
import gc
import tracemalloc
from typing import Any

import pytest

from tests.address_writes import ATTRIBUTES, TAX, document
from tests.areas.address_calls import (
    PATH,
    V3,
    add,
    address,
    assert_billing,
    listed,
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
    READ_ONLY,
    UMA,
    WIDGETS,
    World,
)

BILLING = {
    "type": "billing",
    "address_1": "1 Example Way",
    "address_2": "",
    "locality": "Exampleville",
    "region": "DE",
    "country": "US",
    "postal_code": "00000",
}
"""The contract's example: the billing address of the other view."""
REQUIRED = {"type": "tax", "address_1": "1", "locality": "L", "country": "DE"}


async def put(world: World, kind: str = "tax", **changed: Any) -> int:
    """Change an address; the status of success has no body."""
    answer = await world.ask(ADA, "PUT", f"{V3}/{kind}", json=changed)
    if answer.status_code == 202:
        assert answer.content == b""
        assert "content-type" not in answer.headers
    return answer.status_code


async def test_it_lives_as_documented(world: World) -> None:
    answer = await world.ask(ADA, "GET", V3)
    assert (answer.status_code, answer.json()) == (200, {"data": []})
    assert answer.headers["content-type"] == "application/json"
    made = await add(world)
    assert (made.status_code, list(made.json())) == (201, ["id"])
    assert len(made.json()["id"]) == 22
    (told,) = await listed(world)
    assert told == TAX
    assert list(told) == list(TAX)
    assert await put(world, locality="Elsewhere", address_2="") == 202
    assert await listed(world) == [TAX | {"locality": "Elsewhere", "address_2": ""}]


async def test_billing_comes_before_tax(world: World) -> None:
    await add(world)
    await add(world, **BILLING)
    assert await listed(world) == [BILLING, TAX]


async def test_required_fields_are_enough_and_others_are_empty(world: World) -> None:
    answer = await world.ask(ADA, "POST", V3, json=REQUIRED)
    assert answer.status_code == 201
    empty = {"address_2": "", "region": "", "postal_code": ""}
    assert await listed(world) == [REQUIRED | empty]


async def test_a_taken_slot_is_a_bad_request(world: World) -> None:
    for kind in ("tax", "billing"):
        assert (await add(world, type=kind)).status_code == 201
        again = await add(world, type=kind, locality="Elsewhere")
        assert_billing(again, 400, f"Customer already has a {kind} address", "address_exists")
    assert {one["locality"] for one in await listed(world)} == {"Sampletown"}


async def test_of_two_at_once_one_is_taken(world: World) -> None:
    since = len(await world.events())
    answers = await asyncio.gather(
        *(add(world, type="billing") for _ in range(3)), *(post(world) for _ in range(3))
    )
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(201) == 1
    assert set(statuses[:3]) <= {201, 400}
    assert set(statuses[3:]) <= {201, 409}
    assert await world.actions(since) == ["address.create"]


async def test_both_views_show_one_billing_address(world: World) -> None:
    made = (await post(world)).json()["data"]
    assert await listed(world) == [BILLING]
    assert await put(world, "billing", locality="Sampletown", region="", country="ca") == 202
    attributes = (await address(world))["attributes"]
    expected = ATTRIBUTES | {"city": "Sampletown", "state": None, "country": "CA"}
    assert attributes == expected | {"customer_id": WIDGETS}
    await patch(world, skipped=True, address_2="Unit 4", locality="Old Town", city=None)
    (told,) = await listed(world)
    assert (told["address_2"], told["locality"]) == ("Unit 4", "")
    assert await put(world, "billing", **told) == 202
    assert (await address(world))["attributes"]["locality"] == "Old Town"
    assert (await address(world))["id"] == made["id"]
    await world.ask(ADA, "DELETE", PATH)
    assert await listed(world) == []
    second = await add(world, **BILLING)
    assert (await address(world))["id"] == second.json()["id"]
    assert (await address(world))["attributes"] == {**ATTRIBUTES, "customer_id": WIDGETS}


async def test_the_tax_address_is_not_the_resource(world: World) -> None:
    await add(world)
    assert (await world.ask(ADA, "GET", PATH)).status_code == 404
    await post(world)
    await world.ask(ADA, "DELETE", PATH)
    assert await listed(world) == [TAX]


async def test_a_change_never_verifies(world: World) -> None:
    await post(world)
    assert await put(world, "billing", region="nowhere", postal_code="?") == 202
    assert await put(world, "billing") == 202
    attributes = (await address(world))["attributes"]
    assert (attributes["state"], attributes["postal_code"]) == ("nowhere", "?")


async def test_a_slot_that_is_empty_or_unknown_is_not_found(world: World) -> None:
    await world.ask(EVE, "POST", V3, json=TAX)
    for kind in ("tax", "billing", "shipping", "TAX", "taxes"):
        answer = await world.ask(ADA, "PUT", f"{V3}/{kind}", json={"type": 1})
        title = f"The {kind} address you requested was not found"
        assert_billing(answer, 404, title, "not_found")
    assert (await world.ask(EVE, "PUT", f"{V3}/tax", json={})).status_code == 202


async def test_the_type_in_the_body_is_that_of_the_path(world: World) -> None:
    await add(world)
    assert await put(world, type="tax", locality="Elsewhere") == 202
    answer = await world.ask(ADA, "PUT", f"{V3}/tax", json={"type": "billing", "locality": "No"})
    assert_billing(answer, 400, "Type must be 'tax'", "bad_request")
    assert (await listed(world))[0]["locality"] == "Elsewhere"


MISSING = {"type": "Type", "address_1": "Address 1", "locality": "Locality", "country": "Country"}


@pytest.mark.parametrize("name", list(MISSING))
async def test_what_is_required_is_asked_for(world: World, name: str) -> None:
    body = {key: value for key, value in TAX.items() if key != name}
    answer = await world.ask(ADA, "POST", V3, json=body)
    assert_billing(answer, 400, f"{MISSING[name]} is required", "bad_request")
    answer = await add(world, **{name: ""})
    assert answer.status_code == 400
    assert await listed(world) == []


WRONG: dict[str, dict[str, Any]] = {
    "a number": {"address_1": 1},
    "a list": {"address_2": ["Unit 3"]},
    "an object": {"postal_code": {}},
    "true": {"region": True},
    "an address too long": {"address_1": "x" * 256},
    "a second line too long": {"address_2": "x" * 256},
    "a locality too long": {"locality": "x" * 256},
    "a region too long": {"region": "x" * 256},
    "a postal code too long": {"postal_code": "1" * 33},
    "a blank address": {"address_1": " "},
    "no locality": {"locality": ""},
    "a blank locality": {"locality": " "},
    "no country": {"country": ""},
    "a country in full": {"country": "USA"},
    "an unknown country": {"country": "ZZ"},
    "a country that grows in upper case": {"country": "ß"},
    "a NUL": {"locality": "a\0b"},
    **{f"null for {name}": {name: None} for name in TAX},
}


@pytest.mark.parametrize("what", list(WRONG))
async def test_a_wrong_value_is_refused(world: World, what: str) -> None:
    await add(world)
    since = len(await world.events())
    for method, path, kind in (("POST", V3, "billing"), ("PUT", f"{V3}/tax", "tax")):
        body = TAX | {"type": kind} | WRONG[what]
        answer = await world.ask(ADA, method, path, json=body)
        assert answer.status_code == 400, answer.text
        told = answer.json()
        assert_billing(answer, 400, told["title"], "bad_request")
        assert "\n" not in told["title"]
    assert await listed(world) == [TAX]
    assert await world.actions(since) == []


async def test_an_absent_body_is_a_bad_request(world: World) -> None:
    await add(world)
    headers = {"Content-Type": "application/json", "Content-Length": "0"}
    for method, path in (("POST", V3), ("PUT", f"{V3}/tax")):
        answer = await world.ask(ADA, method, path, content=b"", headers=headers)
        assert_billing(answer, 400, "Invalid JSON", "bad_request")
        for body in ("[]", "null", '"text"', "1"):
            answer = await world.ask(ADA, method, path, content=body, headers=headers)
            assert answer.status_code == 400, body


async def test_who_bills_may_and_engineers_may_not(world: World) -> None:
    assert (await world.ask(BILL, "POST", V3, json=TAX)).status_code == 201
    assert (await world.ask(BILL, "PUT", f"{V3}/tax", json={})).status_code == 202
    assert (await world.ask(READ_ONLY, "GET", V3)).json() == {"data": [TAX]}
    assert (await world.ask(EVE, "GET", V3)).json() == {"data": []}
    for who in (BEN, LIM, UMA, BOT, OPERATOR):
        for method, path in (("GET", V3), ("POST", V3), ("PUT", f"{V3}/tax")):
            answer = await world.ask(who, method, path)
            assert answer.status_code == 403
            assert answer.json()["code"] == "forbidden"
            assert answer.json()["msg"] == "You are not authorized to perform this action"
    impersonated = await world.ask(OPERATOR, "GET", f"{V3}?customer_id={WIDGETS}")
    assert impersonated.json() == {"data": [TAX]}


async def test_the_log_names_the_slot_and_the_fields(world: World) -> None:
    since = len(await world.events())
    await add(world)
    await put(world, locality="Elsewhere", region="QC", country="CA")
    await put(world, locality="Elsewhere")
    created, updated = await events_since(world, since)
    assert (created["description"], created["event_type"]) == (
        "Tax address was created",
        "address.create",
    )
    assert updated["metadata"] == {"type": "tax", "changed": ["city", "state"]}
    assert "Elsewhere" not in str((await world.events())[since:])


async def test_it_can_be_tried_without_being_done(world: World) -> None:
    answer = await world.ask(ADA, "POST", f"{V3}?dry_run=true", json=TAX)
    assert (answer.status_code, answer.json()["dry_run"]) == (200, True)
    assert [event["action"] for event in answer.json()["events"]] == ["address.create"]
    answer = await world.ask(ADA, "POST", f"{PATH}?dry_run=true", json=document(ATTRIBUTES))
    assert answer.json()["changes"] == []
    assert await listed(world) == []


async def test_what_is_no_country_is_not_remembered(world: World) -> None:
    await world.ask(ADA, "POST", V3, json={**BILLING, "country": "none"})
    tracemalloc.start()
    for letter in "ABCDEFGH":
        answer = await world.ask(ADA, "POST", V3, json={**BILLING, "country": letter * 900_000})
        assert answer.status_code == 400
    gc.collect()  # the client's own requests
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 4 << 20
