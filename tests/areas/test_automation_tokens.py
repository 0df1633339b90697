"""Automation tokens, through the front door (contract: identity §7)."""

from typing import Any

import httpx
import msgspec
import pytest

from tenantry.areas.customers import model as customers
from tenantry.core.context import system_call
from tenantry.core.permissions import ROLE_IDS
from tenantry.core.unit import Unit
from tests.world import ADA, API, ELSEWHERE, HOUR, LIMITED, WIDGETS, WWW, World

PATH = "/automation-tokens"
CREATED = (
    "id services name role access_token scope ip created_at last_used_at expires_at "
    "user_agent tls_access customer_id user_id roles limit_services limit_workspaces "
    "workspaces"
)


async def create(world: World, **wishes: Any) -> dict[str, Any]:
    await world.sudo(ADA)
    answer = await world.ask(ADA, "POST", PATH, json={"name": "deploy bot", **wishes})
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


def assert_problem(answer: httpx.Response, status: int, title: str, detail: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {"title": title, "status": status, "detail": detail, "errors": None}


async def test_a_token_is_created_as_recorded(world: World) -> None:
    await world.sudo(ADA)
    answer = await world.ask(ADA, "POST", PATH, json={"name": "deploy bot", "role": "engineer"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    made = answer.json()
    assert " ".join(made) == CREATED
    assert len(made["access_token"]) == 32
    assert len(made["id"]) == 22
    del made["id"], made["access_token"]
    assert made == {
        "services": [],
        "name": "deploy bot",
        "role": "engineer",
        "scope": "global",
        "ip": "",
        "created_at": "2026-03-01T10:00:00Z",
        "last_used_at": "",
        "expires_at": "",
        "user_agent": "",
        "tls_access": False,
        "customer_id": WIDGETS,
        "user_id": ADA.id,
        "roles": [{"id": ROLE_IDS["engineer"], "name": "engineer"}],
        "limit_services": False,
        "limit_workspaces": True,
        "workspaces": [],
    }


async def test_the_secret_opens_the_door_and_is_shown_only_once(world: World) -> None:
    made = await create(world, role="billing")
    secret = made["access_token"]
    seen = await world.ask(secret, "GET", "/tokens/self")
    assert seen.status_code == 200
    assert seen.json()["user_id"] == made["id"]
    listed = await world.ask(ADA, "GET", PATH)
    single = await world.ask(ADA, "GET", f"{PATH}/{made['id']}")
    assert {one["access_token"] for one in listed.json()["data"]} == {""}
    assert single.json()["access_token"] == ""
    assert all(secret not in event[2] + (event[3] or "") for event in await world.events())


@pytest.mark.parametrize(
    "body",
    [
        {"name": "bot", "role": "engineer", "services": [WWW]},
        {"attributes": {"name": "bot", "role": "engineer", "services": [WWW]}},
        {"name": "bot", "expires_at": None, "roles": [ROLE_IDS["engineer"]], "services": [WWW]},
        {"attributes": {"name": "bot", "role": "engineer", "services": WWW}},
        {"name": "bot", "role": "engineer", "services": [WWW], "limit_services": "True"},
    ],
)
async def test_every_generation_of_bodies_makes_the_same_token(
    world: World, body: dict[str, Any]
) -> None:
    await world.sudo(ADA)
    answer = await world.ask(ADA, "POST", PATH, json=body)
    assert answer.status_code == 200, answer.text
    made = answer.json()
    assert (made["name"], made["role"], made["services"]) == ("bot", "engineer", [WWW])
    assert made["limit_services"] is True
    visible = await world.ask(made["access_token"], "GET", "/verify")
    assert visible.json()["services"] == {WWW: "www"}


async def test_without_a_role_a_token_is_a_user(world: World) -> None:
    made = await create(world)
    assert made["role"] == "user"
    assert made["roles"] == [{"id": ROLE_IDS["user"], "name": "user"}]


async def test_a_list_of_services_counts_only_with_the_flag(world: World) -> None:
    made = await create(world, role="engineer", services=[WWW], limit_services=False)
    assert made["services"] == [WWW]
    assert made["limit_services"] is False
    visible = await world.ask(made["access_token"], "GET", "/verify")
    assert visible.json()["services"] == {WWW: "www", API: "api"}
    ids = await world.ask(ADA, "GET", f"{PATH}/{made['id']}/services")
    assert ids.json() == {"data": []}


async def test_a_token_limited_to_no_service_reaches_none(world: World) -> None:
    made = await create(world, role="engineer", limit_services=True)
    assert made["limit_services"] is True
    visible = await world.ask(made["access_token"], "GET", "/verify")
    assert visible.json()["services"] == {}
    single = await world.ask(ADA, "GET", f"{PATH}/{made['id']}")
    assert single.json()["services"] == []


async def test_the_list_of_roles_wins_over_the_role(world: World) -> None:
    both = [ROLE_IDS["billing"], ROLE_IDS["engineer"], ROLE_IDS["billing"]]
    made = await create(world, role="user", roles=both)
    assert made["role"] == "engineer"
    assert made["roles"] == [
        {"id": ROLE_IDS["engineer"], "name": "engineer"},
        {"id": ROLE_IDS["billing"], "name": "billing"},
    ]
    single = await world.ask(ADA, "GET", f"{PATH}/{made['id']}")
    assert single.json()["roles"] == made["roles"]


@pytest.mark.parametrize(
    ("wishes", "title", "detail"),
    [
        ({"name": ""}, "Bad request", "Name is required"),
        ({"name": "  "}, "Bad request", "Name must have 1 to 255 characters"),
        ({"name": "x" * 256}, "Bad request", "Name must have 1 to 255 characters"),
        (
            {"role": "superuser"},
            "Bad request",
            "Role must be one of: engineer, billing, user",
        ),
        (
            {"roles": [ROLE_IDS["superuser"]]},
            "Bad request",
            f"Role '{ROLE_IDS['superuser']}' is not one that an automation token can have",
        ),
        (
            {"roles": [ROLE_IDS["engineer"], "nobody"]},
            "Bad request",
            "Role 'nobody' is not one that an automation token can have",
        ),
        ({"services": 7}, "Bad request", "Services: Expected array | null, got int"),
        (
            {"tls_access": True, "roles": [ROLE_IDS["engineer"], ROLE_IDS["billing"]]},
            "Bad request",
            "Tls access can only be given with a single role",
        ),
        (
            {"workspaces": ["not/an/id"]},
            "Bad request",
            "Workspaces must be a list of at most 1000 ids",
        ),
    ],
)
async def test_a_wrong_wish_is_refused(
    world: World, wishes: dict[str, Any], title: str, detail: str
) -> None:
    await world.sudo(ADA)
    before = len(await world.events())
    answer = await world.ask(ADA, "POST", PATH, json={"name": "bot", **wishes})
    assert_problem(answer, 400, title, detail)
    assert await world.actions(before) == []


@pytest.mark.parametrize(
    ("wishes", "code"),
    [
        ({"scope": "everything"}, "invalid_scope"),
        ({"services": [ELSEWHERE]}, "invalid_request"),
        ({"services": ["nowhere"]}, "invalid_request"),
    ],
)
async def test_a_wrong_scope_or_service_has_the_code_of_user_tokens(
    world: World, wishes: dict[str, Any], code: str
) -> None:
    await world.sudo(ADA)
    answer = await world.ask(ADA, "POST", PATH, json={"name": "bot", **wishes})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == code


@pytest.mark.parametrize("text", ["tomorrow", "2026-03-01T10:00:00Z", "2026-09-01T00:00:00"])
async def test_an_impossible_expiry_is_unprocessable(world: World, text: str) -> None:
    await world.sudo(ADA)
    answer = await world.ask(ADA, "POST", PATH, json={"name": "bot", "expires_at": text})
    assert answer.status_code == 422
    assert answer.json()["title"] == "Invalid value for expires_at"


async def test_creating_needs_sudo(world: World) -> None:
    answer = await world.ask(ADA, "POST", PATH, json={"name": "bot"})
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"msg": "You must POST /sudo to access this endpoint"}


@pytest.mark.parametrize("policy", ["force_sso", "force_2fa"])
async def test_an_account_that_forces_a_policy_makes_none(world: World, policy: str) -> None:
    await world.sudo(ADA)
    await force(world, policy)
    answer = await world.ask(ADA, "POST", PATH, json={"name": "bot"})
    assert answer.status_code == 403
    assert answer.json()["msg"] == "You are not authorized to perform this action"
    assert "detail" in answer.json()


async def force(world: World, policy: str) -> None:
    """Turn a policy on; by the API that needs more than this test is about."""

    async def work(unit: Unit) -> None:
        call = system_call(unit, world.app.keyring, WIDGETS)
        row = await customers.find(call, WIDGETS)
        await customers.store(call, msgspec.structs.replace(row, **{policy: True}))

    await world.app.database.write(work, customer_id=WIDGETS)


async def test_a_limited_key_makes_no_wider_one(world: World) -> None:
    lifted = await world.ask(LIMITED, "POST", "/sudo", data={"password": "correct-Horse-7-battery"})
    assert lifted.status_code == 200

    async def ask(**wishes: Any) -> int:
        answer = await world.ask(LIMITED, "POST", PATH, json={"name": "bot", **wishes})
        return answer.status_code

    assert await ask() == 403
    assert await ask(services=[WWW], limit_services=False) == 403
    assert await ask(services=[WWW]) == 200
    assert await ask(limit_services=True) == 200


async def test_a_creation_is_told_to_the_log_with_its_revision(world: World) -> None:
    await world.sudo(ADA)
    before = len(await world.events())
    answer = await world.ask(
        ADA, "POST", PATH, json={"name": "bot", "role": "engineer", "services": [WWW]}
    )
    (event,) = (await world.events())[before:]
    assert event[:2] == ("token.create", "token.create")
    body = msgspec.json.decode(event[2])
    token_id = answer.json()["id"]
    assert body["user_id"] == ADA.id
    assert body["metadata"]["token_id"] == token_id
    assert body["metadata"]["kind"] == "automation"
    assert body["metadata"]["services"] == [WWW]
    assert list(body["rows"]) == [f"token/{token_id}"]


async def test_a_customer_has_a_hundred_living_ones(world: World) -> None:
    await world.sudo(ADA)
    soon = "2026-03-01T11:00:00Z"
    for number in range(99):
        body = {"name": f"bot {number}", "expires_at": soon if number == 0 else None}
        assert (await world.ask(ADA, "POST", PATH, json=body)).status_code == 200
    full = await world.ask(ADA, "POST", PATH, json={"name": "one more"})
    assert_problem(full, 400, "Bad request", "Token limit reached")
    world.clock.turn(HOUR)
    await world.sudo(ADA)
    answer = await world.ask(ADA, "POST", PATH, json={"name": "one more"})
    assert answer.status_code == 200


async def test_forms_are_not_taken(world: World) -> None:
    await world.sudo(ADA)
    answer = await world.ask(ADA, "POST", PATH, data={"name": "bot"})
    assert (answer.status_code, answer.headers["content-type"]) == (415, "application/json")
    assert answer.json()["msg"] == "Unsupported media type"
    empty = await world.ask(
        ADA, "POST", PATH, content=b"", headers={"Content-Type": "application/json"}
    )
    assert_problem(empty, 400, "Bad request", "Invalid JSON")
