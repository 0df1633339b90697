"""What the tests of groups share: how they are made, filled and asked for."""

from collections.abc import Sequence
from typing import Any

import httpx

from tenantry.core.permissions import PERMISSION_IDS
from tests.world import ADA, Person, World

SERVICE_GROUPS = "/service-groups"
USER_GROUPS = "/user-groups"
FORBIDDEN = {"msg": "You are not authorized to perform this action"}


def ids(*found: str) -> list[dict[str, str]]:
    """References as clients send them."""
    return [{"id": one} for one in found]


async def create(world: World, path: str, who: Person = ADA, **body: Any) -> dict[str, Any]:
    """Create a group, or a role."""
    answer = await world.ask(who, "POST", path, json=body)
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json()
    return created


async def service_group(world: World, name: str, *services: str) -> str:
    """A service group with services in it; its id."""
    group = await create(world, SERVICE_GROUPS, name=name, services=ids(*services))
    return str(group["id"])


async def user_group(
    world: World,
    name: str,
    *people: Person,
    roles: Sequence[str] = (),
    service_groups: Sequence[str] = (),
) -> str:
    """A user group with people in it, and what it gives them; its id."""
    group = await create(
        world,
        USER_GROUPS,
        name=name,
        members=ids(*(person.id for person in people)),
        roles=ids(*roles),
        service_groups=ids(*service_groups),
    )
    return str(group["id"])


async def role(world: World, name: str, *permissions: str) -> str:
    """A role of the customer's own; its id."""
    named = ids(*(PERMISSION_IDS[one] for one in permissions))
    return str((await create(world, "/roles", name=name, permissions=named))["id"])


async def extend(world: World, path: str, *found: str, who: Person = ADA) -> httpx.Response:
    """Put something into a set of a group: `/user-groups/…/roles`."""
    word = path.rpartition("/")[2].replace("-", "_")
    return await world.ask(who, "POST", path, json={word: ids(*found)})


async def reduce(world: World, path: str, *found: str, who: Person = ADA) -> httpx.Response:
    """Take something out of a set of a group; the body goes with a DELETE."""
    word = path.rpartition("/")[2].replace("-", "_")
    return await world.ask(who, "DELETE", path, json={word: ids(*found)})


async def listed(world: World, path: str, who: Person | str = ADA) -> list[Any]:
    """What a list shows."""
    answer = await world.ask(who, "GET", path)
    assert answer.status_code == 200, answer.text
    data: list[Any] = answer.json()["data"]
    return data


async def shown_ids(world: World, path: str, who: Person | str = ADA) -> list[str]:
    """The ids of what a list shows."""
    return [one["id"] for one in await listed(world, path, who)]


def assert_problem(answer: httpx.Response, status: int, title: str, detail: str) -> None:
    """A refusal as problem details."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {"title": title, "status": status, "detail": detail, "errors": None}


def assert_missing(answer: httpx.Response, noun: str, name: str) -> None:
    """A refusal because of something that is not there."""
    assert_problem(answer, 404, "Record not found", f"Cannot find {noun} '{name}'")
