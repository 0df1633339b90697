"""A token: a key of a user, of a program (automation) or of a sign-in (session).

It is issued, lifted for a while (sudo) and revoked. Its secret is told once and never stored.
"""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from sqlalchemy import bindparam, func, insert, or_, select, update

from tenantry.access.decide import decide
from tenantry.access.sessions import IS_OPEN, WITH_TOKENS
from tenantry.areas.customers import keys
from tenantry.core import audit, schema
from tenantry.core.clock import Instant, shown_or_none
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import bad_request, not_authorized, not_found
from tenantry.core.ids import is_id, new_id
from tenantry.core.permissions import ROLE_IDS
from tenantry.core.secrets import new_token
from tenantry.core.statements import Statement, is_one_of, point

_T, _O = schema.tokens.c, schema.operator_keys.c

MAX_LIVE = 100
"""Living tokens of one user, or automation tokens of one customer."""


class TokenRow(msgspec.Struct, array_like=True, frozen=True, kw_only=True):
    """A token as it is stored, but for its digest."""

    customer_id: str
    id: str
    kind: Literal["user", "session", "automation"]
    user_id: str | None
    name: str
    scope: str = "global"
    services: str = "[]"
    limited: bool = False
    role: str | None = None
    roles: str = "[]"
    tls_access: bool = False
    limit_workspaces: bool = True
    workspaces: str = "[]"
    expires_at: int | None = None
    sudo_expires_at: int | None = None
    last_used_at: int | None = None
    ip: str | None = None
    user_agent: str | None = None
    created_at: int = 0
    updated_at: int = 0

    @property
    def service_ids(self) -> list[str]:
        """The services it is limited to."""
        ids: list[str] = msgspec.json.decode(self.services)
        return ids

    @property
    def role_ids(self) -> list[str]:
        """An automation token's roles: those that were set together, or the single one."""
        return msgspec.json.decode(self.roles) or [ROLE_IDS[self.role or "user"]]


def _row(*values: Any) -> TokenRow:
    return TokenRow(**dict(zip(TokenRow.__struct_fields__, values, strict=True)))


_COLUMNS = [schema.tokens.c[name] for name in TokenRow.__struct_fields__]
_OF_CUSTOMER = _T.customer_id == bindparam("customer_id")
_IN_TIME = (_T.created_at, _T.id)
_FIND = point(_COLUMNS, schema.tokens, _row, customer_id=_T.customer_id, id=_T.id)
_OPERATOR_SINCE = point([_O.created_at], schema.operator_keys, id=_O.id)
_FIND_MANY = Statement(
    select(*_COLUMNS).where(_OF_CUSTOMER, is_one_of(_T.id, "ids")).order_by(*_IN_TIME), _row
)
# Tokens stay listed when they have expired (contract: identity §6.2), sessions don't.
_STANDING = (
    select(*_COLUMNS)
    .select_from(WITH_TOKENS)
    .where(_OF_CUSTOMER, or_(_T.kind != "session", IS_OPEN))
    .order_by(*_IN_TIME)
)
_FIND_STANDING = Statement(_STANDING.where(_T.id == bindparam("id")), _row)
_OF_PEOPLE = Statement(_STANDING.where(_T.kind != "automation"), _row)
_OF_USER = Statement(
    _STANDING.where(_T.user_id == bindparam("user_id"), _T.kind != "automation"), _row
)
_AUTOMATIONS = Statement(
    select(*_COLUMNS)
    .where(_OF_CUSTOMER, _T.kind == "automation")
    .order_by(*_IN_TIME)
    .limit(bindparam("size"))
    .offset(bindparam("skipped")),
    _row,
)
_COUNT_AUTOMATIONS = Statement(select(func.count()).where(_OF_CUSTOMER, _T.kind == "automation"))
_LIVES = or_(_T.expires_at.is_(None), _T.expires_at > bindparam("now"))
_COUNT_OF_USER = Statement(
    select(func.count()).where(
        _OF_CUSTOMER, _T.user_id == bindparam("user_id"), _T.kind == "user", _LIVES
    )
)
_COUNT_LIVE_AUTOMATIONS = Statement(
    select(func.count()).where(_OF_CUSTOMER, _T.kind == "automation", _LIVES)
)
_ADD = Statement(insert(schema.tokens))
_LIFT = Statement(
    update(schema.tokens)
    .where(_T.customer_id == bindparam("customer"), _T.id == bindparam("token"))
    .values(sudo_expires_at=bindparam("until"))
)


async def find(call: Reading, token_id: str) -> TokenRow:
    """A token of the call's customer. Raises Problem 404."""
    row = await call.one(_FIND, customer_id=call.customer_id, id=token_id)
    if row is None:
        raise not_found("token", token_id)
    return row


