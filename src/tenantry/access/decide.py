"""The decision: a pure function of who asks, what for, and when (contract: access §9.6).

Feed it today's rows and it enforces; feed it those of another moment, or changed ones, and it
answers for them. It touches no database. Every right has a *source*: a role, held directly or by
way of a group. `rights` adds the sources up, once for the same grants; `decide` looks into the
sum; an explanation lists the sources themselves. So the three can't disagree.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

import msgspec

from tenantry.core.context import Grants
from tenantry.core.permissions import (
    ACCOUNT_PERMISSIONS,
    AUTHORIZATION_MASKS,
    GRANTS,
    READING,
    SERVICE_PERMISSIONS,
    UNLIMITED_ONLY,
    conferred,
)

Reason = Literal["held", "missing", "scope", "out_of_sight", "service_permission_missing"]
_NONE: frozenset[str] = frozenset()
_KEPT = "rights"


class Source(msgspec.Struct, frozen=True):
    """One way by which permissions are held."""

    role: str
    """A built-in role's name, or the id of one of the customer's own."""
    permissions: frozenset[str]
    services: frozenset[str] | None = None
    """The services on which they are held; None is everywhere, and the account."""
    group: str | None = None
    service_group: str | None = None
    authorization: str | None = None
    """The permission of the service authorizations that let it through."""


class Rights(msgspec.Struct, frozen=True):
    """Everything that somebody may do."""

    account: frozenset[str]
    everywhere: frozenset[str]
    """Held on every service, those to come included."""
    on: dict[str, frozenset[str]]
    """What is held on single services besides."""
    visible: frozenset[str] | None
    """The only services that can be seen; None where no list limits them."""

    def on_service(self, service_id: str) -> frozenset[str]:
        """Everything held on one service."""
        held = self.on.get(service_id)
        return self.everywhere if held is None else self.everywhere | held

    def sees(self, service_id: str) -> bool:
        """Whether a service is there for him at all."""
        return self.visible is None or service_id in self.visible


class Decision(msgspec.Struct, frozen=True):
    """Allowed or not, and what led to it."""

    allowed: bool
    reason: Reason


_HELD = Decision(allowed=True, reason="held")


def decide(grants: Grants, permission: str, service_id: str | None = None) -> Decision:
    """Whether these grants hold a permission, on a service where it is a service's.

    Without a service, a service permission is held if it is held on any.
    """
    held = rights(grants)
    if permission in SERVICE_PERMISSIONS:
        if service_id is None:
            on_any = permission in held.everywhere or any(
                permission in one for one in held.on.values()
            )
            return _HELD if on_any else Decision(allowed=False, reason="missing")
        return _decide_service(grants, held, permission, service_id)
    if permission in held.account:
        return _HELD
    reason: Reason = "scope" if permission in _of_sources(grants).account else "missing"
    return Decision(allowed=False, reason=reason)


def _decide_service(grants: Grants, held: Rights, permission: str, service_id: str) -> Decision:
    if not held.sees(service_id):
        return Decision(allowed=False, reason="out_of_sight")
    if permission in held.on_service(service_id):
        return _HELD
    is_scope = permission in _token_limited(grants).on_service(service_id)
    return Decision(allowed=False, reason="scope" if is_scope else "service_permission_missing")


def rights(grants: Grants) -> Rights:
    """Everything these grants hold: steps 5 to 8 of access §9.6."""
    kept: Rights | None = grants.__dict__.get(_KEPT)
    if kept is None:
        # Worked out once, and kept beside the rows that it follows from: both never change.
        kept = grants.__dict__[_KEPT] = _scoped(grants, _token_limited(grants))
    return kept


def sources(grants: Grants) -> Iterator[Source]:
    """Every way by which permissions are held, before the token's own limits."""
    for role in sorted(grants.roles):
        yield from _direct(grants, role, permissions_of(grants, role))
    for group in grants.groups:
        for role in sorted(group.roles):
            held = permissions_of(grants, role)
            yield Source(role, held & _ACCOUNT, group=group.id)
            for service_group, services in group.services.items():
                on_services = held & SERVICE_PERMISSIONS
                yield Source(role, on_services, services, group.id, service_group)


def permissions_of(grants: Grants, role: str) -> frozenset[str]:
    """What a role confers, in all its forms; nothing if there is no such role."""
    if role in GRANTS:
        return GRANTS[role]
    return conferred(grants.custom.get(role, _NONE))


_ACCOUNT = frozenset[str]().union(*GRANTS.values()) - SERVICE_PERMISSIONS | ACCOUNT_PERMISSIONS


def _direct(grants: Grants, role: str, held: frozenset[str]) -> Iterator[Source]:
    if not grants.limit_services or "superuser" in grants.roles:
        yield Source(role, held)
        return
    yield Source(role, (held & _ACCOUNT) - (UNLIMITED_ONLY if role in GRANTS else _NONE))
    for permission, mask in AUTHORIZATION_MASKS.items():
        services = frozenset(
            one for one, given in grants.authorizations.items() if given == permission
        )
        if services:
            yield Source(role, held & mask, services, authorization=permission)


def _of_sources(grants: Grants) -> Rights:
    """What somebody may do himself, whatever token he comes with."""
    account, everywhere = set[str](), set[str]()
    on: dict[str, frozenset[str]] = {}
    for source in sources(grants):
        if source.services is None:
            account |= source.permissions & _ACCOUNT
            everywhere |= source.permissions & SERVICE_PERMISSIONS
            continue
        for service_id in source.services:
            on[service_id] = on.get(service_id, _NONE) | source.permissions
    return _seen(frozenset(account), frozenset(everywhere), on)


def _seen(
    account: frozenset[str], everywhere: frozenset[str], on: dict[str, frozenset[str]]
) -> Rights:
    visible = None
    if "service.read" not in everywhere:
        visible = frozenset(one for one, held in on.items() if "service.read" in held)
    return Rights(account, everywhere, on, visible)


def _token_limited(grants: Grants) -> Rights:
    """What is left under the token's list of services."""
    held = _of_sources(grants)
    if not grants.token_limited:
        return held
    on = {one: held.on_service(one) for one in grants.token_services}
    return _seen(held.account, _NONE, on)


def _scoped(grants: Grants, held: Rights) -> Rights:
    """What is left under the token's scope; who may only purge sees what his maker sees."""
    scopes = grants.scopes
    if "global" in scopes:
        return held
    on = {one: _in(permissions, scopes) for one, permissions in held.on.items()}
    return Rights(_in(held.account, scopes), _in(held.everywhere, scopes), on, held.visible)


@lru_cache(maxsize=4096)
def _in(permissions: frozenset[str], scopes: frozenset[str]) -> frozenset[str]:
    """The permissions that one of the scopes covers (contract: access §9.4)."""
    covered = {name.removeprefix("service.") for name in permissions} & scopes
    reading = READING if "global:read" in scopes else _NONE
    return frozenset(
        one for one in permissions if one in reading or one.removeprefix("service.") in covered
    )
