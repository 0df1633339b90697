"""Users' tokens: made, listed, used and revoked (contract: identity §6, §9.2)."""

from typing import Any

import httpx
import pytest

from tenantry.core.clock import DAY, SECOND
from tests.areas.account_calls import session_of
from tests.areas.test_users import NOT_ALLOWED, bad_request
from tests.world import (
    ADA,
    API,
    BEN,
    BILL,
    BOT,
    ELSEWHERE,
    EVE,
    EXPIRED,
    LIM,
    LIMITED,
    PASSWORD,
    PURGING,
    READ_ONLY,
    SUE,
    UMA,
    WIDGETS,
    WWW,
    Person,
    World,
)

LISTED = [
    "id",
    "user_id",
    "customer_id",
    "name",
    "last_used_at",
    "created_at",
    "expires_at",
    "ip",
    "user_agent",
    "sudo_expires_at",
    "scopes",
    "scope",
    "services",
    "service_id",
]
CREATED = [
    "id",
    "name",
    "user_id",
    "customer_id",
    "service_id",
    "expires_at",
    "created_at",
    "updated_at",
    "scope",
    "services",
    "access_token",
]
SUDO = {"msg": "You must POST /sudo to access this endpoint"}
READ = {"msg": "Read only tokens are not allowed to access this endpoint"}
UNKNOWN = {"msg": "Provided credentials are missing or invalid"}
INVALID = {"msg": "Invalid username or password", "code": "invalid_grant"}
NEEDED = {"msg": "Username and password are required", "code": "invalid_request"}


def no_token(token_id: str) -> dict[str, str]:
    return {"msg": "Record not found", "detail": f"Cannot find token '{token_id}'"}


async def post(
    world: World, who: Person | str | None = None, auth: Any = None, **form: Any
) -> httpx.Response:
    return await world.ask(who, "POST", "/tokens", data=form, auth=auth)


async def make(world: World, person: Person = BEN, **form: Any) -> dict[str, Any]:
    """A token by its user's password."""
    answer = await post(world, username=person.login, password=PASSWORD, **form)
    assert answer.status_code == 200, answer.text
    token: dict[str, Any] = answer.json()
    return token


async def test_a_token_is_made_as_recorded(world: World) -> None:
    since = len(await world.events())
    form = {"name": "ci", "expires_at": "2026-09-01T00:00:00+00:00", "services[]": [WWW, API]}
    token = await make(world, BEN, **form)
    assert list(token) == CREATED
    secret = token.pop("access_token")
    assert token == {
        "id": token["id"],
        "name": "ci",
        "user_id": BEN.id,
        "customer_id": WIDGETS,
        "service_id": API,
        "expires_at": "2026-09-01T00:00:00Z",
        "created_at": "2026-03-01T10:00:00Z",
        "updated_at": "2026-03-01T10:00:00Z",
        "scope": "global",
        "services": [WWW, API],
    }
    assert len(secret) == 32
    assert await world.actions(since) == ["user.login", "token.create"]
    body = (await world.events())[-1][2]
    assert f'"token_id":"{token["id"]}"' in body
    assert '"scope":"global"' in body
    assert (await world.ask(secret, "GET", "/tokens/self")).json()["id"] == token["id"]


async def test_what_is_left_out_has_its_default(world: World) -> None:
    token = await make(world, expires_at="None", name="", scope="")
    assert (token["name"], token["scope"], token["services"]) == ("Unnamed token", "global", [])
    assert (token["service_id"], token["expires_at"]) == (None, None)


async def test_every_proof_of_identity_works(world: World) -> None:
    basic = (BEN.login, PASSWORD)
    assert (await post(world, auth=basic)).json()["user_id"] == BEN.id
    assert (await post(world, BEN, auth=basic)).status_code == 200
    assert (await post(world, "garbage", auth=basic)).status_code == 200
    assert (await post(world, EXPIRED, auth=basic)).status_code == 200
    # The CLI sends a key and nothing but the password.
    assert (await post(world, BEN, password=PASSWORD)).json()["user_id"] == BEN.id
    answer = await post(world, BEN, auth=("", ""), password=PASSWORD, username=BEN.login.upper())
    assert answer.status_code == 200
    await world.sudo(BEN)
    # The Python client: a key in sudo mode, empty Basic, an empty body of JSON.
    headers = {"Authorization": "Basic Og==", "Content-Type": "application/json"}
    answer = await world.ask(BEN, "POST", "/tokens", headers=headers)
    assert (answer.status_code, answer.json()["user_id"]) == (200, BEN.id)


