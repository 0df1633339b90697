"""Loads what access is decided from."""

from typing import Any

import msgspec
from sqlalchemy import and_, bindparam, exists, select

from tenantry.access.holdings import complete, role_names
from tenantry.core import access_tables, schema
from tenantry.core.context import SYSTEM, Grants, Policies, Principal
from tenantry.core.errors import not_found
from tenantry.core.permissions import GRANTS
from tenantry.core.session import Reads
from tenantry.core.statements import Statement, point

_T, _U, _C, _H = schema.tokens.c, schema.users.c, schema.customers.c, schema.chains.c
_O, _M = schema.operator_keys.c, access_tables.user_group_members.c


class _TokenRow(msgspec.Struct, array_like=True):
    kind: str
    customer_id: str
    customer_name: str
    owner_id: str | None
    hourly_writes: int
    ip_whitelist: str
    force_2fa: bool
    has_pci_passwords: bool
    force_sso: bool
    version: int
    token_id: str
    token_name: str
    created_at: int
    user_id: str | None
    scope: str
    services: str
    limited: bool
    token_role: str | None
    token_roles: str
    expires_at: int | None
    sudo_expires_at: int | None
    last_used_at: int | None
    login: str | None
    user_name: str | None
    user_role: str | None
    user_roles: str | None
    limit_services: bool | None
    locked: bool | None
    deleted_at: int | None
    is_member: bool
    """Of a user group."""


_IS_MEMBER = exists().where(_M.customer_id == _T.customer_id, _M.member_id == _T.user_id)

_TOKEN = point(
    [
        _T.kind,
        _T.customer_id,
        _C.name.label("customer_name"),
        _C.owner_id,
        _C.hourly_writes,
        _C.ip_whitelist,
        _C.force_2fa,
        _C.has_pci_passwords,
        _C.force_sso,
        _H.sequence,
        _T.id,
        _T.name,
        _T.created_at,
        _T.user_id,
        _T.scope,
        _T.services,
        _T.limited,
        _T.role,
        _T.roles,
        _T.expires_at,
        _T.sudo_expires_at,
        _T.last_used_at,
        _U.login,
        _U.name.label("user_name"),
        _U.role.label("user_role"),
        _U.roles.label("user_roles"),
        _U.limit_services,
        _U.locked_by_superuser,
        _U.deleted_at,
        _IS_MEMBER.label("is_member"),
    ],
    schema.tokens.join(schema.customers, and_(_C.id == _T.customer_id, _C.deleted_at.is_(None)))
    .join(schema.chains, _H.customer_id == _T.customer_id)
    .outerjoin(schema.users, and_(_U.customer_id == _T.customer_id, _U.id == _T.user_id)),
    _TokenRow,
    digest=_T.digest,
)
_VERSION = point([_H.sequence], schema.chains, customer_id=_H.customer_id)
_OPERATOR = Statement(select(_O.id, _O.name).where(_O.digest == bindparam("digest")))


_CUSTOMER = Statement(
    select(_C.deleted_at, _C.name, _C.force_2fa, _C.has_pci_passwords, _C.force_sso).where(
        _C.id == bindparam("customer_id")
    )
)


async def read_principal(rows: Reads, digest: bytes) -> Principal | None:
    """Who a key stands for now; None if nobody."""
    token = await rows.one(_TOKEN, digest=digest)
    if token is None:
        return await _operator(rows, digest)
    principal = _person(token) if token.kind != "automation" else _automation(token)
    if principal is None or not _holds_more(token, principal):
        return principal
    held = await complete(
        rows,
        principal.customer_id,
        principal.grants,
        principal.user_id,
    )
    if await read_version(rows, principal.customer_id) != principal.version:
        # Something was committed between these reads: they are of no one moment.
        return await read_principal(rows, digest)
    return msgspec.structs.replace(principal, grants=held)


async def _operator(rows: Reads, digest: bytes) -> Principal | None:
    operator = await rows.one(_OPERATOR, digest=digest)
    if operator is None:
        return None
    key_id, name = operator
    return msgspec.structs.replace(SYSTEM, token_id=key_id, token_name=name)


def _holds_more(token: _TokenRow, principal: Principal) -> bool:
    held = principal.grants
    return token.is_member or held.limit_services or not held.roles <= GRANTS.keys()


async def read_version(rows: Reads, customer_id: str) -> int | None:
    """The number of a customer's newest event; None if there is no such customer."""
    row = await rows.one(_VERSION, customer_id=customer_id)
    return None if row is None else int(row[0])


async def placed(
    operator: Principal, rows: Reads, customer_id: str, *, even_closed: bool = False
) -> Principal:
    """An operator who acts in a customer, as whoever is in it. Raises Problem 404."""
    row = await rows.one(_CUSTOMER, customer_id=customer_id)
    if row is None or (row[0] is not None and not even_closed):
        raise not_found("customer", customer_id)
    _, name, *policies = row
    return msgspec.structs.replace(operator, customer_name=name, policies=Policies(*policies))


def _person(token: _TokenRow) -> Principal | None:
    if token.login is None or token.locked or token.deleted_at is not None:
        return None
    held = role_names(token.user_role, token.user_roles)
    return _principal(
        token,
        kind=token.kind,
        user_id=token.user_id,
        login=token.login,
        name=token.user_name or "",
        is_owner=token.user_id == token.owner_id,
        grants=_grants(token, held, limit_services=bool(token.limit_services)),
    )


def _automation(token: _TokenRow) -> Principal:
    held = role_names(token.token_role, token.token_roles)
    return _principal(token, kind="automation", grants=_grants(token, held, limit_services=False))


def _grants(token: _TokenRow, roles: frozenset[str], *, limit_services: bool) -> Grants:
    return Grants(
        roles=roles,
        limit_services=limit_services,
        scopes=frozenset(token.scope.split()),
        token_limited=token.limited,
        token_services=frozenset(msgspec.json.decode(token.services)),
    )


def _principal(token: _TokenRow, **more: Any) -> Principal:
    return Principal(
        customer_id=token.customer_id,
        customer_name=token.customer_name,
        version=token.version,
        token_id=token.token_id,
        token_name=token.token_name,
        token_created_at=token.created_at,
        expires_at=token.expires_at,
        sudo_expires_at=token.sudo_expires_at,
        last_used_at=token.last_used_at,
        hourly_writes=token.hourly_writes,
        ip_whitelist=token.ip_whitelist,
        policies=Policies(token.force_2fa, token.has_pci_passwords, token.force_sso),
        **more,
    )
