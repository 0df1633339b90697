"""An example of every write of the operation table: a call that succeeds, and what it leaves."""

import json
from typing import Any

import httpx

from tenantry.core.permissions import PERMISSION_IDS, ROLE_IDS
from tests.address_writes import ADDRESSES
from tests.factor_writes import FACTORS
from tests.federation_writes import FEDERATION
from tests.operator_writes import OF_OPERATORS
from tests.payment_writes import PAYMENTS
from tests.posting_writes import POSTINGS
from tests.pricing_writes import PRICING
from tests.spend_alert_writes import SPEND_ALERTS
from tests.table import AUTOMATION, OWN, TABLE
from tests.usage_writes import USAGE
from tests.world import ADA, API, BEN, LIM, OPERATOR, PASSWORD, WIDGETS, WWW, Person, World
from tests.write import Write


async def _star(world: World) -> dict[str, str]:
    body = {"data": {"relationships": {"service": {"data": {"id": WWW, "type": "service"}}}}}
    answer = await world.ask(ADA, "POST", "/stars", json=body)
    return {"star_id": answer.json()["data"]["id"]}


async def _authorization(world: World) -> dict[str, str]:
    answer = await world.ask(ADA, "POST", "/service-authorizations", json=_AUTHORIZATION)
    return {"service_authorization_id": answer.json()["data"]["id"]}


async def _role(world: World) -> dict[str, str]:
    body = {"name": "Reviewer", "permissions": [{"id": PERMISSION_IDS["event.read"]}]}
    answer = await world.ask(ADA, "POST", "/roles", json=body)
    return {"role_id": answer.json()["id"]}


async def _contact(world: World) -> dict[str, str]:
    form = {"contact_type": "emergency", "name": "Pat", "email": "pat@example.com"}
    answer = await world.ask(ADA, "POST", f"/customer/{WIDGETS}/contacts", data=form)
    return {"contact_id": answer.json()["id"]}


async def _new_user(world: World) -> dict[str, str]:
    answer = await world.ask(ADA, "POST", "/user", data={"login": "new@example.com"})
    return {"user_id": answer.json()["id"]}


async def _gone_user(world: World) -> dict[str, str]:
    parts = await _new_user(world)
    await world.ask(ADA, "DELETE", f"/user/{parts['user_id']}")
    return parts


async def _invitation(world: World) -> dict[str, str]:
    answer = await world.ask(ADA, "POST", "/invitations", json=_INVITATION)
    return {"invitation_id": answer.json()["data"]["id"]}


async def _groups(world: World) -> dict[str, str]:
    """A service group with a service in it, and a user group with Ben and a role in it."""
    bodies = {
        "service_group": {"name": "Storefront", "services": [{"id": WWW}]},
        "user_group": {"name": "Edge team", "members": [{"id": BEN.id}], **_BILLING},
    }
    made = {}
    for kind, body in bodies.items():
        path = f"/{kind.replace('_', '-')}s"
        answer = await world.ask(ADA, "POST", path, json=body)
        made[f"{kind}_id"] = answer.json()["id"]
    return made


async def _attached_groups(world: World) -> dict[str, str]:
    parts = await _groups(world)
    path = f"{_USER_GROUP}/service-groups".format(**parts)
    await world.ask(ADA, "POST", path, json=_named_service_group(parts))
    return parts


def _named_service_group(parts: dict[str, str]) -> dict[str, Any]:
    return {"service_groups": [{"id": parts["service_group_id"]}]}


async def _active(world: World) -> None:
    await world.ask(ADA, "PUT", f"/service/{WWW}/version/1/activate")


async def _no_services(world: World) -> None:
    for service in (await world.ask(ADA, "GET", "/service")).json():
        await world.ask(ADA, "DELETE", f"/service/{service['id']}")


async def _lift(world: World) -> None:
    await world.sudo(ADA)


_REFERENCE = {"data": [{"type": "token", "id": BEN.token_id}]}
_LINK = {"data": {"relationships": {"service": {"data": {"id": WWW, "type": "service"}}}}}
_AUTHORIZED = {"service": {"data": {"id": WWW}}, "user": {"data": {"id": LIM.id}}}
_AUTHORIZATION = {"data": {"relationships": _AUTHORIZED}}
_READ_ONLY = {"attributes": {"permission": "read_only"}}
_INVITATION = {"data": {"type": "invitation", "attributes": {"email": "new@example.com"}}}
_NEW_PASSWORD = {"old_password": PASSWORD, "new_password": "stapled-Sponge-7-otter"}
_CONTACT = {"contact_type": "emergency", "name": "Pat", "email": "pat@example.com"}
_SEE_USERS = {"permissions": [{"id": PERMISSION_IDS["user.read"]}]}
_SEE_EVENTS = {"permissions": [{"id": PERMISSION_IDS["event.read"]}]}
_BILLING = {"roles": [{"id": ROLE_IDS["billing"]}]}
_TO_ENGINEER = {"roles": [{"id": ROLE_IDS["engineer"]}]}
_SERVICE_GROUP = "/service-groups/{service_group_id}"
_USER_GROUP = "/user-groups/{user_group_id}"
_CONTACTS = "/customer/{customer_id}/contacts"
_VERSION = "/service/{service_id}/version/{version_id}"

