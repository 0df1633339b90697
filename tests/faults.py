"""Real failures of the database, one row after the other: the change of the n-th row is refused.

Every table counts down with each row that changes, by triggers, and at zero the statement fails, as
it would on a full disk. A transaction that is undone undoes the count as well.
"""

from sqlalchemy import text

from tenantry.core.columns import metadata
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tests.stored import NOBODYS
from tests.world import World

_TABLE = "CREATE TABLE faults (n INTEGER)"
_FUNCTION = """CREATE FUNCTION count_down() RETURNS trigger AS $$ BEGIN
UPDATE faults SET n = n - 1;
IF (SELECT n FROM faults) = 0 THEN RAISE EXCEPTION 'no more'; END IF;
RETURN NULL; END $$ LANGUAGE plpgsql"""
_COUNTED = """BEGIN
UPDATE faults SET n = n - 1;
SELECT RAISE(ABORT, 'no more') FROM faults WHERE n = 0;
END"""
_UNUSED = "WHEN (NEW.last_used_at IS NOT DISTINCT FROM OLD.last_used_at)"
"""A token's use is noted whenever there is time: it must not count."""


def _statements(dialect: str) -> list[str]:
    calls = "EXECUTE FUNCTION count_down()" if dialect == "postgresql" else _COUNTED
    made = [_TABLE, "INSERT INTO faults VALUES (-1)"]
    made += [_FUNCTION] if dialect == "postgresql" else []
    for table in metadata.sorted_tables:
        if table.name in NOBODYS:
            continue
        for verb in ("INSERT", "UPDATE", "DELETE"):
            when = _UNUSED if (table.name, verb) == ("tokens", "UPDATE") else ""
            on = f"AFTER {verb} ON {table.name} FOR EACH ROW {when}"
            made.append(f"CREATE TRIGGER fail_{table.name}_{verb.lower()} {on} {calls}")
    return made


async def _run(world: World, statements: list[str]) -> None:
    async def work(unit: Unit) -> None:
        for one in statements:
            await unit.run_many(Statement(text(one)), [{}])

    await world.app.database.write(work)


async def install(world: World) -> None:
    """Make failures possible; none happens yet."""
    await _run(world, _statements(world.dialect))


async def arm(world: World, rows: int) -> None:
    """Fail at the change of that row of what is written next; -1 is never."""
    await _run(world, [f"UPDATE faults SET n = {rows}"])  # noqa: S608 - a number