async def test_no_proof_makes_no_token(world: World) -> None:
    since = len(await world.events())
    refused: list[tuple[int, dict[str, str], httpx.Response]] = [
        (400, NEEDED, await post(world)),
        (400, NEEDED, await post(world, username=BEN.login)),
        (400, NEEDED, await post(world, password=PASSWORD)),
        (400, NEEDED, await post(world, auth=("", ""))),
        (401, UNKNOWN, await post(world, "garbage")),
        (401, UNKNOWN, await post(world, "garbage", password=PASSWORD)),
        (403, SUDO, await post(world, BEN)),
        (403, SUDO, await post(world, BEN, username=BEN.login)),
        (400, INVALID, await post(world, BEN, username=UMA.login, password=PASSWORD)),
        (403, NOT_ALLOWED, await post(world, BOT)),
        (403, NOT_ALLOWED, await post(world, BOT, username=BEN.login, password=PASSWORD)),
        (403, NOT_ALLOWED, await post(world, BOT, username=EVE.login, password=PASSWORD)),
        (403, READ, await post(world, READ_ONLY, password=PASSWORD)),
        (403, NOT_ALLOWED, await post(world, PURGING, password=PASSWORD)),
    ]
    for status, body, answer in refused:
        assert (answer.status_code, answer.json()) == (status, body)
    assert await world.actions(since) == []
    answer = await post(world, username=BEN.login, password="wrong")
    assert (answer.status_code, answer.json()) == (400, INVALID)
    assert (await post(world, username="nobody@example.com", password="x")).json() == INVALID
    assert (await post(world, BEN, password="wrong")).json() == INVALID
    assert await world.actions(since) == ["user.login_failure"] * 2


@pytest.mark.parametrize(
    ("form", "status", "body"),
    [
        ({"scope": "global:write"}, 400, {"code": "invalid_scope"}),
        ({"scope": "global GLOBAL"}, 400, {"code": "invalid_scope"}),
        ({"services[]": ELSEWHERE}, 400, {"code": "invalid_request"}),
        ({"services[]": [WWW, "0Unknown00000000000000"]}, 400, {"code": "invalid_request"}),
        ({"services": f"{WWW} '--"}, 400, {"code": "invalid_request"}),
        ({"expires_at": "tomorrow"}, 422, {"msg": "Invalid value for expires_at"}),
        ({"expires_at": "2026-09-01T00:00:00"}, 422, {"msg": "Invalid value for expires_at"}),
        ({"expires_at": "2026-03-01T10:00:00Z"}, 422, {"msg": "Invalid value for expires_at"}),
        ({"expires_at": "9999-12-31T23:59:60Z"}, 422, {"msg": "Invalid value for expires_at"}),
        ({"name": "x" * 256}, 400, {"msg": "Bad request"}),
        ({"name": "  "}, 400, {"msg": "Bad request"}),
    ],
)
async def test_a_wrong_wish_is_refused(
    world: World, form: dict[str, Any], status: int, body: dict[str, str]
) -> None:
    since = len(await world.events())
    await world.sudo(BEN)
    for answer in (
        await post(world, username=BEN.login, password=PASSWORD, **form),
        await post(world, BEN, **form),
    ):
        assert answer.status_code == status, answer.text
        assert body.items() <= answer.json().items()
        assert answer.json()["msg"]
    assert await world.actions(since) == ["user.sudo"]


async def test_scopes_collapse_and_lists_come_in_every_form(world: World) -> None:
    token = await make(world, scope="purge_all global:read  purge_all")
    assert token["scope"] == "purge_all global:read"
    listed = (await world.ask(BEN, "GET", f"/tokens/{token['id']}")).json()
    assert listed["scopes"] == ["purge_all", "global:read"]
    forms: dict[str, list[Any]] = {"services": [f"{WWW},{API}", f"{WWW} {API}", [WWW, API]]}
    forms["services[]"] = [[WWW, API, WWW], ["", WWW, API], ""]
    made = [await make(world, **{name: one}) for name, given in forms.items() for one in given]
    numbered: dict[str, Any] = {"services[0]": WWW, "services[1]": API}
    made.append(await make(world, **numbered))
    assert [one["services"] for one in made] == [[WWW, API]] * 5 + [[], [WWW, API]]


async def test_a_limited_user_names_only_what_he_sees(world: World) -> None:
    answer = await post(world, username=LIM.login, password=PASSWORD, services=WWW)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


