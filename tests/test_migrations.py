"""Migrations: from an empty and from a filled database, to the schema that the code means."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, bindparam, create_engine, delete, insert, select, table, text
from sqlalchemy import column as named_column
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from tenantry import migrations
from tenantry.core import chain
from tenantry.core.clock import HOUR
from tenantry.core.database import open_database
from tenantry.core.log_tables import events
from tenantry.core.numbering import NUMBERS
from tenantry.core.security_tables import metadata, sessions
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tests.areas.invitation_calls import document
from tests.areas.realm_calls import program
from tests.console.test_ended_sessions import put_away
from tests.world import ADA, BEN, WIDGETS, WWW, TurnedClock, open_world

_NEXT = '''
"""A revision to come."""

import sqlalchemy as sa
from alembic import op

revision = "0999"
down_revision = "{newest}"


def upgrade() -> None:
    op.add_column("users", sa.Column("motto", sa.Text(), nullable=False, server_default="carpe"))
    op.create_index("ix_users_motto", "users", ["customer_id", "motto"])
'''


def _differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


async def on_database(
    database_url: str, work: Callable[[Connection], list[object]]
) -> list[object]:
    """Do something on a connection of its own, and commit."""
    if database_url.startswith("sqlite:"):
        engine = create_engine(database_url, poolclass=NullPool)
        with engine.begin() as connection:
            found = work(connection)
        engine.dispose()
        return found
    asynchronous = create_async_engine(migrations.engine_url(database_url), poolclass=NullPool)
    async with asynchronous.begin() as opened:
        found = await opened.run_sync(work)
    await asynchronous.dispose()
    return found


async def test_the_newest_schema_is_the_one_the_code_means(database_url: str) -> None:
    assert await migrations.current(database_url) == migrations.NEWEST
    assert await on_database(database_url, _differences) == []


async def test_a_filled_database_goes_forward_and_loses_nothing(
    database_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "migrations"
    shutil.copytree(Path(migrations.__file__).parent, folder)
    later = _NEXT.format(newest=migrations.NEWEST)
    (folder / "versions" / "0999_motto.py").write_text(later)
    await asyncio.to_thread(migrations.upgrade, database_url, folder)

    users = table("users", named_column("login"), named_column("motto"))
    statement = Statement(select(users.c.motto).where(users.c.login == bindparam("login")))
    database = open_database(database_url, TurnedClock())
    await database.start()
    assert await database.one(statement, login=ADA.login) == ("carpe",)
    assert (await chain.verify(database, WIDGETS)).problem is None
    await database.stop()


async def test_a_process_of_the_old_version_runs_beside_the_new_schema(
    database_url: str, tmp_path: Path
) -> None:
    """Expand, then contract: what an older process reads and writes still works."""
    await test_a_filled_database_goes_forward_and_loses_nothing(database_url, tmp_path)
    world = await open_world(database_url, tmp_path)
    answer = await world.ask(ADA, "POST", "/user", data={"login": "new@example.com"})
    assert answer.status_code == 200, answer.text
    await world.stop()


_EVENTS = Statement(select(events).order_by(events.c.customer_id, events.c.sequence))


def _undo_0011(connection: Connection) -> list[object]:
    """The database as programs before 0011 left it, the last of which knew nothing of numbers."""
    run = [
        (
            "CREATE TABLE event_counts (customer_id TEXT NOT NULL, field TEXT NOT NULL,"
            " value TEXT NOT NULL, count BIGINT NOT NULL, PRIMARY KEY (customer_id, field, value))"
        ),
        "DROP INDEX uq_events_id",
        "CREATE UNIQUE INDEX uq_events_id ON events (customer_id, id)",
        "ALTER TABLE chains ADD COLUMN numbered BIGINT NOT NULL DEFAULT 0",
        "UPDATE chains SET numbered = sequence - 3 WHERE sequence > 3",
        (
            "UPDATE events SET number = NULL, type_number = NULL, user_number = NULL,"
            " token_number = NULL, service_number = NULL WHERE sequence >"
            " (SELECT numbered FROM chains WHERE chains.customer_id = events.customer_id)"
        ),
        (
            "UPDATE chains SET number = (SELECT COALESCE(MAX(number), 0) FROM events"
            " WHERE chains.customer_id = events.customer_id)"
        ),
        *(
            f"INSERT INTO event_counts SELECT customer_id, '{field}', {field}, MAX({ordinal})"  # noqa: S608 - names of ours
            f" FROM events WHERE {ordinal} IS NOT NULL GROUP BY 1, 3"
            for field, ordinal in NUMBERS.items()
        ),
        "UPDATE alembic_version SET version_num = '0010'",
    ]
    for statement in run:
        connection.execute(text(statement))
    return []


def _undo_0010(connection: Connection) -> list[object]:
    """The database as a program before 0010 left it: sessions of programs were tokens alone."""
    _undo_0011(connection)
    connection.execute(delete(sessions).where(sessions.c.device_id.is_(None)))
    for name in ("proof", "looked_at", "missing_since", "lapsed_at"):
        connection.execute(text(f"ALTER TABLE email_domains DROP COLUMN {name}"))
    version = table("alembic_version", named_column("version_num"))
    connection.execute(version.update().values(version_num="0009"))
    return []


async def test_a_program_that_was_signed_in_before_0010_stays_so(
    database_url: str, tmp_path: Path
) -> None:
    before = await open_world(database_url, tmp_path)
    _, session = await (await program(before, BEN)).session()
    await before.stop()
    await on_database(database_url, _undo_0010)
    assert await migrations.migrate(database_url) == ("0009", migrations.NEWEST)

    after = await open_world(database_url, tmp_path)
    key = session["access_token"]
    assert (await after.ask(key, "GET", "/tokens/self")).json()["id"] == session["id"]
    after.clock.turn(12 * HOUR)
    assert (await after.ask(key, "GET", "/tokens/self")).status_code == 401
    await put_away(after)
    ended = [event[2] for event in await after.events() if event[0] == "token.destroy"]
    assert any(session["id"] in body for body in ended)
    await after.stop()


async def test_what_was_not_numbered_before_0011_is_numbered(
    database_url: str, tmp_path: Path
) -> None:
    before = await open_world(database_url, tmp_path)
    for name in ("Benjamin", "Ben"):
        await before.ask(ADA, "PUT", f"/user/{BEN.id}", data={"name": name})
    await before.ask(BEN, "PUT", f"/service/{WWW}", data={"comment": "hello"})
    numbered = await before.app.database.all(_EVENTS)
    await before.stop()
    await on_database(database_url, _undo_0011)
    assert await migrations.migrate(database_url) == ("0010", migrations.NEWEST)

    after = await open_world(database_url, tmp_path)
    assert await after.app.database.all(_EVENTS) == numbered
    await after.ask(ADA, "PUT", f"/user/{BEN.id}", data={"name": "Benjamin"})
    assert (await chain.verify(after.app.database, WIDGETS)).problem is None
    await after.stop()


_OLD_KEYS = {
    # As they are, and as people read them: a login, its key before 0012, and its key since.
    "a@example.com": ("Straße@example.com", "strasse@example.com", "straße@example.com"),
    "b@example.com": ("mu\u0308ller@example.com", "mu\u0308ller@example.com", None),
    "c@example.com": ("müller@example.com", "müller@example.com", "müller@example.com"),
    "d@example.com": ("jo\u0308rg@example.com", "jo\u0308rg@example.com", "jörg@example.com"),
}


def _undo_0012(connection: Connection) -> list[object]:
    """Logins and invited addresses with the keys that programs before 0012 gave them."""
    for plain, (login, old, _) in _OLD_KEYS.items():
        for rows, column, key in (
            ("users", "login", "login_key"),
            ("invitations", "email", "email_key"),
        ):
            change = f"UPDATE {rows} SET {column} = :new, {key} = :old WHERE {column} = :plain"  # noqa: S608 - names of ours
            connection.execute(text(change), {"new": login, "old": old, "plain": plain})
    connection.execute(text("UPDATE alembic_version SET version_num = '0011'"))
    return []


def _keys(connection: Connection) -> list[object]:
    found = "SELECT login, login_key FROM users UNION ALL SELECT email, email_key FROM invitations"
    return [tuple(row) for row in connection.execute(text(found))]


async def test_addresses_are_compared_composed_and_unfolded_since_0012(
    database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What would be another's then keeps its old key, and is named on the log."""
    before = await open_world(database_url, tmp_path)
    for login in _OLD_KEYS:
        await before.ask(ADA, "POST", "/invitations", json=document(login))
        await before.ask(ADA, "POST", "/user", data={"login": login})
    await before.stop()
    await on_database(database_url, _undo_0012)
    assert await migrations.migrate(database_url) == ("0011", migrations.NEWEST)
    found = await on_database(database_url, _keys)
    for login, old, new in _OLD_KEYS.values():
        assert found.count((login, new or old)) == 2, login
    kept = [one for one in caplog.messages if "keeps a key of old" in one]
    assert [one.split()[0] for one in kept] == ["users", "invitations"]


