"""The command line (fixed in docs/ARCHITECTURE.md: other programs rely on it)."""

import os
import sys
from typing import Any

import click
import msgspec
from click.shell_completion import get_completion_class

from tenantry import __version__
from tenantry.billing_commands import post_invoices
from tenantry.commands import USAGE, fail, say
from tenantry.commands import database_option as _database
from tenantry.commands import one_line as _one_line
from tenantry.commands import run as _run
from tenantry.commands import settings as _settings
from tenantry.core.errors import Problem
from tenantry.operator_commands import operator_key
from tenantry.provider_commands import provider_key
from tenantry.rating_command import rate
from tenantry.settings import Settings
from tenantry.shared_metrics import metrics_folder

HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 96}

_TEACHES = """Tenantry: an account backend of your own.

\b
First time:  tenantry serve
             starts a server on a new database, and prints how to use it.
In a script: tenantry init --json
             makes the database and prints its first keys.

Every option can be set by an environment variable too: --public-url is TENANTRY_PUBLIC_URL.
Errors are one line on standard error; exit code 2 is a bad setting, 1 anything else.
"""


@click.group(context_settings=HELP, help=_TEACHES)
def main() -> None:
    """Run one of the commands."""


@main.command()
@click.option("--host", metavar="ADDRESS", help="Address to listen on  [default: 127.0.0.1]")
@click.option("--port", type=int, metavar="N", help="Port to listen on  [default: 8080]")
@_database
@click.option("--workers", type=int, metavar="N", help="Server processes  [default: 1]")
@click.option("--scenario", type=click.Path(), metavar="FILE", help="Load a scenario file first")
@click.option(
    "--public-url", metavar="URL", help="Where people reach the server, for links in mails"
)
@_one_line
def serve(scenario: str | None, **given: Any) -> None:
    """Run the server; a first start makes the database and prints its first keys."""
    settings = _settings(**given)
    if not settings.shares_metrics:
        _serve(settings, scenario)
        return
    with metrics_folder() as folder:
        # prometheus_client looks for this when it is first imported, and workers are forked.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
        _serve(settings, scenario)


def _serve(settings: Settings, scenario: str | None) -> None:
    from tenantry import serving  # noqa: PLC0415 - the server is only loaded where it serves

    serving.serve(settings, scenario)


@main.command()
@_database
@click.option("--customer", metavar="NAME", default="My company", help="The customer's name")
@click.option("--login", metavar="EMAIL", default="owner@example.com", help="Its owner's login")
@click.option(
    "--password-stdin", is_flag=True, help="Read the owner's password from standard input"
)
@click.option("--json", "as_json", is_flag=True, help="Print the keys as JSON")
@_one_line
def init(
    database: str | None, customer: str, login: str, *, password_stdin: bool, as_json: bool
) -> None:
    """Make the database if need be, and a customer with its owner, token and operator key."""
    from tenantry import serving  # noqa: PLC0415 - likewise

    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
    settings = _settings(database=database)
    founded = _run(serving.initialise(settings, customer, login, password, with_operator=True))
    if as_json:
        click.echo(msgspec.json.encode(founded))
        return
    click.echo(serving.told(settings, founded))


@main.command()
@click.argument("scenario", type=click.Path())
@_database
@_one_line
def load(scenario: str, database: str | None) -> None:
    """Put what a SCENARIO file says into the database; loading it twice changes nothing."""
    from tenantry import serving  # noqa: PLC0415 - likewise

    click.echo(_run(serving.load(_settings(database=database), scenario)))


@main.command()
@_database
@_one_line
def migrate(database: str | None) -> None:
    """Bring the database to this version's schema; safe to repeat."""
    from tenantry import migrations  # noqa: PLC0415 - likewise

    before, after = _run(migrations.migrate(_settings(database=database).database))
    click.echo(f"schema {after}" + ("" if before == after else f" (was {before or 'empty'})"))


