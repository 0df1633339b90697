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
from tenantry.access.history import State
from tenantry.core.permissions import ROLE_IDS, SERVICE_PERMISSIONS
from tests.access.rows import (
    CUSTOMER,
    SERVICES,
    authorization,
    customer,
    gone,
    group_role,
    group_services,
    in_service_group,
    member,
    named,
    random_change,
    service,
    state,
    user,
)
from tests.world import NOW


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
