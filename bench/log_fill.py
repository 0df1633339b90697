"""A customer with a long log: people, programs and services who did something, some of it hidden.

The events are as the server writes them, but for their hashes, which nothing that is measured
here looks at.
"""

import random
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from bench.fill import Row, Tables, store, stored
from tenantry.areas.customers import model as customers
from tenantry.areas.services import model as services
from tenantry.areas.tokens.model import TokenRow
from tenantry.areas.users import model as users
from tenantry.core.chain import canonical, seal
from tenantry.core.clock import SECOND, Instant, shown, system_clock
from tenantry.core.ids import id_at, new_id
from tenantry.core.numbering import NUMBERS
from tenantry.core.secrets import Keyring, new_token

PEOPLE, SERVICES = 200, 300
HIDDEN = 50
"""One of so many events is one that the wire has no name for."""
_TYPES = ("user.login", "service.update", "token.create", "version.activate", "user.update")
_BATCH = 20_000


class Log(msgspec.Struct, frozen=True):
    """A customer with events."""

    customer_id: str
    events: int
    begun_at: Instant
    owner: str
    """The key of who sees all."""
    engineer: str
    """The key of who sees his own and those of services."""
    user_id: str
    service_id: str


async def fill(url: str, keyring: Keyring, events: int) -> Log:
    """Migrate an empty database and put a customer with that many events into it."""
    customer_id, now = new_id(), system_clock()
    people = sorted(new_id() for _ in range(PEOPLE))
    offered = sorted(new_id() for _ in range(SERVICES))
    secrets = [new_token(), new_token()]
    log = Log(
        customer_id,
        events,
        now - events * SECOND,
        secrets[0],
        secrets[1],
        people[1],
        offered[0],
    )
    tables = _account(log, keyring, people, offered, now)
    await store(url, keyring, _batches(log, tables, people, offered))
    return log


def _account(
    log: Log, keyring: Keyring, people: Sequence[str], offered: Sequence[str], now: Instant
) -> Tables:
    of: dict[str, Any] = {"customer_id": log.customer_id, "created_at": now, "updated_at": now}
    customer = customers.CustomerRow(
        log.customer_id, "Busy", people[0], hourly_writes=10**9, created_at=now, updated_at=now
    )
    tables: Tables = {"customers": [msgspec.structs.asdict(customer)], "users": [], "tokens": []}
    for at, user_id in enumerate(people):
        login = f"person{at}@example.com"
        row = users.UserRow(
            id=user_id,
            name="Ben",
            login=login,
            login_key=login,
            role="superuser" if at == 0 else "engineer",
            **of,
        )
        tables["users"].append(stored(row))
    for user_id, secret in zip(people, (log.owner, log.engineer), strict=False):
        token = TokenRow(id=user_id, kind="user", user_id=user_id, name="load", **of)
        kept = {**msgspec.structs.asdict(token), "digest": keyring.digest(secret)}
        tables["tokens"].append(kept)
    tables["services"] = [
        msgspec.structs.asdict(services.ServiceRow(id=one, name=one, type="vcl", comment="", **of))
        for one in offered
    ]
    return tables


def _batches(
    log: Log, tables: Tables, people: Sequence[str], offered: Sequence[str]
) -> Iterator[Tables]:
    counts: dict[tuple[str, str], int] = {}
    yield tables
    number, rows = 0, list[Row]()
    chance = random.Random(7)  # noqa: S311 - what is measured shall be the same each time
    for sequence in range(1, log.events + 1):
        is_shown = sequence % HIDDEN != 0
        number += is_shown
        event_type = chance.choice(_TYPES)
        user_id = chance.choice(people)
        row: Row = {
            "customer_id": log.customer_id,
            "sequence": sequence,
            "id": id_at(sequence),
            "action": event_type if is_shown else "star.create",
            "event_type": event_type if is_shown else None,
            "user_id": user_id,
            "token_id": user_id,
            "service_id": None if event_type.startswith("user") else chance.choice(offered),
            "created_at": log.begun_at + sequence * SECOND,
        }
        for field, ordinal in NUMBERS.items():
            value = row[field] if is_shown else None
            row[ordinal] = None
            if value is not None:
                row[ordinal] = counts[field, value] = counts.get((field, value), 0) + 1
        rows.append({**row, **_told(row), "number": number})
        if len(rows) == _BATCH:
            yield {"events": rows}
            rows = []
    head = {"sequence": log.events, "hash": bytes(32), "created_at": system_clock()}
    yield {
        "events": rows,
        "chains": [{"customer_id": log.customer_id, **head, "number": number}],
    }


_SALT = new_id()
_PERSONAL: dict[str, Any] = {
    "description": "User 'person1@example.com' was updated",
    "ip": "192.0.2.10",
}
_BESIDE = msgspec.json.encode({k: (_SALT, v) for k, v in _PERSONAL.items()}).decode()
_SEALED = {name: seal(_SALT, value) for name, value in _PERSONAL.items()}
_METADATA = {"old": {"comment": "before"}, "new": {"comment": "after"}}


def _told(row: Row) -> Row:
    """The body, and what stands beside it."""
    event = {
        **{name: value for name, value in row.items() if not name.endswith("number")},
        **_SEALED,
        "admin": False,
        "created_at": shown(row["created_at"]),
        "decision_id": None,
        "format": 1,
        "metadata": _METADATA,
        "request_id": _SALT,
        "rows": {},
    }
    return {"body": canonical(event).decode(), "personal": _BESIDE, "hash": bytes(32)}
