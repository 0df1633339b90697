"""The commands of the identity provider."""

import click

from tenantry.commands import database_option, one_line, run, settings


@click.group("provider-key")
def provider_key() -> None:
    """Keys that sign whom this server signs in to a program."""


@provider_key.command("rotate")
@database_option
@one_line
def rotate_provider_key(database: str | None) -> None:
    """Begin a new key, and print its id; what the old one signed is good for five minutes."""
    from tenantry import providing  # noqa: PLC0415 - the server is only loaded where it serves

    click.echo(run(providing.rotate_key(settings(database=database))))
