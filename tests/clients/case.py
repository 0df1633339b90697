"""A case: one way in which an official client uses an endpoint, proved by running it.

    @cli(7, call="user describe --id {user_id} --json")
    def describes_a_user(run: Command) -> None:
        assert json.loads(run(user_id=BEN.id))["Login"] == BEN.login

`call` is both what is run and what docs/compatibility.md shows. A case must really reach the
endpoints that it names: `play` looks that up in the server's own log.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tenantry.app import operations
from tests.clients.command import Command
from tests.clients.endpoints import ENDPOINTS, Client
from tests.clients.sdk import Call
from tests.clients.stage import Stage

MODULES = (
    "cli_accounts",
    "cli_tokens",
    "cli_sign_in",
    "cli_services",
    "cli_authorizations",
    "cli_billing",
    "cli_usage",
    "cli_events",
    "cli_refusals",
    "python_accounts",
    "python_tokens",
    "python_services",
    "python_authorizations",
    "python_invitations",
    "python_groups",
    "python_roles",
    "python_addresses",
    "python_billing",
    "python_usage",
    "python_events",
    "python_refusals",
)


@dataclass(frozen=True)
class Case:
    """One use."""

    client: Client
    endpoints: tuple[int, ...]
    call: str
    name: str
    function: Callable[[Any], None]
    deviation: str = ""
    """What differs from the client's own promise, and why; empty if all is as promised."""
    shows: str = ""
    """Of a refusal: what the user gets to read."""

    def play(self, stage: Stage) -> None:
        """Run it, and see that it reached what it names and told what it promises."""
        run = (Command if self.client == "CLI" else Call)(stage, self.call)
        self.function(run)
        missed = {operation_name(number) for number in self.endpoints} - run.served
        assert not missed, f"the client did not call {missed}, only {run.served}"
        assert self.shows in run.said, run.said


CASES: list[Case] = []
"""Every case, in the order of the document."""

Function = Callable[[Any], None]


def cli(*endpoints: int, call: str, shows: str = "") -> Callable[[Function], Function]:
    """Declare a command of the CLI. With `shows` it is refused, and says that."""
    return _declare(lambda name, function: Case("CLI", endpoints, call, name, function, "", shows))


def python(
    *endpoints: int, call: str, deviation: str = "", shows: str = ""
) -> Callable[[Function], Function]:
    """Declare a call of the Python client. With `shows` it is refused, by that exception."""
    return _declare(
        lambda name, function: Case("Python", endpoints, call, name, function, deviation, shows)
    )


def _declare(make: Callable[[str, Function], Case]) -> Callable[[Function], Function]:
    def declare(function: Function) -> Function:
        CASES.append(make(function.__name__, function))
        return function

    return declare


def all_cases() -> list[Case]:
    """Every case of every module."""
    for module in MODULES:
        importlib.import_module(f"tests.clients.{module}")
    return CASES


def operation_name(number: int) -> str:
    """What serves an endpoint of the contract. Raises LookupError if nothing does."""
    wanted = _anonymous(ENDPOINTS[number].route)
    for row in operations():
        if _anonymous(f"{row.method} {row.path}") == wanted:
            return row.name
    message = f"no operation serves {ENDPOINTS[number].route}"
    raise LookupError(message)


def _anonymous(route: str) -> str:
    """A route without the names of its parameters, which clients don't see."""
    segments = route.split("/")
    return "/".join("{}" if segment.startswith("{") else segment for segment in segments)
