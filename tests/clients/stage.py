"""The stage that cases play on: a live server with the named people, and what a case needs new.

All cases share one server per database, so each makes what it changes, under a name of its own.
"""

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import msgspec

from tenantry.app import Application
from tenantry.areas.operator.founding import Founded, found_customer
from tenantry.http.log import RequestLog
from tests.clients.billed import Billed, bill
from tests.infrastructure.server import LiveServer, serving
from tests.world import ADA, PASSWORD, Person, settings

MANY = 250
"""Services of the customer that has many: three pages of 100."""


@dataclass
class Stage:
    """A live server and two more customers: one to fill with services, one to close."""

    server: LiveServer
    client: httpx.Client
    crowded: Founded
    closing: Founded
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _read: int = 0

    def unique(self, word: str) -> str:
        """A name that no other case uses."""
        return f"{word}-{next(self._numbers)}"

    def folder(self) -> Path:
        """An empty folder of the case's own."""
        path = self.server.folder / self.unique("case")
        path.mkdir()
        return path

    def ask(self, who: Person | str, method: str, path: str, **more: Any) -> Any:
        """Prepare something, through the front door; what is answered."""
        key = who.token if isinstance(who, Person) else who
        answer = self.client.request(method, path, headers={"Fastly-Key": key}, **more)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def new_user(self, role: str = "user") -> dict[str, Any]:
        """A user without tokens."""
        login = f"{self.unique('new')}@example.com"
        form = {"login": login, "name": self.unique("New"), "role": role}
        user: dict[str, Any] = self.ask(ADA, "POST", "/user", data=form)
        return user

    def new_token(self, who: Person = ADA, **form: str) -> dict[str, Any]:
        """A token of somebody's, with its secret."""
        proof = {"password": PASSWORD, "name": self.unique("token")}
        token: dict[str, Any] = self.ask(who, "POST", "/tokens", data=proof | form)
        return token

    def new_service(self) -> dict[str, Any]:
        """A service with one version."""
        form = {"name": self.unique("service"), "comment": "new"}
        service: dict[str, Any] = self.ask(ADA, "POST", "/service", data=form)
        return service

    def new_contact(self, customer_id: str) -> dict[str, Any]:
        """A contact who is no user."""
        form = {"contact_type": "billing", "name": "Pat", "email": "pat@example.com"}
        contact: dict[str, Any] = self.ask(
            ADA, "POST", f"/customer/{customer_id}/contacts", data=form
        )
        return contact

    def new_star(self, service_id: str) -> dict[str, Any]:
        """A star of Ada's."""
        service = {"data": {"type": "service", "id": service_id}}
        document = {"data": {"type": "star", "relationships": {"service": service}}}
        star: dict[str, Any] = self.ask(ADA, "POST", "/stars", json=document)["data"]
        return star

    def new_automation_token(self, **fields: Any) -> dict[str, Any]:
        """An automation token, with its secret."""
        self.ask(ADA, "POST", "/sudo", data={"password": PASSWORD})
        body = {"name": self.unique("automation"), "role": "engineer"} | fields
        token: dict[str, Any] = self.ask(ADA, "POST", "/automation-tokens", json=body)
        return token

    @cached_property
    def many_services(self) -> set[str]:
        """The names of the crowded customer's services."""
        names = {f"many-{number:03}" for number in range(MANY)}
        for name in sorted(names):
            self.ask(self.crowded.token, "POST", "/service", data={"name": name})
        return names

    @cached_property
    def billed(self) -> Billed:
        """Ada's customer, who used and was billed."""
        return bill(self)

    def served(self) -> set[str]:
        """The operations that the server logged since this was asked before."""
        # Lines are written before the next request is taken up, so after this one all are there.
        self.client.get("/_health/live")
        lines = self.server.output[self._read :]
        self._read += len(lines)
        return {
            msgspec.json.decode(line).get("operation")
            for line in lines.splitlines()
            if line.startswith("{")
        }


@contextmanager
def open_stage(database_url: str, folder: Path) -> Iterator[Stage]:
    """A stage on a database with the world in it."""
    app = Application(settings(database_url), log=RequestLog(enabled=False))
    crowded, closing = asyncio.run(_found(app))
    with (
        serving(database_url, folder) as server,
        httpx.Client(base_url=server.url, trust_env=False, timeout=20) as client,
    ):
        yield Stage(server, client, crowded, closing)


async def _found(app: Application) -> list[Founded]:
    await app.start()
    founded = [
        await found_customer(
            app.database, app.keyring, name=name, login=f"{name}@example.com", password=PASSWORD
        )
        for name in ("crowded", "closing")
    ]
    await app.stop()
    return founded
