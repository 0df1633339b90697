"""What was proved before makes nothing new while the account keeps its owner out (access §10)."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from tests.areas.account_calls import edit_customer, edit_user
from tests.areas.realm_calls import Program
from tests.areas.test_force_sso import force, forced
from tests.console import test_passkey_alone as passkey_alone
from tests.console.browser import CONSOLE, Visitor
from tests.console.company import Company, company
from tests.console.test_passkeys import has_passkey
from tests.console.test_tokens import secret_of
from tests.world import BEN, SUE, World

__all__ = ["company"]

TOKENS = f"{CONSOLE}/tokens"
LOCKED = "This account is locked"
FORCED = "Two-factor authentication is required for this account"
ROTATE = "A new password is required"
SSO = "This account signs in through its identity provider"


async def _lock(world: World) -> None:
    """As failed passwords do: keys go on."""
    await edit_user(world, BEN, locked=True)


async def _require_password(world: World) -> None:
    await edit_user(world, BEN, require_new_password=True)


async def _force_two_factors(world: World) -> None:
    await edit_customer(world, force_2fa=True)


async def _force_sso(world: World) -> None:
    """Without what else that does: nothing hangs on its having been thought of."""
    await edit_customer(world, force_sso=True)


STATES = [
    (_lock, 400, LOCKED),
    (_require_password, 403, ROTATE),
    (_force_two_factors, 403, FORCED),
    (_force_sso, 403, SSO),
]
Try = Callable[[], Awaitable[httpx.Response]]


async def _lifted(world: World) -> Try:
    """A key in sudo mode."""
    await world.sudo(BEN)
    return lambda: world.ask(BEN, "POST", "/tokens", data={"name": "ci"})


async def _on_the_page(world: World) -> Try:
    ben = Visitor(world)
    await ben.sign_in(BEN)
    return lambda: ben.send(TOKENS, {"name": "ci", "scope": "global", "days": "30"})


async def _for_a_program(world: World) -> Try:
    cli = Program(world)
    await cli.browser.sign_in(BEN)
    return cli.allow


WAYS = [_lifted, _on_the_page, _for_a_program]


@pytest.mark.parametrize(("state", "status", "told"), STATES)
@pytest.mark.parametrize("way", WAYS)
async def test_nothing_new_comes_of_what_was_proved_before(
    world: World, way: Any, state: Any, status: int, told: str
) -> None:
    attempt = await way(world)
    assert (await attempt()).status_code in {200, 303}
    await state(world)
    since = len(await world.events())
    answer = await attempt()
    assert (answer.status_code, told in answer.text) == (status, True), answer.text
    assert await world.actions(since) == []
    assert (await world.ask(BEN, "GET", "/tokens/self")).status_code == 200


@pytest.mark.parametrize(
    ("state", "way_out"),
    [(_lock, "Reset your"), (_require_password, "profile"), (_force_two_factors, "Second factors")],
)
async def test_the_page_says_what_to_do(world: World, state: Any, way_out: str) -> None:
    attempt = await _on_the_page(world)
    await state(world)
    alert = (await attempt()).text.partition('role="alert"')[2].partition("</")[0]
    assert way_out in alert


@pytest.mark.parametrize(
    ("values", "status", "told"),
    [({"locked": True}, 400, LOCKED), ({"require_new_password": True}, 403, ROTATE)],
)
async def test_nor_a_key_for_a_program_of_the_customers(
    world: World, values: dict[str, bool], status: int, told: str
) -> None:
    await world.sudo(SUE)
    await edit_user(world, SUE, **values)
    since = len(await world.events())
    answer = await world.ask(SUE, "POST", "/automation-tokens", json={"name": "bot"})
    assert (answer.status_code, told in answer.text) == (status, True), answer.text
    assert await world.actions(since) == []


async def test_a_lock_by_guessing_stops_no_other_proof(world: World) -> None:
    """Who came by a passkey goes on: a stranger's guesses at his password are not his."""
    key = await has_passkey(world)
    await passkey_alone.allow(world)
    ben = Visitor(world)
    await passkey_alone.sign_in(ben, key)
    await _lock(world)
    await _require_password(world)
    answer = await ben.send(TOKENS, {"name": "ci", "scope": "global", "days": "30"})
    world.secrets.add(secret_of(answer.text))
    assert answer.status_code == 200


async def test_whom_the_company_vouches_for_makes_tokens(company: Company) -> None:
    await forced(company)
    await edit_customer(company.world, force_2fa=True)
    await company.sign_in(BEN)
    form = {"name": "ci", "scope": "global", "days": "30"}
    answer = await company.visitor.send(TOKENS, form)
    assert answer.status_code == 200
    company.world.secrets.add(secret_of(answer.text))
    await force(company, "false")
