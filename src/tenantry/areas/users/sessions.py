"""The keys of a user: which he has, and signing him in and out.

A session is a token of the kind `session` and a row beside it: how he proved himself, and on
which device.
"""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from sqlalchemy import bindparam, insert, select, update

from tenantry.access.sessions import IS_OPEN, LIFE, STANDING, Life, cookie_digest
from tenantry.areas.customers import keys
from tenantry.areas.users import devices
from tenantry.areas.users.model import UserRow
from tenantry.areas.users.sign_in_policy import find_policy
from tenantry.core import audit, schema
from tenantry.core.clock import MINUTE, SECOND, Instant
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import not_found
from tenantry.core.ids import new_id
from tenantry.core.secrets import new_token
from tenantry.core.security_tables import sessions
from tenantry.core.statements import Statement

FRESH = 10 * MINUTE
"""For how long after signing in what needs sudo may be done in a session."""

_T, _S = schema.tokens.c, sessions.c


class Key(msgspec.Struct, array_like=True, frozen=True):
    """A token or session of a user's own."""

    id: str
    name: str
    kind: Literal["user", "session"]
    user_id: str
    scope: str
    services: str
    expires_at: Instant | None
    limited: bool = False
    role: str | None = None
    roles: str = "[]"


class Session(msgspec.Struct, frozen=True):
    """A session, as its owner sees it."""

    id: str
    name: str
    browser: str
    ip: str
    methods: list[str]
    created_at: Instant
    used_at: Instant
    ends_at: Instant


class NewSession(msgspec.Struct, frozen=True):
    """What a session begins with."""

    id: str
    user_id: str
    name: str
    methods: list[str]
    device_id: str | None
    begun_at: Instant
    """When he proved who he is."""
    ends_at: Instant
    """From when on it opens nothing, however busy."""
    sudo_until: Instant | None


_KEY = (_T.id, _T.name, _T.kind, _T.user_id, _T.scope, _T.services, _T.expires_at)
_MINE = (_T.customer_id == bindparam("customer_id"), _T.user_id == bindparam("user_id"))
_OF_USER = Statement(
    # An automation token names who made it, and outlives him.
    select(*_KEY).where(*_MINE, _T.kind != "automation").order_by(_T.created_at, _T.id),
    Key,
)
_FIND = Statement(
    select(*_KEY).where(
        _T.customer_id == bindparam("customer_id"),
        _T.id == bindparam("id"),
        _T.kind == "session",
    ),
    Key,
)
_LIST = Statement(
    select(
        *(_T.id, _T.name, _T.user_agent, _T.ip, _T.created_at, _T.last_used_at, _T.expires_at),
        *(_S.methods, *LIFE),
    )
    .select_from(STANDING)
    .where(*_MINE, IS_OPEN)
    .order_by(_T.created_at.desc(), _T.id)
)
_LIKE = Statement(
    select(
        *(_S.user_id, _T.name, _S.methods, _S.device_id),
        *(_S.created_at, _T.expires_at, _T.sudo_expires_at),
    )
    .select_from(STANDING)
    .where(_S.customer_id == bindparam("customer_id"), _S.token_id == bindparam("token_id"))
)
_ADD_TOKEN = Statement(insert(schema.tokens))
_ADD = Statement(insert(sessions))
_END_SUDO = Statement(
    update(schema.tokens)
    .where(
        _T.customer_id == bindparam("customer"),
        _T.user_id == bindparam("user"),
        _T.id != bindparam("spared"),
    )
    .values(sudo_expires_at=None)
)
_TOKEN = {
    "kind": "session",
    "scope": "global",
    "services": "[]",
    "limited": False,
    "role": None,
    "roles": "[]",
    "tls_access": False,
    "limit_workspaces": True,
    "workspaces": "[]",
}
"""What every session's token has."""


async def keys_of(call: Reading, row: UserRow) -> list[Key]:
    """A user's tokens and sessions, oldest first, also those that have expired."""
    return await call.all(_OF_USER, customer_id=row.customer_id, user_id=row.id)


