"""The commands of billing."""

import click

from tenantry.commands import USAGE, database_option, fail, one_line, run, settings


@click.command("post-invoices")
@database_option
@click.option("--month", "named", metavar="2024-05", help="This month, as soon as it is over")
@click.option("--customer", metavar="ID", help="Only this customer's")
@one_line
def post_invoices(database: str | None, named: str | None, customer: str | None) -> None:
    """Post the invoices that are due; what was posted stays as it is."""
    from tenantry import invoicing  # noqa: PLC0415 - the server is only loaded where it serves
    from tenantry.areas.pricing.months import Month  # noqa: PLC0415 - likewise

    try:
        month = None if named is None else Month.parse(named)
    except ValueError as problem:
        fail(f"--month: {problem}", USAGE)
    click.echo(run(invoicing.post_invoices(settings(database=database), month, customer)))
