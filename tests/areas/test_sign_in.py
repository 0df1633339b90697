"""Failed sign-ins, locks, guessing and addresses (contract: identity §3.9, protocol §13.6)."""

import asyncio

import httpx
import pytest
from sqlalchemy import select

from tenantry.core import schema
from tenantry.core.clock import MINUTE, SECOND
from tenantry.core.statements import Statement
from tests.areas.account_calls import session_of
from tests.areas.test_users import bad_request
from tests.world import ADA, BEN, BOT, EVE, NED, PASSWORD, SUE, UMA, WIDGETS, WWW, Person, World

_SUBJECTS = Statement(select(schema.failed_guesses.c.subject))
WRONG = "wrong-Horse-7-battery"
INVALID = {"msg": "Invalid username or password", "code": "invalid_grant"}
LOCKED = {"msg": "This account is locked", "code": "account_locked"}
FORBIDDEN = {"msg": "Invalid username or password", "code": "forbidden"}
UNKNOWN = {"msg": "Provided credentials are missing or invalid"}
TOO_MANY = {"msg": "Too many failed attempts, try again later"}
ELSEWHERE = {"msg": "Access from this IP address is not allowed"}


async def sign_in(world: World, login: str, password: str = PASSWORD) -> httpx.Response:
    form = {"username": login, "password": password}
    return await world.ask(None, "POST", "/tokens", data=form)


async def fail(world: World, person: Person, times: int) -> None:
    for _ in range(times):
        answer = await sign_in(world, person.login, WRONG)
        assert (answer.status_code, answer.json()) == (400, INVALID)


async def lock(world: World, person: Person) -> None:
    answer = await world.ask(ADA, "PUT", f"/user/{person.id}", data={"locked": "true"})
    assert (answer.status_code, answer.json()["locked"]) == (200, True)


async def test_a_failure_is_told_to_the_log_and_counts_no_write(world: World) -> None:
    since = len(await world.events())
    answer = await sign_in(world, BEN.login, WRONG)
    assert "fastly-ratelimit-remaining" not in answer.headers
    (event,) = (await world.events())[since:]
    assert event[:2] == ("user.login_failure", "user.login_failure")
    assert f'"user_id":"{BEN.id}"' in event[2]


async def test_a_sign_in_is_told_and_dated(world: World) -> None:
    since = len(await world.events())
    world.clock.turn(MINUTE)
    assert (await sign_in(world, "BEN@example.com")).status_code == 200
    assert await world.actions(since) == ["user.login", "token.create"]
    user = (await world.ask(ADA, "GET", f"/user/{BEN.id}")).json()
    assert user["last_active_at"] == "2026-03-01T10:01:00Z"


async def test_six_failures_in_a_row_lock(world: World) -> None:
    session = await session_of(world, BEN)
    since = len(await world.events())
    await fail(world, BEN, 6)
    assert await world.actions(since) == ["user.login_failure"] * 6 + ["user.lock"]
    assert (await world.ask(ADA, "GET", f"/user/{BEN.id}")).json()["locked"] is True
    answer = await sign_in(world, BEN.login)
    assert (answer.status_code, answer.json()) == (400, LOCKED)
    answer = await world.ask(BEN, "POST", "/sudo", data={"password": PASSWORD})
    assert (answer.status_code, answer.json()) == (403, FORBIDDEN)
    change = {"old_password": PASSWORD, "new_password": "stapled-Sponge-7-otter"}
    answer = await world.ask(
        None, "POST", "/current_user/password", data=change, auth=(BEN.login, PASSWORD)
    )
    assert (answer.status_code, answer.json()) == (401, UNKNOWN)
    # An automatic lock stops passwords only: guessing takes down nobody's automation.
    for key in (BEN, session):
        assert (await world.ask(key, "GET", "/current_user")).status_code == 200
    assert (await sign_in(world, UMA.login)).status_code == 200


async def test_only_failures_in_a_row_count(world: World) -> None:
    await fail(world, BEN, 5)
    assert (await sign_in(world, BEN.login)).status_code == 200
    world.clock.turn(15 * MINUTE)
    await fail(world, BEN, 5)
    await world.sudo(BEN)
    world.clock.turn(15 * MINUTE)
    await fail(world, BEN, 5)
    assert (await sign_in(world, BEN.login)).status_code == 200


async def test_failures_of_sudo_and_of_changes_count_too(world: World) -> None:
    since = len(await world.events())
    for _ in range(3):
        await world.ask(BEN, "POST", "/sudo", data={"password": WRONG})
        await world.ask(None, "POST", "/current_user/password", auth=(BEN.login, WRONG))
    assert await world.actions(since) == ["user.login_failure"] * 6 + ["user.lock"]


