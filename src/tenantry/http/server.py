"""The two doors: RSGI (Granian; production) and ASGI (tests, any other server)."""

import zlib
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from tenantry.core.addresses import Network, is_in
from tenantry.http.body import MAX_BODY
from tenantry.http.cors import cors_headers
from tenantry.http.message import Header, Request, Response

Handle = Callable[[Request], Awaitable[Response]]

_STATUS = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
_ALWAYS: tuple[Header, ...] = (
    ("cache-control", "no-store"),
    ("pragma", "no-cache"),
    ("vary", "Accept-Encoding"),
    ("x-content-type-options", "nosniff"),
)
_HSTS: Header = ("strict-transport-security", "max-age=31536000")
_COMPRESSED_FROM = 1024


class Door:
    """Turns what a server hands over into a Request, and a Response into what it sends."""

    def __init__(
        self, handle: Handle, trusted: tuple[Network, ...] = (), origins: str = ""
    ) -> None:
        """Trust some proxies' X-Forwarded-… headers, and some origins' pages."""
        self._handle = handle
        self._trusted = trusted
        self._origins = frozenset(origins.replace(",", " ").split())

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """Serve one request of Granian's."""
        headers = scope.headers
        body, is_too_large = b"", False
        if scope.method not in _BODILESS:
            body, is_too_large = await _read(protocol, headers.get("content-length"))
        client, scheme = scope.client.rpartition(":")[0].strip("[]"), scope.scheme
        request = Request(
            scope.method,
            scope.path,
            scope.query_string,
            headers,
            client=client,
            scheme=scheme,
            body=body,
            is_too_large=is_too_large,
        )
        if self._trusted:
            self._believe_proxies(request)
        response = await self._handle(request)
        answer_headers, content = finished(request, response)
        if self._origins:
            answer_headers += cors_headers(request, response, self._origins)
        if scope.method == "HEAD" or not content:
            protocol.response_empty(response.status, answer_headers)
        else:
            protocol.response_bytes(response.status, answer_headers, content)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request as ASGI has it."""
        if scope["type"] != "http":
            return
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        body, is_too_large = await _receive(receive)
        client, scheme = (scope.get("client") or ("",))[0], scope["scheme"]
        request = Request(
            scope["method"],
            scope["path"],
            scope["query_string"].decode("latin-1"),
            headers,
            client=client,
            scheme=scheme,
            body=body,
            is_too_large=is_too_large,
        )
        if self._trusted:
            self._believe_proxies(request)
        response = await self._handle(request)
        answer_headers, content = finished(request, response)
        if self._origins:
            answer_headers += cors_headers(request, response, self._origins)
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer_headers]
        await send({"type": "http.response.start", "status": response.status, "headers": raw})
        await send(
            {"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else content}
        )

    def _believe_proxies(self, request: Request) -> None:
        """Take the client's address, scheme and host from what trusted proxies say of them.

        The client is the last address in the chain that is none of the proxies.
        """
        if not is_in(request.client, self._trusted):
            return
        given = request.headers.get
        chain = [one.strip() for one in (given("x-forwarded-for") or "").split(",")]
        for address in reversed([one for one in chain if one]):
            request.client = address
            if not is_in(address, self._trusted):
                break
        scheme = (given("x-forwarded-proto") or "").lower()
        request.scheme = scheme if scheme in {"http", "https"} else request.scheme
        request.host = given("x-forwarded-host") or request.host


_BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})


async def _read(protocol: Any, declared: str | None) -> tuple[bytes, bool]:
    if declared is not None and declared.isdigit():
        if int(declared[:20]) > MAX_BODY:
            return b"", True
        return await protocol(), False
    chunks: list[bytes] = []
    size = 0
    async for chunk in protocol:
        size += len(chunk)
        if size > MAX_BODY:
            return b"", True
        chunks.append(chunk)
    return b"".join(chunks), False


async def _receive(receive: Any) -> tuple[bytes, bool]:
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > MAX_BODY:
            return b"", True
        chunks.append(chunk)
        more = message.get("more_body", False)
    return b"".join(chunks), False


def finished(request: Request, response: Response) -> tuple[list[Header], bytes]:
    """The headers that every answer bears, and the body, compressed where that is wanted."""
    headers = [*_ALWAYS, ("status", _STATUS.get(response.status, str(response.status)))]
    if response.headers:
        named = {name for name, _ in response.headers}
        headers = [header for header in headers if header[0] not in named]
        headers += response.headers
    if request.scheme == "https":
        headers.append(_HSTS)
    body = response.body
    if response.content_type is not None:
        headers.append(("content-type", response.content_type))
    if len(body) > _COMPRESSED_FROM and "gzip" in (request.headers.get("accept-encoding") or ""):
        body = _gzip(body)
        headers.append(("content-encoding", "gzip"))
    if response.status not in _WITHOUT_LENGTH:
        headers.append(("content-length", str(len(body))))
    return headers, body


_WITHOUT_LENGTH = frozenset({204, 304})


def _gzip(body: bytes) -> bytes:
    compressor = zlib.compressobj(level=1, wbits=31)
    return compressor.compress(body) + compressor.flush()
