"""Changing a password and asking for a link to reset it (contract: identity §3.7, §3.8)."""

import asyncio
from typing import Any

import httpx
import pytest
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from tenantry.areas.users.passwords import weakness
from tests.areas.account_calls import edit_customer, edit_user, session_of
from tests.areas.test_users import KEYS, NOT_ALLOWED, bad_request, no_user
from tests.world import (
    ADA,
    BEN,
    BILL,
    BOT,
    EVE,
    EXPIRED,
    NED,
    PASSWORD,
    PURGING,
    READ_ONLY,
    SUE,
    UMA,
    WIDGETS,
    Person,
    World,
)

PATH = "/current_user/password"
NEW = "stapled-Sponge-7-otter"
UNKNOWN = {"msg": "Provided credentials are missing or invalid"}
READ = {"msg": "Read only tokens are not allowed to access this endpoint"}


async def change(
    world: World,
    basic: tuple[str, str] | None,
    old: str | None = PASSWORD,
    new: str | None = NEW,
    *,
    key: Person | str | None = None,
    **more: Any,
) -> httpx.Response:
    form = {"old_password": old, "new_password": new}
    data = {name: value for name, value in form.items() if value is not None}
    auth = None if basic is None else httpx.BasicAuth(*basic)
    return await world.ask(key, "POST", PATH, data=data, auth=auth, **more)


async def signs_in(world: World, person: Person, password: str) -> bool:
    form = {"username": person.login, "password": password}
    return (await world.ask(None, "POST", "/tokens", data=form)).status_code == 200


async def test_a_password_is_changed_by_basic(world: World) -> None:
    since = len(await world.events())
    answer = await change(world, (BEN.login, PASSWORD))
    assert (answer.status_code, list(answer.json())) == (200, KEYS)
    assert (answer.json()["id"], answer.json()["require_new_password"]) == (BEN.id, False)
    assert "fastly-ratelimit-remaining" not in answer.headers
    (event,) = (await world.events())[since:]
    assert event[0] == "user.password_update"
    assert f'"user_id":"{BEN.id}"' in event[2]
    assert await signs_in(world, BEN, NEW)
    assert not await signs_in(world, BEN, PASSWORD)


async def test_what_is_missing_yet_is_told_whatever_proved_him(world: World) -> None:
    await edit_customer(world, force_2fa=True)
    answers = [await change(world, (BEN.login, PASSWORD)), await change(world, None, key=UMA)]
    assert [one.json()["two_factor_setup_required"] for one in answers] == [True, True]


async def test_a_key_and_the_old_password_do_as_well(world: World) -> None:
    answer = await change(world, None, key=BEN)
    assert (answer.status_code, answer.json()["id"]) == (200, BEN.id)
    assert int(answer.headers["fastly-ratelimit-remaining"]) == 999
    assert await signs_in(world, BEN, NEW)
    answer = await change(world, None, "wrong-Horse-7-battery", key=UMA)
    assert (answer.status_code, answer.json()) == (400, bad_request("Old password is incorrect"))
    assert (await change(world, None, key=ADA)).status_code == 200


async def test_what_proves_nothing_is_refused(world: World) -> None:
    for basic in (
        None,
        ("", ""),
        (BEN.login, ""),
        ("", PASSWORD),
        (BEN.login, "wrong"),
        ("nobody@example.com", PASSWORD),
        (f"{BEN.login}\0", PASSWORD),
        (BEN.login, "x" * 20_000),
    ):
        answer = await change(world, basic)
        assert (answer.status_code, answer.json()) == (401, UNKNOWN), basic
    for key, expected in ((BOT, UNKNOWN), ("garbage", UNKNOWN)):
        assert (await change(world, None, key=key)).json() == expected
    assert (await change(world, None, key=EXPIRED)).json()["msg"].startswith("Token ")
    assert (await change(world, None, key=READ_ONLY)).json() == READ
    assert (await change(world, None, key=PURGING)).json() == NOT_ALLOWED
    assert (await change(world, (BEN.login, PASSWORD), key=UMA)).status_code == 401
    assert await signs_in(world, BEN, PASSWORD)


async def test_a_wrong_basic_is_told_before_a_wrong_body(world: World) -> None:
    assert (await change(world, (BEN.login, "wrong"), None, None)).status_code == 401


