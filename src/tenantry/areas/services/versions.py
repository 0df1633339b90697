"""A version of a service: it is begun, cloned, locked, switched on and off.

Only as much as clients need around an account: a number, a comment, and which one is active. What
a version would configure is not kept here (contract: identity §10.3).
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import bindparam, func, insert, select, update

from tenantry.core import audit, schema
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import Problem, bad_request, duplicate, not_found
from tenantry.core.session import UniqueViolation
from tenantry.core.statements import Statement, is_one_of, point

_V = schema.service_versions.c

LONGEST_COMMENT = 10_000
"""Characters, of a service's comment and of a version's."""
_MOST_DIGITS = 12


class VersionRow(msgspec.Struct, array_like=True, frozen=True):
    """A version as it is stored."""

    customer_id: str
    service_id: str
    number: int
    active: bool
    locked: bool
    comment: str
    created_at: int
    updated_at: int
    deleted_at: int | None = None


class NewVersion(msgspec.Struct, kw_only=True):
    """What a version is begun with."""

    comment: str | None = None


class VersionChange(msgspec.Struct, kw_only=True):
    """What may be changed of an unlocked version; what is left out stays."""

    comment: str | UnsetType | None = UNSET


_COLUMNS = [schema.service_versions.c[name] for name in VersionRow.__struct_fields__]
_OF_CUSTOMER = _V.customer_id == bindparam("customer_id")
_OF_SERVICE = _V.service_id == bindparam("service_id")
_FIND = point(
    _COLUMNS,
    schema.service_versions,
    VersionRow,
    customer_id=_V.customer_id,
    service_id=_V.service_id,
    number=_V.number,
)
_LIST = Statement(
    select(*_COLUMNS).where(_OF_CUSTOMER, _OF_SERVICE).order_by(_V.number), VersionRow
)
_LIST_OF_MANY = Statement(
    select(*_COLUMNS)
    .where(_OF_CUSTOMER, is_one_of(_V.service_id, "services"))
    .order_by(_V.service_id, _V.number),
    VersionRow,
)
_HIGHEST = Statement(select(func.max(_V.number)).where(_OF_CUSTOMER, _OF_SERVICE))
_ACTIVE = Statement(select(_V.number).where(_OF_CUSTOMER, _OF_SERVICE, _V.active))
_ADD = Statement(insert(schema.service_versions))
_STORE = Statement(
    update(schema.service_versions)
    .where(
        _V.customer_id == bindparam("customer"),
        _V.service_id == bindparam("service"),
        _V.number == bindparam("version"),
    )
    .values({name: bindparam(name) for name in ("active", "locked", "comment", "updated_at")})
)


async def find(call: Reading, service_id: str, number: str) -> VersionRow:
    """A version by the number in an address. Raises Problem 404."""
    row = None
    if number.isascii() and number.isdigit() and len(number) <= _MOST_DIGITS:
        row = await call.one(
            _FIND, customer_id=call.customer_id, service_id=service_id, number=int(number)
        )
    if row is None:
        raise not_found("version", number)
    return row


async def list_of(call: Reading, service_id: str) -> list[VersionRow]:
    """A service's versions, by number."""
    return await call.all(_LIST, customer_id=call.customer_id, service_id=service_id)


async def list_of_many(call: Reading, ids: Iterable[str]) -> dict[str, list[VersionRow]]:
    """The versions of several services, by service and number; one query for all."""
    grouped: dict[str, list[VersionRow]] = {service_id: [] for service_id in ids}
    for row in await call.all(_LIST_OF_MANY, customer_id=call.customer_id, services=list(grouped)):
        grouped[row.service_id].append(row)
    return grouped


async def active_number(call: Reading, service_id: str) -> int | None:
    """The number of the active version, if one is."""
    row = await call.one(_ACTIVE, customer_id=call.customer_id, service_id=service_id)
    return row[0] if row else None


def current(rows: Sequence[VersionRow]) -> VersionRow:
    """The active one of a service's versions, else the one with the highest number."""
    return next((row for row in rows if row.active), rows[-1])


def latest_draft(rows: Sequence[VersionRow]) -> VersionRow | None:
    """The highest version that can still be changed."""
    return next((row for row in reversed(rows) if not row.locked), None)


