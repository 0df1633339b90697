"""Questions about access, asked through the front door."""

from typing import Any

from tests.world import ADA, Person, World

ROOM = "/_tenantry/v1/access"


async def asked(
    world: World, question: str, who: Person | str = ADA, status: int = 200, **given: Any
) -> Any:
    """The answer to a question; a trailing underscore is no part of a parameter's name."""
    params = {name.removesuffix("_"): value for name, value in given.items()}
    answer = await world.ask(who, "GET", f"{ROOM}/{question}", params=params)
    assert answer.status_code == status, answer.text
    return answer.json()


async def changed(world: World, method: str, path: str, who: Person = ADA, **body: Any) -> Any:
    """Change something; the answer, if there is any."""
    answer = await world.ask(who, method, path, **body)
    assert answer.status_code < 300, answer.text
    return answer.json() if answer.content else None


async def head(world: World) -> int:
    """The number of the newest event."""
    return int((await world.events())[-1][-1])


async def make_group(
    world: World, *members: str, roles: tuple[str, ...] = (), services: tuple[str, ...] = ()
) -> tuple[str, str]:
    """A user group with roles, and a service group for them; the ids of both."""
    new = {"name": "Storefront", "services": [{"id": one} for one in services]}
    service_group = await changed(world, "POST", "/service-groups", json=new)
    group = {
        "name": "On call",
        "members": [{"id": one, "object": "user"} for one in members],
        "roles": [{"id": one} for one in roles],
        "service_groups": [{"id": service_group["id"]}],
    }
    made = await changed(world, "POST", "/user-groups", json=group)
    return str(made["id"]), str(service_group["id"])
