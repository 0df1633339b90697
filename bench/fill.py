"""Databases of a given size, through the real schema: 50 users a customer, random identifiers.

Rows go in by the databases' own bulk ways, in the order of their keys. Every customer has an owner
with a token, and a log that is still empty: what is measured here appends to it, and never looks
back.
"""

from collections.abc import Iterator
from typing import Any

import apsw
import asyncpg
import msgspec

from tenantry.areas.customers.model import CustomerRow
from tenantry.areas.operator import founding
from tenantry.areas.tokens.model import TokenRow
from tenantry.areas.users.model import STORED, UserRow
from tenantry.core.additions import Head
from tenantry.core.clock import system_clock
from tenantry.core.database import open_database, sqlite_path
from tenantry.core.ids import new_id
from tenantry.core.secrets import Keyring, new_token
from tenantry.migrations import migrate

USERS_OF_A_CUSTOMER = 50
KNOWN_CUSTOMERS = 1000
"""How many customers' keys the load knows: it asks for any of their users, not for a hot one."""
_BATCH = 500
_TABLES = ("customers", "users", "tokens", "chains")

Row = dict[str, Any]
Tables = dict[str, list[Row]]


class Known(msgspec.Struct, frozen=True):
    """A customer that the load can ask about."""

    customer_id: str
    key: str
    user_ids: tuple[str, ...]


async def fill(url: str, keyring: Keyring, users: int) -> list[Known]:
    """Migrate an empty database and put that many users into it; who of them is known."""
    count = max(users // USERS_OF_A_CUSTOMER, 1)
    known: list[Known] = []
    customer_ids = sorted(new_id() for _ in range(count))
    await store(url, keyring, _batches(keyring, customer_ids, known))
    return known


async def store(url: str, keyring: Keyring, batches: Iterator[Tables]) -> None:
    """Migrate an empty database and put rows into it, by table, in the order of their keys."""
    await migrate(url)
    database = open_database(url, system_clock)
    await database.start()
    await founding.begin(database, keyring)
    await database.stop()
    if url.startswith("sqlite:"):
        _fill_sqlite(sqlite_path(url), batches)
    else:
        await _fill_postgresql(url, batches)


def _batches(keyring: Keyring, customer_ids: list[str], known: list[Known]) -> Iterator[Tables]:
    every = max(len(customer_ids) // KNOWN_CUSTOMERS, 1)
    tables: Tables = {name: [] for name in _TABLES}
    for number, customer_id in enumerate(customer_ids):
        one = _add_customer(tables, keyring, customer_id, number)
        if number % every == 0 and len(known) < KNOWN_CUSTOMERS:
            known.append(one)
        if len(tables["customers"]) == _BATCH:
            yield tables
            tables = {name: [] for name in _TABLES}
    yield tables


def _add_customer(tables: Tables, keyring: Keyring, customer_id: str, number: int) -> Known:
    now = system_clock()
    user_ids = sorted(new_id() for _ in range(USERS_OF_A_CUSTOMER))
    customer = CustomerRow(
        customer_id,
        f"Customer {number}",
        user_ids[0],
        hourly_writes=1_000_000_000,
        created_at=now,
        updated_at=now,
    )
    tables["customers"].append(msgspec.structs.asdict(customer))
    template = _user(customer_id, now)
    for place, user_id in enumerate(user_ids):
        login = f"user{number:06d}.{place:02d}@example.com"
        own = {"id": user_id, "login": login, "login_key": login}
        if place == 0:
            own["role"] = "superuser"
        tables["users"].append({**template, **own})
    key = new_token()
    token = TokenRow(
        customer_id=customer_id,
        id=new_id(),
        kind="user",
        user_id=user_ids[0],
        name="load",
        created_at=now,
        updated_at=now,
    )
    tables["tokens"].append({**msgspec.structs.asdict(token), "digest": keyring.digest(key)})
    head = Head()
    tables["chains"].append(
        {"customer_id": customer_id, "sequence": head.sequence, "hash": head.hash}
    )
    return Known(customer_id, key, tuple(user_ids))


def _user(customer_id: str, now: int) -> Row:
    row = UserRow(
        customer_id,
        "",
        "Ben Engineer",
        "",
        "",
        role="engineer",
        locked=False,
        require_new_password=False,
        two_factor_auth_enabled=False,
        last_active_at=now,
        created_at=now,
        updated_at=now,
    )
    return stored(row)


def stored(row: UserRow) -> Row:
    """A user as it is stored, without what the customer asks of its users."""
    return {name: getattr(row, name) for name in STORED}


def _fill_sqlite(path: str, batches: Iterator[Tables]) -> None:
    connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READWRITE)
    connection.execute("PRAGMA journal_mode=OFF")
    connection.execute("PRAGMA synchronous=OFF")
    with connection:
        for tables in batches:
            for table, rows in tables.items():
                if rows:
                    connection.executemany(_insert(table, rows[0]), map(_values, rows))
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()


def _insert(table: str, row: Row) -> str:
    places = ", ".join("?" * len(row))
    return f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})"  # noqa: S608 - names of ours


def _values(row: Row) -> tuple[Any, ...]:
    return tuple(row.values())


async def _fill_postgresql(url: str, batches: Iterator[Tables]) -> None:
    connection = await asyncpg.connect(url)
    for tables in batches:
        for table, rows in tables.items():
            if rows:
                await connection.copy_records_to_table(
                    table, records=map(_values, rows), columns=list(rows[0])
                )
    # As the server's own autovacuum would have done by the time there are so many rows.
    await connection.execute("VACUUM ANALYZE")
    await connection.execute("CHECKPOINT")
    await connection.close()