async def test_a_programs_key_beside_basic_changes_nothing(world: World) -> None:
    """Another customer's automation token, as a client that always sends its key would."""
    since, elsewhere = len(await world.events()), len(await world.events(EVE.customer_id))
    answer = await change(world, (EVE.login, PASSWORD), key=BOT)
    assert answer.status_code == 200, answer.text
    assert await world.actions(since) == []
    assert await world.actions(elsewhere, EVE.customer_id) == ["user.password_update"]
    (event,) = (await world.events(EVE.customer_id))[elsewhere:]
    assert '"token_id":null' in event[2]
    assert (await change(world, (BEN.login, PASSWORD), key="garbage")).status_code == 200


async def test_both_passwords_are_needed(world: World) -> None:
    expected = bad_request("Old password and new password are required")
    for old, new in ((None, NEW), (PASSWORD, None), (None, None), ("", NEW)):
        answer = await change(world, (BEN.login, PASSWORD), old, new)
        assert (answer.status_code, answer.json()) == (400, expected)
    answer = await change(world, (BEN.login, PASSWORD), "another-Horse-7-battery")
    assert (answer.status_code, answer.json()) == (400, bad_request("Old password is incorrect"))


@pytest.mark.parametrize(
    ("new", "detail"),
    [
        ("Ab1-567890x", "Password must have 12 to 128 characters"),
        ("Ab1-" + "x" * 125, "Password must have 12 to 128 characters"),
        ("1234-5678-90", "Password must include letters, numbers and special characters"),
        ("onlyLetters-x", "Password must include letters, numbers and special characters"),
        ("noSpecials77x", "Password must include letters, numbers and special characters"),
        ("aaaaaaaaaa-1", "Password is too weak: "),
        ("abcdefghij-1", "Password is too weak: "),
        ("qwertyuiop-1", "Password is too weak: "),
        ("Password-123", "Password is too weak: "),
        ("ben@example.com1", "Password is too weak: "),
        ("otter#7-Kw9!z", "Password with a word in it must have at least 16 characters"),
        ("Welcome2024!!", "Password with a word in it must have at least 16 characters"),
        ("Tenantry#7-Kw9", "Password with a word in it must have at least 16 characters"),
        ("zaq1@WSXcde3", "Password must be more than a sequence, a repetition or a run"),
        (PASSWORD, "Password must not be the old one"),
    ],
)
async def test_a_weak_password_is_refused(world: World, new: str, detail: str) -> None:
    since = len(await world.events())
    answer = await change(world, (BEN.login, PASSWORD), new=new)
    assert (answer.status_code, answer.json()["msg"]) == (400, "Bad request")
    assert answer.json()["detail"].startswith(detail), answer.text
    assert new not in answer.text
    assert await world.actions(since) == []
    assert await signs_in(world, BEN, PASSWORD)


async def test_the_login_and_the_name_are_no_passwords(world: World) -> None:
    name = "Zq7-vK2x.Wp9!m"
    await world.ask(BEN, "PUT", f"/user/{BEN.id}", data={"name": name})
    answer = await change(world, (BEN.login, PASSWORD), new=name.upper())
    assert answer.json() == bad_request("Password must not be the login or the name")


@pytest.mark.parametrize(
    "new", ["Zq7-vK2x.Wp9!m", "größer-als-7-Täler-ß", "ключ-7-для-Бена-от-дома"]
)
async def test_a_strong_password_of_any_alphabet_is_taken(world: World, new: str) -> None:
    assert (await change(world, None, new=new, key=BEN)).status_code == 200
    assert await signs_in(world, BEN, new)


async def test_sudo_and_sessions_end_and_tokens_stay(world: World) -> None:
    await edit_user(world, BEN, require_new_password=True, failed_sign_ins=3)
    session, other = await session_of(world, BEN), await session_of(world, UMA)
    await edit_user(world, BEN, require_new_password=False)
    await world.sudo(BEN)
    since = len(await world.events())
    assert (await change(world, (BEN.login, PASSWORD))).status_code == 200
    assert await world.actions(since) == ["token.destroy", "user.logout", "user.password_update"]
    assert (await world.ask(session, "GET", "/tokens/self")).status_code == 401
    assert (await world.ask(other, "GET", "/tokens/self")).status_code == 200
    assert (await world.ask(BEN, "GET", "/tokens/self")).json()["sudo_expires_at"] is None
    assert (await world.ask(BEN, "POST", "/tokens", data={"name": "x"})).status_code == 403


async def test_a_new_password_is_due_until_it_is_set(world: World) -> None:
    await world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"require_new_password": "True"})
    form = {"username": BEN.login, "password": PASSWORD}
    for key, path in ((None, "/tokens"), (BEN, "/sudo"), (BEN, "/tokens")):
        answer = await world.ask(key, "POST", path, data=form)
        assert (answer.status_code, answer.json()["msg"]) == (403, "A new password is required")
        assert answer.headers["fastly-password"] == "rotate"
    assert (await world.ask(BEN, "GET", "/current_user")).status_code == 200
    assert (await change(world, (BEN.login, PASSWORD))).json()["require_new_password"] is False
    assert await signs_in(world, BEN, NEW)


