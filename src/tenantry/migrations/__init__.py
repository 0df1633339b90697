"""The schema's versions, and how a database gets from one to the next.

Alembic runs them, on both databases from the same files. Revisions are numbered (`0001`, …), so
that what a database has can be told from its name alone. On PostgreSQL each revision is one
transaction, under an advisory lock; on SQLite all of them are one, which has the file's own lock
from its first read. So only one process migrates, and those that waited find nothing to do.
"""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

from tenantry.core.database import sqlite_path
from tenantry.core.database_url import without_password

_FOLDER = Path(__file__).parent
KNOWN = sorted(file.stem.partition("_")[0] for file in (_FOLDER / "versions").glob("[0-9]*.py"))
NEWEST = KNOWN[-1] if KNOWN else ""
LOCK = 7_430_112_907
"""The advisory lock under which a PostgreSQL database is migrated; an arbitrary number."""
_SECONDS_TO_CONNECT = 10


class CannotMigrate(RuntimeError):
    """A database that this program must not touch; its text says why, in one line."""


class NothingThere(CannotMigrate):
    """Where a database should be there is none."""

    def __init__(self, shown_url: str) -> None:
        """At that address, which shows no password."""
        super().__init__(f"there is no database {shown_url}: `tenantry init` begins one")


class Unreachable(RuntimeError):
    """A database that can't be connected to; its text names it, without its password."""


async def current(url: str) -> str | None:
    """The revision a database has; None for an empty one.

    Raises CannotMigrate for a database of a newer program, or of another; Unreachable.
    """
    revision = _sqlite_revision(url) if url.startswith("sqlite:") else await _postgres_revision(url)
    if revision is not None and revision not in KNOWN:
        message = (
            f"the database has schema {revision}, which this program does not know (its newest is "
            f"{NEWEST}): use a newer Tenantry"
        )
        raise CannotMigrate(message)
    return revision


async def settled(url: str) -> str | None:
    """The revision that a PostgreSQL database has once nobody migrates it any more.

    Raises as `current`.
    """
    connection = await _connected(url)
    try:
        # Held until the connection ends.
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
    finally:
        await connection.close()
    return await current(url)


def _sqlite_revision(url: str) -> str | None:
    path = Path(sqlite_path(url))
    if not path.exists():
        return None
    # Opened and closed before the server opens the file: see core/sqlite.py.
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        if "alembic_version" not in tables:
            _check_own(tables)
            return None
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.DatabaseError as problem:
        message = f"{path} is not a usable SQLite database: {problem}"
        raise CannotMigrate(message) from problem
    finally:
        connection.close()
    return str(row[0]) if row else None


async def _postgres_revision(url: str) -> str | None:
    connection = await _connected(url)
    try:
        rows = await connection.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
        )
        tables = {row[0] for row in rows}
        if "alembic_version" not in tables:
            _check_own(tables)
            return None
        revision = await connection.fetchval("SELECT version_num FROM alembic_version")
    finally:
        await connection.close()
    return None if revision is None else str(revision)


async def _connected(url: str) -> Any:
    import asyncpg  # noqa: PLC0415 - only where PostgreSQL is used

    # What asyncpg raises of a URL that it can't read is a ValueError or an OverflowError.
    failures = (OSError, ValueError, OverflowError, asyncpg.PostgresError, asyncpg.InterfaceError)
    try:
        return await asyncpg.connect(url, timeout=_SECONDS_TO_CONNECT)
    except failures as problem:
        why = str(problem) or f"no answer in {_SECONDS_TO_CONNECT} s"
        message = f"can't reach the database {without_password(url)}: {why}"
        raise Unreachable(message) from problem


def _check_own(tables: set[str]) -> None:
    if tables & {"customers", "users", "events"}:
        message = "the database holds another program's tables: give Tenantry one of its own"
        raise CannotMigrate(message)


async def migrate(url: str) -> tuple[str | None, str]:
    """Bring a database to the newest schema; what it had and what it has.

    Raises as `current`.
    """
    before = await current(url)
    if before != NEWEST:
        await asyncio.to_thread(upgrade, url)
    return before, NEWEST


def upgrade(url: str, folder: Path = _FOLDER) -> None:
    """Run the revisions of a folder that a database lacks; blocks until they are done."""
    from alembic import command  # noqa: PLC0415 - slow to import, and seldom needed
    from alembic.config import Config  # noqa: PLC0415 - likewise

    config = Config()
    config.set_main_option("script_location", str(folder))
    config.attributes["url"] = url
    if url.startswith("sqlite:"):
        # Nobody else reads the file, nor its -wal and -shm: SQLite gives those the file's mode.
        Path(sqlite_path(url)).touch(mode=0o600)
    command.upgrade(config, "head")


def engine_url(url: str) -> str:
    """The URL as SQLAlchemy names the drivers that migrations use."""
    _, _, rest = url.partition("://")
    return url if url.startswith("sqlite:") else f"postgresql+asyncpg://{rest}"


def run(context: Any, metadata: Any, connection: Any) -> None:
    """Run the revisions on a connection; called by Alembic's `env.py`."""
    is_sqlite = connection.dialect.name == "sqlite"
    if is_sqlite:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=is_sqlite,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    if is_sqlite:
        connection.commit()
