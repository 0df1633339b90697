"""Writing what lacks: each row through the verb of its area, with its events and revisions."""

import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from tenantry.areas.customers import contacts
from tenantry.areas.customers import model as customers
from tenantry.areas.groups import entitlements, members, service_groups
from tenantry.areas.groups import model as groups
from tenantry.areas.invitations import inviting
from tenantry.areas.operator.plan import Due
from tenantry.areas.operator.shelves import Kind
from tenantry.areas.operator.writing_billing import BILLING
from tenantry.areas.roles import model as roles
from tenantry.areas.services import authorizations, stars, versions
from tenantry.areas.services import model as services
from tenantry.areas.tokens import model as tokens
from tenantry.areas.tokens import terms
from tenantry.areas.users import model as users
from tenantry.areas.users.agreement import in_agreement
from tenantry.core.clock import read
from tenantry.core.context import SYSTEM, Writing
from tenantry.core.permissions import PERMISSION_IDS


async def write(call: Writing, due: Due, hashed: str | None) -> None:
    """Create a row; `hashed` is a user's password. Raises Problem, UniqueViolation."""
    if due.kind == "user":
        await _add_user(call, due, hashed)
    else:
        await _WRITERS[due.kind](call, due)


async def _found_customer(call: Writing, due: Due) -> None:
    await customers.found(call, due.given)


async def _add_user(call: Writing, due: Due, hashed: str | None) -> None:
    given = due.given
    new = users.NewUser(
        login=given.login,
        name=given.name,
        role=given.role,
        roles=list(due.roles),
        limit_services=given.limit_services,
        locked=given.locked or None,
        require_new_password=given.require_new_password or None,
    )
    row = await users.add(call, new, user_id=due.id)
    if hashed is not None:
        stored = await users.find(call, row.id)
        row = msgspec.structs.replace(
            row,
            password=hashed,
            password_changed_at=call.now,
            # Who wrote the file knows the password (contract: access §10.4).
            require_new_password=row.require_new_password or stored.has_pci_passwords or None,
        )
        await users.store(call, row)


async def _add_service(call: Writing, due: Due) -> None:
    given = due.given
    new = services.NewService(name=given.name, type=given.type, comment=given.comment)
    row = await services.create(call, new, service_id=due.id)
    for number, version in enumerate(given.versions, 1):
        if number > 1:
            await versions.begin(call, row.id, versions.NewVersion(comment=version.comment))
        elif version.comment:
            first = await versions.find(call, row.id, "1")
            await versions.change(call, first, versions.VersionChange(comment=version.comment))
        if version.locked:
            await versions.lock(call, row.id, str(number))
    if given.active_version is not None:
        await versions.activate(call, row.id, str(given.active_version))


async def _issue_token(call: Writing, due: Due) -> None:
    given = due.given
    more = {} if due.kind == "token" else _of_program(due)
    row = tokens.new_row(
        call,
        "user" if due.kind == "token" else "automation",
        id=due.id,
        user_id=due.user_id,
        name=given.name,
        scope=terms.checked_scope(given.scope),
        services=msgspec.json.encode(due.services).decode(),
        limited=bool(due.services),
        expires_at=None if given.expires_at is None else read(given.expires_at),
        **more,
    )
    await tokens.issue(call, row, due.secret)


def _of_program(due: Due) -> dict[str, Any]:
    role, roles = due.given.role, "[]"
    if due.roles:
        role, roles = in_agreement(due.roles)
    return {"role": role, "roles": roles, "tls_access": due.given.tls_access}


async def _add_contact(call: Writing, due: Due) -> None:
    given = due.given
    new = contacts.NewContact(
        contact_type=given.contact_type,
        user_id=due.user_id,
        name=given.name,
        email=given.email,
        phone=given.phone,
    )
    await contacts.add(call, new)


async def _give_star(call: Writing, due: Due) -> None:
    # Nobody can star in another's name: the loader stands in for the user himself.
    himself = msgspec.structs.replace(SYSTEM, user_id=due.user_id)
    await stars.give(dataclasses.replace(call, principal=himself), due.services[0], None)


async def _add_role(call: Writing, due: Due) -> None:
    given = due.given
    permissions = [
        roles.PermissionReference(PERMISSION_IDS[one]) for one in dict.fromkeys(given.permissions)
    ]
    new = roles.NewRole(name=given.name, description=given.description, permissions=permissions)
    await roles.create(call, new, role_id=due.id)


async def _add_service_group(call: Writing, due: Due) -> None:
    given = due.given
    await groups.create(call, groups.SERVICE_GROUPS, given.name, given.description, group_id=due.id)


async def _add_user_group(call: Writing, due: Due) -> None:
    given = due.given
    await groups.create(call, groups.USER_GROUPS, given.name, given.description, group_id=due.id)


async def _fill_group(call: Writing, due: Due) -> None:
    if due.given == "services":
        services_of = await groups.find(call, groups.SERVICE_GROUPS, due.id)
        await service_groups.add_services(call, services_of, due.members)
        return
    group = await groups.find(call, groups.USER_GROUPS, due.id)
    if due.given == "roles":
        await entitlements.add_roles(call, group, due.members)
    elif due.given == "service_groups":
        await entitlements.add_service_groups(call, group, due.members)
    else:
        kind: members.MemberKind = "user" if due.given == "users" else "invitation"
        named = [members.MemberReference(one, kind) for one in due.members]
        await members.add_members(call, group, named)


async def _authorize(call: Writing, due: Due) -> None:
    new = authorizations.NewAuthorization(
        user_id=due.user_id or "",
        service_id=due.services[0],
        permission=due.given.permission,
    )
    await authorizations.give(call, new, authorization_id=due.id)


async def _invite(call: Writing, due: Due) -> None:
    given = due.given
    permissions = [one.permission for one in given.services]
    new = inviting.NewInvitation(
        email=given.email,
        role=given.role,
        roles=due.roles,
        limit_services=given.limit_services,
        services=list(zip(due.services, permissions, strict=True)),
    )
    # The loader stands in for who invites.
    inviter = msgspec.structs.replace(SYSTEM, user_id=due.user_id)
    call = dataclasses.replace(call, principal=inviter)
    await inviting.invite(call, new, invitation_id=due.id, is_mailed=False)


_WRITERS: dict[Kind, Callable[[Writing, Due], Awaitable[None]]] = {
    "customer": _found_customer,
    "service": _add_service,
    "token": _issue_token,
    "automation token": _issue_token,
    "contact": _add_contact,
    "star": _give_star,
    "role": _add_role,
    "service group": _add_service_group,
    "user group": _add_user_group,
    "membership": _fill_group,
    "service authorization": _authorize,
    "invitation": _invite,
    **BILLING,
}
