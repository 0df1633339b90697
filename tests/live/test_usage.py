"""Usage sent by many at once, to processes that may be killed: nothing lost, nothing twice."""

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from tenantry.core import schema
from tenantry.core.clock import shown, system_clock
from tenantry.core.database import open_database
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tests.areas.usage_calls import PATH, check_sums, event
from tests.infrastructure.server import LiveServer, serving, start
from tests.world import API, ELSEWHERE, OPERATOR, OTHER, WIDGETS, WWW, TurnedClock

pytestmark = pytest.mark.live

CLIENTS = 4
BATCHES, OWN_BATCHES, SIZE = 12, 4, 60
ANSWERS = 20

_AGE = Statement(update(schema.customers).values(created_at=0))
"""These servers' clock is the machine's own: customers are made to have been there always."""
Batch = list[dict[str, Any]]
Results = list[dict[str, str]]
_WHOSE = ((WIDGETS, WWW), (WIDGETS, API), (OTHER, ELSEWHERE))


def _batch(name: str, size: int = SIZE) -> Batch:
    """Events of both customers, in an order that differs from batch to batch."""
    chance = random.Random(name)  # noqa: S311 - repeatable, not secret
    at = shown(system_clock())
    events = []
    for number in range(size):
        customer_id, service_id = _WHOSE[number % 3]
        said = {"customer_id": customer_id, "service_id": service_id, "timestamp": at}
        events.append(event(f"{name}/{number}", quantity=f"{number}.{number:06}", **said))
    chance.shuffle(events)
    return events


def _send(client: httpx.Client, batch: Batch) -> Results:
    answer = client.post(PATH, json={"events": batch})
    assert answer.status_code == 200, answer.text
    results: Results = answer.json()["results"]
    return results


def _client(server: LiveServer) -> httpx.Client:
    return httpx.Client(base_url=server.url, headers={"Fastly-Key": OPERATOR}, timeout=60)


def _send_all(server: LiveServer, batches: Sequence[Batch]) -> Results:
    with _client(server) as client:
        return [one for batch in batches for one in _send(client, batch)]


async def _age(url: str) -> None:
    database = open_database(url, TurnedClock())
    await database.start()

    async def work(unit: Unit) -> None:
        await unit.run(_AGE)

    await database.write(work)
    await database.stop()


async def _count(url: str) -> int:
    """How many events the ledger holds; its sums are seen to be right."""
    database = open_database(url, TurnedClock())
    await database.start()
    try:
        return await check_sums(database)
    finally:
        await database.stop()


def test_many_send_the_same_and_others(database_url: str, tmp_path: Path) -> None:
    asyncio.run(_age(database_url))
    same = [_batch(f"same-{number}") for number in range(BATCHES)]
    with serving(database_url, tmp_path, workers=2) as server:
        sent = []
        for name in range(CLIENTS):
            own = [_batch(f"own-{name}-{number}") for number in range(OWN_BATCHES)]
            mixed = same + own
            random.Random(name).shuffle(mixed)  # noqa: S311 - repeatable, not secret
            sent.append(mixed)
        with ThreadPoolExecutor(CLIENTS) as pool:
            answers = list(pool.map(lambda batches: _send_all(server, batches), sent))
    became = Counter((one["id"], one["status"]) for answer in answers for one in answer)
    of_all = (BATCHES + CLIENTS * OWN_BATCHES) * SIZE
    accepted = {key: count for key, count in became.items() if key[1] == "accepted"}
    assert (len(accepted), set(accepted.values())) == (of_all, {1})
    assert {status for _, status in became} == {"accepted", "duplicate"}
    assert asyncio.run(_count(database_url)) == of_all


def test_one_identity_for_two_customers(database_url: str, tmp_path: Path) -> None:
    """Nothing serialises these but the identity itself."""
    asyncio.run(_age(database_url))
    at = shown(system_clock())
    names = [f"contested/{number}" for number in range(30)]
    batches = [
        [event(name, customer_id=customer_id, timestamp=at) for name in names[::direction]]
        for customer_id in (WIDGETS, OTHER)
        for direction in (1, -1)
    ]
    with serving(database_url, tmp_path, workers=2) as server, ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda batch: _send_all(server, [batch]), batches))
    for name in names:
        became = sorted(one["status"] for answer in answers for one in answer if one["id"] == name)
        assert became == ["accepted", "conflict", "conflict", "duplicate"]
    assert asyncio.run(_count(database_url)) == len(names)


def _send_until_the_end(
    server: LiveServer, name: int, answered: list[Batch], full: threading.Event
) -> None:
    with _client(server) as client:
        for number in range(1000):
            batch = _batch(f"killed-{name}-{number}")
            try:
                results = _send(client, batch)
            except httpx.HTTPError:
                return
            assert {one["status"] for one in results} == {"accepted"}
            answered.append(batch)
            if len(answered) >= ANSWERS:
                full.set()


def test_what_was_answered_survives_a_kill(database_url: str, tmp_path: Path) -> None:
    asyncio.run(_age(database_url))
    server = start(database_url, tmp_path, workers=2)
    answered: list[Batch] = []
    full = threading.Event()
    senders = [
        threading.Thread(target=_send_until_the_end, args=(server, name, answered, full))
        for name in range(CLIENTS)
    ]
    for sender in senders:
        sender.start()
    is_full = full.wait(60)
    server.kill()
    for sender in senders:
        sender.join()
    assert is_full
    there = asyncio.run(_count(database_url))
    # A batch is there as a whole or not at all, also one that was not answered any more.
    assert there % SIZE == 0
    assert there >= len(answered) * SIZE
    with serving(database_url, tmp_path) as again:
        results = _send_all(again, answered)
    assert {one["status"] for one in results} == {"duplicate"}
    assert asyncio.run(_count(database_url)) == there
