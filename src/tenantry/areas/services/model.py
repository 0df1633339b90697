"""A service: what a customer runs, and what access is granted on.

It is created with a first version and renamed here, and removed in removal.py; a removed one is
still told, as such. Every operation on one gets it through `reach`.
"""

from itertools import count
from typing import Any, Literal, get_args

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import ColumnElement, bindparam, func, insert, select, update

from tenantry.access.decide import decide, rights
from tenantry.areas.services import versions
from tenantry.areas.services.versions import checked_comment
from tenantry.areas.users import authorizations
from tenantry.areas.users.authorizations import AuthorizationRow
from tenantry.core import audit, schema
from tenantry.core.audit import Revision
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import Problem, bad_request, duplicate, not_authorized, not_found
from tenantry.core.ids import new_id
from tenantry.core.session import UniqueViolation
from tenantry.core.statements import Statement, is_one_of, point, unindexed

_S = schema.services.c

LONGEST_NAME = 255
UNNAMED = "Unnamed Service"
Type = Literal["vcl", "wasm"]
Sort = Literal["created", "updated", "name", "type", "id"]


class ServiceRow(msgspec.Struct, array_like=True, frozen=True):
    """A service as it is stored."""

    customer_id: str
    id: str
    name: str
    type: Type
    comment: str
    created_at: int
    updated_at: int
    deleted_at: int | None = None


class NewService(msgspec.Struct, kw_only=True):
    """What a service is created from; without a name it gets a numbered one."""

    name: str | UnsetType = UNSET
    type: Type | None = None
    comment: str | None = None


class ServiceChange(msgspec.Struct, kw_only=True):
    """What may be changed, at least one of it; what is left out stays."""

    name: str | UnsetType = UNSET
    comment: str | UnsetType | None = UNSET


class Listing(msgspec.Struct, frozen=True):
    """Which services, in which order, are asked for."""

    size: int
    skipped: int
    sort: Sort = "created"
    is_descending: bool = False


_COLUMNS = [schema.services.c[name] for name in ServiceRow.__struct_fields__]
_LIVING = (_S.customer_id == bindparam("customer_id"), _S.deleted_at.is_(None))
_LIVING_AMONG = (
    _S.customer_id == bindparam("customer_id"),
    unindexed(_S.deleted_at).is_(None),
    is_one_of(_S.id, "ids"),
)
_FIND = point(_COLUMNS, schema.services, ServiceRow, customer_id=_S.customer_id, id=_S.id)
_FIND_NAME = Statement(select(*_COLUMNS).where(*_LIVING, _S.name == bindparam("name")), ServiceRow)
_COUNT = Statement(select(func.count()).where(*_LIVING))
_COUNT_AMONG = Statement(select(func.count()).where(*_LIVING_AMONG))
_UNNAMED = Statement(select(_S.name).where(*_LIVING, _S.name.like(f"{UNNAMED} %")))
_ADD = Statement(insert(schema.services))
_STORE = Statement(
    update(schema.services)
    .where(
        _S.customer_id == bindparam("customer"),
        _S.id == bindparam("service"),
        _S.deleted_at.is_(None),
    )
    .values({name: bindparam(name) for name in ("name", "comment", "updated_at", "deleted_at")})
)
_SORTED_BY: dict[Sort, list[ColumnElement[Any]]] = {
    "created": [_S.created_at, _S.id],
    "updated": [_S.updated_at, _S.id],
    "name": [_S.name, _S.id],
    "type": [_S.type, _S.id],
    "id": [_S.id],
}


def _page(sort: Sort, *, is_descending: bool, among: bool) -> Statement[ServiceRow]:
    order = [one.desc() if is_descending else one for one in _SORTED_BY[sort]]
    page = select(*_COLUMNS).where(*(_LIVING_AMONG if among else _LIVING)).order_by(*order)
    return Statement(page.limit(bindparam("size")).offset(bindparam("skipped")), ServiceRow)


_PAGES = {
    (sort, is_descending, among): _page(sort, is_descending=is_descending, among=among)
    for sort in _SORTED_BY
    for is_descending in (False, True)
    for among in (False, True)
}


async def find(call: Reading, service_id: str) -> ServiceRow:
    """A service of the call's customer, also a removed one. Raises Problem 404."""
    row = await call.one(_FIND, customer_id=call.customer_id, id=service_id)
    if row is None:
        raise not_found("service", service_id)
    return row


async def reach(call: Reading, service_id: str, permission: str) -> ServiceRow:
    """A service on which the caller holds a permission; also a removed one.

    Raises Problem 404 for one that is absent, another customer's or out of sight, 403 for one
    that he sees and may not do this to (contract: access §9.6, steps 10 and 11).
    """
    row = await find(call, service_id)
    decision = decide(call.principal.grants, permission, service_id)
    if decision.reason == "out_of_sight":
        raise not_found("service", service_id)
    if not decision.allowed:
        raise not_authorized(permission, service_id)
    return row


async def reach_living(call: Reading, service_id: str, permission: str) -> ServiceRow:
    """As `reach`, for what a removed service is no longer good for. Raises Problem 400."""
    row = await reach(call, service_id, permission)
    if row.deleted_at is not None:
        detail = f"Service '{service_id}' is deleted"
        raise bad_request(detail)
    return row


