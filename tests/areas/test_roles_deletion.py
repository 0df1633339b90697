"""A deleted role is lost by whoever bore it, at once (contract: access §12)."""

from typing import Any

import msgspec
from sqlalchemy import bindparam, insert, select

from tenantry.core import access_tables
from tenantry.core.audit import Revision
from tenantry.core.clock import MINUTE
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tests.areas.role_calls import assert_problem, give, named, role, user
from tests.areas.test_users import BUILT_IN
from tests.world import ADA, BEN, EVE, LIM, NED, UMA, WIDGETS, WWW, World

_INVITE = Statement(insert(access_tables.invitations))
_I = access_tables.invitations.c
_INVITATION = Statement(
    select(_I.role, _I.roles, _I.updated_at).where(
        _I.customer_id == bindparam("customer_id"), _I.id == bindparam("id")
    )
)


async def told(world: World, since: int) -> list[dict[str, Any]]:
    """The bodies of the events after the first `since`."""
    return [msgspec.json.decode(event[2]) for event in (await world.events())[since:]]


async def insert_row(world: World, statement: Statement[Any], row: dict[str, Any]) -> None:
    """Put into the database what no operation does."""

    async def work(unit: Unit) -> None:
        await unit.run(statement, **row)

    await world.app.database.write(work)


async def test_users_lose_it_and_who_has_no_other_is_a_user(world: World) -> None:
    gone, other = await role(world, "Gone", ["tls.read"]), await role(world, "Other")
    await give(world, BEN, gone, BUILT_IN["engineer"], other)
    await give(world, UMA, gone, BUILT_IN["billing"])
    await give(world, LIM, gone)
    world.clock.turn(MINUTE)
    since = len(await world.events())
    answer = await world.ask(ADA, "DELETE", f"/roles/{gone}")
    assert (answer.status_code, answer.content) == (204, b"")
    roles = {who.name: await user(world, who) for who in (BEN, UMA, LIM)}
    assert {name: (one["role"], one["roles"]) for name, one in roles.items()} == {
        "Ben": ("engineer", [BUILT_IN["engineer"], other]),
        "Uma": ("billing", [BUILT_IN["billing"]]),
        "Lim": ("user", [BUILT_IN["user"]]),
    }
    assert {one["updated_at"] for one in roles.values()} == {"2026-03-01T10:01:00Z"}
    first, *rest = await told(world, since)
    assert first["metadata"]["action"] == "iam.role.delete"
    assert first["rows"] == {f"role/{gone}": None}
    assert [event["event_type"] for event in rest] == ["user.update"] * 3
    assert {event["metadata"]["user_id"] for event in rest} == {BEN.id, UMA.id, LIM.id}
    (of_uma,) = (event for event in rest if event["metadata"]["user_id"] == UMA.id)
    assert of_uma["metadata"]["old"] == {"role": "billing", "roles": [BUILT_IN["billing"], gone]}
    assert of_uma["metadata"]["new"] == {"role": "billing", "roles": [BUILT_IN["billing"]]}
    body = {"limit_services": False, "locked": False, "role": "billing", "roles": []}
    assert of_uma["rows"] == {f"user/{UMA.id}": Revision("user", UMA.id, body).digest()}


async def test_a_deleted_role_is_gone(world: World) -> None:
    gone = await role(world, "Gone")
    await world.ask(ADA, "DELETE", f"/roles/{gone}")
    for method, path in (
        ("GET", f"/roles/{gone}"),
        ("GET", f"/iam/v1/roles/{gone}"),
        ("GET", f"/roles/{gone}/permissions"),
        ("DELETE", f"/roles/{gone}"),
    ):
        answer = await world.ask(ADA, method, path)
        assert_problem(answer, 404, f"Cannot find role '{gone}'")
    assert (await give(world, BEN, gone)).status_code == 404
    await role(world, "Gone")


