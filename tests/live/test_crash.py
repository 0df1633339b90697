"""Killed at any instant: what was answered is there, whole, and nothing else is half there."""

import asyncio
import socket
import threading
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest
from sqlalchemy import select

from tenantry.core import chain, schema
from tenantry.core.database import open_database
from tenantry.core.statements import Statement
from tests.infrastructure.server import LiveServer, serving, start
from tests.world import ADA, EVE, OTHER, WIDGETS, TurnedClock

pytestmark = pytest.mark.live

CLIENTS = 8
ANSWERS = 150

_U, _E, _R = schema.users.c, schema.events.c, schema.revisions.c
_USERS = Statement(select(_U.id, _U.login).where(_U.login.like("crash-%")))
_CREATED = Statement(select(_E.body).where(_E.action == "user.create"))
_REVISED = Statement(select(_R.row_id).where(_R.kind == "user", _R.to_sequence.is_(None)))


def _write_until_the_end(
    url: str, name: int, answered: dict[str, str], full: threading.Event
) -> None:
    key = (ADA, EVE)[name % 2].token
    with httpx.Client(base_url=url, headers={"Fastly-Key": key}) as client:
        for number in range(1000):
            login = f"crash-{name}-{number}@example.com"
            try:
                answer = client.post("/user", data={"login": login})
            except httpx.HTTPError:
                return
            assert answer.status_code == 200, answer.text
            answered[login] = answer.json()["id"]
            if len(answered) >= ANSWERS:
                full.set()


def test_everything_answered_survives_a_kill(database_url: str, tmp_path: Path) -> None:
    server = start(database_url, tmp_path)
    answered: dict[str, str] = {}
    full = threading.Event()
    writers = [
        threading.Thread(target=_write_until_the_end, args=(server.url, name, answered, full))
        for name in range(CLIENTS)
    ]
    for writer in writers:
        writer.start()
    is_full = full.wait(60)
    server.kill()
    for writer in writers:
        writer.join()
    assert is_full
    with serving(database_url, tmp_path) as again:
        for login, user_id in list(answered.items())[-5:]:
            key = ADA if int(login.split("-")[1]) % 2 == 0 else EVE
            answer = httpx.get(f"{again.url}/user/{user_id}", headers={"Fastly-Key": key.token})
            assert answer.status_code == 200, answer.text
            assert answer.json()["login"] == login
        _kill_who_supervises(again)
    asyncio.run(_check(database_url, answered))


def _kill_who_supervises(server: LiveServer) -> None:
    """Nobody would stop his workers, or start them again: they end with him, and free the port."""
    address = "127.0.0.1", urlsplit(server.url).port or 0
    with socket.create_connection(address, timeout=20) as connection:
        connection.sendall(b"GET /_health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 OK")
        server.process.kill()
        server.process.wait(20)
        assert connection.recv(65_536) == b""


async def _check(database_url: str, answered: dict[str, str]) -> None:
    database = open_database(database_url, TurnedClock())
    await database.start()
    try:
        users: dict[str, str] = dict(await database.all(_USERS))
        created = {
            msgspec.json.decode(body)["metadata"]["user_id"]
            for (body,) in await database.all(_CREATED)
        }
        revised = {row_id for (row_id,) in await database.all(_REVISED)}
        assert set(answered.values()) <= set(users)
        # Also what was committed but not answered any more is whole.
        assert set(users) <= created
        assert set(users) <= revised
        for customer_id in (WIDGETS, OTHER):
            assert (await chain.verify(database, customer_id)).problem is None
    finally:
        await database.stop()
