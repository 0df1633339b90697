"""Explanations through the front door: of anybody, at any moment, for who may know."""

from typing import Any

import pytest

from tenantry.core.permissions import ROLE_IDS
from tests.access.asking import asked, changed, head, make_group
from tests.areas.group_calls import role
from tests.world import (
    ADA,
    API,
    BEN,
    BILL,
    BOT,
    DAY,
    ELSEWHERE,
    LIM,
    LIMITED,
    NED,
    OPERATOR,
    PASSWORD,
    PURGING,
    READ_ONLY,
    UMA,
    WIDGETS,
    WWW,
    Person,
    World,
)

ENGINEER = ROLE_IDS["engineer"]


async def test_the_whole_way_is_named_from_role_to_service(world: World) -> None:
    """A group's role, its service group and the service in it give a limited user his access."""
    group, service_group = await make_group(world, LIM.id, roles=(ENGINEER,), services=(WWW,))
    found = await asked(
        world, "explain", user=LIM.login, permission="service.purge_all", service="www"
    )
    assert (found["allowed"], found["status"]) == (True, 200)
    [way] = found["ways"]
    assert way == {
        "role": {"id": ENGINEER, "name": "engineer"},
        "permissions": ["service.purge_all"],
        "services": [WWW],
        "group": {"id": group, "name": "On call"},
        "service_group": {"id": service_group, "name": "Storefront"},
        "authorization": None,
        "summary": "the role engineer in the user group On call for the service group Storefront",
    }
    assert found["subject"]["login"] == LIM.login
    assert found["service"] == {"id": WWW, "name": "www"}
    assert found["obstacles"] == found["remedies"] == []
    other = await asked(world, "explain", user=LIM.id, permission="service.purge_all", service=API)
    assert (other["status"], other["obstacles"][0]["reason"]) == (404, "user_limit")
    steps = [[step["summary"] for step in one["steps"]] for one in other["remedies"]]
    assert [f"Put the service {API} into the service group Storefront."] in steps


async def test_what_was_so_yesterday_is_told_as_of_yesterday(world: World) -> None:
    """As of an event's number, and as of any instant; what ended since is still explained."""
    group, _ = await make_group(world, LIM.id, roles=(ENGINEER,), services=(WWW,))
    there = await head(world)
    world.clock.turn(DAY)
    body = {"members": [{"id": LIM.id, "object": "user"}]}
    await changed(world, "DELETE", f"/user-groups/{group}/members", json=body)
    await changed(world, "DELETE", f"/user-groups/{group}")
    gone = await head(world)
    world.clock.turn(DAY)
    question: dict[str, Any] = {"user": LIM.id, "permission": "service.read", "service": WWW}
    for at, allowed, sequence in (
        (str(there), True, there),
        ("2026-03-01T10:00:00Z", True, there),
        ("2026-03-02T09:59:59Z", True, there),
        ("2026-03-02T10:00:00Z", False, gone),
        ("2026-03-02T12:00:00+02:00", False, gone),
        (str(gone), False, gone),
        ("2026-03-03T10:00:00Z", False, gone),
    ):
        found = await asked(world, "explain", **question, at=at)
        assert (found["allowed"], found["as_of"]["sequence"]) == (allowed, sequence), at
    now = await asked(world, "explain", **question)
    assert (now["allowed"], now["as_of"]["at"]) == (False, "2026-03-03T10:00:00Z")


@pytest.mark.changes_nothing
@pytest.mark.parametrize(
    ("key", "permission", "service", "allowed"),
    [
        (READ_ONLY, "user.update", None, False),
        (READ_ONLY, "user.read", None, True),
        (PURGING, "service.purge_all", WWW, True),
        (PURGING, "service.read", WWW, False),
        (LIMITED, "service.configure", WWW, True),
        (LIMITED, "service.configure", API, False),
        (LIMITED, "user.update", None, True),
    ],
)
async def test_a_token_is_explained_by_its_own_scope_and_services(
    world: World, key: str, permission: str, service: str | None, *, allowed: bool
) -> None:
    token = (await asked_self(world, key))["id"]
    given: dict[str, Any] = {} if service is None else {"service": service}
    found = await asked(world, "explain", token=token, permission=permission, **given)
    assert found["allowed"] is allowed
    assert found["subject"]["kind"] == "token"
    assert bool(found["remedies"]) is not allowed


async def asked_self(world: World, key: str) -> dict[str, str]:
    answer = await world.ask(key, "GET", "/tokens/self")
    found: dict[str, str] = answer.json()
    return found


