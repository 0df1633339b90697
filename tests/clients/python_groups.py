"""The Python client on service groups and user groups."""

from datetime import datetime
from typing import Any

from tenantry.core.permissions import ROLE_IDS
from tests.clients.case import python
from tests.clients.sdk import Call
from tests.clients.stage import Stage
from tests.world import ADA, BEN, WWW

SERVICES = {"services": [{"id": WWW}]}
MEMBERS = {"members": [{"id": BEN.id, "object": "user"}]}
# Ben is shared with other cases: what he gains here he holds already.
ROLES = {"roles": [{"id": ROLE_IDS["user"]}]}


def service_group(stage: Stage, **more: Any) -> dict[str, Any]:
    """A new service group."""
    body = {"name": stage.unique("services"), **more}
    group: dict[str, Any] = stage.ask(ADA, "POST", "/service-groups", json=body)
    return group


def user_group(stage: Stage, **more: Any) -> dict[str, Any]:
    """A new user group."""
    body = {"name": stage.unique("people"), **more}
    group: dict[str, Any] = stage.ask(ADA, "POST", "/user-groups", json=body)
    return group


def invited(stage: Stage) -> dict[str, str]:
    """Somebody who is invited, as a member."""
    attributes = {"email": f"{stage.unique('invited')}@example.com"}
    document = {"data": {"type": "invitation", "attributes": attributes}}
    invitation = stage.ask(ADA, "POST", "/invitations", json=document)
    return {"id": invitation["data"]["id"], "object": "invitation"}


@python(123, call="IamServiceGroupsApi.list_service_groups(per_page=…, page=…)")
def lists_service_groups(run: Call) -> None:
    group = service_group(run.stage)
    listed = run(per_page=100)
    assert group in listed["data"]
    assert listed["meta"]["per_page"] == 100
    assert run(per_page=1, page=9999)["data"] == []


@python(124, call="IamServiceGroupsApi.create_a_service_group(request_body={…})")
def creates_a_service_group(run: Call) -> None:
    name = run.stage.unique("services")
    group = run(request_body={"name": name})
    assert (group["name"], group["description"], group["services_count"]) == (name, None, 0)
    other = run(request_body={"name": run.stage.unique("services"), **SERVICES})
    assert other["services_count"] == 1


@python(125, call="IamServiceGroupsApi.get_a_service_group(service_group_id)")
def reads_a_service_group(run: Call) -> None:
    group = service_group(run.stage)
    read = run(group["id"])
    assert (read["id"], read["object"], read["name"]) == (
        group["id"],
        "service_group",
        group["name"],
    )
    assert isinstance(read["created_at"], datetime)


@python(126, call="IamServiceGroupsApi.update_a_service_group(service_group_id, request_body={…})")
def updates_a_service_group(run: Call) -> None:
    group, name = service_group(run.stage), run.stage.unique("renamed")
    assert run(group["id"], request_body={"name": name})["name"] == name


@python(127, call="IamServiceGroupsApi.delete_a_service_group(service_group_id)")
def deletes_a_service_group(run: Call) -> None:
    assert run(service_group(run.stage)["id"]) is None


@python(128, call="IamServiceGroupsApi.list_service_group_services(service_group_id, …)")
def lists_services_of_a_group(run: Call) -> None:
    group = service_group(run.stage, **SERVICES)
    listed = run(group["id"], per_page=1, page=1)
    assert listed["data"] == [{"id": WWW, "object": "service", "name": "www"}]
    assert listed["meta"]["record_count"] == 1


@python(
    129, call="IamServiceGroupsApi.add_service_group_services(service_group_id, request_body={…})"
)
def adds_services_to_a_group(run: Call) -> None:
    added = run(service_group(run.stage)["id"], request_body=SERVICES)
    assert [one["id"] for one in added["data"]] == [WWW]


@python(
    130,
    call="IamServiceGroupsApi.remove_service_group_services(service_group_id, request_body={…})",
)
def removes_services_from_a_group(run: Call) -> None:
    group = service_group(run.stage, **SERVICES)
    assert run(group["id"], request_body=SERVICES) is None
    assert run.stage.ask(ADA, "GET", f"/service-groups/{group['id']}/services")["data"] == []


@python(131, call="IamUserGroupsApi.list_user_groups(per_page=…, page=…)")
def lists_user_groups(run: Call) -> None:
    group = user_group(run.stage, **MEMBERS)
    assert group in run(per_page=100)["data"]
    assert group in run(per_page=100, token=BEN.token)["data"]


