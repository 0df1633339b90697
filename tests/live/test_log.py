"""Several processes append to one customer's log: without gap, fork or loss, also if one dies."""

import asyncio
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from sqlalchemy import bindparam, select

from tenantry.core import chain, schema
from tenantry.core.database import open_database
from tenantry.core.statements import Statement
from tests.infrastructure.server import LiveServer, serving, start
from tests.world import ADA, BEN, SUE, UMA, WIDGETS, Person, TurnedClock

pytestmark = pytest.mark.live

WRITERS = (ADA, BEN, SUE, UMA)
EACH = 30
"""Writes of each writer in each process."""

_E = schema.events.c
_LOG = Statement(
    select(_E.sequence, _E.id, _E.created_at, _E.number, _E.body)
    .where(_E.customer_id == bindparam("customer_id"))
    .order_by(_E.sequence)
)
_HEAD = Statement(
    select(schema.chains.c.sequence, schema.chains.c.number).where(
        schema.chains.c.customer_id == bindparam("customer_id")
    )
)


@dataclass
class Load:
    """People who rename themselves, all at once, in one of the processes."""

    server: LiveServer
    stop: threading.Event
    answered: list[str] = field(default_factory=list)
    """The request ids of writes that were answered as done."""
    threads: list[threading.Thread] = field(default_factory=list)

    def begin(self, mark: str, most: int) -> None:
        """Start writing."""
        self.threads = [
            threading.Thread(target=self._write, args=(person, mark, most)) for person in WRITERS
        ]
        for thread in self.threads:
            thread.start()

    def _write(self, person: Person, mark: str, most: int) -> None:
        headers = {"Fastly-Key": person.token}
        with httpx.Client(base_url=self.server.url, headers=headers, timeout=30) as client:
            for number in range(most):
                if self.stop.is_set():
                    return
                form = {"name": f"{person.name} {mark} {number}"}
                try:
                    answer = client.put(f"/user/{person.id}", data=form)
                except httpx.HTTPError:  # its server was killed
                    return
                assert answer.status_code == 200, answer.text
                self.answered.append(answer.headers["x-request-id"])

    def end(self) -> None:
        """Wait for the last answers."""
        for thread in self.threads:
            thread.join()


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Where two servers work."""
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    return one, other


def test_two_processes_write_one_log(database_url: str, folders: tuple[Path, Path]) -> None:
    with ExitStack() as stack:
        servers = [stack.enter_context(serving(database_url, folder)) for folder in folders]
        loads = [Load(server, threading.Event()) for server in servers]
        for mark, load in zip("ab", loads, strict=True):
            load.begin(mark, EACH)
        for load in loads:
            load.end()
    answered = [one for load in loads for one in load.answered]
    assert len(answered) == 2 * len(WRITERS) * EACH
    told = asyncio.run(_checked(database_url))
    assert sorted(told) == sorted(answered)


def test_one_process_dies_while_another_writes(
    database_url: str, folders: tuple[Path, Path]
) -> None:
    """What it was in the middle of is there whole or not at all, and the other goes on."""
    doomed = Load(start(database_url, folders[0]), threading.Event())
    with serving(database_url, folders[1]) as server:
        survivor = Load(server, threading.Event())
        doomed.begin("a", 1000)
        survivor.begin("b", 1000)
        _wait_for(doomed, survivor)
        doomed.server.kill()
        doomed.end()
        at_its_death = len(survivor.answered)
        _wait_for(survivor, more=at_its_death + 20)
        survivor.stop.set()
        survivor.end()
    told = asyncio.run(_checked(database_url))
    assert set(doomed.answered) | set(survivor.answered) <= set(told)
    unanswered = len(told) - len(doomed.answered) - len(survivor.answered)
    assert 0 <= unanswered <= len(WRITERS)
    assert len(told) == len(set(told))


def _wait_for(*loads: Load, more: int = 40) -> None:
    """Until each has had that many answers."""
    for load in loads:
        while len(load.answered) < more:
            assert any(thread.is_alive() for thread in load.threads)
            load.stop.wait(0.01)


async def _checked(database_url: str) -> list[str]:
    """The request ids of the renamings in the log, once it is seen to be in order."""
    database = open_database(database_url, TurnedClock())
    await database.start()
    try:
        assert (await chain.verify(database, WIDGETS)).problem is None
        log = await database.all(_LOG, customer_id=WIDGETS)
        head = await database.one(_HEAD, customer_id=WIDGETS)
    finally:
        await database.stop()
    _check_order(log)
    shown = [number for _, _, _, number, body in log if _is_shown(body)]
    assert shown == list(range(1, len(shown) + 1))
    assert head == (len(log), len(shown))
    events = [msgspec.json.decode(body) for *_, body in log]
    return [event["request_id"] for event in events if event["action"] == "user.update"]


def _is_shown(body: str) -> bool:
    return msgspec.json.decode(body)["event_type"] is not None


def _check_order(log: list[tuple[Any, ...]]) -> None:
    """Sequence without gaps; neither ids nor times go back."""
    assert [sequence for sequence, *_ in log] == list(range(1, len(log) + 1))
    ids = [event_id for _, event_id, *_ in log]
    assert ids == sorted(set(ids))
    times = [created_at for _, _, created_at, *_ in log]
    assert times == sorted(times)
