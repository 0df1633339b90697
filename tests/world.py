"""A small world with named people, made once per database and copied for each test.

Example Widgets belongs to Ada. Sue is a superuser beside her, Ben an engineer, Lim an engineer
limited to services, Bill does billing, Uma is a user, Tess and Toni see and manage TLS, Bot is an
automation token. Eve owns another customer, Other Company, where Ned is an engineer.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
from sqlalchemy import bindparam, select

from tenantry.app import Application
from tenantry.areas.customers import model as customers
from tenantry.areas.operator.founding import begin, create_operator_key
from tenantry.areas.services import model as services
from tenantry.areas.tokens import model as tokens
from tenantry.areas.users import model as users
from tenantry.core import schema
from tenantry.core.clock import DAY, HOUR, Instant, read
from tenantry.core.context import Writing, system_call
from tenantry.core.secrets import PasswordCost, hash_password
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tenantry.http.log import RequestLog
from tenantry.settings import Settings
from tests import secrecy

PASSWORD = "correct-Horse-7-battery"
"""Everybody's password."""
CHEAP = PasswordCost(memory_kib=8, time=1)
"""What a password costs here: as little as argon2id can take, far below what can be set."""
NOW = read("2026-03-01T10:00:00Z")
"""When the world begins."""


class TurnedClock:
    """A clock that stands until a test turns it."""

    def __init__(self) -> None:
        self.now: Instant = NOW

    def __call__(self) -> Instant:
        return self.now

    def turn(self, microseconds: int) -> None:
        """Let time pass."""
        self.now += microseconds


@dataclass(frozen=True)
class Person:
    """Somebody with a token of his own; Bot is one too."""

    id: str
    name: str
    role: str
    customer_id: str
    token: str
    token_id: str
    login: str = ""


def _person(name: str, role: str, customer_id: str) -> Person:
    padded = name.ljust(10, "0")
    return Person(
        id=f"5User{padded}0000000"[:22],
        name=name,
        role=role,
        customer_id=customer_id,
        token=f"{name.lower()}-secret-000000000000000000000000"[:32],
        token_id=f"6Token{padded}000000"[:22],
        login=f"{name.lower()}@example.com",
    )


WIDGETS = "1ExampleWidgets0000000"
OTHER = "2OtherCompany000000000"
WWW, API, ELSEWHERE = "3ServiceWww00000000000", "3ServiceApi00000000000", "3ServiceElse0000000000"

ADA = _person("Ada", "superuser", WIDGETS)
SUE = _person("Sue", "superuser", WIDGETS)
BEN = _person("Ben", "engineer", WIDGETS)
LIM = _person("Lim", "engineer", WIDGETS)
BILL = _person("Bill", "billing", WIDGETS)
UMA = _person("Uma", "user", WIDGETS)
TESS = _person("Tess", "tls_viewer", WIDGETS)
TONI = _person("Toni", "tls_admin", WIDGETS)
BOT = _person("Bot", "engineer", WIDGETS)
EVE = _person("Eve", "superuser", OTHER)
NED = _person("Ned", "engineer", OTHER)
EVERYBODY = (ADA, SUE, BEN, LIM, BILL, UMA, TESS, TONI, BOT, EVE, NED)

READ_ONLY = "ada-read-only-000000000000000000"
PURGING = "ada-purging-00000000000000000000"
EXPIRED = "ada-expired-00000000000000000000"
LIMITED = "ada-limited-to-www-0000000000000"
EXPIRED_ID = "6TokenAdaExpired000000"
OPERATOR = "operator-key-0000000000000000000"
KNOWN_SECRETS = frozenset(
    {person.token for person in EVERYBODY}
    | {PASSWORD, READ_ONLY, PURGING, EXPIRED, LIMITED, OPERATOR}
)

_EVENTS = Statement(
    select(
        schema.events.c.action,
        schema.events.c.event_type,
        schema.events.c.body,
        schema.events.c.personal,
        schema.events.c.hash,
        schema.events.c.sequence,
    )
    .where(schema.events.c.customer_id == bindparam("customer_id"))
    .order_by(schema.events.c.sequence)
)
_LETTERS = Statement(select(schema.outbox.c.kind, schema.outbox.c.payload))


