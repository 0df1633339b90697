"""Signing out: here, on the server, and by nobody else."""

import asyncio

from tests.console.browser import CONSOLE, Visitor, form_token
from tests.world import ADA, World

SIGN_IN, PROFILE = f"{CONSOLE}/sign-in", f"{CONSOLE}/profile"


async def test_signing_out_ends_it_everywhere(world: World) -> None:
    ada = Visitor(world)
    await ada.sign_in(ADA)
    kept = ada.cookie()
    since = len(await world.events())
    answer = await ada.send(f"{CONSOLE}/sign-out", {})
    assert answer.headers["location"] == f"{SIGN_IN}?why=out"
    assert "You are signed out." in (await ada.get(f"{SIGN_IN}?why=out")).text
    assert ada.cookie() is None
    assert await world.actions(since) == ["token.destroy", "user.logout"]
    thief = Visitor(world)
    thief.plant(kept or "")
    assert (await thief.get(PROFILE)).status_code == 303


async def test_signing_out_twice_at_once_is_no_harm(world: World) -> None:
    ada = Visitor(world)
    await ada.sign_in(ADA)
    since = len(await world.events())
    form = {"form_token": form_token(await ada.get(f"{CONSOLE}/sign-out"))}
    answers = await asyncio.gather(*(ada.post(f"{CONSOLE}/sign-out", form) for _ in range(4)))
    assert {answer.status_code for answer in answers} <= {303, 403}
    assert await world.actions(since) == ["token.destroy", "user.logout"]
    assert (await ada.get(PROFILE)).status_code == 303


async def test_looking_at_the_sign_out_page_signs_nobody_out(world: World) -> None:
    ada = Visitor(world)
    assert (await ada.get(f"{CONSOLE}/sign-out")).headers["location"] == SIGN_IN
    await ada.sign_in(ADA)
    assert (await ada.get(f"{CONSOLE}/sign-out")).status_code == 200
    assert (await ada.get(PROFILE)).status_code == 200
