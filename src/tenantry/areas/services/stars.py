"""A star: a person marks a service as his own favourite. It is given and taken back."""

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, bindparam, delete, func, select

from tenantry.access.decide import rights
from tenantry.areas.services import model
from tenantry.core import audit, schema
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import not_authorized, not_found
from tenantry.core.ids import new_id
from tenantry.core.statements import Statement, is_one_of, point

_ST = schema.stars.c


class StarRow(msgspec.Struct, array_like=True, frozen=True):
    """A star as it is stored."""

    customer_id: str
    user_id: str
    id: str
    service_id: str
    created_at: int
    updated_at: int
    deleted_at: int | None = None


_COLUMNS = [schema.stars.c[name] for name in StarRow.__struct_fields__]
_OWN = (_ST.customer_id == bindparam("customer_id"), _ST.user_id == bindparam("user_id"))
_FIND = point(
    _COLUMNS, schema.stars, StarRow, customer_id=_ST.customer_id, user_id=_ST.user_id, id=_ST.id
)
_FIND_ON = point(
    _COLUMNS,
    schema.stars,
    StarRow,
    customer_id=_ST.customer_id,
    user_id=_ST.user_id,
    service_id=_ST.service_id,
)
_AMONG = is_one_of(_ST.service_id, "services")


def _page(*conditions: ColumnElement[Any]) -> Statement[StarRow]:
    page = select(*_COLUMNS).where(*_OWN, *conditions).order_by(_ST.created_at, _ST.id)
    return Statement(page.limit(bindparam("size")).offset(bindparam("skipped")), StarRow)


_PAGE, _PAGE_AMONG = _page(), _page(_AMONG)
_COUNT = Statement(select(func.count()).where(*_OWN))
_COUNT_AMONG = Statement(select(func.count()).where(*_OWN, _AMONG))
_GIVE = Statement(
    lambda insert_: insert_(schema.stars).on_conflict_do_nothing(
        index_elements=["customer_id", "user_id", "service_id"]
    )
)
_TAKE = Statement(
    delete(schema.stars).where(
        _ST.customer_id == bindparam("customer"),
        _ST.user_id == bindparam("user"),
        _ST.id == bindparam("star"),
    )
)


async def find(call: Reading, star_id: str) -> StarRow:
    """A star of the caller's own, on a service that he sees. Raises Problem 404."""
    row = await call.one(
        _FIND, customer_id=call.customer_id, user_id=call.principal.user_id, id=star_id
    )
    if row is None or not rights(call.principal.grants).sees(row.service_id):
        raise not_found("star", star_id)
    return row


async def list_page(call: Reading, size: int, skipped: int) -> tuple[list[StarRow], int]:
    """A page of the caller's own stars on services that he sees, and how many there are."""
    own: dict[str, Any] = {"customer_id": call.customer_id, "user_id": call.principal.user_id}
    visible = rights(call.principal.grants).visible
    if visible is not None:
        own["services"] = sorted(visible)
    counted = await call.one(_COUNT if visible is None else _COUNT_AMONG, **own)
    page = _PAGE if visible is None else _PAGE_AMONG
    return await call.all(page, **own, size=size, skipped=skipped), counted[0] if counted else 0


async def give(call: Writing, service_id: str, user_id: str | None) -> StarRow:
    """Star a service as oneself; a star that is there already is told again.

    Raises Problem 403 for anybody else, 404 (contract: identity §11).
    """
    if user_id not in {None, call.principal.user_id}:
        raise not_authorized()
    service = await model.reach(call, service_id, "service.read")
    if service.deleted_at is not None:
        raise not_found("service", service_id)
    row = StarRow(
        customer_id=call.customer_id,
        user_id=call.principal.user_id or "",
        id=new_id(),
        service_id=service.id,
        created_at=call.now,
        updated_at=call.now,
    )
    if not await call.run(_GIVE, **msgspec.structs.asdict(row)):
        return await _find_on(call, service.id)
    await _record(call, row, "create", "created")
    return row


async def _find_on(call: Reading, service_id: str) -> StarRow:
    row = await call.one(
        _FIND_ON,
        customer_id=call.customer_id,
        user_id=call.principal.user_id,
        service_id=service_id,
    )
    if row is None:
        raise not_found("star", service_id)
    return row


async def take(call: Writing, star_id: str) -> None:
    """Take a star of one's own back. Raises Problem 404."""
    row = await find(call, star_id)
    taken = await call.run(_TAKE, customer=row.customer_id, user=row.user_id, star=row.id)
    if not taken:
        raise not_found("star", star_id)
    await _record(call, row, "delete", "deleted")


async def _record(call: Writing, row: StarRow, word: str, happened: str) -> None:
    await audit.record(
        call,
        f"star.{word}",
        f"Star on service '{row.service_id}' was {happened}",
        event_type=None,
        metadata={"star_id": row.id},
        service_id=row.service_id,
    )
