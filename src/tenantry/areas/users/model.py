"""A user: a person of one customer, whose login no other living person has.

It is added here, changed in changing.py, and removed in removal.py.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import msgspec
from sqlalchemy import bindparam, insert, select, type_coerce, update
from sqlalchemy.types import NullType

from tenantry.access.granting import check_may_grant_roles
from tenantry.areas.users.agreement import agreed_roles
from tenantry.core import audit, schema
from tenantry.core.audit import Revision
from tenantry.core.clock import DAY, Instant
from tenantry.core.context import Policies, Reading, Writing
from tenantry.core.errors import Problem, bad_request, duplicate, not_found
from tenantry.core.ids import new_id
from tenantry.core.mail_address import address_key, checked_address
from tenantry.core.permissions import ROLE_IDS, ROLE_OF_ID, Role
from tenantry.core.session import UniqueViolation
from tenantry.core.statements import Statement, point

_U, _C = schema.users.c, schema.customers.c

LIMITABLE = frozenset({"engineer"})
"""The built-in roles that may be limited to services; all of the customer's own may (README)."""


class UserRow(msgspec.Struct, array_like=True, frozen=True):
    """A user as it is stored, and what the customer asks of its users."""

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
    has_pci_passwords: bool = False
    force_sso: bool = False

    @property
    def policies(self) -> Policies:
        """What the customer asks of him, as it was read with him."""
        return Policies(self.force_2fa, self.has_pci_passwords, self.force_sso)

    def needs_new_password(self, now: Instant) -> bool:
        """Whether he must choose another password when he next signs in."""
        return bool(self.require_new_password) or (
            self.has_pci_passwords and is_outdated(self.password_changed_at, now)
        )


class NewUser(msgspec.Struct, kw_only=True):
    """What a user is created from (contract: identity §3.4)."""

    login: str | None = None
    name: str | None = None
    role: Role | None = None
    roles: list[str] | None = None
    limit_services: bool | None = None
    locked: bool | None = None
    require_new_password: bool | None = None


_OF_CUSTOMER = {name: schema.customers.c[name] for name in Policies.__struct_fields__}
STORED = [name for name in UserRow.__struct_fields__ if name not in _OF_CUSTOMER]
_COLUMNS = [*(schema.users.c[name] for name in STORED), *_OF_CUSTOMER.values()]
_JOINED = schema.users.join(schema.customers, _C.id == _U.customer_id)
_FIND = point(_COLUMNS, _JOINED, UserRow, customer_id=_U.customer_id, id=_U.id)
_FIND_LOGIN = Statement(
    select(*_COLUMNS)
    .select_from(_JOINED)
    .where(_U.login_key == bindparam("login_key"), _U.deleted_at.is_(None)),
    UserRow,
)
_CUSTOMER_OF = Statement(
    select(_U.customer_id).where(_U.id == bindparam("user"), _U.deleted_at.is_(None))
)
SEEN = (
    *("id", "created_at", "updated_at", "name", "require_new_password", "role", "login"),
    *("locked", "two_factor_auth_enabled", "limit_services", "last_active_at"),
    *("roles", "password_changed_at"),
)
"""What the wire tells of a living user is made of these, in this order."""
Seen = tuple[Any, ...]
"""Only they, as a plain tuple and as stored, with numbers for booleans on SQLite: structs of all
columns, and what is the same for all of a customer's users, took half the time of a list of them.
"""
seen: Callable[[UserRow], Seen] = attrgetter(*SEEN)
_SEEN = [type_coerce(schema.users.c[name], NullType) for name in SEEN]
_LIVES = _U.deleted_at.is_(None)
_SEE = point(_SEEN, schema.users, where=_LIVES, customer_id=_U.customer_id, id=_U.id)
_LIST = point(_SEEN, schema.users, where=_LIVES, customer_id=_U.customer_id)
_ADD = Statement(insert(schema.users))
_CHANGEABLE = [name for name in STORED if name not in {"id", "customer_id"}]
_CHANGE = Statement(
    update(schema.users)
    .where(
        _U.customer_id == bindparam("customer"), _U.id == bindparam("user"), _U.deleted_at.is_(None)
    )
    .values({name: bindparam(name) for name in _CHANGEABLE})
)


PASSWORD_LASTS = 90 * DAY
"""How long, where the customer has PCI DSS's rules for passwords (contract: access §10.4)."""


