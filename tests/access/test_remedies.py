"""What is proposed to help does help, would be accepted, and nothing that would is left out."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from tenantry.access.comparison import Held
from tenantry.access.decide import decide
from tenantry.access.explain import grants_of, user_behind
from tenantry.access.history import Change, State
from tenantry.access.remedies import MOST
from tenantry.access.verdict import Remedy, Step, Subject
from tenantry.core.permissions import ROLE_IDS, ROLE_OF_ID
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

ENGINEER = ROLE_IDS["engineer"]


@pytest.mark.parametrize("seed", range(25))
def test_every_remedy_helps_once_its_rows_are_changed(seed: int) -> None:
    """Not the grants that the proposal was tried on, but the rows that they come from."""
    dice = random.Random(seed)  # noqa: S311 - a test that can be repeated
    now = state(*(random_change(dice) for _ in range(80)))
    helped = 0
    for subject, permission, on in QUESTIONS:
        remedies = ask(now, subject, permission, on).remedies
        assert len({str(one.steps) for one in remedies}) == len(remedies), remedies
        for remedy in remedies:
            after = now
            for step in remedy.steps:
                after = after.changed([made(after, subject, step, on)])
            assert decide(grants_of(after, subject), permission, on).allowed, remedy
            assert is_accepted(after, subject, remedy), remedy
            helped += 1
    assert helped > 100


def is_accepted(after: State, subject: Subject, remedy: Remedy) -> bool:
    """Whether it can be done: of those who are limited, engineers alone have a built-in role."""
    row = after.row("user", user_behind(after, subject) or "")
    is_checked = any(step.measure in {"authorization", "role"} for step in remedy.steps)
    if row is None or not (is_checked and row["limit_services"]):
        return True
    return {one for one in row["roles"] or [ROLE_IDS["user"]] if one in ROLE_OF_ID} <= {ENGINEER}


def made(now: State, subject: Subject, step: Step, on: str | None) -> Change:
    """The row that a step changes."""
    user_id = user_behind(now, subject) or ""
    if step.measure == "token":
        return better_token(now, subject, step)
    if step.measure == "group":
        return member(step.group_id, user_id)
    if step.measure == "authorization":
        return authorization(f"a-{user_id}-{on}", user_id, on or "", step.permission)
    if step.measure == "service_group":
        return in_service_group(step.service_group_id, on or "")
    row = now.row("user", user_id)
    assert row is not None
    return Change("user", user_id, {**row, **better_user(row, step)})


def better_token(now: State, subject: Subject, step: Step) -> Change:
    row = now.row("token", subject.id)
    assert row is not None
    better: dict[str, Any] = {"expires_at": None}
    if step.role_id:
        better["roles"] = [*(row["roles"] or [ROLE_IDS[row["role"] or "user"]]), step.role_id]
    if "scope" in step.summary:
        better["scope"] = "global"
    if "limited to" in step.summary:
        better["limited"] = False
    return Change("token", subject.id, {**row, **better})


def better_user(row: dict[str, Any], step: Step) -> dict[str, Any]:
    if step.measure == "unlock":
        return {"locked": False}
    if step.measure == "limit_services":
        return {"limit_services": False}
    if step.role_id == ROLE_IDS["superuser"]:
        return {"roles": [step.role_id], "limit_services": False}
    return {"roles": [*(row["roles"] or [ROLE_IDS["user"]]), step.role_id]}


@pytest.mark.parametrize("seed", range(25))
def test_no_single_change_that_helps_is_left_out(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - a test that can be repeated
    now = state(*(random_change(dice) for _ in range(80)))
    helped = 0
    for subject, permission, on in QUESTIONS:
        remedies = ask(now, subject, permission, on).remedies
        told = {key(step) for one in remedies for step in one.steps} - {None}
        if not told or len(remedies) == MOST:
            continue
        for step in every_step(now, subject, on):
            after = at_its_best(now, subject)
            after = after.changed([made(after, subject, step, on)])
            if decide(grants_of(after, subject), permission, on).allowed and is_accepted(
                after, subject, Remedy([step], Held())
            ):
                assert key(step) in told, (subject, permission, on, step)
                helped += 1
    assert helped > 100


def key(step: Step) -> tuple[str, ...] | None:
    """What tells a change to the rows from another; None for another token, or an unlocking."""
    names = (step.role_id, step.group_id, step.service_group_id)
    return names if any(names) else None


def every_step(now: State, subject: Subject, on: str | None) -> Iterator[Step]:
    """Every role, every user group, and every service group that one's own groups have."""
    user_id = user_behind(now, subject)
    for role in (*ROLE_OF_ID, *now.table("role").rows):
        if user_id is not None:
            yield Step("role", "", role_id=role)
        elif role != ROLE_IDS["superuser"]:
            yield Step("token", "", role_id=role)
    joined = now.groups_of(user_id or "")
    for group in now.table("user_group").rows if user_id else ():
        if group not in {one.id for one in joined}:
            yield Step("group", "", group_id=group)
    for service_group in {one for group in joined for one in group.services} if on else ():
        yield Step("service_group", "", service_group_id=service_group)


