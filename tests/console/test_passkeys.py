"""Passkeys beside the password: a security key in software, and all that it may not do."""

import asyncio
import json
from typing import Any

import pytest

from tenantry.areas.users.challenges import LASTS
from tests.areas.account_calls import edit_customer, edit_user
from tests.areas.factor_calls import enrol
from tests.areas.test_two_factor import make_token
from tests.console.browser import CONSOLE, Visitor, form_token
from tests.console.security_key import SecurityKey, as_bytes, as_text, challenge_in, options_in
from tests.console.test_factors import ENROL, FACTORS, SECOND, codes_in, signed_in
from tests.world import ADA, BEN, SUE, Person, World

NEW = f"{ENROL}/passkey"


async def add(visitor: Visitor, key: SecurityKey, name: str = "Blue key") -> Any:
    """Add a passkey on the page."""
    page = (await visitor.get(NEW)).text
    form = {"name": name, "challenge": challenge_in(page), "credential": key.make(options_in(page))}
    return await visitor.send(NEW, form)


async def has_passkey(world: World, who: Person = BEN, **more: Any) -> SecurityKey:
    """Somebody's only factor."""
    key = SecurityKey(**more)
    answer = await add(await signed_in(world, who), key)
    assert len(codes_in(world, answer)) == 10, answer.text
    return key


async def at_second_step(world: World, who: Person = BEN) -> tuple[Visitor, str]:
    """A browser where the password was right, and the page that asks for more."""
    visitor = Visitor(world)
    assert (await visitor.sign_in(who)).headers["location"] == SECOND
    return visitor, (await visitor.get(SECOND)).text


async def prove(visitor: Visitor, page: str, credential: str) -> int:
    form = {"challenge": challenge_in(page), "credential": credential}
    return (await visitor.send(SECOND, form)).status_code


async def test_a_passkey_is_added_and_asked_for_from_then_on(world: World) -> None:
    since = len(await world.events())
    key = await has_passkey(world)
    told = ["token.create", "user.login", "passkey.create", "two_factor_auth.enable"]
    assert await world.actions(since) == told
    ben, page = await at_second_step(world)
    options = options_in(page)
    assert options["rpId"] == "accounts.example.com"
    assert options["allowCredentials"] == [
        {"id": as_text(key.id), "type": "public-key", "transports": ["usb"]}
    ]
    assert await prove(ben, page, key.sign(options)) == 303
    assert "passkey" in (await ben.get(f"{CONSOLE}/sessions")).text
    # It is no code: programs need an app, or a recovery code.
    assert (await make_token(world)).status_code == 400


async def test_one_script_from_here_named_by_its_hash(world: World) -> None:
    ben = await signed_in(world)
    with_script, without = await ben.get(NEW), await ben.get(FACTORS)
    assert "script-src 'sha256-" in with_script.headers["content-security-policy"]
    assert "publickey-credentials" not in with_script.headers["permissions-policy"]
    assert "script-src" not in without.headers["content-security-policy"]
    assert "publickey-credentials-get=()" in without.headers["permissions-policy"]
    assert "unsafe" not in with_script.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("key", "lies"),
    [
        ({"origin": "https://accounts.example.com.evil.example"}, {}),
        ({"origin": "http://accounts.example.com"}, {}),
        ({"rp_id": "evil.example"}, {}),
        ({}, {"type": "webauthn.create"}),
        ({}, {"challenge": as_text(b"another")}),
        ({}, {"crossOrigin": True}),
        ({"handle": b"somebody else"}, {}),
    ],
)
async def test_what_was_signed_for_something_else_is_refused(
    world: World, key: dict[str, Any], lies: dict[str, Any]
) -> None:
    own = await has_passkey(world)
    for name, value in key.items():
        setattr(own, name, value)
    ben, page = await at_second_step(world)
    since = len(await world.events())
    assert await prove(ben, page, own.sign(options_in(page), **lies)) == 400
    assert await world.actions(since) == ["user.login_failure"]


