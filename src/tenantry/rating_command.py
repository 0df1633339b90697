"""The command that rates a file, without a database."""

import sys
from pathlib import Path

import click


@click.command("rate")
@click.argument("files", nargs=-1, required=True, type=click.Path(), metavar="FILE...")
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each file")
def rate(files: tuple[str, ...], *, as_json: bool) -> None:
    """Rate a month from a file, without a database: the invoice that posting it would give.

    A FILE is a JSON object of plan and month, and of events, coupons, tax_rules and address as
    need be. Events that can't be rated are told on standard error, and all others are rated. The
    exit code is 1 if a file can't be.
    """
    rated = [_rate(file, as_json=as_json) for file in files]
    if not all(rated):
        sys.exit(1)


def _rate(file: str, *, as_json: bool) -> bool:
    """Rate one file and print what comes of it; whether it can be rated."""
    # Only loaded where it rates.
    from tenantry.areas.invoices import offline  # noqa: PLC0415 - for the reason above
    from tenantry.areas.pricing.reading import BadTerms  # noqa: PLC0415 - likewise

    try:
        answer = offline.rate_file(Path(file))
    except OSError as problem:
        _warn(f"{file}: {problem.strerror}")
        return False
    except BadTerms as problem:
        _warn(f"{file}: {problem}")
        return False
    for refused in answer.refused:
        _warn(f"{file}: {refused}")
    click.echo(answer.json() if as_json else answer.text())
    return True


def _warn(message: str) -> None:
    click.echo(f"tenantry: {' '.join(message.split())}", err=True)
