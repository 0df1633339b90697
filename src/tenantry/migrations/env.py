"""What Alembic runs: the revisions, on a connection to the database that the caller named."""

import asyncio
from typing import Any

from alembic import context
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from tenantry import migrations
from tenantry.core.security_tables import metadata


def _run_on_postgres(connection: Any) -> None:
    connection.execute(text("SET lock_timeout = '10s'"))
    connection.execute(text(f"SELECT pg_advisory_lock({migrations.LOCK})"))
    # The lock belongs to the session, so each revision may commit under it.
    connection.commit()
    migrations.run(context, metadata, connection)
    connection.execute(text(f"SELECT pg_advisory_unlock({migrations.LOCK})"))
    connection.commit()


async def _migrate_postgres(url: str) -> None:
    engine = create_async_engine(migrations.engine_url(url), poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(_run_on_postgres)
    await engine.dispose()


def _migrate_sqlite(url: str) -> None:
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        migrations.run(context, metadata, connection)
    engine.dispose()


_url: str = context.config.attributes["url"]
if _url.startswith("sqlite:"):
    _migrate_sqlite(_url)
else:
    asyncio.run(_migrate_postgres(_url))
