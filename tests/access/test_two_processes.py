"""What one process commits is known to the next request of every other."""

import asyncio

import pytest

from tests.world import ADA, BEN, BILL, BOT, UMA, WIDGETS, WWW, World

READS = [
    f"/user/{BEN.id}",
    "/user/0NobodyHasThisId00000",
    f"/customer/{WIDGETS}/users",
    f"/customer/{WIDGETS}/tokens",
    f"/customer/{WIDGETS}",
    "/customer/2OtherCompany000000000",
    "/current_user",
    "/tokens/self",
    f"/service/{WWW}",
    "/no/such/thing?per_page=0",
]
"""Rows of one's own, rows that are absent, lists, refusals, and what reads nothing."""


async def _statuses(world: World, who: str) -> dict[str, int]:
    return {path: (await world.ask(who, "GET", path)).status_code for path in READS}


async def test_a_revoked_token_opens_nothing_anywhere(world: World, elsewhere: World) -> None:
    before = await _statuses(elsewhere, BEN.token)
    assert set(before.values()) == {200, 403, 404}
    revoked = await world.ask(ADA, "DELETE", f"/tokens/{BEN.token_id}")
    assert revoked.status_code == 204
    for path, status in before.items():
        answer = await elsewhere.ask(BEN, "GET", path)
        assert answer.status_code == (404 if path.startswith("/no/") else 401), (path, status)


@pytest.mark.parametrize("path", READS[:-1])
async def test_each_read_alone_sees_it(world: World, elsewhere: World, path: str) -> None:
    """The first request after the change is the one that counts, whatever it asks for."""
    await elsewhere.ask(BEN, "GET", path)
    await world.ask(ADA, "DELETE", f"/tokens/{BEN.token_id}")
    assert (await elsewhere.ask(BEN, "GET", path)).status_code == 401


async def test_a_role_that_was_taken_is_gone(world: World, elsewhere: World) -> None:
    path = f"/customer/{WIDGETS}/tokens"
    await world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"role": "superuser"})
    assert (await elsewhere.ask(BEN, "GET", path)).status_code == 200
    await world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"role": "user"})
    assert (await elsewhere.ask(BEN, "GET", path)).status_code == 403


async def test_a_role_that_was_given_is_there(world: World, elsewhere: World) -> None:
    """A refusal is computed from who he was, too; it must not leave."""
    path = f"/customer/{WIDGETS}/tokens"
    assert (await elsewhere.ask(UMA, "GET", path)).status_code == 403
    await world.ask(ADA, "PUT", f"/user/{UMA.id}", data={"role": "superuser"})
    assert (await elsewhere.ask(UMA, "GET", path)).status_code == 200


async def test_what_is_shown_is_what_he_may_see_now(world: World, elsewhere: World) -> None:
    path = f"/customer/{WIDGETS}"
    seen = await elsewhere.ask(BILL, "GET", path)
    assert "billing_ref" in seen.json()
    await world.ask(ADA, "PUT", f"/user/{BILL.id}", data={"role": "user"})
    assert "billing_ref" not in (await elsewhere.ask(BILL, "GET", path)).json()


async def test_the_log_names_nobody_by_a_revoked_key(world: World, elsewhere: World) -> None:
    await elsewhere.ask(BOT, "GET", f"/customer/{WIDGETS}")
    await world.ask(ADA, "DELETE", f"/tokens/{BOT.token_id}")
    await elsewhere.ask(BOT, "GET", f"/customer/{WIDGETS}")
    # Lines are written at the end of the tick in which they arose.
    await asyncio.sleep(0)
    first, refused = elsewhere.log_path.read_text().splitlines()
    assert BOT.token_id in first
    assert '"status":401' in refused
    assert BOT.token_id not in refused
    assert WIDGETS not in refused.replace(f"/customer/{WIDGETS}", "")
