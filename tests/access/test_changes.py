"""A state that is changed answers as one that was read whole; comparison names who it concerns."""

import random

import pytest

from tenantry.access.comparison import (
    OnServices,
    affected,
    compare,
    consequences,
    everybody,
    grants_of,
)
from tenantry.access.decide import decide, rights
from tenantry.access.history import Change, State
from tenantry.core.permissions import PERMISSIONS, ROLE_IDS, SERVICE_PERMISSIONS
from tests.world import NOW

CUSTOMER = "1Customer0000000000000"
USERS = ("u1", "u2", "u3", "u4")
SERVICES = ("s1", "s2", "s3")
ROLES = ("r1", "r2", ROLE_IDS["billing"], ROLE_IDS["engineer"], ROLE_IDS["user"])
LADDER = ("read_only", "purge_select", "purge_all", "full")


def customer(*, deleted: bool = False) -> Change:
    return Change("customer", CUSTOMER, {"deleted": deleted})


def user(user_id: str, *roles: str, limited: bool = False, locked: bool = False) -> Change:
    body = {"limit_services": limited, "locked": locked, "role": "user", "roles": list(roles)}
    return Change("user", user_id, body)


def service(service_id: str) -> Change:
    return Change("service", service_id, {"type": "vcl"})


def authorization(row_id: str, user_id: str, service_id: str, permission: str) -> Change:
    body = {"permission": permission, "service_id": service_id, "user_id": user_id}
    return Change("service_authorization", row_id, body)


def named(kind: str, row_id: str, *permissions: str) -> Change:
    more = {"permissions": sorted(permissions)} if kind == "role" else {}
    return Change(kind, row_id, {"name": row_id, **more})


def member(group: str, user_id: str) -> Change:
    body = {"kind": "user", "member_id": user_id, "user_group_id": group}
    return Change("user_group_member", f"{group}/{user_id}", body)


def pair(kind: str, first: tuple[str, str], second: tuple[str, str]) -> Change:
    return Change(kind, f"{first[1]}/{second[1]}", dict((first, second)))


def in_service_group(group: str, service_id: str) -> Change:
    of = ("service_group_id", group), ("service_id", service_id)
    return pair("service_group_service", *of)


def group_role(group: str, role: str) -> Change:
    return pair("user_group_role", ("user_group_id", group), ("role_id", role))


def group_services(group: str, service_group: str) -> Change:
    of = ("user_group_id", group), ("service_group_id", service_group)
    return pair("user_group_service_group", *of)


def gone(change: Change) -> Change:
    return Change(change.kind, change.row_id, None)


def state(*rows: Change) -> State:
    return State.of(CUSTOMER, 1, NOW, (customer(), *rows))


def random_change(dice: random.Random) -> Change:
    """Any row of a small customer, there or gone."""
    group, service_group = dice.choice(("g1", "g2")), dice.choice(("h1", "h2"))
    one, on = dice.choice(USERS), dice.choice(SERVICES)
    permissions = dice.sample(sorted(PERMISSIONS), 8)
    made = dice.choice(
        (
            user(one, *dice.sample(ROLES, 1), limited=dice.random() < 0.5),
            user(one, locked=dice.random() < 0.3),
            service(on),
            authorization(f"a-{one}-{on}", one, on, dice.choice(LADDER)),
            named("role", dice.choice(("r1", "r2")), *permissions),
            named("user_group", group),
            named("service_group", service_group),
            member(group, one),
            in_service_group(service_group, on),
            group_role(group, dice.choice(ROLES)),
            group_services(group, service_group),
        )
    )
    return gone(made) if dice.random() < 0.25 else made


@pytest.mark.parametrize("seed", range(40))
def test_changing_a_state_is_reading_the_changed_rows(seed: int) -> None:
    """Whoever holds something else afterwards is among those whom the change concerned."""
    dice = random.Random(seed)  # noqa: S311 - a test that can be repeated
    now = state()
    rows = {("customer", CUSTOMER): customer()}
    for _ in range(150):
        changes = [random_change(dice) for _ in range(dice.randint(1, 3))]
        rows |= {(one.kind, one.row_id): one for one in changes}
        after = now.changed(changes)
        whole = State.of(CUSTOMER, 1, NOW, rows.values())
        for subject in everybody(whole) | everybody(after):
            assert rights(grants_of(after, subject)) == rights(grants_of(whole, subject))
        found = compare(now, after)
        assert found == consequences(now, changes)
        assert {(one.kind, one.id) for one in found} <= affected(now, after, changes)
        now = after


@pytest.mark.parametrize("seed", range(20))
def test_what_is_told_of_gains_and_losses_is_what_is_decided(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - a test that can be repeated
    before = state(*(random_change(dice) for _ in range(60)))
    after = before.changed(random_change(dice) for _ in range(10))
    told = {(one.kind, one.id): one for one in compare(before, after)}
    for subject in everybody(before) | everybody(after):
        for name in SERVICE_PERMISSIONS:
            for on in SERVICES:
                was, is_ = (
                    decide(grants_of(one, subject), name, on).allowed for one in (before, after)
                )
                difference = told.get(subject)
                gained = lost = False
                if difference is not None:
                    gained = _covers(difference.gained.services, name, on)
                    lost = _covers(difference.lost.services, name, on)
                assert (gained, lost) == (is_ and not was, was and not is_), (subject, name, on)


def _covers(held: list[OnServices], permission: str, service_id: str) -> bool:
    for one in held:
        if one.permission == permission:
            if one.services == "*":
                return service_id not in one.besides
            return service_id in one.services
    return False


def test_leaving_a_group_loses_exactly_its_services() -> None:
    before = state(
        user("u1", ROLE_IDS["engineer"], limited=True),
        service("s1"),
        service("s2"),
        named("user_group", "g1"),
        named("service_group", "h1"),
        member("g1", "u1"),
        group_role("g1", ROLE_IDS["billing"]),
        group_services("g1", "h1"),
        in_service_group("h1", "s1"),
    )
    [found] = consequences(before, [gone(member("g1", "u1"))])
    assert not found.gained
    assert "invoice.read" in found.lost.account
    lost = {one.permission: one.services for one in found.lost.services}
    assert lost == {"service.read": ["s1"], "service.stats": ["s1"]}


def test_a_limit_takes_everything_but_what_is_authorized() -> None:
    authorized = authorization("a1", "u1", "s1", "read_only")
    before = state(user("u1", ROLE_IDS["engineer"]), service("s1"), service("s2"), authorized)
    [found] = consequences(before, [user("u1", ROLE_IDS["engineer"], limited=True)])
    lost = {one.permission: (one.services, one.besides) for one in found.lost.services}
    assert lost["service.read"] == ("*", ["s1"])
    assert lost["service.purge_all"] == ("*", [])
    assert "invitation.create:own" in found.lost.account
