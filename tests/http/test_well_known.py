"""What is looked for on any host."""

from datetime import UTC, datetime, timedelta

import httpx
import msgspec
import pytest

from tenantry.app import Application
from tenantry.http.log import RequestLog
from tenantry.settings import BadSetting, read_settings
from tests.console.browser import CONSOLE, Visitor
from tests.world import ADA, TurnedClock, World, settings

SECURITY = "/.well-known/security.txt"
DAY_OF_A_CACHE = "public, max-age=86400"


async def test_a_page_has_an_icon_of_this_servers_and_may_show_it(world: World) -> None:
    page = await Visitor(world).get(f"{CONSOLE}/sign-in")
    assert '<link rel="icon" type="image/svg+xml" href="/_tenantry/icon.svg">' in page.text
    assert "; img-src 'self'; " in page.headers["content-security-policy"]
    icon = await world.ask(None, "GET", "/_tenantry/icon.svg")
    assert (icon.status_code, icon.headers["content-type"]) == (200, "image/svg+xml")
    assert icon.headers.get_list("cache-control") == [DAY_OF_A_CACHE]
    assert icon.text.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    for word in ("script", "style", "href", "url("):
        assert word not in icon.text


async def test_search_engines_are_asked_to_stay_away(world: World) -> None:
    answer = await world.ask(None, "GET", "/robots.txt")
    assert answer.text == "User-agent: *\nDisallow: /\n"
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


async def test_clients_that_open_firewalls_to_an_edge_find_none(world: World) -> None:
    answer = await world.ask(None, "GET", "/public-ip-list")
    assert (answer.status_code, answer.json()) == (200, {"addresses": [], "ipv6_addresses": []})


async def test_password_managers_find_where_it_is_changed(world: World) -> None:
    """And that what is not there is not found, which they try first (W3C change-password §3)."""
    ada = Visitor(world)
    await ada.sign_in(ADA)
    answer = await ada.get("/.well-known/change-password")
    assert (answer.status_code, answer.headers["cache-control"]) == (303, "no-store")
    page = await ada.get(answer.headers["location"])
    assert 'autocomplete="new-password"' in page.text
    canary = "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200"
    assert (await ada.get(canary)).status_code == 404


async def test_who_is_not_signed_in_gets_there_by_signing_in(world: World) -> None:
    stranger = Visitor(world)
    answer = await stranger.get("/.well-known/change-password")
    onward = await stranger.get(answer.headers["location"])
    assert onward.headers["location"] == (
        f"{CONSOLE}/sign-in?next=%2F_tenantry%2Fconsole%2Fprofile%2Fpassword"
    )


async def test_nobody_is_named_whom_the_operator_did_not_name(world: World) -> None:
    assert (await world.ask(None, "GET", SECURITY)).status_code == 404


async def test_finders_of_flaws_are_told_whom_to_tell(database_url: str) -> None:
    contact = "mailto:security@example.com"
    given = msgspec.structs.replace(settings(database_url), security_contact=contact)
    clock = TurnedClock()
    app = Application(given, clock, log=RequestLog(enabled=False))
    await app.start()
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(
        transport=transport, base_url="https://accounts.example.com"
    ) as client:
        answer = await client.get(SECURITY)
    await app.stop()
    told = dict(line.split(": ", 1) for line in answer.text.splitlines())
    expires = datetime.fromisoformat(told.pop("Expires"))
    now = datetime.fromtimestamp(clock() / 1_000_000, UTC)
    assert timedelta(days=30) < expires - now < timedelta(days=365)
    canonical = f"https://accounts.example.com{SECURITY}"
    assert told == {"Contact": contact, "Canonical": canonical}
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    "contact",
    ["security@example.com", "http://example.com", "mailto:nobody", "mailto:a@b\nExpires: x", " "],
)
def test_a_contact_that_is_none_stops_the_start(contact: str) -> None:
    with pytest.raises(BadSetting, match="TENANTRY_SECURITY_CONTACT"):
        read_settings({"TENANTRY_SECURITY_CONTACT": contact})
