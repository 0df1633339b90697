"""What tests of addresses ask for again and again."""

from typing import Any

import httpx

from tests.address_writes import ATTRIBUTES, TAX, document
from tests.world import ADA, OTHER, WIDGETS, World

PATH = f"/customer/{WIDGETS}/billing_address"
FOREIGN = f"/customer/{OTHER}/billing_address"
V3 = "/billing/v3/customer-addresses"
JSON_API = "application/vnd.api+json"
AS_JSON_API = {"Content-Type": JSON_API}
NOWHERE = {
    "errors": [
        {
            "title": "Not found",
            "detail": "The billing address you requested was not found",
            "status": "404",
        }
    ]
}


async def post(world: World, who: Any = ADA, **changed: Any) -> httpx.Response:
    """Add the example's billing address, with other attributes where some are given."""
    skipped = {"skip_verification": True} if changed.pop("skipped", False) else {}
    body = document(ATTRIBUTES | changed, **skipped)
    return await world.ask(who, "POST", PATH, json=body)


async def patch(world: World, *, skipped: bool = False, **changed: Any) -> httpx.Response:
    """Change attributes of the billing address."""
    more = {"skip_verification": True} if skipped else {}
    return await world.ask(ADA, "PATCH", PATH, json=document(changed, **more))


async def address(world: World) -> dict[str, Any]:
    """The billing address as it stands."""
    answer = await world.ask(ADA, "GET", PATH)
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


async def listed(world: World) -> list[dict[str, str]]:
    """Both addresses as the newer view tells them."""
    answer = await world.ask(ADA, "GET", V3)
    assert answer.status_code == 200, answer.text
    data: list[dict[str, str]] = answer.json()["data"]
    return data


async def add(world: World, **changed: Any) -> httpx.Response:
    """Add the example's tax address through the newer view."""
    return await world.ask(ADA, "POST", V3, json=TAX | changed)


def assert_refused(answer: httpx.Response, detail: str) -> None:
    """See that a billing address was refused in its own shape."""
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == JSON_API
    expected = {"title": "Bad request", "detail": detail, "status": "400"}
    assert answer.json() == {"errors": [expected]}


def assert_billing(answer: httpx.Response, status: int, title: str, code: str) -> None:
    """See that the newer view refused in its four strings."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    expected = {"type": "about:blank", "title": title, "code": code, "status": str(status)}
    assert answer.json() == expected
