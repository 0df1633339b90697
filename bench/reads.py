"""Reads: against a constant answer of the same size, and a large database against a small one."""

from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from bench import server
from bench.databases import Filled, Kind
from bench.fill import Known
from bench.load import Load
from bench.plan import Run
from bench.report import Result
from bench.server import Server

CONNECTIONS = 64
FLOOR = {"sqlite": 0.30, "postgresql": 0.25}
LIST_FLOOR = 0.12
GROWTH = 1.25

Paths = Callable[[Known], Iterator[str]]


def _users(known: Known) -> Iterator[str]:
    return (f"/user/{user_id}" for user_id in known.user_ids)


def _customer(known: Known) -> Iterator[str]:
    yield f"/customer/{known.customer_id}"


def _list(known: Known) -> Iterator[str]:
    yield f"/customer/{known.customer_id}/users"


READS: dict[str, Paths] = {
    "GET /user/{id}": _users,
    "GET /customer/{id}": _customer,
    "GET /customer/{id}/users, 50 of them": _list,
}


def against_floor(plan: Run, kind: Kind) -> None:
    """Each read against the floor of its size."""
    with plan.databases.filled(kind, plan.sizes.users) as filled, server.ours(filled.url) as ours:
        for name, paths in READS.items():
            lines, size = _asked(plan, filled, paths, ours)
            target = LIST_FLOOR if paths is _list else FLOOR[kind]
            with server.constant(size) as constant:
                pairs = _alternated(plan, (ours, lines), (constant, lines))
            more = f"{_by_core(pairs)}, {size:,} bytes"
            title = f"{name}, {kind}, {filled.users:,} users"
            plan.add(_rates(title, pairs, target=target, more=more))


def growth(plan: Run, kind: Kind) -> None:
    """Each read of many users against the same of few."""
    databases, sizes = plan.databases, plan.sizes
    with (
        databases.filled(kind, sizes.few) as few,
        databases.filled(kind, sizes.many) as many,
        server.ours(few.url) as small,
        server.ours(many.url) as large,
    ):
        for name, paths in READS.items():
            lines_of_small, _ = _asked(plan, few, paths, small)
            lines_of_large, _ = _asked(plan, many, paths, large)
            pairs = _alternated(plan, (large, lines_of_large), (small, lines_of_small))
            title = f"time of {name}, {kind}, {many.users:,} users against {few.users:,}"
            plan.add(_times(title, pairs))


def _asked(plan: Run, filled: Filled, paths: Paths, ours: Server) -> tuple[Path, int]:
    """A file of requests, and the size of the first one's answer in bytes."""
    asked = [(path, known.key) for known in filled.known for path in paths(known)]
    size = len(ours.wait(*asked[-1]))
    lines = plan.databases.folder / f"reads-{ours.port}"
    lines.write_text("".join(f"{path}\t{key}\n" for path, key in asked))
    return lines, size


def _alternated(
    plan: Run, ours: tuple[Server, Path], other: tuple[Server, Path]
) -> list[tuple[Load, Load]]:
    """Both in turn, so that a busy moment meets both; once before that to warm up."""
    pairs = [(_load(plan, *ours), _load(plan, *other)) for _ in range(plan.sizes.rounds + 1)]
    return pairs[1:]


def _load(plan: Run, asked: Server, lines: Path) -> Load:
    return asked.under("reads.lua", lines, connections=CONNECTIONS, seconds=plan.sizes.seconds)


def _by_core(pairs: list[tuple[Load, Load]]) -> str:
    mine = median(mine.cpu_microseconds for mine, _ in pairs)
    other = median(other.cpu_microseconds for _, other in pairs)
    return f"{other / mine:.2f} by core time ({mine:.0f} to {other:.0f} µs)"


def _rates(name: str, pairs: list[tuple[Load, Load]], *, target: float, more: str) -> Result:
    rounds = [mine.rate / other.rate for mine, other in pairs]
    return Result(
        name=name,
        ours=median(mine.rate for mine, _ in pairs),
        against=median(other.rate for _, other in pairs),
        unit="/s",
        target=target,
        goal="at least",
        rounds=rounds,
        ratio=median(rounds),
        more=more,
    )


def _times(name: str, pairs: list[tuple[Load, Load]]) -> Result:
    rounds = [other.rate / mine.rate for mine, other in pairs]
    return Result(
        name=name,
        ours=median(1e6 / mine.rate for mine, _ in pairs),
        against=median(1e6 / other.rate for _, other in pairs),
        unit="µs",
        target=GROWTH,
        goal="at most",
        rounds=rounds,
        ratio=median(rounds),
    )
