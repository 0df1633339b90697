"""A user: a person of one customer. It is added, changed and removed; its login stays its own."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import and_, bindparam, delete, func, insert, select, update

from tenantry.core import audit, schema
from tenantry.core.audit import Revision
from tenantry.core.commit import UniqueViolation
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import Problem, bad_request, duplicate, not_authorized, not_found
from tenantry.core.ids import new_id
from tenantry.core.mail_address import checked_address
from tenantry.core.permissions import ROLE_IDS, ROLE_OF_ID, ROLES, Role
from tenantry.core.statements import Statement, is_one_of, point

_U, _C, _T = schema.users.c, schema.customers.c, schema.tokens.c

LIMITABLE = frozenset({"engineer"})
"""The built-in roles that may be limited to services (contract: README, service limit)."""


class UserRow(msgspec.Struct, array_like=True, frozen=True):
    """A user as it is stored, and whether the customer forces two factors."""

    customer_id: str
    id: str
    name: str
    login: str
    login_key: str
    role: str = "user"
    roles: str = "[]"
    password: str | None = None
    password_changed_at: int | None = None
    failed_sign_ins: int = 0
    locked: bool | None = None
    locked_by_superuser: bool = False
    require_new_password: bool | None = None
    two_factor_auth_enabled: bool | None = None
    limit_services: bool = False
    last_active_at: int | None = None
    created_at: int = 0
    updated_at: int = 0
    deleted_at: int | None = None
    force_2fa: bool = False


class NewUser(msgspec.Struct, kw_only=True):
    """What a user is created from (contract: identity §3.4)."""

    login: str | None = None
    name: str | None = None
    role: Role | None = None
    roles: list[str] | None = None
    limit_services: bool | None = None
    locked: bool | None = None
    require_new_password: bool | None = None


class UserChange(msgspec.Struct, kw_only=True):
    """What may be changed; what is left out stays. Login and two-factor fields are ignored."""

    name: str | UnsetType = UNSET
    role: Role | UnsetType = UNSET
    roles: list[str] | UnsetType = UNSET
    limit_services: bool | UnsetType | None = UNSET
    locked: bool | UnsetType | None = UNSET
    require_new_password: bool | UnsetType | None = UNSET


STORED = [name for name in UserRow.__struct_fields__ if name != "force_2fa"]
_COLUMNS = [*(schema.users.c[name] for name in STORED), _C.force_2fa]
_JOINED = schema.users.join(schema.customers, _C.id == _U.customer_id)
_FIND = point(_COLUMNS, _JOINED, UserRow, customer_id=_U.customer_id, id=_U.id)
_FIND_LOGIN = Statement(
    select(*_COLUMNS)
    .select_from(_JOINED)
    .where(_U.login_key == bindparam("login_key"), _U.deleted_at.is_(None)),
    UserRow,
)
_LIST = Statement(
    select(*_COLUMNS)
    .select_from(_JOINED)
    .where(_U.customer_id == bindparam("customer_id"), _U.deleted_at.is_(None))
    .order_by(_U.id),
    UserRow,
)
_ADD = Statement(insert(schema.users))
_CHANGEABLE = [name for name in STORED if name not in {"id", "customer_id"}]
_CHANGE = Statement(
    update(schema.users)
    .where(
        _U.customer_id == bindparam("customer"), _U.id == bindparam("user"), _U.deleted_at.is_(None)
    )
    .values({name: bindparam(name) for name in _CHANGEABLE})
)
_SUPERUSERS = Statement(
    select(func.count()).where(
        _U.customer_id == bindparam("customer_id"),
        _U.role == "superuser",
        _U.deleted_at.is_(None),
    )
)
_TOKENS = Statement(
    select(_T.id, _T.name, _T.kind, _T.expires_at).where(
        _T.customer_id == bindparam("customer_id"),
        _T.user_id == bindparam("user_id"),
        _T.kind != "automation",
    )
)
_END_TOKENS = Statement(
    delete(schema.tokens).where(_T.customer_id == bindparam("customer"), is_one_of(_T.id, "ids"))
)
_FORGET = [
    Statement(
        delete(table).where(
            table.c.customer_id == bindparam("customer"), table.c.user_id == bindparam("user")
        )
    )
    for table in (schema.stars, schema.contacts, schema.password_codes)
]
_POINTERS = [
    _C.billing_contact_id,
    _C.legal_contact_id,
    _C.security_contact_id,
    _C.technical_contact_id,
]
_UNPOINT = [
    Statement(
        update(schema.customers)
        .where(and_(_C.id == bindparam("customer"), column == bindparam("user")))
        .values({column.name: None})
    )
    for column in _POINTERS
]


def login_key(login: str) -> str:
    """The folded form by which a login is unique."""
    return login.strip().casefold()


async def find(call: Reading, user_id: str) -> UserRow:
    """A living user of the call's customer. Raises Problem 404."""
    row = await call.one(_FIND, customer_id=call.customer_id, id=user_id)
    if row is None or row.deleted_at is not None:
        raise not_found("user", user_id)
    return row


