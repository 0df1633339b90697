"""What every answer tells browsers, whoever asks for what."""

import re
from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest

from tenantry.app import Application
from tenantry.http.log import RequestLog
from tests.table import CALLED
from tests.world import ADA, SUE, World, settings

POLICY = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; sandbox"
YEAR = "max-age=31536000"
PAGES = {"/_tenantry/v1/password/{code}", "/realms/fastly/protocol/openid-connect/auth"}
"""What is for programs and people alike, and answers with a page."""
PROGRAMS = {
    name: row for name, row in CALLED.items() if row.wire.name != "page" and row.path not in PAGES
}


async def test_what_is_no_page_does_nothing_in_a_browser(world: World) -> None:
    for name, row in PROGRAMS.items():
        for who in (None, SUE):
            answer = await world.ask(who, row.method, re.sub(r"{\w+}", "nobody", row.path))
            assert answer.headers.get_list("content-security-policy") == [POLICY], name
            assert answer.headers.get_list("x-content-type-options") == ["nosniff"], name
            assert "text/html" not in answer.headers.get("content-type", ""), name


@pytest.mark.changes_nothing
@pytest.mark.parametrize("path", ["/", "/nothing", "/openapi.json", "/_metrics", f"/{'x' * 8192}"])
async def test_an_address_of_nobodys_does_neither(world: World, path: str) -> None:
    answer = await world.ask(None, "GET", path)
    assert answer.headers["content-security-policy"] == POLICY


async def test_pages_bring_a_policy_of_their_own(world: World) -> None:
    answer = await world.ask(None, "GET", "/_tenantry/v1/password/none")
    (policy,) = answer.headers.get_list("content-security-policy")
    assert policy.startswith("default-src 'none'; style-src 'sha256-")


async def test_what_is_somebodys_is_kept_nowhere(world: World) -> None:
    for path in ("/current_user", "/tokens", "/customer/nobody"):
        answer = await world.ask(ADA, "GET", path)
        assert answer.headers.get_list("cache-control") == ["no-store"]


@pytest.fixture(params=[False, True], ids=["this host", "and those below"])
async def told(
    request: pytest.FixtureRequest, database_url: str
) -> AsyncIterator[tuple[Application, str]]:
    """A server that speaks of the hosts below it or does not, and what it is to say."""
    given = msgspec.structs.replace(settings(database_url), hsts_subdomains=request.param)
    app = Application(given, log=RequestLog(enabled=False))
    await app.start()
    yield app, f"{YEAR}; includeSubDomains" if request.param else YEAR
    await app.stop()


async def test_tls_is_insisted_on_where_it_is_spoken(told: tuple[Application, str]) -> None:
    app, expected = told
    for path in ("/current_user", "/nothing", "/_tenantry/console/sign-in"):
        for scheme, found in (("https", [expected]), ("http", [])):
            transport = httpx.ASGITransport(app=app)
            origin = f"{scheme}://accounts.example.com"
            async with httpx.AsyncClient(transport=transport, base_url=origin) as client:
                answer = await client.get(path)
            assert answer.headers.get_list("strict-transport-security") == found, (path, scheme)
