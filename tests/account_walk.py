"""A walk past what the log tells of an account's people, and that no single call leaves."""

from tests.areas.account_calls import session_of
from tests.areas.invitation_calls import LIN, invite
from tests.world import ADA, BEN, BILL, HOUR, WIDGETS, World

NEW = "stapled-Sponge-7-otter"


async def walk_with_passwords(world: World) -> None:
    """Guess until the lock, and set a new password by a mailed link."""
    for _ in range(6):
        form = {"username": BEN.login, "password": "wrong"}
        await world.ask(None, "POST", "/tokens", data=form)
    world.clock.turn(HOUR)
    await world.ask(ADA, "POST", f"/user/{BEN.login}/password/request_reset")
    code = world.app.keyring.code_for(*(await world.letters())[-1]["code"])
    form = {"password": NEW, "password_again": NEW}
    await session_of(world, BEN)
    answer = await world.ask(None, "POST", f"/_tenantry/v1/password/{code}", data=form)
    assert answer.status_code == 200, answer.text


async def walk_with_people(world: World) -> None:
    """Take somebody in, make somebody a contact, and let him go."""
    invitation = await invite(world)
    assert invitation["attributes"]["email"] == LIN
    code = world.app.keyring.code_for("invitation", invitation["id"])
    form = {"name": "Lin", "password": NEW}
    answer = await world.ask(None, "PUT", f"/invitation/accept/{code}", json=form)
    assert answer.status_code == 200, answer.text
    contact = {"contact_type": "billing", "user_id": BILL.id}
    await world.ask(ADA, "POST", f"/customer/{WIDGETS}/contacts", data=contact)
    for word in ("true", "false"):
        await world.ask(ADA, "PUT", f"/customer/{WIDGETS}", data={"has_pci": word})
    await world.ask(ADA, "DELETE", f"/tokens/{BILL.token_id}")
    answer = await world.ask(ADA, "DELETE", f"/user/{BILL.id}")
    assert answer.status_code == 200, answer.text