async def find_by_login(call: Reading, login: str) -> UserRow | None:
    """The living user with a login, whichever customer's."""
    if "\0" in login:
        return None
    return await call.one(_FIND_LOGIN, login_key=login_key(login))


async def list_all(call: Reading) -> list[UserRow]:
    """The living users of the call's customer, by id."""
    return await call.all(_LIST, customer_id=call.customer_id)


def revision(row: UserRow, *, is_new: bool = False) -> Revision:
    """What access depends on of a user."""
    if row.deleted_at is not None:
        return Revision("user", row.id, None)
    body = {
        "limit_services": row.limit_services,
        "locked": row.locked_by_superuser,
        "role": row.role,
        "roles": msgspec.json.decode(row.roles),
    }
    return Revision("user", row.id, body, is_new=is_new)


async def add(call: Writing, new: NewUser, *, user_id: str | None = None) -> UserRow:
    """Create a user without a password. Raises Problem 400, 404, 409."""
    login = checked_login(new.login)
    role, roles = _agreed_roles(new.role or "user", new.roles or [])
    row = UserRow(
        customer_id=call.customer_id,
        id=user_id or new_id(),
        name=_checked_name(new.name or login),
        login=login,
        login_key=login_key(login),
        role=role,
        roles=roles,
        limit_services=bool(new.limit_services),
        locked=new.locked,
        locked_by_superuser=bool(new.locked),
        require_new_password=new.require_new_password,
        created_at=call.now,
        updated_at=call.now,
    )
    _check_limit(row)
    await insert_row(call, row)
    await audit.record(
        call,
        "user.create",
        f"User '{row.login}' was created",
        metadata={"user_id": row.id, "login": row.login, "role": row.role},
        rows=[revision(row, is_new=True)],
    )
    return row


async def insert_row(call: Writing, row: UserRow) -> None:
    """Store a new user. Raises Problem 409 if somebody living has the login."""
    try:
        await call.run(_ADD, **{name: getattr(row, name) for name in STORED})
    except UniqueViolation as problem:
        raise duplicate("user", row.login) from problem


async def store(call: Writing, row: UserRow) -> None:
    """Write a changed row back. Raises Problem 404 if it is gone."""
    values = {name: getattr(row, name) for name in _CHANGEABLE}
    if not await call.run(_CHANGE, customer=row.customer_id, user=row.id, **values):
        raise not_found("user", row.id)


def checked_login(login: str | None) -> str:
    """An e-mail address of at most 255 characters. Raises Problem 400."""
    text = (login or "").strip()
    if not text:
        raise bad_request("Login is required")
    try:
        return checked_address(text)
    except ValueError as problem:
        detail = f"Login must be an e-mail address: {problem}"
        raise bad_request(detail) from problem


def _checked_name(name: str) -> str:
    text = name.strip()
    if not 1 <= len(text) <= 255:  # noqa: PLR2004 - the contract's
        raise bad_request("Name must have 1 to 255 characters")
    return text


def _agreed_roles(role: str, roles: Sequence[str]) -> tuple[str, str]:
    """One role and a consistent list of role ids (contract: access §9.1). Raises Problem 404."""
    if not roles:
        return role, "[]"
    for role_id in roles:
        if role_id not in ROLE_OF_ID:
            raise not_found("role", role_id)
    named = {ROLE_OF_ID[role_id] for role_id in roles}
    highest = next(one for one in ROLES if one in named)
    if highest == "superuser" or len(named) == 1:
        return highest, "[]"
    ids = [ROLE_IDS[one] for one in ROLES if one in named]
    return highest, msgspec.json.encode(ids).decode()


def role_ids(row: UserRow) -> list[str]:
    """The ids of a user's roles: those that were set together, or the single one's."""
    return msgspec.json.decode(row.roles) or [ROLE_IDS[row.role]]


def _check_limit(row: UserRow) -> None:
    if row.limit_services and row.role not in LIMITABLE:
        detail = f"Role '{row.role}' is not allowed to be service limited"
        raise Problem(400, "Record invalid", detail)


async def change(call: Writing, user_id: str, change: UserChange) -> UserRow:
    """Change a user. Raises Problem 400, 403, 404."""
    row = await find(call, user_id)
    changed = _changed(row, change)
    await _check_guards(call, row, changed)
    new = {
        name: getattr(changed, name)
        for name in ("name", "role", "limit_services", "locked", "require_new_password")
        if getattr(changed, name) != getattr(row, name)
    }
    if not new and changed.roles == row.roles:
        return row
    changed = msgspec.structs.replace(changed, updated_at=call.now)
    await store(call, changed)
    await audit.record(
        call,
        "user.update",
        f"User '{row.login}' was updated",
        metadata={"user_id": row.id, "old": {n: getattr(row, n) for n in new}, "new": new},
        rows=[revision(changed)],
    )
    if bool(changed.locked) != bool(row.locked):
        await _lock_or_unlock(call, changed)
    return changed


