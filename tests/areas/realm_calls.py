"""A program that signs somebody in as the official command line does, and tries other ways."""

import base64
import hashlib
import json
import re
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx

from tests.console.browser import CONSOLE, ORIGIN, Visitor, form_token
from tests.world import ADA, PASSWORD, SUE, Person, World

REALM = "/realms/fastly/protocol/openid-connect"
AUTH, TOKEN, CERTS = f"{REALM}/auth", f"{REALM}/token", f"{REALM}/certs"
LISTENER = "http://localhost:8080/callback"
VERIFIER = "a-verifier-that-nobody-guesses-0123456789-abcdef"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest())[:43].decode()
ASKED = {
    "audience": ORIGIN,
    "client_id": "fastly-cli",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
    "redirect_uri": LISTENER,
    "response_type": "code",
    "scope": "openid",
}
"""What every request to sign somebody in says."""


@dataclass
class Program:
    """A command line on somebody's machine, and the browser there."""

    world: World
    browser: Visitor = field(init=False)

    def __post_init__(self) -> None:
        self.browser = Visitor(self.world)

    async def open(self, **changes: str | None) -> httpx.Response:
        """Open the address in the browser; None leaves a parameter out."""
        return await self.browser.get(address(**changes))

    async def allow(self, decision: str = "allow", **changes: str | None) -> httpx.Response:
        """Press a button on the page, as whoever is signed in."""
        page = await self.open(**changes)
        form = {"form_token": form_token(page), "decision": decision}
        return await self.browser.post(deciding(**changes), form)

    async def sign_in_again(self, who: Person, place: str) -> httpx.Response:
        """Sign in although somebody is, to go on to a place."""
        form = {"login": who.login, "password": PASSWORD, "next": place}
        page = f"{CONSOLE}/sign-in"
        return await self.browser.send(page, form, at=f"{page}?why=confirm")

    async def sign_out(self) -> None:
        """Sign out of the browser, and of nothing else."""
        answer = await self.browser.send(f"{CONSOLE}/sign-out", {})
        assert answer.status_code == 303

    async def code(self, **changes: str | None) -> str:
        """A code for who is signed in."""
        return answered(await self.allow("allow", **changes))["code"]

    async def redeem(self, code: str, /, **changes: str | None) -> httpx.Response:
        """Redeem a code as the command line does: the form is not percent-encoded."""
        form = {
            "grant_type": "authorization_code",
            "client_id": "fastly-cli",
            "code_verifier": VERIFIER,
            "code": code,
            "redirect_uri": LISTENER,
        }
        return await self.post(**(form | changes))

    async def refresh(self, refresh_token: str, /, **changes: str | None) -> httpx.Response:
        """Use a refresh token."""
        form = {"grant_type": "refresh_token", "client_id": "fastly-cli"}
        return await self.post(**(form | {"refresh_token": refresh_token} | changes))

    async def post(self, **form: str | None) -> httpx.Response:
        """Send something to where codes are redeemed."""
        body = "&".join(f"{name}={value}" for name, value in form.items() if value is not None)
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await self.world.ask(None, "POST", TOKEN, content=body, headers=kind)
        told = answer.json()
        secret = [form.get("code"), form.get("refresh_token")]
        secret += [told.get("refresh_token"), told.get("id_token")]
        self.world.secrets |= {one for one in secret if one and len(one) > len("refresh_token")}
        return answer

    async def exchange(self, token: str) -> httpx.Response:
        """Exchange an access token for a session's key."""
        headers = {"Authorization": f"Bearer {token}"}
        return await self.world.ask(None, "POST", "/login-enhanced", headers=headers)

    async def tokens(self, **changes: str | None) -> dict[str, Any]:
        """What is issued to who is signed in."""
        answer = await self.redeem(await self.code(**changes))
        assert answer.status_code == 200, answer.text
        issued: dict[str, Any] = answer.json()
        return issued

    async def session(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """What is issued, and the session that came of it."""
        issued = await self.tokens()
        answer = await self.exchange(issued["access_token"])
        assert answer.status_code == 200, answer.text
        return issued, answer.json()


async def program(world: World, who: Person = ADA) -> Program:
    """A program on the machine of somebody who is signed in."""
    made = Program(world)
    await made.browser.sign_in(who)
    return made


def address(**changes: str | None) -> str:
    """Where a program has somebody sign in."""
    given = {name: value for name, value in (ASKED | changes).items() if value is not None}
    return f"{AUTH}?{urlencode(given)}"


def deciding(**changes: str | None) -> str:
    """Where the page's form goes then."""
    return address(**changes).replace(AUTH, f"{CONSOLE}/consent")


def answered(answer: httpx.Response) -> dict[str, str]:
    """What a program was told, where it listens."""
    assert answer.status_code == 303, answer.text
    place, _, query = answer.headers["location"].partition("?")
    assert place == LISTENER
    return dict(parse_qsl(query, strict_parsing=True))


def wanted(answer: httpx.Response) -> str:
    """Where somebody who was sent to sign in comes back to."""
    assert answer.status_code == 303, answer.text
    parts = urlsplit(answer.headers["location"])
    assert parts.path == f"{CONSOLE}/sign-in"
    return dict(parse_qsl(parts.query))["next"]


def onward(answer: httpx.Response, seconds: int = 0) -> str:
    """Where a page goes on to by itself."""
    found = re.search(rf'http-equiv="refresh" content="{seconds}; url=([^"]+)"', answer.text)
    assert found is not None, answer.text
    return unescape(found[1])


def claims(token: str) -> dict[str, Any]:
    """What a web token says, unchecked."""
    payload = token.split(".")[1]
    decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return decoded


async def walk_with_programs(world: World) -> None:
    """Sue signs in on the command line, and somebody else has read her code."""
    cli = await program(world, SUE)
    code = await cli.code()
    for _ in range(2):
        await cli.redeem(code)
