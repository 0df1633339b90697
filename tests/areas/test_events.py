"""An event on the wire, and who may read it (contract: billing §8.1, §8.2)."""

import re

from sqlalchemy import update

from tenantry.core import schema
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tests.areas.event_calls import busy, expected, ids, listed, told
from tests.areas.group_calls import role
from tests.world import (
    ADA,
    BEN,
    BOT,
    EVE,
    LIM,
    LIMITED,
    OPERATOR,
    PASSWORD,
    PURGING,
    READ_ONLY,
    UMA,
    WIDGETS,
    WWW,
    World,
)

JSON_API = "application/vnd.api+json"
NOT_FOUND = {
    "errors": [
        {
            "title": "Not found",
            "detail": "The event you requested was not found",
            "status": "404",
        }
    ]
}


async def test_an_event_is_told_in_full(world: World) -> None:
    await world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"role": "billing"})
    answer = await listed(world, ADA, "page[size]=1")
    assert answer.headers["content-type"] == JSON_API
    body = answer.json()
    assert list(body) == ["data", "links", "meta"]
    (event,) = body["data"]
    assert list(event) == ["id", "type", "attributes"]
    assert re.fullmatch(r"[0-9A-Za-z]{22}", event["id"])
    assert event["type"] == "event"
    attributes = event["attributes"]
    assert list(attributes) == [
        "customer_id",
        "description",
        "event_type",
        "ip",
        "metadata",
        "user_id",
        "token_id",
        "created_at",
        "admin",
    ]
    metadata = attributes.pop("metadata")
    assert metadata["old"]["role"] == "engineer"
    assert metadata["new"]["role"] == "billing"
    assert attributes == {
        "customer_id": WIDGETS,
        "description": f"User '{BEN.login}' was updated",
        "event_type": "user.update",
        "ip": "192.0.2.10",
        "user_id": ADA.id,
        "token_id": ADA.token_id,
        "created_at": "2026-03-01T10:00:00Z",
        "admin": False,
    }
    one = await world.ask(ADA, "GET", f"/events/{event['id']}")
    assert one.status_code == 200
    attributes["metadata"] = metadata
    assert one.json() == {"data": event}


async def test_what_does_not_apply_is_left_out(world: World) -> None:
    """The Python client fails on null, and Go on a metadata that is a list."""
    await busy(world)
    data = (await listed(world, ADA, "page[size]=100")).json()["data"]
    kinds = set()
    for event in data:
        attributes = event["attributes"]
        assert None not in attributes.values()
        assert isinstance(attributes["metadata"], dict)
        assert isinstance(attributes["ip"], str)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", attributes["created_at"])
        kinds.add(frozenset(attributes) & {"service_id", "user_id", "token_id"})
    assert kinds >= {
        frozenset(),
        frozenset({"token_id", "user_id"}),
        frozenset({"service_id", "token_id", "user_id"}),
        frozenset({"service_id", "token_id"}),
    }


async def test_every_event_is_told_as_it_was_recorded(world: World) -> None:
    await busy(world)
    recorded = {one["id"]: one for one in await told(world)}
    listed_events = (await listed(world, ADA, "page[size]=100")).json()["data"]
    assert any("login" in one["attributes"]["metadata"] for one in listed_events)
    for event in listed_events:
        own = recorded[event["id"]]
        for name, value in event["attributes"].items():
            assert value == own[name], name


async def test_of_who_was_erased_nothing_personal_is_told(world: World) -> None:
    """Also where it was asked for before."""
    await world.ask(ADA, "POST", "/user", data={"login": "new@example.com", "name": "Nina"})
    (before,) = (await listed(world, ADA, "page[size]=1")).json()["data"]
    assert before["attributes"]["metadata"]["login"] == "new@example.com"

    async def erase(unit: Unit) -> None:
        await unit.run(_ERASE)

    await world.app.database.write(erase)
    for after in (
        (await listed(world, ADA, "page[size]=1")).json()["data"][0]["attributes"],
        (await world.ask(ADA, "GET", f"/events/{before['id']}")).json()["data"]["attributes"],
    ):
        assert (after["description"], after["ip"], after["metadata"]["login"]) == ("", "", "")
        assert after["metadata"]["role"] == before["attributes"]["metadata"]["role"]