@main.command()
@_database
@_one_line
def work(database: str | None) -> None:
    """Deliver mail in a process of its own (then serve with TENANTRY_WORK=false)."""
    from tenantry import serving  # noqa: PLC0415 - likewise

    _run(serving.work(_settings(database=database)))


main.add_command(operator_key)
main.add_command(post_invoices)
main.add_command(provider_key)
main.add_command(rate)


@main.group("signing-key")
def signing_key() -> None:
    """Keys that sign checkpoints of the logs."""


@signing_key.command("rotate")
@_database
@_one_line
def rotate_signing_key(database: str | None) -> None:
    """Begin a new key, signed by the one before, and print its id; the old stay published."""
    from tenantry import serving  # noqa: PLC0415 - likewise

    click.echo(_run(serving.rotate_signing_key(_settings(database=database))))


@main.command("verify-audit")
@_database
@click.option("--customer", metavar="ID", help="Only this customer's log")
@click.option("--head", metavar="HASH", help="The hash of an event, noted elsewhere")
@click.option("--checkpoint", multiple=True, metavar="FILE", help="A checkpoint, kept elsewhere")
@click.option("--keys", multiple=True, metavar="FILE", help="Public keys, kept elsewhere")
@click.option("--file", multiple=True, metavar="EXPORT", help="Check exports, not the database")
@click.option(
    "--jobs", type=click.IntRange(1), default=os.cpu_count() or 1, metavar="N", help="Processes"
)
@_one_line
def verify_audit(database: str | None, **asked: Any) -> None:
    """Check that no event of a log was changed, removed or put in."""
    from tenantry import serving  # noqa: PLC0415 - likewise

    lines, is_whole = _run(serving.verify_audit(_settings(database=database), **asked))
    say(lines)
    if not is_whole:
        sys.exit(1)


@main.command("erase-person")
@_database
@click.option("--user", "user_id", metavar="ID", help="A deleted user")
@click.option("--login", metavar="EMAIL", help="All deleted users with that login")
@click.option("--customer", metavar="ID", help="Only in this customer")
@_one_line
def erase_person(database: str | None, customer: str | None, **whom: str | None) -> None:
    """Erase a deleted user's name, login and addresses; the log still verifies."""
    from tenantry import serving  # noqa: PLC0415 - likewise

    click.echo(_run(serving.erase_person(_settings(database=database), customer, **whom)))


@main.command()
@_database
@click.option("--customer", metavar="ID", help="The customer, where there are several")
@click.option("--user", metavar="LOGIN|ID", help="Whom to ask about")
@click.option("--token", metavar="ID", help="A token, in place of a user")
@click.option("--permission", metavar="NAME", required=True, help="Such as service.purge_all")
@click.option("--service", metavar="ID|NAME", help="The service, for a permission on one")
@click.option("--at", metavar="TIME|EVENT", help="A time, or an event's number  [default: now]")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON")
@_one_line
def explain(database: str | None, customer: str | None, *, as_json: bool, **asked: Any) -> None:
    """Tell whether somebody may do something, and why; now or at any moment.

    The exit code is 0 if he may, 1 if not, and 2 for a question that can't be answered.
    """
    from tenantry import serving  # noqa: PLC0415 - likewise
    from tenantry.areas.decisions import asking, text  # noqa: PLC0415 - likewise

    try:
        told = _run(serving.explain(_settings(database=database), customer, asking.Asked(**asked)))
    except Problem as problem:
        fail(problem.detail or problem.title, USAGE)
    if as_json:
        click.echo(msgspec.json.encode(told))
    else:
        say(text.lines(told))
    if not told.allowed:
        sys.exit(1)


@main.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print a completion script: eval "$(tenantry completion bash)"."""
    kind = get_completion_class(shell)
    if kind is not None:
        click.echo(kind(main, {}, "tenantry", "_TENANTRY_COMPLETE").source())


@main.command()
def version() -> None:
    """Print the version."""
    click.echo(f"tenantry {__version__}")
