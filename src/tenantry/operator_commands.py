"""The commands about the keys of the installation's operator."""

import click
import msgspec

from tenantry.commands import database_option, one_line, run, say, settings


@click.group("operator-key")
def operator_key() -> None:
    """Keys of the installation's operator."""


@operator_key.command("create")
@database_option
@click.option("--name", default="operator", help="What it is for")
@click.option("--json", "as_json", is_flag=True, help="Print the key as JSON")
@one_line
def create_operator_key(database: str | None, name: str, *, as_json: bool) -> None:
    """Make a key that may act in any customer, and print it once."""
    from tenantry import operating  # noqa: PLC0415 - the server is only loaded where it serves

    key = run(operating.create_key(settings(database=database), name))
    click.echo(msgspec.json.encode({"operator_key": key}) if as_json else key)


@operator_key.command("list")
@database_option
@one_line
def list_operator_keys(database: str | None) -> None:
    """Print the id of each key, when it was made, and what it is for; no secret."""
    from tenantry import operating  # noqa: PLC0415 - likewise

    say(run(operating.list_keys(settings(database=database))))


@operator_key.command("revoke")
@click.argument("key_id", metavar="ID")
@database_option
@one_line
def revoke_operator_key(database: str | None, key_id: str) -> None:
    """End the key with that ID: its next use is refused.

    A scenario file that gives its secret makes it again when it is loaded.
    """
    from tenantry import operating  # noqa: PLC0415 - likewise

    run(operating.revoke_key(settings(database=database), key_id))
