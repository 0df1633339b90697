"""The two doors: RSGI (Granian; production) and ASGI (tests, any other server)."""

import re
import zlib
from collections.abc import Awaitable, Callable, Iterable
from functools import lru_cache
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any

from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined] # re-exported, if unmarked

from tenantry.core.addresses import Network, is_in
from tenantry.core.errors import Problem
from tenantry.http.body import MAX_BODY
from tenantry.http.cors import cors_headers
from tenantry.http.message import Header, Request, Response
from tenantry.http.patience import Patience
from tenantry.http.wire import LEGACY

Handle = Callable[[Request], Awaitable[Response]]

_STATUS = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
_POLICY = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; sandbox"
"""Of what is no page: a browser that shows it shows text that does nothing. Pages bring theirs."""
_ALWAYS: tuple[Header, ...] = (
    ("cache-control", "no-store"),
    ("content-security-policy", _POLICY),
    ("pragma", "no-cache"),
    ("vary", "Accept-Encoding"),
    ("x-content-type-options", "nosniff"),
)
_HSTS: Header = ("strict-transport-security", "max-age=31536000")
_HSTS_BELOW: Header = ("strict-transport-security", "max-age=31536000; includeSubDomains")
_CLOSE: Header = ("connection", "close")
_COMPRESSED_FROM = 1024
BODY_SECONDS = 30.0
"""How long a body may take to arrive."""
_MOST_PROXIES = 10
"""Of those that stand before the client, how many are told with its address."""
MAX_HEADER_BYTES = 32 << 10
"""What the names and values of all headers may come to (contract: protocol §14)."""


class Door:
    """Turns what a server hands over into a Request, and a Response into what it sends."""

    def __init__(
        self,
        handle: Handle,
        trusted: tuple[Network, ...] = (),
        origins: str = "",
        patience: float = BODY_SECONDS,
        *,
        secures_subdomains: bool = False,
    ) -> None:
        """Trust some proxies' X-Forwarded-… headers and some origins' pages.

        A body may take `patience` seconds to arrive. Browsers may be told to ask every host below
        this one by TLS alone.
        """
        self._handle = handle
        self._trusted = trusted
        self._origins = frozenset(origins.replace(",", " ").split())
        self._patience = Patience(patience)
        self._hsts = _HSTS_BELOW if secures_subdomains else _HSTS

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """Serve one request of Granian's."""
        headers = scope.headers
        body, is_too_large = b"", False
        refusal = _refuse_headers(headers.keys(), headers.values())
        if refusal is None and scope.method not in _BODILESS:
            try:
                with self._patience.wait():
                    body, is_too_large = await _read(protocol, headers.get("content-length"))
            except TimeoutError:
                refusal = _refusal(408, "Request timeout")
            except ProtocolClosed:  # nobody is left to answer
                return
        request = Request(
            scope.method,
            scope.path,
            scope.query_string,
            headers,
            client=scope.client.rpartition(":")[0].strip("[]"),
            scheme=scope.scheme,
            body=body,
            is_too_large=is_too_large,
        )
        if self._trusted:
            self._believe_proxies(request, lambda name: ",".join(headers.get_all(name)))
        status, answer_headers, content = await self._answer(request, refusal)
        if scope.method == "HEAD" or not content:
            protocol.response_empty(status, answer_headers)
        else:
            protocol.response_bytes(status, answer_headers, content)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request as ASGI has it."""
        if scope["type"] != "http":
            return
        headers = _joined(scope["headers"])
        body, is_too_large = b"", False
        refusal = _refuse_headers(headers, headers.values())
        if refusal is None:
            try:
                with self._patience.wait():
                    body, is_too_large = await _receive(receive)
            except TimeoutError:
                refusal = _refusal(408, "Request timeout")
            except ConnectionAbortedError:  # nobody is left to answer
                return
        request = Request(
            scope["method"],
            scope["path"],
            scope["query_string"].decode("latin-1"),
            headers,
            client=(scope.get("client") or ("",))[0],
            scheme=scope["scheme"],
            body=body,
            is_too_large=is_too_large,
        )
        if self._trusted:
            self._believe_proxies(request, lambda name: headers.get(name, ""))
        status, answer_headers, content = await self._answer(request, refusal)
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer_headers]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send(
            {"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else content}
        )

    async def _answer(
        self, request: Request, refusal: Response | None
    ) -> tuple[int, list[Header], bytes]:
        response = refusal or await self._handle(request)
        headers, content = finished(request, response)
        if request.scheme == "https":
            headers.append(self._hsts)
        if self._origins:
            headers += cors_headers(request, response, self._origins)
        return response.status, headers, content

    def _believe_proxies(self, request: Request, given: Callable[[str], str]) -> None:
        """Take the client's address, scheme and host from what trusted proxies say of them.

        The client is the last address in the chain that is none of the proxies; what is no
        address, is passed over. Scheme and host are those that he asked the first proxy with.
        """
        if not is_in(request.client, self._trusted):
            return
        passed = [request.client]
        for entry in reversed(given("x-forwarded-for").split(",")):
            address = _address(entry.strip())
            if address is None:
                continue
            passed.append(address)
            if not is_in(address, self._trusted):
                break
        request.client = passed[-1]
        # A client that is itself where proxies are could claim any number of them.
        request.via = ", ".join([request.client, *reversed(passed[:-1][:_MOST_PROXIES])])
        hops = len(passed) - 1
        scheme = _first_told(given("x-forwarded-proto"), hops).lower()
        request.scheme = scheme if scheme in {"http", "https"} else request.scheme
        request.host = _first_told(given("x-forwarded-host"), hops) or request.host


def _first_told(chain: str, hops: int) -> str:
    """The entry of the proxy that the client asked, so many hops away.

    What stands before it, anybody can claim; where fewer add to the chain, it is the first.
    """
    return chain.split(",")[-max(hops, 1) :][0].strip(" \t")


_BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})


def _address(text: str) -> str | None:
    """The address in an entry of a chain; some proxies write a port behind it."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        parsed = ip_address(text)
    except ValueError:
        return None
    # A zone is free text, and means nothing on another machine.
    return None if "%" in text else str(parsed)