async def test_another_key_and_another_persons_are_refused(world: World) -> None:
    await has_passkey(world)
    others = await has_passkey(world, ADA)
    stranger = SecurityKey()
    ben, page = await at_second_step(world)
    others.handle = b""
    for key in (others, stranger):
        assert await prove(ben, page, key.sign(options_in(page))) == 400


async def test_a_broken_signature_is_refused(world: World) -> None:
    key = await has_passkey(world)
    ben, page = await at_second_step(world)
    answer = json.loads(key.sign(options_in(page)))
    signature = bytearray(as_bytes(answer["response"]["signature"]))
    signature[-1] ^= 1
    answer["response"]["signature"] = as_text(bytes(signature))
    assert await prove(ben, page, json.dumps(answer)) == 400


async def test_a_challenge_is_good_once(world: World) -> None:
    key = await has_passkey(world, counts=False)
    ben, page = await at_second_step(world)
    signed = key.sign(options_in(page))
    assert await prove(ben, page, signed) == 303
    again, other = await at_second_step(world)
    assert await prove(again, page, signed) == 400
    form = {"challenge": challenge_in(other), "form_token": form_token(await again.get(SECOND))}
    forms = [form | {"credential": key.sign(options_in(other))} for _ in range(3)]
    answers = await asyncio.gather(*(again.post(SECOND, one) for one in forms))
    assert 303 in [one.status_code for one in answers]
    world.clock.turn(1)
    sessions = (await ben.get(f"{CONSOLE}/sessions")).text
    assert sessions.count("by password and passkey") == 2


async def test_a_challenge_lasts_ten_minutes_and_is_for_one_thing(world: World) -> None:
    key = await has_passkey(world)
    ada_key = await has_passkey(world, ADA)
    ben, page = await at_second_step(world)
    ada, hers = await at_second_step(world, ADA)
    # Signed by the right key, but for a challenge that was made for somebody else.
    assert await prove(ada, page, ada_key.sign(options_in(page))) == 400
    assert await prove(ada, hers, ada_key.sign(options_in(hers))) == 303
    world.clock.turn(LASTS)
    ben, _ = await at_second_step(world)
    assert await prove(ben, page, key.sign(options_in(page))) == 400


async def test_a_counter_that_goes_back_is_refused_and_told(world: World) -> None:
    key = await has_passkey(world)
    ben, page = await at_second_step(world)
    key.count = 40
    assert await prove(ben, page, key.sign(options_in(page))) == 303
    ben, page = await at_second_step(world)
    key.count = 40 - 1
    since = len(await world.events())
    assert await prove(ben, page, key.sign(options_in(page))) == 400
    (event,) = (await world.events())[since:]
    assert (event[0], '"reason":"passkey counter"' in event[2]) == ("user.login_failure", True)
    told = [letter["facts"].get("what", "") for letter in await world.letters()]
    assert any("a copy of your passkey" in one for one in told)


async def test_a_key_that_keeps_no_counter_works_again_and_again(world: World) -> None:
    key = await has_passkey(world, counts=False)
    for _ in range(3):
        ben, page = await at_second_step(world)
        assert await prove(ben, page, key.sign(options_in(page))) == 303


async def test_a_lock_that_comes_between_stops_a_passkey_too(world: World) -> None:
    """The password that opened the step is no longer good."""
    key = await has_passkey(world)
    ben, page = await at_second_step(world)
    await edit_user(world, BEN, locked=True)
    assert await prove(ben, page, key.sign(options_in(page))) == 400


