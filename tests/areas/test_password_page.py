"""The page behind a mailed link, through the front door (contract: identity §3.8)."""

import asyncio
import base64
import hashlib
import re
from html import unescape
from typing import Any

import httpx
import pytest

from tests.world import ADA, BEN, DAY, EVE, HOUR, PASSWORD, SUE, UMA, WIDGETS, World

NEW = "stapled-Sponge-7-otter"
OTHER_NEW = "unplugged-Kettle-9-fjord"


async def link(world: World, login: str = BEN.login) -> str:
    """Where a newly mailed link leads."""
    before = await mailed(world, login)
    answer = await world.ask(ADA, "POST", f"/user/{login}/password/request_reset")
    assert answer.status_code == 200
    (new,) = await mailed(world, login) - before
    return new


async def mailed(world: World, login: str) -> set[str]:
    """The links in the mails to somebody that wait in the outbox."""
    letters = [one for one in await world.letters() if one.get("to") == login]
    codes = [world.app.keyring.code_for(*one["code"]) for one in letters]
    return {f"/_tenantry/v1/password/{code}" for code in codes}


async def choose(world: World, path: str, password: str, again: str | None = None) -> Any:
    form = {"password": password, "password_again": password if again is None else again}
    return await world.ask(None, "POST", path, data=form)


async def signs_in(world: World, login: str, password: str) -> bool:
    answer = await world.ask(
        None, "POST", "/tokens", data={"username": login, "password": password}
    )
    return answer.status_code == 200