def _joined(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by name; those that came in several lines as one list (RFC 9110 §5.3)."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        between = "; " if name == "cookie" else ", "
        headers[name] = f"{headers[name]}{between}{value}" if name in headers else value
    return headers


def _refuse_headers(names: Iterable[str], values: Iterable[str]) -> Response | None:
    if len("".join(names)) + len("".join(values)) <= MAX_HEADER_BYTES:
        return None
    return _refusal(431, "Request header fields too large")


def _refusal(status: int, message: str) -> Response:
    """Told by the door itself; what was not read of the request makes the connection useless."""
    return LEGACY.problem(Problem(status, message, headers=(_CLOSE,)))


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
        if message["type"] == "http.disconnect":
            raise ConnectionAbortedError
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > MAX_BODY:
            return b"", True
        chunks.append(chunk)
        more = message.get("more_body", False)
    return b"".join(chunks), False


def finished(request: Request, response: Response) -> tuple[list[Header], bytes]:
    """The headers that every answer bears, and the body, compressed where that is wanted."""
    headers = list(_usual(response.status, response.content_type))
    if replaced := {name for name, _ in response.headers if name in _REPLACEABLE}:
        headers = [header for header in headers if header[0] not in replaced]
    headers += response.headers
    if request.is_too_large:
        headers.append(_CLOSE)
    body = response.body
    if len(body) > _COMPRESSED_FROM and _takes_gzip(request.headers.get("accept-encoding") or ""):
        body = _gzip(body)
        headers.append(("content-encoding", "gzip"))
    if response.status not in _WITHOUT_LENGTH:
        headers.append(("content-length", str(len(body))))
    return headers, body


_REPLACEABLE = frozenset({*(name for name, _ in _ALWAYS), "content-type", "status"})


@lru_cache(maxsize=256)
def _usual(status: int, content_type: str | None) -> tuple[Header, ...]:
    told = () if content_type is None else (("content-type", content_type),)
    return (*_ALWAYS, ("status", _STATUS.get(status, str(status))), *told)


_WITHOUT_LENGTH = frozenset({204, 304})
_NEVER = re.compile(r"q=0(\.0*)?")


@lru_cache(maxsize=256)
def _takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding takes gzip, by name or by `*` (RFC 9110 §12.5.3)."""
    taken: dict[str, bool] = {}
    for one in accepted.lower().replace(" ", "").replace("\t", "").split(","):
        coding, _, weight = one.partition(";")
        taken[coding] = _NEVER.fullmatch(weight) is None
    return taken.get("gzip", taken.get("*", False))


def _gzip(body: bytes) -> bytes:
    compressor = zlib.compressobj(level=1, wbits=31)
    return compressor.compress(body) + compressor.flush()
