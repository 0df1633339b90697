"""What is explained is what is answered: each operation with a permission, by many kinds of keys.

Writes are rehearsed, so that everybody asks in the same world.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from tenantry.core.permissions import CATALOGUE, ROLE_IDS
from tenantry.http.operation import Allow
from tests.access.asking import asked, changed
from tests.access.probes import authorization
from tests.areas.role_calls import give, role
from tests.table import GUARDED, OWN, path_of
from tests.world import (
    ADA,
    BEN,
    BILL,
    LIM,
    LIMITED,
    PURGING,
    READ_ONLY,
    SUE,
    TESS,
    TONI,
    UMA,
    WWW,
    World,
)

NOBODY = "0Nobody000000000000000"
THERE = ("customer_id", "service_id", "version_id")
PARTS = OWN | {name: NOBODY for name in OWN if name.endswith("_id") and name not in THERE}
PARTS["user_login"] = "nobody@example.com"
"""What belongs to the customer is there, and nothing that could be somebody's own."""
ASKED = {name: row for name, row in GUARDED.items() if row.allow.permission}
ROLELESS = {"POST /user": {"role": "no such role"}}
"""Where less than that asks for what is handed on, which is more than the permission."""
LIFT = {"msg": "You must POST /sudo to access this endpoint"}
UNSEEN = f"Cannot find service '{WWW}'"
Kind = Callable[[World], AsyncIterator[tuple[str, str]]]
"""Makes keys, and says which permissions are worth asking for: all that begin so."""


async def people(world: World) -> AsyncIterator[tuple[str, str]]:
    for person in (ADA, SUE, BEN, LIM, BILL, UMA, TESS, TONI):
        yield person.token, ""
    for secret in (READ_ONLY, PURGING, LIMITED):
        yield secret, ""
    await changed(world, "POST", "/service-authorizations", json=authorization(LIM.id, WWW))
    yield LIM.token, "service."


async def programs(world: World) -> AsyncIterator[tuple[str, str]]:
    everything = await role(world, "Everything", [one.name for one in CATALOGUE])
    for role_id in (ROLE_IDS["user"], ROLE_IDS["billing"], ROLE_IDS["engineer"], everything):
        for more in ({}, {"scope": "global:read"}, {"limit_services": True, "services": [WWW]}):
            yield await program(world, role_id, **more), ""


async def of_one_permission(world: World) -> AsyncIterator[tuple[str, str]]:
    for one in CATALOGUE:
        role_id = await role(world, one.name, [one.name])
        yield await program(world, role_id), one.resource
        assert (await give(world, UMA, role_id)).is_success
        yield UMA.token, one.resource


async def program(world: World, role_id: str, **more: object) -> str:
    await world.sudo(ADA)
    new = {"name": "Program", "roles": [role_id], **more}
    return str((await changed(world, "POST", "/automation-tokens", json=new))["access_token"])


@pytest.mark.parametrize("dialect", ["sqlite"])  # what is decided is no matter of the database
@pytest.mark.parametrize("kind", [people, programs, of_one_permission])
async def test_what_is_explained_is_what_is_answered(world: World, kind: Kind) -> None:
    wrong = []
    async for key, worth in kind(world):
        rows = {n: row for n, row in ASKED.items() if str(row.allow.permission).startswith(worth)}
        token = (await world.ask(key, "GET", "/tokens/self")).json()["id"]
        allows = {row.allow for row in rows.values()}
        told = {allow: await explained(world, token, allow) for allow in allows}
        for name, row in rows.items():
            rehearsed = {"dry_run": "true"} if row.writes else {}
            body = {"json": ROLELESS[name]} if name in ROLELESS else {}
            path = path_of(row, PARTS)
            answer = await world.ask(key, row.method, path, params=rehearsed, **body)
            who, status, operations = told[row.allow]
            expected = 403 if status == 200 and name not in operations else status
            if expected != said(answer, who):
                wrong.append((key, name, expected, answer.status_code, answer.text))
    assert wrong == []


async def explained(world: World, token: str, allow: Allow) -> tuple[str, int, list[str]]:
    """What the bearer of a token is, how a call is answered, and what he can call."""
    forms = [allow.permission, *([f"{allow.permission}:own"] if allow.own_form else [])]
    given: dict[str, Any] = {"token": token} | ({"service": WWW} if allow.service else {})
    told = [await asked(world, "explain", permission=one, **given) for one in forms]
    best = min(told, key=lambda one: int(one["status"]))
    return best["subject"]["kind"], best["status"], best["operations"]


def said(answer: httpx.Response, who: str) -> int:
    """What an answer says of the permission: 200, 403, or 404 where the service is not there."""
    if answer.status_code == 403:
        is_to_be_lifted = who != "automation" and answer.json() == LIFT
        return 200 if is_to_be_lifted else 403
    if answer.status_code == 404 and answer.json().get("detail") == UNSEEN:
        return 404
    return 200