async def test_of_two_changes_at_once_one_wins(world: World) -> None:
    answers = await asyncio.gather(
        change(world, (BEN.login, PASSWORD), new=NEW),
        change(world, (BEN.login, PASSWORD), new=f"{NEW}-too"),
    )
    assert sorted(one.status_code for one in answers) == [200, 401]


async def test_a_reset_is_mailed(world: World) -> None:
    for who, login in (
        (ADA, BEN.login),
        (BEN, BEN.login),
        (BEN, "BEN@example.com"),
        (SUE, ADA.login),
    ):
        mailed, since = len(await world.letters()), len(await world.events())
        answer = await world.ask(who, "POST", f"/user/{login}/password/request_reset")
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
        assert (await world.letters())[mailed:] != []
        (event,) = (await world.events())[since:]
        assert event[:2] == ("user.password_reset_request", None)
    assert {one["template"] for one in await world.letters()} == {"reset_password"}
    assert await signs_in(world, BEN, PASSWORD)


async def test_a_login_in_a_path_is_read_as_clients_write_it(world: World) -> None:
    for login in ("sam+tag@example.com", "sam%2Btag%40example.com", "SAM+tag%40example.com"):
        if "%" not in login:
            await world.ask(ADA, "POST", "/user", data={"login": login})
        answer = await world.ask(ADA, "POST", f"/user/{login}/password/request_reset")
        assert answer.status_code == 200, login


async def test_nobody_resets_for_others_but_superusers(world: World) -> None:
    for person in (BEN, BILL, UMA, BOT):
        answer = await world.ask(person, "POST", f"/user/{SUE.login}/password/request_reset")
        assert (answer.status_code, answer.json()) == (403, NOT_ALLOWED)
    for login in (NED.login, "nobody@example.com", BEN.id):
        answer = await world.ask(ADA, "POST", f"/user/{login}/password/request_reset")
        assert (answer.status_code, answer.json()) == (404, no_user(login))
    assert await world.letters() == []


async def test_a_customer_may_have_no_resets(world: World) -> None:
    await edit_customer(world, WIDGETS, can_reset_passwords=False)
    for who in (ADA, BEN):
        answer = await world.ask(who, "POST", f"/user/{BEN.login}/password/request_reset")
        assert (answer.status_code, answer.json()) == (403, NOT_ALLOWED)
    assert await world.letters() == []


async def test_a_superusers_lock_voids_what_was_mailed(world: World) -> None:
    """Or who was just shut out would let himself in again."""
    await world.ask(BEN, "POST", f"/user/{BEN.login}/password/request_reset")
    (letter,) = await world.letters()
    path = f"/_tenantry/v1/password/{world.app.keyring.code_for(*letter['code'])}"
    assert (await world.ask(None, "GET", path)).status_code == 200
    await world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"locked": "true"})
    assert (await world.ask(None, "GET", path)).status_code == 404
    answer = await world.ask(None, "POST", path, json={"password": NEW})
    assert answer.status_code == 404
    assert (await world.ask(BEN, "GET", "/current_user")).status_code == 401


@pytest.mark.parametrize("dress", ["{}2024!!", "{}-12345", "!{}98765"])
async def test_common_passwords_are_refused_however_they_are_dressed(dress: str) -> None:
    """Of the 30 000 that ship with zxcvbn, every tenth of the first 3000 that can be dressed so."""
    common = [one for one in FREQUENCY_LISTS["passwords"][:3000] if 6 <= len(one) <= 9]
    for one in common[::10]:
        password = dress.format(one.capitalize())
        if sum(map(str.isalpha, one)) > 1:
            assert await weakness(password, login="", name="") is not None, password


async def test_others_go_on_while_a_password_is_estimated() -> None:
    """Letters that could be others in disguise are what takes zxcvbn longest."""
    estimate = asyncio.ensure_future(weakness("4@8({[<369|1!0$5+7%2aB7!" * 5, login="", name=""))
    turns = 0
    while not estimate.done():
        await asyncio.sleep(0)
        turns += 1
    assert await estimate is None
    assert turns > 20


async def test_a_password_is_as_good_as_its_beginning(world: World) -> None:
    for new, status in ((f"{'a' * 24}{NEW}", 400), (f"{NEW}{'a' * 24}", 200)):
        assert (await change(world, (BEN.login, PASSWORD), new=new)).status_code == status
