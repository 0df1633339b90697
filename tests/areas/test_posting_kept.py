"""What was invoiced outlives later versions of the schema, byte for byte."""

import asyncio
import shutil
from pathlib import Path

import pytest
from sqlalchemy import update

from tenantry import migrations
from tenantry.core.billing_tables import invoices
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tests.areas.posting_calls import FIRST, close, example, invoice, set_prices, turn_to, use
from tests.world import open_world

_LATER = '''
"""A revision to come."""

import sqlalchemy as sa
from alembic import op

revision = "0999"
down_revision = "{newest}"


def upgrade() -> None:
    op.add_column("invoices", sa.Column("seen", sa.Boolean(), nullable=False, server_default="0"))
    op.create_index("ix_invoices_seen", "invoices", ["customer_id", "seen"])
'''
_CHANGE = Statement(update(invoices).values(total="0.00"))


async def test_an_invoice_outlives_a_migration(database_url: str, tmp_path: Path) -> None:
    world = await open_world(database_url, tmp_path)
    await set_prices(world)
    turn_to(world, "2026-03-31T23:30:00Z")
    await use(world, *example())
    turn_to(world, "2026-04-04T00:00:00Z")
    assert (await close(world)).invoices == 1
    posted = await invoice(world, FIRST)
    await world.stop()

    folder = tmp_path / "migrations"
    shutil.copytree(Path(migrations.__file__).parent, folder)
    (folder / "versions" / "0999_seen.py").write_text(_LATER.format(newest=migrations.NEWEST))
    await asyncio.to_thread(migrations.upgrade, database_url, folder)

    world = await open_world(database_url, tmp_path)
    assert await invoice(world, FIRST) == posted

    async def work(unit: Unit) -> None:
        await unit.run(_CHANGE)

    with pytest.raises(Exception, match="what was invoiced never changes"):
        await world.app.database.write(work)
    await world.stop()