async def test_about_oneself_everybody_may_ask_and_about_others_who_sees_them(
    world: World,
) -> None:
    for who in (UMA, BEN, LIM, BILL, BOT):
        found = await asked(world, "explain", who, permission="invoice.read")
        assert found["subject"]["id"] == who.token_id
        assert found["allowed"] is (who is BILL)
    own: dict[str, Any] = {"permission": "user.read"}
    assert (await asked(world, "explain", UMA, user=UMA.login.upper(), **own))["allowed"]
    assert (await asked(world, "explain", UMA, token=UMA.token_id, **own))["allowed"]
    others: list[dict[str, Any]] = [
        {"user": BEN.id},
        {"user": "nobody@example.com"},
        {"token": BEN.token_id},
    ]
    for other in others:
        refused = await asked(world, "explain", UMA, 403, **other, **own)
        assert refused == {"msg": "You are not authorized to perform this action"}
    await asked(world, "explain", BOT, 403, user=ADA.id, **own)


async def test_a_role_of_ones_own_may_ask_about_users_but_not_about_their_tokens(
    world: World,
) -> None:
    names = {"user.read": "user.read", "token.read_all": "token.read_all"}
    known = (await world.ask(ADA, "GET", "/permissions?per_page=100")).json()["data"]
    ids = {one["name"]: one["id"] for one in known if one["name"] in names}
    body = {"name": "Helpdesk", "permissions": [{"id": ids["user.read"]}]}
    role = await changed(world, "POST", "/roles", json=body)
    await changed(world, "PUT", f"/user/{UMA.id}", data={"roles": role["id"]})
    assert (await asked(world, "explain", UMA, user=BEN.id, permission="user.read"))["allowed"]
    await asked(world, "explain", UMA, 403, token=BEN.token_id, permission="user.read")
    await changed(
        world,
        "POST",
        f"/roles/{role['id']}/permissions",
        json={"permissions": [{"id": ids["token.read_all"]}]},
    )
    await asked(world, "explain", UMA, token=BEN.token_id, permission="user.read")


async def test_the_accounts_policies_that_may_refuse_all_the_same_are_named(world: World) -> None:
    form = {"ip_whitelist": "192.0.2.0/24"}
    await changed(world, "PUT", f"/customer/{WIDGETS}", data=form)
    found = await asked(world, "explain", user=BEN.id, permission="service.create")
    assert found["policies"][0]["value"] == "192.0.2.0/24"
    own = await asked(world, "explain", BEN, permission="service.create")
    assert [(one["name"], one["value"]) for one in own["policies"]] == [("ip_whitelist", "")]


async def test_what_is_for_people_alone_is_refused_an_automation_token(world: World) -> None:
    """Whatever its roles are, and whether they confer it (contract: access §9.6)."""
    inviting = await role(world, "Inviting", "invitation.create", "automation_token.manage")
    new = {"name": "Inviter", "roles": [inviting]}
    assert (await world.ask(ADA, "POST", "/sudo", data={"password": PASSWORD})).is_success
    made = await changed(world, "POST", "/automation-tokens", json=new)
    for token in (made["id"], BOT.token_id):
        for permission in ("invitation.create", "invitation.create:own", "automation_token.manage"):
            found = await asked(world, "explain", token=token, permission=permission)
            assert (found["allowed"], found["status"], found["held"]) == (False, 403, [])
            assert [one["reason"] for one in found["obstacles"]] == ["people_only"]
            assert (found["policies"], found["remedies"]) == ([], [])
            page = await asked(world, "who", permission=permission)
            assert token not in [one["subject"]["id"] for one in page["data"]]
    # Who may withdraw everybody's may withdraw his own: only the token keeps this one from it.
    cleaning = await role(world, "Cleaning", "invitation.delete")
    new = {"name": "Cleaner", "roles": [cleaning], "scope": "global:read"}
    reading = await changed(world, "POST", "/automation-tokens", json=new)
    found = await asked(world, "explain", token=reading["id"], permission="invitation.delete:own")
    assert [one["reason"] for one in found["obstacles"]] == ["token_scope"]
    body = {"data": {"type": "invitation", "attributes": {"email": "lin@example.com"}}}
    for key in (made["access_token"], BOT):
        assert (await world.ask(key, "POST", "/invitations", json=body)).status_code == 403
    ben = await asked(world, "explain", token=BEN.token_id, permission="invitation.create:own")
    assert ben["allowed"]


async def test_what_is_gone_is_explained_as_gone(world: World) -> None:
    await changed(world, "DELETE", f"/tokens/{BEN.token_id}")
    found = await asked(world, "explain", token=BEN.token_id, permission="user.read")
    assert (found["status"], found["obstacles"][0]["reason"]) == (401, "token_missing")
    await changed(world, "DELETE", f"/user/{BEN.id}")
    found = await asked(world, "explain", user=BEN.id, permission="user.read")
    assert (found["status"], found["obstacles"][0]["reason"]) == (401, "user_missing")
    assert (found["subject"]["name"], found["remedies"]) == ("Ben", [])
    await asked(world, "explain", user=BEN.login, permission="user.read", status=404)
    await changed(world, "DELETE", f"/service/{API}")
    question: dict[str, Any] = {"user": ADA.id, "permission": "service.read", "service": API}
    found = await asked(world, "explain", **question)
    assert (found["status"], found["obstacles"][0]["reason"]) == (404, "service_missing")


