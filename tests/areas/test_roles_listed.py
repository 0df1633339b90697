"""Roles in lists: of the older form by pages, of the current form by cursor (access §6)."""

import base64
import json

import pytest

from tenantry.core.clock import SECOND
from tests.areas.role_calls import ROLE, UNKNOWN, assert_problem, role
from tests.areas.test_users import BUILT_IN
from tests.world import ADA, BOT, EVE, LIM, UMA, World

ORDER = ["superuser", "engineer", "billing", "tls_admin", "tls_viewer", "user"]
IAM = "/iam/v1/roles"


async def make(world: World, count: int) -> list[str]:
    """Roles of the customer's own, one after the other; their names."""
    names = [f"Role {number}" for number in range(count, 0, -1)]
    for name in names:
        world.clock.turn(SECOND)
        await role(world, name)
    return names


async def test_built_in_roles_come_first_and_others_as_they_were_made(world: World) -> None:
    names = await make(world, 3)
    data = []
    for who in (ADA, UMA, LIM, BOT):
        answer = await world.ask(who, "GET", "/roles")
        data = answer.json()["data"]
        assert [one["name"] for one in data] == ORDER + names
        assert "link" not in answer.headers
    assert all(list(one) == ROLE for one in data)
    assert data[2] == {
        "id": BUILT_IN["billing"],
        "object": "role",
        "name": "billing",
        "description": "Billing and payment information",
        "custom": False,
        "permissions_count": 14,
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
    }
    assert [one["name"] for one in (await world.ask(EVE, "GET", "/roles")).json()["data"]] == ORDER


@pytest.mark.parametrize("size", [1, 4, 6, 7, 100])
async def test_pages_hold_every_role_once(world: World, size: int) -> None:
    names = ORDER + await make(world, 5)
    found: list[str] = []
    pages = -(-len(names) // size)
    for number in range(1, pages + 1):
        answer = await world.ask(ADA, "GET", f"/roles?page={number}&per_page={size}")
        found += [one["name"] for one in answer.json()["data"]]
        assert list(answer.json()["meta"].items()) == [
            ("per_page", size),
            ("current_page", number),
            ("record_count", len(names)),
            ("total_pages", pages),
        ]
        assert ('rel="next"' in answer.headers.get("link", "")) == (number < pages)
    assert found == names
    past = await world.ask(ADA, "GET", f"/roles?page={pages + 1}&per_page={size}")
    assert (past.status_code, past.json()["data"]) == (200, [])
    last = await world.ask(ADA, "GET", "/roles?page=1099511627776&per_page=100")
    assert last.json()["data"] == []


@pytest.mark.parametrize("query", ["page=0", "per_page=0", "page=x", "per_page=-1"])
async def test_impossible_pages_are_refused(world: World, query: str) -> None:
    answer = await world.ask(ADA, "GET", f"/roles?{query}")
    name = query.partition("=")[0]
    assert_problem(answer, 400, f"{name} must be a whole number of at least 1")


async def test_a_role_is_told_in_the_current_form(world: World) -> None:
    own = await role(world, "Security Reviewer", ["tls.read", "event.read"])
    answer = await world.ask(UMA, "GET", f"{IAM}/{own}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert list(answer.json().items()) == [
        ("id", own),
        ("name", "Security Reviewer"),
        ("display_name", "Security Reviewer"),
        ("description", ""),
        ("permissions", ["event.read", "tls.read"]),
    ]
    built_in = (await world.ask(UMA, "GET", f"{IAM}/{BUILT_IN['tls_viewer']}")).json()
    told = {name: built_in[name] for name in ("name", "display_name", "description")}
    assert told == {
        "name": "tls_viewer",
        "display_name": "TLS viewer",
        "description": "TLS certificates: see",
    }
    assert "tls.read" in built_in["permissions"]


async def test_permissions_are_all_that_can_be_included(world: World) -> None:
    path = f"{IAM}/{BUILT_IN['user']}"
    plain = await world.ask(UMA, "GET", path)
    for query in ("include=permissions", "include="):
        assert (await world.ask(UMA, "GET", f"{path}?{query}")).json() == plain.json()
    answer = await world.ask(UMA, "GET", f"{path}?include=users")
    assert_problem(answer, 400, "Include must be 'permissions'")
    unknown = await world.ask(UMA, "GET", f"{IAM}/{UNKNOWN}")
    assert_problem(unknown, 404, f"Cannot find role '{UNKNOWN}'")


async def test_a_short_list_has_no_next_cursor(world: World) -> None:
    answer = await world.ask(ADA, "GET", IAM)
    assert list(answer.json()) == ["limit", "next_cursor", "data"]
    assert (answer.json()["limit"], answer.json()["next_cursor"]) == (100, "")
    assert [one["name"] for one in answer.json()["data"]] == ORDER
    assert (await world.ask(ADA, "GET", f"{IAM}?limit=9999")).json()["limit"] == 1000
    assert (await world.ask(ADA, "GET", f"{IAM}?limit=6")).json()["next_cursor"] == ""


@pytest.mark.parametrize("limit", [1, 3, 5, 6, 7, 8])
async def test_a_cursor_leads_through_every_role_once(world: World, limit: int) -> None:
    """Also those that were made at one instant."""
    names = ORDER + await make(world, 4)
    world.clock.turn(SECOND)
    for name in ("A", "B", "C"):
        await role(world, name)
    found: list[str] = []
    cursor, pages = "", 0
    while cursor or not pages:
        body = (await world.ask(ADA, "GET", f"{IAM}?limit={limit}&cursor={cursor}")).json()
        assert (body["limit"], len(body["data"]) <= limit) == (limit, True)
        found += [one["name"] for one in body["data"]]
        cursor, pages = body["next_cursor"], pages + 1
    assert found[:-3] == names
    assert sorted(found[-3:]) == ["A", "B", "C"]
    assert pages == -(-len(found) // limit)


async def test_a_cursor_outlives_the_row_it_stands_on(world: World) -> None:
    await make(world, 3)
    body = (await world.ask(ADA, "GET", f"{IAM}?limit=8")).json()
    await world.ask(ADA, "DELETE", f"/roles/{body['data'][-1]['id']}")
    rest = (await world.ask(ADA, "GET", f"{IAM}?cursor={body['next_cursor']}")).json()
    assert [one["name"] for one in rest["data"]] == ["Role 1"]


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.changes_nothing
@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "%C3%A9",
        encoded([]),
        encoded({}),
        encoded([1]),
        encoded(["a", 1]),
        encoded([-1, "a"]),
        encoded([1 << 63, "a"]),
        encoded([1 << 70, "a"]),
        encoded([1, "a\0"]),
        encoded([1, ""]),
        encoded([True, "a"]),
    ],
)
async def test_a_cursor_that_nobody_was_given_is_refused(world: World, cursor: str) -> None:
    answer = await world.ask(ADA, "GET", f"{IAM}?cursor={cursor}")
    assert_problem(answer, 400, "The cursor is not valid")
