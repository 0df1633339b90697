"""Reading and revoking automation tokens, through the front door (contract: identity §7)."""

import pytest

from tenantry.core.permissions import ROLE_IDS
from tests.areas.test_automation_tokens import PATH, assert_problem, create
from tests.world import ADA, API, BEN, BILL, BOT, DAY, EVE, READ_ONLY, SUE, UMA, WIDGETS, WWW, World

LISTED = (
    "id creator_id customer_id name access_token role ip user_agent scopes services "
    "service_id sudo_expires_at last_used_at created_at expires_at tls_access scope"
)
SINGLE = (
    "id services name role access_token scope ip created_at last_used_at expires_at "
    "user_agent customer_id tls_access roles limit_services limit_workspaces "
    "workspaces"
)


async def test_the_list_is_told_as_recorded(world: World) -> None:
    answer = await world.ask(ADA, "GET", PATH, params={"per_page": "100"})
    assert answer.status_code == 200
    assert "link" not in answer.headers
    body = answer.json()
    assert list(body) == ["data", "meta"]
    assert list(body["meta"].items()) == [
        ("per_page", 100),
        ("current_page", 1),
        ("record_count", 1),
        ("total_pages", 1),
    ]
    (bot,) = body["data"]
    assert " ".join(bot) == LISTED
    assert bot == {
        "id": BOT.token_id,
        "creator_id": ADA.id,
        "customer_id": WIDGETS,
        "name": "Bot's token",
        "access_token": "",
        "role": "engineer",
        "ip": None,
        "user_agent": None,
        "scopes": "global",
        "services": None,
        "service_id": None,
        "sudo_expires_at": None,
        "last_used_at": None,
        "created_at": "2026-03-01T10:00:00Z",
        "expires_at": None,
        "tls_access": False,
        "scope": "global",
    }


async def test_the_last_service_is_the_single_one_of_old(world: World) -> None:
    made = await create(world, role="engineer", services=[WWW, API, WWW])
    listed = (await world.ask(ADA, "GET", PATH)).json()["data"]
    (one,) = [one for one in listed if one["id"] == made["id"]]
    assert one["services"] == [WWW, API]
    assert one["service_id"] == API


async def test_pages_follow_each_other_by_the_link_header(world: World) -> None:
    names = [f"bot {number}" for number in range(4)]
    for name in names:
        world.clock.turn(1_000_000)
        await create(world, name=name)
    path: str | None = f"{PATH}?per_page=2&page=1"
    seen: list[str] = []
    links = []
    while path is not None:
        answer = await world.ask(ADA, "GET", path)
        seen += [one["name"] for one in answer.json()["data"]]
        assert answer.json()["meta"]["record_count"] == 5
        assert answer.json()["meta"]["total_pages"] == 3
        links.append(answer.headers["link"])
        path = answer.links.get("next", {}).get("url")
    assert seen == ["Bot's token", *names]
    base = "http://api.example.com/automation-tokens"
    assert links == [
        f'<{base}?page=3&per_page=2>; rel="last", <{base}?page=2&per_page=2>; rel="next"',
        (
            f'<{base}?page=3&per_page=2>; rel="last", <{base}?page=3&per_page=2>; rel="next", '
            f'<{base}?page=1&per_page=2>; rel="prev", <{base}?page=1&per_page=2>; rel="first"'
        ),
        f'<{base}?page=2&per_page=2>; rel="prev", <{base}?page=1&per_page=2>; rel="first"',
    ]


@pytest.mark.changes_nothing
@pytest.mark.parametrize("query", ["page=0", "page=x", "per_page=0", "per_page=-1", "page=1.5"])
async def test_a_wrong_page_is_refused(world: World, query: str) -> None:
    answer = await world.ask(ADA, "GET", f"{PATH}?{query}")
    name = query.partition("=")[0]
    assert_problem(answer, 400, "Bad request", f"{name} must be a whole number of at least 1")


async def test_the_generated_clients_get_a_bare_array_without_nulls(world: World) -> None:
    for agent in ("fastly-py/15.0.0", "fastly-js/13.0.0"):
        answer = await world.ask(ADA, "GET", PATH, headers={"User-Agent": agent})
        (bot,) = answer.json()
        assert bot["id"] == BOT.token_id
        assert None not in bot.values()


async def test_one_token_is_told_as_recorded(world: World) -> None:
    answer = await world.ask(ADA, "GET", f"{PATH}/{BOT.token_id}")
    assert answer.status_code == 200
    bot = answer.json()
    assert " ".join(bot) == SINGLE
    unset = ("services", "ip", "last_used_at", "expires_at", "user_agent")
    assert [bot[name] for name in unset] == [None] * 5
    assert bot["roles"] == [{"id": ROLE_IDS["engineer"], "name": "engineer"}]


@pytest.mark.changes_nothing
@pytest.mark.parametrize("rest", ["", "/services"])
@pytest.mark.parametrize("token_id", ["0nobody000000000000000", ADA.token_id, "x'--"])
async def test_what_is_no_automation_token_is_not_found(
    world: World, token_id: str, rest: str
) -> None:
    answer = await world.ask(ADA, "GET", f"{PATH}/{token_id}{rest}")
    assert_problem(answer, 404, "Record not found", f"Cannot find automationtoken '{token_id}'")