async def test_several_with_names(world: World) -> None:
    ben = await signed_in(world)
    blue, red = SecurityKey(), SecurityKey()
    await add(ben, blue)
    assert (await add(ben, red, "Red key")).headers["location"] == f"{FACTORS}?done=added"
    page = (await ben.get(FACTORS)).text
    assert "Blue key" in page
    place = page[page.index("Red key") :].partition('href="')[2].partition('"')[0]
    assert place.endswith("/name")
    since = len(await world.events())
    for _ in range(2):
        assert (await ben.send(place, {"name": "<b>Green</b>"})).status_code == 303
    assert await world.actions(since) == ["passkey.update"]
    told = (await world.ask(ADA, "GET", "/events")).json()["data"][0]["attributes"]["metadata"]
    assert (told["old"], told["new"]) == ({"name": "Red key"}, {"name": "<b>Green</b>"})
    assert "&lt;b&gt;Green" in (await ben.get(FACTORS)).text
    # Without the other, the one still asks.
    removal = place.replace("/name", "/removal")
    assert (await ben.send(removal, {})).status_code == 303
    _, page = await at_second_step(world)
    assert [one["id"] for one in options_in(page)["allowCredentials"]] == [as_text(blue.id)]


async def test_a_passkey_is_known_once(world: World) -> None:
    key = SecurityKey()
    ben, sue = await signed_in(world), await signed_in(world, SUE)
    answers = await asyncio.gather(add(ben, key), add(sue, key))
    assert sorted(answer.status_code for answer in answers) == [200, 400]
    assert "known here already" in "".join(answer.text for answer in answers)


@pytest.mark.parametrize(
    ("key", "lies"),
    [
        ({"origin": "https://evil.example"}, {}),
        ({"rp_id": "evil.example"}, {}),
        ({}, {"type": "webauthn.get"}),
        ({}, {"challenge": as_text(b"another")}),
        ({}, {"crossOrigin": True}),
    ],
)
async def test_what_was_made_for_something_else_is_not_added(
    world: World, key: dict[str, Any], lies: dict[str, Any]
) -> None:
    ben = await signed_in(world)
    page = (await ben.get(NEW)).text
    made = SecurityKey(**key).make(options_in(page), **lies)
    since = len(await world.events())
    form = {"name": "x", "challenge": challenge_in(page), "credential": made}
    answer = await ben.send(NEW, form)
    assert (answer.status_code, await world.actions(since)) == (400, [])
    assert "could not be added" in answer.text
    # Its challenge is used up all the same.
    form["credential"] = SecurityKey().make(options_in(page))
    assert "Please try once more" in (await ben.send(NEW, form)).text


_NONSENSE = (
    "x",
    "[]",
    "{}",
    "null",
    '{"id":1,"rawId":[],"type":7,"response":3}',
    '{"id":"a","rawId":"a","type":"public-key","response":{}}',
    (
        '{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"AA",'
        '"attestationObject":"_w","authenticatorData":"AA","signature":"!"}}'
    ),
    "[" * 5000,
    "9" * 70_000,
)


@pytest.mark.parametrize("nonsense", _NONSENSE, ids=range(len(_NONSENSE)))
async def test_nonsense_is_refused_wherever_a_browser_answers(world: World, nonsense: str) -> None:
    await has_passkey(world)
    ben, page = await at_second_step(world)
    assert await prove(ben, page, nonsense) == 400
    sue = await signed_in(world, SUE)
    for visitor, path in ((sue, NEW), (Visitor(world), f"{CONSOLE}/passkey")):
        challenge = challenge_in((await visitor.get(path)).text)
        for given in (challenge, "", "1.2", "é.é.é", "x" * 300):
            answer = await visitor.send(path, {"challenge": given, "credential": nonsense})
            assert answer.status_code == 400


async def test_a_passkey_lets_in_who_must_have_a_second_factor(world: World) -> None:
    await edit_customer(world, force_2fa=True)
    ben = Visitor(world)
    assert (await ben.sign_in(BEN)).headers["location"] == ENROL
    answer = await add(ben, SecurityKey())
    assert len(codes_in(world, answer)) == 10
    assert (await ben.get(FACTORS)).status_code == 200


async def test_a_code_and_a_passkey_stand_side_by_side(world: World) -> None:
    app, _ = await enrol(world, BEN)
    ben = Visitor(world)
    await ben.sign_in(BEN)
    await ben.send(SECOND, {"code": app.code()})
    key = SecurityKey()
    await add(ben, key)
    ben, page = await at_second_step(world)
    assert "Code from your authenticator app" in page
    assert await prove(ben, page, key.sign(options_in(page))) == 303
