"""Every way in, under every policy that is made stricter before its last step.

The rules that a cell follows from (contract: access §10, identity §3.7 to §3.9, §6.3, §8, §9):

- locked: a superuser's lock stops everything, and voids what was mailed or waits.
- guessed: six failures stop passwords, what rests on one that was just right, and new keys; nothing
  else, and a mailed link unlocks. Who has no password cannot be locked by guessing it.
- 2fa: who has no second factor sets one up before he is let in; his sessions, and what rests on
  them, end. A company vouches for its own.
- sso: passwords, links and sessions end, and no password counts; nor where one was left (remains).
- allowlist: nobody comes in from elsewhere, whatever he has shown before.
- renewal: a new password is due wherever the old one is what somebody came by; sudo ends.
- deleted, closed: whoever is gone is unknown, and nothing that he had under way is.
"""

from collections.abc import Awaitable, Callable

import pytest

from tests.areas import ways_in as ways
from tests.areas.account_calls import edit_customer
from tests.areas.test_force_sso import forced
from tests.areas.test_throttle import sign_in
from tests.areas.ways_in import Ready, Way
from tests.console.company import Company, company
from tests.world import ADA, WIDGETS, Person

__all__ = ["company"]

AGAIN = "begin again"
Policy = Callable[[Company, Person], Awaitable[None]]


async def nothing(company: Company, who: Person) -> None:
    """It is as it was."""


async def locked(company: Company, who: Person) -> None:
    answer = await company.world.ask(ADA, "PUT", f"/user/{who.id}", data={"locked": "true"})
    assert answer.status_code == 200


async def guessed(company: Company, who: Person) -> None:
    for _ in range(6):
        await sign_in(company.world, who.login, "wrong-Horse-7-battery", "198.51.100.7")


async def two_factors(company: Company, who: Person) -> None:
    del who
    await ways.force_2fa(company.world)


async def sso(company: Company, who: Person) -> None:
    del who
    await forced(company)


async def sso_remains(company: Company, who: Person) -> None:
    del who
    await edit_customer(company.world, WIDGETS, force_sso=True)


async def allowlist(company: Company, who: Person) -> None:
    del who
    await edit_customer(company.world, WIDGETS, ip_whitelist="198.51.100.7")


async def renewal(company: Company, who: Person) -> None:
    await ways.require_new_password(company.world, who)


async def deleted(company: Company, who: Person) -> None:
    if who.token_id:
        await company.world.ask(ADA, "DELETE", f"/tokens/{who.token_id}")
    answer = await company.world.ask(ADA, "DELETE", f"/user/{who.id}")
    assert answer.status_code == 200, answer.text


async def closed(company: Company, who: Person) -> None:
    del who
    for service in (await company.world.ask(ADA, "GET", "/service")).json():
        await company.world.ask(ADA, "DELETE", f"/service/{service['id']}")
    answer = await company.world.ask(ADA, "DELETE", f"/customer/{WIDGETS}")
    assert answer.status_code == 200, answer.text


POLICIES: tuple[Policy, ...] = (
    *(nothing, locked, guessed, two_factors, sso, sso_remains),
    *(allowlist, renewal, deleted, closed),
)
# In that order; None where there is nobody yet whom it could concern.
STEP = ("in", 403, 403, 403, "new password", AGAIN, AGAIN)
"""From `two_factors` on, for whom nothing is left but to be let in."""
OVER = (400, "in", 400, 400, 400, 400, 400, 400, 400)
"""What was agreed to earlier is worth no more than signing in would be now."""
EXPECTED: dict[Way, tuple[str | int | None, ...]] = {
    ways.on_the_page: ("in", 400, 400, "enrol", 403, 403, 403, "new password", 400, 400),
    ways.by_second_factor: ("in", AGAIN, AGAIN, *STEP),
    ways.by_recovery_code: ("in", AGAIN, AGAIN, *STEP),
    ways.by_passkey_beside: ("in", AGAIN, AGAIN, *STEP),
    ways.by_enrolling: ("in", AGAIN, AGAIN, *STEP),
    ways.by_new_password: ("in", AGAIN, AGAIN, "enrol", 403, 403, 403, "in", AGAIN, AGAIN),
    ways.by_passkey_alone: ("in", 403, "in", "in", 403, 403, 403, "in", 400, 400),
    ways.by_first_link: ("in", 404, "in", "in", 404, 403, 403, "in", 404, 404),
    ways.by_reset_link: ("in", 404, "in", "in", 404, 403, 403, "in", 404, 404),
    ways.by_invitation: ("in", None, None, "in", "in", "in", 403, None, None, 404),
    ways.by_token: ("in", 400, 400, 403, 403, 403, 403, 403, 400, 400),
    ways.by_sudo: ("in", 401, 403, 403, 403, 403, 403, 403, 401, 401),
    ways.by_changing_it: ("in", 401, 401, "in", 403, 403, 403, "in", 401, 401),
    ways.by_lifted_key: ("in", 401, 400, 403, 403, 403, 403, 403, 401, 401),
    ways.by_tokens_page: ("in", AGAIN, 400, AGAIN, AGAIN, 403, 403, AGAIN, AGAIN, AGAIN),
    ways.by_password_page: ("in", AGAIN, 400, AGAIN, AGAIN, 403, 403, "in", AGAIN, AGAIN),
    ways.by_company: ("in", 403, "in", "in", "in", "in", 403, "in", 400, 400),
    ways.by_consent: ("in", 403, 400, 403, 403, 403, 403, 403, 403, 403),
    ways.by_code: ("in", *OVER),
    ways.by_refreshing: ("in", *OVER),
    ways.by_refreshing_later: ("in", *OVER),
    ways.by_exchange: ("in", 403, "in", 403, 403, 403, 403, 403, 401, 401),
}
CELLS = [
    pytest.param(way, policy, outcome, id=f"{way.__name__}-{policy.__name__}")
    for way, outcomes in EXPECTED.items()
    for policy, outcome in zip(POLICIES, outcomes, strict=True)
    if outcome is not None
]


@pytest.mark.parametrize(("way", "policy", "outcome"), CELLS)
async def test_a_policy_holds_until_the_last_step(
    company: Company, way: Way, policy: Policy, outcome: str | int
) -> None:
    ready: Ready = await way(company)
    await policy(company, ready.who)
    since = len(await company.world.events())
    assert await ready.come() == outcome
    if outcome != "in":
        told = await company.world.actions(since)
        assert not {"user.login", "token.create"} & set(told)


async def test_a_passkey_alone_counts_until_that_is_withdrawn(company: Company) -> None:
    ready = await ways.by_passkey_alone(company)
    policy = {"allows_passkey_alone": False}
    await company.world.sudo(ADA)
    answer = await company.world.ask(ADA, "PUT", "/_tenantry/v1/sign-in-policy", json=policy)
    assert answer.status_code == 200
    assert await ready.come() == 400