@pytest.mark.parametrize("rest", ["", "/services", "/workspaces"])
async def test_another_customers_token_is_not_there(world: World, rest: str) -> None:
    answer = await world.ask(EVE, "GET", f"{PATH}/{BOT.token_id}{rest}")
    assert answer.status_code == 404
    assert (await world.ask(EVE, "GET", PATH)).json()["data"] == []
    revoked = await world.ask(EVE, "DELETE", f"{PATH}/{BOT.token_id}")
    assert revoked.status_code == 404
    assert (await world.ask(BOT, "GET", "/tokens/self")).status_code == 200


async def test_the_services_of_a_token_come_in_pages(world: World) -> None:
    made = await create(world, role="engineer", services=[WWW, API])
    path = f"{PATH}/{made['id']}/services"
    assert (await world.ask(ADA, "GET", path)).json() == {"data": [WWW, API]}
    first = await world.ask(ADA, "GET", path, params={"per_page": "1"})
    second = await world.ask(ADA, "GET", first.links["next"]["url"])
    assert [first.json(), second.json()] == [{"data": [WWW]}, {"data": [API]}]
    assert set(second.links) == {"prev", "first"}
    unlimited = await world.ask(ADA, "GET", f"{PATH}/{BOT.token_id}/services")
    assert unlimited.json() == {"data": []}


async def test_there_are_no_workspaces(world: World) -> None:
    path = f"{PATH}/{BOT.token_id}/workspaces"
    answer = await world.ask(ADA, "GET", path)
    assert answer.text == (
        '{"data":[],"meta":{"limit":20,"next_cursor":"","previous_cursor":""},'
        '"limit_workspaces":true}'
    )
    made = await create(world, limit_workspaces=False, workspaces=["9Space0000000000000000"])
    assert made["workspaces"] == ["9Space0000000000000000"]
    other = await world.ask(ADA, "GET", f"{PATH}/{made['id']}/workspaces?limit=7&cursor=")
    assert other.json()["limit_workspaces"] is False
    assert other.json()["meta"]["limit"] == 7


async def test_a_refusal_about_workspaces_stands_in_errors_too(world: World) -> None:
    for path, status, detail in (
        (f"{BOT.token_id}/workspaces?cursor=nonsense", 400, "The cursor is not valid"),
        ("nobody/workspaces", 404, "Cannot find automationtoken 'nobody'"),
    ):
        answer = await world.ask(ADA, "GET", f"{PATH}/{path}")
        assert answer.status_code == status
        body = answer.json()
        assert body["errors"] == [{"title": body["title"], "detail": detail}]
        assert body["detail"] == detail


async def test_revoking_answers_an_empty_object_and_ends_the_token(world: World) -> None:
    before = len(await world.events())
    answer = await world.ask(SUE, "DELETE", f"{PATH}/{BOT.token_id}")
    assert answer.status_code == 200
    assert answer.text == "{}"
    assert "fastly-ratelimit-remaining" in answer.headers
    assert (await world.ask(BOT, "GET", "/tokens/self")).status_code == 401
    assert await world.actions(before) == ["token.destroy"]
    again = await world.ask(SUE, "DELETE", f"{PATH}/{BOT.token_id}")
    assert_problem(again, 404, "Record not found", f"Cannot find automationtoken '{BOT.token_id}'")


async def test_a_users_token_is_not_revoked_by_this_address(world: World) -> None:
    answer = await world.ask(ADA, "DELETE", f"{PATH}/{BEN.token_id}")
    assert answer.status_code == 404
    assert (await world.ask(BEN, "GET", "/tokens/self")).status_code == 200


async def test_the_go_client_revokes_by_the_address_of_user_tokens(world: World) -> None:
    answer = await world.ask(ADA, "DELETE", f"/tokens/{BOT.token_id}")
    assert answer.status_code == 204
    assert (await world.ask(ADA, "GET", f"{PATH}/{BOT.token_id}")).status_code == 404


async def test_only_superusers_see_and_make_automation_tokens(world: World) -> None:
    for person in (BEN, BILL, UMA, BOT):
        for method, path in (
            ("GET", PATH),
            ("GET", f"{PATH}/{BOT.token_id}"),
            ("GET", f"{PATH}/{BOT.token_id}/services"),
            ("GET", f"{PATH}/{BOT.token_id}/workspaces"),
            ("POST", PATH),
            ("DELETE", f"{PATH}/{BOT.token_id}"),
        ):
            answer = await world.ask(person, method, path)
            assert answer.status_code == 403, (person.name, method, path)
            assert answer.json() == {"msg": "You are not authorized to perform this action"}


async def test_a_read_only_key_reads_and_does_not_revoke(world: World) -> None:
    assert (await world.ask(READ_ONLY, "GET", PATH)).status_code == 200
    answer = await world.ask(READ_ONLY, "DELETE", f"{PATH}/{BOT.token_id}")
    assert answer.status_code == 403
    assert answer.json() == {"msg": "Read only tokens are not allowed to access this endpoint"}


async def test_a_token_ends_at_the_instant_it_expires(world: World) -> None:
    made = await create(world, expires_at="2026-03-02T12:00:00+02:00")
    assert made["expires_at"] == "2026-03-02T10:00:00Z"
    world.clock.turn(DAY - 1)
    assert (await world.ask(made["access_token"], "GET", "/tokens/self")).status_code == 200
    world.clock.turn(1)
    refused = await world.ask(made["access_token"], "GET", "/tokens/self")
    assert refused.status_code == 401
    assert refused.json() == {"msg": f"Token {made['id']} expired at 2026-03-02T10:00:00Z"}
    listed = await world.ask(ADA, "GET", PATH)
    assert made["id"] in {one["id"] for one in listed.json()["data"]}