@dataclass
class World:
    """The running application and who lives in it."""

    app: Application
    clock: TurnedClock
    dialect: str
    log_path: Path
    secrets: set[str] = field(default_factory=lambda: set(KNOWN_SECRETS))
    """What no event, letter or line of the log may hold: see `secrecy.py`."""
    _client: httpx.AsyncClient = field(init=False)
    _is_stopped: bool = False

    def __post_init__(self) -> None:
        transport = httpx.ASGITransport(app=self.app, client=("192.0.2.10", 50_000))
        self._client = httpx.AsyncClient(transport=transport, base_url="http://api.example.com")

    async def ask(
        self, who: Person | str | None, method: str, path: str, **more: Any
    ) -> httpx.Response:
        """Call an operation as somebody: a person, or by a token's secret, or nobody."""
        key = who.token if isinstance(who, Person) else who
        headers = dict(more.pop("headers", {}))
        if key is not None:
            headers.setdefault("Fastly-Key", key)
        answer = await self._client.request(method, path, headers=headers, **more)
        self.secrets |= secrecy.made(answer)
        return answer

    async def sudo(self, who: Person) -> None:
        """Put somebody's token into sudo mode."""
        answer = await self.ask(who, "POST", "/sudo", data={"password": PASSWORD})
        assert answer.status_code == 200, answer.text

    async def events(self, customer_id: str = WIDGETS) -> list[Any]:
        """The customer's log: (action, event_type, body, personal, hash, sequence)."""
        return await self.app.database.all(_EVENTS, customer_id=customer_id)

    async def actions(self, since: int, customer_id: str = WIDGETS) -> list[str]:
        """The actions that were logged after the first `since` events."""
        return [event[0] for event in (await self.events(customer_id))[since:]]

    async def letters(self) -> list[dict[str, Any]]:
        """What waits in the outbox."""
        return [
            msgspec.json.decode(payload) for _, payload in await self.app.database.all(_LETTERS)
        ]

    async def stop(self) -> None:
        """Close everything; by then no secret may have been told."""
        if self._is_stopped:
            return
        self._is_stopped = True
        leaked = await secrecy.leaks(self)
        await self._client.aclose()
        await self.app.stop()
        assert not leaked, "secrets stand in the log"


def settings(database: str) -> Settings:
    """The settings of every test's application."""
    return Settings(
        database=database,
        secret_key="5" * 64,
        password_memory_kib=CHEAP.memory_kib,
        password_time=CHEAP.time,
        public_url="https://accounts.example.com",
        mail="log:",
        work=False,
    )


async def open_world(database: str, folder: Path) -> World:
    """Start the application on a copy of the world."""
    clock = TurnedClock()
    log_path = folder / "log"
    descriptor = os.open(log_path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    app = Application(settings(database), clock, log=RequestLog(descriptor=descriptor))
    await app.start()
    return World(app, clock, app.database.dialect, log_path)


async def make_world(database: str) -> None:
    """Put everybody into an empty, migrated database."""
    app = Application(settings(database), TurnedClock(), log=RequestLog(enabled=False))
    await app.start()
    hashed = await hash_password(PASSWORD)
    await begin(app.database, app.keyring)
    await create_operator_key(app.database, app.keyring, key=OPERATOR)
    for customer_id, name, owner in (
        (WIDGETS, "Example Widgets", ADA),
        (OTHER, "Other Company", EVE),
    ):
        people = [person for person in EVERYBODY if person.customer_id == customer_id]

        async def work(
            unit: Unit,
            customer_id: str = customer_id,
            name: str = name,
            owner: Person = owner,
            people: Sequence[Person] = people,
        ) -> None:
            call = system_call(unit, app.keyring, customer_id)
            await customers.found(call, customers.CustomerRow(customer_id, name, owner.id))
            for person in people:
                await _settle(call, person, hashed)
            await _add_services(call)
            if owner is ADA:
                await _add_tokens(call)

        await app.database.write(work, customer_id=customer_id)
    await app.stop()


async def _settle(call: Writing, person: Person, hashed: str) -> None:
    if person is not BOT:
        new = users.NewUser(
            login=person.login,
            name=person.name,
            role=person.role,  # type: ignore[arg-type] # one of the six
            limit_services=person is LIM,
        )
        row = await users.add(call, new, user_id=person.id)
        await users.store(call, msgspec.structs.replace(row, password=hashed))
    token = tokens.new_row(
        call,
        "automation" if person is BOT else "user",
        id=person.token_id,
        user_id=ADA.id if person is BOT else person.id,
        name=f"{person.name}'s token",
        role=person.role if person is BOT else None,
    )
    await tokens.issue(call, token, person.token)


async def _add_services(call: Writing) -> None:
    named = {WWW: "www", API: "api"} if call.customer_id == WIDGETS else {ELSEWHERE: "elsewhere"}
    for service_id, name in named.items():
        await services.create(call, services.NewService(name=name), service_id=service_id)


async def _add_tokens(call: Writing) -> None:
    for secret, name, more in (
        (READ_ONLY, "read only", {"scope": "global:read"}),
        (PURGING, "purging", {"scope": "purge_all"}),
        (LIMITED, "limited", {"services": f'["{WWW}"]', "limited": True}),
        (EXPIRED, "expired", {"id": EXPIRED_ID, "expires_at": NOW - DAY}),
    ):
        row = tokens.new_row(call, "user", user_id=ADA.id, name=name, **more)
        await tokens.issue(call, row, secret)


__all__ = ["DAY", "HOUR", "World", "make_world", "open_world"]
