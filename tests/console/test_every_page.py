"""What holds for every page of the console: a new one is covered when it is declared."""

import pytest

from tenantry.http.operation import Operation
from tests.console.browser import CONSOLE, Visitor, form_token
from tests.table import OWN, PAGES, every, path_of
from tests.world import ADA, BEN, World

SIGN_IN = f"{CONSOLE}/sign-in"
GETS = {name: row for name, row in PAGES.items() if row.method == "GET"}
POSTS = {name: row for name, row in PAGES.items() if row.method == "POST"}
PRIVATE = {name: row for name, row in PAGES.items() if row.allow.who != "public"}
ALWAYS = {
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=31536000",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


def adas(row: Operation) -> str:
    return path_of(row, OWN, token_id=ADA.token_id)


def bare(path: str) -> str:
    """An address without what only some sign-ins add."""
    return path.partition("?")[0]


@pytest.mark.changes_nothing
@every(PRIVATE)
async def test_strangers_are_led_to_sign_in(world: World, row: Operation) -> None:
    stranger = Visitor(world)
    field = form_token(await stranger.get(SIGN_IN))
    for headers in ({}, {"Fastly-Key": ADA.token}, {"Authorization": f"Bearer {ADA.token}"}):
        if row.method == "GET":
            answer = await stranger.get(adas(row), **headers)
        else:
            answer = await stranger.post(adas(row), {"form_token": field}, **headers)
        assert (answer.status_code, bare(answer.headers.get("location", ""))) == (303, SIGN_IN)


@every(POSTS)
async def test_no_form_is_taken_without_its_field(world: World, row: Operation) -> None:
    ada = Visitor(world)
    await ada.sign_in(ADA)
    ben = Visitor(world)
    await ben.sign_in(BEN)
    others = form_token(await ben.get(f"{CONSOLE}/profile"))
    since = len(await world.events())
    for form in ({}, {"form_token": "x.y"}, {"form_token": others}):
        answer = await ada.post(adas(row), form)
        assert (answer.status_code, "out of date" in answer.text) == (403, True)
    own = {"form_token": form_token(await ada.get(f"{CONSOLE}/profile"))}
    answer = await ada.post(adas(row), own, **{"Sec-Fetch-Site": "cross-site"})
    assert (answer.status_code, "another site" in answer.text) == (403, True)
    assert await world.actions(since) == []


@every(POSTS)
def test_a_form_stands_where_it_is_sent_to(row: Operation) -> None:
    """Who signs in meanwhile comes back to that address, with a GET."""
    assert f"GET {row.path}" in PAGES


@every(GETS)
async def test_every_page_bears_its_headers(world: World, row: Operation) -> None:
    ada = Visitor(world)
    await ada.sign_in(ADA)
    for visitor in (Visitor(world), ada):
        answer = await visitor.get(adas(row))
        told = {name: answer.headers.get(name) for name in ALWAYS}
        assert told == ALWAYS
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; ")
        assert "frame-ancestors 'none'" in policy
        assert "base-uri 'none'" in policy
        assert "unsafe" not in policy
        assert "camera=()" in answer.headers["permissions-policy"]


@every(GETS)
async def test_head_is_get_without_its_body(world: World, row: Operation) -> None:
    ada = Visitor(world)
    await ada.sign_in(ADA)
    got = await ada.get(adas(row))
    head = await ada.client.head(adas(row))
    if row.writes:
        assert head.status_code == 405
        return
    assert (head.status_code, head.content) == (got.status_code, b"")


@every(PAGES)
async def test_the_wrong_verb_is_told_which_are_right(world: World, row: Operation) -> None:
    ada = Visitor(world)
    await ada.sign_in(ADA)
    options = await ada.client.options(adas(row))
    assert (options.status_code, options.content) == (204, b"")
    answer = await ada.client.request("PROPFIND", adas(row))
    assert answer.status_code == 405
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert row.method in answer.headers["allow"].split(", ")


async def test_the_console_begins_with_the_profile(world: World) -> None:
    for path in (CONSOLE, f"{CONSOLE}/"):
        answer = await Visitor(world).get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, f"{CONSOLE}/profile")


@pytest.mark.changes_nothing
@pytest.mark.parametrize("path", ["nothing", "profile/nothing", "%00", "é", "../../user"])
async def test_an_address_that_serves_nothing_is_a_page_too(world: World, path: str) -> None:
    answer = await Visitor(world).get(f"{CONSOLE}/{path}")
    if path == "../../user":
        assert answer.status_code == 401 or answer.headers["content-type"] == "application/json"
        return
    assert (answer.status_code, "<h1>" in answer.text) == (404, True)


@every(POSTS)
async def test_hostile_bodies_are_refused_on_a_page(world: World, row: Operation) -> None:
    ada = Visitor(world)
    await ada.sign_in(ADA)
    since = len(await world.events())
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    for content in (b"\xff\xfe", b"a=1&" * 5000, b"x" * ((1 << 20) + 1), b'{"a":1}'):
        answer = await ada.client.post(adas(row), content=content, headers=kind)
        assert answer.status_code in {400, 403, 413}
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert await world.actions(since) == []
