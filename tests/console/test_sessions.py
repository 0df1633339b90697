"""One's sessions: seen, ended, and ending by themselves."""

import asyncio
import re

from tenantry.core.clock import DAY, HOUR, MINUTE, SECOND
from tests.console.browser import CONSOLE, Visitor, form_token
from tests.console.test_sign_in import enable_two_factors
from tests.world import ADA, BEN, PASSWORD, WIDGETS, World

SIGN_IN, PROFILE, SESSIONS = f"{CONSOLE}/sign-in", f"{CONSOLE}/profile", f"{CONSOLE}/sessions"
EDGE = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0"


async def two(world: World) -> tuple[Visitor, Visitor]:
    """Ada at home and in the office."""
    home, office = Visitor(world), Visitor(world, agent=EDGE, address="198.51.100.7")
    await home.sign_in(ADA)
    world.clock.turn(MINUTE)
    await office.sign_in(ADA)
    return home, office


async def listed(visitor: Visitor) -> list[str]:
    """The rows of the table, as text."""
    page = await visitor.get(SESSIONS)
    assert page.status_code == 200
    body = page.text.partition("<tbody>")[2].partition("</tbody>")[0]
    rows = re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in rows]


async def ids(visitor: Visitor) -> list[str]:
    """The sessions' ids, in the order of the table."""
    page = (await visitor.get(SESSIONS)).text.partition("<tbody>")[2]
    return re.findall(r'name="session" value="(\w+)"', page)


async def is_in(visitor: Visitor) -> bool:
    return (await visitor.get(PROFILE)).status_code == 200


async def flush(world: World) -> None:
    """Let the uses of sessions be written down."""
    await world.app._uses.stop()  # noqa: SLF001 - the application waits for them only at its end


async def test_each_is_told_with_browser_address_and_times(world: World) -> None:
    home, office = await two(world)
    assert await listed(office) == [
        (
            "Edge on Windows This browser 198.51.100.7 just now 1 March 2026, 10:01 UTC "
            "by password 1 March 2026, 11:01 UTC End the session of Edge on Windows, signed in "
            "1 March 2026, 10:01 UTC"
        ),
        (
            "Firefox on Linux 192.0.2.10 1 minute ago 1 March 2026, 10:00 UTC by password "
            "1 March 2026, 11:00 UTC End the session of Firefox on Linux, signed in "
            "1 March 2026, 10:00 UTC"
        ),
    ]
    # Whether or not that he is here was written down by now.
    this = "Firefox on Linux This browser 192.0.2.10 just now"
    assert (await listed(home))[0].startswith(this)


async def test_nobody_elses_are_shown(world: World) -> None:
    home, _ = await two(world)
    ben = Visitor(world)
    await ben.sign_in(BEN)
    assert len(await listed(ben)) == 1
    assert len(await listed(home)) == 2


async def test_one_is_ended(world: World) -> None:
    home, office = await two(world)
    since = len(await world.events())
    answer = await home.send(SESSIONS, {"session": (await ids(home))[1]})
    assert answer.headers["location"] == f"{SESSIONS}?done=ended"
    assert "That session has ended" in (await home.get(answer.headers["location"])).text
    assert await world.actions(since) == ["token.destroy", "user.logout"]
    assert (await is_in(home), await is_in(office)) == (True, False)


async def test_ones_own_is_ended_like_signing_out(world: World) -> None:
    home, office = await two(world)
    answer = await home.send(SESSIONS, {"session": (await ids(home))[0]})
    assert answer.headers["location"] == f"{SIGN_IN}?why=out"
    assert (await is_in(home), await is_in(office)) == (False, True)
    assert home.cookie() is None


async def test_all_others_are_ended(world: World) -> None:
    home, office = await two(world)
    third = Visitor(world, agent="curl/8.5.0")
    await third.sign_in(ADA)
    answer = await office.send(SESSIONS, {"session": "others"})
    assert answer.headers["location"] == f"{SESSIONS}?done=others"
    assert [await is_in(one) for one in (home, office, third)] == [False, True, False]
    assert (await world.ask(ADA, "GET", "/tokens/self")).status_code == 200


