"""Whose X-Forwarded-… headers are believed (contract: protocol §17.7)."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from tenantry.app import Application
from tenantry.core.chain import opened
from tenantry.http.log import RequestLog
from tests.world import ADA, TurnedClock, World, settings

BEHIND = {
    "X-Forwarded-For": "203.0.113.5, 198.51.100.7, 192.0.2.99",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "accounts.example.org",
}


@pytest.fixture
async def proxied(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """The world behind proxies that it trusts; the one that asks it is 192.0.2.10."""
    trusting = msgspec.structs.replace(settings(database_url), trusted_proxies="192.0.2.0/24")
    clock = TurnedClock()
    app = Application(trusting, clock, log=RequestLog(enabled=False))
    await app.start()
    opened = World(app, clock, app.database.dialect, tmp_path / "log")
    yield opened
    await opened.stop()


async def test_a_trusted_proxy_says_who_asked(proxied: World) -> None:
    """The last address that is no proxy's: what stands before it, anybody can claim."""
    answer = await proxied.ask(ADA, "GET", "/tokens/self", headers=BEHIND)
    assert answer.json()["ip"] == "198.51.100.7"


async def test_a_trusted_proxy_says_where_it_was_asked(proxied: World) -> None:
    answer = await proxied.ask(ADA, "GET", "/service?per_page=1", headers=BEHIND)
    assert answer.headers["link"].startswith("<https://accounts.example.org/service?")


async def test_a_trusted_proxy_says_how_it_was_asked(proxied: World) -> None:
    headers = {"X-Forwarded-Proto": "https"}
    answer = await proxied.ask(ADA, "GET", "/service?per_page=1", headers=headers)
    assert answer.headers["link"].startswith("<https://api.example.com/service?")
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


@pytest.mark.parametrize(
    ("addresses", "schemes", "hosts", "origin"),
    [
        ("198.51.100.7, 192.0.2.99", "https,http", "a.example.com, b", "https://a.example.com"),
        ("198.51.100.7, 192.0.2.99", "https", "a.example.com", "https://a.example.com"),
        ("198.51.100.7", "https,http", "claimed, a.example.com", "http://a.example.com"),
        ("198.51.100.7", "HTTPS, gopher", "a.example.com, ", "http://api.example.com"),
        ("", "http, https", "claimed, a.example.com", "https://a.example.com"),
    ],
)
async def test_of_several_the_one_that_the_client_asked_says_how(
    proxied: World, addresses: str, schemes: str, hosts: str, origin: str
) -> None:
    """What stands before it, anybody can claim."""
    headers = {"X-Forwarded-Proto": schemes, "X-Forwarded-Host": hosts}
    headers["X-Forwarded-For"] = addresses
    answer = await proxied.ask(ADA, "GET", "/service?per_page=1", headers=headers)
    assert answer.headers["link"].startswith(f"<{origin}/service?")


async def test_nobody_else_does(world: World) -> None:
    answer = await world.ask(ADA, "GET", "/tokens/self", headers=BEHIND)
    assert answer.json()["ip"] == "192.0.2.10"
    answer = await world.ask(ADA, "GET", "/service?per_page=1", headers=BEHIND)
    assert answer.headers["link"].startswith("<http://api.example.com/service?")
    assert "strict-transport-security" not in answer.headers


async def test_the_log_tells_the_client_and_the_proxies_on_the_way(proxied: World) -> None:
    """Client first; not what stands before it in the header, nor what is no address."""
    forwarded = "203.0.113.5, 198.51.100.7, unknown, 192.0.2.99"
    headers = {"X-Forwarded-For": forwarded}
    await proxied.ask(ADA, "PUT", f"/user/{ADA.id}", data={"name": "Ada A."}, headers=headers)
    _, _, body, personal, *_ = (await proxied.events())[-1]
    assert opened(body, personal)["ip"] == "198.51.100.7, 192.0.2.99, 192.0.2.10"
    assert "198.51.100.7" not in body


async def test_a_client_among_the_proxies_claims_no_endless_way(proxied: World) -> None:
    headers = {"X-Forwarded-For": ", ".join(f"192.0.2.{number}" for number in range(20, 60))}
    await proxied.ask(ADA, "PUT", f"/user/{ADA.id}", data={"name": "Ada A."}, headers=headers)
    told = opened(*(await proxied.events())[-1][2:4])["ip"].split(", ")
    assert (told[0], told[-1], len(told)) == ("192.0.2.20", "192.0.2.10", 11)


async def test_without_trust_the_log_tells_who_connected(world: World) -> None:
    await world.ask(ADA, "PUT", f"/user/{ADA.id}", data={"name": "Ada A."}, headers=BEHIND)
    assert opened(*(await world.events())[-1][2:4])["ip"] == "192.0.2.10"
