"""Example Widgets with a provider of its own, for whose domain it was vouched."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from tenantry.app import Application
from tenantry.http.log import RequestLog
from tests.console.browser import CONSOLE, Visitor
from tests.console.provider import CLIENT, SECRET, Provider, provided
from tests.federation_writes import PROVIDERS, operators
from tests.world import ADA, BEN, OPERATOR, WIDGETS, Person, TurnedClock, World, settings

SSO = f"{CONSOLE}/sso"
PROFILE = f"{CONSOLE}/profile"


@dataclass
class Company:
    """The world, and the provider that Ada has connected."""

    world: World
    provider: Provider
    id: str = ""
    visitor: Visitor = field(init=False)

    def __post_init__(self) -> None:
        self.visitor = Visitor(self.world)
        self.world.secrets.add(SECRET)

    async def connect(self, **more: Any) -> str:
        """Connect the provider, enabled."""
        body = {
            "name": "Example Login",
            "issuer": self.provider.issuer,
            "client_id": CLIENT,
            "client_secret": SECRET,
            "is_enabled": True,
            **more,
        }
        await self.world.sudo(ADA)
        answer = await self.world.ask(ADA, "POST", PROVIDERS, json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def set(self, **more: Any) -> None:
        """Change it."""
        await self.world.sudo(ADA)
        answer = await self.world.ask(ADA, "PATCH", f"{PROVIDERS}/{self.id}", json=more)
        assert answer.status_code == 200, answer.text

    async def begin(
        self, who: Person | str = BEN, visitor: Visitor | None = None, *, then: str = ""
    ) -> str:
        """Enter a mail address, to go on to a place; where the browser is sent then."""
        login = who.login if isinstance(who, Person) else who
        answer = await (visitor or self.visitor).send(SSO, {"login": login, "next": then})
        return leads_to(answer)

    async def come_back(
        self, query: str, visitor: Visitor | None = None, *, to: str = ""
    ) -> httpx.Response:
        """Be sent back by the provider."""
        return await (visitor or self.visitor).get(f"{SSO}/callback/{to or self.id}?{query}")

    async def sign_in(
        self, who: Person | str = BEN, *, then: str = "", **claims: Any
    ) -> httpx.Response:
        """The whole way, as somebody whom the provider vouches for."""
        login = who.login if isinstance(who, Person) else who
        known = {"email": login, "email_verified": True, "sub": f"subject of {login}"}
        place = await self.begin(who, then=then)
        return await self.come_back(self.provider.consent(place, **{**known, **claims}))


def leads_to(answer: httpx.Response) -> str:
    """The address that a page goes on to by itself."""
    assert answer.status_code == 200, answer.text
    found = re.search(r'content="0; url=([^"]+)"', answer.text)
    assert found is not None, answer.text
    return unescape(found[1])


def problem_in(answer: httpx.Response) -> str:
    """What a page says is wrong."""
    assert answer.status_code == 400, (answer.status_code, answer.text)
    found = re.search(r'<p role="alert"[^>]*>([^<]+)</p>', answer.text)
    assert found is not None, answer.text
    return unescape(found[1])


@pytest.fixture
async def company(database_url: str, tmp_path: Path) -> AsyncIterator[Company]:
    """A company whose provider may stand on this machine."""
    clock, path = TurnedClock(), tmp_path / "log"
    given = msgspec.structs.replace(settings(database_url), provider_networks="127.0.0.1/32")
    with path.open("ab") as file:
        app = Application(given, clock, log=RequestLog(descriptor=file.fileno()))
        await app.start()
        world = World(app, clock, app.database.dialect, path)
        async with provided(clock) as provider:
            company = Company(world, provider)
            company.id = await company.connect()
            answer = await world.ask(OPERATOR, "PUT", operators("example.com", WIDGETS))
            assert answer.status_code == 200, answer.text
            yield company
        await world.stop()