def _session(*columns: Any) -> Session:
    token_id, name, agent, ip, created_at, used_at, expires_at, methods, *life = columns
    ends_at = Life(*life).ends_at()
    return Session(
        id=token_id,
        name=name,
        browser=devices.browser_name(agent),
        ip=ip or "",
        methods=msgspec.json.decode(methods),
        created_at=created_at,
        used_at=used_at or created_at,
        ends_at=ends_at if expires_at is None else min(ends_at, expires_at),
    )


async def list_sessions(call: Reading, user_id: str) -> list[Session]:
    """The sessions of a user that are open, newest first."""
    rows = await call.all(_LIST, customer_id=call.customer_id, user_id=user_id, now=call.now)
    return [_session(*row) for row in rows]


async def new_session(
    call: Reading, row: UserRow, methods: Sequence[str], device_id: str
) -> NewSession:
    """A session of a user's who has just proved himself in the browser that calls."""
    policy = await find_policy(call)
    return NewSession(
        new_id(),
        row.id,
        f"{devices.browser_name(call.user_agent)} browser session",
        list(methods),
        device_id,
        begun_at=call.now,
        ends_at=call.now + policy.session_seconds * SECOND,
        sudo_until=call.now + FRESH,
    )


async def like(call: Reading, token_id: str) -> NewSession:
    """A session to come in the place of one of the call's customer. Raises Problem 404.

    It proves no more than the old one: it ends when that would have, and so does its sudo.
    """
    row = await call.one(_LIKE, customer_id=call.customer_id, token_id=token_id)
    if row is None:
        raise not_found("session", token_id)
    user_id, name, methods, *rest = row
    return NewSession(new_id(), user_id, name, msgspec.json.decode(methods), *rest)


async def start(call: Writing, new: NewSession) -> str:
    """Store a new session; its secret, which is told nowhere else."""
    secret = new_token()
    await call.run(
        _ADD_TOKEN,
        **_TOKEN,
        customer_id=call.customer_id,
        id=new.id,
        user_id=new.user_id,
        name=new.name,
        digest=cookie_digest(call.keyring, secret),
        expires_at=new.ends_at,
        sudo_expires_at=new.sudo_until,
        last_used_at=call.now,
        ip=call.ip[:255],
        user_agent=call.user_agent,
        created_at=new.begun_at,
        updated_at=call.now,
    )
    await call.run(
        _ADD,
        customer_id=call.customer_id,
        token_id=new.id,
        user_id=new.user_id,
        methods=msgspec.json.encode(new.methods).decode(),
        device_id=new.device_id,
        created_at=new.begun_at,
    )
    key = Key(new.id, new.name, "session", new.user_id, "global", "[]", new.ends_at)
    await audit.record(
        call,
        "token.create",
        f"Token '{new.name}' was created",
        metadata=keys.told(key),
        rows=[keys.revision(key, is_new=True)],
    )
    return secret


async def end_one(call: Writing, token_id: str, *, user_id: str | None = None) -> None:
    """End a session of the call's customer, and of that user. Raises Problem 404."""
    key = await call.one(_FIND, customer_id=call.customer_id, id=token_id)
    if key is None or user_id not in {None, key.user_id}:
        raise not_found("session", token_id)
    await keys.end(call, [key])


async def end_if_open(call: Writing, token_id: str) -> None:
    """End a session of the call's customer, unless somebody was first."""
    key = await call.one(_FIND, customer_id=call.customer_id, id=token_id)
    await keys.end(call, [] if key is None else [key])


async def forget_ended(call: Writing, row: UserRow) -> None:
    """Put away the sessions of a user that have ended by themselves."""
    open_ids = {one.id for one in await list_sessions(call, row.id)}
    his = [key for key in await keys_of(call, row) if key.kind == "session"]
    await keys.end(call, [key for key in his if key.id not in open_ids])


async def end_sessions(call: Writing, row: UserRow, *, but: str = "") -> int:
    """Sign a user out everywhere, except from one session; his API tokens stay."""
    his = [key for key in await keys_of(call, row) if key.kind == "session" and key.id != but]
    await keys.end(call, his)
    return len(his)


async def end_sudo(call: Writing, row: UserRow, *, but: str = "") -> None:
    """End the sudo of a user's keys, except of one: what lifted them would do so no more."""
    await call.run(_END_SUDO, customer=row.customer_id, user=row.id, spared=but)
