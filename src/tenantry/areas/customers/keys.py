"""Ending keys: tokens, sessions and automation tokens, from whichever area it is asked.

It stands in the first of the areas, because those that come after it end keys too.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec
from sqlalchemy import bindparam, delete

from tenantry.core import audit, schema
from tenantry.core.audit import Revision
from tenantry.core.clock import Instant
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


class StandingKey(Key, Protocol):
    """What access depends on besides, of a key that stands."""

    @property
    def user_id(self) -> str | None:
        """Whose it is; of an automation token, who made it."""

    @property
    def scope(self) -> str:
        """Its scopes, separated by blanks."""

    @property
    def limited(self) -> bool:
        """Whether only the services of its list count."""

    @property
    def services(self) -> str:
        """These, as JSON."""

    @property
    def role(self) -> str | None:
        """An automation token's role, or the highest of several."""

    @property
    def roles(self) -> str:
        """Several, or those of the customer's own, as a JSON list of ids."""

    @property
    def expires_at(self) -> Instant | None:
        """From when on it opens nothing."""


def revision(key: StandingKey, *, is_new: bool = False) -> Revision:
    """What access depends on of a key."""
    body = {
        "expires_at": key.expires_at,
        "kind": key.kind,
        "limited": key.limited,
        "role": key.role,
        "roles": msgspec.json.decode(key.roles),
        "scope": key.scope,
        "services": msgspec.json.decode(key.services),
        "user_id": key.user_id,
    }
    return Revision("token", key.id, body, is_new=is_new)


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
