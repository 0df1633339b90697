"""A database and its key, as commands find them: made, or brought up to date, where that may be."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tenantry import migrations
from tenantry.areas.operator import founding
from tenantry.core.clock import system_clock
from tenantry.core.database import Database, open_database
from tenantry.core.secrets import Keyring, set_password_cost
from tenantry.secret_key import NoKey, keyring_of
from tenantry.settings import Settings

_Both = tuple[Database, Keyring]


@asynccontextmanager
async def opened(settings: Settings, *, makes: bool = False) -> AsyncIterator[_Both]:
    """The database, migrated where that is safe, with its key; if it may, it `makes` one."""
    keyring = _key_if_any(settings)  # one that is wrong is told before anything is made
    await _prepare(settings, makes=makes)
    set_password_cost(settings.password_cost)
    database = open_database(settings.database, system_clock)
    await database.start()
    try:
        if keyring is None:
            # Beside a database that was restored without its own, a new one would be in its place.
            keyring = keyring_of(settings, makes=not await founding.has_begun(database))
        await founding.begin(database, keyring)
        yield database, keyring
    finally:
        await database.stop()


def _key_if_any(settings: Settings) -> Keyring | None:
    try:
        return keyring_of(settings)
    except NoKey:
        return None


async def _prepare(settings: Settings, *, makes: bool) -> None:
    """Make an empty database, if it may be made, and bring an older file up to date.

    A PostgreSQL database may serve other processes of an older version: there, an operator
    decides. Raises migrations.CannotMigrate.
    """
    before = await migrations.current(settings.database)
    if before is None and not makes:
        raise migrations.NothingThere(settings.shown_database)
    if before not in {None, migrations.NEWEST} and not settings.is_sqlite:
        # Maybe somebody else is just making it.
        before = await migrations.settled(settings.database)
    if before is None or (settings.is_sqlite and before != migrations.NEWEST):
        await migrations.migrate(settings.database)
    elif before != migrations.NEWEST:
        message = (
            f"the database has schema {before}, this program needs {migrations.NEWEST}: "
            "run `tenantry migrate`"
        )
        raise migrations.CannotMigrate(message)
