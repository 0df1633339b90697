"""What the commands do: begin an installation, run the server, the worker, the checks."""

import asyncio
import logging
import os
import signal
from collections.abc import Sequence
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec
from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.log import LogLevels
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector

from tenantry import connections
from tenantry.access.state import read_principal
from tenantry.app import Application, operations
from tenantry.areas.audit import offline_erasure, verification
from tenantry.areas.decisions import offline
from tenantry.areas.decisions.asking import Asked
from tenantry.areas.operator import founding
from tenantry.areas.users.passwords import weakness
from tenantry.core import signing
from tenantry.core.breaches import set_breached
from tenantry.core.database import Database
from tenantry.core.errors import Problem, bad_request
from tenantry.core.publishing import read_destinations
from tenantry.core.secrets import Keyring
from tenantry.letters import sender_of
from tenantry.opening import opened
from tenantry.ports import address_of, claimed
from tenantry.progress import bar
from tenantry.settings import PREFIX, Settings
from tenantry.worker_process import DRAIN_SECONDS, supervise

if TYPE_CHECKING:
    from tenantry.areas.decisions.shapes import Explanation
    from tenantry.areas.operator.scenario_shape import Scenario

MAX_HEADERS = 48 * 1024
"""Bytes of a request's head that are read: 32 KiB of headers, 8 KiB of address, and room."""
METRICS_HOST = "127.0.0.1"


async def initialise(
    settings: Settings, customer: str, login: str, password: str | None, *, with_operator: bool
) -> founding.Founded:
    """Found a customer. Raises Problem 400 (weak password, bad login), 409 (login taken)."""
    set_breached(settings.breached_passwords)
    if password is not None:
        problem = await weakness(password, login=login, name=customer)
        if problem is not None:
            raise bad_request(problem)
    async with opened(settings, makes=True) as (database, keyring):
        founded = await founding.found_customer(
            database,
            keyring,
            name=customer,
            login=login,
            password=password or founding.new_password(),
        )
        if with_operator:
            key = await founding.create_operator_key(database, keyring)
            founded = msgspec.structs.replace(founded, operator_key=key)
    return founded


def told(settings: Settings, founded: founding.Founded) -> str:
    """What a person needs of a new customer, once."""
    lines = [
        "",
        f"  customer   {founded.customer_id}",
        f"  user       {founded.user_id}",
        f"  login      {founded.login}",
        f"  password   {founded.password}",
        f"  token      {founded.token}",
    ]
    if founded.operator_key:
        lines.append(f"  operator   {founded.operator_key}")
    lines += ["", "  These secrets are shown this once.", "", *exports(settings, founded.token)]
    return "\n".join(lines)


def exports(settings: Settings, token: str) -> list[str]:
    """The lines that point the official CLI here."""
    url = settings.base_url
    return [
        f"  export FASTLY_API_ENDPOINT={url} FASTLY_ACCOUNT_ENDPOINT={url}",
        f"  export FASTLY_API_TOKEN={token}",
        "",
    ]


async def load(settings: Settings, path: str) -> str:
    """Load a scenario file; what was done, as a line. Raises scenario.BadScenario."""
    from tenantry.areas.operator import scenario  # noqa: PLC0415 - YAML, only where it is read

    wanted = scenario.read_file(Path(path))
    async with opened(settings, makes=True) as (database, keyring):
        return await _load(database, keyring, wanted)


async def _load(database: Database, keyring: Keyring, wanted: "Scenario") -> str:
    """Load, and show how far it is."""
    from tenantry.areas.operator import loading  # noqa: PLC0415 - likewise

    with bar("Loading") as progress:
        return str(await loading.load(database, keyring, wanted, progress))


async def verify_audit(settings: Settings, file: Sequence[str], **to: Any) -> verification.Verdict:
    """Check exports, or a log, or every log. Raises Problem 400, 404."""
    folder, _ = read_destinations(settings.checkpoint_to)
    asked = verification.read(folder=folder, url=settings.database, **to)
    if file:
        return verification.verify_files(file, asked)
    async with opened(settings) as both:
        return await verification.verify(*both, asked)


async def rotate_signing_key(settings: Settings) -> str:
    """Begin a new key for checkpoints; its id."""
    async with opened(settings) as (database, keyring):
        key = await database.write(lambda unit: signing.rotate(unit, keyring))
    return key.key_id


