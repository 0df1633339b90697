"""The page behind a mailed invitation, through the front door (contract: access §4, #11)."""

import email
import re
from email import policy
from email.message import EmailMessage
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

from tenantry.core.jobs import Worker
from tenantry.core.mail import sender
from tests.areas.account_calls import edit_customer
from tests.areas.invitation_calls import CHOSEN, LIN, codes, invite, pending, token
from tests.areas.test_password_page import OTHER_NEW, assert_page, signs_in
from tests.world import ADA, BEN, DAY, EVE, WIDGETS, World

SPENT = "This invitation does not work any more"
FORM = "Join Example Widgets"


async def link(world: World, address: str = LIN, **more: Any) -> str:
    """Where a newly mailed invitation leads."""
    await invite(world, email=address, **more)
    (code,) = await codes(world, address)
    return f"/_tenantry/v1/invitation/{code}"


async def fill_in(
    world: World, path: str, name: str = "Lin", password: str = CHOSEN, again: str | None = None
) -> httpx.Response:
    """Send the form."""
    again = password if again is None else again
    form = {"name": name, "password": password, "password_again": again}
    return await world.ask(None, "POST", path, data=form | {"username": "ignored@example.com"})


async def test_the_link_leads_to_a_form_for_whom_it_was_mailed(world: World) -> None:
    page = await world.ask(None, "GET", await link(world))
    assert_page(page, 200, FORM)
    assert f"You were invited as <strong>{LIN}</strong>" in page.text
    assert f'value="{LIN}" autocomplete="username"' in page.text
    assert page.text.count('autocomplete="new-password"') == 2
    assert "<li>12 to 128 characters</li>" in page.text
    assert "Ada" not in page.text


async def test_every_field_has_a_label(world: World) -> None:
    page = (await world.ask(None, "GET", await link(world))).text
    fields = re.findall(r'<input id="(\w+)" name="(\w+)"', page)
    assert [name for _, name in fields] == ["username", "name", "password", "password_again"]
    assert re.findall(r'<label for="(\w+)">', page) == [field_id for field_id, _ in fields]


async def test_the_form_makes_a_user(world: World) -> None:
    path = await link(world, role="engineer")
    since = len(await world.events())
    answer = await fill_in(world, path, " Lin Example ")
    assert_page(answer, 200, "Welcome")
    assert f"<strong>{LIN}</strong>" in answer.text
    assert CHOSEN not in answer.text
    assert await world.actions(since) == ["user.create", "invitation.accept"]
    user = (await world.ask(await token(world), "GET", "/current_user")).json()
    assert (user["login"], user["name"], user["role"]) == (LIN, "Lin Example", "engineer")


async def test_looking_at_the_page_spends_nothing(world: World) -> None:
    path = await link(world)
    for method in ("GET", "HEAD", "GET"):
        assert (await world.ask(None, method, path)).status_code == 200
    assert await pending(world) == [LIN]
    assert_page(await fill_in(world, path), 200, "Welcome")


async def test_a_spent_link_is_told_kindly(world: World) -> None:
    used, late = await link(world), await link(world, "late@example.com")
    gone = await link(world, "gone@example.com")
    invitations = (await world.ask(ADA, "GET", "/invitations")).json()["data"]
    (withdrawn,) = [one for one in invitations if one["attributes"]["email"] == "gone@example.com"]
    await world.ask(ADA, "DELETE", f"/invitations/{withdrawn['id']}")
    await fill_in(world, used)
    world.clock.turn(7 * DAY)
    for path in (used, gone, late, "/_tenantry/v1/invitation/no-such-code"):
        assert_page(await world.ask(None, "GET", path), 404, SPENT)
        assert_page(await fill_in(world, path, password=OTHER_NEW), 404, SPENT)
    assert await signs_in(world, LIN, CHOSEN)


@pytest.mark.changes_nothing
@pytest.mark.parametrize("code", ["é", "%ff%fe", "'--", "0" * 3000, BEN.token, "%F0%9F%98%80"])
async def test_a_made_up_link_is_spent(world: World, code: str) -> None:
    path = f"/_tenantry/v1/invitation/{code}"
    assert_page(await world.ask(None, "GET", path), 404, SPENT)
    assert_page(await fill_in(world, path), 404, SPENT)


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"password": "short-1"}, "Password must have 12 to 128 characters"),
        ({"password": ""}, "Password is required"),
        ({"password": "Qwertyuiop-1"}, "Password is too weak: "),
        ({"again": OTHER_NEW}, "The two passwords are not the same"),
        ({"again": ""}, "The two passwords are not the same"),
        ({"name": " "}, "Name must have 1 to 255 characters"),
    ],
)
async def test_a_bad_choice_is_told_on_the_form_and_spends_nothing(
    world: World, form: dict[str, str], sentence: str
) -> None:
    path = await link(world)
    since = len(await world.events())
    answer = await fill_in(world, path, **{"name": "<b>Lin</b>", **form})
    assert_page(answer, 400, FORM)
    alert = re.search(r'<p role="alert" id="problem">(.*?)</p>', answer.text)
    assert alert is not None
    assert unescape(alert[1]).startswith(sentence)
    assert 'aria-describedby="problem rules"' in answer.text
    assert CHOSEN not in answer.text
    if "name" not in form:
        assert 'value="&lt;b&gt;Lin&lt;/b&gt;" autocomplete="name"' in answer.text
    assert await world.actions(since) == []
    assert_page(await fill_in(world, path), 200, "Welcome")


