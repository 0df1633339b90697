"""Invitations that contradict themselves, or others, are refused (contract: access §4, #9)."""

from typing import Any

import pytest

from tenantry.core.permissions import ROLE_IDS
from tests.areas.invitation_calls import (
    LIN,
    codes,
    document,
    invite,
    join,
    pending,
    refused,
)
from tests.world import (
    ADA,
    API,
    BEN,
    DAY,
    ELSEWHERE,
    EVE,
    LIMITED,
    NED,
    OTHER,
    SUE,
    WIDGETS,
    WWW,
    World,
)


@pytest.mark.changes_nothing
@pytest.mark.parametrize(
    ("attributes", "services", "detail"),
    [
        ({"email": None}, None, "Email is required"),
        ({"email": " "}, None, "Email is required"),
        ({"email": "lin"}, None, "Email must be an e-mail address: "),
        ({"email": "x" * 250 + "@example.com"}, None, "Email must be an e-mail address: "),
        ({"role": "owner"}, None, "Role must be one of: user, billing, engineer, superuser, tls_v"),
        ({"roles": "engineer"}, None, "data.attributes.roles: "),
        ({"limit_services": "maybe"}, None, "data.attributes.limit_services: "),
        (
            {"role": "engineer", "limit_services": False},
            [(WWW, "full")],
            "Service invitations are for who is limited to services",
        ),
        ({"role": "superuser", "limit_services": True}, None, "Role 'superuser' is not allowed"),
        ({"role": "user", "limit_services": True}, None, "Role 'user' is not allowed"),
        ({"role": "billing"}, [(WWW, "full")], "Role 'billing' is not allowed"),
        ({"role": "engineer"}, [(WWW, "full"), (WWW, "full")], f"Service '{WWW}' is named twice"),
        (
            {"role": "engineer"},
            [(WWW, "all")],
            "Permission must be one of: full, read_only, purge_select, purge_all",
        ),
        ({"role": "engineer"}, [(WWW, "")], "Permission must be one of: "),
        ({"role": "engineer"}, [("", "full")], "A service invitation needs a service"),
        ({"role": "engineer"}, [(WWW, "full")] * 1001, "At most 1000 service invitations"),
    ],
)
async def test_what_is_wrong_is_told(
    world: World, attributes: dict[str, Any], services: Any, detail: str
) -> None:
    body = document(**{"email": LIN, **attributes}, services=services)
    assert (await refused(world, ADA, 400, body)).startswith(detail)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({}, "Data is required"),
        ({"data": {}}, "Email is required"),
        ({"data": {"attributes": None, "relationships": None}}, "Email is required"),
        ({"data": {"type": "user"}}, "The type of data must be 'invitation'"),
    ],
)
async def test_a_document_without_an_invitation_is_refused(
    world: World, body: dict[str, Any], detail: str
) -> None:
    assert await refused(world, ADA, 400, body) == detail


async def test_what_is_not_the_customers_is_not_found(world: World) -> None:
    limited: dict[str, Any] = {"role": "engineer", "limit_services": True}
    for service_id in (ELSEWHERE, "0Unknown00000000000000", "é"):
        body = document(services=[(WWW, "full"), (service_id, "full")], **limited)
        assert await refused(world, ADA, 404, body) == f"Cannot find service '{service_id}'"
    await world.ask(ADA, "DELETE", f"/service/{API}")
    body = document(services=[(API, "full")], **limited)
    assert await refused(world, ADA, 404, body) == f"Cannot find service '{API}'"
    assert await refused(world, LIMITED, 404, body) == f"Cannot find service '{API}'"
    detail = await refused(world, ADA, 404, document(roles=[ROLE_IDS["user"], "0Unknown"]))
    assert detail == "Cannot find role '0Unknown'"
    detail = await refused(world, ADA, 404, document(customer=OTHER))
    assert detail == f"Cannot find customer '{OTHER}'"
    await invite(world, customer=WIDGETS)


async def test_a_login_of_whichever_customer_is_not_invited(world: World) -> None:
    for login in (BEN.login, NED.login, "NED@Example.com"):
        detail = await refused(world, ADA, 409, document(login))
        assert detail == f"Duplicate user: '{login.lower()}'"


async def test_one_person_is_invited_once_at_a_time(world: World) -> None:
    first = await invite(world)
    for who, email in ((ADA, LIN), (BEN, "LIN@example.com"), (SUE, f" {LIN}")):
        assert await refused(world, who, 409, document(email)) == f"Duplicate invitation: '{LIN}'"
    await invite(world, EVE)
    world.clock.turn(7 * DAY - 1)
    assert await refused(world, ADA, 409, document()) == f"Duplicate invitation: '{LIN}'"
    world.clock.turn(1)
    again = await invite(world)
    assert again["id"] != first["id"]
    assert await pending(world) == [LIN]
    assert len(set(await codes(world))) == 3


async def test_who_has_joined_is_invited_no_more(world: World) -> None:
    await join(world)
    assert await pending(world) == []
    assert await refused(world, ADA, 409, document()) == f"Duplicate user: '{LIN}'"
