"""A group: a named set of the customer's own (contract: access §7, §8).

There are two kinds. A service group collects services. A user group collects people, and gives
them roles, and service groups to use these on. A group is created, renamed and removed here; what
is in it stands in membership.py.
"""

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import ColumnElement, Table, and_, bindparam, delete, func, insert, select, update

from tenantry.areas.users.model import checked_name
from tenantry.core import access_tables as tables
from tenantry.core import audit
from tenantry.core.audit import Revision
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import bad_request, duplicate, not_found
from tenantry.core.ids import new_id
from tenantry.core.session import UniqueViolation
from tenantry.core.statements import Statement, is_one_of, unindexed

LONGEST_DESCRIPTION = 1000


class GroupRow(msgspec.Struct, array_like=True, frozen=True):
    """A group as it is stored."""

    customer_id: str
    id: str
    name: str
    description: str | None
    created_at: int
    updated_at: int


class ServiceGroupRow(GroupRow, array_like=True, frozen=True):
    """A service group, and how much is in it."""

    services_count: int


class UserGroupRow(GroupRow, array_like=True, frozen=True):
    """A user group, and how much is in it; of invitations, those that are pending."""

    invitations_count: int
    users_count: int
    roles_count: int
    service_groups_count: int


class GroupChange(msgspec.Struct, kw_only=True):
    """What may be changed; what is left out stays."""

    name: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET


G = TypeVar("G", bound=GroupRow)


class Kind(Generic[G]):
    """One of the two kinds of groups: where it is stored, and what it is called."""

    def __init__(self, table: Table, row: type[G], *counts: ColumnElement[Any]) -> None:
        """Compose its statements."""
        column = table.c
        self.name = table.name.removesuffix("s")
        """As events and revisions have it."""
        self.noun = self.name.replace("_", "")
        """As refusals have it (contract: access §2.5)."""
        self.title = self.name.replace("_", " ").capitalize()
        mine = column.customer_id == bindparam("customer_id")
        one = and_(column.customer_id == bindparam("customer"), column.id == bindparam("group"))
        shown = select(*(column[name] for name in GroupRow.__struct_fields__), *counts).where(mine)
        among = is_one_of(column.id, "ids")
        self.find = Statement(shown.where(column.id == bindparam("id")), row)
        self.page = Statement(_page(shown, column.created_at, column.id), row)
        self.page_among = Statement(
            _page(shown.where(among), unindexed(column.created_at), column.id), row
        )
        self.count = Statement(select(func.count()).select_from(table).where(mine))
        self.insert = Statement(insert(table))
        self.store = Statement(
            update(table).where(one).values({name: bindparam(name) for name in _CHANGEABLE})
        )
        self.touch = Statement(update(table).where(one).values(updated_at=bindparam("updated_at")))
        self.touch_all = Statement(
            update(table)
            .where(column.customer_id == bindparam("customer"), is_one_of(column.id, "groups"))
            .values(updated_at=bindparam("updated_at"))
        )
        self.delete = Statement(delete(table).where(one))


_CHANGEABLE = ("name", "name_key", "description", "updated_at")


def _page(shown: Any, *order: ColumnElement[Any]) -> Any:
    return shown.order_by(*order).limit(bindparam("size")).offset(bindparam("skipped"))


_SG, _UG, _I = tables.service_groups.c, tables.user_groups.c, tables.invitations.c
_M = tables.user_group_members.c
PENDING = and_(_I.status == "pending", _I.expires_at > bindparam("now"))
"""Of an invitation, that it can still be accepted."""
INVITED = and_(_I.customer_id == _M.customer_id, _I.id == _M.member_id)
"""That an invitation is the one which a row of members names."""


def _count(pairs: Table, owner: Any, *conditions: ColumnElement[bool]) -> ColumnElement[Any]:
    group = pairs.c[owner.table.name.removesuffix("s") + "_id"]
    among = (pairs.c.customer_id == owner.table.c.customer_id, group == owner)
    counted = select(func.count()).select_from(pairs).where(*among, *conditions)
    return counted.scalar_subquery()


SERVICE_GROUPS = Kind(
    tables.service_groups, ServiceGroupRow, _count(tables.service_group_services, _SG.id)
)
USER_GROUPS = Kind(
    tables.user_groups,
    UserGroupRow,
    _count(
        tables.user_group_members,
        _UG.id,
        _M.kind == "invitation",
        select(_I.id).where(INVITED, PENDING).exists(),
    ),
    _count(tables.user_group_members, _UG.id, _M.kind == "user"),
    _count(tables.user_group_roles, _UG.id),
    _count(tables.user_group_service_groups, _UG.id),
)


async def find(call: Reading, kind: Kind[G], group_id: str) -> G:
    """A group of the call's customer. Raises Problem 404."""
    row = await call.one(kind.find, customer_id=call.customer_id, id=group_id, now=call.now)
    if row is None:
        raise not_found(kind.noun, group_id)
    return row


