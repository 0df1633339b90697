"""The keys of the installation's operator: which there are, and ending one."""

import msgspec
from sqlalchemy import bindparam, delete, select

from tenantry.core import schema
from tenantry.core.clock import Instant
from tenantry.core.database import Database
from tenantry.core.errors import not_found
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit

_O = schema.operator_keys.c


class OperatorKey(msgspec.Struct, array_like=True, frozen=True):
    """A key as it is told: its secret is kept nowhere."""

    id: str
    name: str
    created_at: Instant


_LIST = Statement(select(_O.id, _O.name, _O.created_at).order_by(_O.created_at, _O.id), OperatorKey)
_REVOKE = Statement(delete(schema.operator_keys).where(_O.id == bindparam("key")))


async def list_all(database: Database) -> list[OperatorKey]:
    """Every key that opens something, oldest first."""
    return await database.all(_LIST)


async def revoke(database: Database, key_id: str) -> None:
    """End a key: it opens nothing from its next use on. Raises Problem 404."""

    async def work(unit: Unit) -> None:
        if not await unit.run(_REVOKE, key=key_id):
            raise not_found("operator key", key_id)

    await database.write(work)
