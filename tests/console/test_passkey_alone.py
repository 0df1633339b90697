"""A passkey as the only factor, where the customer's policy says that it is enough."""

import asyncio
from typing import Any

import httpx

from tests.areas.account_calls import edit_customer
from tests.console.browser import CONSOLE, Visitor
from tests.console.security_key import SecurityKey, challenge_in, options_in
from tests.console.test_passkeys import at_second_step, has_passkey
from tests.world import ADA, BEN, EVE, Person, World

PATH = f"{CONSOLE}/passkey"


async def allow(world: World, who: Person = ADA) -> None:
    policy = {"allows_passkey_alone": True}
    await world.sudo(who)
    answer = await world.ask(who, "PUT", "/_tenantry/v1/sign-in-policy", json=policy)
    assert answer.status_code == 200, answer.text


async def sign_in(visitor: Visitor, key: SecurityKey, **lies: Any) -> httpx.Response:
    page = (await visitor.get(PATH)).text
    form = {"challenge": challenge_in(page), "credential": key.sign(options_in(page), **lies)}
    return await visitor.send(PATH, {**form, "next": f"{CONSOLE}/sessions"})


async def test_it_is_enough_where_the_policy_says_so(world: World) -> None:
    key = await has_passkey(world)
    ben = Visitor(world)
    answer = await sign_in(ben, key)
    assert answer.status_code == 400
    assert "asks for your password as well" in answer.text
    await allow(world)
    since = len(await world.events())
    answer = await sign_in(ben, key)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{CONSOLE}/sessions")
    assert await world.actions(since) == ["token.create", "user.login"]
    assert "by passkey" in (await ben.get(f"{CONSOLE}/sessions")).text


async def test_the_way_is_shown_where_somebody_may_go_it(world: World) -> None:
    assert PATH not in (await Visitor(world).get(f"{CONSOLE}/sign-in")).text
    await allow(world)
    assert PATH in (await Visitor(world).get(f"{CONSOLE}/sign-in")).text


async def test_the_browser_chooses_and_the_owner_unlocks_it(world: World) -> None:
    await allow(world)
    key = await has_passkey(world)
    options = options_in((await Visitor(world).get(PATH)).text)
    assert (options["allowCredentials"], options["userVerification"]) == ([], "required")
    key.verifies = False
    assert (await sign_in(Visitor(world), key)).status_code == 400
    # Beside a password, that is as good as any.
    ben, page = await at_second_step(world)
    form = {"challenge": challenge_in(page), "credential": key.sign(options_in(page))}
    assert (await ben.send(f"{CONSOLE}/second-factor", form)).status_code == 303


async def test_whose_it_is_must_be_told(world: World) -> None:
    await allow(world)
    key = await has_passkey(world)
    for handle in (b"", b"somebody else", EVE.id.encode()):
        key.handle = handle
        assert (await sign_in(Visitor(world), key)).status_code == 400


async def test_strangers_and_copies_are_told_alike(world: World) -> None:
    await allow(world)
    key = await has_passkey(world)
    stranger = SecurityKey(handle=BEN.id.encode())
    broken = SecurityKey(handle=BEN.id.encode())
    broken.id = key.id
    since = len(await world.events())
    for one in (stranger, broken):
        answer = await sign_in(Visitor(world), one)
        assert answer.status_code == 400
        assert "not known here, or could not be checked" in answer.text
    assert await world.actions(since) == ["user.login_failure"]


async def test_one_answer_signs_in_once(world: World) -> None:
    await allow(world)
    key = await has_passkey(world, counts=False)
    ben = Visitor(world)
    page = (await ben.get(PATH)).text
    form = {"challenge": challenge_in(page), "credential": key.sign(options_in(page))}
    answers = await asyncio.gather(*(Visitor(world).send(PATH, form) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [303, 400, 400, 400]
    # Nor is it taken where one was asked beside a password.
    other, page = await at_second_step(world)
    alone = (await other.get(PATH)).text
    form = {"challenge": challenge_in(alone), "credential": key.sign(options_in(alone))}
    assert (await other.send(f"{CONSOLE}/second-factor", form)).status_code == 400


async def test_other_policies_hold(world: World) -> None:
    await allow(world)
    key = await has_passkey(world)
    await world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"locked": "true"})
    assert (await sign_in(Visitor(world), key)).status_code == 403
    await world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"locked": "false"})
    await edit_customer(world, ip_whitelist="198.51.100.7")
    assert (await sign_in(Visitor(world), key)).status_code == 403
    await edit_customer(world, ip_whitelist="0.0.0.0/0", force_2fa=True)
    assert (await sign_in(Visitor(world), key)).status_code == 303
    await edit_customer(world, force_sso=True)
    assert (await sign_in(Visitor(world), key)).status_code == 403


async def test_who_guesses_at_his_password_does_not_keep_him_out(world: World) -> None:
    await allow(world)
    key = await has_passkey(world)
    for number in range(10):
        guesser = Visitor(world, address=f"198.51.100.{number}")
        assert (await guesser.sign_in(BEN, "not his password 1!")).status_code == 400
    assert (await Visitor(world).sign_in(BEN)).status_code == 429
    assert (await sign_in(Visitor(world), key)).status_code == 303


async def test_a_passkey_that_fails_too_often_is_not_looked_at(world: World) -> None:
    await allow(world)
    broken = SecurityKey(handle=BEN.id.encode())
    broken.id = (await has_passkey(world)).id
    answers = [(await sign_in(Visitor(world), broken)).status_code for _ in range(11)]
    assert answers == [400] * 10 + [429]
    assert (await Visitor(world).sign_in(BEN)).status_code == 303


async def test_who_is_of_another_customer_signs_out_first(world: World) -> None:
    await allow(world)
    key = await has_passkey(world)
    eve = Visitor(world)
    await eve.sign_in(EVE)
    assert (await sign_in(eve, key)).status_code == 409
    assert (await eve.get(f"{CONSOLE}/sessions")).status_code == 200