EXAMPLES: dict[str, Write] = {
    **PRICING,
    **PAYMENTS,
    "PUT /customer/{customer_id}": Write(["customer.update"], body={"name": "Renamed"}),
    "DELETE /customer/{customer_id}": Write(
        [*["token.destroy"] * 13, "user.logout", *["user.destroy"] * 8, "customer.delete"],
        before=_no_services,
    ),
    "POST /user": Write(["user.create"], body={"login": "new@example.com", "role": "user"}),
    "PUT /user/{user_id}": Write(["user.update"], body={"name": "Benjamin"}),
    "DELETE /user/{user_id}": Write(["user.destroy"], before=_new_user),
    "POST /current_user/password": Write(["user.password_update"], body=_NEW_PASSWORD),
    "POST /user/{user_login}/password/request_reset": Write(["user.password_reset_request"]),
    _CONTACTS.join(["POST ", ""]): Write(["contact.create"], body=_CONTACT),
    f"DELETE {_CONTACTS}/{{contact_id}}": Write(["contact.delete"], before=_contact),
    "DELETE /customer/{customer_id}/contact/{contact_id}": Write(
        ["contact.delete"], before=_contact
    ),
    "PUT /_tenantry/v1/sign-in-policy": Write(
        ["sign_in_policy.update"], body={"idle_seconds": 600}, before=_lift
    ),
    "POST /roles": Write(["iam.role.create"], body={"name": "Reviewer"}),
    "PATCH /roles/{role_id}": Write(["iam.role.update"], body={"name": "Auditor"}, before=_role),
    "DELETE /roles/{role_id}": Write(["iam.role.delete"], before=_role),
    "POST /roles/{role_id}/permissions": Write(
        ["iam.role.permissions.add"], body=_SEE_USERS, before=_role
    ),
    "DELETE /roles/{role_id}/permissions": Write(
        ["iam.role.permissions.remove"], body=_SEE_EVENTS, before=_role
    ),
    "POST /tokens": Write(["user.login", "token.create"], body={"password": PASSWORD}),
    "DELETE /tokens": Write(["token.destroy"], body=_REFERENCE),
    "DELETE /tokens/self": Write(["token.destroy", "user.logout"]),
    "DELETE /tokens/{token_id}": Write(["token.destroy"]),
    "POST /sudo": Write(["user.sudo"], body={"password": PASSWORD}),
    "POST /automation-tokens": Write(["token.create"], body={"name": "bot"}, before=_lift),
    "DELETE /automation-tokens/{token_id}": Write(["token.destroy"], path=AUTOMATION),
    "POST /service": Write(["service.create"], body={"name": "new"}),
    "PUT /service/{service_id}": Write(["service.update"], body={"comment": "hello"}),
    "DELETE /service/{service_id}": Write(["service.delete"]),
    "POST /service/{service_id}/version": Write(["version.create"], body={"comment": "two"}),
    f"PUT {_VERSION}": Write(["version.update"], body={"comment": "one"}),
    f"PUT {_VERSION}/activate": Write(["version.activate"]),
    f"PUT {_VERSION}/deactivate": Write(["version.deactivate"], before=_active),
    f"PUT {_VERSION}/clone": Write(["version.clone"]),
    f"PUT {_VERSION}/lock": Write(["version.lock"]),
    "POST /stars": Write(["star.create"], body=_LINK),
    "DELETE /stars/{star_id}": Write(["star.delete"], before=_star),
    "POST /invitations": Write(["invitation.sent"], body=_INVITATION),
    "DELETE /invitations/{invitation_id}": Write(["invitation.delete"], before=_invitation),
    "POST /invitations/{invitation_id}/notifications": Write(
        ["invitation.send_again"], before=_invitation
    ),
    "POST /service-authorizations": Write(["service_authorization.create"], body=_AUTHORIZATION),
    "PATCH /service-authorizations": Write(
        ["service_authorization.update"],
        body=lambda parts: {"data": [{"id": parts["service_authorization_id"], **_READ_ONLY}]},
        before=_authorization,
    ),
    "DELETE /service-authorizations": Write(
        ["service_authorization.delete"],
        body=lambda parts: {"data": [{"id": parts["service_authorization_id"]}]},
        before=_authorization,
    ),
    "PATCH /service-authorizations/{service_authorization_id}": Write(
        ["service_authorization.update"], body={"data": _READ_ONLY}, before=_authorization
    ),
    "DELETE /service-authorizations/{service_authorization_id}": Write(
        ["service_authorization.delete"], before=_authorization
    ),
    "POST /service-groups": Write(["iam.service_group.create"], body={"name": "Storefront"}),
    f"PATCH {_SERVICE_GROUP}": Write(
        ["iam.service_group.update"], body={"name": "Shop"}, before=_groups
    ),
    f"DELETE {_SERVICE_GROUP}": Write(["iam.service_group.delete"], before=_groups),
    f"POST {_SERVICE_GROUP}/services": Write(
        ["iam.service_group.services.add"], body={"services": [{"id": API}]}, before=_groups
    ),
    f"DELETE {_SERVICE_GROUP}/services": Write(
        ["iam.service_group.services.remove"], body={"services": [{"id": WWW}]}, before=_groups
    ),
    "POST /user-groups": Write(["iam.user_group.create"], body={"name": "Edge team"}),
    f"PATCH {_USER_GROUP}": Write(
        ["iam.user_group.update"], body={"name": "Core team"}, before=_groups
    ),
    f"DELETE {_USER_GROUP}": Write(["iam.user_group.delete", "user.update"], before=_groups),
    f"POST {_USER_GROUP}/members": Write(
        ["iam.user_group.members.add", "user.update"],
        body={"members": [{"id": LIM.id, "object": "user"}]},
        before=_groups,
    ),
    f"DELETE {_USER_GROUP}/members": Write(
        ["iam.user_group.members.remove", "user.update"],
        body={"members": [{"id": BEN.id}]},
        before=_groups,
    ),
    f"POST {_USER_GROUP}/roles": Write(
        ["iam.user_group.roles.add", "user.update"], body=_TO_ENGINEER, before=_groups
    ),
    f"DELETE {_USER_GROUP}/roles": Write(
        ["iam.user_group.roles.remove", "user.update"], body=_BILLING, before=_groups
    ),
    f"POST {_USER_GROUP}/service-groups": Write(
        ["iam.user_group.service_groups.add"], body=_named_service_group, before=_groups
    ),
    f"DELETE {_USER_GROUP}/service-groups": Write(
        ["iam.user_group.service_groups.remove"],
        body=_named_service_group,
        before=_attached_groups,
    ),
    "POST /_operator/v1/erasures": Write(
        ["user.erase"],
        body=lambda parts: {"customer_id": WIDGETS, "user_id": parts["user_id"]},
        before=_gone_user,
        who=OPERATOR,
    ),
    **ADDRESSES,
    **FEDERATION,
    **FACTORS,
    **OF_OPERATORS,
    **POSTINGS,
    **SPEND_ALERTS,
    **USAGE,
}
TOLD = [name for name, example in EXAMPLES.items() if example.actions]
"""Those that a customer's log tells of."""
ELSEWHERE_TESTED = {
    # Environments other than production do not exist here (contract: identity §10.3).
    f"PUT {_VERSION}/activate/{{environment_name}}",
    f"PUT {_VERSION}/deactivate/{{environment_name}}",
    # Its code comes by mail: tests/areas/test_password_page.py.
    "POST /_tenantry/v1/password/{code}",
    # Likewise: tests/areas/test_invitation_acceptance.py, test_invitation_page.py.
    "PUT /invitation/accept/{code}",
    "POST /_tenantry/v1/invitation/{code}",
    # What they take is made by the one before: tests/areas/test_realm.py.
    "POST /realms/fastly/protocol/openid-connect/auth",
    "POST /realms/fastly/protocol/openid-connect/token",
    "POST /login-enhanced",
}


