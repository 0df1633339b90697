"""A role: permissions under a name. Six are built in, the others are a customer's own.

One of these is created, renamed, described and given permissions here, and deleted in deletion.py.
Both forms in which the wire tells roles are told from the same rows (contract: access §6.1).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import and_, bindparam, func, insert, or_, select, update

from tenantry.access.granting import check_may_grant, grants_anything
from tenantry.areas.roles.row import BUILT_IN, RESERVED, RoleRow
from tenantry.areas.users.model import checked_name
from tenantry.core import access_tables, audit
from tenantry.core.audit import Revision
from tenantry.core.clock import Instant
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import Problem, bad_request, duplicate, not_authorized, not_found
from tenantry.core.ids import new_id
from tenantry.core.permissions import (
    CATALOGUE,
    PERMISSION_OF_ID,
    ROLE_OF_ID,
    Permission,
    conferred,
)
from tenantry.core.session import UniqueViolation
from tenantry.core.statements import Statement, is_one_of, point

_R = access_tables.roles.c

LONGEST_DESCRIPTION = 1000
MOST_PERMISSIONS = 1000
"""Permissions that one request may name (contract: access §6.3)."""


class PermissionReference(msgspec.Struct):
    """Names a permission."""

    id: str


class NewRole(msgspec.Struct, kw_only=True):
    """What a role is created from."""

    name: str
    description: str | None = None
    permissions: list[PermissionReference] | None = None


class RoleChange(msgspec.Struct, kw_only=True):
    """What may be changed; what is left out stays."""

    name: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET


_BUILT_IN_BY_ID = {row.id: row for row in BUILT_IN}
_COLUMNS = [access_tables.roles.c[name] for name in RoleRow.__struct_fields__]
_OF_CUSTOMER = _R.customer_id == bindparam("customer_id")
_FIND = point(_COLUMNS, access_tables.roles, RoleRow, customer_id=_R.customer_id, id=_R.id)
_NAMES = Statement(select(_R.id, _R.name).where(_OF_CUSTOMER, is_one_of(_R.id, "ids")))
_COUNT = Statement(select(func.count()).where(_OF_CUSTOMER))
_IN_TIME = select(*_COLUMNS).where(_OF_CUSTOMER).order_by(_R.created_at, _R.id)
_PAGE = Statement(_IN_TIME.limit(bindparam("size")).offset(bindparam("skipped")), RoleRow)
_AFTER = Statement(
    _IN_TIME.where(
        or_(
            _R.created_at > bindparam("at"),
            and_(_R.created_at == bindparam("at"), _R.id > bindparam("after")),
        )
    ).limit(bindparam("size")),
    RoleRow,
)
_ADD = Statement(insert(access_tables.roles))
_CHANGEABLE = ("name", "name_key", "description", "permissions", "updated_at")
_STORE = Statement(
    update(access_tables.roles)
    .where(_R.customer_id == bindparam("customer"), _R.id == bindparam("role"))
    .values({name: bindparam(name) for name in _CHANGEABLE})
)


async def find(call: Reading, role_id: str) -> RoleRow:
    """A role that the call's customer can give: built in, or its own. Raises Problem 404."""
    row = _BUILT_IN_BY_ID.get(role_id)
    if row is None:
        row = await call.one(_FIND, customer_id=call.customer_id, id=role_id)
    if row is None:
        raise not_found("role", role_id)
    return row


async def find_own(call: Reading, role_id: str) -> RoleRow:
    """A role that can be changed. Raises Problem 404, and 403 for a built-in one (access §6.3)."""
    row = await find(call, role_id)
    if not row.is_custom:
        title = not_authorized().title
        raise Problem(403, title, f"Role '{row.name}' is managed by the system")
    return row


async def list_page(call: Reading, size: int, skipped: int) -> tuple[list[RoleRow], int]:
    """A page of the roles, the built-in ones first, and how many there are."""
    counted = await call.one(_COUNT, customer_id=call.customer_id)
    rows = list(BUILT_IN[skipped : skipped + size])
    if len(rows) < size:
        before = max(skipped - len(BUILT_IN), 0)
        rows += await call.all(
            _PAGE, customer_id=call.customer_id, size=size - len(rows), skipped=before
        )
    return rows, len(BUILT_IN) + (counted[0] if counted else 0)


async def list_after(call: Reading, size: int, place: tuple[Instant, str] | None) -> list[RoleRow]:
    """The next roles after the one that was made then and has that id; None is from the first."""
    at, after = place or (0, "")
    ids = [row.id for row in BUILT_IN]
    rows: list[RoleRow] = []
    if place is None or after in ids:
        rows += BUILT_IN[ids.index(after) + 1 if after in ids else 0 :][:size]
        at, after = 0, ""
    if len(rows) < size:
        own = {"customer_id": call.customer_id, "size": size - len(rows)}
        rows += await call.all(_AFTER, at=at, after=after, **own)
    return rows


async def names(call: Reading, ids: Iterable[str]) -> dict[str, str]:
    """What some roles are called, by id; one that does not exist is left out."""
    wanted = list(ids)
    own = [one for one in wanted if one not in ROLE_OF_ID]
    found = {one: ROLE_OF_ID[one] for one in wanted if one in ROLE_OF_ID}
    if own:
        found |= dict(await call.all(_NAMES, customer_id=call.customer_id, ids=own))
    return found