def _changed(row: UserRow, change: UserChange) -> UserRow:
    values: dict[str, Any] = {}
    if change.name is not UNSET:
        values["name"] = _checked_name(change.name)
    if change.role is not UNSET or change.roles is not UNSET:
        role = row.role if change.role is UNSET else change.role
        values["role"], values["roles"] = _agreed_roles(role, change.roles or [])
    if change.limit_services is not UNSET:
        values["limit_services"] = bool(change.limit_services)
    if change.locked is not UNSET:
        values["locked"] = change.locked
        values["locked_by_superuser"] = bool(change.locked)
        values["failed_sign_ins"] = 0 if not change.locked else row.failed_sign_ins
    if change.require_new_password is not UNSET:
        values["require_new_password"] = change.require_new_password
    if values.get("role") == "superuser" and row.role != "superuser" and not change.limit_services:
        # Promotion lifts the limit (contract: access §9.5).
        values["limit_services"] = False
    return msgspec.structs.replace(row, **values)


async def _check_guards(call: Writing, row: UserRow, changed: UserRow) -> None:
    """Who may change what, and what must never be lost (contract: access §11, identity §3.5)."""
    is_own = row.id == call.principal.user_id
    touches_rights = any(
        getattr(changed, name) != getattr(row, name)
        for name in ("role", "roles", "limit_services", "locked", "require_new_password")
    )
    if (
        touches_rights
        and "superuser" not in call.principal.grants.roles
        and call.principal.kind != "operator"
    ):
        raise not_authorized()
    _check_limit(changed)
    if not touches_rights:
        return
    owner_loses = changed.role != "superuser" or changed.limit_services or changed.locked
    if await is_owner(call, row.id) and owner_loses:
        raise bad_request("Transfer account ownership first")
    if is_own and changed.locked:
        raise bad_request("You cannot lock yourself")
    if row.role == "superuser" and changed.role != "superuser":
        (count,) = await call.one(_SUPERUSERS, customer_id=call.customer_id) or (0,)
        if count <= 1:
            raise bad_request("The last superuser cannot be demoted")


_OWNER = Statement(select(_C.owner_id).where(_C.id == bindparam("customer_id")))


async def is_owner(call: Reading, user_id: str) -> bool:
    """Whether a user owns the call's customer."""
    return await call.one(_OWNER, customer_id=call.customer_id) == (user_id,)


async def _lock_or_unlock(call: Writing, row: UserRow) -> None:
    word = "lock" if row.locked else "unlock"
    sessions = []
    if row.locked:
        tokens = await call.all(_TOKENS, customer_id=row.customer_id, user_id=row.id)
        sessions = [token for token in tokens if token[2] == "session"]
    await end_tokens(call, [(token_id, name) for token_id, name, _, _ in sessions])
    await audit.record(
        call,
        f"user.{word}",
        f"User '{row.login}' was {word}ed",
        metadata={"user_id": row.id, "login": row.login, "reason": "superuser"},
    )


async def end_tokens(call: Writing, tokens: Sequence[tuple[str, str]]) -> None:
    """Revoke tokens, given with their names; one event each."""
    if not tokens:
        return
    await call.run(_END_TOKENS, customer=call.customer_id, ids=[token_id for token_id, _ in tokens])
    for token_id, name in tokens:
        await audit.record(
            call,
            "token.destroy",
            f"Token '{name}' was destroyed",
            metadata={"token_id": token_id, "name": name},
            rows=[Revision("token", token_id, None)],
        )


async def remove(call: Writing, user_id: str) -> None:
    """Delete a user and what was his alone. Raises Problem 400, 404 (contract: access §12)."""
    row = await find(call, user_id)
    if await is_owner(call, row.id):
        raise bad_request("Transfer account ownership first")
    tokens = await call.all(_TOKENS, customer_id=row.customer_id, user_id=row.id)
    if any(kind == "user" and (end is None or end > call.now) for _, _, kind, end in tokens):
        raise bad_request("User has active API tokens")
    await end_tokens(call, [(token_id, name) for token_id, name, _, _ in tokens])
    for statement in _FORGET:
        await call.run(statement, customer=row.customer_id, user=row.id)
    for statement in _UNPOINT:
        await call.run(statement, customer=row.customer_id, user=row.id)
    gone = msgspec.structs.replace(row, deleted_at=call.now, updated_at=call.now, password=None)
    await store(call, gone)
    await audit.record(
        call,
        "user.destroy",
        f"User '{row.login}' was deleted",
        metadata={"user_id": row.id, "login": row.login},
        rows=[revision(gone)],
    )
