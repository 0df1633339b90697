"""Usage events, taken in through HTTP, against the driver that inserts the same rows."""

import asyncio
import http.client
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median

import msgspec
from sqlalchemy import update

from bench import server
from bench.databases import Databases, Kind
from bench.load import LoadError
from bench.machine import beside
from bench.plan import Run
from bench.report import Result, within
from bench.server import SECRET_KEY, Server
from bench.usage_events import BATCH, batch
from tenantry.areas.operator import founding
from tenantry.core import schema
from tenantry.core.clock import DAY, Instant, system_clock
from tenantry.core.database import open_database
from tenantry.core.secrets import parse_key
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit

SENDERS = 4
"""Connections that send at once, each the next batch as soon as the last was answered."""
BATCHES_A_SECOND = 40
BY_HAND, FLAT = 0.5, 1.25
LIMIT_MB = 150
"""Resident memory of the worker, pages of the database's file that it maps included."""
_PATH = "/_operator/v1/usage-events"
_AGE = Statement(update(schema.customers).values(created_at=0))


class Ingested(msgspec.Struct, frozen=True):
    """What was taken in: events a second, and the server's time for one, in µs."""

    rate: float
    cpu: float


class Meters(msgspec.Struct):
    """Who sends usage to the two databases, and how far they are."""

    databases: Databases
    kind: Kind
    url: str
    by_hand: str
    key: str
    customers: list[str]
    start: Instant
    sent: int = 0
    """Batches, by either."""

    def fill(self, events: int) -> None:
        """Let both ledgers hold that many, and the same."""
        count = max(events // BATCH - self.sent, 0)
        self.insert(self.url, count, "fill")
        self.sent += count
        self.databases.copy(self.kind, self.url, self.by_hand)

    def insert(self, url: str, count: int, *how: str) -> float:
        """Have the driver insert the next batches; the events a second."""
        file = self.databases.folder / "metered"
        file.write_text("\n".join(self.customers))
        command = [sys.executable, "-m", "bench.ingest_by_hand", url, str(file), str(self.start)]
        command += [str(self.sent), str(count), *how]
        with beside("server"):
            done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
        return float(done.stdout)

    def send(self, ours: Server, count: int) -> Ingested:
        """Send the next batches to the server. Raises LoadError."""
        bodies = [
            msgspec.json.encode({"events": batch(self.customers, self.start, self.sent + number)})
            for number in range(count)
        ]
        cpu, before = ours.cpu_seconds(), time.perf_counter()
        with ThreadPoolExecutor(SENDERS) as pool:
            shares = [bodies[first::SENDERS] for first in range(SENDERS)]
            list(pool.map(lambda share: _post(ours.port, self.key, share), shares))
        taken = time.perf_counter() - before
        events = count * BATCH
        return Ingested(events / taken, (ours.cpu_seconds() - cpu) / events * 1e6)


def measure(plan: Run, kind: Kind) -> None:
    """With an empty ledger, and with ever fuller ones."""
    with (
        plan.databases.filled(kind, plan.sizes.few) as filled,
        plan.databases.empty(kind) as by_hand,
    ):
        meters = Meters(
            plan.databases,
            kind,
            filled.url,
            by_hand,
            asyncio.run(_operator_key(filled.url)),
            [one.customer_id for one in filled.known],
            system_clock() - 390 * DAY,
        )
        costs = []
        for events in plan.sizes.ledger:
            meters.fill(events)
            plan.rest()
            with server.ours(filled.url, work="false") as ours:
                ours.wait(f"/customer/{filled.known[0].customer_id}", filled.known[0].key)
                costs.append(_measure(plan, meters, ours, f"{kind}, {events:,} before"))
        plan.add(_growth(kind, plan.sizes.ledger, costs))


def _measure(plan: Run, meters: Meters, ours: Server, which: str) -> list[float]:
    """In turn: ours, by hand; the server's time for an event, of each round."""
    count = plan.sizes.seconds * BATCHES_A_SECOND
    pairs = []
    for _ in range(plan.sizes.rounds + 1):
        mine = meters.send(ours, count)
        pairs.append((mine, meters.insert(meters.by_hand, count)))
        meters.sent += count
    del pairs[0]
    rounds = [mine.rate / other for mine, other in pairs]
    plan.add(
        Result(
            name=f"usage events, {which}",
            ours=median(mine.rate for mine, _ in pairs),
            against=median(other for _, other in pairs),
            unit="/s",
            target=BY_HAND,
            goal="at least",
            rounds=rounds,
            ratio=median(rounds),
            more=f"{median(mine.cpu for mine, _ in pairs):.1f} µs of the server's core an event",
        )
    )
    resident = ours.worker().memory_info().rss / 2**20
    plan.add(within(f"memory after it, {which}", [resident], limit=LIMIT_MB, unit="MB"))
    return [mine.cpu for mine, _ in pairs]


def _growth(kind: Kind, sizes: tuple[int, ...], costs: list[list[float]]) -> Result:
    small, large = median(costs[1 if len(costs) > 2 else 0]), median(costs[-1])  # noqa: PLR2004 - the first is empty
    return Result(
        name=f"an event's time on the core, {sizes[-1]:,} before against fewer, {kind}",
        ours=large,
        against=small,
        unit="µs",
        target=FLAT,
        goal="at most",
        rounds=[large / small],
        ratio=large / small,
    )


async def _operator_key(url: str) -> str:
    """A key for the meters; and customers who have been there since before the first event."""
    database = open_database(url, system_clock)
    await database.start()

    async def work(unit: Unit) -> None:
        await unit.run(_AGE)

    await database.write(work)
    key = await founding.create_operator_key(database, parse_key(SECRET_KEY))
    await database.stop()
    return key


def _post(port: int, key: str, bodies: list[bytes]) -> None:
    """Send bodies one after the other; all their events must be accepted. Raises LoadError."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Fastly-Key": key, "Content-Type": "application/json"}
    for body in bodies:
        connection.request("POST", _PATH, body, headers)
        answer = connection.getresponse()
        said = answer.read()
        if answer.status != http.HTTPStatus.OK or said.count(b'"accepted"') != BATCH:
            message = f"{answer.status} {said[:300]!r}"
            raise LoadError(message)
    connection.close()
