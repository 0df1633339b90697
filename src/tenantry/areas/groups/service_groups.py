"""Service groups: services under one name, for user groups to work on (contract: access §7).

Whoever manages a group sees and names only services that he sees anyway (access §9.6, step 10).
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, select

from tenantry.access.granting import to_hand_on
from tenantry.areas.groups import guards, membership, model
from tenantry.areas.groups.membership import SERVICE_GROUPS_OF, SERVICES, Named
from tenantry.areas.groups.model import SERVICE_GROUPS, USER_GROUPS, ServiceGroupRow
from tenantry.core import access_tables as tables
from tenantry.core import schema
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import not_found
from tenantry.core.statements import Statement, is_one_of, unindexed

_S, _P = schema.services.c, tables.service_group_services.c
_LIVING = and_(_S.customer_id == bindparam("customer_id"), _S.deleted_at.is_(None))
_AMONG = is_one_of(_S.id, "ids")
_KNOWN = Statement(
    select(_S.id, _S.name).where(
        _S.customer_id == bindparam("customer_id"), unindexed(_S.deleted_at).is_(None), _AMONG
    ),
    Named,
)


def _inside(*columns: ColumnElement[Any]) -> Select[Any]:
    joined = and_(_P.customer_id == _S.customer_id, _P.service_id == _S.id)
    return select(*columns).where(_LIVING, joined, _P.service_group_id == bindparam("group"))


_COUNT_AMONG = Statement(_inside(func.count()).where(_AMONG))
_PAGE, _PAGE_AMONG = (
    Statement(
        inside.order_by(_P.added_at, _P.service_id)
        .limit(bindparam("size"))
        .offset(bindparam("skipped")),
        Named,
    )
    for inside in (_inside(_S.id, _S.name), _inside(_S.id, _S.name).where(_AMONG))
)


async def remove(call: Writing, row: ServiceGroupRow) -> None:
    """Remove a service group; what its users could do by it ends. Raises Problem 403, 404."""
    await guards.check_not_used(call, row.id)
    used_by = await membership.holding(call, SERVICE_GROUPS_OF, [row.id])
    await model.touch_all(call, USER_GROUPS, used_by)
    ended = await membership.endings(call, row.id, SERVICES)
    ended += [membership.gone(SERVICE_GROUPS_OF, one, row.id) for one in used_by]
    await model.remove(call, SERVICE_GROUPS, row, ended)


async def list_services(
    call: Reading, row: ServiceGroupRow, size: int, skipped: int
) -> tuple[list[Named], int]:
    """A page of its services, in the order in which they came in, and how many there are."""
    key = {"customer_id": call.customer_id, "group": row.id}
    visible = to_hand_on(call).visible
    if visible is None:
        page = await call.all(_PAGE, **key, size=size, skipped=skipped)
        return page, row.services_count
    ids = sorted(visible)
    counted = await call.one(_COUNT_AMONG, **key, ids=ids)
    page = await call.all(_PAGE_AMONG, **key, ids=ids, size=size, skipped=skipped)
    return page, counted[0] if counted else 0


async def add_services(call: Writing, row: ServiceGroupRow, ids: Sequence[str]) -> list[Named]:
    """Put services into a group; all that were named. Raises Problem 403, 404."""
    services = await seen(call, ids)
    await guards.check_may_collect(call, row.id, list(services))
    await membership.add(call, SERVICES, row, services)
    return list(services.values())


async def remove_services(call: Writing, row: ServiceGroupRow, ids: Sequence[str]) -> None:
    """Take services out of a group. Raises Problem 403, 404."""
    services = await seen(call, ids)
    await guards.check_not_used(call, row.id)
    await membership.remove(call, SERVICES, row, services)


async def seen(call: Reading, ids: Sequence[str]) -> dict[str, Named]:
    """The living services that these ids name, if the caller sees them all. Raises Problem 404."""
    services = await membership.known(call, _KNOWN, "service", ids)
    held = to_hand_on(call)
    for one in services:
        if not held.sees(one):
            raise not_found("service", one)
    return services
