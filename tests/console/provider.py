"""An OpenID Connect provider of a test's own, which lies as it is told to."""

import asyncio
import base64
import hashlib
import json
import secrets
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from tests.world import NOW

CLIENT, SECRET = "tenantry", "client-secret-of-example+widgets"
SECOND = 1_000_000
Key = RSAKey | ECKey | OKPKey
Answer = tuple[int, dict[str, str], bytes]

# Made once: to make one takes longer than most tests.
_RSA = [RSAKey.generate_key(2048, {"kid": f"rsa-{at}"}) for at in range(2)]


def as_json(document: Any, status: int = 200) -> Answer:
    """An answer."""
    return status, {"Content-Type": "application/json"}, json.dumps(document).encode()


@dataclass
class Grant:
    """A code that was handed out, and what for."""

    asked: dict[str, str]
    claims: dict[str, Any]
    is_used: bool = False


@dataclass
class Provider:
    """What it says, and what it was asked."""

    origin: str = ""
    now: Callable[[], int] = lambda: NOW
    key: Key = field(default_factory=lambda: _RSA[0])
    algorithm: str = "RS256"
    published: list[Key] = field(default_factory=lambda: [_RSA[0]])
    discovery: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    sign: Callable[["Provider", dict[str, Any]], str] | None = None
    """Makes another ID token than an honest one."""
    takes_codes_again: bool = False
    answers: dict[str, Answer] = field(default_factory=dict)
    """Other answers than the honest ones, by the last part of the path."""
    requests: list[tuple[str, dict[str, str], str]] = field(default_factory=list)
    """Path, headers and body of each."""
    _grants: dict[str, Grant] = field(default_factory=dict)
    _path: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def issuer(self) -> str:
        """Its name; another one for each test, because what it says is remembered by it."""
        return f"{self.origin}/{self._path}"

    def asked(self, last: str) -> tuple[dict[str, str], str]:
        """The headers and the body of the newest request to an address that ends so."""
        found = [one for one in self.requests if one[0].endswith(f"/{last}")]
        return found[-1][1:]

    def rotate(self) -> None:
        """Sign with another key from now on, and publish no other."""
        self.key = _RSA[1]
        self.published = [_RSA[1]]

    def consent(self, place: str, **claims: Any) -> str:
        """What somebody who was sent here is sent back with: the query of the callback."""
        asked = dict(parse_qsl(urlsplit(place).query))
        code = secrets.token_urlsafe(16)
        self._grants[code] = Grant(asked, claims)
        return f"code={code}&state={asked['state']}"

    def claims(self, grant: Grant) -> dict[str, Any]:
        """What an honest ID token says."""
        now = self.now() // SECOND
        return {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": "subject-of-ben",
            "nonce": grant.asked["nonce"],
            "iat": now,
            "exp": now + 300,
            **({"auth_time": now} if "max_age" in grant.asked else {}),
            **grant.claims,
        }

    def signed(self, claims: dict[str, Any]) -> str:
        """An ID token as it is to be."""
        header = {"alg": self.algorithm, "kid": self.key.kid}
        with warnings.catch_warnings():
            # That EdDSA has another name by now.
            warnings.simplefilter("ignore")
            return jwt.encode(header, claims, self.key, algorithms=[self.algorithm])

    def answer(self, path: str, body: str) -> Answer:
        """Answer a request."""
        last = path.rpartition("/")[2]
        if last in self.answers:
            return self.answers[last]
        match last:
            case "openid-configuration":
                return as_json(self._document())
            case "keys":
                keys = [key.as_dict(private=False) for key in self.published]
                return as_json({"keys": keys})
            case "token":
                return self._token(parse_qs(body))
            case "userinfo":
                return as_json(self.userinfo)
        return as_json({}, 404)

    def _document(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize?tenant=example",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256", "PS256", "EdDSA"],
            "code_challenge_methods_supported": ["S256"],
            **self.discovery,
        }

    def _token(self, form: dict[str, list[str]]) -> Answer:
        grant = self._grants.get(form["code"][0])
        digest = hashlib.sha256(form["code_verifier"][0].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if grant is None or grant.is_used or grant.asked["code_challenge"] != challenge:
            return as_json({"error": "invalid_grant"}, 400)
        grant.is_used = not self.takes_codes_again
        claims = self.claims(grant)
        token = self.sign(self, claims) if self.sign else self.signed(claims)
        return as_json({"id_token": token, "access_token": "access", "token_type": "Bearer"})


async def _serve(
    provider: Provider, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.split("\r\n")
    headers = {
        name.lower(): value for name, _, value in (line.partition(": ") for line in lines) if name
    }
    body = (await reader.readexactly(int(headers.get("content-length", 0)))).decode()
    path = first.split(" ")[1]
    provider.requests.append((path, headers, body))
    status, more, content = provider.answer(path.partition("?")[0], body)
    more = {"Content-Length": str(len(content)), "Connection": "close", **more}
    told = "".join(f"{name}: {value}\r\n" for name, value in more.items())
    writer.write(f"HTTP/1.1 {status} -\r\n{told}\r\n".encode() + content)
    await writer.drain()
    writer.close()


@asynccontextmanager
async def provided(now: Callable[[], int] = lambda: NOW) -> AsyncIterator[Provider]:
    """A provider that is served, at an address of this machine."""
    provider = Provider(now=now)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _serve(provider, reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    provider.origin = f"http://{host}:{port}"
    async with server:
        yield provider