_ERASE = Statement(update(schema.events).values(personal=None))


async def test_what_operators_do_is_marked(world: World) -> None:
    path = f"/user/{BEN.id}?customer_id={WIDGETS}"
    await world.ask(OPERATOR, "PUT", path, data={"name": "Benjamin"})
    (event,) = (await listed(world, ADA, "page[size]=1")).json()["data"]
    assert event["attributes"]["admin"] is True
    assert "user_id" not in event["attributes"]
    assert ids(await listed(world, OPERATOR, f"customer_id={WIDGETS}&page[size]=1")) == [
        event["id"]
    ]


async def test_what_is_not_there_is_not_found(world: World) -> None:
    await busy(world)
    theirs = (ids(await listed(world, EVE)))[0]
    hidden = [one["id"] for one in await told(world) if one["event_type"] is None]
    assert hidden
    for event_id in (theirs, "0123456789ABCDEFGHIJKL", "x", *hidden):
        answer = await world.ask(ADA, "GET", f"/events/{event_id}")
        assert (answer.status_code, answer.json()) == (404, NOT_FOUND)
        assert answer.headers["content-type"] == JSON_API
    for who in (BEN, LIM, BOT, UMA):
        events = await told(world)
        visible = set(expected(events, who))
        for event in events:
            answer = await world.ask(who, "GET", f"/events/{event['id']}")
            assert answer.status_code == (200 if event["id"] in visible else 404), who.name


async def test_the_log_can_only_be_read(world: World) -> None:
    event_id = ids(await listed(world, ADA))[0]
    for path in ("/events", f"/events/{event_id}"):
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            answer = await world.ask(ADA, method, path, json={})
            assert answer.status_code == 405, (method, path)
            assert answer.headers["allow"] == "GET, HEAD, OPTIONS"


async def test_who_holds_the_answer_gets_none(world: World) -> None:
    event_id = ids(await listed(world, ADA))[0]
    for path in ("/events?page[size]=2", f"/events/{event_id}"):
        first = await world.ask(ADA, "GET", path)
        tag = first.headers["etag"]
        assert re.fullmatch(r'W/"[0-9a-f]{32}"', tag)
        assert first.headers["cache-control"] == "max-age=0, private, must-revalidate"
        for held in (tag, tag.removeprefix("W/"), f'"x", {tag}', "*"):
            again = await world.ask(ADA, "GET", path, headers={"If-None-Match": held})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == tag
            assert again.headers["cache-control"] == first.headers["cache-control"]
            assert "content-type" not in again.headers
            assert "content-length" not in again.headers
        other = await world.ask(ADA, "GET", path, headers={"If-None-Match": 'W/"0"'})
        assert other.content == first.content
    path = "/events?page[size]=2"
    tag = (await world.ask(ADA, "GET", path)).headers["etag"]
    await world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"name": "Benjamin"})
    newer = await world.ask(ADA, "GET", path, headers={"If-None-Match": tag})
    assert newer.status_code == 200
    assert newer.headers["etag"] != tag
    elsewhere = await world.ask(ADA, "GET", "/current_user", headers={"If-None-Match": "*"})
    assert elsewhere.status_code == 200
    assert "etag" not in elsewhere.headers


