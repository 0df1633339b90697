"""What the tests of limits to services share: authorizing somebody, and what is told of it."""

from typing import Any

import httpx

from tests.world import ADA, LIM, WWW, Person, World

JSON_API = {"Content-Type": "application/vnd.api+json"}
BULK = {"Content-Type": "application/vnd.api+json; ext=bulk"}
PATH = "/service-authorizations"


def document(
    user_id: str = LIM.id, service_id: str = WWW, permission: str | None = None
) -> dict[str, Any]:
    """What asks for an authorization, as the Go client and the CLI write it."""
    data: dict[str, Any] = {
        "type": "service_authorization",
        "relationships": {
            "service": {"data": {"type": "service", "id": service_id}},
            "user": {"data": {"type": "user", "id": user_id}},
        },
    }
    if permission is not None:
        data["attributes"] = {"permission": permission}
    included = [{"type": "user", "id": user_id}, {"type": "service", "id": service_id}]
    return {"data": data, "included": included}


async def post(world: World, asked: dict[str, Any], who: Person | str = ADA) -> httpx.Response:
    return await world.ask(who, "POST", PATH, json=asked, headers=JSON_API)


async def authorize(
    world: World, user_id: str = LIM.id, service_id: str = WWW, permission: str = "full"
) -> str:
    """Let somebody through; the authorization's id."""
    answer = await post(world, document(user_id, service_id, permission))
    assert answer.status_code == 200, answer.text
    authorization_id: str = answer.json()["data"]["id"]
    return authorization_id


async def bulk(
    world: World, method: str, items: list[dict[str, Any]], who: Person | str = ADA
) -> httpx.Response:
    return await world.ask(who, method, PATH, json={"data": items}, headers=BULK)


def not_found(authorization_id: str) -> dict[str, str]:
    detail = f"Cannot find serviceauthorization '{authorization_id}'"
    return {"msg": "Record not found", "detail": detail}
