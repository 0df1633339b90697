"""A server's life: how soon it answers, and how much memory it takes."""

import time

from bench import server
from bench.databases import Filled, Kind
from bench.load import run
from bench.plan import Run
from bench.reads import CONNECTIONS, READS
from bench.report import Result, within
from bench.server import Server

STARTS_IN = 1500
MEMORY = 120
GROWTH = 1.05
"""Memory is handed out in pages and returned late: up to this is noise."""


def start(plan: Run, kind: Kind) -> None:
    """From the command to the first answer that needed the database."""
    with plan.databases.filled(kind, plan.sizes.users) as filled:
        taken = [_start(filled) for _ in range(plan.sizes.rounds)]
    title = f"start to first answer, {kind}, {filled.users:,} users"
    plan.add(within(title, taken, limit=STARTS_IN, unit="ms"))


def _start(filled: Filled) -> float:
    known = filled.known[0]
    before = time.monotonic()
    with server.ours(filled.url) as ours:
        ours.wait(f"/customer/{known.customer_id}", known.key)
        return (time.monotonic() - before) * 1000


def memory(plan: Run, kind: Kind) -> None:
    """A worker's resident memory once it is warm, and whether it goes on growing."""
    answers = plan.sizes.answers
    with plan.databases.filled(kind, plan.sizes.users) as filled, server.ours(filled.url) as ours:
        known = filled.known[0]
        ours.wait(f"/customer/{known.customer_id}", known.key)
        _serve(plan, filled, ours)
        warm = _megabytes(ours)
        _serve(plan, filled, ours)
        later = _megabytes(ours)
    title = f"memory of a worker after {answers:,} answers, {kind}"
    plan.add(within(title, [warm], limit=MEMORY, unit="MB"))
    title = f"the same after {2 * answers:,}, against that"
    plan.add(_grown(title, warm, later))


def _serve(plan: Run, filled: Filled, ours: Server) -> None:
    """All kinds of reads of many users, until there were enough."""
    lines = plan.databases.folder / "mixed"
    asked = [
        (path, known.key)
        for known in filled.known
        for paths in READS.values()
        for path in paths(known)
    ]
    lines.write_text("".join(f"{path}\t{key}\n" for path, key in asked))
    answered = 0
    while answered < plan.sizes.answers:
        answered += run(ours.port, "reads.lua", lines, connections=CONNECTIONS, seconds=1).requests


def _megabytes(ours: Server) -> float:
    """Resident, without the pages of files: those are the system's cache, mapped."""
    used = ours.worker().memory_info()
    return float(used.rss - getattr(used, "shared", 0)) / 1e6


def _grown(name: str, warm: float, later: float) -> Result:
    return Result(
        name=name,
        ours=later,
        against=warm,
        unit="MB",
        target=GROWTH,
        goal="at most",
        rounds=[later / warm],
        ratio=later / warm,
    )