async def current(call: Reading) -> TokenRow:
    """The calling key, whatever its kind: an operator's is told as a program's."""
    principal = call.principal
    if principal.kind != "operator":
        return await find(call, principal.token_id)
    since = await call.one(_OPERATOR_SINCE, id=principal.token_id)
    return TokenRow(
        customer_id=call.customer_id,
        id=principal.token_id,
        kind="automation",
        user_id=None,
        name=principal.token_name,
        created_at=since[0] if since else call.now,
    )


async def find_standing(call: Reading, token_id: str) -> TokenRow:
    """As `find`, but for sessions that have ended by themselves. Raises Problem 404."""
    row = await call.one(_FIND_STANDING, customer_id=call.customer_id, id=token_id, now=call.now)
    if row is None:
        raise not_found("token", token_id)
    return row


async def find_automation(call: Reading, token_id: str) -> TokenRow:
    """An automation token of the call's customer. Raises Problem 404."""
    row = await call.one(_FIND, customer_id=call.customer_id, id=token_id)
    if row is None or row.kind != "automation":
        raise not_found("automationtoken", token_id)
    return row


async def list_of_user(call: Reading, user_id: str) -> list[TokenRow]:
    """A user's tokens, and his sessions that are open, oldest first."""
    return await call.all(_OF_USER, customer_id=call.customer_id, user_id=user_id, now=call.now)


async def list_of_people(call: Reading) -> list[TokenRow]:
    """The tokens and open sessions of all the customer's users, oldest first."""
    return await call.all(_OF_PEOPLE, customer_id=call.customer_id, now=call.now)


async def list_automations(call: Reading, size: int, skipped: int) -> tuple[list[TokenRow], int]:
    """A page of the automation tokens, and how many there are."""
    rows = await call.all(_AUTOMATIONS, customer_id=call.customer_id, size=size, skipped=skipped)
    count = await call.one(_COUNT_AUTOMATIONS, customer_id=call.customer_id)
    return rows, count[0] if count else 0


async def issue(call: Writing, row: TokenRow, secret: str | None = None) -> str:
    """Store a new token; its secret, which is told nowhere else. Raises Problem 400."""
    await _check_limit(call, row)
    secret = secret or new_token()
    values = {name: getattr(row, name) for name in TokenRow.__struct_fields__}
    await call.run(_ADD, digest=call.keyring.digest(secret), **values)
    await audit.record(
        call,
        "token.create",
        f"Token '{row.name}' was created",
        # Who has no key yet proved himself by his password.
        user_id=row.user_id if call.principal.kind == "nobody" else None,
        metadata=keys.told(row),
        rows=[keys.revision(row, is_new=True)],
    )
    return secret


async def _check_limit(call: Writing, row: TokenRow) -> None:
    if row.kind == "session":
        return
    if row.kind == "automation":
        count = await call.one(_COUNT_LIVE_AUTOMATIONS, customer_id=row.customer_id, now=call.now)
    else:
        count = await call.one(
            _COUNT_OF_USER, customer_id=row.customer_id, user_id=row.user_id, now=call.now
        )
    if count is not None and count[0] >= MAX_LIVE:
        raise bad_request("Token limit reached")


def is_own(call: Reading, row: TokenRow) -> bool:
    """Whether it is the calling token, or one of the same user's."""
    principal = call.principal
    return row.id == principal.token_id or (
        row.kind != "automation" and row.user_id is not None and row.user_id == principal.user_id
    )


def may_revoke(call: Reading, row: TokenRow) -> bool:
    """One's own token, or any for who may revoke all."""
    return is_own(call, row) or decide(call.principal.grants, "token.revoke_all").allowed


async def revoke(call: Writing, ids: Sequence[str]) -> None:
    """Revoke tokens, all or none. Raises Problem 404, 403."""
    known = [one for one in ids if is_id(one)]
    rows = {
        row.id: row for row in await call.all(_FIND_MANY, customer_id=call.customer_id, ids=known)
    }
    for token_id in ids:
        if token_id not in rows:
            raise not_found("token", token_id)
    if not all(may_revoke(call, row) for row in rows.values()):
        raise not_authorized()
    await keys.end(call, list(rows.values()))


async def lift(call: Writing, until: Instant) -> None:
    """Put the calling token into sudo mode."""
    await call.run(_LIFT, customer=call.customer_id, token=call.principal.token_id, until=until)
    await audit.record(
        call,
        "user.sudo",
        f"User '{call.principal.login}' entered sudo mode",
        event_type=None,
        metadata={"token_id": call.principal.token_id, "until": shown_or_none(until)},
    )


def new_row(call: Reading, kind: Literal["user", "session", "automation"], **more: Any) -> TokenRow:
    """A token of the call's customer, made now."""
    more.setdefault("id", new_id())
    return TokenRow(
        customer_id=call.customer_id, kind=kind, created_at=call.now, updated_at=call.now, **more
    )
