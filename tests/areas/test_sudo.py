"""Sudo: lifting the calling token for a while (contract: identity §8)."""

import httpx
import pytest

from tenantry.core.clock import HOUR, MINUTE, SECOND
from tests.areas.factor_calls import enrol
from tests.areas.test_tokens import READ, SUDO, UNKNOWN
from tests.areas.test_two_factor import NEEDED
from tests.areas.test_users import NOT_ALLOWED
from tests.areas.ways_in import force_2fa, require_new_password
from tests.world import (
    ADA,
    BEN,
    BOT,
    EXPIRED,
    PASSWORD,
    PURGING,
    READ_ONLY,
    SUE,
    UMA,
    Person,
    World,
)

FORBIDDEN = {"msg": "Invalid username or password", "code": "forbidden"}
CLI_FORM = {
    "password": PASSWORD,
    "name": "ci",
    "scope": "global",
    "services[]": "x",
    "expires_at": "2026-09-01T00:00:00Z",
}
"""The CLI sends the form of the token that it makes next, and no username."""


async def sudo(world: World, who: Person | str | None = BEN, **form: str) -> httpx.Response:
    return await world.ask(who, "POST", "/sudo", data={"password": PASSWORD, **form})


async def lasts(world: World, who: Person | str = BEN) -> str | None:
    until: str | None = (await world.ask(who, "GET", "/tokens/self")).json()["sudo_expires_at"]
    return until


async def test_a_token_is_lifted_for_five_minutes(world: World) -> None:
    since = len(await world.events())
    assert await lasts(world) is None
    answer = await sudo(world)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"expiry_time": "2026-03-01T10:05:00+00:00"}
    assert await lasts(world) == "2026-03-01T10:05:00Z"
    (event,) = (await world.events())[since:]
    assert event[:2] == ("user.sudo", None)


async def test_it_ends_at_its_very_instant_and_stays_visible(world: World) -> None:
    await sudo(world)
    world.clock.turn(5 * MINUTE - 1)
    assert (await world.ask(BEN, "POST", "/tokens")).status_code == 200
    world.clock.turn(1)
    answer = await world.ask(BEN, "POST", "/tokens")
    assert (answer.status_code, answer.json()) == (403, SUDO)
    assert await lasts(world) == "2026-03-01T10:05:00Z"


async def test_only_the_calling_token_is_lifted(world: World) -> None:
    form = {"username": BEN.login, "password": PASSWORD}
    other = (await world.ask(None, "POST", "/tokens", data=form)).json()["access_token"]
    await sudo(world)
    assert await lasts(world, other) is None
    assert (await world.ask(other, "POST", "/tokens")).json() == SUDO
    made = (await world.ask(BEN, "POST", "/tokens")).json()["access_token"]
    assert await lasts(world, made) is None


async def test_sudo_lends_no_role(world: World) -> None:
    await sudo(world)
    answer = await world.ask(BEN, "POST", "/automation-tokens", json={"name": "bot"})
    assert (answer.status_code, answer.json()) == (403, NOT_ALLOWED)


async def test_every_client_is_understood(world: World) -> None:
    credentials = {"username": BEN.login, "password": PASSWORD}
    for answer in (
        await world.ask(BEN, "POST", "/sudo", data=CLI_FORM),
        await world.ask(BEN, "POST", "/sudo", data=credentials),
        await world.ask(BEN, "POST", "/sudo", json=credentials),
        await world.ask(BEN, "POST", "/sudo", json={"username": None, "password": PASSWORD}),
        await world.ask(BEN, "POST", "/sudo", json={**credentials, "username": "BEN@example.com"}),
        await world.ask(BEN, "POST", "/sudo", auth=(BEN.login, PASSWORD)),
        await world.ask(BEN, "POST", "/sudo", auth=(BEN.login.upper(), PASSWORD)),
        await sudo(world, expiry_time=""),
        await sudo(world, expiry_time="None"),
    ):
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
        assert answer.json() == {"expiry_time": "2026-03-01T10:05:00+00:00"}


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("2026-03-01T10:00:01Z", "10:00:01"),
        ("2026-03-01T12:30:00+02:00", "10:30:00"),
        ("2026-03-01T11:00:00Z", "11:00:00"),
        ("2026-03-01T11:00:01Z", "11:00:00"),
        ("2036-01-01T00:00:00Z", "11:00:00"),
    ],
)
async def test_a_time_of_ones_own_is_honoured_up_to_an_hour(
    world: World, asked: str, given: str
) -> None:
    answer = await sudo(world, expiry_time=asked)
    assert answer.json() == {"expiry_time": f"2026-03-01T{given}+00:00"}
    assert await lasts(world) == f"2026-03-01T{given}Z"


