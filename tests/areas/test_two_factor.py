"""Second factors where programs meet them: `Fastly-OTP` (protocol §2, access §10.1)."""

import asyncio

import httpx
import pyotp
import pytest

from tenantry.areas.users.authenticators import STEP
from tenantry.core.clock import MINUTE
from tests.areas.account_calls import edit_customer, edit_user
from tests.areas.factor_calls import enrol
from tests.world import ADA, BEN, PASSWORD, WIDGETS, Person, World

NEEDED = {"msg": "2fa.verify", "detail": "Invalid one-time password", "code": "2fa.verify"}
INVALID = {"msg": "Invalid username or password", "code": "invalid_grant"}
LOCKED = {"msg": "This account is locked", "code": "account_locked"}
FORCED = {"msg": "Two-factor authentication is required for this account"}
WRONG = "wrong-Horse-7-battery"


async def make_token(
    world: World, code: str | None = None, *, who: Person = BEN, password: str = PASSWORD
) -> httpx.Response:
    headers = {} if code is None else {"Fastly-OTP": code}
    form = {"username": who.login, "password": password}
    return await world.ask(None, "POST", "/tokens", data=form, headers=headers)


async def sudo(world: World, code: str | None = None) -> httpx.Response:
    headers = {} if code is None else {"Fastly-OTP": code}
    return await world.ask(BEN, "POST", "/sudo", data={"password": PASSWORD}, headers=headers)


async def test_a_token_needs_a_code_beside_the_password(world: World) -> None:
    app, _ = await enrol(world, BEN)
    for code in (None, "", app.wrong(), "abc", "12345678", app.code() + "0"):
        answer = await make_token(world, code)
        assert (answer.status_code, answer.json()) == (400, NEEDED)
    since = len(await world.events())
    assert (await make_token(world, app.code())).status_code == 200
    assert await world.actions(since) == ["user.login", "token.create"]


async def test_enabling_is_told(world: World) -> None:
    since = len(await world.events())
    await enrol(world, BEN)
    told = ["authenticator.create", "two_factor_auth.enable"]
    assert await world.actions(since) == told
    assert [event[1] for event in (await world.events())[since:]] == ["user.update", told[1]]
    (letter,) = await world.letters()
    assert (letter["template"], letter["to"]) == ("factors_changed", BEN.login)
    user = (await world.ask(ADA, "GET", f"/user/{BEN.id}")).json()
    assert user["two_factor_auth_enabled"] is True


async def test_a_code_is_good_once(world: World) -> None:
    app, _ = await enrol(world, BEN)
    world.clock.turn(STEP)
    code = app.code()
    assert (await make_token(world, code)).status_code == 200
    # Neither again, nor elsewhere, nor one from before it, however fresh.
    assert (await make_token(world, code)).json() == NEEDED
    assert (await sudo(world, code)).status_code == 403
    assert (await make_token(world, app.code(steps=-1))).json() == NEEDED
    world.clock.turn(STEP)
    assert (await make_token(world, code)).json() == NEEDED
    assert (await make_token(world, app.code())).status_code == 200


async def test_of_one_code_twice_at_once_one_counts(world: World) -> None:
    app, _ = await enrol(world, BEN)
    answers = await asyncio.gather(*(make_token(world, app.code()) for _ in range(4)))
    assert sorted(one.status_code for one in answers) == [200, 400, 400, 400]


@pytest.mark.parametrize(("steps", "status"), [(-2, 400), (-1, 200), (0, 200), (1, 200), (2, 400)])
async def test_a_clock_may_be_half_a_minute_off(world: World, steps: int, status: int) -> None:
    app, _ = await enrol(world, BEN)
    world.clock.turn(10 * STEP)
    assert (await make_token(world, app.code(steps=steps))).status_code == status


async def test_a_recovery_code_is_good_once(world: World) -> None:
    _, codes = await enrol(world, BEN)
    assert len(set(codes)) == 10
    since = len(await world.events())
    assert (await make_token(world, codes[0])).status_code == 200
    assert await world.actions(since) == ["recovery_code.use", "user.login", "token.create"]
    told = [letter["facts"]["what"] for letter in await world.letters()]
    assert "A recovery code was used to sign in. 9 are left." in told
    assert (await make_token(world, codes[0])).json() == NEEDED
    spoken = codes[1].replace("-", " ").lower().replace("0", "o").replace("1", "l")
    assert (await make_token(world, spoken)).status_code == 200
    answers = await asyncio.gather(*(make_token(world, codes[2]) for _ in range(4)))
    assert sorted(one.status_code for one in answers) == [200, 400, 400, 400]


