"""Operators act inside customers by naming them (contract: protocol §4, identity §1.1)."""

from functools import partial

import pytest

from tenantry.areas.operator import operator_keys
from tests.areas.test_users import NOT_ALLOWED
from tests.world import (
    ADA,
    API,
    BEN,
    BOT,
    EVE,
    OPERATOR,
    OTHER,
    PASSWORD,
    SUE,
    WIDGETS,
    WWW,
    World,
)

UNKNOWN = "0Unknown00000000000000"
HERE = {"customer_id": WIDGETS}


@pytest.mark.changes_nothing
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/current_customer"),
        ("GET", f"/customer/{WIDGETS}"),
        ("PUT", f"/customer/{WIDGETS}"),
        ("GET", f"/user/{BEN.id}"),
        ("POST", "/user"),
        ("GET", "/service"),
        ("GET", "/automation-tokens"),
        ("DELETE", f"/tokens/{BEN.token_id}"),
    ],
)
async def test_an_operator_names_the_customer(world: World, method: str, path: str) -> None:
    since = len(await world.events())
    answer = await world.ask(OPERATOR, method, path, data={"name": "x"})
    assert (answer.status_code, answer.json()) == (403, NOT_ALLOWED)
    for unknown in (UNKNOWN, "", "'--"):
        answer = await world.ask(
            OPERATOR, method, path, params={"customer_id": unknown}, data={"name": "x"}
        )
        assert answer.status_code == (404 if unknown else 403)
    assert await world.actions(since) == []


async def test_an_operator_acts_inside_a_customer(world: World) -> None:
    answer = await world.ask(OPERATOR, "GET", "/current_customer", params=HERE)
    assert (answer.status_code, answer.json()["ip_whitelist"]) == (200, "0.0.0.0/0")
    since = len(await world.events())
    form = {"login": "new@example.com", "role": "superuser"}
    answer = await world.ask(OPERATOR, "POST", "/user", params=HERE, data=form)
    assert (answer.status_code, answer.json()["customer_id"]) == (200, WIDGETS)
    assert "fastly-ratelimit-remaining" in answer.headers
    (event,) = (await world.events())[since:]
    assert '"admin":true' in event[2]
    assert '"user_id":null' in event[2].replace(answer.json()["id"], "")
    await world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"name": "Benjamin"})
    assert '"admin":false' in (await world.events())[-1][2]
    assert (await world.ask(OPERATOR, "GET", f"/user/{BEN.id}", params=HERE)).status_code == 200
    elsewhere = await world.ask(OPERATOR, "GET", f"/user/{BEN.id}", params={"customer_id": OTHER})
    assert elsewhere.status_code == 404
    path = await world.ask(OPERATOR, "GET", f"/customer/{OTHER}", params=HERE)
    assert path.status_code == 404


async def test_an_operator_is_nobody_of_the_customer(world: World) -> None:
    form = {"username": BEN.login, "password": PASSWORD}
    for method, path, status in (
        ("GET", "/current_user", 404),
        ("GET", "/tokens", 403),
        ("DELETE", "/tokens/self", 403),
        ("POST", "/sudo", 403),
        ("POST", "/tokens", 403),
        ("DELETE", f"/customer/{WIDGETS}", 403),
    ):
        answer = await world.ask(OPERATOR, method, path, params=HERE, data=form)
        assert answer.status_code == status, (path, answer.text)
    answer = await world.ask(OPERATOR, "POST", "/tokens", data=form)
    assert (answer.status_code, answer.json()) == (403, NOT_ALLOWED)


async def test_an_operators_key_tells_whose_it_is(world: World) -> None:
    for params in ({}, HERE):
        token = (await world.ask(OPERATOR, "GET", "/tokens/self", params=params)).json()
        told = (await world.ask(OPERATOR, "GET", "/verify", params=params)).json()
        assert (token["name"], token["customer_id"]) == ("operator", params.get("customer_id", ""))
        assert (told["token"]["id"], told["user"]["id"]) == (token["id"], token["id"])
        assert (told["token"]["name"], told["customer"]["id"]) == ("operator", token["customer_id"])
        assert bool(told["services"]) is bool(params)


async def test_an_operator_opens_what_a_customer_shut_on_itself(world: World) -> None:
    path = f"/customer/{WIDGETS}"
    answer = await world.ask(OPERATOR, "PUT", path, params=HERE, data={"ip_whitelist": "10.0.0.1"})
    assert answer.status_code == 200
    assert (await world.ask(ADA, "GET", "/current_customer")).status_code == 403
    form = {"ip_whitelist": "", "owner_id": SUE.id}
    answer = await world.ask(OPERATOR, "PUT", path, params=HERE, data=form)
    assert (answer.status_code, answer.json()["owner_id"]) == (200, SUE.id)
    assert (await world.ask(ADA, "GET", "/current_customer")).status_code == 200


async def test_for_everybody_else_the_parameter_is_idle_or_refused(world: World) -> None:
    for who in (ADA, BEN, BOT):
        for path in ("/current_customer", f"/service/{WWW}", "/tokens/self"):
            answer = await world.ask(who, "GET", path, params=HERE)
            assert answer.status_code == 200
            for other in (OTHER, UNKNOWN):
                answer = await world.ask(who, "GET", path, params={"customer_id": other})
                assert (answer.status_code, answer.json()) == (403, NOT_ALLOWED)
    since = len(await world.events(OTHER))
    answer = await world.ask(
        ADA, "POST", "/user", params={"customer_id": OTHER}, data={"login": "new@example.com"}
    )
    assert answer.status_code == 403
    assert await world.actions(since, OTHER) == []


async def test_the_log_of_a_closed_customer_is_kept_for_the_operator(world: World) -> None:
    for service_id in (WWW, API):
        await world.ask(ADA, "DELETE", f"/service/{service_id}")
    await world.ask(ADA, "DELETE", f"/customer/{WIDGETS}")
    (event, *_) = (await world.ask(OPERATOR, "GET", "/events", params=HERE)).json()["data"]
    assert event["attributes"]["description"] == "Customer 'Example Widgets' was deleted"
    audit = "/_tenantry/v1/audit"
    for path in (f"/events/{event['id']}", f"{audit}/head", f"{audit}/checkpoints"):
        assert (await world.ask(OPERATOR, "GET", path, params=HERE)).status_code == 200, path
    exported = (await world.ask(OPERATOR, "GET", f"{audit}/export", params=HERE)).text
    assert exported.count("\n") == len(await world.events())
    for path in ("/current_customer", "/tokens", "/events"):
        for key, status in ((OPERATOR, 404), (ADA, 401), (EVE, 403)):
            if (key, path) != (OPERATOR, "/events"):
                assert (await world.ask(key, "GET", path, params=HERE)).status_code == status


async def test_a_key_that_was_ended_is_refused_at_once(world: World) -> None:
    ask = partial(world.ask, OPERATOR, path=f"/customer/{WIDGETS}", params=HERE)
    assert (await ask(method="GET")).status_code == 200
    assert (await ask(method="PUT", data={"name": "Widgets"})).status_code == 200
    (key,) = await operator_keys.list_all(world.app.database)
    await operator_keys.revoke(world.app.database, key.id)
    assert (await ask(method="GET")).status_code == 401
    assert (await ask(method="PUT", data={"name": "Widgets"})).status_code == 401
