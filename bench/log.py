"""The log: pages of a long one, near and far, against a single event and each other."""

import asyncio
from pathlib import Path
from statistics import median

import asyncpg
import msgspec

from bench import server
from bench.databases import Kind
from bench.load import Load
from bench.log_fill import Log, fill
from bench.plan import Run
from bench.report import Result, within
from bench.server import SECRET_KEY, Server
from tenantry.core.database import sqlite_path
from tenantry.core.secrets import parse_key

CONNECTIONS = 16
PAGE, FAR = 50, 10_000
MOST_BYTES = 2000
"""Of an event, with everything by which it is found, and an empty database's share."""
TIMES = 3
"""As long as a single event, and a page far behind as long as the first, at most."""


def measure(plan: Run, kind: Kind) -> None:
    """Reads of a long log, on one database."""
    with plan.databases.empty(kind) as url:
        print(f"filling {kind} with {plan.sizes.events:,} events …", flush=True)
        log = asyncio.run(fill(url, parse_key(SECRET_KEY), plan.sizes.events))
        size = [_bytes(url) / log.events]
        name = f"an event on disk, {log.events:,} events, {kind}"
        plan.add(within(name, size, limit=MOST_BYTES, unit="bytes"))
        with server.ours(url) as ours:
            for name, asked, other in _questions(ours, log):
                pairs = [
                    (_load(plan, ours, log, asked), _load(plan, ours, log, other))
                    for _ in range(plan.sizes.rounds + 1)
                ]
                plan.add(_times(f"{name}, {log.events:,} events, {kind}", pairs[1:]))


def _bytes(url: str) -> int:
    """What the database takes on the disk; nearly all of it is the log."""
    if url.startswith("sqlite:"):
        return Path(sqlite_path(url)).stat().st_size
    return asyncio.run(_bytes_of_server(url))


async def _bytes_of_server(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return int(await connection.fetchval("SELECT pg_database_size(current_database())"))
    finally:
        await connection.close()


def _questions(ours: Server, log: Log) -> list[tuple[str, list[str], list[str]]]:
    """What is asked, and what that is compared with."""
    first = f"/events?page[size]={PAGE}"
    of_user = f"{first}&filter[user_id]={log.user_id}"
    newest = msgspec.json.decode(ours.wait(first, log.owner))
    of_user_pages = msgspec.json.decode(ours.wait(of_user, log.owner))["meta"]["total_pages"]
    far = min(FAR, newest["meta"]["total_pages"] // 2)
    events = [f"/events/{one['id']}" for one in newest["data"]]
    strewn = [f"{first}&page[number]={at}" for at in range(far, 1, -max(far // 500, 1))]
    return [
        (f"newest {PAGE} events, against one event", [first], events),
        (f"page {far:,}, against page 1", [f"{first}&page[number]={far}"], [first]),
        ("pages all over the log, against page 1", strewn, [first]),
        (
            f"page {of_user_pages // 2:,} of one user's events, against page 1 of them",
            [f"{of_user}&page[number]={of_user_pages // 2}"],
            [of_user],
        ),
    ]


def _load(plan: Run, ours: Server, log: Log, paths: list[str]) -> Load:
    lines = plan.databases.folder / "log"
    lines.write_text("".join(f"{path}\t{log.owner}\n" for path in paths))
    return ours.under("reads.lua", lines, connections=CONNECTIONS, seconds=plan.sizes.seconds)


def _times(name: str, pairs: list[tuple[Load, Load]]) -> Result:
    rounds = [other.rate / mine.rate for mine, other in pairs]
    by_core = median(mine.cpu_microseconds / other.cpu_microseconds for mine, other in pairs)
    return Result(
        name=name,
        ours=median(1e6 / mine.rate for mine, _ in pairs),
        against=median(1e6 / other.rate for _, other in pairs),
        unit="µs",
        target=TIMES,
        goal="at most",
        rounds=rounds,
        ratio=median(rounds),
        more=f"{by_core:.2f} by core time",
    )