def at_its_best(now: State, subject: Subject) -> State:
    """The token without limits of its own, and nobody locked."""
    changes = []
    token_row = now.row("token", subject.id)
    if token_row is not None:
        free = {"expires_at": None, "scope": "global", "limited": False}
        changes.append(Change("token", subject.id, {**token_row, **free}))
    user_id = user_behind(now, subject) or ""
    user_row = now.row("user", user_id)
    if user_row is not None:
        changes.append(Change("user", user_id, {**user_row, "locked": False}))
    return now.changed(changes)


def test_a_service_that_is_merely_out_of_sight_is_brought_into_sight() -> None:
    """Who has the permission needs to see the service, and no second role with the permission."""
    rows = (
        user("u1", "r1"),
        named("role", "r1", "service.purge_all"),
        service("s1"),
        named("user_group", "g1"),
        named("user_group", "g2"),
        named("service_group", "h1"),
        named("service_group", "h2"),
        member("g1", "u1"),
        group_role("g1", ROLE_IDS["user"]),
        group_role("g2", ROLE_IDS["user"]),
        group_services("g1", "h1"),
        group_services("g2", "h2"),
        in_service_group("h2", "s1"),
    )
    verdict = ask(state(*rows), "u1", "service.purge_all", "s1")
    assert proposed(verdict) == [
        ["Put the service s1 into the service group h1."],
        ["Add the user to the user group g2."],
        ["Give the role user."],
        ["Give the role billing."],
        ["Give the role engineer."],
    ]


def test_a_limited_user_gets_no_wider_authorization_than_seeing_needs() -> None:
    now = state(
        user("u1", ENGINEER, limited=True),
        named("role", "r1", "service.purge_all"),
        service("s1"),
        named("user_group", "g1"),
        named("service_group", "h1"),
        member("g1", "u1"),
        group_role("g1", "r1"),
        group_services("g1", "h1"),
        in_service_group("h1", "s1"),
    )
    verdict = ask(now, "u1", "service.purge_all", "s1")
    assert [one.reason for one in verdict.obstacles] == ["out_of_sight"]
    assert proposed(verdict)[0] == ["Create the service authorization on s1: read_only."]


def test_a_program_may_be_given_just_the_role_that_sees() -> None:
    purges = named("role", "r1", "service.purge_all")
    now = state(purges, service("s1"), token("t-bot", None, roles=["r1"]))
    verdict = ask(now, Subject("token", "t-bot"), "service.purge_all", "s1")
    assert proposed(verdict)[0] == ["Use an automation token with the role user as well."]


def test_the_narrowest_remedy_comes_first() -> None:
    """A role of the customer's own that confers just this stands before whole built-in ones."""
    now = state(user("u1", ROLE_IDS["user"]), named("role", "r1", "invoice.read"))
    verdict = ask(now, "u1", "invoice.read")
    assert proposed(verdict) == [
        ["Give the role r1."],
        ["Give the role billing."],
        ["Make the user a superuser."],
    ]
    assert verdict.remedies[0].gives.account == ["invoice.read"]