def revision(row: RoleRow, *, is_new: bool = False) -> Revision:
    """What access depends on of a role."""
    body = {"name": row.name, "permissions": sorted(row.permission_names)}
    return Revision("role", row.id, body, is_new=is_new)


def known_permissions(references: Sequence[PermissionReference]) -> list[Permission]:
    """The permissions that are named, each once, in the catalogue's order.

    Raises Problem 404, and 400 for more than may be named at once.
    """
    if len(references) > MOST_PERMISSIONS:
        detail = f"Permissions must name at most {MOST_PERMISSIONS}"
        raise bad_request(detail)
    ids = {one.id for one in references}
    for one in references:
        if one.id not in PERMISSION_OF_ID:
            raise not_found("permission", one.id)
    return [one for one in CATALOGUE if one.id in ids]


async def create(call: Writing, new: NewRole, *, role_id: str | None = None) -> RoleRow:
    """Create a role of the customer's own (contract: access §6.3).

    Raises Problem 400, 404, 409, and 403 for permissions that the caller lacks himself.
    """
    held = sorted(one.name for one in known_permissions(new.permissions or []))
    check_may_grant(call, conferred(frozenset(held)))
    name = _checked_name(new.name)
    row = RoleRow(
        customer_id=call.customer_id,
        id=role_id or new_id(),
        name=name,
        name_key=name.casefold(),
        description=_checked_description(new.description),
        permissions=_as_json(held),
        created_at=call.now,
        updated_at=call.now,
    )
    try:
        await call.run(_ADD, **msgspec.structs.asdict(row))
    except UniqueViolation as problem:
        raise duplicate("role", name) from problem
    happened = ("iam.role.create", f"Role '{name}' was created")
    about = {"role_id": row.id, "name": name, "permissions": held}
    await record(call, happened, about, [revision(row, is_new=True)])
    return row


async def change(call: Writing, row: RoleRow, asked: RoleChange) -> RoleRow:
    """Rename or describe a role. Raises Problem 400, 409."""
    new: dict[str, Any] = {}
    if asked.name is not UNSET:
        new["name"] = _checked_name(asked.name)
    if asked.description is not UNSET:
        new["description"] = _checked_description(asked.description)
    new = {name: value for name, value in new.items() if value != getattr(row, name)}
    if not new:
        return row
    key = new.get("name", row.name).casefold()
    changed = msgspec.structs.replace(row, **new, name_key=key, updated_at=call.now)
    await _store(call, changed)
    happened = ("iam.role.update", f"Role '{row.name}' was updated")
    about = {"role_id": row.id, "old": {name: getattr(row, name) for name in new}, "new": new}
    await record(call, happened, about, [revision(changed)])
    return changed


async def add_permissions(call: Writing, row: RoleRow, named: Sequence[Permission]) -> None:
    """Let a role confer more; what it confers already stays so.

    Raises Problem 403 for what the caller lacks himself, and for a role that he holds.
    """
    check_not_held(call, row)
    more = {one.name for one in named} - row.permission_names
    check_may_grant(call, conferred(frozenset(more)))
    await _set_permissions(call, row, row.permission_names | more, "add")


async def remove_permissions(call: Writing, row: RoleRow, named: Sequence[Permission]) -> None:
    """Let a role confer less. Raises Problem 403 for a role that the caller holds himself."""
    check_not_held(call, row)
    left = row.permission_names - {one.name for one in named}
    await _set_permissions(call, row, left, "remove")


async def _set_permissions(call: Writing, row: RoleRow, held: frozenset[str], word: str) -> None:
    differing = sorted(held ^ row.permission_names)
    if not differing:
        return
    changed = msgspec.structs.replace(row, permissions=_as_json(sorted(held)), updated_at=call.now)
    await _store(call, changed)
    happened = (f"iam.role.permissions.{word}", f"Permissions of role '{row.name}' were changed")
    about = {"role_id": row.id, "permissions": differing}
    await record(call, happened, about, [revision(changed)])


def check_not_held(call: Writing, row: RoleRow) -> None:
    """Refuse to change what one holds oneself, unless one may grant anything.

    Raises Problem 403 (contract: access §11.5).
    """
    held = call.principal.grants
    roles = held.roles.union(*(group.roles for group in held.groups))
    if row.id in roles and not grants_anything(call):
        raise not_authorized()


async def record(
    call: Writing, happened: tuple[str, str], about: Mapping[str, Any], rows: Iterable[Revision]
) -> None:
    """Tell the log: our own name for it, which the wire has none for, and a sentence."""
    action, sentence = happened
    await audit.record(
        call,
        action,
        sentence,
        event_type="customer.update",
        metadata={"action": action, **about},
        rows=rows,
    )


async def _store(call: Writing, row: RoleRow) -> None:
    values = {name: getattr(row, name) for name in _CHANGEABLE}
    try:
        await call.run(_STORE, customer=row.customer_id, role=row.id, **values)
    except UniqueViolation as problem:
        raise duplicate("role", row.name) from problem


def _checked_name(name: str) -> str:
    text = checked_name(name)
    if text.casefold() in RESERVED:
        raise duplicate("role", text)
    return text


def _checked_description(text: str | None) -> str | None:
    if len(text or "") > LONGEST_DESCRIPTION:
        detail = f"Description must have at most {LONGEST_DESCRIPTION} characters"
        raise bad_request(detail)
    return text


def _as_json(names: Sequence[str]) -> str:
    return msgspec.json.encode(names).decode()
