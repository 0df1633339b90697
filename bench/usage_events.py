"""Usage as a platform's meters send it: by customer, metric and region, time going on.

Each batch is 1000 events of 20 customers. The same events as rows, for who inserts them by hand.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

import asyncpg

from tenantry.areas.pricing.months import Month, day_number
from tenantry.areas.pricing.regions import REGIONS
from tenantry.core.clock import MINUTE, Instant, shown
from tenantry.core.database import sqlite_path
from tenantry.core.sqlite_connection import connect

BATCH = 1000
CUSTOMERS = 20
_PAUSE = 10 * MINUTE
_OF_ONE = BATCH // CUSTOMERS
_METERED = [(metric, region) for metric in ("bandwidth", "requests") for region in REGIONS]
_KEY = ("customer_id", "month", "product_id", "metric", "region")
_NUMBERS = frozenset({"month", "day", "at", "millions", "micros", "received_at", "updated_at"})
_NUMBERS |= {"changes", "invoiced"}
COLUMNS: dict[str, tuple[str, ...]] = {
    "usage_identities": ("source", "id", *_KEY, "at", "payload"),
    "usage_events": (
        *_KEY,
        "at",
        "source",
        "id",
        "service_id",
        "millions",
        "micros",
        "received_at",
    ),
    "usage_days": (*_KEY, "service_id", "day", "millions", "micros"),
    "usage_months": (*_KEY, "millions", "micros", "updated_at"),
    "usage_changes": ("customer_id", "month", "changes", "invoiced"),
}
_KEYS = {"usage_days": 7, "usage_months": 5, "usage_changes": 2}
_CARRY = (
    "millions = {0}.millions + excluded.millions + ({0}.micros + excluded.micros) / 1000000000000, "
    "micros = ({0}.micros + excluded.micros) % 1000000000000"
)
_ADDED = {
    "usage_days": _CARRY.format("usage_days"),
    "usage_months": _CARRY.format("usage_months") + ", updated_at = excluded.updated_at",
    "usage_changes": "changes = usage_changes.changes + excluded.changes",
}
Row = tuple[Any, ...]
Tables = dict[str, list[Row]]


def at(start: Instant, number: int) -> Instant:
    """When the events of a batch happened."""
    return start + number * _PAUSE


def batch(customers: Sequence[str], start: Instant, number: int) -> list[dict[str, str]]:
    """The events of a batch, as they are sent."""
    time = shown(at(start, number))
    events = []
    for place in range(BATCH):
        metric, region = _METERED[place % _OF_ONE % len(_METERED)]
        events.append(
            {
                "source": "edge-01",
                "id": f"{number:08}/{place:03}",
                "customer_id": customers[(number * CUSTOMERS + place // _OF_ONE) % len(customers)],
                "product_id": "cdn_usage",
                "metric": metric,
                "region": region,
                "quantity": str(1_234_567 + place),
                "timestamp": time,
            }
        )
    return events


def rows(batches: Sequence[tuple[Instant, list[dict[str, str]]]]) -> Tables:
    """What batches come to in the tables, sorted by key; each with when its events happened."""
    tables: Tables = {name: [] for name in COLUMNS}
    days, months, changes = Counter[Row](), Counter[Row](), Counter[Row]()
    for instant, events in batches:
        month, day = Month.of(instant).number, day_number(instant)
        for one in events:
            key = (one["customer_id"], month, one["product_id"], one["metric"], one["region"])
            payload = hashlib.blake2b(repr(one).encode(), digest_size=16).digest()
            tables["usage_identities"].append((one["source"], one["id"], *key, instant, payload))
            quantity = int(one["quantity"]) * 10**6
            entry = (*key, instant, one["source"], one["id"], "", *divmod(quantity, 10**12))
            tables["usage_events"].append((*entry, instant))
            days[*key, "", day] += quantity
            months[key] += quantity
            changes[key[:2]] += 1
    last = batches[-1][0]
    tables["usage_days"] = [(*key, *divmod(sum_, 10**12)) for key, sum_ in days.items()]
    tables["usage_months"] = [(*key, *divmod(sum_, 10**12), last) for key, sum_ in months.items()]
    tables["usage_changes"] = [(*key, count, 0) for key, count in changes.items()]
    return {name: sorted(found) for name, found in tables.items()}


def _end(table: str) -> str:
    if table not in _KEYS:
        return ""
    key = ", ".join(COLUMNS[table][: _KEYS[table]])
    return f" ON CONFLICT ({key}) DO UPDATE SET {_ADDED[table]}"


def _type(column: str) -> str:
    return "bytea" if column == "payload" else "bigint" if column in _NUMBERS else "text"


class OnSqlite:
    """Inserts batches through the driver, each in a durable transaction of its own."""

    def __init__(self, url: str, *, is_durable: bool) -> None:
        """Open the file as the server does."""
        self._connection = connect(sqlite_path(url))
        if not is_durable:
            self._connection.execute("PRAGMA synchronous=OFF")

    def insert(self, tables: Tables) -> None:
        """One batch."""
        with self._connection:
            for name, found in tables.items():
                places = ", ".join("?" * len(COLUMNS[name]))
                sql = f"INSERT INTO {name} ({', '.join(COLUMNS[name])}) VALUES ({places})"  # noqa: S608 - names of ours
                self._connection.executemany(sql + _end(name), found)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


class OnPostgresql:
    """The same: each table's rows in one statement, as lists of its columns."""

    def __init__(self, url: str, *, is_durable: bool) -> None:
        """Connect."""
        self._loop = asyncio.new_event_loop()
        said = {"synchronous_commit": "on" if is_durable else "off"}
        connecting = asyncpg.connect(url, server_settings=said)
        self._connection: Any = self._loop.run_until_complete(connecting)
        self._months: set[int] = set()

    def insert(self, tables: Tables) -> None:
        """One batch."""
        self._loop.run_until_complete(self._insert(tables))

    async def _insert(self, tables: Tables) -> None:
        for month in {row[3] for row in tables["usage_identities"]} - self._months:
            following = Month(month).plus(1).number
            await self._connection.execute("SELECT make_usage_part($1, $2)", month, following)
            self._months.add(month)
        async with self._connection.transaction():
            await self._connection.execute("SET LOCAL enable_seqscan = off")
            for name, found in tables.items():
                columns = COLUMNS[name]
                lists = ", ".join(f"${n}::{_type(one)}[]" for n, one in enumerate(columns, 1))
                sql = f"INSERT INTO {name} ({', '.join(columns)}) SELECT * FROM unnest({lists})"  # noqa: S608 - names of ours
                await self._connection.execute(
                    sql + _end(name), *map(list, zip(*found, strict=True))
                )

    def close(self) -> None:
        """Disconnect."""
        self._loop.run_until_complete(self._connection.close())
        self._loop.close()