async def test_no_token_may_more_than_the_key_that_makes_it(world: World) -> None:
    lifted = await world.ask(LIMITED, "POST", "/sudo", data={"password": PASSWORD})
    assert lifted.status_code == 200
    for proof in ({}, {"password": PASSWORD}):
        assert (await post(world, LIMITED, **proof)).json() == NOT_ALLOWED
        assert (await post(world, LIMITED, services=f"{WWW},{API}", **proof)).json() == NOT_ALLOWED
        assert (await post(world, LIMITED, services=WWW, **proof)).json()["services"] == [WWW]
    token = (await post(world, LIMITED, services=WWW)).json()
    answer = await world.ask(token["access_token"], "GET", f"/service/{API}")
    assert answer.status_code == 404
    answer = await world.ask(token["access_token"], "POST", "/service", data={"name": "new"})
    assert answer.status_code == 404


async def test_a_user_has_a_hundred_living_tokens(world: World) -> None:
    """Expired and revoked ones, sessions and other people's do not count."""
    await session_of(world, BEN)
    await world.sudo(BEN)
    expiring = await post(world, BEN, expires_at="2026-03-01T10:00:01Z")
    made = [await post(world, BEN) for _ in range(98)]
    assert {one.status_code for one in made} == {200}
    answer = await post(world, BEN)
    assert (answer.status_code, answer.json()) == (400, bad_request("Token limit reached"))
    assert (await make(world, UMA))["user_id"] == UMA.id
    world.clock.turn(SECOND)
    assert (await post(world, BEN)).status_code == 200
    assert (await post(world, BEN)).status_code == 400
    assert (await world.ask(BEN, "DELETE", f"/tokens/{made[0].json()['id']}")).status_code == 204
    assert (await post(world, BEN)).status_code == 200
    ids = [one["id"] for one in (await world.ask(BEN, "GET", "/tokens")).json()]
    assert expiring.json()["id"] in ids


async def test_tokens_are_listed_oldest_first(world: World) -> None:
    world.clock.turn(SECOND)
    later = await make(world, name="later")
    world.clock.turn(SECOND)
    session = await session_of(world, BEN)
    for who in (BEN, session):
        tokens = (await world.ask(who, "GET", "/tokens")).json()
        assert [list(one) for one in tokens] == [LISTED] * 3
        assert [one["name"] for one in tokens] == ["Ben's token", "later", "browser session"]
    answer = await world.ask(SUE, "GET", f"/customer/{WIDGETS}/tokens")
    everybodys = answer.json()
    assert later["id"] in {one["id"] for one in everybodys}
    assert BOT.token_id not in {one["id"] for one in everybodys}
    assert "expired" in {one["name"] for one in everybodys}
    assert {one["customer_id"] for one in everybodys} == {WIDGETS}
    created = [one["created_at"] for one in everybodys]
    assert created == sorted(created)
    for person in (BEN, BILL, UMA, BOT):
        answer = await world.ask(person, "GET", f"/customer/{WIDGETS}/tokens")
        assert (answer.status_code, answer.json()) == (403, NOT_ALLOWED)
    assert (await world.ask(BOT, "GET", "/tokens")).json() == NOT_ALLOWED


async def test_one_token_is_seen_by_its_user_and_by_superusers(world: World) -> None:
    for who in (BEN, ADA, SUE, READ_ONLY):
        answer = await world.ask(who, "GET", f"/tokens/{BEN.token_id}")
        assert (answer.status_code, list(answer.json())) == (200, LISTED)
    for who in (UMA, BILL, BOT, EVE):
        answer = await world.ask(who, "GET", f"/tokens/{BEN.token_id}")
        assert (answer.status_code, answer.json()) == (404, no_token(BEN.token_id))
    told = (await world.ask(BOT, "GET", f"/tokens/{BOT.token_id}")).json()
    assert told == (await world.ask(BOT, "GET", "/tokens/self")).json()
    assert told["user_id"] == BOT.token_id
    assert (await world.ask(UMA, "GET", f"/tokens/{BOT.token_id}")).status_code == 404


async def test_a_token_expires_at_its_very_instant(world: World) -> None:
    token = await make(world, expires_at="2026-03-02T10:00:00.9Z")
    assert token["expires_at"] == "2026-03-02T10:00:00Z"
    world.clock.turn(DAY - 1)
    for method, path in (("GET", "/current_user"), ("PUT", f"/user/{BEN.id}")):
        answer = await world.ask(token["access_token"], method, path)
        assert answer.status_code == 200
    world.clock.turn(1)
    expected = {"msg": f"Token {token['id']} expired at 2026-03-02T10:00:00Z"}
    for method, path in (
        ("GET", "/current_user"),
        ("PUT", f"/user/{BEN.id}"),
        ("DELETE", "/tokens/self"),
    ):
        answer = await world.ask(token["access_token"], method, path)
        assert (answer.status_code, answer.json()) == (401, expected)
    assert (await world.ask(BEN, "DELETE", f"/tokens/{token['id']}")).status_code == 204
    assert (await world.ask(token["access_token"], "GET", "/tokens/self")).json() == UNKNOWN