async def explain(settings: Settings, customer_id: str | None, asked: Asked) -> "Explanation":
    """Answer a question about access. Raises Problem 400, 404."""
    operations()
    async with opened(settings) as (database, keyring):
        return await offline.answer(database, keyring, customer_id, asked)


async def erase_person(settings: Settings, customer_id: str | None, **whom: str | None) -> str:
    """Erase a deleted person; what was taken away, a line a customer. Raises Problem 400, 404."""
    async with opened(settings) as (database, keyring):
        done = await offline_erasure.erase_everywhere(database, keyring, customer_id, **whom)
    return "\n".join(map(str, done))


async def work(settings: Settings) -> None:
    """Deliver the outbox until told to stop."""
    async with opened(settings, makes=True):
        pass
    app = Application(msgspec.structs.replace(settings, work=False))
    await app.start()
    worker = app.worker()
    worker.start()
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    click.echo("Delivering mail. Stop with Ctrl-C.", err=True)
    await stopped.wait()
    await worker.stop()
    await app.stop()


def serve(settings: Settings, scenario_path: str | None) -> None:
    """Run the server until it is told to stop. Raises BadSetting if a port is taken."""
    with ExitStack() as claims:
        claims.enter_context(claimed("PORT", address_of(settings.host), settings.port))
        if settings.metrics_port:
            claims.enter_context(claimed("METRICS_PORT", METRICS_HOST, settings.metrics_port))
        click.echo(asyncio.run(_first_words(settings, scenario_path)))
        _share(settings)
        if settings.metrics_port:
            start_http_server(settings.metrics_port, METRICS_HOST, _every_process())
        _run(settings)


def _run(settings: Settings) -> None:
    """Have the workers serve until the process is told to stop."""
    logging.getLogger("_granian").setLevel(logging.WARNING)
    supervise(
        Granian(
            "tenantry.app:make",
            factory=True,
            address=address_of(settings.host),
            port=settings.port,
            interface=Interfaces.RSGI,
            # Where it is to find out which HTTP is spoken, it waits for ever for who says nothing.
            http=HTTPModes.http1,
            workers=settings.workers,
            backpressure=connections.claimed(),
            loop=Loops.uvloop,
            websockets=False,
            http1_settings=HTTP1Settings(max_buffer_size=MAX_HEADERS),
            log_level=LogLevels.warning,
            respawn_failed_workers=True,
            workers_kill_timeout=DRAIN_SECONDS,
        )
    )


async def _first_words(settings: Settings, scenario_path: str | None) -> str:
    """Make ready, and say what a person needs next."""
    # Whatever can be wrong with a setting is told now, not by a worker.
    sender_of(settings)
    lines = [f"Tenantry serves {settings.base_url}  (database {settings.shown_database})"]
    async with opened(settings, makes=True) as (database, keyring):
        Application(settings)
        if scenario_path is not None:
            lines += await _load_first(settings, database, keyring, Path(scenario_path))
        is_empty = await founding.is_empty(database)
    if is_empty:
        lines += await _found_first(settings)
    lines.append(f"Mail goes to {settings.shown_mail}. Stop with Ctrl-C.")
    return "\n".join(lines)


async def _found_first(settings: Settings) -> list[str]:
    """Found the first customer, unless another server that starts now came first."""
    try:
        founded = await initialise(
            settings, "My company", "owner@example.com", None, with_operator=True
        )
    except Problem as problem:
        async with opened(settings) as (database, _):
            if problem.status != HTTPStatus.CONFLICT or await founding.is_empty(database):
                raise
        return []
    said = "The database is new. Its first customer:"
    return [said, told(settings, founded), "  Then try: fastly whoami"]


async def _load_first(
    settings: Settings, database: Database, keyring: Keyring, path: Path
) -> list[str]:
    from tenantry.areas.operator import scenario  # noqa: PLC0415 - likewise

    wanted = scenario.read_file(path)
    lines = [f"Scenario: {await _load(database, keyring, wanted)}"]
    for token in scenario.first_tokens(wanted):
        if await read_principal(database, keyring.digest(token)) is not None:
            return lines + exports(settings, token)
    return lines


def _share(settings: Settings) -> None:
    """Hand the settings to the worker processes."""
    for name, value in msgspec.structs.asdict(settings).items():
        os.environ[PREFIX + name.upper()] = str(value)


def _every_process() -> CollectorRegistry:
    """The numbers of all workers, read anew at each scrape."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call] # the library has none
    return registry
