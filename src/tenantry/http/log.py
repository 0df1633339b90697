"""One structured line per request, filled in as it goes; lines of one tick are written at once."""

import asyncio
import os
import sys
import traceback
from time import perf_counter, time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from tenantry.http.message import Response
from tenantry.http.metrics import observe

if TYPE_CHECKING:
    from tenantry.http.exchange import Exchange

_encode = msgspec.json.Encoder().encode


_IDS_AT_ONCE = 256
_ids: list[str] = []
os.register_at_fork(after_in_child=_ids.clear)


def new_request_id() -> str:
    """A random UUID (RFC 9562, version 4)."""
    if not _ids:
        # To ask the system for each one's bits takes longer than to make it.
        bits = os.urandom(16 * _IDS_AT_ONCE).hex()
        _ids.extend(bits[at : at + 32] for at in range(0, len(bits), 32))
    text = _ids.pop()
    variant = "89ab"[int(text[16], 16) & 3]
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"


class Line(msgspec.Struct, omit_defaults=True):
    """What is remembered of a request. Nothing of its query or body: those may hold secrets."""

    time: float
    method: str
    path: str
    status: int
    milliseconds: float
    request_id: str
    ip: str
    bytes: int
    operation: str | None = None
    customer_id: str | None = None
    user_id: str | None = None
    token_id: str | None = None
    error: str | None = None


class RequestLog:
    """Writes lines to a file descriptor: standard error, if nothing else is said."""

    def __init__(self, *, enabled: bool = True, descriptor: int | None = None) -> None:
        """Write to that descriptor."""
        self._enabled = enabled
        self._descriptor = sys.stderr.fileno() if descriptor is None else descriptor
        self._lines: list[bytes] = []

    def finished(self, exchange: "Exchange", response: Response) -> None:
        """Note an answered request."""
        seconds = perf_counter() - exchange.started
        operation = exchange.operation
        observe("unknown" if operation is None else operation.name, response.status, seconds)
        if exchange.error is not None:
            self.fault(exchange.error, exchange.request_id)
        if not self._enabled:
            return
        principal = exchange.principal
        request = exchange.request
        line = Line(
            time=round(time(), 3),
            method=request.method,
            path=_told_path(request.path),
            status=response.status,
            milliseconds=round(seconds * 1000, 3),
            request_id=exchange.request_id,
            ip=request.client,
            bytes=len(response.body),
            operation=None if operation is None else operation.name,
            customer_id=principal.customer_id or None,
            user_id=principal.user_id,
            token_id=principal.token_id or None,
            error=None if exchange.error is None else type(exchange.error).__name__,
        )
        self._write(_encode(line))

    def fault(self, error: BaseException, request_id: str = "") -> None:
        """Note what went wrong, with where. Values are left out: they may hold secrets."""
        frames = traceback.extract_tb(error.__traceback__)
        where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        fields: dict[str, Any] = {
            "time": round(time(), 3),
            "level": "error",
            "error": type(error).__name__,
            "request_id": request_id,
            "where": where,
        }
        if error.__cause__ is not None:
            fields["cause"] = type(error.__cause__).__name__
        if advice := getattr(error, "advice", ""):
            fields["advice"] = advice
        self._write(_encode(fields))

    def _write(self, line: bytes) -> None:
        if not self._lines:
            asyncio.get_running_loop().call_soon(self._flush)
        self._lines.append(line)

    def _flush(self) -> None:
        lines, self._lines = self._lines, []
        os.write(self._descriptor, b"\n".join(lines) + b"\n")


_BEFORE_CODES = ("/_tenantry/v1/password/", "/_tenantry/v1/invitation/", "/invitation/accept/")
"""What a path begins with that ends in a secret code, whatever becomes of the request."""


def _told_path(path: str) -> str:
    """The path, without a secret code in it, and with nothing that would steer a terminal."""
    for before in _BEFORE_CODES:
        if path.startswith(before):
            return f"{before}{{code}}"
    told = path[:1000]
    return told if told.isprintable() else quote(told, errors="replace")
