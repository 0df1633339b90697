"""Ending keys: tokens, sessions and automation tokens, from whichever area it is asked.

It stands in the first of the areas, because those that come after it end keys too.
"""

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import bindparam, delete

from tenantry.core import audit, schema
from tenantry.core.audit import Revision
from tenantry.core.context import Writing
from tenantry.core.statements import Statement, is_one_of

_T = schema.tokens.c
_END = Statement(
    delete(schema.tokens).where(_T.customer_id == bindparam("customer"), is_one_of(_T.id, "ids"))
)


class Key(Protocol):
    """What is told of a key that ends, whatever else is known of it."""

    @property
    def id(self) -> str:
        """The key's id, not its secret."""

    @property
    def name(self) -> str:
        """How its owner calls it."""

    @property
    def kind(self) -> str:
        """`user`, `session` or `automation`."""


async def end(call: Writing, keys: Sequence[Key]) -> None:
    """Make keys of the call's customer worthless from the next request on; one event each."""
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