async def test_migrating_twice_at_once_is_migrating_once(database_url: str) -> None:
    results = await asyncio.gather(
        migrations.migrate(database_url), migrations.migrate(database_url)
    )
    assert set(results) == {(migrations.NEWEST, migrations.NEWEST)}


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
async def test_who_finds_a_database_half_made_waits_for_who_makes_it(database_url: str) -> None:
    maker = await asyncpg.connect(database_url)
    await maker.execute("SELECT pg_advisory_lock($1)", migrations.LOCK)
    await maker.execute("UPDATE alembic_version SET version_num = '0001'")
    waiting = asyncio.create_task(migrations.settled(database_url))
    while not await maker.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):  # noqa: ASYNC110 - only the database sees it wait
        await asyncio.sleep(0)
    assert not waiting.done()
    await maker.execute("UPDATE alembic_version SET version_num = $1", migrations.NEWEST)
    await maker.close()
    assert await waiting == migrations.NEWEST


async def test_a_newer_database_is_refused(database_url: str) -> None:
    version = table("alembic_version", named_column("version_num"))

    async def work(unit: Unit) -> None:
        await unit.run(Statement(insert(version).values(version_num="9999")))
        await unit.run(
            Statement(version.delete().where(version.c.version_num == migrations.NEWEST))
        )

    database = open_database(database_url, TurnedClock())
    await database.start()
    await database.write(work)
    await database.stop()
    for call in (migrations.current, migrations.migrate):
        with pytest.raises(migrations.CannotMigrate, match="9999"):
            await call(database_url)