async def test_what_is_no_form_is_told_on_the_form(world: World) -> None:
    path = await link(world)
    broken = await world.ask(
        None, "POST", path, content=b"{", headers={"Content-Type": "application/json"}
    )
    assert_page(broken, 400, FORM)
    assert "Invalid JSON" in broken.text
    other = await world.ask(
        None, "POST", path, content=b"<a/>", headers={"Content-Type": "text/xml"}
    )
    assert_page(other, 415, "Unsupported media type")
    large = await world.ask(None, "POST", path, content=b"x" * ((1 << 20) + 1))
    assert_page(large, 413, "Request entity too large")
    assert await pending(world) == [LIN]


async def test_a_login_that_was_taken_meanwhile_is_told(world: World) -> None:
    path = await link(world)
    await world.ask(EVE, "POST", "/user", data={"login": LIN})
    answer = await fill_in(world, path)
    assert_page(answer, 409, "You have an account already")
    assert f"<strong>{LIN}</strong>" in answer.text


async def test_the_allowlist_of_the_customer_holds(world: World) -> None:
    path = await link(world)
    await edit_customer(world, ip_whitelist="198.51.100.0/24")
    assert_page(await world.ask(None, "GET", path), 403, "Not from this network")
    assert_page(await fill_in(world, path), 403, "Not from this network")
    assert await pending(world, EVE) == []


async def test_where_sso_is_forced_no_password_is_asked_for(world: World) -> None:
    await edit_customer(world, force_sso=True)
    path = await link(world)
    page = await world.ask(None, "GET", path)
    assert 'type="password"' not in page.text
    assert "through the identity provider" in page.text
    assert_page(await world.ask(None, "POST", path, data={"name": "Lin"}), 200, "Welcome")


async def test_trying_on_and_on_is_slowed_down(world: World) -> None:
    path = await link(world)
    for _ in range(10):
        assert_page(await fill_in(world, path, password="short"), 400, FORM)
    assert_page(await fill_in(world, path), 429, "Too many failed attempts, try again later")


async def test_a_name_is_shown_as_text(world: World) -> None:
    await world.ask(ADA, "PUT", f"/customer/{WIDGETS}", data={"name": "<script>alert(1)</script>"})
    page = (await world.ask(None, "GET", await link(world))).text
    assert "<script" not in page
    assert "Join &lt;script&gt;alert(1)" in page


async def test_a_page_loads_nothing_and_tells_nobody_its_address(world: World) -> None:
    path, taken = await link(world), await link(world, "taken@example.com")
    await world.ask(EVE, "POST", "/user", data={"login": "taken@example.com"})
    pages = [
        await world.ask(None, "GET", path),
        await fill_in(world, path, password="short"),
        await fill_in(world, path),
        await fill_in(world, path),
        await fill_in(world, taken),
    ]
    assert [page.status_code for page in pages] == [200, 400, 200, 404, 409]
    for page in pages:
        policy_of = page.headers["content-security-policy"]
        assert policy_of.startswith("default-src 'none'; style-src 'sha256-")
        assert policy_of.endswith("; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["cache-control"] == "no-store"
        for word in ("<script", "style=", "onclick", "http:", "https:", "src=", "url("):
            assert word not in page.text


async def test_the_mail_that_arrives_holds_the_link(world: World, tmp_path: Path) -> None:
    path = await link(world)
    faults: list[BaseException] = []
    post = sender(f"file:{tmp_path / 'mail'}", "Tenantry <no-reply@example.com>")
    app = world.app
    worker = Worker(app.database, app.keyring, post, app.settings.base_url, faults.append)
    assert await worker.deliver_due() == 1
    assert faults == []
    (letter,) = (tmp_path / "mail").glob("*.eml")
    message = email.message_from_bytes(letter.read_bytes(), policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert message["To"] == LIN
    for kind in ("plain", "html"):
        part = message.get_body((kind,))
        assert part is not None
        text = part.get_content()
        assert set(re.findall(r"https://accounts\.example\.com(/[\w/-]+)", text)) == {path}
        assert "Ada invites you to join Example Widgets" in text
        assert "8 March 2026, 10:00 UTC" in text
    assert_page(await world.ask(None, "GET", path), 200, FORM)
