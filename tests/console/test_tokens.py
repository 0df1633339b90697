"""One's API tokens, on a page."""

import re
from typing import Any

import pytest

from tenantry.core.clock import MINUTE
from tests.console.browser import CONSOLE, Visitor, form_token
from tests.world import ADA, API, BEN, BOT, ELSEWHERE, LIM, SUE, WWW, World

TOKENS = f"{CONSOLE}/tokens"


async def signed_in(world: World, who: Any = BEN) -> Visitor:
    visitor = Visitor(world)
    await visitor.sign_in(who)
    return visitor


def secret_of(page: str) -> str:
    found = re.search(r'<code class="secret"[^>]*>([^<]+)</code>', page)
    assert found is not None, page
    return found[1]


async def test_one_is_made_and_shown_once(world: World) -> None:
    ben = await signed_in(world)
    since = len(await world.events())
    form = {"name": "deploys", "scope": "global:read", "services[]": WWW, "days": "30"}
    answer = await ben.send(TOKENS, form)
    secret = secret_of(answer.text)
    world.secrets.add(secret)
    assert await world.actions(since) == ["token.create"]
    told = (await world.ask(secret, "GET", "/tokens/self")).json()
    assert (told["name"], told["scope"], told["services"]) == ("deploys", "global:read", [WWW])
    assert (told["user_id"], told["expires_at"]) == (BEN.id, "2026-03-31T10:00:00Z")
    page = (await ben.get(TOKENS)).text
    assert "deploys" in page
    assert secret not in page


async def test_only_ones_own_are_listed_and_no_sessions(world: World) -> None:
    page = (await (await signed_in(world)).get(TOKENS)).text
    assert BEN.token_id in page
    assert "browser session" not in page
    for other in (ADA, SUE, BOT):
        assert other.token_id not in page


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": ""}, "Name must have 1 to 255 characters"),
        ({"name": "x" * 256}, "Name must have 1 to 255 characters"),
        ({"scope": "everything"}, "is not one of"),
        ({"days": "10000"}, "Choose for how long"),
        ({"days": "-1"}, "Choose for how long"),
        ({"services[]": ELSEWHERE}, "Cannot find service"),
        ({"services[]": "x' OR 1=1"}, "Cannot find service"),
    ],
)
async def test_a_bad_form_is_told_and_makes_nothing(
    world: World, change: dict[str, str], told: str
) -> None:
    ben = await signed_in(world)
    since = len(await world.events())
    form = {"name": "deploys", "scope": "global", "days": "30", **change}
    answer = await ben.send(TOKENS, form)
    assert (answer.status_code, told in answer.text) == (400, True), answer.text
    assert await world.actions(since) == []


async def test_who_is_limited_sees_and_gives_only_his_services(world: World) -> None:
    lim = await signed_in(world, LIM)
    page = (await lim.get(TOKENS)).text
    assert WWW not in page
    assert API not in page
    answer = await lim.send(TOKENS, {"name": "x", "services[]": WWW})
    assert answer.status_code == 400


async def test_making_one_asks_who_it_is_after_ten_minutes(world: World) -> None:
    ben = await signed_in(world)
    world.clock.turn(10 * MINUTE)
    since = len(await world.events())
    answer = await ben.send(TOKENS, {"name": "deploys"})
    assert answer.headers["location"].endswith("Ftokens&why=confirm")
    assert await world.actions(since) == []
    await ben.sign_in_again(BEN)
    assert (await ben.send(TOKENS, {"name": "deploys"})).status_code == 200


async def test_one_is_revoked_after_being_asked(world: World) -> None:
    ben = await signed_in(world)
    path = f"{TOKENS}/{BEN.token_id}"
    page = await ben.get(path)
    assert "Ben&#39;s token" in page.text
    since = len(await world.events())
    answer = await ben.post(path, {"form_token": form_token(page)})
    assert answer.headers["location"] == f"{TOKENS}?done=revoked"
    assert await world.actions(since) == ["token.destroy"]
    assert (await world.ask(BEN, "GET", "/tokens/self")).status_code == 401
    assert (await ben.post(path, {"form_token": form_token(page)})).status_code == 404
    assert (await ben.get(answer.headers["location"])).text.count("The token is revoked.") == 1


async def test_others_and_sessions_are_as_if_absent_here(world: World) -> None:
    """Superusers revoke others' elsewhere: this page is about oneself."""
    ada = await signed_in(world, ADA)
    sessions = (await ada.get(f"{CONSOLE}/sessions")).text.partition("<tbody>")[2]
    (session,) = re.findall(r'name="session" value="(\w+)"', sessions)
    field = form_token(await ada.get(TOKENS))
    for token_id in (BEN.token_id, BOT.token_id, session, "0Unknown00000000000000", "%00"):
        assert (await ada.get(f"{TOKENS}/{token_id}")).status_code in {400, 404}
        answer = await ada.post(f"{TOKENS}/{token_id}", {"form_token": field})
        assert answer.status_code in {400, 404}
    assert (await ada.get(TOKENS)).status_code == 200
    assert (await world.ask(BEN, "GET", "/tokens/self")).status_code == 200
