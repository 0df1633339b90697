"""Ending keys: tokens, sessions and automation tokens, from whichever area it is asked.

It stands in the first of the areas, because those that come after it end keys too.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import msgspec
from sqlalchemy import bindparam, delete

from tenantry.areas.customers.logins import logins
from tenantry.core import audit, schema
from tenantry.core.audit import Revision
from tenantry.core.clock import Instant, shown_or_none
from tenantry.core.context import Writing
from tenantry.core.security_tables import sessions
from tenantry.core.statements import Statement, is_one_of

_T, _S = schema.tokens.c, sessions.c
_END = Statement(
    delete(schema.tokens).where(_T.customer_id == bindparam("customer"), is_one_of(_T.id, "ids"))
)
_END_SESSIONS = Statement(
    delete(sessions).where(_S.customer_id == bindparam("customer"), is_one_of(_S.token_id, "ids"))
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

    @property
    def user_id(self) -> str | None:
        """Whose it is; of an automation token, who made it."""

    @property
    def scope(self) -> str:
        """Its scopes, separated by blanks."""

    @property
    def services(self) -> str:
        """The services on its list, as JSON."""

    @property
    def expires_at(self) -> Instant | None:
        """From when on it opens nothing."""


class StandingKey(Key, Protocol):
    """What access depends on besides, of a key that stands."""

    @property
    def limited(self) -> bool:
        """Whether only the services of its list count."""

    @property
    def role(self) -> str | None:
        """An automation token's role, or the highest of several."""

    @property
    def roles(self) -> str:
        """Several, or those of the customer's own, as a JSON list of ids."""


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


def told(key: Key) -> dict[str, Any]:
    """What an event says of a key that begins or ends (contract: billing §8.4)."""
    return {
        "token_id": key.id,
        "name": key.name,
        "scope": key.scope,
        "services": msgspec.json.decode(key.services),
        "expires_at": shown_or_none(key.expires_at),
        "kind": key.kind,
    }


async def end(call: Writing, keys: Sequence[Key]) -> None:
    """Make keys of the call's customer worthless from the next request on; one event each.

    Whose session ends, or who ends the token that he is calling with, logs out (billing §8.4).
    """
    if not keys:
        return
    await call.run(_END, customer=call.customer_id, ids=[key.id for key in keys])
    ended = [key.id for key in keys if key.kind == "session"]
    if ended:
        await call.run(_END_SESSIONS, customer=call.customer_id, ids=ended)
    for key in keys:
        await audit.record(
            call,
            "token.destroy",
            f"Token '{key.name}' was destroyed",
            metadata=told(key),
            rows=[Revision("token", key.id, None)],
        )
    left = {key.user_id for key in keys if _is_signed_in(call, key)}
    await _log_out(call, {one for one in left if one is not None})


def _is_signed_in(call: Writing, key: Key) -> bool:
    return key.kind == "session" or (key.kind == "user" and key.id == call.principal.token_id)


async def _log_out(call: Writing, users: Iterable[str]) -> None:
    for user_id, login in sorted((await logins(call, users)).items()):
        is_himself = user_id == call.principal.user_id
        await audit.record(
            call,
            "user.logout",
            f"User '{login}' logged out" if is_himself else f"User '{login}' was logged out",
            metadata={} if is_himself else {"user_id": user_id, "login": login},
        )
