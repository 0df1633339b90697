"""How large and how long a run is, and what it hands around."""

import click
import msgspec

from bench.databases import Databases
from bench.report import Result


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """How much is measured."""

    users: int = 1_000_000
    few: int = 10_000
    many: int = 10_000_000
    people: int = 10_000
    services: int = 100_000
    """Of the customers whose access is measured."""
    events: int = 10_000_000
    """Of the customer whose log is read."""
    ledger: tuple[int, ...] = (0, 1_000_000, 10_000_000)
    """Usage events that are there before more are taken in."""
    rounds: int = 5
    seconds: int = 4
    """Of each load; the one before the first round, which warms up, is not counted."""
    answers: int = 100_000
    """After which memory is read, and after which again."""


QUICK = Sizes(
    users=2_000,
    few=1_000,
    many=5_000,
    rounds=1,
    seconds=1,
    answers=5_000,
    people=1_000,
    services=1_000,
    events=20_000,
    ledger=(0, 20_000),
)
"""Shows that everything runs; its numbers mean nothing."""


class Run(msgspec.Struct, frozen=True):
    """A run of the benchmark."""

    databases: Databases
    sizes: Sizes
    results: list[Result]
    waits: bool = False

    def add(self, result: Result) -> None:
        """Keep a result, and tell that it is there."""
        self.results.append(result)
        print("  ".join(result.cells()), flush=True)

    def rest(self) -> None:
        """Where filling took long, wait to be told that the machine is quiet, if that is wanted."""
        if self.waits:
            click.confirm("full; measure?", default=True, abort=True)