def assert_page(answer: httpx.Response, status: int, title: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert f"<h1>{title}</h1>" in answer.text


def assert_form(answer: httpx.Response, status: int = 200) -> None:
    assert_page(answer, status, "Choose your password")


def assert_spent(answer: httpx.Response) -> None:
    assert_page(answer, 404, "This link does not work any more")


async def test_the_link_leads_to_a_form_for_whom_it_was_mailed(world: World) -> None:
    answer = await world.ask(None, "GET", await link(world))
    assert_form(answer)
    assert "For <strong>ben@example.com</strong> at <strong>Example Widgets</strong>" in answer.text
    assert 'value="ben@example.com" autocomplete="username"' in answer.text
    assert answer.text.count('autocomplete="new-password"') == 2
    assert "<li>12 to 128 characters</li>" in answer.text
    assert "Ada" not in answer.text


async def test_every_field_has_a_label(world: World) -> None:
    page = (await world.ask(None, "GET", await link(world))).text
    fields = re.findall(r'<input id="(\w+)" name="(\w+)"', page)
    assert [name for _, name in fields] == ["username", "password", "password_again"]
    assert re.findall(r'<label for="(\w+)">', page) == [field_id for field_id, _ in fields]


async def test_a_page_loads_nothing_and_tells_nobody_its_address(world: World) -> None:
    path = await link(world)
    pages = [
        await world.ask(None, "GET", path),
        await choose(world, path, "short"),
        await choose(world, path, NEW),
        await choose(world, path, NEW),
    ]
    assert [page.status_code for page in pages] == [200, 400, 200, 404]
    for page in pages:
        (sheet,) = re.findall(r"<style>(.*?)</style>", page.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
        assert page.headers["content-security-policy"] == (
            f"default-src 'none'; style-src 'sha256-{digest}'; img-src 'self'; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["x-content-type-options"] == "nosniff"
        assert "prefers-color-scheme: dark" in sheet
        for word in ("<script", "style=", "onclick", "http:", "https:", "src=", "url("):
            assert word not in page.text


async def test_the_form_sets_the_password(world: World) -> None:
    path = await link(world)
    answer = await choose(world, path, NEW)
    assert_page(answer, 200, "Your password is set")
    assert BEN.login in answer.text
    assert NEW not in answer.text
    assert await signs_in(world, BEN.login, NEW)
    assert not await signs_in(world, BEN.login, PASSWORD)


async def test_looking_at_the_page_spends_nothing(world: World) -> None:
    path = await link(world)
    for method in ("GET", "HEAD", "GET"):
        assert (await world.ask(None, method, path)).status_code == 200
    assert await signs_in(world, BEN.login, PASSWORD)
    assert_page(await choose(world, path, NEW), 200, "Your password is set")


async def test_a_link_works_once(world: World) -> None:
    path = await link(world)
    await choose(world, path, NEW)
    assert_spent(await choose(world, path, OTHER_NEW))
    assert_spent(await world.ask(None, "GET", path))
    assert await signs_in(world, BEN.login, NEW)


async def test_of_two_at_once_one_wins(world: World) -> None:
    path = await link(world)
    since = len(await world.events())
    answers = await asyncio.gather(choose(world, path, NEW), choose(world, path, OTHER_NEW))
    assert sorted(answer.status_code for answer in answers) == [200, 404]
    won = [NEW, OTHER_NEW][[answer.status_code for answer in answers].index(200)]
    assert (await world.actions(since)).count("user.password_update") == 1
    assert await signs_in(world, BEN.login, won)


async def test_a_new_link_voids_the_older_ones(world: World) -> None:
    older = await link(world)
    newer = await link(world)
    assert older != newer
    assert_spent(await world.ask(None, "GET", older))
    assert_spent(await choose(world, older, NEW))
    assert_form(await world.ask(None, "GET", newer))


async def test_another_persons_link_stays(world: World) -> None:
    bens = await link(world)
    await link(world, UMA.login)
    assert_form(await world.ask(None, "GET", bens))


@pytest.mark.parametrize(("login", "lasts"), [(BEN.login, HOUR), ("new@example.com", 7 * DAY)])
async def test_a_link_ends_at_its_very_instant(world: World, login: str, lasts: int) -> None:
    if login == BEN.login:
        path = await link(world)
    else:
        await world.ask(ADA, "POST", "/user", data={"login": login})
        (path,) = await mailed(world, login)
    world.clock.turn(lasts - 1)
    assert_form(await world.ask(None, "GET", path))
    assert_form(await choose(world, path, "short"), 400)
    world.clock.turn(1)
    assert_spent(await world.ask(None, "GET", path))
    assert_spent(await choose(world, path, NEW))
    assert not await signs_in(world, login, NEW)


async def test_a_new_user_chooses_the_first_password(world: World) -> None:
    await world.ask(ADA, "POST", "/user", data={"login": "new@example.com", "name": "<b>New</b>"})
    (path,) = await mailed(world, "new@example.com")
    assert_page(await choose(world, path, NEW), 200, "Your password is set")
    assert await signs_in(world, "new@example.com", NEW)


@pytest.mark.parametrize(
    ("password", "again", "sentence"),
    [
        ("short-1", None, "Password must have 12 to 128 characters"),
        ("x" * 127 + "-1", None, "Password must have 12 to 128 characters"),
        ("", None, "Password is required"),
        (
            "onlylettershere",
            None,
            "Password must include letters, numbers and special characters",
        ),
        ("Qwertyuiop-1", None, "Password is too weak: "),
        (NEW, OTHER_NEW, "The two passwords are not the same"),
        (NEW, "", "The two passwords are not the same"),
    ],
)
async def test_a_bad_choice_is_told_on_the_page_and_spends_nothing(
    world: World, password: str, again: str | None, sentence: str
) -> None:
    path = await link(world)
    since = len(await world.events())
    answer = await choose(world, path, password, again)
    assert_form(answer, 400)
    alert = re.search(r'<p role="alert" id="problem">(.*?)</p>', answer.text)
    assert alert is not None
    assert unescape(alert[1]).startswith(sentence)
    assert 'aria-describedby="problem rules" aria-invalid="true"' in answer.text
    assert not password or password not in answer.text
    assert await world.actions(since) == []
    assert_page(await choose(world, path, NEW), 200, "Your password is set")


async def test_a_name_is_shown_as_text(world: World) -> None:
    await world.ask(ADA, "PUT", f"/customer/{WIDGETS}", data={"name": "<script>alert(1)</script>"})
    page = (await world.ask(None, "GET", await link(world))).text
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.changes_nothing
@pytest.mark.parametrize(
    "code", ["no-such-code", "é", "%ff%fe", "'--", "0" * 3000, BEN.token, "%F0%9F%98%80"]
)
async def test_a_made_up_link_is_spent(world: World, code: str) -> None:
    path = f"/_tenantry/v1/password/{code}"
    assert_spent(await world.ask(None, "GET", path))
    assert_spent(await choose(world, path, NEW))


async def test_setting_it_ends_sudo_and_the_lock_and_is_logged(world: World) -> None:
    await world.sudo(BEN)
    for _ in range(6):
        await signs_in(world, BEN.login, "wrong")
    assert (await world.ask(ADA, "GET", f"/user/{BEN.id}")).json()["locked"] is True
    path = await link(world)
    since = len(await world.events())
    await choose(world, path, NEW)
    assert await world.actions(since) == ["user.password_update", "user.unlock"]
    assert f'"user_id":"{BEN.id}"' in (await world.events())[since][2]
    assert NEW not in str((await world.events())[since:])
    user = (await world.ask(ADA, "GET", f"/user/{BEN.id}")).json()
    assert (user["locked"], user["require_new_password"]) == (False, False)
    assert (await world.ask(BEN, "GET", "/tokens/self")).json()["sudo_expires_at"] is None


async def test_whose_key_is_sent_along_does_not_matter(world: World) -> None:
    for person in (SUE, BEN, EVE):
        path = await link(world)
        since = len(await world.events())
        answer = await world.ask(
            person, "POST", path, data={"password": NEW, "password_again": NEW}
        )
        assert_page(answer, 200, "Your password is set")
        body = (await world.events())[since][2]
        assert f'"user_id":"{BEN.id}"' in body
        assert '"token_id":null' in body


async def test_the_request_log_does_not_hold_the_code(world: World) -> None:
    path = await link(world)
    await world.ask(None, "GET", path)
    await choose(world, path, NEW)
    await asyncio.sleep(0)
    log = world.log_path.read_text()
    assert "/_tenantry/v1/password/{code}" in log
    assert path.rpartition("/")[2] not in log
