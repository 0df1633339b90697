"""`make bench`: measure, print ratios, and keep them in bench/results/."""

import functools
from collections.abc import Callable

import click
import msgspec

from bench import access, appending, audit, ingest, life, log, machine, mtd, posting, reads, writes
from bench.databases import KINDS, databases
from bench.load import LoadError, wrk
from bench.plan import QUICK, Run, Sizes
from bench.report import NOT_USED, keep

_MEASUREMENTS = {
    "reads": reads.against_floor,
    "writes": writes.against_the_driver,
    "start": life.start,
    "memory": life.memory,
    "growth": reads.growth,
    "access": access.measure,
    "log": log.measure,
    "audit": audit.measure,
    "append": appending.measure,
    "ingest": ingest.measure,
    "posting": posting.measure,
    "mtd": mtd.measure,
}
MEASUREMENTS: dict[str, Callable[[Run], None]] = {
    f"{name}-{kind}": functools.partial(measure, kind=kind)
    for name, measure in _MEASUREMENTS.items()
    for kind in KINDS
}


@click.command()
@click.option("--quick", is_flag=True, help="Small sizes, one short round: does everything run?")
@click.option("--users", type=int, help="Users of the large databases, but for growth.")
@click.option("--ledger", type=int, help="Usage events to measure with besides (50 million).")
@click.option("--wait", is_flag=True, help="Ask before an ingestion is measured.")
@click.option(
    "--only",
    multiple=True,
    metavar="NAME",
    help=f"Only what begins with this; may be repeated: {', '.join(MEASUREMENTS)}.",
)
def main(
    *, quick: bool, users: int | None, ledger: int | None, wait: bool, only: tuple[str, ...]
) -> None:
    """Measure, print ratios, and keep them in bench/results/."""
    sizes = QUICK if quick else Sizes()
    if users is not None:
        sizes = msgspec.structs.replace(sizes, users=users)
    if ledger is not None:
        sizes = msgspec.structs.replace(sizes, ledger=(*sizes.ledger, ledger))
    chosen = [name for name in MEASUREMENTS if not only or name.startswith(only)]
    if not chosen:
        raise click.UsageError(f"nothing is called {', '.join(only)}")
    try:
        wrk()
        _measure(chosen, sizes, is_kept=not quick, waits=wait)
    except LoadError as problem:
        raise click.ClickException(str(problem)) from problem


def _measure(chosen: list[str], sizes: Sizes, *, is_kept: bool, waits: bool) -> None:
    facts = machine.facts()
    with databases() as made:
        run = Run(made, sizes, [], waits=waits)
        for name in chosen:
            print(f"\n{name}", flush=True)
            MEASUREMENTS[name](run)
        facts["postgresql"] = made.postgres_version() or NOT_USED
    keep(run.results, facts, is_kept=is_kept)


if __name__ == "__main__":
    main()
