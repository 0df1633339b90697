"""Loads what somebody holds besides his token: roles of the customer's own, groups, authorizations.

Most people hold a built-in role and nothing else; what tells whether there is more is read with
the principal, so that these rows are only asked for where there are any.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import bindparam, func, select

from tenantry.core import access_tables as tables
from tenantry.core import schema
from tenantry.core.context import Grants, Group
from tenantry.core.permissions import ROLE_OF_ID
from tenantry.core.session import Reads
from tenantry.core.statements import Statement, is_one_of

_R, _A, _U = tables.roles.c, tables.service_authorizations.c, schema.users.c
_M, _GR = tables.user_group_members.c, tables.user_group_roles.c
_GS, _S = tables.user_group_service_groups.c, tables.service_group_services.c

_ROLES = Statement(
    select(_R.id, _R.permissions).where(
        _R.customer_id == bindparam("customer_id"), is_one_of(_R.id, "ids")
    )
)
_AUTHORIZATIONS = Statement(
    select(_A.service_id, _A.permission).where(
        _A.customer_id == bindparam("customer_id"), _A.user_id == bindparam("user_id")
    )
)
_GROUPS = Statement(
    select(_M.user_group_id).where(
        _M.customer_id == bindparam("customer_id"), _M.member_id == bindparam("user_id")
    )
)
_GROUP_ROLES = Statement(
    select(_GR.user_group_id, _GR.role_id).where(
        _GR.customer_id == bindparam("customer_id"), is_one_of(_GR.user_group_id, "ids")
    )
)
_GROUP_SERVICE_GROUPS = Statement(
    select(_GS.user_group_id, _GS.service_group_id).where(
        _GS.customer_id == bindparam("customer_id"), is_one_of(_GS.user_group_id, "ids")
    )
)
# One row a service group, however many services are in it.
_SERVICES = Statement(
    select(_S.service_group_id, func.string_agg(_S.service_id, " "))
    .where(_S.customer_id == bindparam("customer_id"), is_one_of(_S.service_group_id, "ids"))
    .group_by(_S.service_group_id)
)
_USER = Statement(
    select(_U.role, _U.roles, _U.limit_services).where(
        _U.customer_id == bindparam("customer_id"),
        _U.id == bindparam("user_id"),
        _U.deleted_at.is_(None),
    )
)


def role_names(role: str | None, roles: str | None) -> frozenset[str]:
    """The roles of a row: a list of ids wins over the single one (contract: access §9.1).

    Built-in ones by name, the customer's own by id.
    """
    ids: list[str] = msgspec.json.decode(roles or "[]")
    return frozenset(ROLE_OF_ID.get(one, one) for one in ids) or frozenset({role or "user"})


async def grants_of_user(rows: Reads, customer_id: str, user_id: str) -> Grants | None:
    """What a living user holds, whatever key he comes with; None if there is no such user."""
    user = await rows.one(_USER, customer_id=customer_id, user_id=user_id)
    if user is None:
        return None
    role, roles, limit_services = user
    held = Grants(roles=role_names(role, roles), limit_services=limit_services)
    return await complete(rows, customer_id, held, user_id)


async def complete(rows: Reads, customer_id: str, held: Grants, user_id: str | None) -> Grants:
    """Add to a principal's own row what stands in others; `user_id` is None for a program."""
    more: dict[str, Any] = {}
    if user_id is not None:
        more["groups"] = await _groups(rows, customer_id, user_id)
        if held.limit_services:
            more["authorizations"] = dict(
                await rows.all(_AUTHORIZATIONS, customer_id=customer_id, user_id=user_id)
            )
    roles = held.roles.union(*(group.roles for group in more.get("groups", ())))
    more["custom"] = await custom_roles(rows, customer_id, roles)
    return msgspec.structs.replace(held, **more)


async def custom_roles(
    rows: Reads, customer_id: str, roles: Iterable[str]
) -> dict[str, frozenset[str]]:
    """What the customer's own among some roles permit; unknown ones are left out."""
    ids = sorted({one for one in roles if one not in ROLE_OF_ID.values()})
    if not ids:
        return {}
    found = await rows.all(_ROLES, customer_id=customer_id, ids=ids)
    return {role_id: frozenset(msgspec.json.decode(names)) for role_id, names in found}


async def _groups(rows: Reads, customer_id: str, user_id: str) -> tuple[Group, ...]:
    ids = [one for (one,) in await rows.all(_GROUPS, customer_id=customer_id, user_id=user_id)]
    if not ids:
        return ()
    roles = await _pairs(rows, _GROUP_ROLES, customer_id, ids)
    service_groups = await _pairs(rows, _GROUP_SERVICE_GROUPS, customer_id, ids)
    wanted = sorted(set[str]().union(*service_groups.values()))
    services = {
        group: frozenset(text.split())
        for group, text in await rows.all(_SERVICES, customer_id=customer_id, ids=wanted)
    }
    return tuple(
        Group(
            one,
            frozenset(ROLE_OF_ID.get(role, role) for role in roles.get(one, ())),
            {group: services.get(group, frozenset()) for group in service_groups.get(one, ())},
        )
        for one in sorted(ids)
    )


async def _pairs(
    rows: Reads, statement: Statement[Any], customer_id: str, ids: list[str]
) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for one, other in await rows.all(statement, customer_id=customer_id, ids=ids):
        found.setdefault(one, set()).add(other)
    return found
