"""The decision: a pure function of who asks, what for, and when (contract: access §9.6).

Feed it today's rows and it enforces; feed it those of another moment, or changed ones, and it
answers for them. It touches no database. Every right has a *source*: a role, held directly or by
way of a group. `rights` adds the sources up, once for the same grants; `decide` looks into the
sum; an explanation lists the sources themselves. So the three can't disagree.
"""

from collections.abc import Callable, Iterable, Iterator
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

Reason = Literal[
    "held", "missing", "scope", "out_of_sight", "people_only", "service_permission_missing"
]
_NONE: frozenset[str] = frozenset()
_FOR_PEOPLE = frozenset({"automation_token.manage", "invitation.create", "invitation.create:own"})
_OF_WHO_INVITES = frozenset({"invitation.delete:own", "invitation.read:own"})


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
    on: dict[frozenset[str], frozenset[str]]
    """What is held on single services besides: permissions, and the services they are held on.

    There are thousands of services, but only as many sets of permissions as roles.
    """
    visible: frozenset[str] | None
    """The only services that can be seen; None where no list limits them."""

    def on_service(self, service_id: str) -> frozenset[str]:
        """Everything held on one service."""
        held = self.everywhere
        for permissions, services in self.on.items():
            if service_id in services:
                held |= permissions
        return held

    def sees(self, service_id: str) -> bool:
        """Whether a service is there for him at all."""
        return self.visible is None or service_id in self.visible


class Decision(msgspec.Struct, frozen=True):
    """Allowed or not, and what led to it."""

    allowed: bool
    reason: Reason


_HELD = Decision(allowed=True, reason="held")


def decide(
    grants: Grants, permission: str, service_id: str | None = None, *, is_program: bool = False
) -> Decision:
    """Whether these grants hold a permission, on a service where it is a service's.

    Without a service, a service permission is held if it is held on any that can be seen. Of a
    program it is asked whether it has the use of the permission.
    """
    held = rights(grants)
    if permission in SERVICE_PERMISSIONS:
        if service_id is None:
            return _decide_any(held, permission)
        return _decide_service(grants, held, permission, service_id)
    if is_program and permission in kept_from_programs(_unscoped(grants)):
        return Decision(allowed=False, reason="people_only")
    if permission in held.account:
        return _HELD
    reason: Reason = "scope" if permission in _unscoped(grants).account else "missing"
    return Decision(allowed=False, reason=reason)


def kept_from_programs(held: Rights) -> frozenset[str]:
    """What no program has the use of, whatever its roles (contract: access §9.2, §9.6).

    It invites nobody: to read and withdraw what is one's own is nothing to who may not with all.
    """
    own = {one for one in _OF_WHO_INVITES if one.partition(":")[0] not in held.account}
    return _FOR_PEOPLE | own


def _decide_any(held: Rights, permission: str) -> Decision:
    on = [services for permissions, services in held.on.items() if permission in permissions]
    if not on and permission not in held.everywhere:
        return Decision(allowed=False, reason="missing")
    seen = held.visible
    is_seen = seen is None or (
        bool(seen) if permission in held.everywhere else any(not one.isdisjoint(seen) for one in on)
    )
    return _HELD if is_seen else Decision(allowed=False, reason="out_of_sight")


def _decide_service(grants: Grants, held: Rights, permission: str, service_id: str) -> Decision:
    if not held.sees(service_id):
        return Decision(allowed=False, reason="out_of_sight")
    if permission in held.on_service(service_id):
        return _HELD
    is_scope = permission in _unscoped(grants).on_service(service_id)
    return Decision(allowed=False, reason="scope" if is_scope else "service_permission_missing")


def rights(grants: Grants) -> Rights:
    """Everything these grants hold: steps 5 to 8 of access §9.6."""
    return _once(grants, "rights", _scoped)


def rights_of_user(grants: Grants) -> Rights:
    """What they would hold if the token were limited to no services (contract: access §9.5)."""
    return _once(grants, "of_user", _of_user)


def _of_user(grants: Grants) -> Rights:
    return rights(msgspec.structs.replace(grants, token_limited=False))


def _unscoped(grants: Grants) -> Rights:
    """What they would hold if the token's scope covered everything."""
    return _once(grants, "unscoped", _token_limited)


def _once(grants: Grants, name: str, work_out: Callable[[Grants], Rights]) -> Rights:
    """Worked out once, and kept beside the rows that it follows from: both never change."""
    kept: Rights | None = grants.__dict__.get(name)
    if kept is None:
        kept = grants.__dict__[name] = work_out(grants)
    return kept


