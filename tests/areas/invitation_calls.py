"""Inviting people and following what is mailed to them, as the tests of invitations do."""

from typing import Any

from tests.world import ADA, WIDGETS, WWW, Person, World

LIN = "lin@example.com"
"""Who is invited."""
CHOSEN = "stapled-Sponge-7-otter"
"""The password that Lin chooses."""
DEAD = (404, {"msg": "Record not found", "detail": "Cannot find invitation"})
"""One answer for a code that was made up, used, withdrawn or has expired."""
DONE = (200, {"status": "ok"})
TOO_MANY = (429, {"msg": "Too many failed attempts, try again later"})
NOT_ALLOWED = {"msg": "You are not authorized to perform this action"}


def document(
    email: str = LIN,
    services: list[tuple[str, str]] | None = None,
    customer: str | None = None,
    **attributes: Any,
) -> dict[str, Any]:
    """What an invitation is created from, as the vendor's JavaScript client sends it."""
    relationships: dict[str, Any] = {}
    if services is not None:
        members = [service_invitation(*one) for one in services]
        relationships["service_invitations"] = {"data": members}
    if customer is not None:
        relationships["customer"] = {"data": {"type": "customer", "id": customer}}
    data: dict[str, Any] = {"type": "invitation", "attributes": {"email": email, **attributes}}
    return {"data": data | ({"relationships": relationships} if relationships else {})}


def service_invitation(service_id: str = WWW, permission: str | None = None) -> dict[str, Any]:
    """One permission that comes with an invitation."""
    service = {"data": {"type": "service", "id": service_id}}
    attributes = {} if permission is None else {"attributes": {"permission": permission}}
    return {"type": "service_invitation", **attributes, "relationships": {"service": service}}


async def invite(
    world: World, who: Person | str | None = ADA, email: str = LIN, **more: Any
) -> dict[str, Any]:
    """Invite somebody; the invitation as it is answered."""
    answer = await world.ask(who, "POST", "/invitations", json=document(email, **more))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/vnd.api+json"
    invitation: dict[str, Any] = answer.json()["data"]
    return invitation


async def refused(world: World, who: Person | str, status: int, body: dict[str, Any]) -> str:
    """See that an invitation is refused, and nothing logged or mailed; the detail, or the title."""
    events, letters = len(await world.events(who_is(who))), len(await world.letters())
    answer = await world.ask(who, "POST", "/invitations", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json")
    assert len(await world.events(who_is(who))) == events
    assert len(await world.letters()) == letters
    told: dict[str, str] = answer.json()
    return told.get("detail", told["msg"])


def who_is(who: Person | str) -> str:
    """Whose customer somebody acts in."""
    return who.customer_id if isinstance(who, Person) else WIDGETS


async def pending(world: World, who: Person | str = ADA) -> list[str]:
    """The addresses that somebody sees in the list of invitations."""
    answer = await world.ask(who, "GET", "/invitations")
    assert answer.status_code == 200, answer.text
    return [one["attributes"]["email"] for one in answer.json()["data"]]


async def codes(world: World, email: str = LIN) -> list[str]:
    """The codes in the mails to somebody that wait in the outbox."""
    letters = [one for one in await world.letters() if one.get("to") == email]
    return [world.app.keyring.code_for(*one["code"]) for one in letters]


async def accept(
    world: World, code: str, name: str | None = "Lin", password: str | None = CHOSEN
) -> tuple[int, Any]:
    """Accept by a program; the status and the body of the answer."""
    body = {"name": name, "password": password, "marketing_opt_in": False}
    answer = await world.ask(None, "PUT", f"/invitation/accept/{code}", json=body)
    assert answer.headers["content-type"] == "application/json"
    return answer.status_code, answer.json()


async def join(world: World, email: str = LIN, **more: Any) -> str:
    """Invite somebody who accepts; a token of his."""
    await invite(world, email=email, **more)
    (code,) = await codes(world, email)
    assert await accept(world, code) == (200, {"status": "ok"})
    return await token(world, email)


async def token(world: World, email: str = LIN) -> str:
    """A new token of somebody who has joined."""
    proof = {"username": email, "password": CHOSEN}
    answer = await world.ask(None, "POST", "/tokens", data=proof)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


async def user_called(world: World, login: str = LIN) -> dict[str, Any]:
    """A user of Ada's customer, by login."""
    users = (await world.ask(ADA, "GET", f"/customer/{WIDGETS}/users")).json()
    (user,) = [one for one in users if one["login"] == login]
    return dict(user)