async def test_what_it_permitted_ends_with_the_next_request(world: World) -> None:
    gone = await role(world, "Gone", ["token.read_all"])
    await give(world, BEN, gone, BUILT_IN["engineer"])
    path = f"/customer/{WIDGETS}/tokens"
    assert (await world.ask(BEN, "GET", path)).status_code == 200
    await world.ask(ADA, "DELETE", f"/roles/{gone}")
    assert (await world.ask(BEN, "GET", path)).status_code == 403


async def test_losing_a_role_opens_nothing(world: World) -> None:
    """A limited user who falls back to `user` stays limited, and can still be renamed."""
    gone = await role(world, "Gone", ["service.configure"])
    await give(world, LIM, gone)
    await world.ask(ADA, "DELETE", f"/roles/{gone}")
    lim = await user(world, LIM)
    assert (lim["role"], lim["limit_services"]) == ("user", True)
    assert (await world.ask(LIM, "GET", f"/service/{WWW}")).status_code == 404
    answer = await world.ask(ADA, "PUT", f"/user/{LIM.id}", data={"name": "Limburger"})
    assert (answer.status_code, answer.json()["name"]) == (200, "Limburger")


async def test_automation_tokens_lose_it(world: World) -> None:
    gone = await role(world, "Gone", ["service.read", "token.read_all"])
    await world.sudo(ADA)
    made = []
    for roles in ([gone], [gone, BUILT_IN["engineer"]], [BUILT_IN["engineer"]]):
        body = {"name": "bot", "roles": roles}
        made.append((await world.ask(ADA, "POST", "/automation-tokens", json=body)).json())
    path = f"/customer/{WIDGETS}/tokens"
    assert (await world.ask(made[0]["access_token"], "GET", path)).status_code == 200
    since = len(await world.events())
    await world.ask(ADA, "DELETE", f"/roles/{gone}")
    assert (await world.ask(made[0]["access_token"], "GET", path)).status_code == 403
    shown = [await world.ask(ADA, "GET", f"/automation-tokens/{one['id']}") for one in made]
    assert [(one.json()["role"], one.json()["roles"]) for one in shown] == [
        ("user", [{"id": BUILT_IN["user"], "name": "user"}]),
        ("engineer", [{"id": BUILT_IN["engineer"], "name": "engineer"}]),
        ("engineer", [{"id": BUILT_IN["engineer"], "name": "engineer"}]),
    ]
    (event,) = await told(world, since)
    assert set(event["rows"]) == {f"role/{gone}", *(f"token/{one['id']}" for one in made[:2])}
    assert set(event["metadata"]["automation_token_ids"]) == {one["id"] for one in made[:2]}


async def test_pending_invitations_lose_it(world: World) -> None:
    gone = await role(world, "Gone")
    both = f'["{BUILT_IN["billing"]}","{gone}"]'
    for number, (status, own, roles) in enumerate(
        (("pending", "billing", both), ("pending", "user", f'["{gone}"]'), ("accepted", "x", both))
    ):
        row = {
            "customer_id": WIDGETS,
            "id": f"invitation{number}",
            "email": f"{number}@example.com",
            "email_key": f"{number}@example.com",
            "role": own,
            "roles": roles,
            "limit_services": False,
            "status": status,
            "digest": bytes([number]) * 32,
            "expires_at": world.clock.now,
            "created_at": world.clock.now,
            "updated_at": world.clock.now,
            "invited_by": None,
            "deleted_at": None,
        }
        await insert_row(world, _INVITE, row)
    world.clock.turn(MINUTE)
    await world.ask(ADA, "DELETE", f"/roles/{gone}")
    rows = [
        row
        for number in range(3)
        for row in await world.app.database.all(
            _INVITATION, customer_id=WIDGETS, id=f"invitation{number}"
        )
    ]
    now = world.clock.now
    assert rows == [("billing", "[]", now), ("user", "[]", now), ("x", both, now - MINUTE)]


