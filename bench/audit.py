"""How fast a log is checked: an export by the verifier of one file, and a live database.

The events have what a change of a user has: three sealed values, a revision, about 700 bytes.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import BinaryIO

import msgspec

from bench.databases import Kind
from bench.fill import Row, Tables, store
from bench.plan import Run
from bench.report import Result
from bench.server import SECRET_KEY
from tenantry.areas.audit import verification
from tenantry.areas.customers.model import CustomerRow
from tenantry.core import verify_audit
from tenantry.core.audit import Revision
from tenantry.core.chain import canonical, chained, line, seal
from tenantry.core.clock import SECOND, shown, system_clock
from tenantry.core.database import open_database
from tenantry.core.ids import id_at, new_id
from tenantry.core.secrets import parse_key

LEAST = 100_000
"""Events a second."""
_BATCH = 10_000
_PEOPLE = 10_000
"""Whom the events change, in turn."""
_JOBS = os.cpu_count() or 1


def measure(run: Run, kind: Kind) -> None:
    """Check a log of a million events in the database, and its export."""
    events = 100 * run.sizes.few
    keyring = parse_key(SECRET_KEY)
    with tempfile.TemporaryFile() as export, run.databases.empty(kind) as url:
        asyncio.run(store(url, keyring, _log(events, export)))
        asked = verification.Asked(jobs=_JOBS, url=url)

        async def verify() -> None:
            database = open_database(url, system_clock)
            await database.start()
            lines, is_whole = await verification.verify(database, keyring, asked)
            assert is_whole, lines  # noqa: S101 - else nothing was measured
            await database.stop()

        _add(run, f"events verified, {kind}", events, lambda: asyncio.run(verify()))
        if kind == "sqlite":
            _add(run, "events verified, an export", events, lambda: _run_verifier(export))


def _run_verifier(export: BinaryIO) -> None:
    export.seek(0)
    command = [sys.executable, "-I", "-S", verify_audit.__file__, "--jobs", str(_JOBS), "-"]
    subprocess.run(command, stdin=export, stdout=subprocess.DEVNULL, check=True)


def _add(run: Run, name: str, events: int, work: Callable[[], None]) -> None:
    rates, cores = [], []
    for _ in range(run.sizes.rounds):
        before, spent = time.perf_counter(), _core_seconds()
        work()
        rates.append(events / (time.perf_counter() - before))
        cores.append((_core_seconds() - spent) / events * 1e6)
    run.add(
        Result(
            name=name,
            ours=median(rates),
            against=LEAST,
            unit="/s",
            target=1,
            goal="at least",
            rounds=[rate / LEAST for rate in rates],
            ratio=median(rates) / LEAST,
            more=f"{_JOBS} processes, {median(cores):.1f} µs of a core for an event",
        )
    )


def _core_seconds() -> float:
    """Of this process and of those that it waited for; a database server's are not among them."""
    return sum(os.times()[:4])


def _log(events: int, export: BinaryIO) -> Iterator[Tables]:
    """The rows of a customer's log, written out as its export too."""
    customer_id, now = new_id(), system_clock()
    row = CustomerRow(customer_id, "Busy", None, created_at=now, updated_at=now)
    yield {"customers": [msgspec.structs.asdict(row)]}
    people = [new_id() for _ in range(_PEOPLE)]
    digest, tables, ended_at = bytes(32), _empty(), now + events * SECOND
    for sequence in range(1, events + 1):
        user_id, at = people[sequence % _PEOPLE], now + sequence * SECOND
        event, revision = _event(customer_id, user_id, sequence, at)
        revision["to_sequence"] = sequence + _PEOPLE if sequence + _PEOPLE <= events else None
        digest = event["hash"] = chained(digest, event["body"].encode())
        tables["events"].append(event)
        tables["revisions"].append(revision)
        export.write(line(sequence, digest, event["body"], event["personal"]))
        if len(tables["events"]) == _BATCH:
            yield tables
            tables = _empty()
    head = {"customer_id": customer_id, "sequence": events, "hash": digest, "created_at": ended_at}
    tables["chains"] = [head | {"number": events}]
    yield tables


def _empty() -> Tables:
    return {"events": [], "revisions": []}


def _event(customer_id: str, user_id: str, sequence: int, created_at: int) -> tuple[Row, Row]:
    login = f"user{sequence:07d}@example.com"
    values = {
        "description": f"User '{login}' was updated",
        "ip": "192.0.2.10",
        "metadata.login": login,
    }
    personal = {place: (new_id(), value) for place, value in values.items()}
    seals = {place: seal(*salted) for place, salted in personal.items()}
    revision = Revision("user", user_id, {"role": "billing", "limit_services": False})
    filed: Row = {
        "customer_id": customer_id,
        "sequence": sequence,
        "id": id_at(sequence),
        "action": "user.update",
        "event_type": "user.update",
        "user_id": user_id,
        "token_id": user_id,
        "service_id": None,
    }
    changes = {"new": {"role": "billing"}, "old": {"role": "engineer"}}
    body = filed | {
        "admin": False,
        "created_at": shown(created_at),
        "description": seals["description"],
        "format": 1,
        "ip": seals["ip"],
        "metadata": {"login": seals["metadata.login"], **changes},
        "request_id": new_id(),
        "rows": {f"user/{user_id}": revision.digest()},
    }
    text = msgspec.json.encode(personal).decode()
    event = filed | {"created_at": created_at, "body": canonical(body).decode(), "personal": text}
    return event | _numbers(sequence), _made(customer_id, sequence, revision)


def _numbers(sequence: int) -> Row:
    turn = (sequence - 1) // _PEOPLE + 1
    among = {"number": sequence, "type_number": sequence}
    return among | {"user_number": turn, "token_number": turn}


def _made(customer_id: str, sequence: int, revision: Revision) -> Row:
    return {
        "customer_id": customer_id,
        "kind": revision.kind,
        "row_id": revision.row_id,
        "from_sequence": sequence,
        "body": canonical(revision.body).decode(),
    }
