"""What a scenario lacks of roles, groups, authorizations and invitations in one customer."""

from collections.abc import Callable, Sequence

from tenantry.areas.operator.plan import Due, Plan, Target, check_limitable, facts_of_roles, given
from tenantry.areas.operator.scenario_access import Invitation, ServiceGroup, UserGroup
from tenantry.areas.operator.scenario_parts import BadScenario
from tenantry.areas.operator.scenario_shape import Customer
from tenantry.areas.operator.shelves import Kind
from tenantry.areas.users import model as users
from tenantry.core.permissions import ROLE_IDS

Find = Callable[[str, str], Target]
"""What a text at a place means."""


def plan_roles(plan: Plan, customer: Customer) -> None:
    """The roles of the customer's own; before its users, who hold them."""
    for stand in plan.standing["role"].all:
        plan.roles |= {stand.id: Target(stand.id), **{str(k): Target(stand.id) for k in stand.keys}}
    for at, row in enumerate(customer.roles):
        place, key = f"{plan.place}.roles[{at}]", row.name.casefold()
        facts = {"name": row.name, **given(row, ("description",))}
        if "permissions" in row.said:
            facts["permissions"] = sorted(set(row.permissions))
        target = plan.settle("role", place, row.id, key, facts)
        plan.roles |= {key: target, target.id: target}
        if target.is_due:
            plan.due.append(Due("role", place, target.id, row))


def plan_access(plan: Plan, customer: Customer) -> None:
    """Everything else that access depends on; after users and services, whom it names."""
    for stand in plan.standing["service group"].all:
        keys = (stand.id, *(str(key) for key in stand.keys))
        plan.service_groups |= dict.fromkeys(keys, Target(stand.id))
    for at, group in enumerate(customer.service_groups):
        place = f"{plan.place}.service_groups[{at}]"
        target = _settle_group(plan, "service group", place, group)
        plan.service_groups |= {group.name.casefold(): target, target.id: target}
        _fill(plan, f"{place}.services", target, group.services, plan.service)
    _plan_invitations(plan, customer)
    for at, people in enumerate(customer.user_groups):
        _plan_user_group(plan, f"{plan.place}.user_groups[{at}]", people)
    _plan_authorizations(plan, customer)


def _settle_group(plan: Plan, kind: Kind, place: str, row: ServiceGroup | UserGroup) -> Target:
    facts = {"name": row.name, **given(row, ("description",))}
    target = plan.settle(kind, place, row.id, row.name.casefold(), facts)
    if target.is_due:
        plan.due.append(Due(kind, place, target.id, row))
    return target


def _fill(plan: Plan, place: str, group: Target, named: Sequence[str], find: Find) -> None:
    """What is to be put into a group: whatever is named, but not in it yet."""
    word = place.rpartition(".")[2]
    lacking = []
    for at, text in enumerate(named):
        inside = f"{place}[{at}]"
        found = find(inside, text)
        if found.is_gone:
            plan.skip("membership", inside, "is left out: it was removed")
        elif plan.settle("membership", inside, None, (word, group.id, found.id), {}).is_due:
            lacking.append(found.id)
    if lacking:
        plan.due.append(Due("membership", place, group.id, word, members=tuple(lacking)))


def _plan_user_group(plan: Plan, place: str, row: UserGroup) -> None:
    target = _settle_group(plan, "user group", place, row)
    for at, text in enumerate(row.roles):
        if plan.role(f"{place}.roles[{at}]", text).id == ROLE_IDS["superuser"]:
            raise BadScenario(f"{place}.roles[{at}]", "'superuser' can't be put into a group")
    for word, named, find in (
        ("users", row.users, plan.user),
        ("invitations", row.invitations, plan.invitation),
        ("roles", row.roles, plan.role),
        ("service_groups", row.service_groups, plan.service_group),
    ):
        _fill(plan, f"{place}.{word}", target, named, find)


def _plan_invitations(plan: Plan, customer: Customer) -> None:
    for stand in plan.standing["invitation"].all:
        target = Target(stand.id, stand.is_gone)
        plan.invitations[stand.id] = target
        if not stand.is_gone:
            plan.invitations |= {str(key): target for key in stand.keys}
    for at, row in enumerate(customer.invitations):
        place, key = f"{plan.place}.invitations[{at}]", users.login_key(row.email)
        target = _settle_invitation(plan, place, row)
        plan.invitations |= {key: target, target.id: target}


def _settle_invitation(plan: Plan, place: str, row: Invitation) -> Target:
    key = users.login_key(row.email)
    roles = plan.several_roles(place, row.roles)
    services = tuple(
        plan.service(f"{place}.services[{at}].service", one.service)
        for at, one in enumerate(row.services)
    )
    if len({one.id for one in services}) < len(services):
        raise BadScenario(f"{place}.services", "names one twice")
    inviter = None if row.invited_by is None else plan.user(f"{place}.invited_by", row.invited_by)
    is_limited = bool(services) if row.limit_services is None else row.limit_services
    if is_limited:
        check_limitable(f"{place}.role", roles or [ROLE_IDS[row.role]])
    user = plan.users.get(key)
    if user is not None and not user.is_gone:
        plan.skip("invitation", place, "is left out: this is a user")
        return Target(row.id or "", is_gone=True)
    if any(one.is_gone for one in services) or (inviter is not None and inviter.is_gone):
        plan.skip("invitation", place, "is left out: what it names was removed")
        return Target(row.id or "", is_gone=True)
    facts = {"email": key, **given(row, ("limit_services",)), **facts_of_roles(row, roles)}
    if "services" in row.said:
        named = zip(services, row.services, strict=True)
        facts["services"] = {target.id: one.permission for target, one in named}
    if inviter is not None:
        facts["invited_by"] = inviter.id
    target = plan.settle("invitation", place, row.id, key, facts)
    if target.is_due:
        ids = tuple(one.id for one in services)
        by = plan.owner_id if inviter is None else inviter.id
        plan.due.append(Due("invitation", place, target.id, row, by, ids, roles))
    return target


def _plan_authorizations(plan: Plan, customer: Customer) -> None:
    for at, row in enumerate(customer.service_authorizations):
        place = f"{plan.place}.service_authorizations[{at}]"
        user = plan.user(f"{place}.user", row.user)
        service = plan.service(f"{place}.service", row.service)
        if user.is_gone or service.is_gone:
            why = "is left out: its user or service was removed"
            plan.skip("service authorization", place, why)
            continue
        key = (user.id, service.id)
        facts = {"user": user.id, "service": service.id, **given(row, ("permission",))}
        target = plan.settle("service authorization", place, row.id, key, facts)
        if target.is_due:
            check_limitable(f"{place}.user", plan.roles_of[user.id])
            due = Due("service authorization", place, target.id, row, user.id, (service.id,))
            plan.due.append(due)
