"""What durable writes are compared with: the driver in a loop, written by hand.

For each user one transaction, with every row that `POST /user` writes, and nothing else: no HTTP,
no checks, no permissions. `python -m bench.by_hand URL FILE CLIENTS SECONDS`, where the file names
a customer a line, prints what was done as JSON.
"""

import asyncio
import hashlib
import os
import sys
import time
from collections.abc import Iterator
from functools import cache
from itertools import cycle
from pathlib import Path
from typing import Any

import apsw
import asyncpg
import msgspec
import uvloop

from tenantry.core.clock import HOUR, shown, system_clock
from tenantry.core.database import sqlite_path
from tenantry.core.ids import id_at, new_id

_COUNT = """
INSERT INTO write_counts (principal_id, hour, count) VALUES ($1, $2, 1)
ON CONFLICT (principal_id, hour) DO UPDATE SET count = write_counts.count + 1"""
_HEAD = "SELECT sequence, hash FROM chains WHERE customer_id = $1"
_ADD_USER = """
INSERT INTO users (customer_id, id, name, login, login_key, role, roles, failed_sign_ins,
    locked_by_superuser, limit_services, created_at, updated_at)
VALUES ($1, $2, 'Ben Engineer', $3, $4, 'engineer', '[]', 0, false, false, $5, $6)"""
_ADD_CODE = """
INSERT INTO password_codes (customer_id, id, user_id, purpose, digest, expires_at, created_at)
VALUES ($1, $2, $3, 'set_password', $4, $5, $6)"""
_ADD_EVENT = """
INSERT INTO events (customer_id, sequence, id, action, event_type, user_id, token_id, created_at,
    body, personal, hash, number, type_number, user_number, token_number)
VALUES ($1, $2, $3, 'user.create', 'user.create', $4, $5, $6, $7, $8, $9, $2, $2, $2, $2)"""
_ADD_REVISION = """
INSERT INTO revisions (customer_id, kind, row_id, from_sequence, body)
VALUES ($1, 'user', $2, $3, $4)"""
_ADD_LETTER = """
INSERT INTO outbox (id, customer_id, kind, payload, due_at, attempts, created_at)
VALUES ($1, $2, 'mail', $3, $4, 0, $5)"""
_MOVE_HEAD = """
UPDATE chains SET sequence = $2, hash = $3, created_at = $4, number = $2
WHERE customer_id = $1"""

_REVISION = '{"limit_services":false,"locked":false,"role":"engineer","roles":[]}'

Change = tuple[str, tuple[Any, ...]]


class Done(msgspec.Struct, frozen=True):
    """What a run did."""

    requests: int
    seconds: float

    @property
    def rate(self) -> float:
        """Users a second."""
        return self.requests / self.seconds


def _changes(customer_id: str, sequence: int, before: bytes) -> Iterator[Change]:
    """All that one new user takes, once the end of the log is known."""
    now, user_id, sequence = system_clock(), new_id(), sequence + 1
    login = f"ben-{user_id}@example.com"
    body, personal = _event(customer_id, sequence, user_id, login, now)
    digest = hashlib.sha256(before + body.encode()).digest()
    code_id = new_id()
    facts = {"customer_name": "Customer 000", "login": login, "user_name": "Ben Engineer"}
    letter = {
        "template": "set_password",
        "to": login,
        "facts": {**facts, "valid_for": "7 days"},
        "code": ["set_password", code_id],
    }
    payload = msgspec.json.encode(letter).decode()
    code = (customer_id, code_id, user_id, os.urandom(32), now + HOUR, now)
    event = (
        customer_id,
        sequence,
        id_at(sequence),
        customer_id,
        customer_id,
        now,
        body,
        personal,
        digest,
    )
    yield _ADD_USER, (customer_id, user_id, login, login, now, now)
    yield _ADD_CODE, code
    yield _ADD_EVENT, event
    yield _ADD_REVISION, (customer_id, user_id, sequence, _REVISION)
    yield _ADD_LETTER, (id_at(now // 1000), customer_id, payload, now, now)
    yield _MOVE_HEAD, (customer_id, sequence, digest, now)


def _event(customer_id: str, sequence: int, user_id: str, login: str, now: int) -> tuple[str, str]:
    """An event of the size of a real one: its body, and the personal values beside it."""
    salts = {name: os.urandom(16).hex() for name in ("description", "ip", "metadata.login")}
    personal = {
        "description": (new_id(), f"User '{login}' was created"),
        "ip": (new_id(), "127.0.0.1"),
        "metadata.login": (new_id(), login),
    }
    body = {
        "action": "user.create",
        "admin": False,
        "created_at": shown(now),
        "customer_id": customer_id,
        "decision_id": 4 * salts["ip"],
        "event_type": "user.create",
        "format": 1,
        "id": id_at(sequence),
        "metadata": {"login": 2 * salts["ip"], "role": "engineer", "user_id": user_id},
        "proxies": [],
        "request_id": salts["ip"] + "----",
        "rows": {f"user/{user_id}": 2 * salts["description"]},
        "sequence": sequence,
        "service_id": None,
        "description": 2 * salts["description"],
        "ip": 2 * salts["metadata.login"],
        "token_id": customer_id,
        "user_id": customer_id,
    }
    return msgspec.json.encode(body).decode(), msgspec.json.encode(personal).decode()


@cache
def _for_sqlite(sql: str) -> str:
    return sql.replace("$", "?")


def on_sqlite(path: str, customers: list[str], seconds: float) -> Done:
    """One connection: SQLite has one writer, whoever waits for it."""
    connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READWRITE)
    connection.set_busy_timeout(15_000)
    connection.execute("PRAGMA synchronous=FULL")
    started, requests = time.monotonic(), 0
    for customer_id in cycle(customers):
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(_for_sqlite(_COUNT), (customer_id, system_clock() // HOUR))
        head: tuple[Any, ...] = connection.execute(_for_sqlite(_HEAD), (customer_id,)).fetchall()[0]
        for sql, values in _changes(customer_id, *head):
            connection.execute(_for_sqlite(sql), values)
        connection.execute("COMMIT")
        requests += 1
        if time.monotonic() - started >= seconds:
            break
    connection.close()
    return Done(requests, time.monotonic() - started)


async def on_postgresql(url: str, customers: list[str], clients: int, seconds: float) -> Done:
    """A connection for each client."""
    started = time.monotonic()
    counts = await asyncio.gather(
        *(
            _client(url, customers[number % len(customers)], started + seconds)
            for number in range(clients)
        )
    )
    return Done(sum(counts), time.monotonic() - started)


async def _client(url: str, customer_id: str, until: float) -> int:
    connection = await asyncpg.connect(url)
    requests = 0
    while time.monotonic() < until:
        async with connection.transaction():
            await connection.execute(_COUNT, customer_id, system_clock() // HOUR)
            (head,) = await connection.fetch(f"{_HEAD} FOR UPDATE", customer_id)
            for sql, values in _changes(customer_id, *head):
                await connection.execute(sql, *values)
        requests += 1
    await connection.close()
    return requests


def main(url: str, file: str, clients: str, seconds: str) -> None:
    """Write, and tell how much."""
    customers = Path(file).read_text().split()
    if url.startswith("sqlite:"):
        done = on_sqlite(sqlite_path(url), customers, float(seconds))
    else:
        done = uvloop.run(on_postgresql(url, customers, int(clients), float(seconds)))
    print(msgspec.json.encode(done).decode())


if __name__ == "__main__":
    main(*sys.argv[1:])
