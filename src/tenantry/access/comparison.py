"""Who gained and who lost what, between two states of a customer (pure).

What somebody held in each comes from `decide.rights`, as enforcement has it. Users and automation
tokens are compared; a user's own tokens follow from him.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Literal

import msgspec

from tenantry.access.decide import kept_from_programs, rights
from tenantry.access.history import Change, State
from tenantry.access.table import Body
from tenantry.core.context import Grants
from tenantry.core.permissions import SERVICE_PERMISSIONS

Everywhere = Literal["*"]
Subject = tuple[Literal["user", "automation"], str]
"""Who is compared: a user or an automation token, by id."""

_NONE: frozenset[str] = frozenset()


class OnServices(msgspec.Struct, frozen=True):
    """A permission on services."""

    permission: str
    services: list[str] | Everywhere
    """The services' ids, or `*`: every service, those to come included."""
    besides: list[str] = msgspec.field(default_factory=list)
    """Where `services` is `*`: the services that make no difference, being held before or still."""


class Held(msgspec.Struct, frozen=True):
    """Permissions, on the account and on services."""

    account: list[str] = msgspec.field(default_factory=list)
    """Account permissions, with their forms such as `user.read:full`."""
    services: list[OnServices] = msgspec.field(default_factory=list)
    """Service permissions, and where."""

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.account or self.services)


class Difference(msgspec.Struct, frozen=True):
    """What one user or automation token gained and lost."""

    kind: Literal["user", "automation"]
    id: str
    gained: Held
    lost: Held


class _Reach(msgspec.Struct, frozen=True):
    """What grants come to in effect: a service out of sight counts for nothing."""

    account: frozenset[str]
    everywhere: frozenset[str]
    on: dict[str, frozenset[str]]
    """By permission, the services on which it is held besides."""


def compare(
    before: State, after: State, among: Iterable[Subject] | None = None
) -> list[Difference]:
    """The differences between two states, of everybody or of some; by kind and id."""
    subjects = everybody(before) | everybody(after) if among is None else set(among)
    found = (_difference(before, after, one) for one in sorted(subjects))
    return [one for one in found if one is not None]


def consequences(before: State, changes: Iterable[Change]) -> list[Difference]:
    """What these changes would bring about, and for whom."""
    changes = list(changes)
    after = before.changed(changes)
    return compare(before, after, affected(before, after, changes))


def everybody(state: State) -> set[Subject]:
    """Every user and automation token of a state."""
    users: set[Subject] = {("user", one) for one in state.table("user").rows}
    return users | _automations(state.table("token").rows.items())


def grants_of(state: State, subject: Subject) -> Grants:
    """What a user or an automation token held."""
    kind, subject_id = subject
    if kind == "user":
        return state.grants_of_user(subject_id)
    return state.grants_of_token(subject_id)


def affected(before: State, after: State, changes: Iterable[Change]) -> set[Subject]:
    """Whose access changes that lead from one state to the other may have touched."""
    found: set[Subject] = set()
    for change in changes:
        for state in (before, after):
            body = state.row(change.kind, change.row_id)
            if body is not None:
                found |= set(_dependent(state, change.kind, change.row_id, body))
    return found


def _dependent(state: State, kind: str, row_id: str, body: Body) -> Iterator[Subject]:
    """Whose access depends on a row."""
    if kind in _BELONGS_TO:
        yield "user", body[_BELONGS_TO[kind]]
    elif kind in _FOLLOWED:
        column, follow = _FOLLOWED[kind]
        yield from follow(state, body[column] if column else row_id)
    elif kind == "token":
        yield from _automations([(row_id, body)])
    elif kind == "customer":
        yield from everybody(state)


def _automations(tokens: Iterable[tuple[str, Body]]) -> set[Subject]:
    return {("automation", one) for one, body in tokens if body["kind"] == "automation"}


def _members(state: State, group_id: str) -> Iterator[Subject]:
    for one in state.table("user_group_member").where("user_group_id", group_id).values():
        yield "user", one["member_id"]


def _of_service_group(state: State, service_group_id: str) -> Iterator[Subject]:
    groups = state.table("user_group_service_group").where("service_group_id", service_group_id)
    for one in groups.values():
        yield from _members(state, one["user_group_id"])


def _of_role(state: State, role_id: str) -> Iterator[Subject]:
    for user_id, user in state.table("user").rows.items():
        if role_id in user["roles"]:
            yield "user", user_id
    tokens = state.table("token").rows.items()
    yield from _automations((one, body) for one, body in tokens if role_id in body["roles"])
    for one in state.table("user_group_role").where("role_id", role_id).values():
        yield from _members(state, one["user_group_id"])


def _of_service(state: State, service_id: str) -> Iterator[Subject]:
    for one in state.table("service_authorization").where("service_id", service_id).values():
        yield "user", one["user_id"]
    for one in state.table("service_group_service").where("service_id", service_id).values():
        yield from _of_service_group(state, one["service_group_id"])


def _itself(_: State, user_id: str) -> Iterator[Subject]:
    yield "user", user_id


_BELONGS_TO = {"service_authorization": "user_id", "user_group_member": "member_id"}
_FOLLOWED: dict[str, tuple[str, Callable[[State, str], Iterator[Subject]]]] = {
    "role": ("", _of_role),
    "service": ("", _of_service),
    "service_group": ("", _of_service_group),
    "service_group_service": ("service_group_id", _of_service_group),
    "user": ("", _itself),
    "user_group": ("", _members),
    "user_group_role": ("user_group_id", _members),
    "user_group_service_group": ("user_group_id", _members),
}
"""By kind of row: the column that names what is followed (none: the row itself), and how."""


def _difference(before: State, after: State, subject: Subject) -> Difference | None:
    old, new = grants_of(before, subject), grants_of(after, subject)
    if old == new:
        return None
    is_program = subject[0] == "automation"
    was, is_ = (_reach(one, is_program=is_program) for one in (old, new))
    gained, lost = _held_besides(is_, was), _held_besides(was, is_)
    return Difference(*subject, gained, lost) if gained or lost else None


def gained(before: Grants, after: Grants, *, is_program: bool) -> Held:
    """What the second grants hold in effect and the first do not."""
    was, is_ = (_reach(one, is_program=is_program) for one in (before, after))
    return _held_besides(is_, was)


def _reach(grants: Grants, *, is_program: bool) -> _Reach:
    held = rights(grants)
    account = held.account - kept_from_programs(held) if is_program else held.account
    pairs, everywhere = list(held.on.items()), held.everywhere
    if held.visible is not None:
        # What is held everywhere counts only where there is something to see.
        pairs = [(permissions, services & held.visible) for permissions, services in pairs]
        pairs, everywhere = [*pairs, (everywhere, held.visible)], _NONE
    on: dict[str, frozenset[str]] = {}
    for permissions, services in pairs:
        for permission in permissions - everywhere:
            on[permission] = on.get(permission, _NONE) | services
    return _Reach(account, everywhere, on)


def _held_besides(one: _Reach, other: _Reach) -> Held:
    """What is held in one and not in the other."""
    found = (_on_services(one, other, name) for name in sorted(SERVICE_PERMISSIONS))
    return Held(sorted(one.account - other.account), [held for held in found if held is not None])


def _on_services(one: _Reach, other: _Reach, permission: str) -> OnServices | None:
    if permission in other.everywhere:
        return None
    known = other.on.get(permission, _NONE)
    if permission in one.everywhere:
        return OnServices(permission, "*", sorted(known))
    more = one.on.get(permission, _NONE) - known
    return OnServices(permission, sorted(more)) if more else None
