"""Told to stop, a server finishes what it began."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.infrastructure.server import free_port, start
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


def test_who_is_told_to_stop_while_he_begins_stops(tmp_path: Path) -> None:
    """His processes are there, and do not serve yet: he says what he serves before they do."""
    command = [sys.executable, "-m", "tenantry", "serve", "--port", str(free_port())]
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    for delay in (0.03, 0.08):
        with subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True
        ) as server:
            assert server.stdout is not None
            while "Stop with" not in server.stdout.readline():
                assert server.poll() is None
            time.sleep(delay)
            server.terminate()
            assert server.wait(20) in {0, -signal.SIGTERM}


def _wait_until_read(url: str) -> None:
    """One more request on another connection: when it is answered, the first was accepted."""
    import httpx  # noqa: PLC0415 - only here

    assert httpx.get(f"{url}/_health/live").status_code == 200