@python(132, call="IamUserGroupsApi.create_a_user_group(request_body={…})")
def creates_a_user_group(run: Call) -> None:
    body = {"name": run.stage.unique("people"), "description": "On call", **MEMBERS, **ROLES}
    group = run(request_body=body)
    assert (group["description"], group["users_count"], group["roles_count"]) == ("On call", 1, 1)
    assert (group["invitations_count"], group["service_groups_count"]) == (0, 0)


@python(133, call="IamUserGroupsApi.get_a_user_group(user_group_id)")
def reads_a_user_group(run: Call) -> None:
    group = user_group(run.stage)
    read = run(group["id"])
    assert (read["id"], read["object"], read["name"]) == (group["id"], "user_group", group["name"])
    assert isinstance(read["updated_at"], datetime)


@python(134, call="IamUserGroupsApi.update_a_user_group(user_group_id, request_body={…})")
def updates_a_user_group(run: Call) -> None:
    changed = run(user_group(run.stage)["id"], request_body={"description": "changed"})
    assert changed["description"] == "changed"


@python(135, call="IamUserGroupsApi.delete_a_user_group(user_group_id)")
def deletes_a_user_group(run: Call) -> None:
    assert run(user_group(run.stage, **MEMBERS)["id"]) is None


@python(136, call="IamUserGroupsApi.list_user_group_members(user_group_id, …)")
def lists_members_of_a_group(run: Call) -> None:
    invitation = invited(run.stage)
    group = user_group(run.stage, members=[invitation, *MEMBERS["members"]])
    members = run(group["id"], per_page=2)["data"]
    assert {one["id"]: one["object"] for one in members} == {
        BEN.id: "user",
        invitation["id"]: "invitation",
    }


@python(137, call="IamUserGroupsApi.add_user_group_members(user_group_id, request_body={…})")
def adds_members_to_a_group(run: Call) -> None:
    body = {"members": [*MEMBERS["members"], invited(run.stage)]}
    added = run(user_group(run.stage)["id"], request_body=body)
    assert (added["data"][0]["login"], added["data"][1]["object"]) == (BEN.login, "invitation")


@python(138, call="IamUserGroupsApi.remove_user_group_members(user_group_id, request_body={…})")
def removes_members_from_a_group(run: Call) -> None:
    group = user_group(run.stage, **MEMBERS)
    assert run(group["id"], request_body=MEMBERS) is None
    assert run.stage.ask(ADA, "GET", f"/user-groups/{group['id']}")["users_count"] == 0


@python(139, call="IamUserGroupsApi.list_user_group_roles(user_group_id, …)")
def lists_roles_of_a_group(run: Call) -> None:
    group = user_group(run.stage, **ROLES)
    assert [one["name"] for one in run(group["id"], page=1)["data"]] == ["user"]


@python(140, call="IamUserGroupsApi.add_user_group_roles(user_group_id, request_body={…})")
def adds_roles_to_a_group(run: Call) -> None:
    added = run(user_group(run.stage)["id"], request_body=ROLES)
    assert [one["object"] for one in added["data"]] == ["role"]


@python(141, call="IamUserGroupsApi.remove_user_group_roles(user_group_id, request_body={…})")
def removes_roles_from_a_group(run: Call) -> None:
    group = user_group(run.stage, **ROLES)
    assert run(group["id"], request_body=ROLES) is None
    assert run.stage.ask(ADA, "GET", f"/user-groups/{group['id']}")["roles_count"] == 0


@python(142, call="IamUserGroupsApi.list_user_group_service_groups(user_group_id, …)")
def lists_service_groups_of_a_group(run: Call) -> None:
    services = service_group(run.stage)
    group = user_group(run.stage, service_groups=[{"id": services["id"]}])
    (shown,) = run(group["id"])["data"]
    assert shown == {"id": services["id"], "object": "service_group", "name": services["name"]}


@python(143, call="IamUserGroupsApi.add_user_group_service_groups(user_group_id, request_body={…})")
def adds_service_groups_to_a_group(run: Call) -> None:
    body = {"service_groups": [{"id": service_group(run.stage)["id"]}]}
    added = run(user_group(run.stage)["id"], request_body=body)
    assert added["meta"]["record_count"] == 1


@python(
    144, call="IamUserGroupsApi.remove_user_group_service_groups(user_group_id, request_body={…})"
)
def removes_service_groups_from_a_group(run: Call) -> None:
    body = {"service_groups": [{"id": service_group(run.stage)["id"]}]}
    group = user_group(run.stage, **body)
    assert run(group["id"], request_body=body) is None
