"""What would change a refusal: every proposal is tried out on `decide` before it is made (pure)."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain, islice

import msgspec

from tenantry.access.comparison import gained
from tenantry.access.decide import Source, decide, permissions_of, sources
from tenantry.access.history import State
from tenantry.access.verdict import Measure, Question, Remedy, Step
from tenantry.core.context import Grants
from tenantry.core.permissions import AUTHORIZATION_MASKS, GRANTS, ROLE_IDS, ROLES, conferred

MOST = 5
"""Remedies that are proposed."""
_TRIED = 50
"""Roles, user groups and service groups that are tried out of each."""
_EVERYWHERE = 20
"""How broad a permission on every service counts, beside one on a single service."""

_LIMITABLE = frozenset({"engineer"})
"""The built-in roles of users who are limited to services (contract: README, service limit)."""


class _Option(msgspec.Struct, frozen=True):
    """A change that could be made, and what it makes of somebody's grants."""

    step: Step
    applied: Callable[[Grants], Grants]


def remedies(state: State, grants: Grants, question: Question) -> list[Remedy]:
    """What would allow it, the fewest and narrowest changes first; none if nothing would."""
    first = list(_revivals(state, question))
    # Rows are only changed where no other token would do; what the token needs comes along.
    is_program = state.is_automation(question.subject.id)
    tried = partial(_tried, grants, question, first, is_program=is_program)
    alone = tried(None)
    if alone is not None:
        return [alone]
    found = [one for one in map(tried, _options(state, grants, question)) if one]
    return sorted(found, key=_breadth)[:MOST]


def _breadth(remedy: Remedy) -> tuple[int, int]:
    services = sum(
        _EVERYWHERE if one.services == "*" else len(one.services) for one in remedy.gives.services
    )
    return len(remedy.steps), len(remedy.gives.account) + services


def _options(state: State, grants: Grants, question: Question) -> Iterator[_Option]:
    """Single changes to the rows; for a user there is always one that helps: a superuser's role."""
    wanted = _wanted(grants, question)
    yield from _roles(state, grants, question, wanted)
    yield from _through(state, grants, question, wanted)
    yield from _groups(state, grants, question, wanted)


def _wanted(grants: Grants, question: Question) -> frozenset[str]:
    """The permissions of which a single change has to confer one, to help.

    What is held on a service that is out of sight is not lacking there: `service.read` is.
    """
    wanted = frozenset({question.permission})
    if question.is_of_service and any(confers(one, question, wanted) for one in sources(grants)):
        seeing = frozenset({"service.read"})
        # On any service at all: one that is out of sight comes into it, or it is held on another.
        return seeing if question.service_id is not None else seeing | wanted
    return wanted


def confers(source: Source, question: Question, wanted: frozenset[str]) -> bool:
    """Whether a source confers one of these permissions, where it is asked for."""
    return question.is_on(source.services) and not wanted.isdisjoint(source.permissions)


def _tried(
    grants: Grants,
    question: Question,
    first: list[Step],
    option: _Option | None,
    *,
    is_program: bool,
) -> Remedy | None:
    """The remedy of a change, with as little of another token as it needs; None if none."""
    changed = grants if option is None else option.applied(grants)
    on_rows = [] if option is None else [option.step]
    for steps, after in _tokens(changed):
        if decide(after, question.permission, question.service_id).allowed:
            return Remedy([*first, *on_rows, *steps], gained(grants, after, is_program=is_program))
    return None


def _tokens(grants: Grants) -> Iterator[tuple[list[Step], Grants]]:
    """The token as it is, and those that could be made in its place."""
    yield [], grants
    wide = msgspec.structs.replace(grants, scopes=frozenset({"global"}))
    scope = Step("token", "Use a token with the scope global.")
    yield [scope], wide
    services = Step("token", "Use a token that is not limited to other services.")
    yield [services], msgspec.structs.replace(grants, token_limited=False)
    yield [scope, services], msgspec.structs.replace(wide, token_limited=False)


def _revivals(state: State, question: Question) -> Iterator[Step]:
    """What lets the subject in at all."""
    token = state.row("token", question.subject.id) if question.subject.kind == "token" else None
    if token is not None and state.is_expired(token):
        yield Step("token", "Use a token that has not expired.")
    user_id = question.subject.id if token is None else token["user_id"]
    user = state.row("user", user_id)
    is_person = token is None or token["kind"] != "automation"
    if user is not None and user["locked"] and is_person:
        yield Step("unlock", "Unlock the user.")


def _roles(
    state: State, grants: Grants, question: Question, wanted: frozenset[str]
) -> Iterator[_Option]:
    """Roles that confer what is wanted, and that somebody with these grants may have."""
    built_in = (one for one in reversed(ROLES[1:]) if not wanted.isdisjoint(GRANTS[one]))
    for role in chain(built_in, islice(_own_roles(state, wanted), _TRIED)):
        if not grants.limit_services or _may_be_limited(grants.roles | {role}):
            yield _role(state, question, role)
    if not state.is_automation(question.subject.id):
        step = Step("role", "Make the user a superuser.", role_id=ROLE_IDS[ROLES[0]])
        yield _Option(step, _made_superuser)


