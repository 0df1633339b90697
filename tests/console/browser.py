"""A browser as tests have one: it keeps cookies, follows redirects by hand, and sends forms."""

import re
from dataclasses import dataclass, field
from html import unescape

import httpx

from tests import secrecy
from tests.world import PASSWORD, Person, World

ORIGIN = "https://accounts.example.com"
CONSOLE = "/_tenantry/console"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@dataclass
class Visitor:
    """Somebody's browser, with cookies of its own."""

    world: World
    origin: str = ORIGIN
    agent: str = FIREFOX
    address: str = "192.0.2.10"
    client: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        transport = httpx.ASGITransport(app=self.world.app, client=(self.address, 50_000))
        self.client = httpx.AsyncClient(
            transport=transport, base_url=self.origin, headers={"User-Agent": self.agent}
        )

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """Look at a page."""
        return await self._ask("GET", path, headers=headers)

    async def send(
        self, path: str, form: dict[str, str], *, at: str | None = None, **headers: str
    ) -> httpx.Response:
        """Open the page (`at`, if it stands elsewhere), fill its form in and send it."""
        given = {"form_token": form_token(await self.get(at or path)), **form}
        return await self.post(path, given, **headers)

    async def post(self, path: str, form: dict[str, str], **headers: str) -> httpx.Response:
        """Send a form just so."""
        return await self._ask("POST", path, data=form, headers={"Origin": self.origin, **headers})

    async def sign_in(
        self, who: Person | str, password: str = PASSWORD, next_path: str = ""
    ) -> httpx.Response:
        """Sign in with a password."""
        login = who.login if isinstance(who, Person) else who
        form = {"login": login, "password": password, "next": next_path}
        return await self.send(f"{CONSOLE}/sign-in", form)

    async def sign_in_again(self, who: Person, password: str = PASSWORD) -> httpx.Response:
        """Prove anew who one is, or that one is somebody else, while signed in."""
        form = {"login": who.login, "password": password}
        path = f"{CONSOLE}/sign-in"
        return await self.send(path, form, at=f"{path}?why=confirm")

    def plant(self, value: str, name: str = "__Host-tenantry") -> None:
        """Put a cookie into it."""
        host = self.client.base_url.host
        self.client.cookies.set(name, value, domain=host, path="/")

    def cookie(self, name: str = "__Host-tenantry") -> str | None:
        """What it keeps under a name."""
        return self.client.cookies.get(name)

    async def _ask(self, method: str, path: str, **more: object) -> httpx.Response:
        answer = await self.client.request(method, path, **more)  # type: ignore[arg-type] # httpx's own
        lines = answer.headers.get_list("set-cookie")
        values = {line.partition("=")[2].partition(";")[0] for line in lines}
        self.world.secrets |= {value for value in values if value}
        self.world.secrets |= secrecy.made(answer)
        return answer


def form_token(answer: httpx.Response) -> str:
    """The hidden field of a page's first form."""
    found = re.search(r'name="form_token" value="([^"]+)"', answer.text)
    assert found is not None, answer.text
    return unescape(found[1])
