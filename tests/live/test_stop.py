"""Told to stop, a server finishes what it began."""

import signal
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.infrastructure.server import start
from tests.world import ADA

pytestmark = pytest.mark.live


def test_a_request_under_way_is_answered(database_url: str, tmp_path: Path) -> None:
    server = start(database_url, tmp_path)
    body = b"login=late%40example.com"
    head = (
        f"POST /user HTTP/1.1\r\nHost: x\r\nFastly-Key: {ADA.token}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", urlsplit(server.url).port or 0)) as connection:
        connection.settimeout(20)
        # The server is waiting for the rest of this body when it is told to stop.
        connection.sendall(head.encode() + body[:5])
        _wait_until_read(server.url)
        server.process.send_signal(signal.SIGTERM)
        connection.sendall(body[5:])
        answer = connection.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 200 OK"), answer
    assert b"late@example.com" in answer
    assert server.process.wait(20) == 0


def _wait_until_read(url: str) -> None:
    """One more request on another connection: when it is answered, the first was accepted."""
    import httpx  # noqa: PLC0415 - only here

    assert httpx.get(f"{url}/_health/live").status_code == 200