def _may_be_limited(roles: frozenset[str]) -> bool:
    return roles & GRANTS.keys() <= _LIMITABLE


def _made_superuser(grants: Grants) -> Grants:
    # It stands alone, and is never limited (contract: access §9.1, §9.5).
    return msgspec.structs.replace(grants, roles=frozenset({"superuser"}), limit_services=False)


def _role(state: State, question: Question, role: str) -> _Option:
    own = state.table("role").rows.get(role)
    name = role if own is None else own["name"]
    # An automation token is never changed: another takes its place.
    is_automation = state.is_automation(question.subject.id)
    summary = f"Use an automation token with the role {name} as well." if is_automation else ""
    measure: Measure = "token" if is_automation else "role"
    step = Step(measure, summary or f"Give the role {name}.", role_id=ROLE_IDS.get(role, role))
    custom = state.custom_of([role])
    return _Option(
        step,
        lambda grants: msgspec.structs.replace(
            grants, roles=grants.roles | {role}, custom={**grants.custom, **custom}
        ),
    )


def _own_roles(state: State, wanted: frozenset[str]) -> Iterator[str]:
    for role_id, row in sorted(state.table("role").rows.items()):
        if not wanted.isdisjoint(conferred(frozenset(row["permissions"]))):
            yield role_id


def _through(
    state: State, grants: Grants, question: Question, wanted: frozenset[str]
) -> Iterator[_Option]:
    """What lets roles that are held through to the service."""
    if grants.limit_services:
        summary = "Lift the user's limit to services."
        yield _Option(
            Step("limit_services", summary),
            lambda grants: msgspec.structs.replace(grants, limit_services=False),
        )
    on = question.service_id
    if on is None or not question.is_of_service:
        return
    if grants.limit_services and _may_be_limited(grants.roles):
        for permission in wanted:
            yield _authorization(permission, on, grants.authorizations.get(on))
    without = dict.fromkeys(
        one
        for group in grants.groups
        if any(not wanted.isdisjoint(permissions_of(grants, role)) for role in group.roles)
        for one, inside in group.services.items()
        if on not in inside
    )
    for service_group_id in islice(without, _TRIED):
        yield _put_in(state, service_group_id, on)


def _authorization(permission: str, service_id: str, given: str | None) -> _Option:
    """The narrowest service authorization that lets it through."""
    masks = AUTHORIZATION_MASKS.items()
    narrowest = next(name for name, mask in masks if permission in mask)
    word = "Create" if given is None else "Change"
    summary = f"{word} the service authorization on {service_id}: {narrowest}."
    return _Option(
        Step("authorization", summary, permission=narrowest),
        lambda grants: msgspec.structs.replace(
            grants, authorizations={**grants.authorizations, service_id: narrowest}
        ),
    )


def _put_in(state: State, service_group_id: str, service_id: str) -> _Option:
    """The service in a service group that one of the user's groups has."""

    def applied(grants: Grants) -> Grants:
        groups = (
            msgspec.structs.replace(
                group,
                services={
                    one: services | {service_id} if one == service_group_id else services
                    for one, services in group.services.items()
                },
            )
            for group in grants.groups
        )
        return msgspec.structs.replace(grants, groups=tuple(groups))

    name = state.table("service_group").rows[service_group_id]["name"]
    summary = f"Put the service {service_id} into the service group {name}."
    return _Option(Step("service_group", summary, service_group_id=service_group_id), applied)


def _groups(
    state: State, grants: Grants, question: Question, wanted: frozenset[str]
) -> Iterator[_Option]:
    """User groups that give what is wanted, for a user to join."""
    if state.is_automation(question.subject.id):
        return
    joined = {group.id for group in grants.groups}
    others = (one for one in sorted(state.table("user_group").rows) if one not in joined)
    giving = (one for one in others if _gives(state, one, question, wanted))
    for group_id in islice(giving, _TRIED):
        yield _join(state, group_id)


def _gives(state: State, group_id: str, question: Question, wanted: frozenset[str]) -> bool:
    group = state.group(group_id)
    held = Grants(groups=(group,), custom=state.custom_of(group.roles))
    return any(confers(one, question, wanted) for one in sources(held))


def _join(state: State, group_id: str) -> _Option:
    group = state.group(group_id)
    summary = f"Add the user to the user group {state.table('user_group').rows[group_id]['name']}."
    return _Option(
        Step("group", summary, group_id=group_id),
        lambda grants: msgspec.structs.replace(
            grants,
            groups=(*grants.groups, group),
            custom={**grants.custom, **state.custom_of(group.roles)},
        ),
    )
