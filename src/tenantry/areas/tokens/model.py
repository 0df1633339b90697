"""A token: a key of a user, of a program (automation) or of a sign-in (session).

It is issued, lifted for a while (sudo) and revoked. Its secret is told once and never stored.
"""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from sqlalchemy import bindparam, delete, func, insert, or_, select, update

from tenantry.access.decide import decide, service_permissions
from tenantry.access.decide import visible_services as decided_services
from tenantry.core import audit, schema
from tenantry.core.audit import Revision
from tenantry.core.clock import Instant, read, shown_or_none
from tenantry.core.context import Grants, Reading, Writing
from tenantry.core.errors import Problem, bad_request, not_authorized, not_found
from tenantry.core.ids import is_id, new_id
from tenantry.core.permissions import SCOPES
from tenantry.core.secrets import new_token
from tenantry.core.statements import Statement, is_one_of, point

_T, _S, _U = schema.tokens.c, schema.services.c, schema.users.c

MAX_LIVE = 100
"""Living tokens of one user, or automation tokens of one customer."""
LONGEST_NAME = 255
INVALID_EXPIRY = "Invalid value for expires_at"


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


def _row(*values: Any) -> TokenRow:
    return TokenRow(**dict(zip(TokenRow.__struct_fields__, values, strict=True)))


_COLUMNS = [schema.tokens.c[name] for name in TokenRow.__struct_fields__]
_OF_CUSTOMER = _T.customer_id == bindparam("customer_id")
_IN_TIME = (_T.created_at, _T.id)
_FIND = point(_COLUMNS, schema.tokens, _row, customer_id=_T.customer_id, id=_T.id)
_FIND_MANY = Statement(
    select(*_COLUMNS).where(_OF_CUSTOMER, is_one_of(_T.id, "ids")).order_by(*_IN_TIME), _row
)
_OF_USER = Statement(
    select(*_COLUMNS)
    .where(_OF_CUSTOMER, _T.user_id == bindparam("user_id"), _T.kind != "automation")
    .order_by(*_IN_TIME),
    _row,
)
_OF_PEOPLE = Statement(
    select(*_COLUMNS).where(_OF_CUSTOMER, _T.kind != "automation").order_by(*_IN_TIME), _row
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
_REVOKE = Statement(
    delete(schema.tokens).where(
        _T.customer_id == bindparam("customer"), is_one_of(_T.id, "ids")
    )
)
_LIFT = Statement(
    update(schema.tokens)
    .where(_T.customer_id == bindparam("customer"), _T.id == bindparam("token"))
    .values(sudo_expires_at=bindparam("until"))
)
_LIVE_SERVICES = select(_S.id, _S.name).where(
    _S.customer_id == bindparam("customer_id"), _S.deleted_at.is_(None)
)
_SERVICES = Statement(_LIVE_SERVICES.where(is_one_of(_S.id, "ids")).order_by(_S.id))
_ALL_SERVICES = Statement(_LIVE_SERVICES.order_by(_S.id))


async def find(call: Reading, token_id: str) -> TokenRow:
    """A token of the call's customer. Raises Problem 404."""
    row = await call.one(_FIND, customer_id=call.customer_id, id=token_id)
    if row is None:
        raise not_found("token", token_id)
    return row


async def list_of_user(call: Reading, user_id: str) -> list[TokenRow]:
    """A user's tokens and sessions, oldest first."""
    return await call.all(_OF_USER, customer_id=call.customer_id, user_id=user_id)


async def list_of_people(call: Reading) -> list[TokenRow]:
    """The tokens and sessions of all the customer's users, oldest first."""
    return await call.all(_OF_PEOPLE, customer_id=call.customer_id)


async def list_automations(call: Reading, size: int, skipped: int) -> tuple[list[TokenRow], int]:
    """A page of the automation tokens, and how many there are."""
    rows = await call.all(_AUTOMATIONS, customer_id=call.customer_id, size=size, skipped=skipped)
    count = await call.one(_COUNT_AUTOMATIONS, customer_id=call.customer_id)
    return rows, count[0] if count else 0


def revision(row: TokenRow, *, is_new: bool = False) -> Revision:
    """What access depends on of a token."""
    body = {
        "expires_at": row.expires_at,
        "kind": row.kind,
        "limited": row.limited,
        "role": row.role,
        "scope": row.scope,
        "services": row.service_ids,
        "user_id": row.user_id,
    }
    return Revision("token", row.id, body, is_new=is_new)


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
        user_id=row.user_id if row.kind != "automation" else None,
        metadata={
            "token_id": row.id,
            "name": row.name,
            "scope": row.scope,
            "services": row.service_ids,
            "expires_at": shown_or_none(row.expires_at),
            "kind": row.kind,
        },
        rows=[revision(row, is_new=True)],
    )
    return secret


async def _check_limit(call: Writing, row: TokenRow) -> None:
    if row.kind == "session":
        return
    if row.kind == "automation":
        count = await call.one(
            _COUNT_LIVE_AUTOMATIONS, customer_id=row.customer_id, now=call.now
        )
    else:
        count = await call.one(
            _COUNT_OF_USER, customer_id=row.customer_id, user_id=row.user_id, now=call.now
        )
    if count is not None and count[0] >= MAX_LIVE:
        raise bad_request("Token limit reached")