async def test_a_locked_user_and_an_expired_token_are_told_what_helps(world: World) -> None:
    await changed(world, "PUT", f"/user/{UMA.id}", data={"locked": "true"})
    found = await asked(world, "explain", token=UMA.token_id, permission="user.read")
    assert (found["status"], found["summary"]) == (401, "Refused. The user is locked.")
    assert found["remedies"][0]["steps"] == [{"measure": "unlock", "summary": "Unlock the user."}]


@pytest.mark.changes_nothing
@pytest.mark.parametrize(
    ("given", "status", "detail"),
    [
        ({}, 400, "permission is required"),
        ({"permission": "fly"}, 400, "There is no permission 'fly'"),
        (
            {"permission": "user.read", "service": WWW},
            400,
            "The permission user.read is held on the account, not on single services",
        ),
        (
            {"permission": "user.read", "user": BEN.id, "token": BEN.token_id},
            400,
            "Either user or token can be asked about, not both",
        ),
        ({"permission": "user.read", "at": "yesterday"}, 400, "'yesterday' is neither the number"),
        ({"permission": "user.read", "at": "2026-03-01T10:00:01Z"}, 400, "is in the future"),
        ({"permission": "user.read", "at": "2025-01-01T00:00:00Z"}, 400, "before the first event"),
        ({"permission": "user.read", "at": "0"}, 400, "There is no event 0: the log goes from 1"),
        ({"permission": "user.read", "at": "9" * 30}, 400, "There is no event 9999"),
        ({"permission": "user.read", "user": NED.id}, 404, f"Cannot find user '{NED.id}'"),
        ({"permission": "user.read", "user": NED.login}, 404, "Cannot find user"),
        ({"permission": "user.read", "token": NED.token_id}, 404, "Cannot find token"),
        ({"permission": "service.read", "service": ELSEWHERE}, 404, "Cannot find service"),
        ({"permission": "service.read", "service": "nowhere"}, 404, "Cannot find service"),
    ],
)
async def test_a_question_that_cannot_be_answered_is_refused_clearly(
    world: World, given: dict[str, str], status: int, detail: str
) -> None:
    answer = await world.ask(ADA, "GET", "/_tenantry/v1/access/explain", params=given)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert detail in answer.json()["detail"]


async def test_an_operator_asks_inside_a_customer(world: World) -> None:
    question: dict[str, Any] = {"customer_id": WIDGETS, "permission": "service.create"}
    found = await asked(world, "explain", OPERATOR, user=BEN.id, **question)
    assert found["allowed"]
    await asked(world, "explain", OPERATOR, 400, **question)
    await asked(world, "explain", OPERATOR, 404, user=NED.id, **question)
    await asked(world, "explain", OPERATOR, 403, permission="service.create")


async def test_the_operations_that_need_a_permission_are_listed(world: World) -> None:
    found = await asked(world, "explain", permission="invitation.create")
    assert "POST /invitations" in found["operations"]
    assert not [one for one in found["operations"] if one.startswith("GET")]
    # Also those that are for everybody, and reach further with it.
    for permission, operation in (
        ("service_authorization.read", "GET /service-authorizations"),
        ("token.revoke_all", "DELETE /tokens/{token_id}"),
        ("user_group.read", "GET /user-groups/{user_group_id}/members"),
    ):
        found = await asked(world, "explain", permission=permission)
        assert operation in found["operations"], permission


@pytest.mark.parametrize("who", [ADA, BEN, LIM, BILL, UMA, BOT], ids=lambda who: str(who.name))
async def test_what_is_explained_is_what_happens(world: World, who: Person) -> None:
    """The status foretold is that of the call."""
    for permission, method, path, service in (
        ("contact.read", "GET", f"/customer/{WIDGETS}/contacts", None),
        ("automation_token.read", "GET", "/automation-tokens", None),
        ("service_group.read", "GET", "/service-groups", None),
        ("service.read", "GET", f"/service/{WWW}", WWW),
        ("service.configure", "PUT", f"/service/{WWW}", WWW),
    ):
        given: dict[str, Any] = {} if service is None else {"service": service}
        found = await asked(world, "explain", token=who.token_id, permission=permission, **given)
        answer = await world.ask(
            who, method, path, **({"data": {"comment": "x"}} if method == "PUT" else {})
        )
        assert answer.status_code == found["status"], (permission, found["summary"])
