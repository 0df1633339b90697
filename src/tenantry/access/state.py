"""Loads what access is decided from."""

from typing import Any

import msgspec
from sqlalchemy import and_, bindparam, select

from tenantry.core import schema
from tenantry.core.context import Grants, Principal
from tenantry.core.errors import not_found
from tenantry.core.permissions import ROLE_OF_ID
from tenantry.core.session import Reads
from tenantry.core.statements import Statement, point

_T, _U, _C, _H = schema.tokens.c, schema.users.c, schema.customers.c, schema.chains.c
_O = schema.operator_keys.c


class _TokenRow(msgspec.Struct, array_like=True):
    kind: str
    customer_id: str
    customer_name: str
    owner_id: str | None
    hourly_writes: int
    ip_whitelist: str
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


_TOKEN = point(
    [
        _T.kind,
        _T.customer_id,
        _C.name.label("customer_name"),
        _C.owner_id,
        _C.hourly_writes,
        _C.ip_whitelist,
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
    select(_C.id).where(_C.id == bindparam("customer_id"), _C.deleted_at.is_(None))
)


async def read_principal(rows: Reads, digest: bytes) -> Principal | None:
    """Who a key stands for now; None if nobody."""
    token = await rows.one(_TOKEN, digest=digest)
    if token is not None:
        return _person(token) if token.kind != "automation" else _automation(token)
    operator = await rows.one(_OPERATOR, digest=digest)
    if operator is None:
        return None
    key_id, name = operator
    return Principal(
        kind="operator",
        token_id=key_id,
        token_name=name,
        grants=Grants(roles=frozenset({"superuser"})),
    )


async def read_version(rows: Reads, customer_id: str) -> int | None:
    """The number of a customer's newest event; None if there is no such customer."""
    row = await rows.one(_VERSION, customer_id=customer_id)
    return None if row is None else int(row[0])


async def check_customer(rows: Reads, customer_id: str) -> None:
    """Whether there is such a customer for an operator to act in. Raises Problem 404."""
    if await rows.one(_CUSTOMER, customer_id=customer_id) is None:
        raise not_found("customer", customer_id)


def _person(token: _TokenRow) -> Principal | None:
    if token.login is None or token.locked or token.deleted_at is not None:
        return None
    return _principal(
        token,
        kind=token.kind,
        user_id=token.user_id,
        login=token.login,
        name=token.user_name or "",
        is_owner=token.user_id == token.owner_id,
        grants=_grants(
            token, token.user_role, token.user_roles, limit_services=bool(token.limit_services)
        ),
    )


def _automation(token: _TokenRow) -> Principal:
    return _principal(
        token,
        kind="automation",
        grants=_grants(token, token.token_role, token.token_roles, limit_services=False),
    )


def _grants(
    token: _TokenRow, role: str | None, roles: str | None, *, limit_services: bool
) -> Grants:
    # A list of role ids wins over the single role (contract: access §9.1).
    several = [ROLE_OF_ID[one] for one in msgspec.json.decode(roles or "[]")]
    return Grants(
        roles=frozenset(several or {role or "user"}),
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
        **more,
    )
