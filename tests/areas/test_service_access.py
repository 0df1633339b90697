"""Who reaches a service, for every operation on one (contract: access §9.6)."""

import re

import pytest

from tenantry.app import operations
from tenantry.http.operation import Operation
from tests.areas.service_calls import not_found
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
    TESS,
    UMA,
    WWW,
    World,
)

UNKNOWN = "0123456789ABCDEFGHIJKL"
NOT_ALLOWED = {"msg": "You are not authorized to perform this action"}

ON_SERVICE = [row for row in operations() if row.allow.service]


def _call(row: Operation, service_id: str) -> tuple[str, str]:
    path = row.path.replace("{service_id}", service_id).replace("{version_id}", "1")
    return row.method, re.sub(r"{\w+}", "production", path)


def _ids(row: Operation) -> str:
    return row.name


def test_there_are_operations_on_services() -> None:
    assert len(ON_SERVICE) >= 16
    assert all("{service_id}" in row.path and row.allow.permission for row in ON_SERVICE)


@pytest.mark.changes_nothing
@pytest.mark.parametrize("row", ON_SERVICE, ids=_ids)
async def test_a_service_out_of_sight_is_as_if_absent(world: World, row: Operation) -> None:
    """Another customer's, an unknown one, one outside a token's list, a user's, or a role's."""
    cases = [
        (ADA.token, ELSEWHERE),
        (EVE.token, WWW),
        (ADA.token, UNKNOWN),
        (LIMITED, API),
        (LIM.token, WWW),
        (TESS.token, WWW),
    ]
    for key, service_id in cases:
        method, path = _call(row, service_id)
        answer = await world.ask(key, method, path)
        assert (answer.status_code, answer.json()) == (404, not_found(service_id)), key


@pytest.mark.changes_nothing
@pytest.mark.parametrize(
    "row", [row for row in ON_SERVICE if row.allow.permission != "service.read"], ids=_ids
)
async def test_who_sees_a_service_and_may_not_is_refused(world: World, row: Operation) -> None:
    before = len(await world.events())
    method, path = _call(row, WWW)
    for who in (BILL, UMA):
        answer = await world.ask(who, method, path)
        assert (answer.status_code, answer.json()) == (403, NOT_ALLOWED)
    assert await world.actions(before) == []


@pytest.mark.parametrize("row", ON_SERVICE, ids=_ids)
async def test_who_holds_the_permission_is_let_in(world: World, row: Operation) -> None:
    method, path = _call(row, WWW)
    holders = (ADA, BEN, BOT, UMA) if row.allow.permission == "service.read" else (BEN,)
    for who in holders:
        more = {} if row.takes is None else {"data": {"comment": "let in"}}
        answer = await world.ask(who, method, path, **more)
        assert answer.status_code == 200, answer.text