def checked_comment(text: str | None) -> str:
    """A comment; nothing is the empty one. Raises Problem 400."""
    if len(text or "") > LONGEST_COMMENT:
        detail = f"Comment must have at most {LONGEST_COMMENT} characters"
        raise bad_request(detail)
    return text or ""


async def insert_row(call: Writing, service_id: str, number: int, comment: str) -> VersionRow:
    """Store a new version, unlocked and inactive. Raises Problem 409 if the number is taken."""
    row = VersionRow(
        customer_id=call.customer_id,
        service_id=service_id,
        number=number,
        active=False,
        locked=False,
        comment=comment,
        created_at=call.now,
        updated_at=call.now,
    )
    try:
        await call.run(_ADD, **msgspec.structs.asdict(row))
    except UniqueViolation as problem:
        raise duplicate("version", str(number)) from problem
    return row


async def begin(call: Writing, service_id: str, new: NewVersion) -> VersionRow:
    """Begin a version under the next number. Raises Problem 400, 409."""
    comment = checked_comment(new.comment)
    row = await insert_row(call, service_id, await _next_number(call, service_id), comment)
    await _record(call, row, "create", "created", {})
    return row


async def clone(call: Writing, service_id: str, number: str) -> VersionRow:
    """Copy a version to the next number, unlocked. Raises Problem 404, 409."""
    origin = await find(call, service_id, number)
    row = await insert_row(call, service_id, await _next_number(call, service_id), origin.comment)
    happened = f"cloned from version '{origin.number}'"
    await _record(call, row, "clone", happened, {"from": origin.number})
    return row


async def _next_number(call: Reading, service_id: str) -> int:
    highest = await call.one(_HIGHEST, customer_id=call.customer_id, service_id=service_id)
    return ((highest and highest[0]) or 0) + 1


async def change(call: Writing, row: VersionRow, read: VersionChange) -> VersionRow:
    """Change an unlocked version. Raises Problem 400, 422."""
    if read.comment is UNSET:
        return row
    if row.locked:
        detail = f"Version '{row.number}' for service '{row.service_id}' is locked"
        raise Problem(422, "Version locked", detail)
    comment = checked_comment(read.comment)
    if comment == row.comment:
        return row
    old, new = {"comment": row.comment}, {"comment": comment}
    row = await _store(call, row, comment=comment)
    await _record(call, row, "update", "updated", {"old": old, "new": new})
    return row


async def lock(call: Writing, service_id: str, number: str) -> VersionRow:
    """Lock a version for good; a locked one stays as it is. Raises Problem 404."""
    row = await find(call, service_id, number)
    if row.locked:
        return row
    row = await _store(call, row, locked=True)
    await _record(call, row, "lock", "locked", {})
    return row


async def activate(call: Writing, service_id: str, number: str) -> VersionRow:
    """Make a version the active one, and lock it; the one before stays locked.

    Raises Problem 404.
    """
    row = await find(call, service_id, number)
    if row.active:
        return row
    before = await active_number(call, service_id)
    if before is not None:
        await _store(call, await find(call, service_id, str(before)), active=False)
    row = await _store(call, row, active=True, locked=True)
    old, new = {"active_version": before}, {"active_version": row.number}
    await _record(call, row, "activate", "activated", {"old": old, "new": new})
    return row


async def deactivate(call: Writing, service_id: str, number: str) -> VersionRow:
    """Switch a version off; one that is off stays so. Raises Problem 404."""
    row = await find(call, service_id, number)
    if not row.active:
        return row
    row = await _store(call, row, active=False)
    old, new = {"active_version": row.number}, {"active_version": None}
    await _record(call, row, "deactivate", "deactivated", {"old": old, "new": new})
    return row


async def _store(call: Writing, row: VersionRow, **changes: Any) -> VersionRow:
    row = msgspec.structs.replace(row, updated_at=call.now, **changes)
    await call.run(
        _STORE,
        customer=row.customer_id,
        service=row.service_id,
        version=row.number,
        active=row.active,
        locked=row.locked,
        comment=row.comment,
        updated_at=row.updated_at,
    )
    return row


async def _record(
    call: Writing, row: VersionRow, word: str, happened: str, metadata: dict[str, Any]
) -> None:
    await audit.record(
        call,
        f"version.{word}",
        f"Version '{row.number}' of service '{row.service_id}' was {happened}",
        metadata={"version_number": row.number, **metadata},
        service_id=row.service_id,
    )
