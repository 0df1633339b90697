"""What a test does to the database that it is lent, the next one does not see."""

import asyncio
from collections.abc import Iterator

import asyncpg
import pytest

from tests.infrastructure.lending import LentDatabase
from tests.infrastructure.postgres import PostgresServer

_MADE = """CREATE TABLE people (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text UNIQUE NOT NULL,
    boss bigint REFERENCES people
);
CREATE TABLE letters (person bigint REFERENCES people, text text);
INSERT INTO people (name) VALUES ('Ada');
INSERT INTO people (name, boss) VALUES ('Ben', 1);
CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN RAISE 'kept'; END $$ LANGUAGE plpgsql;
CREATE TRIGGER kept BEFORE DELETE ON letters FOR EACH ROW EXECUTE FUNCTION refuse()"""
_LOOK = """SELECT array_agg(name || ':' || id ORDER BY id) || (SELECT last_value::text
    FROM people_id_seq) || (SELECT count(*)::text FROM letters) FROM people"""
_AT_FIRST = ["Ada:1", "Ben:2", "2", "0"]


def _run(url: str, statement: str) -> object:
    async def run() -> object:
        connection = await asyncpg.connect(url, ssl=False)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(run())


@pytest.fixture
def database(postgres_server: PostgresServer, worker: str) -> Iterator[LentDatabase]:
    """A small one, to be lent."""
    template = f"people_{worker}"
    asyncio.run(postgres_server.create_database(template))
    for statement in _MADE.split(";\n"):
        _run(postgres_server.url(template), statement)
    database = LentDatabase(postgres_server, template, f"lent_{worker}")
    yield database
    database.close()
    asyncio.run(postgres_server.drop_database(template))


@pytest.mark.parametrize(
    ("statement", "is_kept"),
    [
        ("SELECT 1", True),
        ("INSERT INTO people (name) VALUES ('Eve')", True),
        ("UPDATE people SET name = 'Eve' WHERE id = 1", True),
        ("DELETE FROM people WHERE id = 2", True),
        ("INSERT INTO letters VALUES (1, 'Dear Ada')", True),
        ("SELECT nextval('people_id_seq')", True),
        ("INSERT INTO people (name) SELECT n::text FROM generate_series(1, 5000) AS n", False),
        ("CREATE TABLE more (id bigint)", False),
        ("DROP TABLE letters", False),
        ("ALTER TABLE people ADD COLUMN motto text", False),
        ("ALTER TABLE letters DISABLE TRIGGER kept", False),
        ("DROP TRIGGER kept ON letters", False),
        ("CREATE INDEX ON people (boss)", False),
        ("ALTER FUNCTION refuse() STABLE", False),
        ("ANALYZE people", False),
    ],
)
def test_it_is_lent_as_it_was_at_first(
    database: LentDatabase, statement: str, *, is_kept: bool
) -> None:
    with database.lent() as url:
        _run(url, statement)
    with database.lent() as again:
        assert _run(again, _LOOK) == _AT_FIRST
        assert (again == url) is is_kept
        assert _run(again, "SELECT tgenabled FROM pg_trigger WHERE tgname = 'kept'") == b"O"


def test_who_is_still_connected_changes_nothing_any_more(database: LentDatabase) -> None:
    with asyncio.Runner() as another:
        with database.lent() as url:
            left = another.run(asyncpg.connect(url, ssl=False))
            another.run(left.execute("BEGIN; INSERT INTO people (name) VALUES ('Eve')"))
        with pytest.raises((asyncpg.PostgresConnectionError, asyncpg.AdminShutdownError)):
            another.run(left.execute("COMMIT"))
    with database.lent() as again:
        assert (_run(again, _LOOK), again) == (_AT_FIRST, url)


def test_it_does_not_grow_for_ever(database: LentDatabase) -> None:
    urls = set()
    for _ in range(31):
        with database.lent() as url:
            urls.add(url)
    assert len(urls) == 2
