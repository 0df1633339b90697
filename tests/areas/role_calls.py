"""What the tests of roles share: how one is made, given and told."""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from tenantry.core.permissions import PERMISSION_IDS
from tests.world import ADA, Person, World

ROLE = [
    "id",
    "object",
    "name",
    "description",
    "custom",
    "permissions_count",
    "created_at",
    "updated_at",
]
FORBIDDEN = {"msg": "You are not authorized to perform this action"}
UNKNOWN = "0Unknown00000000000000"


def named(*permissions: str) -> list[dict[str, str]]:
    """Permissions as a body names them."""
    return [{"id": PERMISSION_IDS[one]} for one in permissions]


async def role(
    world: World, name: str, permissions: Sequence[str] = (), who: Person | str = ADA
) -> str:
    """A new role; its id."""
    body = {"name": name, "permissions": named(*permissions)}
    answer = await world.ask(who, "POST", "/roles", json=body)
    assert answer.status_code == 201, answer.text
    role_id: str = answer.json()["id"]
    return role_id


async def give(
    world: World, whom: Person, *ids: str, who: Person | str = ADA, **more: Any
) -> httpx.Response:
    """Let somebody hold exactly these roles."""
    return await world.ask(who, "PUT", f"/user/{whom.id}", json={"roles": list(ids), **more})


async def hold(world: World, whom: Person, *permissions: str) -> str:
    """Let somebody hold one role of the customer's own, with these permissions; its id."""
    role_id = await role(world, f"{whom.name}'s role", permissions)
    answer = await give(world, whom, role_id)
    assert answer.status_code == 200, answer.text
    return role_id


async def user(world: World, whom: Person) -> dict[str, Any]:
    """A user as Ada sees him."""
    found: dict[str, Any] = (await world.ask(ADA, "GET", f"/user/{whom.id}")).json()
    return found


async def permits(world: World, role_id: str) -> list[str]:
    """The names of what a role permits."""
    answer = await world.ask(ADA, "GET", f"/roles/{role_id}/permissions")
    assert answer.status_code == 200, answer.text
    return [one["name"] for one in answer.json()["data"]]


def assert_forbidden(answer: httpx.Response) -> None:
    """Refused by the gateway, in its own shape."""
    assert (answer.status_code, answer.json()) == (403, FORBIDDEN), answer.text
    assert answer.headers["content-type"] == "application/json"


def assert_problem(answer: httpx.Response, status: int, detail: str) -> None:
    """Refused with problem details."""
    titles: Mapping[int, str] = {400: "Bad request", 404: "Record not found"}
    expected = {
        "title": titles.get(status, "Duplicate record"),
        "status": status,
        "detail": detail,
        "errors": None,
    }
    assert (answer.status_code, answer.json()) == (status, expected)
    assert answer.headers["content-type"] == "application/problem+json"
