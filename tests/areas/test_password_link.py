"""Mailed links as programs and mailboxes see them (contract: identity §3.8)."""

import email
import re
from email import policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from tenantry.areas.users import model as users
from tenantry.areas.users.removal import remove as remove_user
from tenantry.core.context import system_call
from tenantry.core.jobs import Worker
from tenantry.core.mail import sender
from tenantry.core.unit import Unit
from tests.areas.test_password_page import (
    NEW,
    assert_form,
    assert_spent,
    choose,
    link,
    mailed,
    signs_in,
)
from tests.world import ADA, BEN, WIDGETS, World


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
    assert message["To"] == BEN.login
    for kind in ("plain", "html"):
        part = message.get_body((kind,))
        assert part is not None
        links = re.findall(r"https://accounts\.example\.com(/[\w/-]+)", part.get_content())
        assert set(links) == {path}
    assert_form(await world.ask(None, "GET", path))


async def test_a_program_sets_it_by_json(world: World) -> None:
    path = await link(world)
    weak = await world.ask(None, "POST", path, json={"password": "short"})
    assert (weak.status_code, weak.headers["content-type"]) == (400, "application/json")
    assert weak.json() == {
        "msg": "Bad request",
        "detail": "Password must have 12 to 128 characters",
    }
    answer = await world.ask(None, "POST", path, json={"password": NEW})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == {"status": "ok"}
    again = await world.ask(None, "POST", path, json={"password": NEW})
    assert again.status_code == 404
    assert again.json() == {
        "msg": "Record not found",
        "detail": "The link was used already or has expired",
    }
    assert await signs_in(world, BEN.login, NEW)


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b'{"password": ', "Invalid JSON"),
        (b"[]", "Expected a JSON object"),
        (b"{}", "Password is required"),
        (b'{"password": 7}', "Password: Expected str | null, got int"),
    ],
)
async def test_a_programs_bad_body_is_refused(world: World, content: bytes, detail: str) -> None:
    path = await link(world)
    headers = {"Content-Type": "application/json"}
    answer = await world.ask(None, "POST", path, content=content, headers=headers)
    assert (answer.status_code, answer.json()) == (400, {"msg": "Bad request", "detail": detail})


async def test_a_body_of_another_type_or_size_is_refused(world: World) -> None:
    path = await link(world)
    headers = {"Content-Type": "text/xml"}
    xml = await world.ask(None, "POST", path, content=b"<a/>", headers=headers)
    assert (xml.status_code, xml.json()["msg"]) == (415, "Unsupported media type")
    large = await world.ask(None, "POST", path, content=b"x" * ((1 << 20) + 1))
    assert (large.status_code, large.json()["msg"]) == (413, "Request entity too large")
    assert_form(await world.ask(None, "GET", path))


async def test_a_link_goes_with_its_user(world: World) -> None:
    await world.ask(ADA, "POST", "/user", data={"login": "new@example.com"})
    (path,) = await mailed(world, "new@example.com")

    async def remove(unit: Unit) -> None:
        call = system_call(unit, world.app.keyring, WIDGETS)
        row = await users.find_by_login(call, "new@example.com")
        assert row is not None
        await remove_user(call, row.id)

    await world.app.database.write(remove, customer_id=WIDGETS)
    assert_spent(await world.ask(None, "GET", path))
    assert_spent(await choose(world, path, NEW))
