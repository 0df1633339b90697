"""What the commands share: settings, options, and one line for whatever goes wrong."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterable
from functools import wraps
from typing import Any, NoReturn, TypeVar
from unicodedata import category

import click

from tenantry.core.errors import Problem
from tenantry.core.session import Retryable, Unavailable
from tenantry.settings import BadSetting, Settings, read_settings

R = TypeVar("R")

USAGE = 2
"""The exit code of a bad setting or argument; 1 is that of what failed."""


def fail(message: str, code: int = 1) -> NoReturn:
    """End with one clear line."""
    click.echo(f"tenantry: {_harmless(' '.join(message.split()))}", err=True)
    sys.exit(code)


def say(lines: Iterable[str]) -> None:
    """Print lines with names in them that others chose: none makes a line or steers a terminal."""
    click.echo("\n".join(map(_harmless, lines)))


def _harmless(line: str) -> str:
    return "".join(one if _is_shown(one) else "\N{REPLACEMENT CHARACTER}" for one in line)


def _is_shown(character: str) -> bool:
    """Blanks between words are many: the one between Japanese names takes the width of a letter."""
    return character.isprintable() or category(character) == "Zs"


def one_line(function: Callable[..., R]) -> Callable[..., R]:
    """Turn what may go wrong in a command into one line and an exit code."""

    @wraps(function)
    def run(*arguments: Any, **options: Any) -> R:
        try:
            return function(*arguments, **options)
        except BadSetting as problem:
            fail(str(problem), USAGE)
        except Problem as problem:
            fail(problem.detail or problem.title)
        except (OSError, ValueError, RuntimeError) as problem:
            fail(str(problem) or type(problem).__name__)
        except Exception as problem:
            if not is_database_error(problem):
                raise
            # SQLAlchemy adds the statement and an address to what the driver said.
            fail(f"the database can't be used: {getattr(problem, 'orig', None) or problem}")

    return run


def is_database_error(problem: Exception) -> bool:
    """Whether it is of the database: then its text is for the user, and a traceback is not."""
    drivers = {"apsw", "asyncpg", "sqlite3", "sqlalchemy"}
    is_drivers = type(problem).__module__.partition(".")[0] in drivers
    return is_drivers or isinstance(problem, Unavailable | Retryable)


def database_option(function: Callable[..., R]) -> Callable[..., R]:
    """Have a command be told its database."""
    return click.option(
        "--database",
        metavar="URL",
        help="sqlite:///file.db or postgresql://user@host/name  [env: TENANTRY_DATABASE; "
        "default: sqlite:///tenantry.db]",
    )(function)


def settings(**given: Any) -> Settings:
    """What holds: what is given here, else what the environment says. Raises BadSetting."""
    return read_settings(os.environ, **given)


def run(work: Awaitable[R]) -> R:
    """Do it in an event loop of its own."""

    async def done() -> R:
        return await work

    return asyncio.run(done())
