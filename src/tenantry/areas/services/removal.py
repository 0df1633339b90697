"""Removing a service, and what was for it alone (contract: access §12)."""

import msgspec
from sqlalchemy import Table, bindparam, delete, select, update

from tenantry.areas.services import model, versions
from tenantry.areas.services.model import ServiceRow
from tenantry.areas.users import authorizations
from tenantry.core import access_tables, audit, schema
from tenantry.core.context import Writing
from tenantry.core.errors import bad_request
from tenantry.core.statements import Row, Statement

_G, _P = access_tables.service_groups.c, access_tables.service_group_services.c

_TOUCH_GROUPS = Statement(
    update(access_tables.service_groups)
    .where(
        _G.customer_id == bindparam("customer"),
        _G.id.in_(
            select(_P.service_group_id).where(
                _P.customer_id == bindparam("customer"), _P.service_id == bindparam("service")
            )
        ),
    )
    .values(updated_at=bindparam("now"))
)


def _forget(table: Table) -> Statement[Row]:
    return Statement(
        delete(table).where(
            table.c.customer_id == bindparam("customer"),
            table.c.service_id == bindparam("service"),
        )
    )


_FORGET_STARS = _forget(schema.stars)
_FORGET = [
    _forget(table)
    for table in (access_tables.service_group_services, access_tables.service_invitations)
]


async def remove(call: Writing, row: ServiceRow) -> None:
    """Remove a service, with the authorizations for it and the stars on it. Raises Problem 400.

    Lists of services that tokens are limited to keep its id, so that none becomes unlimited.
    """
    if await versions.active_number(call, row.id) is not None:
        raise bad_request("Cannot delete service with active version")
    gone = msgspec.structs.replace(row, deleted_at=call.now, updated_at=call.now)
    await model.store(call, gone)
    await authorizations.end(call, await authorizations.of_service(call, row.id))
    its = {"customer": row.customer_id, "service": row.id}
    await call.run(_TOUCH_GROUPS, **its, now=call.now)
    for statement in _FORGET:
        await call.run(statement, **its)
    stars = await call.run(_FORGET_STARS, **its)
    await audit.record(
        call,
        "service.delete",
        f"Service '{row.name}' was deleted",
        metadata={"name": row.name, "stars": stars},
        service_id=row.id,
        rows=[model.revision(gone)],
    )
