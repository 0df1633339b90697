"""Every cell of the matrix over the real wire: each permission, each built-in role."""

from typing import Any

import httpx
import pytest

from tenantry.core.permissions import CATALOGUE, READING
from tests.access.naive import COLUMNS, MATRIX
from tests.access.probes import PROBES, authorization
from tests.table import GUARDED
from tests.world import API, BEN, BILL, BOT, LIM, SUE, TESS, TONI, UMA, WWW, Person, World

PEOPLE: dict[str, Person] = {
    "user": UMA,
    "billing": BILL,
    "engineer": BEN,
    "superuser": SUE,
    "tls_viewer": TESS,
    "tls_admin": TONI,
}
ARRANGED = {"user.delete", "service.delete", "invitation.delete", "service_authorization.manage"}
"""Where something is made to be deleted or authorized, which leaves events of its own."""


def cell_of(name: str, role: str) -> str:
    """What the contract says, by the copy of its table that tests keep."""
    return MATRIX[name].split()[COLUMNS.index(role)]


@pytest.mark.parametrize("name", PROBES)
async def test_an_endpoint_lets_through_whom_the_matrix_names(world: World, name: str) -> None:
    # A deletion takes what the next one would ask for: who may do it comes last.
    for role in sorted(COLUMNS, key=lambda one: one == "superuser"):
        cell = cell_of(name, role)
        before = len(await world.events())
        for probe in PROBES[name]:
            answer = await probe(world, PEOPLE[role])
            check = _CHECKS.get(cell, _allowed)
            check(name, role, answer)
        if cell == "-" and name not in ARRANGED:
            assert len(await world.events()) == before, (name, role)


def test_a_token_for_reading_reads_whatever_its_user_may() -> None:
    """Contract: access §9.4."""
    asked = {row.allow.permission for row in GUARDED.values() if not row.writes}
    assert asked - {None} <= READING


def _allowed(name: str, role: str, answer: httpx.Response) -> None:
    assert answer.status_code < 300, (name, role, answer.text)


def _denied(name: str, role: str, answer: httpx.Response) -> None:
    # Who sees no services is told that there is none (contract: access §9.5).
    expected = 404 if name.startswith("service.") and cell_of("service.read", role) == "-" else 403
    expected = 403 if name == "service.create" else expected
    assert answer.status_code == expected, (name, role, answer.text)


def _reduced(name: str, role: str, answer: httpx.Response) -> None:
    _allowed(name, role, answer)
    body: Any = answer.json()
    for one in body if isinstance(body, list) else [body]:
        hidden = {"email_hash", "locked"} if "login" in one else {"billing_ref", "ip_whitelist"}
        is_own = one.get("id") == PEOPLE[role].id
        assert is_own or not hidden & set(one), (name, role, one)


def _with_billing(name: str, role: str, answer: httpx.Response) -> None:
    _allowed(name, role, answer)
    assert "billing_ref" in answer.json()


def _own(name: str, role: str, answer: httpx.Response) -> None:
    """A list shows what is one's own, here nothing; a single one of another's is not there."""
    if answer.status_code == 200:
        body = answer.json()
        assert (body["data"], body["meta"]["record_count"]) == ([], 0), (name, role)
    else:
        assert answer.status_code == 404, (name, role, answer.text)


def _own_or_restricted(name: str, role: str, answer: httpx.Response) -> None:
    if name == "invitation.create":
        asked = "engineer" if b"engineer" in answer.request.content else "billing"
        assert answer.status_code == (200 if asked == "engineer" else 403), answer.text
    else:
        _own(name, role, answer)


def _own_and_of_services(name: str, role: str, answer: httpx.Response) -> None:
    """What is one's own, here nothing, and what happened to services."""
    _allowed(name, role, answer)
    found = answer.json()["data"]
    assert found
    assert all("service_id" in one["attributes"] for one in found)


_CHECKS = {
    "-": _denied,
    "r": _reduced,
    "R": _with_billing,
    "own": _own,
    "own+": _own_and_of_services,
    "own*": _own_or_restricted,
}


@pytest.mark.changes_nothing
@pytest.mark.parametrize("role", COLUMNS)
async def test_an_explanation_says_what_the_matrix_says(world: World, role: str) -> None:
    for one in CATALOGUE:
        service = f"&service={WWW}" if one.scope == "service" else ""
        path = f"/_tenantry/v1/access/explain?user={PEOPLE[role].id}&permission={one.name}{service}"
        answer = await world.ask(SUE, "GET", path)
        assert answer.status_code == 200, answer.text
        assert answer.json()["allowed"] is (cell_of(one.name, role) in {"Y", "L", "r", "R"}), (
            one.name,
            role,
        )


@pytest.mark.parametrize("name", [name for name in PROBES if "L" in MATRIX[name]])
async def test_a_limit_leaves_only_what_an_authorization_lets_through(
    world: World, name: str
) -> None:
    """The cells that say L, with the limit: not there without an authorization, there with one."""
    for probe in PROBES[name]:
        assert (await probe(world, LIM)).status_code == 404
    if name == "service.delete":
        return
    await world.ask(SUE, "POST", "/service-authorizations", json=authorization(LIM.id, WWW))
    for probe in PROBES[name]:
        assert (await probe(world, LIM)).status_code == 200
    other = await world.ask(LIM, "GET", f"/service/{API}")
    assert other.status_code == 404


async def test_the_limited_engineer_does_not_invite(world: World) -> None:
    for name in ("invitation.read", "invitation.create", "invitation.delete"):
        for probe in PROBES[name]:
            assert (await probe(world, LIM)).status_code == 403


async def test_a_program_has_no_own_form_of_anything_but_its_role(world: World) -> None:
    """An automation token invites nobody: an invitation needs a human inviter."""
    for probe in PROBES["invitation.create"]:
        assert (await probe(world, BOT)).status_code == 403
