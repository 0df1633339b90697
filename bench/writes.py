"""Durable writes: `POST /user`, against the driver in a loop that writes the same rows."""

import subprocess
import sys
from pathlib import Path
from statistics import median

import msgspec

from bench import server
from bench.by_hand import Done
from bench.databases import Filled, Kind
from bench.load import Load, run
from bench.machine import beside
from bench.plan import Run
from bench.report import Result
from bench.server import Server

CLIENTS = 16
BY_HAND = {"sqlite": 1.5, "postgresql": 0.8}


def against_the_driver(plan: Run, kind: Kind) -> None:
    """Sixteen clients, each of a customer of its own; then all of one."""
    few = plan.sizes.few
    databases = plan.databases
    # A database each, so that neither finds the other's rows in its way.
    with (
        databases.filled(kind, few) as filled,
        databases.filled(kind, few) as by_hand,
        # Mail is delivered by whoever works off the outbox; here nobody does.
        server.ours(filled.url, work="false") as ours,
    ):
        ours.wait(f"/customer/{filled.known[0].customer_id}", filled.known[0].key)
        for customers in (CLIENTS, 1):
            _measure(plan, kind, (filled, ours), by_hand, customers)


def _measure(
    plan: Run, kind: Kind, ours: tuple[Filled, Server], by_hand: Filled, customers: int
) -> None:
    filled, running = ours
    keys = plan.databases.folder / "keys"
    keys.write_text("".join(f"{known.key}\n" for known in filled.known[:customers]))
    names = plan.databases.folder / "customers"
    names.write_text("".join(f"{known.customer_id}\n" for known in by_hand.known[:customers]))
    seconds = plan.sizes.seconds
    pairs = [
        (
            run(running.port, "writes.lua", keys, connections=CLIENTS, seconds=seconds),
            _by_hand(by_hand.url, names, seconds),
        )
        for _ in range(plan.sizes.rounds + 1)
    ][1:]
    whose = "16 customers" if customers == CLIENTS else "one customer"
    plan.add(_result(f"POST /user, {kind}, 16 clients of {whose}", kind, pairs))


def _by_hand(url: str, customers: Path, seconds: float) -> Done:
    command = [sys.executable, "-m", "bench.by_hand", url, str(customers), str(CLIENTS)]
    with beside("server"):
        done = subprocess.run([*command, str(seconds)], stdout=subprocess.PIPE, check=True)
    return msgspec.json.decode(done.stdout, type=Done)


def _result(name: str, kind: Kind, pairs: list[tuple[Load, Done]]) -> Result:
    rounds = [mine.rate / other.rate for mine, other in pairs]
    return Result(
        name=name,
        ours=median(mine.rate for mine, _ in pairs),
        against=median(other.rate for _, other in pairs),
        unit="/s",
        target=BY_HAND[kind],
        goal="at least",
        rounds=rounds,
        ratio=median(rounds),
        more=f"p99 {median(mine.p99 for mine, _ in pairs) / 1000:.1f} ms",
    )