async def test_groups_lose_it_and_each_of_their_members_is_told_of(world: World) -> None:
    gone = await role(world, "Gone", ["token.read_all"])
    await give(world, BEN, gone, BUILT_IN["engineer"])
    ids = []
    for name, members in (("Edge", [BEN, UMA]), ("Core", [UMA]), ("Empty", [])):
        body = {
            "name": name,
            "members": [{"id": one.id, "object": "user"} for one in members],
            "roles": [{"id": gone}, {"id": BUILT_IN["billing"]}],
        }
        made = await world.ask(ADA, "POST", "/user-groups", json=body)
        assert made.status_code == 201, made.text
        ids.append(made.json()["id"])
    path = f"/customer/{WIDGETS}/tokens"
    assert (await world.ask(UMA, "GET", path)).status_code == 200
    world.clock.turn(MINUTE)
    since = len(await world.events())
    await world.ask(ADA, "DELETE", f"/roles/{gone}")
    assert (await world.ask(UMA, "GET", path)).status_code == 403
    for group in ids:
        found = (await world.ask(ADA, "GET", f"/user-groups/{group}")).json()
        assert (found["roles_count"], found["updated_at"]) == (1, "2026-03-01T10:01:00Z")
    first, *rest = await told(world, since)
    assert first["metadata"]["user_group_ids"] == sorted(ids)
    # It is in no group any more, should there be a role of its id again.
    pairs = {f"user_group_role/{group}/{gone}": None for group in ids}
    assert first["rows"] == {f"role/{gone}": None, **pairs}
    of_ben, of_uma = sorted(rest, key=lambda event: str(event["metadata"]["user_id"]))
    assert (of_ben["metadata"]["user_id"], of_uma["metadata"]["user_id"]) == (BEN.id, UMA.id)
    assert of_ben["metadata"]["user_group_ids"] == [ids[0]]
    assert of_ben["metadata"]["new"]["roles"] == [BUILT_IN["engineer"]]
    assert of_uma["metadata"]["user_group_ids"] == sorted(ids[:2])
    assert "new" not in of_uma["metadata"]
    assert of_uma["rows"] == {}


async def test_another_customer_keeps_its_own(world: World) -> None:
    ours = await role(world, "Gone", ["token.read_all"])
    theirs = await role(world, "Gone", ["token.read_all"], EVE)
    await world.ask(EVE, "PUT", f"/user/{NED.id}", json={"roles": [theirs]})
    await give(world, BEN, ours)
    await world.ask(ADA, "DELETE", f"/roles/{ours}")
    ned = (await world.ask(EVE, "GET", f"/user/{NED.id}")).json()
    assert ned["roles"] == [theirs]


async def test_ids_that_differ_by_the_case_of_a_letter_are_two_roles(world: World) -> None:
    """SQLite's LIKE would take one for the other."""
    gone = await role(world, "Gone")
    other = gone.swapcase()
    row = {
        "customer_id": WIDGETS,
        "id": other,
        "name": "Other",
        "name_key": "other",
        "description": None,
        "permissions": "[]",
        "created_at": world.clock.now,
        "updated_at": world.clock.now,
    }
    statement = Statement(insert(access_tables.roles))
    await insert_row(world, statement, row)
    assert (await give(world, BEN, other)).status_code == 200
    since = len(await world.events())
    await world.ask(ADA, "DELETE", f"/roles/{gone}")
    assert (await user(world, BEN))["roles"] == [other]
    assert await world.actions(since) == ["iam.role.delete"]


async def test_roles_of_many_are_taken_together(world: World) -> None:
    """Fifty users: as many events, and the log still holds together."""
    gone = await role(world, "Gone", ["event.read"])
    for number in range(50):
        form = {"login": f"user-{number}@example.com", "roles": gone}
        assert (await world.ask(ADA, "POST", "/user", data=form)).status_code == 200
    since = len(await world.events())
    await world.ask(ADA, "DELETE", f"/roles/{gone}")
    assert await world.actions(since) == ["iam.role.delete"] + ["user.update"] * 50
    users = (await world.ask(ADA, "GET", f"/customer/{WIDGETS}/users")).json()
    assert not [one for one in users if gone in one["roles"]]
    body = {"name": "Gone", "permissions": named("event.read")}
    assert (await world.ask(ADA, "POST", "/roles", json=body)).status_code == 201
