"""What a scenario says otherwise than what stands is told; what it leaves out is not."""

import asyncio
import json
from typing import Any

from tenantry.areas.operator.scenario import read_text
from tests.areas import test_scenario_billing as billing
from tests.areas.test_scenario import OWNER, SECRET, load, rows, scenario
from tests.world import World

SAID: dict[str, list[dict[str, Any]]] = {
    "users": [
        OWNER | {"role": "engineer", "owner": False, "name": "Olga"},
        {"login": "lou@example.com", "role": "user", "limit_services": False, "locked": False},
        {"login": "max@example.com"},
    ],
    "services": [
        {"name": "www", "type": "vcl", "comment": "", "versions": [{}, {}], "active_version": 2},
        {"name": "api", "versions": [{"comment": "One"}, {}], "active_version": 1},
    ],
    "tokens": [{"user": "9Olive", "access_token": SECRET, "scope": "global", "services": []}],
    "automation_tokens": [{"name": "bot", "role": "user", "tls_access": False}],
    "service_authorizations": [{"user": "lou@example.com", "service": "www", "permission": "full"}],
}
STANDS: dict[str, list[dict[str, Any]]] = {
    "users": [
        OWNER | {"name": "Olga"},
        {"login": "lou@example.com", "role": "engineer", "limit_services": True},
        {"login": "max@example.com", "role": "billing", "name": "Max", "locked": True},
    ],
    "services": [
        {
            "id": "9Www",
            "name": "www",
            "type": "wasm",
            "comment": "a",
            "versions": [{}, {}],
            "active_version": 1,
        },
        {"name": "api", "versions": [{"comment": "1"}], "active_version": 1},
    ],
    "tokens": [
        {"user": "9Olive", "access_token": SECRET, "scope": "global:read", "services": ["www"]}
    ],
    "automation_tokens": [{"name": "bot", "role": "engineer", "tls_access": True}],
    "service_authorizations": [
        {"user": "lou@example.com", "service": "www", "permission": "read_only"}
    ],
}
TOLD = """
users[0].role: 'superuser'
users[1].role: 'engineer'
users[1].limit_services: True
services[0].type: 'wasm'
services[0].comment: 'a'
services[0].active_version: 1
services[1].versions: ['1']
tokens[0].scope: 'global:read'
tokens[0].services: ['9Www']
automation_tokens[0].role: 'engineer'
automation_tokens[0].tls_access: True
service_authorizations[0].permission: 'read_only'
"""


async def test_a_default_that_the_file_says_is_told_and_what_it_leaves_out_is_not(
    world: World,
) -> None:
    await load(world, scenario(**STANDS))
    before = await rows(world)
    loaded = await load(world, scenario(**SAID))
    assert (loaded.created, await rows(world)) == ({}, before)
    notes = dict(note.removesuffix(" stands, and is left").split(": ", 1) for note in loaded.notes)
    lines = TOLD.split("\n")[1:-1]
    assert notes == dict(f"customers[0].{line}".split(": ", 1) for line in lines)
    assert (await load(world, scenario(**STANDS))).notes == []


async def test_who_loads_the_same_at_once_finds_it_standing(world: World) -> None:
    people = [OWNER, *({"login": f"user{at}@example.com"} for at in range(300))]
    keys = [{"key": f"operator-key-of-many-{at:011}"} for at in range(2)]
    customer = {"name": "New Company", **STANDS, "users": STANDS["users"] + people[1:]}
    wanted = read_text(json.dumps({"customers": [customer], "operator_keys": keys}))
    loaded = await asyncio.gather(*(load(world, wanted) for _ in range(3)))
    assert {one.created["user"] + one.unchanged["user"] for one in loaded} == {303}
    again = await load(world, wanted)
    assert (again.created, again.notes) == ({}, [])


async def test_what_was_used_is_told_to_be_other_than_the_file_says(world: World) -> None:
    def wanted(**other: Any) -> Any:
        return billing.scenario(usage=[billing.USE | other])

    await load(world, wanted())
    before = await rows(world)
    loaded = await load(world, wanted(quantity="1", region="europe", timestamp="last month"))
    assert (loaded.created, loaded.unchanged["usage event"]) == ({}, 1)
    assert loaded.notes == [
        "customers[0].usage[0].region: 'usa' stands, and is left",
        "customers[0].usage[0].quantity: '10000' stands, and is left",
    ]
    loaded = await load(world, wanted(timestamp="2026-03-01T09:00:00Z"))
    assert loaded.notes == [
        "customers[0].usage[0].timestamp: '2026-03-01T00:00:00Z' stands, and is left"
    ]
    assert await rows(world) == before
