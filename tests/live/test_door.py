"""What clients do that no library does: bodies that stop half-way, headers without end."""

import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.infrastructure.server import LiveServer, free_port, serving
from tests.world import ADA

pytestmark = [pytest.mark.live, pytest.mark.parametrize("dialect", ["sqlite"])]

HALVES = [b"Content-Length: 9\r\n\r\nabc", b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"]
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"
"""How HTTP/2 begins (RFC 9113 §3.4)."""
DOOR = """
from tenantry.http.message import Response
from tenantry.http.server import Door

async def greet(request):
    return Response(200, b"hello")

door = Door(greet, patience=0.2)
"""


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[LiveServer]:
    with serving(database_url, tmp_path, trusted_proxies="127.0.0.1") as live:
        yield live


def connect(port: int | None) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port or 0))
    connection.settimeout(20)
    return connection


def answer_to(port: int | None, request: bytes) -> bytes:
    """All that comes until the server closes the connection."""
    with connect(port) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def head(first: str, *lines: str) -> bytes:
    return "\r\n".join([f"{first} HTTP/1.1", "Host: x", *lines, ""]).encode()


def test_a_chain_in_several_lines_is_one(server: LiveServer) -> None:
    chain = [f"X-Forwarded-For: {one}" for one in ("203.0.113.5", "198.51.100.7", "127.0.0.1")]
    key = f"Fastly-Key: {ADA.token}"
    request = head("GET /tokens/self", key, *chain, "Connection: close")
    answer = answer_to(urlsplit(server.url).port, request + b"\r\n")
    assert b'"ip":"198.51.100.7"' in answer


def test_headers_over_the_limit_are_refused(server: LiveServer) -> None:
    lines = [f"X-{number:04}: {'v' * 1018}" for number in range(33)]
    answer = answer_to(urlsplit(server.url).port, head("GET /current_user", *lines) + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 431 "), answer
    assert answer.endswith(b'\r\n\r\n{"msg":"Request header fields too large"}')


def test_a_body_over_the_limit_ends_the_connection(server: LiveServer) -> None:
    request = head("POST /user", f"Fastly-Key: {ADA.token}", "Content-Length: 2000000")
    answer = answer_to(urlsplit(server.url).port, request + b"\r\nabc")
    assert answer.startswith(b"HTTP/1.1 413 "), answer
    assert b"\r\nconnection: close\r\n" in answer


def test_who_says_nothing_keeps_nobody_waiting(server: LiveServer) -> None:
    port = urlsplit(server.url).port
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))
    with ExitStack() as silent:
        for _ in range(1100):
            silent.enter_context(connect(port))
        answer = answer_to(port, head("GET /_health/live", "Connection: close") + b"\r\n")
    assert b"200 OK" in answer
    # Nor is HTTP/2 begun, in which who says no more is never hung up on.
    assert answer_to(port, PREFACE) == b""


def test_a_client_that_leaves_in_mid_body_is_no_fault(database_url: str, tmp_path: Path) -> None:
    with serving(database_url, tmp_path) as server:
        for half in HALVES:
            with connect(urlsplit(server.url).port) as leaving:
                leaving.sendall(head("POST /user") + half)
        # Accepted after the others, so they were begun when this is answered.
        request = head("GET /_health/live", "Connection: close")
        assert b"200 OK" in answer_to(urlsplit(server.url).port, request + b"\r\n")
    assert "raised an exception" not in server.output
    assert "Traceback" not in server.output


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[int]:
    """The port of a door that waits a fifth of a second for a body."""
    (tmp_path / "impatient.py").write_text(DOOR)
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "rsgi", "--port", str(port)]
    process = subprocess.Popen([*command, "--no-ws", "impatient:door"], cwd=tmp_path)
    deadline = time.monotonic() + 30
    while not _is_open(port):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    yield port
    process.terminate()
    assert process.wait(20) == 0


def _is_open(port: int) -> bool:
    try:
        connect(port).close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.mark.parametrize("half", HALVES)
def test_a_body_that_stops_is_not_waited_for(impatient: int, half: bytes, dialect: str) -> None:
    answer = answer_to(impatient, head("POST /user") + half)
    assert answer.startswith(b"HTTP/1.1 408 "), (dialect, answer)
    assert b"\r\nconnection: close\r\n" in answer
    assert answer.endswith(b'\r\n\r\n{"msg":"Request timeout"}')