async def test_of_many_guesses_at_once_none_slips_through(world: World) -> None:
    answers = await asyncio.gather(*(sign_in(world, BEN.login, WRONG) for _ in range(8)))
    assert [one.json() for one in answers].count(INVALID) == 6
    assert [one.json() for one in answers].count(LOCKED) == 2
    strangers = await asyncio.gather(*(sign_in(world, f"{n}@example.com") for n in range(8)))
    assert [one.status_code for one in strangers].count(429) == 6


@pytest.mark.parametrize("how", ["superuser", "reset"])
async def test_a_lock_is_opened(world: World, how: str) -> None:
    await fail(world, BEN, 6)
    since = len(await world.events())
    password = PASSWORD
    if how == "superuser":
        await world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"locked": "false"})
        assert await world.actions(since) == ["user.update", "user.unlock"]
    else:
        await world.ask(ADA, "POST", f"/user/{BEN.login}/password/request_reset")
        (letter,) = await world.letters()
        path = f"/_tenantry/v1/password/{world.app.keyring.code_for(*letter['code'])}"
        password = "stapled-Sponge-7-otter"
        await world.ask(None, "POST", path, json={"password": password})
        assert "user.unlock" in await world.actions(since)
    assert (await sign_in(world, BEN.login, password)).status_code == 200
    await fail(world, BEN, 3)
    assert (await sign_in(world, BEN.login, password)).status_code == 200


async def test_a_superusers_lock_stops_everything(world: World) -> None:
    session = await session_of(world, BEN)
    since = len(await world.events())
    await lock(world, BEN)
    told = ["user.update", "token.destroy", "user.logout", "user.lock"]
    assert await world.actions(since) == told
    for key in (BEN, session):
        for method, path in (("GET", "/tokens/self"), ("POST", "/sudo"), ("GET", "/verify")):
            answer = await world.ask(key, method, path, data={"password": PASSWORD})
            assert (answer.status_code, answer.json()) == (401, UNKNOWN)
    assert (await sign_in(world, BEN.login)).json() == LOCKED
    assert (await world.ask(BOT, "GET", "/tokens/self")).status_code == 200
    await world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"locked": "0"})
    assert (await world.ask(BEN, "GET", "/tokens/self")).status_code == 200
    assert (await world.ask(session, "GET", "/tokens/self")).status_code == 401


async def test_a_superuser_may_harden_an_automatic_lock(world: World) -> None:
    await fail(world, BEN, 6)
    since = len(await world.events())
    await lock(world, BEN)
    assert await world.actions(since) == ["user.update", "user.lock"]
    assert (await world.ask(BEN, "GET", "/tokens/self")).status_code == 401


async def test_a_locked_owner_can_still_be_changed(world: World) -> None:
    await fail(world, ADA, 6)
    answer = await world.ask(SUE, "PUT", f"/user/{ADA.id}", data={"require_new_password": "1"})
    assert answer.status_code == 200


async def test_nobody_locks_himself(world: World) -> None:
    answer = await world.ask(SUE, "PUT", f"/user/{SUE.id}", data={"locked": "true"})
    assert (answer.status_code, answer.json()) == (400, bad_request("You cannot lock yourself"))


async def test_ten_failures_for_one_login_are_the_limit(world: World) -> None:
    for _ in range(10):
        assert (await sign_in(world, "nobody@example.com")).json() == INVALID
    answer = await sign_in(world, "NOBODY@example.com")
    assert (answer.status_code, answer.json()) == (429, TOO_MANY)
    for name in ("fastly-ratelimit-remaining", "fastly-ratelimit-reset", "retry-after"):
        assert name not in answer.headers
    # The address has guessed ten times as well.
    assert (await sign_in(world, UMA.login)).status_code == 429
    answer = await world.ask(UMA, "POST", "/sudo", data={"password": PASSWORD})
    assert (answer.status_code, answer.json()) == (429, TOO_MANY)
    assert "fastly-ratelimit-remaining" not in answer.headers
    change = await world.ask(None, "POST", "/current_user/password", auth=(UMA.login, PASSWORD))
    assert change.status_code == 429
    assert (await world.ask(UMA, "GET", "/current_user")).status_code == 200
    world.clock.turn(15 * MINUTE - SECOND)
    assert (await sign_in(world, UMA.login)).status_code == 429
    world.clock.turn(SECOND)
    assert (await sign_in(world, UMA.login)).status_code == 200


