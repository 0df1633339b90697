"""An explanation says what the decision says, and what it proposes helps."""

import random

import pytest

from tenantry.access.decide import decide
from tenantry.access.explain import grants_of
from tenantry.access.verdict import Subject
from tenantry.core.permissions import ROLE_IDS
from tests.access.questions import QUESTIONS, ask, proposed
from tests.access.rows import (
    authorization,
    group_role,
    group_services,
    in_service_group,
    member,
    named,
    random_change,
    service,
    state,
    token,
    user,
)
from tests.world import NOW

ENGINEER = ROLE_IDS["engineer"]


@pytest.mark.parametrize("seed", range(25))
def test_a_verdict_is_what_is_decided_and_gives_its_reasons(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - a test that can be repeated
    now = state(*(random_change(dice) for _ in range(80)))
    for subject, permission, on in QUESTIONS:
        verdict = ask(now, subject, permission, on)
        is_there = on is None or now.row("service", on) is not None
        is_program = now.is_automation(subject.id)
        decision = decide(grants_of(now, subject), permission, on, is_program=is_program)
        assert verdict.allowed == (decision.allowed and is_there), (subject, permission, on)
        assert bool(verdict.obstacles) != verdict.allowed
        assert (verdict.status == 200) == verdict.allowed
        assert (permission in verdict.held) == verdict.allowed
        if verdict.allowed:
            assert any(permission in way.permissions for way in verdict.ways)
            assert verdict.remedies == []


def test_a_service_authorization_that_is_too_narrow_is_named_and_widened() -> None:
    now = state(
        user("u1", ENGINEER, limited=True),
        service("s1"),
        authorization("a1", "u1", "s1", "read_only"),
    )
    verdict = ask(now, "u1", "service.purge_all", "s1")
    assert (verdict.allowed, verdict.status) == (False, 403)
    assert verdict.summary == (
        "Refused. The service authorization read_only does not let it through."
    )
    assert proposed(verdict)[0] == ["Change the service authorization on s1: purge_all."]
    assert ask(now, "u1", "service.read", "s1").summary == (
        "Allowed by the role engineer through the service authorization read_only."
    )


def test_a_service_out_of_sight_is_404_and_a_service_that_is_not_there_too() -> None:
    now = state(user("u1", ENGINEER, limited=True), service("s1"))
    for on, reason in (("s1", "user_limit"), ("s2", "service_missing")):
        verdict = ask(now, "u1", "service.read", on)
        assert (verdict.status, [one.reason for one in verdict.obstacles]) == (404, [reason])
    assert ask(now, "u1", "service.read", "s2").remedies == []


def test_groups_name_the_way_by_which_a_service_is_reached() -> None:
    """A group's role and service group give a limited user a service; without one, none."""
    rows = (
        user("u1", ENGINEER, limited=True),
        service("s1"),
        named("user_group", "g1"),
        named("service_group", "h1"),
        member("g1", "u1"),
        group_role("g1", ENGINEER),
        group_services("g1", "h1"),
        in_service_group("h1", "s1"),
    )
    verdict = ask(state(*rows), "u1", "service.purge_all", "s1")
    [way] = verdict.ways
    assert way.summary == "the role engineer in the user group g1 for the service group h1"
    assert way.services == ["s1"]
    without = ask(state(*rows[:-2]), "u1", "service.purge_all", "s1")
    assert (without.allowed, without.ways) == (False, [])


def test_the_token_is_told_apart_from_the_user() -> None:
    now = state(
        user("u1", ENGINEER),
        service("s1"),
        token("t1", "u1", "global:read", limited=True),
    )
    assert ask(now, "u1", "service.purge_all", "s1").allowed
    verdict = ask(now, Subject("token", "t1"), "service.purge_all", "s1")
    assert [one.reason for one in verdict.obstacles] == ["token_scope", "token_services"]
    assert verdict.status == 404
    assert proposed(verdict) == [
        [
            "Use a token with the scope global.",
            "Use a token that is not limited to other services.",
        ]
    ]


def test_who_is_locked_or_comes_with_an_expired_token_is_told_so() -> None:
    locked = user("u1", ENGINEER, locked=True)
    now = state(locked, service("s1"), token("t1", "u1", expires_at=NOW))
    verdict = ask(now, Subject("token", "t1"), "service.create")
    assert (verdict.status, verdict.held) == (401, [])
    assert [one.reason for one in verdict.obstacles] == ["token_expired", "user_locked"]
    assert proposed(verdict) == [["Use a token that has not expired.", "Unlock the user."]]
    assert [way.summary for way in verdict.ways] == ["the role engineer"]


def test_a_permission_for_ones_own_objects_is_not_the_whole_one() -> None:
    verdict = ask(state(user("u1", ENGINEER)), "u1", "invitation.create")
    assert (verdict.allowed, verdict.held) == (False, ["invitation.create:own"])
    assert verdict.summary == "Refused. It is held as invitation.create:own only."
    limited = ask(state(user("u1", ENGINEER, limited=True)), "u1", "invitation.create:own")
    assert [one.reason for one in limited.obstacles] == ["user_limit"]
    assert proposed(limited)[0] == ["Lift the user's limit to services."]
