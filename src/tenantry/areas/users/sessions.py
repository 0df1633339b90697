"""The keys of a user: which he has, and ending them with the event that tells of it."""

from collections.abc import Sequence
from typing import Literal

import msgspec
from sqlalchemy import bindparam, delete, select

from tenantry.areas.users.model import UserRow
from tenantry.core import audit, schema
from tenantry.core.audit import Revision
from tenantry.core.clock import Instant
from tenantry.core.context import Reading, Writing
from tenantry.core.statements import Statement, is_one_of

_T = schema.tokens.c


class Key(msgspec.Struct, array_like=True, frozen=True):
    """A token or session of a user's own."""

    id: str
    name: str
    kind: Literal["user", "session"]
    expires_at: Instant | None


_OF_USER = Statement(
    select(_T.id, _T.name, _T.kind, _T.expires_at)
    .where(
        _T.customer_id == bindparam("customer_id"),
        _T.user_id == bindparam("user_id"),
        # An automation token names who made it, and outlives him.
        _T.kind != "automation",
    )
    .order_by(_T.created_at, _T.id),
    Key,
)
_END = Statement(
    delete(schema.tokens).where(_T.customer_id == bindparam("customer"), is_one_of(_T.id, "ids"))
)


async def keys_of(call: Reading, row: UserRow) -> list[Key]:
    """A user's tokens and sessions, oldest first, also those that have expired."""
    return await call.all(_OF_USER, customer_id=row.customer_id, user_id=row.id)


async def end(call: Writing, keys: Sequence[Key]) -> None:
    """Make keys worthless from the next request on; one event each."""
    if not keys:
        return
    await call.run(_END, customer=call.customer_id, ids=[key.id for key in keys])
    for key in keys:
        await audit.record(
            call,
            "token.destroy",
            f"Token '{key.name}' was destroyed",
            metadata={"token_id": key.id, "name": key.name, "kind": key.kind},
            rows=[Revision("token", key.id, None)],
        )


async def end_sessions(call: Writing, row: UserRow) -> None:
    """Sign a user out everywhere; his API tokens stay."""
    await end(call, [key for key in await keys_of(call, row) if key.kind == "session"])
