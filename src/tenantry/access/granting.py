"""What may be handed on: nobody grants what he lacks (contract: access §11, rule 5)."""

from collections.abc import Iterable

from tenantry.access.decide import Rights, decide, rights, rights_of_user
from tenantry.access.holdings import custom_roles
from tenantry.core.context import Reading
from tenantry.core.errors import not_authorized, not_found
from tenantry.core.permissions import (
    AUTHORIZATION_MASKS,
    GRANTS,
    ROLE_OF_ID,
    SERVICE_PERMISSIONS,
    conferred,
)


async def known_roles(call: Reading, ids: Iterable[str]) -> dict[str, frozenset[str]]:
    """What each role confers, by id: a built-in one or the customer's own. Raises Problem 404."""
    wanted = list(dict.fromkeys(ids))
    own = await custom_roles(
        call.rows, call.customer_id, [one for one in wanted if one not in ROLE_OF_ID]
    )
    for one in wanted:
        if one not in ROLE_OF_ID and one not in own:
            raise not_found("role", one)
    return {
        one: GRANTS[ROLE_OF_ID[one]] if one in ROLE_OF_ID else conferred(own[one]) for one in wanted
    }


def grants_anything(call: Reading) -> bool:
    """Whether no bound applies: superusers, and the installation itself."""
    return "superuser" in call.principal.grants.roles


def to_hand_on(call: Reading) -> Rights:
    """What the caller may hand on, and the services that he may name for it.

    What his token may do, so that a key for one service that leaked invites nobody to all. A
    superuser's could make superusers anyway: no list of services binds him here (decision 0016).
    """
    grants = call.principal.grants
    return rights_of_user(grants) if grants_anything(call) else rights(grants)


def check_may_grant(
    call: Reading, permissions: frozenset[str], services: Iterable[str] | None = None
) -> None:
    """Refuse to hand on what the caller lacks; None is every service. Raises Problem 403."""
    if grants_anything(call):
        return
    held = to_hand_on(call)
    on_services = permissions & SERVICE_PERMISSIONS
    is_held = permissions - on_services <= held.account
    if services is None:
        is_held = is_held and on_services <= held.everywhere
    else:
        is_held = is_held and all(on_services <= held.on_service(one) for one in services)
    if not is_held:
        raise not_authorized()


async def check_may_grant_roles(call: Reading, ids: Iterable[str]) -> None:
    """Refuse to hand on roles that confer what the caller lacks. Raises Problem 403, 404.

    Only superusers make superusers, whatever else somebody may do.
    """
    roles = await known_roles(call, ids)
    if any(ROLE_OF_ID.get(one) == "superuser" for one in roles) and not grants_anything(call):
        raise not_authorized()
    for permissions in roles.values():
        check_may_grant(call, permissions)


def check_may_authorize(
    call: Reading, permission: str, service_id: str, before: str | None = None
) -> None:
    """Refuse to let others through to what the caller lacks. Raises Problem 403.

    Where somebody was let through before, only what is added is handed on.
    """
    added = AUTHORIZATION_MASKS[permission]
    if before is not None:
        added -= AUTHORIZATION_MASKS[before]
    check_may_grant(call, added, [service_id])


def check_not_own(call: Reading, user_id: str) -> None:
    """Refuse to change one's own rights, unless one may grant anything. Raises Problem 403."""
    if user_id == call.principal.user_id and not grants_anything(call):
        raise not_authorized()


def check_may_change_rights(call: Reading, role: str) -> None:
    """Refuse to change the rights, limits or lock of a user with that role. Raises Problem 403.

    A superuser's are for superusers: others could otherwise shut them out, or let them in again
    (decision 0008).
    """
    is_allowed = decide(call.principal.grants, "user.update").allowed
    if not is_allowed or (role == "superuser" and not grants_anything(call)):
        raise not_authorized()