async def prepare(world: World, name: str) -> dict[str, str]:
    """Make ready what a write needs; the parts of its path."""
    example = EXAMPLES[name]
    parts = {**OWN, **example.path}
    if example.before is not None:
        parts |= await example.before(world) or {}
    return parts


def sent(name: str, parts: dict[str, str]) -> dict[str, Any]:
    """The body of a write as its clients send it."""
    example, row = EXAMPLES[name], TABLE[name]
    body = example.body(parts) if callable(example.body) else example.body
    if body is None:
        return {}
    if isinstance(body.get("data"), list):
        bulk = {"Content-Type": "application/vnd.api+json; ext=bulk"}
        return {"content": json.dumps(body), "headers": bulk}
    is_flat = not any(isinstance(value, dict | list) for value in body.values())
    return {"data": body} if row.wire.takes_forms and is_flat else {"json": body}


async def ask(world: World, name: str, parts: dict[str, str]) -> httpx.Response:
    """Make a write of the table as somebody who may."""
    return await ask_as(EXAMPLES[name].who, world, name, parts)


async def ask_as(
    who: Person | str | None, world: World, name: str, parts: dict[str, str]
) -> httpx.Response:
    """Ask for a write of the table as anybody."""
    row = TABLE[name]
    return await world.ask(who, row.method, row.path.format(**parts), **sent(name, parts))
