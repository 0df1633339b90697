"""Users' tokens in use: when, by whom, for whom, until revoked (contract: identity §6, §9.2)."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tenantry.core.clock import SECOND
from tests.areas.test_tokens import CREATED, LISTED, UNKNOWN, make, no_token
from tests.areas.test_users import NOT_ALLOWED
from tests.world import (
    ADA,
    API,
    BEN,
    BILL,
    BOT,
    ELSEWHERE,
    EVE,
    LIM,
    LIMITED,
    NED,
    NOW,
    OPERATOR,
    PASSWORD,
    PURGING,
    READ_ONLY,
    SUE,
    TESS,
    UMA,
    WIDGETS,
    WWW,
    Person,
    World,
    open_world,
)

BULK = {"Content-Type": "application/vnd.api+json; ext=bulk"}


@asynccontextmanager
async def opened(database_url: str, folder: Path, seconds: int) -> AsyncIterator[World]:
    """The world so many seconds later, in another process; when it closes, all is written."""
    world = await open_world(database_url, folder)
    world.clock.now = NOW + seconds * SECOND
    yield world
    await world.stop()


async def use(world: World, agent: str) -> list[str]:
    answer = await world.ask(BEN, "GET", "/tokens/self", headers={"User-Agent": agent})
    return [answer.json()[name] for name in ("last_used_at", "ip", "user_agent")]


async def noted(world: World) -> list[str]:
    token = (await world.ask(ADA, "GET", f"/tokens/{BEN.token_id}")).json()
    return [token[name] for name in ("last_used_at", "ip", "user_agent")]


async def test_a_use_is_shown_by_itself_and_noted_once_a_minute(
    database_url: str, tmp_path: Path
) -> None:
    first = ["2026-03-01T10:00:01Z", "192.0.2.10", "FastlyCLI/v16.1.0".ljust(255, "x")]
    async with opened(database_url, tmp_path, 1) as world:
        assert await noted(world) == [None, None, None]
        since = len(await world.events())
        assert await use(world, first[2] + "too long") == first
        world.clock.turn(30 * SECOND)
        assert await use(world, "curl") == ["2026-03-01T10:00:31Z", "192.0.2.10", "curl"]
    async with opened(database_url, tmp_path, 60) as world:
        assert await noted(world) == first
        assert await use(world, "curl") == ["2026-03-01T10:01:00Z", "192.0.2.10", "curl"]
    async with opened(database_url, tmp_path, 61) as world:
        assert await noted(world) == first
        await use(world, "curl")
    async with opened(database_url, tmp_path, 62) as world:
        assert await noted(world) == ["2026-03-01T10:01:01Z", "192.0.2.10", "curl"]
        assert await world.actions(since) == []


async def test_the_shim_bends_for_python_and_javascript_alone(world: World) -> None:
    token = await make(world, scope="purge_all global:read")
    await make(world, LIM)
    for agent, keys in (
        ("fastly-py/15.0.0", {"name", "id", "scopes", "services"}),
        ("fastly-js/13.0.0", {"name", "id", "scopes", "scope", "services"}),
        ("FastlyGo/17.2.0 (+x)", {*LISTED}),
        ("my fastly-py/15.0.0", {*LISTED}),
    ):
        answer = await world.ask(
            SUE, "GET", f"/tokens/{token['id']}", headers={"User-Agent": agent}
        )
        told = answer.json()
        assert keys <= told.keys(), agent
        missing = {*LISTED} - told.keys()
        bent = {"expires_at", "last_used_at", "ip", "user_agent"}
        if keys == {*LISTED}:
            bent = set()
        elif agent.startswith("fastly-py"):
            bent = bent | {"scope"}
        assert missing == bent, agent
        for path in ("/tokens", f"/customer/{WIDGETS}/tokens", "/tokens/self"):
            answer = await world.ask(SUE, "GET", path, headers={"User-Agent": agent})
            assert ('"expires_at":null' in answer.text) is not bool(bent), path
    headers = {"User-Agent": "fastly-py/15.0.0"}
    form = {"username": BEN.login, "password": PASSWORD}
    answer = await world.ask(None, "POST", "/tokens", data=form, headers=headers)
    assert [*answer.json()] == [key for key in CREATED if key != "expires_at"]


async def test_who_a_key_is(world: World) -> None:
    answer = await world.ask(BEN, "GET", "/verify")
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "customer": {"id": WIDGETS, "name": "Example Widgets"},
            "user": {"id": BEN.id, "name": "Ben", "login": BEN.login},
            "services": {WWW: "www", API: "api"},
            "token": {
                "id": BEN.token_id,
                "name": "Ben's token",
                "created_at": "2026-03-01T10:00:00Z",
                "expires_at": None,
                "scope": "global",
            },
        },
    )
    program = (await world.ask(BOT, "GET", "/verify")).json()
    assert program["user"] == {"id": BOT.token_id, "name": "Bot's token", "login": ""}
    operator = (await world.ask(OPERATOR, "GET", f"/verify?customer_id={WIDGETS}")).json()
    assert operator["customer"] == {"id": WIDGETS, "name": "Example Widgets"}
    seen = {
        key: (await world.ask(key, "GET", "/verify")).json()["services"]
        for key in (LIMITED, LIM.token, PURGING, NED.token, READ_ONLY)
    }
    assert seen == {
        LIMITED: {WWW: "www"},
        LIM.token: {},
        PURGING: {},
        NED.token: {ELSEWHERE: "elsewhere"},
        READ_ONLY: {WWW: "www", API: "api"},
    }
    await world.ask(BEN, "PUT", f"/user/{BEN.id}", data={"name": "Benjamin"})
    assert (await world.ask(BEN, "GET", "/verify")).json()["user"]["name"] == "Benjamin"


async def bulk(world: World, who: Person | str, *ids: str) -> httpx.Response:
    """Some Go programs send no type."""
    kinds = itertools.cycle(("token", ""))
    body = {"data": [{"type": kind, "id": one} for kind, one in zip(kinds, ids, strict=False)]}
    return await world.ask(who, "DELETE", "/tokens", content=json.dumps(body), headers=BULK)


async def test_a_revoked_token_opens_nothing_from_then_on(world: World) -> None:
    token = await make(world)
    since = len(await world.events())
    answer = await world.ask(BEN, "DELETE", f"/tokens/{token['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert "content-type" not in answer.headers
    assert int(answer.headers["fastly-ratelimit-remaining"]) == 999
    assert await world.actions(since) == ["token.destroy"]
    assert (await world.ask(token["access_token"], "GET", "/tokens/self")).json() == UNKNOWN
    answer = await world.ask(BEN, "DELETE", f"/tokens/{token['id']}")
    assert (answer.status_code, answer.json()) == (404, no_token(token["id"]))


async def test_every_key_revokes_itself_whatever_its_scope(world: World) -> None:
    for key in (READ_ONLY, PURGING, LIMITED, BOT, BEN, TESS):
        since = len(await world.events())
        answer = await world.ask(key, "DELETE", "/tokens/self")
        assert (answer.status_code, answer.content) == (204, b"")
        logged_out = [] if key is BOT else ["user.logout"]
        assert await world.actions(since) == ["token.destroy", *logged_out]
        answer = await world.ask(key, "DELETE", "/tokens/self")
        assert (answer.status_code, answer.json()) == (401, UNKNOWN)


async def test_whose_tokens_one_may_revoke(world: World) -> None:
    for who in (UMA, BILL, BOT):
        answer = await world.ask(who, "DELETE", f"/tokens/{BEN.token_id}")
        assert (answer.status_code, answer.json()) == (403, NOT_ALLOWED)
        assert (await bulk(world, who, BEN.token_id)).json() == NOT_ALLOWED
    for who in (EVE, NED):
        answer = await world.ask(who, "DELETE", f"/tokens/{BEN.token_id}")
        assert (answer.status_code, answer.json()) == (404, no_token(BEN.token_id))
    # The path that the Go client deletes automation tokens by.
    for token_id in (BEN.token_id, BOT.token_id):
        assert (await world.ask(SUE, "DELETE", f"/tokens/{token_id}")).status_code == 204
    for key in (BEN, BOT):
        assert (await world.ask(key, "GET", "/tokens/self")).status_code == 401


async def test_many_are_revoked_at_once_the_calling_one_among_them(world: World) -> None:
    made = [await make(world) for _ in range(3)]
    ids = [one["id"] for one in made]
    since = len(await world.events())
    answer = await bulk(world, BEN, *ids, BEN.token_id, ids[0])
    assert (answer.status_code, answer.content) == (204, b"")
    assert await world.actions(since) == [*["token.destroy"] * 4, "user.logout"]
    for key in (BEN.token, *(one["access_token"] for one in made)):
        assert (await world.ask(key, "GET", "/tokens/self")).status_code == 401


async def test_of_many_all_are_revoked_or_none(world: World) -> None:
    token = await make(world)
    since = len(await world.events())
    answer = await bulk(world, BEN, token["id"], "0Unknown00000000000000", UMA.token_id)
    assert (answer.status_code, answer.json()) == (404, no_token("0Unknown00000000000000"))
    assert (await bulk(world, SUE, token["id"], NED.token_id)).json() == no_token(NED.token_id)
    assert (await bulk(world, BEN, token["id"], UMA.token_id)).status_code == 403
    assert await world.actions(since) == []
    assert (await world.ask(token["access_token"], "GET", "/tokens/self")).status_code == 200


@pytest.mark.changes_nothing
@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({}, "Data is required"),
        ({"data": []}, "Data must name 1 to 1000 tokens"),
        ({"data": [{"type": "token", "id": "x"}] * 1001}, "Data must name 1 to 1000 tokens"),
        ({"data": {"type": "token", "id": BEN.token_id}}, "Data: Expected array, got object"),
        ({"data": [BEN.token_id]}, "Data must be a list of objects with a type and an id"),
        ({"data": [{"type": "token"}]}, "Data must be a list of objects with a type and an id"),
        ({"data": [{"type": "token", "id": 7}]}, "Data must be a list of objects with a type"),
        ({"data": [{"type": "user", "id": BEN.token_id}]}, "Type must be 'token'"),
    ],
)
async def test_a_wrong_list_revokes_nothing(
    world: World, body: dict[str, Any], detail: str
) -> None:
    content = json.dumps(body)
    for media_type in (BULK["Content-Type"], "application/json"):
        headers = {"Content-Type": media_type}
        answer = await world.ask(BEN, "DELETE", "/tokens", content=content, headers=headers)
        assert (answer.status_code, answer.json()["msg"]) == (400, "Bad request")
        assert answer.json()["detail"].startswith(detail)
    assert (await world.ask(BEN, "GET", "/tokens/self")).status_code == 200


async def test_a_token_that_is_revoked_while_used_does_nothing_more(world: World) -> None:
    form = {"name": "Benjamin"}
    calls = [world.ask(BEN, "PUT", f"/user/{BEN.id}", data=form) for _ in range(6)]
    calls.insert(3, world.ask(ADA, "DELETE", f"/tokens/{BEN.token_id}"))
    statuses = [one.status_code for one in await asyncio.gather(*calls)]
    assert statuses.count(204) == 1
    assert set(statuses) <= {200, 204, 401}
    assert (await world.ask(BEN, "PUT", f"/user/{BEN.id}", data=form)).status_code == 401


async def test_of_two_revocations_at_once_one_finds_it(world: World) -> None:
    calls = (world.ask(who, "DELETE", f"/tokens/{UMA.token_id}") for who in (ADA, SUE, ADA))
    statuses = [one.status_code for one in await asyncio.gather(*calls)]
    assert sorted(statuses) == [204, 404, 404]