async def list_page(
    call: Reading, kind: Kind[G], size: int, skipped: int, among: list[str] | None = None
) -> tuple[list[G], int]:
    """A page of the customer's groups, oldest first, and how many there are.

    `among` narrows the list to groups of these ids.
    """
    part = {"customer_id": call.customer_id, "now": call.now, "size": size, "skipped": skipped}
    if among is not None:
        rows = await call.all(kind.page_among, **part, ids=among)
        return rows, len(among)
    counted = await call.one(kind.count, customer_id=call.customer_id)
    return await call.all(kind.page, **part), counted[0] if counted else 0


async def create(
    call: Writing,
    kind: Kind[G],
    name: str,
    description: str | None = None,
    *,
    group_id: str | None = None,
) -> GroupRow:
    """Create an empty group. Raises Problem 400, 409."""
    row = GroupRow(
        customer_id=call.customer_id,
        id=group_id or new_id(),
        name=checked_name(name),
        description=_checked_description(description),
        created_at=call.now,
        updated_at=call.now,
    )
    values = msgspec.structs.asdict(row)
    try:
        await call.run(kind.insert, **values, name_key=_name_key(row.name))
    except UniqueViolation as problem:
        raise duplicate(kind.noun, row.name) from problem
    revisions = [revision(kind, row, is_new=True)]
    await record(call, kind, row, "create", revisions, name=row.name)
    return row


async def change(call: Writing, kind: Kind[G], row: G, change: GroupChange) -> G:
    """Rename or describe a group. Raises Problem 400, 404, 409."""
    new: dict[str, str | None] = {}
    if change.name is not UNSET:
        new["name"] = checked_name(change.name)
    if change.description is not UNSET:
        new["description"] = _checked_description(change.description)
    old = {name: getattr(row, name) for name in new if getattr(row, name) != new[name]}
    if not old:
        return row
    new = {name: new[name] for name in old}
    changed = msgspec.structs.replace(row, updated_at=call.now, **new)
    await _store(call, kind, changed)
    revisions = [revision(kind, changed)] if "name" in new else []
    await record(call, kind, changed, "update", revisions, old=old, new=new)
    return changed


async def _store(call: Writing, kind: Kind[G], row: G) -> None:
    values = {name: getattr(row, name) for name in _CHANGEABLE if name != "name_key"}
    key = {"customer": row.customer_id, "group": row.id, "name_key": _name_key(row.name)}
    try:
        changed = await call.run(kind.store, **key, **values)
    except UniqueViolation as problem:
        raise duplicate(kind.noun, row.name) from problem
    if not changed:
        raise not_found(kind.noun, row.id)


async def touch(call: Writing, kind: Kind[G], row: GroupRow) -> None:
    """What is in a group counts as a change of it. Raises Problem 404 if it is gone."""
    key = {"customer": row.customer_id, "group": row.id}
    if not await call.run(kind.touch, **key, updated_at=call.now):
        raise not_found(kind.noun, row.id)


async def touch_all(call: Writing, kind: Kind[G], groups: Sequence[str]) -> None:
    """As `touch`, where something that was in several groups has ended or become something else."""
    if groups:
        key = {"customer": call.customer_id, "groups": list(groups)}
        await call.run(kind.touch_all, **key, updated_at=call.now)


async def remove(call: Writing, kind: Kind[G], row: GroupRow, ended: Sequence[Revision]) -> None:
    """Remove a group, and nothing that is in it: that it is in there ends. Raises Problem 404."""
    if not await call.run(kind.delete, customer=row.customer_id, group=row.id):
        raise not_found(kind.noun, row.id)
    gone = Revision(kind.name, row.id, None)
    await record(call, kind, row, "delete", [gone, *ended], name=row.name)


def revision(kind: Kind[G], row: GroupRow, *, is_new: bool = False) -> Revision:
    """What access depends on of a group."""
    return Revision(kind.name, row.id, {"name": row.name}, is_new=is_new)


_HAPPENED = {
    "create": "was created",
    "update": "was updated",
    "delete": "was deleted",
    "add": "was extended",
    "remove": "was reduced",
}


async def record(
    call: Writing,
    kind: Kind[G],
    row: GroupRow,
    word: str,
    revisions: list[Revision],
    **metadata: Any,
) -> None:
    """Write down what happened to a group; the wire has no name for it (access §2.8)."""
    action = f"iam.{kind.name}.{word}"
    await audit.record(
        call,
        action,
        f"{kind.title} '{row.name}' {_HAPPENED[word.rpartition('.')[2]]}",
        event_type="customer.update",
        metadata={"action": action, f"{kind.name}_id": row.id, **metadata},
        rows=revisions,
    )


def _name_key(name: str) -> str:
    """The folded form by which a name is unique in its customer."""
    return name.casefold()


def _checked_description(text: str | None) -> str | None:
    if text is not None and len(text) > LONGEST_DESCRIPTION:
        detail = f"Description must have at most {LONGEST_DESCRIPTION} characters"
        raise bad_request(detail)
    return text