async def test_sudo_needs_a_code_and_is_one_for_what_follows(world: World) -> None:
    app, _ = await enrol(world, BEN)
    for code in (None, app.wrong()):
        answer = await sudo(world, code)
        assert (answer.status_code, answer.json()) == (403, NEEDED)
    headers = {"Fastly-OTP": app.code()}
    assert (await sudo(world, headers["Fastly-OTP"])).status_code == 200
    # Tools send the same form and header once more to make the token.
    form = {"password": PASSWORD}
    answer = await world.ask(BEN, "POST", "/tokens", data=form, headers=headers)
    assert answer.status_code == 200
    assert (await world.ask(BEN, "POST", "/tokens")).status_code == 200


async def test_wrong_codes_in_a_row_lock_as_wrong_passwords_do(world: World) -> None:
    app, _ = await enrol(world, BEN)
    for _ in range(20):
        # Without any code nobody guesses: tools try so first.
        assert (await make_token(world)).json() == NEEDED
    since = len(await world.events())
    for _ in range(6):
        assert (await make_token(world, app.wrong())).json() == NEEDED
    assert await world.actions(since) == ["user.login_failure"] * 6 + ["user.lock"]
    assert (await make_token(world, app.code())).json() == LOCKED


async def test_guesses_at_codes_are_throttled(world: World) -> None:
    app, _ = await enrol(world, BEN)
    for _ in range(2):
        for _ in range(5):
            assert (await make_token(world, app.wrong())).status_code == 400
        await edit_user(world, BEN, failed_sign_ins=0)
    assert (await make_token(world, app.code())).status_code == 429
    world.clock.turn(15 * MINUTE)
    assert (await make_token(world, app.code())).status_code == 200


async def test_a_stranger_learns_nothing_of_factors_and_uses_no_code(world: World) -> None:
    app, _ = await enrol(world, BEN)
    for who in (BEN, ADA):
        for code in (None, app.code(), app.wrong()):
            answer = await make_token(world, code, who=who, password=WRONG)
            assert (answer.status_code, answer.json()) == (400, INVALID)
    assert (await make_token(world, app.code())).status_code == 200


async def test_a_new_password_needs_a_code(world: World) -> None:
    app, (spare, *_) = await enrol(world, BEN)
    change = {"old_password": PASSWORD, "new_password": "stapled-Sponge-7-otter"}
    path, basic = "/current_user/password", (BEN.login, PASSWORD)
    answer = await world.ask(None, "POST", path, data=change, auth=basic)
    assert (answer.status_code, answer.json()) == (400, NEEDED)
    # Who chooses a bad one has not used his code.
    for code in (app.code(), spare):
        weak = {"data": {**change, "new_password": "weak"}, "headers": {"Fastly-OTP": code}}
        for _ in range(2):
            answer = await world.ask(None, "POST", path, auth=basic, **weak)
            assert answer.json()["detail"] == "Password must have 12 to 128 characters"
    headers = {"Fastly-OTP": app.code()}
    answer = await world.ask(None, "POST", path, data=change, auth=basic, headers=headers)
    assert answer.status_code == 200


async def test_forced_second_factors_stop_who_has_none(world: World) -> None:
    assert (await world.ask(BEN, "POST", "/sudo", data={"password": PASSWORD})).status_code == 200
    await edit_customer(world, force_2fa=True)
    lifted = await world.ask(BEN, "POST", "/tokens")
    for answer in (await make_token(world), await sudo(world), lifted):
        assert answer.status_code == 403
        assert FORCED.items() <= answer.json().items()
        assert answer.headers["fastly-otp"] == "setup"
    assert (await world.ask(BEN, "GET", "/current_user")).status_code == 200
    app, _ = await enrol(world, BEN)
    assert (await make_token(world, app.code())).status_code == 200


async def test_forcing_asks_the_caller_for_his_own_first(world: World) -> None:
    path, form = f"/customer/{WIDGETS}", {"force_2fa": "true"}
    answer = await world.ask(ADA, "PUT", path, data=form)
    assert answer.status_code == 400
    assert "two-factor authentication on your own account first" in answer.json()["detail"]
    await enrol(world, ADA)
    assert (await world.ask(ADA, "PUT", path, data=form)).status_code == 200
    added = (await world.ask(ADA, "POST", "/user", data={"login": "new@example.com"})).json()
    assert added["two_factor_setup_required"]
    assert (await world.ask(ADA, "GET", f"/user/{added['id']}")).json() == added
    # Turned off, it takes nobody's own away.
    await world.ask(ADA, "PUT", path, data={"force_2fa": "false"})
    assert (await make_token(world, who=ADA)).json() == NEEDED


def test_an_app_shows_what_the_standard_says() -> None:
    """RFC 6238, appendix B: the secret of SHA-1, six of its eight digits."""
    known = {59: "287082", 1111111109: "081804", 1234567890: "005924", 20000000000: "353130"}
    counter = pyotp.TOTP("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
    assert {at: counter.generate_otp(at * 1_000_000 // STEP) for at in known} == known
