"""What taking usage in is compared with: the driver, inserting the same rows and nothing else.

`python -m bench.ingest_by_hand URL CUSTOMERS START FIRST COUNT` inserts that many batches, each in
a durable transaction of its own, from rows that are ready before the clock runs, and prints the
events a second. With `fill` behind it nothing is durable before the end: so a ledger is filled.
"""

import sys
import time
from pathlib import Path

from bench.usage_events import BATCH, OnPostgresql, OnSqlite, at, batch, rows

_READY = 100


def main(url: str, customers: str, *numbers: str) -> None:
    """Insert, and print."""
    start, first, count = map(int, numbers[:3])
    names = Path(customers).read_text().split()
    kind = OnSqlite if url.startswith("sqlite:") else OnPostgresql
    is_durable = "fill" not in numbers
    driver = kind(url, is_durable=is_durable)
    taken = 0.0
    for begin in range(first, first + count, _READY):
        sent = [
            (at(start, number), batch(names, start, number))
            for number in range(begin, min(begin + _READY, first + count))
        ]
        # Whoever fills sums up what would be summed up a hundred times.
        ready = [rows([one]) for one in sent] if is_durable else [rows(sent)]
        before = time.perf_counter()
        for tables in ready:
            driver.insert(tables)
        taken += time.perf_counter() - before
    driver.close()
    print(count * BATCH / taken if count else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
