"""Which personal values an erasure took, as its event tells it: a place and events, `ip 3-7,12`.

That is shorter than what it took. A list of texts, because what has the key `ip` would be sealed.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from tenantry.core.kept_events import ERASED, Bare, Told

ARCHIVED_EVENTS = "archived_events"
"""From how many archived events an erasure took something, as its event tells it."""


def written(taken: Mapping[str, Iterable[int]]) -> list[str]:
    """What the event of an erasure says."""
    return [f"{place} {','.join(_runs(taken[place]))}" for place in sorted(taken)]


def _runs(numbers: Iterable[int]) -> Iterator[str]:
    for _, run in groupby(enumerate(sorted(numbers)), lambda one: one[1] - one[0]):
        first, *rest = [number for _, number in run]
        yield f"{first}-{rest[-1]}" if rest else str(first)


def read(told: Iterable[Told]) -> dict[str, set[int]]:
    """What all erasures say that a log tells of: the events from which a place was taken."""
    taken = dict[str, set[int]]()
    for one in told:
        for line in one.metadata.get("taken", ()) if one.action == ERASED else ():
            place, _, runs = line.partition(" ")
            taken.setdefault(place, set()).update(_numbers(runs, one.sequence))
    return taken


def untold_until(told: Iterable[Told]) -> int:
    """Up to which event something may have been taken from archives and told nowhere.

    By an erasure of before the first release, whose event says nothing of archives; else zero.
    """
    erasures = (one for one in told if one.action == ERASED)
    silent = (one.sequence for one in erasures if ARCHIVED_EVENTS not in one.metadata)
    return max(silent, default=1) - 1


def untaken(bare: Iterable[Bare], told: Iterable[Told]) -> Iterator[tuple[int, str]]:
    """What is gone and no erasure took: the event, and the place in it."""
    taken = read(told)
    for number, places in bare:
        yield from ((number, place) for place in places if number not in taken.get(place, ()))


def _numbers(runs: str, end: int) -> Iterator[int]:
    """Only those before the erasure: who writes a log anew could name any."""
    for run in runs.split(","):
        first, _, last = run.partition("-")
        yield from range(int(first), min(int(last or first) + 1, end))