def is_outdated(changed_at: Instant | None, now: Instant) -> bool:
    """Whether a password has come of age, where the customer has such an age."""
    return changed_at is not None and now >= changed_at + PASSWORD_LASTS


login_key = address_key
"""The form by which a login is unique (contract: identity §3.4)."""


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


async def customer_of(call: Reading, user_id: str) -> str:
    """Whose a living user is, for an operator, who may ask of any. Raises Problem 404."""
    row = await call.one(_CUSTOMER_OF, user=user_id)
    if row is None:
        raise not_found("user", user_id)
    return str(row[0])


async def see(call: Reading, user_id: str) -> Seen:
    """What is told of a living user of the call's customer. Raises Problem 404."""
    row = await call.one(_SEE, customer_id=call.customer_id, id=user_id)
    if row is None:
        raise not_found("user", user_id)
    return row


async def list_all(call: Reading) -> list[Seen]:
    """The living users of the call's customer, by id."""
    rows = await call.all(_LIST, customer_id=call.customer_id)
    # In the order of bytes (contract: identity §2.6), however the database's language sorts. The
    # id comes first in `SEEN`, and no two are the same.
    return sorted(rows)


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


async def create(call: Writing, new: NewUser) -> UserRow:
    """Create a user, without a password, as the caller may.

    Raises Problem 400, 404, 409, and 403 for a role that confers more than he holds himself
    (contract: access §11, rule 5).
    """
    agreed = await agreed_roles(call, new.role or "user", new.roles or [])
    await check_may_grant_roles(call, ids_of(*agreed))
    row = _row_of(call, new, agreed)
    check_limit(row)
    return await _insert(call, row)


async def add(call: Writing, new: NewUser, *, user_id: str | None = None) -> UserRow:
    """As `create`, where what the user may hold was agreed before. Raises Problem 400, 404, 409."""
    row = _row_of(call, new, await agreed_roles(call, new.role or "user", new.roles or []))
    return await _insert(call, msgspec.structs.replace(row, id=user_id or row.id))


def _row_of(call: Reading, new: NewUser, agreed: tuple[str, str]) -> UserRow:
    login = checked_login(new.login)
    return UserRow(
        customer_id=call.customer_id,
        id=new_id(),
        name=checked_name(new.name or login),
        login=login,
        login_key=login_key(login),
        role=agreed[0],
        roles=agreed[1],
        limit_services=bool(new.limit_services),
        locked=new.locked,
        locked_by_superuser=bool(new.locked),
        require_new_password=new.require_new_password,
        created_at=call.now,
        updated_at=call.now,
    )


async def _insert(call: Writing, row: UserRow) -> UserRow:
    await insert_row(call, row)
    await audit.record(
        call,
        "user.create",
        f"User '{row.login}' was created",
        metadata={"user_id": row.id, "login": row.login, "role": row.role, "roles": role_ids(row)},
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


def checked_name(name: str) -> str:
    """A name of 1 to 255 characters, without blanks around it. Raises Problem 400."""
    text = name.strip()
    if not 1 <= len(text) <= 255:  # noqa: PLR2004 - the contract's
        raise bad_request("Name must have 1 to 255 characters")
    return text


def role_ids(row: UserRow) -> list[str]:
    """The ids of a user's roles: those that were set together, or the single one's."""
    return ids_of(row.role, row.roles)


def ids_of(role: str, roles: str) -> list[str]:
    """The same, of the two columns."""
    if roles == "[]":
        return [ROLE_IDS[role]]
    ids: list[str] = msgspec.json.decode(roles)
    return ids


def check_limit(row: UserRow) -> None:
    """Refuse a limit to services where one of the roles has none (README). Raises Problem 400."""
    named = (ROLE_OF_ID[one] for one in role_ids(row) if one in ROLE_OF_ID)
    unlimited = next((one for one in named if one not in LIMITABLE), None)
    if row.limit_services and unlimited is not None:
        detail = f"Role '{unlimited}' is not allowed to be service limited"
        raise Problem(400, "Record invalid", detail)


_OWNER = Statement(select(_C.owner_id).where(_C.id == bindparam("customer_id")))


async def is_owner(call: Reading, user_id: str) -> bool:
    """Whether a user owns the call's customer."""
    return await call.one(_OWNER, customer_id=call.customer_id) == (user_id,)
