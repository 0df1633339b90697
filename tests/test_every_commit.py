"""No commit that changes anything of a customer's is silent, whoever made it and by which door.

Seen by the database itself, whatever the code says: triggers note which tables each transaction
changes (PostgreSQL numbers them).
"""

import pytest
from sqlalchemy import text

from tenantry.core.columns import metadata
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tests.account_walk import walk_with_passwords, walk_with_people
from tests.areas.realm_calls import walk_with_programs
from tests.console.browser import CONSOLE, Visitor
from tests.console.company import Company, company
from tests.factor_walk import walk_with_factors
from tests.stored import LOG, NOBODYS
from tests.world import BEN, PASSWORD, World

__all__ = ["company"]

pytestmark = pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)

UNDER_WAY = frozenset({"authenticators", "provider_keys", "refresh_tokens", "sign_in_steps"})
"""Not yet enrolled or used once more, the installation's own, renewed, and not yet proved."""
_NOTE = """CREATE FUNCTION note() RETURNS trigger AS $$ BEGIN
INSERT INTO noted VALUES (txid_current(), TG_TABLE_NAME) ON CONFLICT DO NOTHING;
RETURN NULL; END $$ LANGUAGE plpgsql"""
_SILENT = """SELECT DISTINCT n.changed FROM noted n WHERE NOT EXISTS (
SELECT 1 FROM noted e WHERE e.transaction = n.transaction AND e.changed = 'events')"""


def _statements() -> list[str]:
    made = ["CREATE TABLE noted (transaction bigint, changed text, UNIQUE (transaction, changed))"]
    made.append(_NOTE)
    for table in metadata.sorted_tables:
        if table.name in NOBODYS | (LOG - {"events"}):
            continue
        for verb in ("INSERT", "UPDATE", "DELETE"):
            when = ""
            if (table.name, verb) == ("tokens", "UPDATE"):
                when = "WHEN (NEW.last_used_at IS NOT DISTINCT FROM OLD.last_used_at)"
            on = f"AFTER {verb} ON {table.name} FOR EACH ROW {when}"
            made.append(f"CREATE TRIGGER note_{table.name}_{verb} {on} EXECUTE FUNCTION note()")
    return made


async def _watch(world: World) -> None:
    async def work(unit: Unit) -> None:
        for one in _statements():
            await unit.run_many(Statement(text(one)), [{}])

    await world.app.database.write(work)


async def test_no_commit_is_silent(company: Company) -> None:
    world = company.world
    await _watch(world)
    ben = Visitor(world)
    since = len(await world.events())
    await ben.sign_in(BEN)
    await ben.send(f"{CONSOLE}/profile", {"name": "Benjamin"})
    await ben.send(f"{CONSOLE}/tokens", {"name": "laptop", "scope": "global", "password": PASSWORD})
    await ben.send(f"{CONSOLE}/sign-out", {})
    await company.sign_in(BEN)
    await walk_with_factors(world)
    await walk_with_passwords(world)
    await walk_with_programs(world)
    await walk_with_people(world)
    silent = {name for (name,) in await world.app.database.all(Statement(text(_SILENT)))}
    assert silent <= UNDER_WAY
    told = set(await world.actions(since))
    assert {"user.login", "user.update", "token.create", "user.logout"} <= told
