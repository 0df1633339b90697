"""What the log adds to a write: `POST /user` against the same without its event and revision.

Of somebody who writes alone, the time until the answer. Of sixteen at once, who keep the server
busy, the time that it spends on its core: on SQLite the database's own work is part of it, on
PostgreSQL only what the client does.
"""

from statistics import median

from bench import server
from bench.databases import Filled, Kind
from bench.load import Load
from bench.plan import Run
from bench.report import Result
from bench.server import Server
from bench.writes import CLIENTS

MORE = 1.25
"""As much as a write without the log may cost one with it, at most."""


def measure(plan: Run, kind: Kind) -> None:
    """Sixteen clients, each of a customer of its own, on a database of each server's own."""
    databases, few = plan.databases, plan.sizes.few
    with (
        databases.filled(kind, few) as one,
        databases.filled(kind, few) as other,
        server.ours(one.url, work="false") as recording,
        server.ours(other.url, program="bench.silent", work="false") as silent,
    ):
        for filled, running in ((one, recording), (other, silent)):
            running.wait(f"/customer/{filled.known[0].customer_id}", filled.known[0].key)
        alone, busy = (
            [
                (_load(plan, one, recording, clients), _load(plan, other, silent, clients))
                for _ in range(plan.sizes.rounds + 1)
            ][1:]
            for clients in (1, CLIENTS)
        )
    plan.add(_of_one(f"POST /user with its event, against without, alone, {kind}", alone))
    plan.add(_of_many(f"POST /user with its event, against without, {CLIENTS}, {kind}", busy))


def _load(plan: Run, filled: Filled, running: Server, clients: int) -> Load:
    keys = plan.databases.folder / "keys"
    keys.write_text("".join(f"{known.key}\n" for known in filled.known[:clients]))
    return running.under("writes.lua", keys, connections=clients, seconds=plan.sizes.seconds)


def _of_one(name: str, pairs: list[tuple[Load, Load]]) -> Result:
    times = [(1e6 / mine.rate, 1e6 / other.rate) for mine, other in pairs]
    by_core = median(mine.cpu_microseconds / other.cpu_microseconds for mine, other in pairs)
    return _result(name, times, f"until the answer; {by_core:.2f} by core time")


def _of_many(name: str, pairs: list[tuple[Load, Load]]) -> Result:
    times = [(mine.cpu_microseconds, other.cpu_microseconds) for mine, other in pairs]
    by_rate = median(other.rate / mine.rate for mine, other in pairs)
    return _result(name, times, f"of a core; {by_rate:.2f} by rate")


def _result(name: str, times: list[tuple[float, float]], more: str) -> Result:
    rounds = [mine / other for mine, other in times]
    return Result(
        name=name,
        ours=median(mine for mine, _ in times),
        against=median(other for _, other in times),
        unit="µs",
        target=MORE,
        goal="at most",
        rounds=rounds,
        ratio=median(rounds),
        more=more,
    )
