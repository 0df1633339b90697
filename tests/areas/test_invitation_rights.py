"""Who may invite whom to what, through the front door (contract: access §4, §11)."""

from typing import Any

import pytest

from tenantry.core.permissions import ROLE_IDS, ROLES
from tests.areas.invitation_calls import (
    LIN,
    NOT_ALLOWED,
    accept,
    codes,
    document,
    invite,
    pending,
    refused,
)
from tests.world import (
    ADA,
    BEN,
    BILL,
    BOT,
    EVE,
    LIM,
    LIMITED,
    OPERATOR,
    READ_ONLY,
    SUE,
    TESS,
    TONI,
    UMA,
    WIDGETS,
    WWW,
    World,
)


@pytest.mark.parametrize("role", ROLES)
async def test_a_superuser_invites_to_every_role(world: World, role: str) -> None:
    for who in (SUE, LIMITED):
        made = await invite(world, who, f"{role}-{who == SUE}@example.com", role=role)
        assert made["attributes"]["roles"] == [ROLE_IDS[role]]


async def test_an_engineer_invites_engineers_and_users_without_limits(world: World) -> None:
    """An engineer who is not limited invites only to engineer and user, without limits."""
    for attributes in (
        {},
        {"role": "engineer"},
        {"role": "user", "limit_services": False},
        {"roles": [ROLE_IDS["engineer"], ROLE_IDS["user"]]},
    ):
        await invite(world, BEN, f"n{len(await pending(world))}@example.com", **attributes)
    bodies = [
        document(role="engineer", limit_services=True),
        document(role="engineer", services=[(WWW, "read_only")]),
        document(role="engineer", services=[("0Unknown", "read_only")]),
        document(roles=[ROLE_IDS["engineer"], ROLE_IDS["billing"]]),
        document(roles=[ROLE_IDS["engineer"], "0Unknown"]),
        *(document(role=role) for role in ROLES if role not in {"engineer", "user"}),
    ]
    for body in bodies:
        assert await refused(world, BEN, 403, body) == NOT_ALLOWED["msg"]


async def test_an_engineer_deals_with_his_own_alone(world: World) -> None:
    mine = await invite(world, BEN)
    world.clock.turn(1)
    hers = await invite(world, email="her@example.com")
    assert await pending(world, BEN) == [LIN]
    assert await pending(world) == [LIN, "her@example.com"]
    path = f"/invitations/{hers['id']}"
    for method, route in (("GET", path), ("DELETE", path), ("POST", f"{path}/notifications")):
        answer = await world.ask(BEN, method, route)
        assert answer.status_code == 404
        assert answer.json()["detail"] == f"Cannot find invitation '{hers['id']}'"
    own = f"/invitations/{mine['id']}"
    for method, route, status in (
        ("GET", own, 200),
        ("POST", f"{own}/notifications", 204),
        ("DELETE", own, 204),
    ):
        assert (await world.ask(BEN, method, route)).status_code == status
    assert await pending(world) == ["her@example.com"]


@pytest.mark.parametrize("who", [LIM, BILL, UMA, TESS, TONI, BOT], ids=lambda who: who.name)
async def test_nobody_else_has_to_do_with_invitations(world: World, who: Any) -> None:
    """A limited engineer cannot invite, nor can other roles; a program never does."""
    path = f"/invitations/{(await invite(world))['id']}"
    assert await refused(world, who, 403, document("new@example.com")) == NOT_ALLOWED["msg"]
    for method, route in (
        ("GET", "/invitations"),
        ("GET", path),
        ("DELETE", path),
        ("POST", f"{path}/notifications"),
    ):
        answer = await world.ask(who, method, route)
        assert (answer.status_code, answer.json()) == (403, NOT_ALLOWED)
    assert await pending(world) == [LIN]


async def test_a_read_only_token_reads(world: World) -> None:
    """A `global:read` token may not invite, but list."""
    await invite(world)
    assert await pending(world, READ_ONLY) == [LIN]
    detail = await refused(world, READ_ONLY, 403, document("new@example.com"))
    assert detail == "Read only tokens are not allowed to access this endpoint"


async def test_what_became_of_the_inviter_does_not_matter(world: World) -> None:
    await invite(world, BEN)
    await world.ask(ADA, "DELETE", f"/tokens/{BEN.token_id}")
    assert (await world.ask(ADA, "DELETE", f"/user/{BEN.id}")).status_code == 200
    assert await pending(world) == [LIN]
    (code,) = await codes(world)
    assert await accept(world, code) == (200, {"status": "ok"})


async def test_an_operator_invites_inside_a_customer(world: World) -> None:
    path = f"/invitations?customer_id={WIDGETS}"
    answer = await world.ask(OPERATOR, "POST", path, json=document(role="superuser"))
    assert answer.status_code == 200, answer.text
    assert await pending(world) == [LIN]
    (letter,) = [one for one in await world.letters() if one.get("to") == LIN]
    assert letter["facts"]["inviter_name"] is None
    assert letter["facts"]["customer_name"] == "Example Widgets"


async def test_another_customers_invitations_are_as_if_absent(world: World) -> None:
    made = await invite(world, EVE)
    assert await pending(world) == []
    for method, end in (("GET", ""), ("DELETE", ""), ("POST", "/notifications")):
        answer = await world.ask(ADA, method, f"/invitations/{made['id']}{end}")
        assert answer.status_code == 404
    assert await pending(world, EVE) == [LIN]
