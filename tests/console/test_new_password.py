"""The step of signing in where a new password is due."""

import asyncio

from tests.console.browser import CONSOLE, Visitor, form_token
from tests.console.test_sign_in import enable_two_factors
from tests.world import ADA, BEN, PASSWORD, SUE, World

PATH, PROFILE, SIGN_IN = f"{CONSOLE}/new-password", f"{CONSOLE}/profile", f"{CONSOLE}/sign-in"
NEW = "stapled-Sponge-7-otter"
FORM = {"password": NEW, "password_again": NEW}
STEP = "__Host-tenantry-step"


async def halfway(world: World) -> Visitor:
    """Ben, who has to choose a new password."""
    await world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"require_new_password": "true"})
    ben = Visitor(world)
    answer = await ben.sign_in(BEN, next_path=f"{CONSOLE}/tokens")
    assert answer.headers["location"] == PATH
    return ben


async def test_it_is_chosen_before_there_is_a_session(world: World) -> None:
    ben = await halfway(world)
    assert ben.cookie() is None
    assert (await ben.get(PROFILE)).status_code == 303
    page = await ben.get(PATH)
    assert 'value="ben@example.com"' in page.text
    since = len(await world.events())
    answer = await ben.send(PATH, FORM)
    assert answer.headers["location"] == f"{CONSOLE}/tokens"
    assert await world.actions(since) == ["user.password_update", "token.create", "user.login"]
    assert (await ben.get(PROFILE)).status_code == 200
    assert ben.cookie(STEP) is None
    user = (await world.ask(ADA, "GET", f"/user/{BEN.id}")).json()
    assert user["require_new_password"] is False


async def test_a_bad_choice_leaves_the_step_open(world: World) -> None:
    ben = await halfway(world)
    answer = await ben.send(PATH, {"password": "short", "password_again": "short"})
    assert (answer.status_code, "12 to 128 characters" in answer.text) == (400, True)
    answer = await ben.send(PATH, {"password": NEW, "password_again": "other"})
    assert (answer.status_code, "not the same" in answer.text) == (400, True)
    assert (await ben.send(PATH, FORM)).status_code == 303


async def test_a_step_is_used_once(world: World) -> None:
    ben = await halfway(world)
    kept = ben.cookie(STEP) or ""
    field = form_token(await ben.get(PATH))
    since = len(await world.events())
    answers = await asyncio.gather(
        *(ben.post(PATH, {**FORM, "form_token": field}) for _ in range(3))
    )
    places = sorted(answer.headers.get("location", "") for answer in answers)
    assert places == [SIGN_IN, SIGN_IN, f"{CONSOLE}/tokens"]
    assert (await world.actions(since)).count("user.password_update") == 1
    thief = Visitor(world)
    thief.plant(kept, STEP)
    assert (await thief.get(PATH)).headers["location"] == SIGN_IN


async def test_a_step_rests_on_the_password_that_opened_it(world: World) -> None:
    """Who knew the old password and waits there is not let in by it once there is another."""
    thief = await halfway(world)
    field = form_token(await thief.get(PATH))
    ben = Visitor(world)
    await ben.sign_in(BEN)
    assert (await ben.send(PATH, FORM)).status_code == 303
    since = len(await world.events())
    taken = {"password": f"{NEW}-2", "password_again": f"{NEW}-2", "form_token": field}
    assert (await thief.post(PATH, taken)).headers["location"] == SIGN_IN
    assert (await world.actions(since), thief.cookie()) == ([], None)


async def test_a_page_is_never_only_tried(world: World) -> None:
    """A wrong password that was only tried would be a guess that nobody counts."""
    ben = Visitor(world)
    await ben.sign_in(BEN)
    path = f"{PROFILE}/password"
    form = {"old_password": "wrong", **FORM, "form_token": form_token(await ben.get(path))}
    answer = await ben.post(f"{path}?dry_run=true", form)
    assert (answer.status_code, "dry_run" in answer.text) == (400, True)


async def test_without_a_step_there_is_nothing_to_choose(world: World) -> None:
    ben = await halfway(world)
    stranger = Visitor(world)
    assert (await stranger.get(PATH)).headers["location"] == SIGN_IN
    sent = await stranger.send(PATH, FORM, at=SIGN_IN)
    assert sent.headers["location"] == SIGN_IN
    # What opens one step opens no other, and no session.
    stranger.plant(ben.cookie(STEP) or "")
    assert (await stranger.get(PROFILE)).status_code == 303


async def test_whose_step_it_is_decides_not_who_is_signed_in(world: World) -> None:
    ben = await halfway(world)
    sue = Visitor(world)
    await sue.sign_in(SUE)
    sue.plant(ben.cookie(STEP) or "", STEP)
    assert (await sue.send(PATH, FORM)).status_code == 303
    assert "ben@example.com" in (await sue.get(PROFILE)).text
    form = {"username": SUE.login, "password": PASSWORD}
    assert (await world.ask(None, "POST", "/tokens", data=form)).status_code == 200


async def test_a_step_of_another_kind_opens_nothing_here(world: World) -> None:
    await enable_two_factors(world, BEN.id)
    ben = Visitor(world)
    answer = await ben.sign_in(BEN)
    assert answer.headers["location"] == f"{CONSOLE}/second-factor"
    assert (await ben.get(PATH)).headers["location"] == SIGN_IN
    answer = await ben.send(PATH, FORM, at=SIGN_IN)
    assert (answer.headers["location"], ben.cookie()) == (SIGN_IN, None)