async def test_without_improved_events_less_is_told(world: World) -> None:
    await busy(world)
    full = (await listed(world, ADA)).json()["data"]
    path = f"/customer/{WIDGETS}?customer_id={WIDGETS}"
    answer = await world.ask(OPERATOR, "PUT", path, data={"has_improved_events": "false"})
    assert answer.status_code == 200, answer.text
    assert (await world.ask(ADA, "GET", f"/customer/{WIDGETS}")).json()[
        "has_improved_events"
    ] is False
    less = {
        one["id"]: one["attributes"]
        for one in (await listed(world, ADA, "page[size]=100")).json()["data"]
    }
    for event in full:
        attributes = {**event["attributes"], "metadata": {}}
        attributes.pop("token_id", None)
        assert less[event["id"]] == attributes
    one = await world.ask(ADA, "GET", f"/events/{full[0]['id']}")
    assert one.json()["data"]["attributes"] == less[full[0]["id"]]
    unfiltered = ids(await listed(world, ADA))
    assert ids(await listed(world, ADA, f"filter[token_id]={BOT.token_id}")) == unfiltered


async def test_a_key_for_some_services_sees_the_account_and_of_services_those(world: World) -> None:
    """Account endpoints are not restricted; what one sees of services is (access §9.5)."""
    form = {"username": BEN.login, "password": PASSWORD, "services[]": WWW}
    answer = await world.ask(None, "POST", "/tokens", data=form)
    assert answer.status_code == 200, answer.text
    await busy(world)
    assert ids(await listed(world, LIMITED)) == ids(await listed(world, ADA))
    shall = [
        one["id"]
        for one in reversed(await told(world))
        if one["event_type"] and (one["user_id"] == BEN.id or one["service_id"] == WWW)
    ]
    key = answer.json()["access_token"]
    assert ids(await listed(world, key, "page[size]=100")) == shall
    assert set(shall) < set(ids(await listed(world, BEN, "page[size]=100")))


async def test_a_key_that_only_purges_reads_nothing(world: World) -> None:
    event_id = ids(await listed(world, ADA))[0]
    for path in ("/events", f"/events/{event_id}"):
        answer = await world.ask(PURGING, "GET", path)
        assert answer.status_code == 403
        assert answer.json() == {"msg": "You are not authorized to perform this action"}
        assert answer.headers["content-type"] == "application/json"


async def test_whose_own_role_reads_events_reads_all(world: World) -> None:
    """A custom role holds a permission in its unrestricted form (access §9.2)."""
    await busy(world)
    reader = await role(world, "Auditor", "event.read")
    await world.ask(ADA, "PUT", f"/user/{UMA.id}", data={"roles": reader})
    assert ids(await listed(world, UMA)) == ids(await listed(world, ADA))


async def test_head_tells_of_a_page_what_get_does(world: World) -> None:
    await busy(world)
    event_id = ids(await listed(world, ADA))[0]
    for path in ("/events?page[size]=2&sort=created_at", f"/events/{event_id}"):
        got, head = [await world.ask(ADA, method, path) for method in ("GET", "HEAD")]
        assert (head.status_code, head.content) == (200, b"")
        for name in ("etag", "cache-control", "content-type", "content-length"):
            assert head.headers[name] == got.headers[name]
        held = {"If-None-Match": got.headers["etag"]}
        assert (await world.ask(ADA, "HEAD", path, headers=held)).status_code == 304


async def test_a_key_that_only_reads_reads_all(world: World) -> None:
    assert ids(await listed(world, READ_ONLY)) == ids(await listed(world, ADA))


async def test_an_early_event_whose_id_tells_no_place_is_found(world: World) -> None:
    """Ids of events were random at first, and stand in bodies that were hashed."""
    early = "4yZWDav26N7wTUbFEZeq0d"
    before = await listed(world, ADA, "page[size]=1")
    (event,) = before.json()["data"]
    renamed = update(schema.events).where(schema.events.c.id == event["id"]).values(id=early)

    async def rename(unit: Unit) -> None:
        await unit.run(Statement(renamed))

    await world.app.database.write(rename)
    assert (await world.ask(ADA, "GET", f"/events/{early}")).status_code == 200
    assert (await world.ask(EVE, "GET", f"/events/{early}")).json() == NOT_FOUND
    assert (await world.ask(ADA, "GET", f"/events/{event['id']}")).json() == NOT_FOUND