def sources(grants: Grants) -> Iterator[Source]:
    """Every way by which permissions are held, before the token's own limits."""
    for role in sorted(grants.roles):
        yield from _direct(grants, role, permissions_of(grants, role))
    for group in grants.groups:
        for role in sorted(group.roles):
            held = permissions_of(grants, role)
            on_services = held & SERVICE_PERMISSIONS
            yield Source(role, _on_account(grants, role, held), group=group.id)
            for service_group, services in group.services.items():
                yield Source(role, on_services, services, group.id, service_group)


def permissions_of(grants: Grants, role: str) -> frozenset[str]:
    """What a role confers, in all its forms; nothing if there is no such role."""
    if role in GRANTS:
        return GRANTS[role]
    return conferred(grants.custom.get(role, _NONE))


_ACCOUNT = frozenset[str]().union(*GRANTS.values()) - SERVICE_PERMISSIONS | ACCOUNT_PERMISSIONS


def _direct(grants: Grants, role: str, held: frozenset[str]) -> Iterator[Source]:
    if not _is_limited(grants):
        yield Source(role, held)
        return
    yield Source(role, _on_account(grants, role, held))
    for permission, mask in AUTHORIZATION_MASKS.items():
        services = frozenset(
            one for one, given in grants.authorizations.items() if given == permission
        )
        if services:
            yield Source(role, held & mask, services, authorization=permission)


def _is_limited(grants: Grants) -> bool:
    return grants.limit_services and "superuser" not in grants.roles


def _on_account(grants: Grants, role: str, held: frozenset[str]) -> frozenset[str]:
    """What a role confers on the account; some of it is not for who is limited to services."""
    is_less = role in GRANTS and _is_limited(grants)
    return (held & _ACCOUNT) - (UNLIMITED_ONLY if is_less else _NONE)


def _of_sources(grants: Grants) -> Rights:
    """What somebody may do himself, whatever token he comes with."""
    account, everywhere = set[str](), set[str]()
    on: dict[frozenset[str], frozenset[str]] = {}
    for source in sources(grants):
        if source.services is None:
            account |= source.permissions & _ACCOUNT
            everywhere |= source.permissions & SERVICE_PERMISSIONS
        else:
            # By services first: those of a group that many others share are gone through once.
            on[source.services] = on.get(source.services, _NONE) | source.permissions
    pairs = ((permissions, services) for services, permissions in on.items())
    return _seen(frozenset(account), frozenset(everywhere), pairs)


def _seen(
    account: frozenset[str],
    everywhere: frozenset[str],
    pairs: Iterable[tuple[frozenset[str], frozenset[str]]],
) -> Rights:
    on = _gathered(pairs)
    visible = None
    if "service.read" not in everywhere:
        visible = _union(services for held, services in on.items() if "service.read" in held)
    return Rights(_shared(account), _shared(everywhere), on, visible)


@lru_cache(maxsize=4096)
def _shared(permissions: frozenset[str]) -> frozenset[str]:
    """The same object for the same permissions: thousands of people hold one role."""
    return permissions


def _gathered(
    pairs: Iterable[tuple[frozenset[str], frozenset[str]]],
) -> dict[frozenset[str], frozenset[str]]:
    """All the services on which the same permissions are held, together."""
    lists: dict[frozenset[str], list[frozenset[str]]] = {}
    for permissions, services in pairs:
        if permissions and services:
            lists.setdefault(permissions, []).append(services)
    return {permissions: _union(some) for permissions, some in lists.items()}


def _union(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    found = list(sets)
    # One alone is not copied: it may have thousands of members.
    return found[0] if len(found) == 1 else _NONE.union(*found)


def _token_limited(grants: Grants) -> Rights:
    """What is left under the token's list of services."""
    held = _of_sources(grants)
    if not grants.token_limited:
        return held
    among = grants.token_services
    pairs = [(permissions, services & among) for permissions, services in held.on.items()]
    return _seen(held.account, _NONE, [*pairs, (held.everywhere, among)])


def _scoped(grants: Grants) -> Rights:
    """What is left under the token's scope; who may only purge sees what his maker sees."""
    held, scopes = _unscoped(grants), grants.scopes
    if "global" in scopes:
        return held
    on = _gathered(
        (_in(permissions, scopes), services) for permissions, services in held.on.items()
    )
    return Rights(_in(held.account, scopes), _in(held.everywhere, scopes), on, held.visible)


@lru_cache(maxsize=4096)
def _in(permissions: frozenset[str], scopes: frozenset[str]) -> frozenset[str]:
    """The permissions that one of the scopes covers (contract: access §9.4)."""
    covered = {name.removeprefix("service.") for name in permissions} & scopes
    reading = READING if "global:read" in scopes else _NONE
    return frozenset(
        one for one in permissions if one in reading or one.removeprefix("service.") in covered
    )
