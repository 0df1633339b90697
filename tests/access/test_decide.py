"""The decision: as the contract's steps have it, and monotone where it must be."""

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.access.decide import decide, rights
from tenantry.core.context import Grants, Group
from tenantry.core.permissions import CATALOGUE, PERMISSIONS, SERVICE_PERMISSIONS
from tests.access import naive
from tests.access.worlds import LADDER, SCOPES, SERVICES, random_rows

WORLDS = 100_000
PARTS = 8


def grants_of(rows: naive.Rows, token_id: str) -> Grants | None:
    """What the product decides from, for a token of plain rows; None if it opens nothing."""
    token = rows.tokens[token_id]
    user = rows.users.get(token.user) if token.user is not None else None
    if token.user is not None and (user is None or user.is_gone):
        return None
    return Grants(
        roles=frozenset(token.roles if user is None else user.roles),
        custom={role: frozenset(names) for role, names in rows.roles.items()},
        groups=_groups_of(rows, token.user),
        limit_services=user is not None and user.limit_services,
        authorizations={
            service: ladder for owner, service, ladder in rows.authorizations if owner == token.user
        },
        scopes=frozenset(token.scopes),
        token_limited=token.is_limited,
        token_services=frozenset(token.services),
    )


def _groups_of(rows: naive.Rows, user_id: str | None) -> tuple[Group, ...]:
    return tuple(
        Group(
            group,
            frozenset(role for owner, role in rows.group_roles if owner == group),
            {
                inner: frozenset(one for of, one in rows.service_group_services if of == inner)
                for owner, inner in rows.group_service_groups
                if owner == group
            },
        )
        for group, member in rows.members
        if member == user_id
    )


@pytest.mark.parametrize("part", range(PARTS))
def test_a_naive_evaluator_agrees_on_every_random_world(part: int) -> None:
    for seed in range(part, WORLDS, PARTS):
        dice = random.Random(seed)  # noqa: S311 - chance, not secrecy
        rows = random_rows(dice)
        token_id = dice.choice(list(rows.tokens))
        grants = grants_of(rows, token_id)
        for permission in (*dice.sample(naive.ON_SERVICES, 2), *dice.sample(list(naive.MATRIX), 2)):
            service = dice.choice(SERVICES) if permission in naive.ON_SERVICES else None
            decided = grants is not None and decide(grants, permission, service).allowed
            expected = naive.is_allowed(rows, token_id, permission, service)
            assert decided == expected, (seed, token_id, permission, service)


def test_the_two_matrices_name_the_same_permissions() -> None:
    assert list(naive.MATRIX) == [one.name for one in CATALOGUE]
    assert set(naive.ON_SERVICES) == SERVICE_PERMISSIONS


_seeds = st.integers(0, 1 << 32)


def _grants(seed: int) -> Grants:
    """Some person's, in some world."""
    rows = random_rows(random.Random(seed))  # noqa: S311 - chance, not secrecy
    return next(
        grants for token_id in rows.tokens if (grants := grants_of(rows, token_id)) is not None
    )


def _held(grants: Grants) -> set[tuple[str, str | None]]:
    """Everything that is allowed, one by one."""
    return {
        (permission, service)
        for permission in PERMISSIONS
        for service in (SERVICES if permission in SERVICE_PERMISSIONS else (None,))
        if decide(grants, permission, service).allowed
    }


@given(_seeds, st.sets(st.sampled_from(SCOPES), min_size=1))
def test_a_scope_never_adds(seed: int, scopes: set[str]) -> None:
    whole = msgspec.structs.replace(_grants(seed), scopes=frozenset({"global"}))
    scoped = msgspec.structs.replace(whole, scopes=frozenset(scopes))
    assert _held(scoped) <= _held(whole)


@given(_seeds, st.sets(st.sampled_from(SCOPES), min_size=1), st.sampled_from(SCOPES))
def test_one_more_scope_never_takes_away(seed: int, scopes: set[str], more: str) -> None:
    fewer = msgspec.structs.replace(_grants(seed), scopes=frozenset(scopes))
    wider = msgspec.structs.replace(fewer, scopes=frozenset({*scopes, more}))
    assert _held(fewer) <= _held(wider)


@given(_seeds, st.sets(st.sampled_from(SERVICES)))
def test_a_tokens_list_of_services_never_adds(seed: int, services: set[str]) -> None:
    unlimited = msgspec.structs.replace(_grants(seed), token_limited=False)
    limited = msgspec.structs.replace(
        unlimited, token_limited=True, token_services=frozenset(services)
    )
    assert _held(limited) <= _held(unlimited)
    # It limits services and nothing else (contract: access §9.5).
    assert {one for one in _held(limited) if one[1] is None} == {
        one for one in _held(unlimited) if one[1] is None
    }
    assert {service for _, service in _held(limited) if service} <= services


@given(_seeds)
def test_a_users_limit_never_adds(seed: int) -> None:
    free = msgspec.structs.replace(_grants(seed), limit_services=False)
    limited = msgspec.structs.replace(free, limit_services=True)
    assert _held(limited) <= _held(free)


@given(_seeds, st.sampled_from(SERVICES), st.integers(0, 2))
def test_each_authorization_holds_what_the_lower_one_does(
    seed: int, service: str, lower: int
) -> None:
    limited = msgspec.structs.replace(_grants(seed), limit_services=True)
    held = [
        _held(msgspec.structs.replace(limited, authorizations={service: LADDER[step]}))
        for step in (lower, lower + 1)
    ]
    assert held[0] <= held[1]


@given(_seeds, st.integers(0, 2))
def test_leaving_a_group_never_adds(seed: int, index: int) -> None:
    grants = _grants(seed)
    without = grants.groups[:index] + grants.groups[index + 1 :]
    assert _held(msgspec.structs.replace(grants, groups=without)) <= _held(grants)


@given(_seeds)
def test_what_is_seen_is_what_may_be_read(seed: int) -> None:
    grants = msgspec.structs.replace(_grants(seed), scopes=frozenset({"global"}))
    held = rights(grants)
    for service in SERVICES:
        assert held.sees(service) == decide(grants, "service.read", service).allowed
