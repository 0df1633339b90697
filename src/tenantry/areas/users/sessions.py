"""The keys of a user: which he has, and signing him out."""

from typing import Literal

import msgspec
from sqlalchemy import bindparam, select

from tenantry.areas.customers import keys
from tenantry.areas.users.model import UserRow
from tenantry.core import schema
from tenantry.core.clock import Instant
from tenantry.core.context import Reading, Writing
from tenantry.core.statements import Statement

_T = schema.tokens.c


class Key(msgspec.Struct, array_like=True, frozen=True):
    """A token or session of a user's own."""

    id: str
    name: str
    kind: Literal["user", "session"]
    user_id: str
    scope: str
    services: str
    expires_at: Instant | None


_OF_USER = Statement(
    select(_T.id, _T.name, _T.kind, _T.user_id, _T.scope, _T.services, _T.expires_at)
    .where(
        _T.customer_id == bindparam("customer_id"),
        _T.user_id == bindparam("user_id"),
        # An automation token names who made it, and outlives him.
        _T.kind != "automation",
    )
    .order_by(_T.created_at, _T.id),
    Key,
)


async def keys_of(call: Reading, row: UserRow) -> list[Key]:
    """A user's tokens and sessions, oldest first, also those that have expired."""
    return await call.all(_OF_USER, customer_id=row.customer_id, user_id=row.id)


async def end_sessions(call: Writing, row: UserRow) -> None:
    """Sign a user out everywhere; his API tokens stay."""
    await keys.end(call, [key for key in await keys_of(call, row) if key.kind == "session"])
