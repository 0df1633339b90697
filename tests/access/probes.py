"""One call for each permission of the matrix that guards an endpoint: who holds it gets through."""

import itertools
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from tests.world import ADA, API, BOT, EXPIRED_ID, LIM, WIDGETS, WWW, Person, World

Probe = Callable[[World, Person], Awaitable[httpx.Response]]
_numbers = itertools.count(1)


def call(method: str, path: str, **more: Any) -> Probe:
    """A call that needs nothing to be there first."""

    async def probe(world: World, who: Person) -> httpx.Response:
        # `{n}` is another number at each call, for names that must differ.
        number = next(_numbers)
        body = {
            name: {
                key: value.format(n=number) if isinstance(value, str) else value
                for key, value in fields.items()
            }
            for name, fields in more.items()
        }
        return await world.ask(who, method, path, **body)

    return probe


def after(made: Callable[[World], Awaitable[str]], method: str, path: str, **more: Any) -> Probe:
    """A call on something that Ada makes for it; `{id}` in the path is what she made."""

    async def probe(world: World, who: Person) -> httpx.Response:
        path_of_it = path.format(id=await made(world))
        return await world.ask(who, method, path_of_it, **more)

    return probe


async def _user(world: World) -> str:
    login = f"somebody-{next(_numbers)}@example.com"
    new = {"login": login, "name": "Somebody", "role": "engineer"}
    return await _made(world, "/user", data=new)


async def _service(world: World) -> str:
    return await _made(world, "/service", data={"name": f"service {next(_numbers)}"})


async def _invitation(world: World) -> str:
    email = f"guest-{next(_numbers)}@example.com"
    body = {"data": {"attributes": {"email": email, "role": "user"}}}
    return await _made(world, "/invitations", json=body)


async def _authorization(world: World) -> str:
    body = authorization(await _user(world))
    return await _made(world, "/service-authorizations", json=body)


async def _made(world: World, path: str, **body: Any) -> str:
    """What Ada made; its id."""
    answer = await world.ask(ADA, "POST", path, **body)
    assert answer.status_code < 300, answer.text
    made = answer.json()
    return str(made.get("data", made)["id"])


def authorization(user_id: str, service_id: str = API) -> dict[str, Any]:
    """The body that authorizes somebody on a service."""
    linked = {
        "user": {"data": {"type": "user", "id": user_id}},
        "service": {"data": {"type": "service", "id": service_id}},
    }
    return {"data": {"attributes": {"permission": "full"}, "relationships": linked}}


async def _authorize(world: World, who: Person) -> httpx.Response:
    body = authorization(await _user(world))
    return await world.ask(who, "POST", "/service-authorizations", json=body)


def _invite(role: str) -> Probe:
    async def probe(world: World, who: Person) -> httpx.Response:
        email = f"guest-{next(_numbers)}@example.com"
        body = {"data": {"attributes": {"email": email, "role": role}}}
        return await world.ask(who, "POST", "/invitations", json=body)

    return probe


_ACCOUNT = f"/customer/{WIDGETS}"
PROBES: dict[str, list[Probe]] = {
    "customer.read": [call("GET", _ACCOUNT), call("GET", "/current_customer")],
    "customer.update": [call("PUT", _ACCOUNT, data={"name": "Widgets {n}"})],
    "customer.security": [call("PUT", _ACCOUNT, data={"ip_whitelist": "192.0.2.0/24"})],
    "user.read": [call("GET", f"/user/{LIM.id}"), call("GET", f"{_ACCOUNT}/users")],
    "user.create": [call("POST", "/user", data={"login": "u{n}@example.com", "name": "N"})],
    "user.update": [call("PUT", f"/user/{LIM.id}", data={"name": "Lim {n}"})],
    "user.delete": [after(_user, "DELETE", "/user/{id}")],
    "user.reset_password": [call("POST", f"/user/{LIM.login}/password/request_reset")],
    "token.read_all": [call("GET", f"{_ACCOUNT}/tokens")],
    "token.revoke_all": [call("DELETE", f"/tokens/{EXPIRED_ID}")],
    "automation_token.read": [
        call("GET", "/automation-tokens"),
        call("GET", f"/automation-tokens/{BOT.token_id}"),
    ],
    "automation_token.manage": [call("DELETE", f"/automation-tokens/{BOT.token_id}")],
    "invitation.read": [call("GET", "/invitations")],
    "invitation.create": [_invite("engineer"), _invite("billing")],
    "invitation.delete": [after(_invitation, "DELETE", "/invitations/{id}")],
    "service_authorization.read": [
        call("GET", "/service-authorizations"),
        after(_authorization, "GET", "/service-authorizations/{id}"),
    ],
    "service_authorization.manage": [
        _authorize,
        after(_authorization, "DELETE", "/service-authorizations/{id}"),
    ],
    "role.read": [
        call("GET", "/permissions"),
        call("GET", "/roles"),
        call("GET", "/iam/v1/roles"),
    ],
    "role.manage": [call("POST", "/roles", json={"name": "Role {n}"})],
    "user_group.read": [call("GET", "/user-groups")],
    "user_group.manage": [call("POST", "/user-groups", json={"name": "Group {n}"})],
    "service_group.read": [call("GET", "/service-groups")],
    "service_group.manage": [call("POST", "/service-groups", json={"name": "Group {n}"})],
    "event.read": [call("GET", "/events")],
    "contact.read": [call("GET", f"{_ACCOUNT}/contacts")],
    "contact.manage": [
        call(
            "POST",
            f"{_ACCOUNT}/contacts",
            data={
                "contact_type": "technical",
                "name": "C",
                "email": "c{n}@example.com",
                "phone": "+1 555 0100",
            },
        )
    ],
    "service.create": [call("POST", "/service", data={"name": "new {n}"})],
    "service.read": [call("GET", f"/service/{WWW}"), call("GET", f"/service/{WWW}/version")],
    "service.configure": [call("PUT", f"/service/{WWW}", data={"comment": "{n}"})],
    "service.delete": [after(_service, "DELETE", "/service/{id}")],
}
"""By permission. What guards nothing served here yet is asked of the explanation alone."""
