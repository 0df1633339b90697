"""What the log adds to a write: `POST /user` against the same without its event and revision.

By the time that the server spends on its core, which is where a busy server has none to spare. On
SQLite the database's own work is part of it, on PostgreSQL only what the client does.
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
        pairs = [
            (_load(plan, one, recording), _load(plan, other, silent))
            for _ in range(plan.sizes.rounds + 1)
        ][1:]
    plan.add(_result(f"POST /user with its event, against without, {kind}", pairs))


def _load(plan: Run, filled: Filled, running: Server) -> Load:
    keys = plan.databases.folder / "keys"
    keys.write_text("".join(f"{known.key}\n" for known in filled.known[:CLIENTS]))
    return running.under("writes.lua", keys, connections=CLIENTS, seconds=plan.sizes.seconds)


def _result(name: str, pairs: list[tuple[Load, Load]]) -> Result:
    rounds = [mine.cpu_microseconds / other.cpu_microseconds for mine, other in pairs]
    by_rate = median(other.rate / mine.rate for mine, other in pairs)
    return Result(
        name=name,
        ours=median(mine.cpu_microseconds for mine, _ in pairs),
        against=median(other.cpu_microseconds for _, other in pairs),
        unit="µs",
        target=MORE,
        goal="at most",
        rounds=rounds,
        ratio=median(rounds),
        more=f"of a core; {by_rate:.2f} by rate",
    )
