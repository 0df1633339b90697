"""The decision: a pure function of who asks, what for, and when (contract: access §9.6).

Feed it today's rows and it enforces; feed it those of another moment, or changed ones, and it
answers for them. It touches no database.
"""

from functools import lru_cache
from typing import Literal

import msgspec

from tenantry.core.context import Grants
from tenantry.core.permissions import (
    AUTHORIZATION_MASKS,
    GRANTS,
    READING,
    SERVICE_PERMISSIONS,
)

Reason = Literal["role", "scope", "role_missing", "out_of_sight", "service_permission_missing"]


class Decision(msgspec.Struct, frozen=True):
    """Allowed or not, and what led to it."""

    allowed: bool
    reason: Reason


def decide(grants: Grants, permission: str, service_id: str | None = None) -> Decision:
    """Whether these grants hold a permission, on a service where it is a service's."""
    if permission in SERVICE_PERMISSIONS and service_id is not None:
        return _decide_service(grants, permission, service_id)
    if permission not in _account_permissions(grants):
        return Decision(allowed=False, reason="role_missing")
    if not _scopes_cover(grants, permission):
        return Decision(allowed=False, reason="scope")
    return Decision(allowed=True, reason="role")


def _decide_service(grants: Grants, permission: str, service_id: str) -> Decision:
    held = service_permissions(grants, service_id)
    if "service.read" not in held:
        return Decision(allowed=False, reason="out_of_sight")
    if permission not in held:
        return Decision(allowed=False, reason="service_permission_missing")
    return Decision(allowed=True, reason="role")


def _account_permissions(grants: Grants) -> frozenset[str]:
    return _of_roles(grants.roles)


@lru_cache(maxsize=1024)
def _of_roles(roles: frozenset[str]) -> frozenset[str]:
    return frozenset[str]().union(*(GRANTS.get(role, frozenset()) for role in roles))


def service_permissions(grants: Grants, service_id: str) -> frozenset[str]:
    """Everything held on one service: steps 7 and 8 of access §9.6."""
    if grants.token_limited and service_id not in grants.token_services:
        return frozenset()
    held = _account_permissions(grants) & SERVICE_PERMISSIONS
    if grants.limit_services and "superuser" not in grants.roles:
        permission = grants.authorizations.get(service_id)
        held &= AUTHORIZATION_MASKS[permission] if permission else frozenset()
    return frozenset(one for one in held if _scopes_cover(grants, one))


def visible_services(grants: Grants) -> frozenset[str] | None:
    """The only services these grants can see, or None where no list limits them."""
    limits = []
    if grants.token_limited:
        limits.append(grants.token_services)
    if grants.limit_services and "superuser" not in grants.roles:
        limits.append(frozenset(grants.authorizations))
    if not decide(grants, "service.read").allowed:
        return frozenset()
    return None if not limits else frozenset.intersection(*limits)


def _scopes_cover(grants: Grants, permission: str) -> bool:
    scopes = grants.scopes
    if "global" in scopes or ("global:read" in scopes and permission in READING):
        return True
    return permission.removeprefix("service.") in scopes