async def find_named(call: Reading, name: str) -> ServiceRow:
    """The living service with exactly this name, if the caller sees it. Raises Problem 404."""
    row = await call.one(_FIND_NAME, customer_id=call.customer_id, name=name)
    if row is None or not decide(call.principal.grants, "service.read", row.id).allowed:
        raise not_found("service", name)
    return row


async def list_page(call: Reading, listing: Listing) -> tuple[list[ServiceRow], int]:
    """A page of the living services that the caller sees, and how many he sees in all."""
    visible = rights(call.principal.grants).visible
    among = {} if visible is None else {"ids": sorted(visible)}
    counting = _COUNT if visible is None else _COUNT_AMONG
    counted = await call.one(counting, customer_id=call.customer_id, **among)
    records = counted[0] if counted else 0
    if listing.skipped >= records:
        return [], records
    page = _PAGES[listing.sort, listing.is_descending, visible is not None]
    rows = await call.all(
        page,
        customer_id=call.customer_id,
        size=listing.size,
        skipped=listing.skipped,
        **among,
    )
    return rows, records


def revision(row: ServiceRow, *, is_new: bool = False) -> Revision:
    """What access depends on of a service: that it is there."""
    body = {"type": row.type} if row.deleted_at is None else None
    return Revision("service", row.id, body, is_new=is_new)


def check_unlimited(call: Reading) -> None:
    """Refuse to create a service by a token with a list of services, which one more is not on.

    Raises Problem 404 (contract: identity §1.4).
    """
    if call.principal.grants.token_limited:
        raise Problem(404, "Record not found", "Cannot find 'service'")


async def create(call: Writing, new: NewService, *, service_id: str | None = None) -> ServiceRow:
    """Create a service with its first version. Raises Problem 400, 409.

    A user who is limited to services is let through to his own (contract: access §9.2).
    """
    row = ServiceRow(
        customer_id=call.customer_id,
        id=service_id or new_id(),
        name=await _unnamed(call) if new.name is UNSET else _checked_name(new.name),
        type=new.type or "vcl",
        comment=checked_comment(new.comment),
        created_at=call.now,
        updated_at=call.now,
    )
    try:
        await call.run(_ADD, **msgspec.structs.asdict(row))
    except UniqueViolation as problem:
        raise duplicate("service", row.name) from problem
    await versions.insert_row(call, row.id, 1, "")
    await audit.record(
        call,
        "service.create",
        f"Service '{row.name}' was created",
        metadata={"name": row.name, "type": row.type},
        service_id=row.id,
        rows=[revision(row, is_new=True)],
    )
    user_id = call.principal.user_id
    if user_id is not None and call.principal.grants.limit_services:
        await _let_through(call, row, user_id)
    return row


async def _let_through(call: Writing, row: ServiceRow, user_id: str) -> None:
    authorization = AuthorizationRow(
        customer_id=row.customer_id,
        id=new_id(),
        user_id=user_id,
        service_id=row.id,
        permission="full",
        created_at=call.now,
        updated_at=call.now,
    )
    await authorizations.begin(call, authorization)


async def _unnamed(call: Reading) -> str:
    taken = {name for (name,) in await call.all(_UNNAMED, customer_id=call.customer_id)}
    return next(name for n in count(1) if (name := f"{UNNAMED} {n}") not in taken)


def _checked_name(name: str) -> str:
    if not name.strip() or len(name) > LONGEST_NAME:
        detail = f"Name must have 1 to {LONGEST_NAME} characters"
        raise bad_request(detail)
    return name


async def change(call: Writing, row: ServiceRow, read: ServiceChange) -> ServiceRow:
    """Rename or describe a service. Raises Problem 400, 409."""
    new: dict[str, Any] = {}
    if read.name is not UNSET:
        new["name"] = _checked_name(read.name)
    if read.comment is not UNSET:
        new["comment"] = checked_comment(read.comment)
    if not new:
        raise bad_request("Name or comment is required")
    new = {name: value for name, value in new.items() if getattr(row, name) != value}
    if not new:
        return row
    changed = msgspec.structs.replace(row, updated_at=call.now, **new)
    await store(call, changed)
    await audit.record(
        call,
        "service.update",
        f"Service '{changed.name}' was updated",
        metadata={"old": {name: getattr(row, name) for name in new}, "new": new},
        service_id=row.id,
    )
    return changed


async def store(call: Writing, row: ServiceRow) -> None:
    """Write a changed row back. Raises Problem 400 if it is deleted, 409 for a taken name."""
    try:
        changed = await call.run(
            _STORE,
            customer=row.customer_id,
            service=row.id,
            name=row.name,
            comment=row.comment,
            updated_at=row.updated_at,
            deleted_at=row.deleted_at,
        )
    except UniqueViolation as problem:
        raise duplicate("service", row.name) from problem
    if not changed:
        detail = f"Service '{row.id}' is deleted"
        raise bad_request(detail)


def known_sort(text: str | None) -> Sort:
    """The order that a word names; an unknown one is that of creation (identity §10.2)."""
    return next((sort for sort in get_args(Sort) if sort == text), "created")