async def test_any_fifteen_minutes_hold_ten_failures(world: World) -> None:
    """Also those that begin in the middle of a quarter of an hour; each failure counts as long."""
    for minutes, times in ((14, 6), (2, 4)):
        world.clock.turn(minutes * MINUTE)
        for _ in range(times):
            assert (await sign_in(world, "nobody@example.com")).json() == INVALID
    assert (await sign_in(world, UMA.login)).json() == TOO_MANY
    world.clock.turn(13 * MINUTE - SECOND)
    assert (await sign_in(world, UMA.login)).status_code == 429
    world.clock.turn(SECOND)
    for _ in range(6):
        assert (await sign_in(world, "nobody@example.com")).json() == INVALID
    assert (await sign_in(world, UMA.login)).status_code == 429
    world.clock.turn(15 * MINUTE)
    assert (await sign_in(world, UMA.login)).status_code == 200
    await sign_in(world, "nobody@example.com")
    assert len(await world.app.database.all(_SUBJECTS)) == 2


async def test_guesses_are_kept_without_the_logins(world: World) -> None:
    await sign_in(world, "somebody.secret@example.com")
    rows = await world.app.database.all(_SUBJECTS)
    assert len(rows) == 2
    assert "somebody" not in str(rows)
    assert "192.0.2.10" not in str(rows)


async def allow(world: World, allowlist: str) -> httpx.Response:
    path = f"/customer/{WIDGETS}"
    return await world.ask(ADA, "PUT", path, data={"ip_whitelist": allowlist})


@pytest.mark.parametrize(
    "allowlist",
    [
        "192.0.2.10",
        "192.0.2.0/24",
        "192.0.2.*",
        "192.*.2.10",
        "10.0.0.1, 192.0.2.10",
        "10.0.0.1 192.0.2.0/28",
        "2001:db8::/32,192.0.2.10",
        "10.0.0.1,0.0.0.0/0",
    ],
)
async def test_an_allowlist_with_ones_own_address_is_taken(world: World, allowlist: str) -> None:
    answer = await allow(world, allowlist)
    assert (answer.status_code, answer.json()["ip_whitelist"]) == (200, allowlist)
    assert (await world.ask(BEN, "GET", "/current_user")).status_code == 200


@pytest.mark.parametrize(
    "allowlist",
    [
        "garbage",
        "192.0.2.256",
        "192.0.2.0/33",
        "192.0.2.1*",
        "192.0.*",
        "0.0.0.0/0,garbage",
        ",".join(f"192.0.2.{n}" for n in range(101)),
        "10.0.0.1",
        "2001:db8::/32",
        "192.0.3.*",
    ],
)
async def test_a_wrong_allowlist_saves_nothing(world: World, allowlist: str) -> None:
    answer = await allow(world, allowlist)
    assert (answer.status_code, answer.json()["msg"]) == (400, "Bad request")
    assert answer.json()["detail"].startswith("Ip whitelist")
    told = (await world.ask(ADA, "GET", "/current_customer")).json()
    assert told["ip_whitelist"] == "0.0.0.0/0"


async def test_an_empty_allowlist_is_none(world: World) -> None:
    await allow(world, "192.0.2.10")
    assert (await allow(world, "")).json()["ip_whitelist"] == "0.0.0.0/0"


async def test_an_allowlist_shuts_out_every_other_address(world: World) -> None:
    """The owner too, tokens and passwords alike; other customers are not concerned."""
    await world.sudo(BEN)
    assert (await allow(world, "192.0.2.10")).status_code == 200
    far = httpx.AsyncClient(
        transport=httpx.ASGITransport(app=world.app, client=("198.51.100.7", 5000)),
        base_url="http://api.example.com",
    )
    async with far:

        async def ask(who: Person | None, method: str, path: str, **form: str) -> httpx.Response:
            headers = {} if who is None else {"Fastly-Key": who.token}
            return await far.request(method, path, headers=headers, data=form)

        since = len(await world.events())
        for person in (ADA, BEN, BOT):
            for method, path in (
                ("GET", "/tokens/self"),
                ("GET", "/verify"),
                ("GET", f"/service/{WWW}"),
                ("DELETE", "/tokens/self"),
                ("PUT", f"/customer/{WIDGETS}"),
            ):
                answer = await ask(person, method, path, ip_whitelist="0.0.0.0/0")
                assert (answer.status_code, answer.json()) == (403, ELSEWHERE), (method, path)
        login = {"username": BEN.login, "password": PASSWORD}
        assert (await ask(None, "POST", "/tokens", **login)).json() == ELSEWHERE
        assert (await ask(BEN, "POST", "/sudo", **login)).json() == ELSEWHERE
        # In sudo mode already, without a password.
        assert (await ask(BEN, "POST", "/tokens", name="far")).json() == ELSEWHERE
        # That somebody knew the password is told.
        assert await world.actions(since) == ["user.login_failure"]
        assert (await ask(EVE, "GET", "/tokens/self")).status_code == 200
        assert (
            await ask(None, "POST", "/tokens", username=NED.login, password=PASSWORD)
        ).is_success
    assert (await world.ask(BEN, "GET", "/tokens/self")).status_code == 200