@pytest.mark.parametrize("asked", ["2026-03-01T10:00:00Z", "2020-01-01T00:00:00Z", "soon", "5"])
async def test_a_past_or_unreadable_time_is_refused(world: World, asked: str) -> None:
    answer = await sudo(world, expiry_time=asked)
    assert (answer.status_code, answer.json()["msg"]) == (400, "Bad request")
    assert answer.json()["detail"].startswith("Expiry time")
    assert await lasts(world) is None


async def test_a_shorter_time_takes_the_place_of_a_longer_one(world: World) -> None:
    await sudo(world, expiry_time="2026-03-01T11:00:00Z")
    await sudo(world)
    world.clock.turn(5 * MINUTE)
    assert (await world.ask(BEN, "POST", "/tokens")).status_code == 403
    world.clock.turn(HOUR - 6 * MINUTE)
    assert (await world.ask(BEN, "POST", "/tokens")).status_code == 403


async def test_what_proves_nothing_lifts_nothing(world: World) -> None:
    refused = [
        await world.ask(BEN, "POST", "/sudo"),
        await world.ask(BEN, "POST", "/sudo", data={"username": BEN.login}),
        await world.ask(BEN, "POST", "/sudo", json={"password": None}),
        await sudo(world, password="wrong"),
        await sudo(world, username=UMA.login),
        await sudo(world, username=ADA.login),
        await sudo(world, username="nobody@example.com"),
        await world.ask(BEN, "POST", "/sudo", auth=(UMA.login, PASSWORD)),
    ]
    for answer in refused:
        assert (answer.status_code, answer.json()) == (403, FORBIDDEN)
    assert await lasts(world) is None
    log = await world.actions(0)
    assert log.count("user.login_failure") == 1


async def test_who_cannot_be_lifted(world: World) -> None:
    for key, status, body in (
        (None, 401, UNKNOWN),
        ("garbage", 401, UNKNOWN),
        (BOT, 403, FORBIDDEN),
        (READ_ONLY, 403, READ),
        (PURGING, 403, NOT_ALLOWED),
    ):
        answer = await sudo(world, key)
        assert (answer.status_code, answer.json()) == (status, body)
    assert (await sudo(world, EXPIRED)).json()["msg"].startswith("Token ")


async def test_sudo_goes_with_its_token(world: World) -> None:
    await sudo(world)
    await world.ask(BEN, "DELETE", "/tokens/self")
    assert (await world.ask(BEN, "POST", "/tokens")).json() == UNKNOWN
    world.clock.turn(SECOND)
    assert (await sudo(world)).status_code == 401


async def test_it_ends_with_the_first_second_factor(world: World) -> None:
    """A key that a password alone has lifted has shown no code (contract: access §10.1, 5)."""
    await sudo(world)
    await sudo(world, UMA)
    app, _ = await enrol(world, BEN)
    assert await lasts(world) is None
    assert (await world.ask(BEN, "POST", "/tokens")).json() == SUDO
    answer = await world.ask(BEN, "POST", "/tokens", data={"password": PASSWORD})
    assert (answer.status_code, answer.json()) == (400, NEEDED)
    assert await lasts(world, UMA) is not None
    headers = {"Fastly-OTP": app.code()}
    await world.ask(BEN, "POST", "/sudo", data={"password": PASSWORD}, headers=headers)
    assert (await world.ask(BEN, "POST", "/tokens")).status_code == 200


async def test_to_force_second_factors_ends_it_for_who_has_none(world: World) -> None:
    app, _ = await enrol(world, UMA)
    form, headers = {"password": PASSWORD}, {"Fastly-OTP": app.code()}
    await world.ask(UMA, "POST", "/sudo", data=form, headers=headers)
    await sudo(world, SUE)
    await force_2fa(world)
    assert await lasts(world, SUE) is None
    domain = {"domain": "widgets.example.com"}
    answer = await world.ask(SUE, "POST", "/_tenantry/v1/email-domains", json=domain)
    assert (answer.status_code, answer.json()) == (403, SUDO)
    assert await lasts(world, UMA) is not None


async def test_a_lock_outlives_it(world: World) -> None:
    await sudo(world, expiry_time="2026-03-01T11:00:00Z")
    for locked in ("true", "false"):
        answer = await world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"locked": locked})
        assert answer.status_code == 200
    assert await lasts(world) is None
    assert (await world.ask(BEN, "POST", "/tokens")).json() == SUDO


async def test_it_ends_where_a_new_password_is_due(world: World) -> None:
    await sudo(world)
    await require_new_password(world)
    assert await lasts(world) is None
    form = {"require_new_password": "false"}
    await world.ask(ADA, "PUT", f"/user/{BEN.id}", data=form)
    assert (await world.ask(BEN, "POST", "/tokens")).json() == SUDO