async def test_ended_by_two_at_once_it_ends_once(world: World) -> None:
    home, office = await two(world)
    wanted = (await ids(home))[1]
    field = form_token(await home.get(SESSIONS))
    since = len(await world.events())
    form = {"session": wanted, "form_token": field}
    answers = await asyncio.gather(*(home.post(SESSIONS, form) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [303, 404, 404]
    assert await world.actions(since) == ["token.destroy", "user.logout"]
    assert not await is_in(office)


async def test_another_persons_is_as_if_absent(world: World) -> None:
    home, _ = await two(world)
    ben = Visitor(world)
    await ben.sign_in(BEN)
    since = len(await world.events())
    for wanted in (*await ids(home), "0Unknown00000000000000", ADA.token_id, BEN.token_id):
        assert (await ben.send(SESSIONS, {"session": wanted})).status_code == 404
    assert (await ben.send(SESSIONS, {"session": ""})).status_code == 400
    assert await world.actions(since) == []
    assert await is_in(home)


async def test_ending_one_asks_who_it_is_after_ten_minutes(world: World) -> None:
    home, office = await two(world)
    wanted = (await ids(home))[1]
    world.clock.turn(9 * MINUTE)
    answer = await home.send(SESSIONS, {"session": wanted})
    expected = f"{SIGN_IN}?next=%2F_tenantry%2Fconsole%2Fsessions&why=confirm"
    assert (answer.status_code, answer.headers["location"]) == (303, expected)
    assert await is_in(office)
    page = await home.get(expected)
    assert 'value="ada@example.com"' in page.text
    form = {"login": ADA.login, "password": PASSWORD, "next": SESSIONS}
    back = await home.post(SIGN_IN, {**form, "form_token": form_token(page)})
    assert back.headers["location"] == SESSIONS
    await home.send(SESSIONS, {"session": wanted})
    assert not await is_in(office)


async def test_a_session_that_nobody_uses_ends_after_an_hour(world: World) -> None:
    ada = Visitor(world)
    await ada.sign_in(ADA)
    world.clock.turn(HOUR - SECOND)
    assert await is_in(ada)
    await flush(world)
    world.clock.turn(HOUR - SECOND)
    assert await is_in(ada)
    await flush(world)
    world.clock.turn(HOUR)
    assert not await is_in(ada)
    assert await listed_by_api(world) == 0


async def listed_by_api(world: World) -> int:
    tokens = (await world.ask(ADA, "GET", "/tokens")).json()
    return sum("browser session" in one["name"] for one in tokens)


async def test_a_session_ends_after_twelve_hours_however_busy(world: World) -> None:
    ada = Visitor(world)
    await ada.sign_in(ADA)
    for _ in range(23):
        world.clock.turn(HOUR // 2)
        assert await is_in(ada)
        await flush(world)
    world.clock.turn(HOUR // 2 - SECOND)
    assert await is_in(ada)
    world.clock.turn(SECOND)
    assert not await is_in(ada)


async def test_what_ended_by_itself_is_put_away_at_the_next_sign_in(world: World) -> None:
    ada = Visitor(world)
    await ada.sign_in(ADA)
    world.clock.turn(DAY)
    since = len(await world.events())
    await ada.sign_in(ADA)
    assert await world.actions(since) == [
        "token.destroy",
        "user.logout",
        "token.create",
        "user.login",
    ]
    assert await listed_by_api(world) == 1
    assert len(await listed(ada)) == 1


async def test_the_api_sees_sessions_and_ends_them(world: World) -> None:
    ada, _ = await two(world)
    sessions = await ids(ada)
    tokens = {one["id"] for one in (await world.ask(ADA, "GET", "/tokens")).json()}
    assert set(sessions) <= tokens
    assert (await world.ask(ADA, "DELETE", f"/tokens/{sessions[0]}")).status_code == 204
    assert not await is_in(ada)
    ben = Visitor(world)
    await ben.sign_in(BEN)
    (bens,) = await ids(ben)
    path = f"/customer/{WIDGETS}/tokens"
    assert bens in {one["id"] for one in (await world.ask(ADA, "GET", path)).json()}


async def test_turning_two_factors_on_for_all_ends_sessions_without(world: World) -> None:
    """Policy of the account (contract: access §10.1); Ada has two factors, Ben has not."""
    ben = Visitor(world)
    await ben.sign_in(BEN)
    await enable_two_factors(world, ADA.id)
    answer = await world.ask(ADA, "PUT", f"/customer/{WIDGETS}", data={"force_2fa": "true"})
    assert answer.status_code == 200, answer.text
    assert not await is_in(ben)
    again = await ben.sign_in(BEN)
    assert again.headers["location"] == f"{CONSOLE}/factors/enrol"
    assert not await is_in(ben)


async def test_a_new_password_ends_every_session(world: World) -> None:
    home, office = await two(world)
    form = {"old_password": PASSWORD, "new_password": "stapled-Sponge-7-otter"}
    await world.ask(ADA, "POST", "/current_user/password", data=form)
    assert [await is_in(one) for one in (home, office)] == [False, False]


async def test_a_customers_end_ends_its_sessions(world: World) -> None:
    ada = Visitor(world)
    await ada.sign_in(ADA)
    for service in (await world.ask(ADA, "GET", "/service")).json():
        await world.ask(ADA, "DELETE", f"/service/{service['id']}")
    assert (await world.ask(ADA, "DELETE", f"/customer/{WIDGETS}")).status_code == 200
    assert not await is_in(ada)
