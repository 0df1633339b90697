"""Permissions, and what the built-in roles confer of them (contract: access §5, §9.2)."""

import hashlib

from tests.areas.role_calls import assert_problem, permits
from tests.areas.test_users import BUILT_IN
from tests.world import ADA, BOT, EVE, UMA, World

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def in_base_62(number: int) -> str:
    return in_base_62(number // 62) + _DIGITS[number % 62] if number else ""


async def test_every_permission_is_told_on_one_page(world: World) -> None:
    answer = await world.ask(UMA, "GET", "/permissions")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert list(answer.json()) == ["data", "meta"]
    count = len(answer.json()["data"])
    assert list(answer.json()["meta"].items()) == [
        ("per_page", count),
        ("current_page", 1),
        ("record_count", count),
        ("total_pages", 1),
    ]
    first, *_, last = answer.json()["data"]
    assert first == {
        "id": "9oqbkpLVM9Y8UHgV0SDE7C",
        "object": "permission",
        "name": "customer.read",
        "description": "See the account's settings",
        "resource_name": "customer",
        "resource_description": "Account",
        "scope": "account",
    }
    assert last["name"] == "tls.manage"
    for who in (ADA, BOT, EVE):
        assert (await world.ask(who, "GET", "/permissions")).json() == answer.json()


async def test_a_permissions_id_follows_from_its_name(world: World) -> None:
    for one in (await world.ask(UMA, "GET", "/permissions")).json()["data"]:
        digest = hashlib.sha256(one["name"].encode()).digest()
        assert one["id"] == in_base_62(int.from_bytes(digest))[:22]
        assert (one["object"], one["resource_name"]) == ("permission", one["name"].split(".")[0])
        is_on_services = one["name"].startswith("service.") and one["name"] != "service.create"
        assert one["scope"] == ("service" if is_on_services else "account")
        assert all(isinstance(value, str) and value for value in one.values())


async def test_built_in_roles_permit_what_the_matrix_says(world: World) -> None:
    catalogue = [
        one["name"] for one in (await world.ask(ADA, "GET", "/permissions")).json()["data"]
    ]
    assert await permits(world, BUILT_IN["superuser"]) == catalogue
    assert await permits(world, BUILT_IN["tls_viewer"]) == [
        "customer.read",
        "user.read",
        "service_authorization.read",
        "role.read",
        "user_group.read",
        "event.read",
        "contact.read",
        "tls.read",
    ]
    billing = await permits(world, BUILT_IN["billing"])
    assert "invoice.read" in billing
    assert "service.create" not in billing


async def test_permissions_of_no_role_are_not_found(world: World) -> None:
    answer = await world.ask(ADA, "GET", "/roles/nobody/permissions")
    assert_problem(answer, 404, "Cannot find role 'nobody'")
