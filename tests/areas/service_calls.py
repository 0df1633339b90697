"""What the tests of services share: how one is made and listed, and the keys that are told."""

from typing import Any

from tests.world import BEN, Person, World

COMMON = [
    "id",
    "name",
    "type",
    "customer_id",
    "comment",
    "created_at",
    "updated_at",
    "deleted_at",
    "versions",
    "environments",
]
VERSION = [
    "service_id",
    "number",
    "active",
    "locked",
    "testing",
    "staging",
    "deployed",
    "comment",
    "created_at",
    "updated_at",
    "deleted_at",
    "environments",
]


def not_found(name: str) -> dict[str, str]:
    return {"msg": "Record not found", "detail": f"Cannot find service '{name}'"}


async def create(world: World, who: Person = BEN, **form: str) -> dict[str, Any]:
    answer = await world.ask(who, "POST", "/service", data=form)
    assert answer.status_code == 200, answer.text
    service: dict[str, Any] = answer.json()
    return service


async def names(world: World, who: Person | str, path: str = "/service") -> list[str]:
    answer = await world.ask(who, "GET", path)
    assert answer.status_code == 200, answer.text
    return [service["name"] for service in answer.json()]