def may_revoke(call: Reading, row: TokenRow) -> bool:
    """One's own token, or any for who may revoke all."""
    principal = call.principal
    is_own = row.id == principal.token_id or (
        row.kind != "automation" and row.user_id is not None and row.user_id == principal.user_id
    )
    return is_own or decide(principal.grants, "token.revoke_all").allowed


async def revoke(call: Writing, ids: Sequence[str]) -> None:
    """Revoke tokens, all or none. Raises Problem 404, 403."""
    known = [one for one in ids if is_id(one)]
    rows = {row.id: row for row in await call.all(_FIND_MANY, customer_id=call.customer_id, ids=known)}
    for token_id in ids:
        if token_id not in rows:
            raise not_found("token", token_id)
    if not all(may_revoke(call, row) for row in rows.values()):
        raise not_authorized()
    await call.run(_REVOKE, customer=call.customer_id, ids=list(rows))
    for row in rows.values():
        await audit.record(
            call,
            "token.destroy",
            f"Token '{row.name}' was destroyed",
            metadata={"token_id": row.id, "name": row.name, "kind": row.kind},
            rows=[Revision("token", row.id, None)],
        )


async def lift(call: Writing, until: Instant) -> None:
    """Put the calling token into sudo mode."""
    await call.run(
        _LIFT, customer=call.customer_id, token=call.principal.token_id, until=until
    )
    await audit.record(
        call,
        "user.sudo",
        f"User '{call.principal.login}' entered sudo mode",
        event_type=None,
        metadata={"token_id": call.principal.token_id, "until": shown_or_none(until)},
    )


def checked_name(name: str) -> str:
    """A name of 1 to 255 characters. Raises Problem 400."""
    text = name.strip()
    if not 1 <= len(text) <= LONGEST_NAME:
        raise bad_request("Name must have 1 to 255 characters")
    return text


def checked_scope(text: str | None) -> str:
    """Known scopes, each once, separated by blanks; `global` by default. Raises Problem 400."""
    words = list(dict.fromkeys((text or "").split())) or ["global"]
    for word in words:
        if word not in SCOPES:
            title = f"Scope '{word[:60]}' is not one of: {', '.join(SCOPES)}"
            raise Problem(400, title, code="invalid_scope")
    return " ".join(words)


def checked_expiry(text: str | None, now: Instant) -> Instant | None:
    """An instant that is yet to come; nothing is never. Raises Problem 422."""
    if not text:
        return None
    try:
        instant = read(text)
    except ValueError as problem:
        raise Problem(422, INVALID_EXPIRY, f"'{text[:60]}' is not an RFC 3339 time") from problem
    if instant <= now:
        raise Problem(422, INVALID_EXPIRY, "It must be in the future")
    return instant


async def checked_services(
    call: Reading, ids: Sequence[str], grants: Grants | None = None
) -> list[str]:
    """Services of the customer that the caller sees, each once. Raises Problem 400."""
    wanted = list(dict.fromkeys(ids))
    asked = [one for one in wanted if is_id(one)]
    found = dict(await call.all(_SERVICES, customer_id=call.customer_id, ids=asked))
    grants = grants or call.principal.grants
    for one in wanted:
        if one not in found or "service.read" not in service_permissions(grants, one):
            raise Problem(400, f"Cannot find service '{one[:64]}'", code="invalid_request")
    return wanted


_USER_GRANTS = Statement(
    select(_U.role, _U.limit_services).where(
        _U.customer_id == bindparam("customer_id"), _U.id == bindparam("user_id")
    )
)


async def checked_services_of(call: Reading, user_id: str, ids: Sequence[str]) -> list[str]:
    """As `checked_services`, for a user who came without a key. Raises Problem 400."""
    role, limit_services = await call.one(
        _USER_GRANTS, customer_id=call.customer_id, user_id=user_id
    ) or ("user", True)
    grants = Grants(roles=frozenset({role}), limit_services=limit_services)
    return await checked_services(call, ids, grants)


async def visible_services(call: Reading) -> dict[str, str]:
    """The names, by id, of the services that the calling key sees."""
    visible = decided_services(call.principal.grants)
    if visible is None:
        rows = await call.all(_ALL_SERVICES, customer_id=call.customer_id)
    else:
        rows = await call.all(_SERVICES, customer_id=call.customer_id, ids=sorted(visible))
    return dict(rows)


def check_not_wider(call: Reading, scope: str, services: Sequence[str]) -> None:
    """Refuse to make a token that may more than its maker. Raises Problem 403."""
    grants = call.principal.grants
    if "global" not in grants.scopes and not set(scope.split()) <= grants.scopes:
        raise not_authorized()
    if grants.token_limited and (not services or not set(services) <= grants.token_services):
        raise not_authorized()


def new_row(call: Reading, kind: Literal["user", "session", "automation"], **more: Any) -> TokenRow:
    """A token of the call's customer, made now."""
    more.setdefault("id", new_id())
    return TokenRow(
        customer_id=call.customer_id, kind=kind, created_at=call.now, updated_at=call.now, **more
    )
